// swerve/model/dot_parser.h - reads an automaton from a model file: Graphviz text as the kernel's
// tools write it.
//
// The dialect of the kernel's tools, old (Linux 6.0 to 6.16) and new, read more liberally than they
// do:
//
//   file      = ["strict"] ("digraph" | "graph") [ID] "{" statements "}"
//   statements = { statement [";"] }
//   statement = node | edge | defaults | ID "=" ID | subgraph
//   node      = ID [attributes]
//   edge      = ID "->" ID { "->" ID } [attributes]             each hop takes the attributes
//   defaults  = ("graph" | "node" | "edge") attributes           for what follows in this scope
//   attributes = { "[" { ID "=" ID [";" | ","] } "]" }
//   subgraph  = ["subgraph" [ID]] "{" statements "}"             a scope; inherits the defaults
//   ID        = bare name | number | "quoted, on one line"
//
// Keywords in any case of letters. Comments: // ..., /* ... */, and lines that begin with #.
//
// Meaning. A node called __init_STATE marks the initial state, as does an edge from it to that
// state; the other nodes are the states, except where a node has an empty label and no edges, or
// stands only in a group of the layout ("{rank = ...}"). A state's label must be its name. An
// edge's label holds its events, separated by the two characters \n; all edges count, also several
// between the same two states. A state of shape doublecircle or ellipse is final; without any, the
// initial one is. The first value that a node gets for an attribute stays (the kernel's rule, not
// Graphviz's), be it from the defaults. Commas in names become '_', with a warning. Every other
// attribute is drawing and is passed over.
#pragma once

#include <optional>
#include <string_view>

#include "swerve/base/api.h"
#include "swerve/base/diagnostic.h"
#include "swerve/model/automaton.h"

namespace swerve {

/// What parse_dot() found in a text.
struct ParsedAutomaton {
  std::optional<Automaton> automaton;  // set exactly when no diagnostic is an error
  Diagnostics diagnostics;             // in file order
};

/// Reads `text`; `file_name` only names it in diagnostics. Any bytes will do.
///
/// Errors are what cannot be read, what would be read in two ways (one event that leads to two
/// states, two initial states) and what is not there yet (clocks, guards and resets of timed
/// models). Warnings are names that were changed, attributes that lost against an earlier value,
/// states that cannot be reached or left, and events that no reachable state allows. One slip gives
/// one message. After 100 messages the rest is counted only. Cost: O(n log n) time and O(n) memory
/// in the length of the text, which may be 4 MiB, plus the automaton's table. Any thread.
SWERVE_API ParsedAutomaton parse_dot(std::string_view text, std::string_view file_name);

}  // namespace swerve
