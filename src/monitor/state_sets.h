// monitor/state_sets.h - the sets of states in which an instance may be, and what events make of
// them.
//
// Sets are numbered as they are met (the subset construction, done lazily) and what an event makes
// of a set is remembered, so that a step of an instance whose state is not certain is a look-up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "swerve/model/automaton.h"
#include "swerve/monitor/scope.h"

namespace swerve {

/// What an event may do to an instance: a set of bits, for where a recording does not tell which.
struct May {
  std::uint8_t bits = 0;
  static constexpr std::uint8_t kNothing = 1;   // the binding does not apply
  static constexpr std::uint8_t kEvent = 2;     // Handler::event
  static constexpr std::uint8_t kStart = 4;     // Handler::start
  static constexpr std::uint8_t kStartRun = 8;  // Handler::start_run
  constexpr bool certain() const noexcept { return (bits & (bits - 1)) == 0; }
  static constexpr May of(Handler handler) noexcept {
    return {handler == Handler::event ? kEvent : handler == Handler::start ? kStart : kStartRun};
  }
  friend bool operator==(const May&, const May&) = default;
};

enum class SetId : std::uint32_t {};                 // never 0
inline constexpr SetId kOffSet{1};                   // not monitoring, and that is certain
inline constexpr StateId kNotMonitoring = kNoState;  // as a member of a set

constexpr std::uint32_t raw(SetId set) noexcept { return static_cast<std::uint32_t>(set); }

/// The sets of one model's states. Memory is bounded: when there is no room for one more set of
/// several, the set of everything stands for it, which is always right.
class StateSets {
 public:
  static constexpr std::size_t kSetsMost = std::size_t{1} << 17;     // not counting those of one
  static constexpr std::size_t kMembersMost = std::size_t{1} << 22;  // of all sets together

  /// What can happen to an instance while nothing is recorded: by event, all that the event can do;
  /// and whether the instance can stop monitoring for another reason than a violation. `model` must
  /// outlive this.
  StateSets(const Automaton& model, std::vector<May> may_happen, bool can_stop);

  /// By number; kNotMonitoring is the last.
  std::span<const StateId> members(SetId set) const noexcept { return *sets_[raw(set)]; }
  SetId one(StateId state);
  SetId both(SetId a, SetId b);
  /// What the members may have become when anything at all may have happened.
  SetId widened(SetId set);

  /// What an event does to an instance in one of these states: some of the following.
  struct Outcome {
    SetId next{};           // those that violate do not monitor any more
    bool violates = false;  // the model does not allow it
    bool steps = false;     // it takes a transition
    bool rests = false;     // it does neither: nothing, or only a start
    bool open = false;      // for one of these states, `may` leaves open which
  };
  Outcome stepped(SetId set, EventId event, May may);
  /// The states in which the event is a violation. "Not monitoring" is none, but the initial state
  /// when the event starts it there and is then not allowed.
  std::vector<StateId> violating(SetId set, EventId event, May may) const;

 private:
  struct Hash {
    std::size_t operator()(const std::vector<StateId>& members) const noexcept;
  };
  struct Remembered {
    std::uint64_t key = 0;
    Outcome outcome;
  };
  SetId number(std::vector<StateId> members);  // in any order, and more than once

  const Automaton* model_;
  std::vector<May> may_happen_;
  bool can_stop_;
  std::unordered_map<std::vector<StateId>, SetId, Hash> numbers_;
  std::vector<const std::vector<StateId>*> sets_;  // by number; they are the keys of numbers_
  std::vector<SetId> widened_;                     // by number; 0: not worked out so far
  std::vector<SetId> one_;                         // by state; likewise
  std::size_t members_ = 0;
  SetId everything_{};
  std::vector<Remembered> outcomes_;  // a slot may hold any key with its hash: the last wins
};

}  // namespace swerve
