// swerve/model/ids.h - how the states and events of a model are numbered and called.
//
// What a model at run time (automaton.h) and one at compile time (dot.h) have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace swerve {

enum class StateId : std::uint16_t {};  // index into states(); 0 is the initial state
enum class EventId : std::uint16_t {};  // index into events()

inline constexpr StateId kInitial{0};
inline constexpr StateId kNoState{0xffff};  // "the event is not allowed here"
inline constexpr EventId kNoEvent{0xffff};

constexpr std::size_t index(StateId s) noexcept { return static_cast<std::size_t>(s); }
constexpr std::size_t index(EventId e) noexcept { return static_cast<std::size_t>(e); }

/// One cell of the table that is set.
struct Transition {
  StateId from;
  EventId event;
  StateId to;
  friend bool operator==(const Transition&, const Transition&) = default;
};

/// Limits of one model: states, events, and cells of the table of states by events (a text of a
/// megabyte must not ask for gigabytes).
inline constexpr std::size_t kStatesMost = 0xfffe;
inline constexpr std::size_t kEventsMost = 0xfffe;
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
