// swerve/model/automaton.h - the reference model, as a value.
//
// An Automaton is plain data: copyable, comparable, and with no link to a clock, a thread or the
// system that it describes. Everything that happens at run time lives in monitor/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "swerve/base/api.h"
#include "swerve/base/result.h"
#include "swerve/model/ids.h"

namespace swerve {

/// A state of an automaton.
struct State {
  std::string name;    // a C identifier
  bool final = false;  // whether a run may end here
  friend bool operator==(const State&, const State&) = default;
};

/// A deterministic automaton with a partial transition table.
///
/// Invariants (established by make(), the only way to get one): at least one state and at most
/// 65534, at most 65534 events; names are unique within their kind and are C identifiers, and no
/// state's name starts with "__init_" (model files mark the initial state so); the table has
/// states().size() * events().size() cells, at most 16777216, each a valid state or kNoState; state
/// 0 is the initial one, the other states and the events are sorted by name; at least one state is
/// final. So two automata are equal exactly when they describe the same thing.
class SWERVE_API Automaton {
 public:
  /// A transition by names.
  struct Edge {
    std::string from;   // where it begins
    std::string event;  // what takes it
    std::string to;     // where it leads
  };
  /// Builds one from names. `finals` empty means that the initial state is final (as the kernel's
  /// tools have it). States that only edges name are added; so are `extra_states`. Errors: invalid,
  /// naming the culprit: a name that cannot be one, one event from one state to two targets, a
  /// final state that does not exist; exhausted: more states, events or cells than fit.
  static Result<Automaton> make(std::string_view name, std::string_view initial,
                                const std::vector<Edge>& edges,
                                const std::vector<std::string>& finals = {},
                                const std::vector<std::string>& extra_states = {});

  /// Of the graph; may be empty; not compared.
  const std::string& name() const noexcept { return name_; }
  /// By StateId.
  std::span<const State> states() const noexcept { return states_; }
  /// By EventId.
  std::span<const std::string> events() const noexcept { return events_; }

  /// Where `event` leads from `from`; kNoState where it is not allowed. Both must be ids of this
  /// automaton. Cost: one multiplication, one load.
  StateId next(StateId from, EventId event) const noexcept {
    return table_[index(from) * events_.size() + index(event)];
  }

  /// All set cells, by state, then event.
  std::vector<Transition> transitions() const;
  /// The events that `state` allows, by id.
  std::vector<EventId> allowed(StateId state) const;

  StateId find_state(std::string_view name) const noexcept;  // kNoState when there is none
  EventId find_event(std::string_view name) const noexcept;  // kNoEvent when there is none

  /// Whether they describe the same thing.
  friend bool operator==(const Automaton& a, const Automaton& b) {
    return a.states_ == b.states_ && a.events_ == b.events_ && a.table_ == b.table_;
  }

 private:
  Automaton() = default;
  std::string name_;
  std::vector<State> states_;
  std::vector<std::string> events_;
  std::vector<StateId> table_;  // row-major: state, then event
};

struct ModelView;
template <std::size_t N>
class StaticModel;

/// The run-time value of a model that was read at compile time (dot.h); nothing is parsed again.
SWERVE_API Automaton to_automaton(const ModelView& model);
/// The same of the model itself.
template <std::size_t N>
Automaton to_automaton(const StaticModel<N>& model) {
  return to_automaton(model.view());
}

}  // namespace swerve
