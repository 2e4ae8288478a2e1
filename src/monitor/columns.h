// monitor/columns.h - steps and violations in columns: those of the kernel's `rv mon -t`.
//
// What `swerve mon -t` and `trace_pipe` show. A header of two lines, then a line for each step and
// each violation; on a recording also for what is inconclusive, of the type "maybe", and states
// that are not certain stand as a set: "{running|-}". There is a column for the id when a monitor
// has one (task and object scope). With several monitors the type says whose line it is
// ("event_wwnr"), as the kernel's tool does for a container.
#pragma once

#include <string>

#include "swerve/monitor/verdict.h"

namespace swerve {

struct Columns {
  bool with_id = false;
  bool several = false;  // monitors

  std::string header() const;
  std::string line(const Step& step) const;
  std::string line(const Violation& violation) const;
  std::string line(const Inconclusive& inconclusive) const;
};

/// Whether instances of this scope are told apart by an id in the columns, as the kernel has it.
constexpr bool has_id(Scope scope) { return scope == Scope::task || scope == Scope::object; }

}  // namespace swerve
