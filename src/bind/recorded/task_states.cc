#include "bind/recorded/task_states.h"

#include <charconv>

namespace swerve {

namespace {

constexpr std::uint64_t kFreezable = 0x2000;
constexpr std::uint64_t kPreempted = 0x100;  // TASK_REPORT_MAX: what a recording has for R+

/// Every state that a task may have when it is switched out, as far as the kernel's code has it.
std::vector<std::uint64_t> all_states() {
  return {0x0,   0x1, 0x2001, 0x2,  0x2002, 0x102, 0x2102, 0x402,  0x2402,
          0x104, 0x8, 0x108,  0x40, 0x80,   0x200, 0x1000, 0x8000, 0x4};
}

TaskStates preempted() {
  TaskStates out;
  out.values = all_states();
  out.any = true;
  out.preempted = true;
  return out;
}

/// Of one reported bit, as the kernel's __task_state_index() makes it of a state.
std::vector<std::uint64_t> of_bit(std::uint64_t bit) {
  switch (bit) {
    case 0x1:  // S
      return {0x1, 0x1 | kFreezable};
    case 0x2:  // D; also killable, a spinning lock of PREEMPT_RT, frozen
      return {0x2, 0x2 | kFreezable, 0x102, 0x102 | kFreezable, 0x1000, 0x8000};
    case 0x4:  // T
      return {0x104, 0x4};
    case 0x8:  // t
      return {0x8, 0x108};
    case 0x10:  // X and
    case 0x20:  // Z: the state of one that exits is TASK_DEAD; it may have slept on its way there
      return {0x80, 0x0, 0x1, 0x2, 0x2001, 0x2002, 0x102, 0x402};
    case 0x40:  // P
      return {0x40};
    case 0x80:  // I
      return {0x402, 0x402 | kFreezable};
    default:
      return {};
  }
}

std::optional<std::uint64_t> bit_of_letter(char letter) {
  switch (letter) {
    case 'R':
      return 0;
    case 'S':
      return 0x1;
    case 'D':
      return 0x2;
    case 'T':
      return 0x4;
    case 't':
      return 0x8;
    case 'X':
      return 0x10;
    case 'Z':
      return 0x20;
    case 'P':
    case 'x':  // what libtraceevent prints
      return 0x40;
    case 'I':
    case 'W':  // likewise
      return 0x80;
    default:
      return std::nullopt;
  }
}

}  // namespace

TaskStates task_states(std::uint64_t recorded) {
  if ((recorded & kPreempted) != 0 && (recorded & ~std::uint64_t{0x1ff}) == 0) return preempted();
  TaskStates out;
  out.values = of_bit(recorded);
  // 0, and what is no single reported bit, is the state itself.
  if (out.values.empty()) out.values = {recorded};
  return out;
}

std::optional<TaskStates> task_states(std::string_view recorded) {
  if (recorded.empty()) return std::nullopt;
  const char first = recorded.front();
  if (first >= '0' && first <= '9') {
    const bool hex = recorded.starts_with("0x");
    const std::string_view digits = recorded.substr(hex ? 2 : 0);
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return task_states(value);
  }
  if (recorded == "R?") {
    TaskStates out = preempted();
    out.preempted = false;
    out.maybe_preempted = true;
    return out;
  }
  const bool plus = recorded.back() == '+';
  const std::string_view letters = recorded.substr(0, recorded.size() - (plus ? 1 : 0));
  if (letters.size() == 1 && !plus) {
    const std::optional<std::uint64_t> bit = bit_of_letter(first);
    return bit ? std::optional(task_states(*bit)) : std::nullopt;
  }
  // Kernels before 4.14 print every bit that is set: "D|K|W". Which combinations these stand for is
  // not worth a table: it is a state, and not a known one.
  if (letters.size() % 2 == 0) return std::nullopt;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const char c = letters[i];
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (i % 2 == 0 ? !letter : c != '|') return std::nullopt;
  }
  TaskStates out = preempted();
  out.preempted = plus;
  if (const auto bit = bit_of_letter(first); bit && !plus) {
    out.values.insert(out.values.begin(), task_states(*bit).values.front());
  }
  return out;
}

}  // namespace swerve
