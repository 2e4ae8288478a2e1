// kernel/engine.h - monitors that are stepped inside the kernel.
//
// add() compiles a bound monitor to BPF programs and has the kernel check them; attach() attaches
// them while they are still switched off; arm() switches on with one store, so that the first event
// counts for all programs of a monitor at once. Violations (and steps, if asked for) come out
// through one ring buffer. When the Engine dies, by whatever death, the kernel detaches everything.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bind/definition.h"
#include "kernel/catalog.h"
#include "kernel/compiler.h"
#include "swerve/base/result.h"
#include "swerve/monitor/stats.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

struct EngineOptions {
  StepReports steps = StepReports::never;  // report them, not violations alone
  bool stacks = true;                      // take the kernel stack at a violation
  bool only_watched = false;  // only tasks that were born under watch_children_of() count
  // Shared by all monitors; a power of two, at least a page. 0: 512 KB, with steps 4 MB.
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

  /// Compiles and loads; nothing is attached yet. Returns the monitor's number; a number is used
  /// again when its monitor was removed. With `signal`, its programs send it at a violation of the
  /// task that is running there, as far as allow_signals() lets them.
  /// Errors: unsupported or invalid, with the binding and the verifier's last lines.
  Result<std::size_t> add(const BoundMonitor& monitor,
                          const std::optional<SignalReaction>& signal = std::nullopt);
  /// The monitor must not be attached.
  void remove(std::size_t monitor);

  using Numbers = std::span<const std::size_t>;
  /// Of the monitors there are.
  std::vector<std::size_t> all() const;
  /// Attaches every program of these monitors, all or none.
  Result<> attach(Numbers monitors);
  /// Counts as disarm() and detaches, with one wait for all of them: when it returns, no event is
  /// being processed, and `sink` has all their verdicts (and others' that stood between).
  Result<> detach(Numbers monitors, VerdictSink& sink);
  /// From here on events count.
  void arm(Numbers monitors);
  /// Events count no more and every instance is reset. Returns when no program is running under the
  /// old setting (two waits, for all of them together); what is in the ring can still be drained.
  Result<> disarm(Numbers monitors);
  /// Resets the instances of monitors that are disarmed.
  void reset(Numbers monitors);

  /// With StepReports::switched: whether steps are reported, from now on, of all monitors.
  void report_steps(bool on);
  /// The programs of this monitor may send so many signals more, counted from now.
  void allow_signals(std::size_t monitor, std::uint64_t more);
  /// Returns when no program is running that was running at the call.
  Result<> wait();

  /// With only_watched: from here on tasks that the calling thread creates are watched, and their
  /// descendants, until watch_no_more_children() (the descendants stay watched).
  Result<> watch_my_children();
  Result<> watch_no_more_children();

  /// Becomes readable when there is something to drain (not for every step: those are only
  /// announced in bulk, so that reading them does not make events; drain at least every 100 ms).
  int poll_fd() const;
  /// Hands what the ring holds to `sink`, at most `most` records, so that a flood of events leaves
  /// the caller time for its other work. Returns how many.
  static constexpr std::size_t kDrainMost = 4096;
  std::size_t drain(VerdictSink& sink, std::size_t most = kDrainMost);
  /// Hands over everything that was in the ring at the call. Errors: io (a program on another CPU
  /// holds a record open for too long).
  Result<> drain_all(VerdictSink& sink);

  /// Since add(). Cost: walks the monitor's instances.
  MonitorStats stats(std::size_t monitor) const;
  /// Reports of this monitor that found the ring full. Cheap.
  std::uint64_t lost(std::size_t monitor) const;
  /// Kernel memory of the monitor's maps and programs in bytes, the ring's share not included.
  std::uint64_t memory_bytes(std::size_t monitor) const;
  std::uint64_t ring_bytes() const;

  /// Reads the names for stacks now, and not at the first violation: for who cannot wait then.
  void load_symbols();

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
