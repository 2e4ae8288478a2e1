#include "model/json_printer.h"

#include "base/text.h"

namespace swerve {

std::string to_json(const Automaton& automaton) {
  std::vector<std::string> states, finals;
  for (const State& state : automaton.states()) {
    states.push_back(state.name);
    if (state.final) finals.push_back(state.name);
  }
  std::string transitions = "[";
  for (const Transition& t : automaton.transitions()) {
    if (transitions.size() > 1) transitions += ",";
    transitions += JsonObject()
                       .text("from", states[index(t.from)])
                       .text("event", automaton.events()[index(t.event)])
                       .text("to", states[index(t.to)])
                       .str();
  }
  return JsonObject()
      .text("name", automaton.name())
      .texts("states", states)
      .texts("events", {automaton.events().begin(), automaton.events().end()})
      .text("initial", states[index(kInitial)])
      .texts("final", finals)
      .raw("transitions", transitions + "]")
      .str();
}

}  // namespace swerve
