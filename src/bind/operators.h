// bind/operators.h - what each operator of the binding language computes: the one table of edge
// cases (they stand in expr.h) for every engine on the host.
#pragma once

#include <cstdint>

#include "bind/expr.h"

namespace swerve {

/// The value of an operator's node from the values of its operands, which are extended from their
/// types. `bits` and `is_signed` are those of the node, `of_signed` says whether the first
/// operand's type is signed (comparisons). For operators alone: no leaf, no conditional, no
/// string_equal.
[[gnu::always_inline]] inline std::uint64_t apply(Expr::Op op, std::uint64_t a, std::uint64_t b,
                                                  unsigned bits, bool is_signed, bool of_signed) {
  using Op = Expr::Op;
  const auto as_signed = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  const auto result = [&](std::uint64_t value) { return extend(value, bits, is_signed); };
  const auto less = [&](std::uint64_t left, std::uint64_t right) {
    return of_signed ? as_signed(left) < as_signed(right) : left < right;
  };
  const unsigned shift_mask = bits <= 32 ? 31 : 63;
  switch (op) {
    case Op::negate:
      return result(0 - a);
    case Op::complement:
      return result(~a);
    case Op::logical_not:
      return a == 0 ? 1 : 0;
    case Op::multiply:
      return result(a * b);
    case Op::divide:
      if (b == 0) return 0;
      if (!is_signed) return result(a / b);
      if (as_signed(b) == -1) return result(0 - a);
      return result(static_cast<std::uint64_t>(as_signed(a) / as_signed(b)));
    case Op::remainder:
      if (b == 0) return result(a);
      if (!is_signed) return result(a % b);
      if (as_signed(b) == -1) return 0;
      return result(static_cast<std::uint64_t>(as_signed(a) % as_signed(b)));
    case Op::add:
      return result(a + b);
    case Op::subtract:
      return result(a - b);
    case Op::shift_left:
      return result(a << (b & shift_mask));
    case Op::shift_right:
      return result(is_signed ? static_cast<std::uint64_t>(as_signed(a) >> (b & shift_mask))
                              : a >> (b & shift_mask));
    case Op::less:
      return less(a, b) ? 1 : 0;
    case Op::less_equal:
      return less(b, a) ? 0 : 1;
    case Op::greater:
      return less(b, a) ? 1 : 0;
    case Op::greater_equal:
      return less(a, b) ? 0 : 1;
    case Op::equal:
      return a == b ? 1 : 0;
    case Op::not_equal:
      return a != b ? 1 : 0;
    case Op::bit_and:
      return result(a & b);
    case Op::bit_xor:
      return result(a ^ b);
    case Op::bit_or:
      return result(a | b);
    case Op::logical_and:
      return a != 0 && b != 0 ? 1 : 0;
    case Op::logical_or:
      return a != 0 || b != 0 ? 1 : 0;
    case Op::convert:
      return result(a);
    default:
      return 0;
  }
}

}  // namespace swerve
