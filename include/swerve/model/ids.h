// swerve/model/ids.h - how the states and events of a model are numbered and called.
//
// What a model at run time (automaton.h) and one at compile time (dot.h) have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace swerve {

/// A state of one automaton.
enum class StateId : std::uint16_t {};  // index into states(); 0 is the initial state
/// An event of one automaton.
enum class EventId : std::uint16_t {};  // index into events()

/// The initial state of every automaton.
inline constexpr StateId kInitial{0};
inline constexpr StateId kNoState{0xffff};  // "the event is not allowed here"
/// "There is no such event".
inline constexpr EventId kNoEvent{0xffff};

/// The number behind an id: where it stands in states().
constexpr std::size_t index(StateId s) noexcept { return static_cast<std::size_t>(s); }
/// The number behind an id: where it stands in events().
constexpr std::size_t index(EventId e) noexcept { return static_cast<std::size_t>(e); }

/// One cell of the table that is set.
struct Transition {
  /// Where it begins.
  StateId from;
  /// What takes it.
  EventId event;
  /// Where it leads.
  StateId to;
  friend bool operator==(const Transition&, const Transition&) = default;
};

/// Limits of one model: states, events, and cells of the table of states by events (a text of a
/// megabyte must not ask for gigabytes).
inline constexpr std::size_t kStatesMost = 0xfffe;
/// The most events.
inline constexpr std::size_t kEventsMost = 0xfffe;
/// The most cells of the table.
inline constexpr std::size_t kCellsMost = 1UL << 24;

/// What model files call the node before the initial state, in front of that state's name.
inline constexpr std::string_view kInitMark = "__init_";

/// A letter or '_' first, then letters, digits and '_'.
constexpr bool is_c_identifier(std::string_view name) noexcept {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (const char c : name) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!is_letter && !is_digit(c)) return false;
  }
  return !name.empty() && !is_digit(name[0]);
}

}  // namespace swerve
