#include "swerve/model/dot_printer.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <string_view>

#include "base/text.h"

namespace swerve {

namespace {
// Quotes also keep a name such as "node" from being read as a keyword, in any case of letters.
bool is_keyword(std::string_view name) {
  constexpr std::string_view kKeywords[] = {"strict",   "graph", "digraph",
                                            "subgraph", "node",  "edge"};
  return std::any_of(std::begin(kKeywords), std::end(kKeywords), [&](std::string_view keyword) {
    return std::equal(name.begin(), name.end(), keyword.begin(), keyword.end(), [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == b;
    });
  });
}

std::string graph_name(const std::string& name) {
  if (name.empty()) return "state_automaton";
  if (is_c_identifier(name) && !is_keyword(name)) return name;
  std::string out = "\"";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f || c == '"' || c == '\\' ? '_' : c;
  }
  return out + "\"";
}
}  // namespace

std::string to_dot(const Automaton& automaton) {
  const std::string& initial = automaton.states()[index(kInitial)].name;
  std::string out = cat("digraph ", graph_name(automaton.name()), " {\n");
  out += cat("\t{node [shape = plaintext, style=invis, label=\"\"] \"__init_", initial, "\"};\n");
  for (const State& state : automaton.states()) {
    out += cat("\t{node [shape = ", state.final ? "doublecircle" : "circle", "] \"", state.name,
               "\"};\n");
  }
  out += cat("\t\"__init_", initial, "\" -> \"", initial, "\";\n");
  for (std::size_t s = 0; s < automaton.states().size(); ++s) {
    const State& state = automaton.states()[s];
    out += cat("\t\"", state.name, "\" [label = \"", state.name, "\"");
    if (state.final) out += ", color = green3";
    out += "];\n";
    std::map<StateId, std::string> labels;
    for (const EventId e : automaton.allowed(StateId(s))) {
      std::string& label = labels[automaton.next(StateId(s), e)];
      if (!label.empty()) label += "\\n";
      label += automaton.events()[index(e)];
    }
    for (const auto& [to, label] : labels) {
      out += cat("\t\"", state.name, "\" -> \"", automaton.states()[index(to)].name,
                 "\" [ label = \"", label, "\" ];\n");
    }
  }
  return out +
         cat("\t{ rank = min ;\n\t\t\"__init_", initial, "\";\n\t\t\"", initial, "\";\n\t}\n}\n");
}

}  // namespace swerve
