// swerve/monitor/step_table.h - the automaton as the engines step it: state and witness in one
// word.
//
// Every transition of the model has a small number, its step id, and so has "started, nothing
// processed yet". An instance is one 64-bit word: the ids of its last transitions, the newest in
// the lowest bits. The newest id tells the current state, so a step is: look up (newest id, event)
// -> next id, shift it in. One compare-and-swap of the word therefore moves the state and the
// witness together, and a violation shows exactly the path that led to it. Word 0 means "not
// monitoring".
//
// Two widths: 8-bit ids (eight transitions in the word) while they fit, else 16-bit ids (four in
// the word, four older ones in a second word that is written after the first).
//
// The host engine and the BPF compiler both read this table; so both agree on what a word means.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "swerve/base/api.h"
#include "swerve/model/automaton.h"

namespace swerve {

/// A transition, "started" or, 0, "not monitoring".
enum class StepId : std::uint16_t {};
/// Not monitoring.
inline constexpr StepId kOff{0};

/// The number behind an id, as an instance's word holds it.
constexpr std::uint64_t raw(StepId id) noexcept { return static_cast<std::uint64_t>(id); }

/// The state of one monitored thing; all zero is "not monitoring". `older` is used by wide tables
/// only.
struct Instance {
  std::uint64_t word = 0;   // the newest transitions, the last one in the lowest bits
  std::uint64_t older = 0;  // those before
  friend bool operator==(const Instance&, const Instance&) = default;
};

/// Immutable after construction; may be read from any thread.
class SWERVE_API StepTable {
 public:
  /// How many transitions a model may have: each needs an id, as do "not monitoring" and "started".
  static constexpr std::size_t kTransitionsMost = 65534;

  /// `automaton` must not have more than kTransitionsMost transitions.
  explicit StepTable(const Automaton& automaton);

  /// True when ids need 16 bits.
  bool wide() const noexcept { return wide_; }
  /// 8 or 16: how much of a word an id takes.
  unsigned id_bits() const noexcept { return wide_ ? 16 : 8; }
  /// Number of ids that can occur, 0 included: ids are below this. At most 256 for a narrow table.
  std::size_t id_count() const noexcept { return state_of_.size(); }

  /// True when bit s of an id says "in state s" (small models): "is the instance in one of these
  /// states" is then a single bit test on the word.
  bool one_hot() const noexcept { return one_hot_; }

  /// The id of "started".
  StepId started() const noexcept { return started_; }
  /// The id that follows when `event` happens after `id`; kOff when the model does not allow it,
  /// and for ids that do not occur. Cost: one load (narrow), two (wide).
  StepId next(StepId id, EventId event) const noexcept {
    if (!wide_) return StepId(narrow_[index(event) * 256 + (raw(id) & 0xff)]);
    if (raw(id) >= state_of_.size() || state_of_[raw(id)] == kNoState) return kOff;
    return by_state_[index(state_of_[raw(id)]) * event_count_ + index(event)];
  }
  /// The id in the lowest bits of an instance's word.
  StepId newest(std::uint64_t word) const noexcept {
    return StepId(static_cast<std::uint16_t>(word & (wide_ ? 0xffffU : 0xffU)));
  }
  /// The instance after the step `id`.
  Instance shifted(Instance i, StepId id) const noexcept {
    if (!wide_) return {i.word << 8 | raw(id), 0};
    return {i.word << 16 | raw(id), i.older << 16 | i.word >> 48};
  }

  /// The state after `id`; kNoState for kOff and ids that do not occur.
  StateId state(StepId id) const noexcept {
    return raw(id) < state_of_.size() ? state_of_[raw(id)] : kNoState;
  }
  /// The id of taking `event` in `from`; kOff where the model does not allow it.
  StepId id_of(StateId from, EventId event) const noexcept {
    return by_state_[index(from) * event_count_ + index(event)];
  }
  /// The transition behind an id; none for kOff, started() and ids that do not occur.
  std::optional<Transition> transition(StepId id) const;
  /// The transitions that the instance remembers, oldest first: the last eight, or all since it
  /// started. Where they do not lead from one to the next (a shared wide instance, whose two words
  /// are not written at once), only the newest that do.
  std::vector<Transition> path(Instance instance) const;

  /// The raw tables, for the BPF compiler. This one: 256 bytes an event, next id by present id;
  /// empty when wide.
  const std::vector<std::uint8_t>& narrow() const noexcept { return narrow_; }
  /// Next id by state and event, row-major.
  const std::vector<StepId>& by_state() const noexcept { return by_state_; }
  /// State by id.
  const std::vector<StateId>& states() const noexcept { return state_of_; }

 private:
  std::size_t event_count_;
  bool wide_ = false, one_hot_ = false;
  StepId started_{};
  std::vector<StateId> state_of_;
  std::vector<Transition> transition_of_;  // by id; event == kNoEvent where there is none
  std::vector<std::uint8_t> narrow_;
  std::vector<StepId> by_state_;
};

}  // namespace swerve
