// model/analysis.h - what can be said about an automaton without running it.
//
// Pure functions over the table; the parser's warnings, `swerve model` and the binder use them.
#pragma once

#include <vector>

#include "swerve/model/automaton.h"

namespace swerve {

/// For each state, by id: whether some sequence of events leads to it from the initial one.
/// Cost: O(states * events).
std::vector<bool> reachable_states(const Automaton& automaton);

/// States that no sequence of events reaches, by id. Cost: as reachable_states().
std::vector<StateId> unreachable_states(const Automaton& automaton);

/// States that no event leaves, not even to themselves, by id: every event is a violation there.
/// Cost: O(states * events).
std::vector<StateId> dead_end_states(const Automaton& automaton);

/// Events that no reachable state allows, by id: each of them is always a violation.
/// Cost: as reachable_states().
std::vector<EventId> never_allowed_events(const Automaton& automaton);

}  // namespace swerve
