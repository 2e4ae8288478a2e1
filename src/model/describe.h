// model/describe.h - an automaton for people to read.
#pragma once

#include <string>

#include "swerve/model/automaton.h"

namespace swerve {

/// The name, the states (the initial and the final ones marked), the events, and where each event
/// leads from each state: as a table (a row a state, a column an event, '.' where the event is not
/// allowed) when that is at most 100 columns wide, else as a list of transitions under each state.
/// The graph's name is escaped. Ends in a newline. Cost: O(states * events).
std::string describe(const Automaton& automaton);

}  // namespace swerve
