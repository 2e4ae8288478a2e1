// Random expressions, against what the compiler's own integers compute.
//
// The generator (random_expr_test.h) computes with the native C++ types. The two know nothing of
// each other but the table of edge cases.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <type_traits>

#include "bind/expr_parser.h"
#include "bind/fake_catalog_test.h"
#include "bind/random_expr_test.h"

namespace swerve {
namespace {

void check(const std::vector<std::uint32_t>& choices, Promotion promotion) {
  static const fake::Catalog catalog;
  static const Signature signature =
      catalog.signature(parse_probe("tracepoint:numbers").value()).value();
  fake::Maker maker(choices, promotion == Promotion::to_64_bit);
  const fake::Sample sample = maker.expression(5);

  const auto parse = [&](const std::string& text) {
    TypedExpr typed = parse_expr({text, {"x", 1, 1}, {}}, catalog, &signature, promotion);
    if (!typed.expr) RC_FAIL(text + "\n" + typed.diagnostics.at(0).to_string());
    return typed.expr;
  };
  const ExprPtr expr = parse(sample.text);
  fake::Event event;
  event.arguments = maker.arguments;
  const std::uint64_t got = evaluate(*expr, event);
  if (got != fake::raw(sample.value)) {
    RC_FAIL(cat(sample.text, "\nread as ", to_text(*expr), "\ngives ", got, ", not ",
                fake::raw(sample.value)));
  }
  if (promotion == Promotion::to_int) {
    const unsigned bytes =
        std::visit([](auto x) { return static_cast<unsigned>(sizeof x); }, sample.value);
    RC_ASSERT(unsigned{expr->bits} == bytes * 8);
    const bool is_signed =
        std::visit([](auto x) { return std::is_signed_v<decltype(x)>; }, sample.value);
    RC_ASSERT(expr->is_signed == is_signed);
  }
  const ExprPtr again = parse(to_text(*expr));
  RC_ASSERT(evaluate(*again, event) == got);
  // In a key -1 is longer than the int that prints as (-1).
  if (promotion == Promotion::to_int) RC_ASSERT(to_text(*again) == to_text(*expr));
}

TEST(RandomExpr, ComputesWhatTheCompilerDoes) {
  EXPECT_TRUE(rc::check([] {
    for (int repeat = 0; repeat < 50; ++repeat) check(*fake::choices(), Promotion::to_int);
  }));
}

TEST(RandomExpr, ComputesKeysIn64Bits) {
  EXPECT_TRUE(rc::check([] {
    for (int repeat = 0; repeat < 50; ++repeat) check(*fake::choices(), Promotion::to_64_bit);
  }));
}

}  // namespace
}  // namespace swerve
