// bind/recorded/definitions_test.h - for tests: definitions written by hand, those of monitors/
// among them, and what an engine says.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "bind/definition.h"
#include "swerve/monitor/verdict.h"

namespace swerve::fake {

using Edges = std::vector<Automaton::Edge>;

/// One [[on]]; an empty text is one that is not written.
struct On {
  std::string probe, event;
  std::string task = {}, key = {}, when = {}, start = {}, start_run = {}, end = {};
};

inline Definition define(Scope scope, const std::vector<On>& bindings) {
  Definition definition;
  definition.path = "m.toml";
  definition.name = "m";
  definition.scope = scope;
  definition.max_instances = 1000;
  for (const On& on : bindings) {
    BindingText text;
    text.probe = parse_probe(on.probe).value();
    text.event = on.event;
    const auto expr = [](const std::string& source) {
      return source.empty() ? std::nullopt
                            : std::optional<ExprText>({source, {"m.toml", 1, 1}, {}});
    };
    text.task = expr(on.task);
    text.key = expr(on.key);
    text.when = expr(on.when);
    text.start = expr(on.start);
    text.start_run = expr(on.start_run);
    text.end = expr(on.end);
    definition.on.push_back(std::move(text));
  }
  return definition;
}

/// The texts of the errors; `edges` is the model, the first one's `from` its initial state.
inline std::vector<std::string> errors_of(Scope scope, const Edges& edges,
                                          const std::vector<On>& bindings,
                                          const ProbeCatalog& catalog) {
  std::vector<std::string> out;
  const BindOutcome bound =
      bind(define(scope, bindings), Automaton::make("m", edges[0].from, edges).value(), catalog);
  for (const Diagnostic& d : bound.diagnostics) {
    if (d.severity == Severity::error) out.push_back(d.message);
  }
  return out;
}

inline BoundMonitor bound(Scope scope, const Edges& edges, const std::vector<On>& bindings,
                          const ProbeCatalog& catalog) {
  BindOutcome bound =
      bind(define(scope, bindings), Automaton::make("m", edges[0].from, edges).value(), catalog);
  for (const Diagnostic& d : bound.diagnostics) {
    if (d.severity == Severity::error) ADD_FAILURE() << d.message;
  }
  return std::move(bound.monitor).value();
}

inline const Edges kWwnr{{"not_running", "switch_in", "running"},
                         {"not_running", "wakeup", "not_running"},
                         {"running", "switch_out", "not_running"}};
inline const std::vector<On> kWwnrBindings{
    {.probe = "tracepoint:sched_switch",
     .event = "switch_out",
     .task = "prev",
     .start = "prev_state == TASK_INTERRUPTIBLE"},
    {.probe = "tracepoint:sched_switch", .event = "switch_in", .task = "next"},
    {.probe = "tracepoint:sched_wakeup", .event = "wakeup", .task = "p"}};

inline const Edges kRwfs{{"idle", "rename", "idle"},
                         {"idle", "sync", "idle"},
                         {"idle", "create", "unsynced"},
                         {"unsynced", "create", "unsynced"},
                         {"unsynced", "sync", "idle"}};
inline const char* const kCreates =
    "ret >= 0 && (flags & O_ACCMODE) != O_RDONLY && (flags & O_CREAT) && (flags & (O_EXCL | "
    "O_TRUNC)) && !(flags & O_DSYNC)";
inline const std::vector<On> kRwfsBindings{
    {.probe = "syscall:openat:exit", .event = "create", .when = kCreates, .start_run = "true"},
    {.probe = "syscall:open:exit", .event = "create", .when = kCreates, .start_run = "true"},
    {.probe = "syscall:creat:exit", .event = "create", .when = "ret >= 0", .start_run = "true"},
    {.probe = "syscall:fsync:exit", .event = "sync", .when = "ret == 0"},
    {.probe = "syscall:sync:exit", .event = "sync"},
    {.probe = "syscall:rename:exit", .event = "rename", .when = "ret == 0"},
    {.probe = "syscall:renameat2:exit", .event = "rename", .when = "ret == 0"}};

}  // namespace swerve::fake
