#include "model/analysis.h"

namespace swerve {

std::vector<bool> reachable_states(const Automaton& automaton) {
  std::vector<bool> reached(automaton.states().size(), false);
  std::vector<StateId> to_visit{kInitial};
  reached[index(kInitial)] = true;
  while (!to_visit.empty()) {
    const StateId state = to_visit.back();
    to_visit.pop_back();
    for (std::size_t e = 0; e < automaton.events().size(); ++e) {
      const StateId to = automaton.next(state, EventId(e));
      if (to == kNoState || reached[index(to)]) continue;
      reached[index(to)] = true;
      to_visit.push_back(to);
    }
  }
  return reached;
}

std::vector<StateId> unreachable_states(const Automaton& automaton) {
  const std::vector<bool> reached = reachable_states(automaton);
  std::vector<StateId> out;
  for (std::size_t s = 0; s < reached.size(); ++s) {
    if (!reached[s]) out.push_back(StateId(s));
  }
  return out;
}

std::vector<StateId> dead_end_states(const Automaton& automaton) {
  std::vector<StateId> out;
  for (std::size_t s = 0; s < automaton.states().size(); ++s) {
    if (automaton.allowed(StateId(s)).empty()) out.push_back(StateId(s));
  }
  return out;
}

std::vector<EventId> never_allowed_events(const Automaton& automaton) {
  const std::vector<bool> reached = reachable_states(automaton);
  std::vector<bool> taken(automaton.events().size(), false);
  for (std::size_t s = 0; s < reached.size(); ++s) {
    if (!reached[s]) continue;
    for (const EventId e : automaton.allowed(StateId(s))) taken[index(e)] = true;
  }
  std::vector<EventId> out;
  for (std::size_t e = 0; e < taken.size(); ++e) {
    if (!taken[e]) out.push_back(EventId(e));
  }
  return out;
}

}  // namespace swerve
