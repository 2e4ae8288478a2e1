#include "swerve/monitor/step_table.h"

#include <algorithm>

#include "swerve/base/check.h"

namespace swerve {

namespace {
constexpr Transition kNone{kNoState, kNoEvent, kNoState};
constexpr std::size_t kMostNarrowIds = 256;
}  // namespace

StepTable::StepTable(const Automaton& automaton) : event_count_(automaton.events().size()) {
  const std::vector<Transition> transitions = automaton.transitions();
  const std::size_t states = automaton.states().size();
  SWERVE_CHECK(transitions.size() <= kTransitionsMost, "a model with more transitions than ids");

  // How many ids each state needs: one for each transition into it, one more for "started".
  std::vector<std::size_t> into(states, 0);
  into[0] = 1;
  for (const Transition& t : transitions) ++into[index(t.to)];
  // One-hot ids: the low `states` bits say the state, the bits above them number the ids of a
  // state.
  one_hot_ = states < 8 && *std::max_element(into.begin(), into.end()) <= (256U >> states);
  wide_ = !one_hot_ && transitions.size() + 2 > kMostNarrowIds;

  state_of_.assign(one_hot_ ? kMostNarrowIds : transitions.size() + 2, kNoState);
  transition_of_.assign(state_of_.size(), kNone);
  by_state_.assign(states * event_count_, kOff);

  std::vector<std::size_t> used(states, 0);
  std::size_t next_id = 1;
  const auto take_id = [&](StateId to) {
    const std::size_t s = index(to);
    const std::size_t id = one_hot_ ? (used[s]++ << states | std::size_t{1} << s) : next_id++;
    state_of_[id] = to;
    return StepId(static_cast<std::uint16_t>(id));
  };
  started_ = take_id(kInitial);
  for (const Transition& t : transitions) {
    const StepId id = take_id(t.to);
    transition_of_[raw(id)] = t;
    by_state_[index(t.from) * event_count_ + index(t.event)] = id;
  }
  if (wide_) return;
  narrow_.assign(event_count_ * 256, 0);
  for (std::size_t e = 0; e < event_count_; ++e) {
    for (std::size_t id = 0; id < state_of_.size(); ++id) {
      if (state_of_[id] == kNoState) continue;
      narrow_[e * 256 + id] =
          static_cast<std::uint8_t>(by_state_[index(state_of_[id]) * event_count_ + e]);
    }
  }
}

std::optional<Transition> StepTable::transition(StepId id) const {
  if (raw(id) >= transition_of_.size() || transition_of_[raw(id)] == kNone) return std::nullopt;
  return transition_of_[raw(id)];
}

std::vector<Transition> StepTable::path(Instance instance) const {
  std::vector<Transition> out;
  const auto read = [&](std::uint64_t word) {
    for (; word != 0; word >>= id_bits()) {
      const auto t = transition(newest(word));
      if (!t) return false;  // "started"
      if (!out.empty() && out.back().from != t->to) return false;
      out.push_back(*t);
    }
    return true;
  };
  const bool full = instance.word >> (64 - id_bits()) != 0;
  if (read(instance.word) && full && wide_) read(instance.older);
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace swerve
