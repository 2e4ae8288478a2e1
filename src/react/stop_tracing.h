// react/stop_tracing.h - the reaction that keeps what led there in ftrace's buffer.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "swerve/react/reactor.h"

namespace swerve {

/// Writes 0 to `tracing_on` of an ftrace instance: its ring buffer takes no more events.
class StopTracingReactor final : public Reactor {
 public:
  /// `instance` empty: the top one. `tracefs` empty: where it is mounted.
  explicit StopTracingReactor(std::string instance = "", std::string tracefs = "")
      : instance_(std::move(instance)), tracefs_(std::move(tracefs)) {}
  /// From the options of [react.stop_tracing]: `instance`. Errors: invalid.
  static Result<std::shared_ptr<Reactor>> make(const ReactorSet::Options& options);

  std::string_view name() const override { return "stop_tracing"; }
  std::string_view description() const override {
    return "stops ftrace's recording, so that what led to the exception is kept.";
  }
  Result<> react(const Reaction& reaction) override;

 private:
  const std::string instance_, tracefs_;
};

}  // namespace swerve
