#include "bind/expr.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace swerve {
namespace {

using Op = Expr::Op;

ExprPtr constant(std::uint64_t value, unsigned bits, bool is_signed) {
  Expr e;
  e.bits = static_cast<std::uint8_t>(bits);
  e.is_signed = is_signed;
  e.value = extend(value, bits, is_signed);
  return std::make_shared<const Expr>(std::move(e));
}

// Answers every argument with one value, so that nothing is folded away.
class One final : public Operands {
 public:
  std::uint64_t argument(std::uint64_t number) const override { return values.at(number); }
  std::uint64_t builtin(Expr::Builtin which) const override {
    return 100 + static_cast<std::uint64_t>(which);
  }
  std::uint64_t load(const Expr&) const override { return memory; }
  bool bytes(const Expr&, std::size_t count, std::string& out) const override {
    out = text.substr(0, count);
    return readable;
  }
  std::array<std::uint64_t, 3> values{};
  std::uint64_t memory = 0;
  std::string text;
  bool readable = true;
};

ExprPtr argument(std::uint64_t number, unsigned bits, bool is_signed) {
  Expr e;
  e.op = Op::argument;
  e.bits = static_cast<std::uint8_t>(bits);
  e.is_signed = is_signed;
  e.value = number;
  return std::make_shared<const Expr>(std::move(e));
}

std::uint64_t run(Op op, unsigned bits, bool is_signed, std::uint64_t a, std::uint64_t b) {
  One one;
  one.values = {a, b, 0};
  Expr e;
  e.op = op;
  e.bits = static_cast<std::uint8_t>(bits);
  e.is_signed = is_signed;
  e.a = argument(0, bits, is_signed);
  e.b = argument(1, bits, is_signed);
  return evaluate(e, one);
}

constexpr std::uint64_t kMin32 = 0x8000'0000, kMin64 = 0x8000'0000'0000'0000;
constexpr std::uint64_t kMinus1 = ~std::uint64_t{0};
constexpr std::uint64_t sign32(std::uint64_t v) { return extend(v, 32, true); }

TEST(Evaluate, EdgeCasesOfTheTable) {
  struct Case {
    Op op;
    unsigned bits;
    bool is_signed;
    std::uint64_t a, b, result;
  };
  const Case cases[] = {
      {Op::divide, 32, true, 7, 0, 0},
      {Op::divide, 64, false, 7, 0, 0},
      {Op::remainder, 32, true, sign32(-7), 0, sign32(-7)},
      {Op::remainder, 64, false, 7, 0, 7},
      {Op::divide, 32, true, kMin32, kMinus1, sign32(kMin32)},
      {Op::divide, 64, true, kMin64, kMinus1, kMin64},
      {Op::remainder, 32, true, kMin32, kMinus1, 0},
      {Op::remainder, 64, true, kMin64, kMinus1, 0},
      {Op::divide, 32, true, sign32(-7), 2, sign32(-3)},
      {Op::remainder, 32, true, sign32(-7), 2, kMinus1},
      {Op::divide, 32, false, 0xffff'fff9, 2, 0x7fff'fffc},
      {Op::divide, 64, true, static_cast<std::uint64_t>(-7), 2, static_cast<std::uint64_t>(-3)},
      {Op::divide, 64, false, kMinus1, 2, kMinus1 / 2},
      {Op::add, 32, true, 0x7fff'ffff, 1, sign32(kMin32)},
      {Op::add, 32, false, 0xffff'ffff, 1, 0},
      {Op::add, 64, true, kMin64 - 1, 1, kMin64},
      {Op::subtract, 32, false, 0, 1, 0xffff'ffff},
      {Op::subtract, 32, true, kMin32, 1, 0x7fff'ffff},
      {Op::multiply, 32, true, kMin32, kMinus1, sign32(kMin32)},
      {Op::multiply, 32, false, 0x1'0001, 0x1'0001, 0x2'0001},
      {Op::shift_left, 32, true, 1, 32, 1},
      {Op::shift_left, 32, true, 1, 33, 2},
      {Op::shift_left, 32, true, 1, 31, sign32(kMin32)},
      {Op::shift_left, 32, false, 3, kMinus1, kMin32},
      {Op::shift_left, 64, true, 1, 64, 1},
      {Op::shift_left, 64, false, 1, 127, kMin64},
      {Op::shift_right, 32, true, kMin32, 31, kMinus1},
      {Op::shift_right, 32, true, kMin32, 63, kMinus1},
      {Op::shift_right, 32, false, kMin32, 31, 1},
      {Op::shift_right, 64, true, kMin64, 63, kMinus1},
      {Op::shift_right, 64, false, kMin64, 64, kMin64},
      {Op::less, 32, true, kMinus1, 0, 1},
      {Op::less, 32, false, kMinus1, 0, 0},
      {Op::less_equal, 64, true, kMin64, kMin64, 1},
      {Op::greater, 64, false, kMin64, 1, 1},
      {Op::greater, 64, true, kMin64, 1, 0},
      {Op::greater_equal, 32, true, 5, 6, 0},
      {Op::bit_xor, 32, true, kMinus1, 1, sign32(-2)},
  };
  for (const Case& c : cases) {
    Expr shown;
    shown.op = c.op;
    shown.a = constant(c.a, c.bits, c.is_signed);
    shown.b = constant(c.b, c.bits, c.is_signed);
    // Comparisons are ints whatever they compare.
    const bool is_comparison = c.op >= Op::less && c.op <= Op::not_equal;
    EXPECT_EQ(run(c.op, c.bits, c.is_signed, c.a, c.b), c.result)
        << to_text(shown) << is_comparison;
  }
}

TEST(Evaluate, NegationOfTheMostNegativeNumberIsItself) {
  One one;
  one.values = {kMin32, kMin64, 0};
  Expr e;
  e.op = Op::negate;
  e.a = argument(0, 32, true);
  EXPECT_EQ(evaluate(e, one), sign32(kMin32));
  e.bits = 64;
  e.a = argument(1, 64, true);
  EXPECT_EQ(evaluate(e, one), kMin64);
}

TEST(Evaluate, ArgumentsAreExtendedFromTheirType) {
  One one;
  one.values = {0x1234'5678'9abc'def0, 0, 0};
  EXPECT_EQ(evaluate(*argument(0, 8, false), one), 0xf0U);
  EXPECT_EQ(evaluate(*argument(0, 8, true), one), extend(0xf0, 8, true));
  EXPECT_EQ(evaluate(*argument(0, 16, true), one), extend(0xdef0, 16, true));
  EXPECT_EQ(evaluate(*argument(0, 32, false), one), 0x9abc'def0U);
  EXPECT_EQ(evaluate(*argument(0, 64, true), one), 0x1234'5678'9abc'def0U);
}

TEST(Evaluate, LoadsTakeTheirBitField) {
  One one;
  one.memory = 0xffff'ffff'ffff'ff6a;  // what lies above the load's bytes does not count
  Expr e;
  e.op = Op::load;
  e.a = argument(0, 64, false);
  e.load_bytes = 1;
  e.is_signed = false;
  EXPECT_EQ(evaluate(e, one), 0x6aU);
  e.bit_shift = 3;
  e.bit_size = 4;
  EXPECT_EQ(evaluate(e, one), 0xdU);
  e.is_signed = true;
  EXPECT_EQ(evaluate(e, one), sign32(-3));
  e.load_bytes = 8;
  e.bits = 64;
  e.bit_shift = 0;
  e.bit_size = 64;
  EXPECT_EQ(evaluate(e, one), one.memory);
}

TEST(Evaluate, StringsAreEqualUpToTheirEnd) {
  One one;
  Expr place;
  place.op = Op::member_bytes;
  place.count = 4;
  Expr e;
  e.op = Op::string_equal;
  e.a = std::make_shared<const Expr>(place);
  e.text = "ab";
  one.text = "ab";
  EXPECT_EQ(evaluate(e, one), 1U);
  one.text = "abc";
  EXPECT_EQ(evaluate(e, one), 0U);
  one.text = "a";
  EXPECT_EQ(evaluate(e, one), 0U);
  one.text = "ab";
  one.readable = false;
  EXPECT_EQ(evaluate(e, one), 0U);
  one.readable = true;
  one.text = "abcd and no end";  // the array is full: it has no NUL
  e.text = "abcd";
  EXPECT_EQ(evaluate(e, one), 1U);
}

TEST(IsAlways, IsAboutConstants) {
  EXPECT_TRUE(is_always(constant(2, 32, true)));
  EXPECT_FALSE(is_always(constant(0, 32, true)));
  EXPECT_FALSE(is_always(nullptr));
  EXPECT_FALSE(is_always(argument(0, 32, true)));
  EXPECT_TRUE(is_never(nullptr));
  EXPECT_TRUE(is_never(constant(0, 64, false)));
  EXPECT_FALSE(is_never(constant(1, 64, false)));
  EXPECT_FALSE(is_never(argument(0, 32, true)));
}

RC_GTEST_PROP(ConvertChanges, IsFalseOnlyWhereNothingChanges, (std::uint64_t value)) {
  One one;
  one.values = {value, value, value};
  for (const unsigned from : {8U, 16U, 32U, 64U}) {
    for (const bool from_signed : {true, false}) {
      for (const unsigned to : {8U, 16U, 32U, 64U}) {
        for (const bool to_signed : {true, false}) {
          Expr convert;
          convert.op = Op::convert;
          convert.bits = static_cast<std::uint8_t>(to);
          convert.is_signed = to_signed;
          for (const ExprPtr& a :
               {argument(0, from, from_signed), constant(value, from, from_signed)}) {
            convert.a = a;
            if (!convert_changes(convert)) RC_ASSERT(evaluate(convert, one) == evaluate(*a, one));
          }
        }
      }
    }
  }
}

TEST(ConvertChanges, KnowsWhatIsSmall) {
  Expr field;
  field.op = Op::load;
  field.is_signed = false;
  field.load_bytes = 4;
  field.bit_size = 3;
  Expr convert;
  convert.op = Op::convert;
  convert.a = std::make_shared<const Expr>(field);
  EXPECT_FALSE(convert_changes(convert));  // three bits fit an int
  field.bit_size = 0;
  convert.a = std::make_shared<const Expr>(field);
  EXPECT_TRUE(convert_changes(convert));
  Expr truth;
  truth.op = Op::less;
  convert.a = std::make_shared<const Expr>(truth);
  convert.bits = 8;
  EXPECT_FALSE(convert_changes(convert));
}

}  // namespace
}  // namespace swerve
