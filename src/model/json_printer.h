// model/json_printer.h - an automaton for other programs to read.
#pragma once

#include <string>

#include "swerve/model/automaton.h"

namespace swerve {

/// One JSON object on one line, without a newline at its end:
///   {"name":"m","states":["a","b"],"events":["e"],"initial":"a","final":["a"],
///    "transitions":[{"from":"a","event":"e","to":"b"}]}
/// States, events and transitions stand in the automaton's order. Cost: O(states * events).
std::string to_json(const Automaton& automaton);

}  // namespace swerve
