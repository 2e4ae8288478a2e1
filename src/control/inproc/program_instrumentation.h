// control/inproc/program_instrumentation.h - the registry's monitors of this program.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "swerve/control/inproc/program_monitor.h"
#include "swerve/control/inproc/session.h"
#include "swerve/control/instrumentation.h"
#include "swerve/source/tracepoint.h"

namespace swerve {

/// Attaches monitors to tracepoints and detaches them, with one wait for the callbacks of all.
class ProgramInstrumentation final : public Instrumentation {
 public:
  /// Attaches one binding of a monitor. Errors: not_found (no tracepoint of that name now).
  using Attach = std::function<Result<std::vector<Attachment>>(ProgramMonitor&)>;

  MonitorHandle add(std::shared_ptr<ProgramMonitor> monitor, std::vector<Attach> bindings);
  /// `active` is what the verification of an own monitor asks.
  MonitorHandle add(OwnMonitor monitor, std::shared_ptr<std::atomic<bool>> active);
  /// It must be detached.
  void remove(MonitorHandle monitor);

  Result<> attach(MonitorHandle monitor, const ReactionSetting& reaction, bool on) override;
  Result<> detach(std::span<const MonitorHandle> monitors) override;
  Result<> reset(std::span<const MonitorHandle> monitors) override;
  Result<> switch_on(std::span<const MonitorHandle> monitors) override;
  Result<> switch_off(std::span<const MonitorHandle> monitors) override;
  Result<> set_reacting(bool on) override;
  MonitorStats stats(MonitorHandle monitor) const override;

 private:
  struct Entry {
    std::shared_ptr<ProgramMonitor> monitor;  // null: one's own
    std::vector<Attach> bindings;
    OwnMonitor own;
    std::shared_ptr<std::atomic<bool>> active;
    std::vector<Attachment> attached;
    std::uint64_t missed = 0;  // by attachments that are no more

    void turn(bool on) const;
    void reset() const;
  };
  Entry& at(MonitorHandle monitor);

  // Over the map and what is in its entries. Not held while callbacks are waited for, or a function
  // of an own monitor is called: entries themselves stay where they are, and the registry changes
  // them one call at a time.
  mutable std::mutex mutex_;
  std::map<MonitorHandle, Entry> entries_;
};

}  // namespace swerve
