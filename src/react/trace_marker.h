// react/trace_marker.h - the reaction of one line among ftrace's events.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "swerve/react/reactor.h"

namespace swerve {

/// Writes reaction_text(), and whom it was about, to `trace_marker` of an ftrace instance.
class TraceMarkerReactor final : public Reactor {
 public:
  /// `instance` empty: the top one. `tracefs` empty: where it is mounted.
  explicit TraceMarkerReactor(std::string instance = "", std::string tracefs = "")
      : instance_(std::move(instance)), tracefs_(std::move(tracefs)) {}
  /// From the options of [react.trace_marker]: `instance`. Errors: invalid.
  static Result<std::shared_ptr<Reactor>> make(const ReactorSet::Options& options);

  std::string_view name() const override { return "trace_marker"; }
  std::string_view description() const override {
    return "writes a line among the events that ftrace records.";
  }
  Result<> react(const Reaction& reaction) override;

 private:
  const std::string instance_, tracefs_;
};

}  // namespace swerve
