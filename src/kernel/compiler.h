// kernel/compiler.h - a bound monitor to BPF programs: one for each probe.
//
// A program runs the bindings of its probe in the order in which they are written. For each: its
// condition, then which instance, then the step. The step is made in place where it can be (the
// fast path: an instance that is monitoring and an event that the model allows); everything else
// (starting, a violation, a race, a report) is a call of one function at the program's end, which
// has all the rules and reads the model's table. So the fast path keeps no register and no stack.
//
// Task instances. The table in the monitor's memory is indexed by a hash of the task_struct's
// address, the address is the tag. Two tasks with one place: the second goes to the overflow map,
// and the place counts it in `displaced`; a place with displaced == 0 answers "this task is not
// monitored" at once. A place is claimed by compare-and-swap of its tag when its task is first
// started, and freed when the kernel frees the task (after an RCU grace period, so that no program
// can still hold it); when a task is created at that address, it is freed once more. Nothing is
// inherited.
//
// Switching off: `armed` = 0 stops new starts; when no program runs any more that saw it set, all
// words and tags are cleared; after one more wait nothing is being stepped. So the fast path asks
// no switch.
#pragma once

#include <linux/bpf.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "bind/definition.h"
#include "kernel/catalog.h"
#include "swerve/monitor/reaction.h"
#include "swerve/monitor/step_table.h"

namespace swerve {

/// Whether single steps come out of a monitor: never, always, or while a switch is on (which then
/// costs two instructions an event).
enum class StepReports { never, always, switched };

/// The maps of one monitor and what programs need to know about them and the kernel.
struct CompilerInput {
  const BoundMonitor* monitor = nullptr;
  const StepTable* table = nullptr;
  const KernelCatalog* catalog = nullptr;
  std::uint32_t number = 0;  // of the monitor, for the records
  std::uint32_t serial = 0;  // never used again, as the number is
  int memory_fd = -1;        // Head and instances
  int tables_fd = -1;        // the model
  int keyed_fd = -1;         // tasks: the overflow; objects: all of them
  int ring_fd = -1;
  std::uint32_t ring_bytes = 0;
  int watched_fd = -1;          // only_watched: thread ids
  unsigned slot_bits = 0;       // log2 of the number of places in memory
  std::uint32_t self_tgid = 0;  // our own process: what it does must not wake it up
  StepReports steps = StepReports::never;
  std::optional<SignalReaction> signal;  // sent at a violation of the running task
  bool stacks = true;
  bool only_watched = false;
  bool careful = false;  // see ExprCode
};

/// A program, ready to be loaded.
struct Program {
  Probe probe;
  AttachPoint at;
  std::vector<bpf_insn> code;
  std::string what;  // "sched_switch: bindings at wwnr.toml:7, wwnr.toml:13"
  /// Which binding each range of instructions is for: first instruction, text.
  std::vector<std::pair<std::size_t, std::string>> ranges;
};

/// The programs, in the order in which they are to be attached. Errors: unsupported, naming what an
/// expression asks for that BPF cannot give.
Result<std::vector<Program>> compile(const CompilerInput& input);

/// The bytes of the `tables` map.
std::vector<std::uint8_t> table_bytes(const StepTable& table);

/// True when an instance of this monitor is only ever touched by the thread that it belongs to: all
/// bindings are system calls of the running task. Its steps need no compare-and-swap.
bool has_one_owner(const BoundMonitor& monitor);

inline std::uint32_t slot_bytes(Scope scope, bool wide) {
  return scope == Scope::task && !wide ? 32 : 64;  // CPUs keep a cache line of their own
}

}  // namespace swerve
