// model/dot_agreement.h - whether dot() (dot.h) and parse_dot() (dot_parser.h) read a text alike.
// For tests and the fuzzer.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "base/text.h"
#include "swerve/model/dot.h"
#include "swerve/model/dot_parser.h"

namespace swerve {

/// Empty when both accept `text` with the same meaning, or both refuse it and the place of dot()'s
/// problem is one of parse_dot()'s errors; else what differs.
inline std::string disagreement(std::string_view text) {
  using Kind = ModelProblem::Kind;
  const ParsedAutomaton parsed = parse_dot(text, "text");
  const dot_language::Reader reader(text);
  const ModelProblem problem = reader.problem();
  const std::string what =
      cat("problem ", static_cast<int>(problem.kind), " at ", problem.line, ":", problem.column);
  if (problem) {
    if (parsed.automaton) return "only dot() refuses it: " + what;
    const bool all_said = parsed.diagnostics.size() <= 100;
    const bool at_one =
        std::any_of(parsed.diagnostics.begin(), parsed.diagnostics.end(), [&](const Diagnostic& d) {
          return d.severity == Severity::error && d.place.line == problem.line &&
                 d.place.column == problem.column;
        });
    const bool has_place = problem.kind != Kind::text_is_too_long;
    return at_one || !all_said || !has_place ? "" : "parse_dot() has no error there: " + what;
  }
  if (!parsed.automaton) return "only parse_dot() refuses it: " + parsed.diagnostics[0].to_string();

  constexpr std::size_t kMost = 1U << 13;
  if (text.size() > kMost) return "";
  const auto read = std::make_unique<const ReadModel<kMost>>(read_dot<kMost>(text));
  if (read->problem) return "read_dot() cannot hold it";
  const Automaton automaton = to_automaton(read->model);
  if (automaton != *parsed.automaton) return "they read it differently";
  if (automaton.name() != parsed.automaton->name()) return "the names of the graph differ";
  if (read->model.text() != text) return "the text differs";
  // The ids, which to_automaton() would put right.
  const StaticModel<kMost>& model = read->model;
  for (std::size_t s = 0; s < model.state_count(); ++s) {
    if (model.name(StateId(s)) != automaton.states()[s].name) return "the ids of states differ";
    for (std::size_t e = 0; e < model.event_count(); ++e) {
      if (model.next(StateId(s), EventId(e)) != automaton.next(StateId(s), EventId(e))) {
        return "the tables differ";
      }
    }
  }
  for (std::size_t e = 0; e < model.event_count(); ++e) {
    if (model.name(EventId(e)) != automaton.events()[e]) return "the ids of events differ";
  }
  return "";
}

}  // namespace swerve
