// bind/definition.h - the definition of a monitor: as written, and bound.
//
// Definition is the file as a value: names checked for form, nothing looked up. BoundMonitor is the
// definition after every name was found and every expression typed: what the engines take.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bind/expr.h"
#include "bind/probe.h"
#include "swerve/base/diagnostic.h"
#include "swerve/model/automaton.h"
#include "swerve/monitor/reaction.h"
#include "swerve/monitor/scope.h"

namespace swerve {

inline constexpr std::size_t kMonitorNameMax = 31;  // bytes; the kernel's limit
inline constexpr std::uint32_t kInstancesDefault = 16384;
inline constexpr std::uint32_t kInstancesMax = 1U << 22;

/// An expression as written, and where its first character stands. TOML's true is the text "true".
struct ExprText {
  std::string text;
  Place place;
  /// Where the file stops running alongside the text (escapes, line ends): from byte `offset` of
  /// the text on, bytes stand at `place` and after it. By offset; empty for a plain string on one
  /// line.
  struct Jump {
    std::size_t offset = 0;
    Place place;
    friend bool operator==(const Jump&, const Jump&) = default;
  };
  std::vector<Jump> jumps;
  friend bool operator==(const ExprText&, const ExprText&) = default;
};

/// Where byte `offset` of the expression stands in its file.
Place place_at(const ExprText& text, std::size_t offset);

/// One [[on]] of a definition.
struct BindingText {
  Place place;
  bool whole = true;  // false: its reader found fault with it, and what follows may be missing
  Probe probe;
  Place probe_place;
  std::string event;
  Place event_place;
  std::optional<ExprText> task, key, when, start, start_run, end;
};

struct Definition {
  std::string path;  // of the file
  std::string name;
  std::string description;
  Scope scope = Scope::global;
  std::string model;  // the model's file; a relative path starts at the definition's folder
  Place model_place;
  std::string parent;  // empty: none
  bool container = false;
  std::uint32_t max_instances = kInstancesDefault;  // objects
  ReactionSetting reaction;
  std::vector<BindingText> on;
};

/// One binding, with its names found. Null expressions mean: `task` the current task, `when`
/// always, `start`, `start_run` and `end` never.
struct Binding {
  Probe probe;
  Signature signature;
  EventId event{};
  ExprPtr task;  // task scope: a pointer to struct task_struct
  ExprPtr key;   // object scope: 64 bits
  ExprPtr when, start, start_run, end;
  Place place;
};

struct BoundMonitor {
  Definition definition;
  Automaton model;
  std::vector<Binding> bindings;  // in the order in which they are written
};

struct BindOutcome {
  std::optional<BoundMonitor> monitor;  // set exactly when there is no error
  Diagnostics diagnostics;              // in file order
};

/// Looks up every name of `definition` and types its expressions against `catalog`. All problems
/// are reported together: unknown probes, events, arguments, members and constants (with near-miss
/// hints), wrong types, a `task`, `key` or `end` that the scope has no use for or misses, `start`
/// and `start_run` that are both always true, events of the model that no binding gives, a monitor
/// that nothing can start.
BindOutcome bind(Definition definition, Automaton model, const ProbeCatalog& catalog);

/// One binding of a definition, as bind() makes it, where the others need not be known yet. None:
/// it has errors.
std::optional<Binding> bind_one(const Definition& definition, const Automaton& model,
                                const BindingText& on, const ProbeCatalog& catalog);

/// What bind() would say about the bindings that are whole, of a definition whose reader found
/// errors: so that a person hears of all of them at once.
Diagnostics check_bindings(const Definition& draft, const Automaton& model,
                           const ProbeCatalog& catalog);

}  // namespace swerve
