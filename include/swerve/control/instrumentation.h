// swerve/control/instrumentation.h - what brings events to monitors, as the registry sees it.
//
// The registry knows what is enabled and in which order things are switched; an Instrumentation
// does it: in the kernel (control/live/), in this process, or in a test.
#pragma once

#include <cstdint>
#include <span>

#include "swerve/base/api.h"
#include "swerve/base/result.h"
#include "swerve/monitor/reaction.h"
#include "swerve/monitor/stats.h"

namespace swerve {

/// An instrumentation's own number for a monitor of its.
using MonitorHandle = std::uint32_t;

/// Called by the registry, one call at a time (its lock is held), but for stats(), which any thread
/// may call at any time. Verdicts go to a VerdictSink that the instrumentation was given, from
/// whatever thread; that sink does not call the registry back.
class SWERVE_API Instrumentation {
 public:
  virtual ~Instrumentation() = default;

  /// Attaches the monitor, its instances all unmonitored. From the return on its events count if
  /// `on`. On an error nothing stays attached.
  virtual Result<> attach(MonitorHandle monitor, const ReactionSetting& reaction, bool on) = 0;

  /// Detaches all of them, with one wait: when it returns, no event of theirs is being processed,
  /// and all their verdicts have been handed to the sink. They are detached even where it answers
  /// an error (the wait failed).
  virtual Result<> detach(std::span<const MonitorHandle> monitors) = 0;

  /// Every instance of theirs becomes unmonitored. Only called while they are switched off.
  virtual Result<> reset(std::span<const MonitorHandle> monitors) = 0;
  /// Their events count from now on.
  virtual Result<> switch_on(std::span<const MonitorHandle> monitors) = 0;
  /// Their events count no more; they stay attached. One wait, as for detach().
  virtual Result<> switch_off(std::span<const MonitorHandle> monitors) = 0;

  /// Hands every verdict of before to the sink. For who does so at once there is nothing to do.
  virtual Result<> hand_over() { return {}; }

  /// Off: from the return on the instrumentation itself reacts to nothing (see
  /// Violation::reacted). One wait.
  virtual Result<> set_reacting(bool on) = 0;

  /// Counts since the monitor was made, over all the times it was enabled; `instances` is now.
  virtual MonitorStats stats(MonitorHandle monitor) const = 0;
};

}  // namespace swerve
