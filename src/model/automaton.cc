#include "swerve/model/automaton.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "swerve/model/dot.h"

namespace swerve {

namespace {
Error bad_name(std::string_view what, std::string_view name) {
  return Error(ErrorCode::invalid, cat(what, " '", escape(name),
                                       "' is not a name: letters, digits and '_', no digit first"));
}
}  // namespace

Result<Automaton> Automaton::make(std::string_view name, std::string_view initial,
                                  const std::vector<Edge>& edges,
                                  const std::vector<std::string>& finals,
                                  const std::vector<std::string>& extra_states) {
  std::set<std::string, std::less<>> states(extra_states.begin(), extra_states.end());
  std::set<std::string, std::less<>> events;
  states.emplace(initial);
  for (const Edge& e : edges) {
    states.insert(e.from);
    states.insert(e.to);
    events.insert(e.event);
  }
  for (const std::string& s : states) {
    if (!is_c_identifier(s)) return bad_name("the state", s);
    if (s.starts_with(kInitMark)) {
      return Error(ErrorCode::invalid, cat("'", s, "' cannot be a state: names with '", kInitMark,
                                           "' mark the initial state"));
    }
  }
  for (const std::string& e : events) {
    if (!is_c_identifier(e)) return bad_name("the event", e);
  }
  if (states.size() > kStatesMost || events.size() > kEventsMost) {
    return Error(ErrorCode::exhausted,
                 cat("too many: ", states.size(), " states and ", events.size(),
                     " events; the limit of each is ", kStatesMost));
  }
  if (states.size() * events.size() > kCellsMost) {
    return Error(ErrorCode::exhausted,
                 cat("too large: ", states.size(), " states times ", events.size(),
                     " events; the limit of the table is ", kCellsMost, " cells"));
  }

  Automaton a;
  a.name_ = name;
  a.states_.push_back({std::string(initial), finals.empty()});
  for (const std::string& s : states) {
    if (s != initial) a.states_.push_back({s, false});
  }
  a.events_.assign(events.begin(), events.end());
  for (const std::string& f : finals) {
    const StateId s = a.find_state(f);
    if (s == kNoState) {
      return Error(ErrorCode::invalid, cat("the final state '", escape(f), "' does not exist"));
    }
    a.states_[index(s)].final = true;
  }
  a.table_.assign(a.states_.size() * a.events_.size(), kNoState);
  for (const Edge& e : edges) {
    const StateId from = a.find_state(e.from), to = a.find_state(e.to);
    StateId& cell = a.table_[index(from) * a.events_.size() + index(a.find_event(e.event))];
    if (cell != kNoState && cell != to) {
      return Error(ErrorCode::invalid, cat("'", e.event, "' leads from '", e.from, "' to both '",
                                           a.states_[index(cell)].name, "' and '", e.to, "'"));
    }
    cell = to;
  }
  return a;
}

std::vector<Transition> Automaton::transitions() const {
  std::vector<Transition> out;
  for (std::size_t s = 0; s < states_.size(); ++s) {
    for (std::size_t e = 0; e < events_.size(); ++e) {
      const StateId to = table_[s * events_.size() + e];
      if (to != kNoState) out.push_back({StateId(s), EventId(e), to});
    }
  }
  return out;
}

std::vector<EventId> Automaton::allowed(StateId state) const {
  std::vector<EventId> out;
  for (std::size_t e = 0; e < events_.size(); ++e) {
    if (next(state, EventId(e)) != kNoState) out.push_back(EventId(e));
  }
  return out;
}

StateId Automaton::find_state(std::string_view name) const noexcept {
  if (!states_.empty() && states_[0].name == name) return kInitial;
  const auto first = states_.begin() + (states_.empty() ? 0 : 1);  // sorted from here on
  const auto at = std::lower_bound(first, states_.end(), name,
                                   [](const State& s, std::string_view n) { return s.name < n; });
  return at != states_.end() && at->name == name ? StateId(at - states_.begin()) : kNoState;
}

EventId Automaton::find_event(std::string_view name) const noexcept {
  const auto at = std::lower_bound(events_.begin(), events_.end(), name);
  return at != events_.end() && *at == name ? EventId(at - events_.begin()) : kNoEvent;
}

Automaton to_automaton(const ModelView& model) {
  const auto state = [&](StateId s) { return std::string(model.states[index(s)]); };
  std::vector<Automaton::Edge> edges;
  edges.reserve(model.transitions.size());
  for (const Transition& t : model.transitions) {
    edges.push_back({state(t.from), std::string(model.events[index(t.event)]), state(t.to)});
  }
  std::vector<std::string> finals, states;
  for (std::size_t s = 0; s < model.states.size(); ++s) {
    states.emplace_back(model.states[s]);
    if (model.finals[s]) finals.emplace_back(model.states[s]);
  }
  return Automaton::make(model.name, model.states[index(kInitial)], edges, finals, states).value();
}

}  // namespace swerve
