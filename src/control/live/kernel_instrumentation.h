// control/live/kernel_instrumentation.h - the registry's monitors, stepped inside the kernel.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "bind/definition.h"
#include "kernel/engine.h"
#include "swerve/control/instrumentation.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

/// An Engine under a lock. A monitor takes kernel memory from attach() to detach() only; its counts
/// stay. Any thread.
class KernelInstrumentation final : public Instrumentation {
 public:
  struct Hooks {
    /// Takes the verdicts. Called on the thread that drains, or detaches.
    VerdictSink* sink = nullptr;
    /// Reports that found the ring full, as they are noticed.
    std::function<void(const std::string& monitor, std::uint64_t reports)> lost;
    /// How many signals the programs of `monitor` may send now: Reactions::allowance().
    std::function<std::uint64_t(const std::string& monitor)> allowance;
  };
  /// `catalog` must outlive it. Errors: those of Engine::create().
  static Result<std::unique_ptr<KernelInstrumentation>> create(const KernelCatalog& catalog,
                                                               Hooks hooks,
                                                               std::uint32_t ring_bytes);
  ~KernelInstrumentation() override;

  /// A monitor of the registry's, not attached. The handle is free for reuse after remove().
  MonitorHandle add(BoundMonitor monitor);
  /// It must be detached.
  void remove(MonitorHandle handle);
  /// Has the kernel's verifier look at the programs, and lets go of them again.
  Result<> verify(const BoundMonitor& monitor);

  /// The thread that made it, as the kernel names it.
  TaskInfo self() const;
  /// Readable when there are verdicts to drain.
  int poll_fd() const;
  /// Hands what has come to the sink; true when there is more.
  bool drain();
  /// Whether steps are reported too. While they are, drain() should be called every 100 ms.
  void report_steps(bool on);

  Result<> attach(MonitorHandle monitor, const ReactionSetting& reaction, bool on) override;
  Result<> detach(std::span<const MonitorHandle> monitors) override;
  Result<> reset(std::span<const MonitorHandle> monitors) override;
  Result<> switch_on(std::span<const MonitorHandle> monitors) override;
  Result<> switch_off(std::span<const MonitorHandle> monitors) override;
  Result<> hand_over() override;
  Result<> set_reacting(bool on) override;
  MonitorStats stats(MonitorHandle monitor) const override;

 private:
  struct State;
  explicit KernelInstrumentation(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace swerve
