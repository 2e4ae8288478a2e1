// swerve/model/dot_printer.h - an automaton as a model file in the kernel's style.
#pragma once

#include <string>

#include "swerve/base/api.h"
#include "swerve/model/automaton.h"

namespace swerve {

/// A DOT file that the kernel's tools, Graphviz and parse_dot() read. All events that join the same
/// two states stand on one edge, since the kernel's tools keep only the first of several.
///
/// parse_dot(to_dot(a)) gives an automaton equal to `a`, for every `a`. The graph's name comes back
/// too unless it has control characters, quotes or backslashes (each becomes '_'); an empty one
/// becomes "state_automaton". Cost: O(states * events).
SWERVE_API std::string to_dot(const Automaton& automaton);

}  // namespace swerve
