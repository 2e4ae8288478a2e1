// swerve/monitor/scope.h - what a monitor has one instance for, and how an event may start one.
#pragma once

#include <optional>
#include <string_view>

namespace swerve {

/// What a monitor has one instance for.
enum class Scope {
  global,  // one instance for the whole system
  cpu,     // one a CPU: the one on which the event happens
  task,    // one a thread; idle tasks are one a CPU
  object,  // one for each 64-bit key
};

/// "global", "cpu", "task" or "object".
constexpr std::string_view scope_name(Scope scope) noexcept {
  switch (scope) {
    case Scope::global:
      return "global";
    case Scope::cpu:
      return "cpu";
    case Scope::task:
      return "task";
    case Scope::object:
      return "object";
  }
  return "?";
}

/// The other way round.
constexpr std::optional<Scope> scope_named(std::string_view name) noexcept {
  for (const Scope scope : {Scope::global, Scope::cpu, Scope::task, Scope::object}) {
    if (scope_name(scope) == name) return scope;
  }
  return std::nullopt;
}

/// What an event does to an instance that is not monitoring. On one that is, all three are the
/// same. The words are those of the kernel's handlers.
enum class Handler {
  event,      // nothing
  start,      // starts it in the initial state; the event itself is not processed
  start_run,  // starts it in the initial state and processes the event
};

}  // namespace swerve
