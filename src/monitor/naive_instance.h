// monitor/naive_instance.h - for tests: an instance as one would write it without a thought for
// speed.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <vector>

#include "swerve/model/automaton.h"
#include "swerve/monitor/instance.h"
#include "swerve/monitor/scope.h"

namespace swerve {

struct NaiveInstance {
  std::optional<StateId> state;    // none: not monitoring
  std::deque<Transition> history;  // since it was started

  std::vector<Transition> path() const {
    return {history.end() - static_cast<std::ptrdiff_t>(std::min<std::size_t>(8, history.size())),
            history.end()};
  }

  void start() {
    state = kInitial;
    history.clear();
  }

  Outcome step(const Automaton& model, EventId event, Handler handler) {
    if (!state) {
      if (handler == Handler::event) return Outcome::ignored;
      start();
      if (handler == Handler::start) return Outcome::started;
    }
    const StateId to = model.next(*state, event);
    if (to == kNoState) {
      state.reset();
      history.clear();
      return Outcome::violated;
    }
    history.push_back({*state, event, to});
    state = to;
    return Outcome::stepped;
  }
};

}  // namespace swerve
