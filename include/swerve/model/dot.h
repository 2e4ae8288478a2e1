// swerve/model/dot.h - models at compile time.
//
//   constexpr auto door = swerve::dot(R"(digraph door {
//     __init_closed -> closed;
//     closed -> open [label = "open"];
//     open -> closed [label = "close"];
//   })");
//
//   static_assert(door.next(swerve::kInitial, door["open"]) == door.state("open"));
//   swerve::Stepper<door> one_door;
//   if (!one_door.step(door["close"])) complain();
//
// The language is that of model files (dot_parser.h). What parse_dot() calls an error is a compile
// error here; the compiler's message names it (the list stands in dot_reader.h) and its line and
// column in the text, whose line 1 is the one of the opening quote. What parse_dot() only warns of
// is accepted in silence: `swerve model` shows it.
//
// Compilers limit the steps of one evaluation: with the limits that they have by default clang 14
// takes texts up to 15 KB (-fconstexpr-steps), g++ 12 of 42 KB and more (-fconstexpr-ops-limit).
//
// A model that is used in constant expressions only is not in the program. One whose text or names
// are read at run time is, with about eight bytes for each character of its text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "swerve/model/dot_reader.h"
#include "swerve/model/ids.h"

namespace swerve {

/// Names by the number of their id: a range of texts, which views the model.
class ModelNames {
 public:
  /// Name i is the part of `characters` from ends[i] to ends[i + 1].
  constexpr ModelNames(const char* characters, std::span<const std::uint32_t> ends)
      : characters_(characters), ends_(ends) {}

  /// How many there are.
  constexpr std::size_t size() const { return ends_.size() - 1; }
  /// The one with that number.
  constexpr std::string_view operator[](std::size_t i) const {
    return {characters_ + ends_[i], ends_[i + 1] - ends_[i]};
  }

  /// Goes from name to name.
  class Iterator {
   public:
    /// At the name with that number.
    constexpr Iterator(const ModelNames& names, std::size_t i) : names_(&names), i_(i) {}
    /// The name.
    constexpr std::string_view operator*() const { return (*names_)[i_]; }
    /// On to the next.
    constexpr Iterator& operator++() {
      ++i_;
      return *this;
    }
    /// Whether both are at the same name of the same list.
    friend constexpr bool operator==(const Iterator& a, const Iterator& b) { return a.i_ == b.i_; }

   private:
    const ModelNames* names_;
    std::size_t i_;
  };
  /// At the first.
  constexpr Iterator begin() const { return {*this, 0}; }
  /// Behind the last.
  constexpr Iterator end() const { return {*this, size()}; }

 private:
  const char* characters_;
  std::span<const std::uint32_t> ends_;
};

/// What a model says, whatever the length of its text; views the model. to_automaton()
/// (automaton.h) makes the run-time value of it.
struct ModelView {
  /// Of the graph.
  std::string_view name;
  /// The names of the states, by id.
  ModelNames states;
  /// The names of the events, by id.
  ModelNames events;
  std::span<const bool> finals;  // by state
  /// By state, then event.
  std::span<const Transition> transitions;
};

template <std::size_t N>
struct ReadModel;

/// A model with all that Automaton has, as a constant; made by dot() from a text of at most N
/// characters. States and events have the same ids as in the Automaton of the same text.
template <std::size_t N>
class StaticModel {
 public:
  /// As it was written.
  constexpr std::string_view text() const { return {text_.data(), text_size_}; }
  /// Of the graph; may be empty.
  constexpr std::string_view name() const { return {text_.data() + name_start_, name_size_}; }

  /// How many states.
  constexpr std::size_t state_count() const { return state_count_; }
  /// How many events.
  constexpr std::size_t event_count() const { return event_count_; }
  /// The initial one first, the others sorted.
  constexpr ModelNames states() const { return names(0, state_count_); }
  /// Sorted.
  constexpr ModelNames events() const { return names(state_count_, event_count_); }
  /// What the state is called.
  constexpr std::string_view name(StateId state) const { return states()[index(state)]; }
  /// What the event is called.
  constexpr std::string_view name(EventId event) const { return events()[index(event)]; }

  /// Whether a run may end there.
  constexpr bool is_final(StateId state) const { return finals_[index(state)]; }
  /// By state, then event.
  constexpr std::span<const Transition> transitions() const {
    return {transitions_.data(), transition_count_};
  }
  /// Where `event` leads from `from`; kNoState where it is not allowed. Cost: a binary search; a
  /// DenseTable has it in one load.
  constexpr StateId next(StateId from, EventId event) const {
    std::size_t first = 0;
    std::size_t last = transition_count_;
    while (first < last) {
      const std::size_t middle = (first + last) / 2;
      const Transition& t = transitions_[middle];
      if (t.from == from && t.event == event) return t.to;
      if (t.from < from || (t.from == from && t.event < event)) {
        first = middle + 1;
      } else {
        last = middle;
      }
    }
    return kNoState;
  }

  /// kNoState, kNoEvent when there is none of that name.
  constexpr StateId find_state(std::string_view name) const {
    const std::size_t i = find(states(), name);
    return i < state_count_ ? StateId(i) : kNoState;
  }
  /// kNoEvent when there is none.
  constexpr EventId find_event(std::string_view name) const {
    const std::size_t i = find(events(), name);
    return i < event_count_ ? EventId(i) : kNoEvent;
  }

  /// The id of a name that the program has in its text: a wrong one is a compile error.
  consteval EventId operator[](std::string_view name) const { return event(name); }
  /// As operator[].
  consteval EventId event(std::string_view name) const {
    const EventId id = find_event(name);
    if (id == kNoEvent) bad_model::no_such_event();
    return id;
  }
  /// The same of a state.
  consteval StateId state(std::string_view name) const {
    const StateId id = find_state(name);
    if (id == kNoState) bad_model::no_such_state();
    return id;
  }

  /// Its parts, for as long as it lives.
  constexpr ModelView view() const {
    return {name(), states(), events(), {finals_.data(), state_count_}, transitions()};
  }

 private:
  template <std::size_t M>
  friend constexpr ReadModel<M> read_dot(std::string_view text);

  // No text has more names: each takes a character, and one is between two of them.
  static constexpr std::size_t kNames = N / 2 + 1;
  // A text can have more, where edges of several hops have several events each.
  static constexpr std::size_t kTransitions = N / 2 + 1;

  constexpr StaticModel() = default;

  constexpr ModelNames names(std::size_t first, std::size_t count) const {
    return {names_.data(), {name_ends_.data() + first, count + 1}};
  }
  static constexpr std::size_t find(const ModelNames& names, std::string_view name) {
    std::size_t i = 0;
    while (i < names.size() && names[i] != name) ++i;
    return i;
  }

  constexpr void add_name(const dot_language::Name& name) {
    std::uint32_t next = name_ends_[named_];
    for (std::size_t i = 0; i < name.size(); ++i) names_[next++] = name[i];
    name_ends_[++named_] = next;
  }

  std::array<char, N + 1> text_{};
  std::uint32_t text_size_ = 0;
  std::uint32_t name_start_ = 0, name_size_ = 0;
  std::uint32_t state_count_ = 0, event_count_ = 0, transition_count_ = 0;
  std::uint32_t named_ = 0;
  std::array<char, N + 1> names_{};  // of the states, then of the events, with nothing between
  std::array<std::uint32_t, kNames + 1> name_ends_{};
  std::array<bool, kNames> finals_{};
  std::array<Transition, kTransitions> transitions_{};
};

/// What read_dot() gives: the model is the text's exactly when there is no problem.
template <std::size_t N>
struct ReadModel {
  /// The model; of no use where there is a problem.
  StaticModel<N> model;
  /// What is wrong with the text, if anything.
  ModelProblem problem;
};

/// dot() for texts that are not in the program: at run time, or where a problem is no compile
/// error. `text` has at most N characters.
template <std::size_t N>
constexpr ReadModel<N> read_dot(std::string_view text) {
  const dot_language::Reader reader(text);
  ReadModel<N> out{StaticModel<N>(), reader.problem()};
  if (out.problem) return out;
  StaticModel<N>& model = out.model;
  if (reader.transitions().size() > model.transitions_.size()) {
    out.problem = {ModelProblem::Kind::too_large_at_compile_time, 1, 1};
    return out;
  }
  for (std::size_t i = 0; i < text.size(); ++i) model.text_[i] = text.data()[i];
  model.text_size_ = static_cast<std::uint32_t>(text.size());
  model.name_size_ = static_cast<std::uint32_t>(reader.graph_name().size());
  if (model.name_size_ != 0) {
    model.name_start_ = static_cast<std::uint32_t>(reader.graph_name().data() - text.data());
  }
  for (std::size_t s = 0; s < reader.state_count(); ++s) {
    model.add_name(reader.state_name(s));
    model.finals_[s] = reader.is_final(s);
  }
  for (std::size_t e = 0; e < reader.event_count(); ++e) model.add_name(reader.event_name(e));
  model.state_count_ = static_cast<std::uint32_t>(reader.state_count());
  model.event_count_ = static_cast<std::uint32_t>(reader.event_count());
  for (const Transition& t : reader.transitions()) {
    model.transitions_[model.transition_count_++] = t;
  }
  return out;
}

/// The model of a text that stands in the program. A bad one is a compile error that names the
/// problem and its place.
template <std::size_t N>
consteval StaticModel<N> dot(const char (&text)[N]) {
  const std::size_t size = text[N - 1] == '\0' ? N - 1 : N;
  const ReadModel<N> read = read_dot<N>({text, size});
  bad_model::refuse(read.problem.kind, read.problem.line, read.problem.column);
  return read.model;
}

/// The table of a model, which is a constant: a cell for each state and event, and no more. Two
/// bytes a cell.
template <const auto& kModel>
class DenseTable {
 public:
  /// Where `event` leads from `from`; kNoState where it is not allowed. Both must be ids of this
  /// model. Cost: one load.
  static constexpr StateId next(StateId from, EventId event) {
    return kCells[index(from) * kModel.event_count() + index(event)];
  }

 private:
  using Cells = std::array<StateId, kModel.state_count() * kModel.event_count()>;
  static constexpr Cells cells() {
    Cells out{};
    for (StateId& cell : out) cell = kNoState;
    for (const Transition& t : kModel.transitions()) {
      out[index(t.from) * kModel.event_count() + index(t.event)] = t.to;
    }
    return out;
  }
  static constexpr Cells kCells = cells();
};

/// One instance of a model and nothing else: no registry, no reactions, no counts, two bytes. Not
/// for use by several threads at once.
template <const auto& kModel>
class Stepper {
 public:
  /// Where it is.
  constexpr StateId state() const { return state_; }
  /// Whether a run may end here.
  constexpr bool is_final() const { return kModel.is_final(state_); }

  /// Takes `event`, an id of this model. False when the model does not allow it now; the state is
  /// then the one before. Cost: one load of the table.
  constexpr bool step(EventId event) {
    const StateId to = DenseTable<kModel>::next(state_, event);
    if (to == kNoState) return false;
    state_ = to;
    return true;
  }
  /// Back to the initial state.
  constexpr void reset() { state_ = kInitial; }

 private:
  StateId state_ = kInitial;
};

}  // namespace swerve
