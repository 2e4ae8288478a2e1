// kernel/engine.h - monitors that are stepped inside the kernel.
//
// add() compiles a bound monitor to BPF programs and has the kernel check them; attach() attaches
// all of them while they are still switched off; arm() switches on with one store, so that the
// first event counts for all programs at once. Violations (and with `every_step` all steps) come
// out through one ring buffer. When the Engine dies, by whatever death, the kernel detaches
// everything.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "bind/definition.h"
#include "kernel/catalog.h"
#include "monitor/stats.h"
#include "monitor/verdict.h"

namespace swerve {

struct EngineOptions {
  bool every_step = false;    // report every step, not violations alone
  bool stacks = true;         // take the kernel stack at a violation
  bool only_watched = false;  // only tasks that were born under watch_children_of() count
  // Shared by all monitors; a power of two, at least a page. 0: 512 KB, with every_step 4 MB.
  std::uint32_t ring_bytes = 0;
  // For tests, which want tasks to collide: log2 of the number of places in the task table, and how
  // many tasks there may be whose place another one has. 0: as the engine likes.
  unsigned task_slot_bits = 0;
  std::uint32_t task_overflow = 0;
};

/// One owner thread. Verdicts of one instance come in the order of their times; of different CPUs
/// only nearly so.
class Engine {
 public:
  /// Errors: denied (says which right is missing), unsupported.
  static Result<std::unique_ptr<Engine>> create(const KernelCatalog& catalog,
                                                EngineOptions options);
  ~Engine();

  /// Compiles and loads; nothing is attached yet. Returns the monitor's number, counting from 0.
  /// Errors: unsupported or invalid, with the binding and the verifier's last lines.
  Result<std::size_t> add(const BoundMonitor& monitor);

  /// Attaches every program of every monitor, all or none.
  Result<> attach();
  /// From here on events count.
  void arm();
  /// Events count no more and every instance is reset. Returns when no program is running under the
  /// old setting; what is in the ring can still be drained.
  Result<> disarm();

  /// With only_watched: from here on tasks that the calling thread creates are watched, and their
  /// descendants, until watch_no_more_children() (the descendants stay watched).
  Result<> watch_my_children();
  Result<> watch_no_more_children();

  /// Becomes readable when there is something to drain (not for every step: those are only
  /// announced in bulk, so that reading them does not make events; drain at least every 100 ms).
  int poll_fd() const;
  /// Hands what the ring holds to `sink`, at most kDrainMost records, so that a flood of events
  /// leaves the caller time for its other work. Returns how many.
  static constexpr std::size_t kDrainMost = 4096;
  std::size_t drain(VerdictSink& sink);

  /// Cost: walks the monitor's instances.
  MonitorStats stats(std::size_t monitor) const;
  /// Kernel memory of the monitor's maps and programs in bytes, the ring's share not included.
  std::uint64_t memory_bytes(std::size_t monitor) const;
  std::uint64_t ring_bytes() const;

  /// The calling thread as the kernel sees it (ids of the initial pid namespace).
  TaskInfo self() const;

 private:
  struct State;
  explicit Engine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Whether this kernel and these rights let a program of the kind of `probe` be loaded and
/// attached: tries it with an empty one. For `list` and `doctor`.
Result<> try_probe(const KernelCatalog& catalog, const Probe& probe);

}  // namespace swerve
