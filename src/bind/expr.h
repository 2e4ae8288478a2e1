// bind/expr.h - a typed expression over a probe's arguments: a tree that any engine can evaluate.
//
// Every node has an integer type (8 to 64 bits, signed or not) or is a pointer. Engines hold each
// value as 64 bits, sign- or zero-extended from its type; the checker has put a `convert` wherever
// C's rules change a value's type (convert_changes() tells whether that changes the 64 bits). So
// for the arithmetic operators and the comparisons both operands have one type already (32 or 64
// bits), and an engine computes in 64 bits and then extends the result from the node's type anew. A
// shift's count has the type of its left operand, too; the operands of ! && || and the condition of
// ?: have any type and count as "not 0".
//
// The edge cases, the same in every engine (they stand in the manual):
//   x / 0 is 0 and x % 0 is x; the most negative number / -1 is itself, and % -1 is 0;
//   overflow wraps; a shift count is taken modulo the width of the left operand (32 or 64);
//   >> of a signed value repeats the sign; && || ?: evaluate only what they need;
//   a pointer that cannot be read gives 0 (also for the members read through it, and no string
//   equals what cannot be read); a comparison or logical operator gives 0 or 1 as a 32-bit int.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bind/types.h"

namespace swerve {

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;

struct Expr {
  enum class Op {
    constant,      // value
    argument,      // the probe's argument number `value`; extended from the node's type
    builtin,       // builtin
    load,          // *(a + offset): load_bytes bytes, then the bit field, then extended
    member_bytes,  // a + offset, where a char array of `count` bytes is; only below string_equal
    string_equal,  // a: member_bytes, a pointer to char, or what is as_text; equal to `text` (0, 1)
    // clang-format off
    negate, complement, logical_not,
    multiply, divide, remainder, add, subtract, shift_left, shift_right,
    less, less_equal, greater, greater_equal, equal, not_equal,
    bit_and, bit_xor, bit_or, logical_and, logical_or,
    // clang-format on
    conditional,  // a ? b : c
    convert,      // a, extended from the node's type
  };
  enum class Builtin { cpu, current, pid, tgid, now };

  Op op = Op::constant;

  // The type of the value. A pointer is 64 bits, unsigned, and has a target.
  std::uint8_t bits = 32;
  bool is_signed = true;
  bool is_pointer = false;
  TypeId target = kVoid;  // what a pointer points to
  bool user = false;      // the pointer is one of the user's process
  bool as_text = false;   // argument: what Type says of it

  std::uint64_t value = 0;  // constant (extended), argument (its number)
  Builtin builtin = Builtin::cpu;
  std::uint32_t offset = 0;     // load, member_bytes
  std::uint8_t load_bytes = 0;  // load: 1, 2, 4 or 8
  std::uint8_t bit_shift = 0;   // load: a bit field starts here...
  std::uint8_t bit_size = 0;    // ...and is this long; 0: all of it (a field has an unsigned node;
                                // for a signed one the checker adds shifts that repeat its sign)
  std::uint32_t count = 0;      // member_bytes: size of the array
  std::string text;             // string_equal: the literal's bytes, without the NUL
  ExprPtr a, b, c;

  std::string path;  // argument, load, member_bytes: as C writes it, "prev->parent->pid"
};

/// The longest string literal, in bytes: engines reserve room for it.
inline constexpr std::size_t kTextMax = 255;

/// True when the `convert` node may change the 64 bits of its operand; false when only the type
/// differs and an engine has nothing to do.
bool convert_changes(const Expr& convert);

/// The expression in C's form, every operator in parentheses, every conversion a cast:
/// "((s32)p->flag == 1)". Reading that again gives the same text.
std::string to_text(const Expr& e);

/// True for a constant other than 0.
bool is_always(const ExprPtr& e);
/// True for null and for the constant 0.
bool is_never(const ExprPtr& e);

/// `bits` (8, 16, 32 or 64) low bits of `value`, sign- or zero-extended to 64.
constexpr std::uint64_t extend(std::uint64_t value, unsigned bits, bool is_signed) noexcept {
  if (bits >= 64) return value;
  const unsigned shift = 64 - bits;
  return is_signed ? static_cast<std::uint64_t>(static_cast<std::int64_t>(value << shift) >> shift)
                   : value << shift >> shift;
}

/// What the host engine needs to know to evaluate: the values of one event.
class Operands {
 public:
  virtual ~Operands() = default;
  /// The raw 64 bits of an argument; they need not be extended.
  virtual std::uint64_t argument(std::uint64_t number) const = 0;
  virtual std::uint64_t builtin(Expr::Builtin which) const = 0;
  /// The raw bytes of a `load` (little end first, as a number; before the bit field is taken); 0
  /// where it cannot be read. The node's `path` says what it is.
  virtual std::uint64_t load(const Expr& load) const = 0;
  /// The bytes of a `member_bytes` or of what a pointer to char points to, at most `count` of them,
  /// up to a NUL; false where they cannot be read.
  virtual bool bytes(const Expr& place, std::size_t count, std::string& out) const = 0;
};

/// The value of `e`, extended from its type. Total: every input has an answer.
/// Cost: one virtual call a leaf.
std::uint64_t evaluate(const Expr& e, const Operands& operands);

}  // namespace swerve
