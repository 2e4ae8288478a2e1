// react/signal.h - the reaction that signals the violating task.
#pragma once

#include <memory>

#include "swerve/monitor/reaction.h"
#include "swerve/react/reactor.h"

namespace swerve {

/// Sends a signal to the task that the violation is about (scope task), else to the one that ran.
///
/// This comes later than the event, so the task may have ended and its number may be another's by
/// now: nothing is sent to what began after the violation. Nor to process 1, to idle tasks and to
/// threads of the kernel. All of these are errors. An engine that can do it at the event itself
/// does, and this reactor is not asked then.
class SignalReactor final : public Reactor {
 public:
  explicit SignalReactor(SignalReaction signal) : signal_(signal) {}
  /// From the options of [react.signal]. Errors: invalid, denied (no right), unsupported (thread
  /// ids of violations are those of the first pid namespace, and here they mean others).
  static Result<std::shared_ptr<Reactor>> make(const ReactorSet::Options& options,
                                               ReactorRights rights);

  std::string_view name() const override { return "signal"; }
  std::string_view description() const override { return "sends a signal to the violating task."; }
  Result<> react(const Reaction& reaction) override;

 private:
  const SignalReaction signal_;
};

}  // namespace swerve
