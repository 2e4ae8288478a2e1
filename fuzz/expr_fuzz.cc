// expr_fuzz - any bytes as an expression: parse_expr() promises a value exactly when there is no
// error, places inside of the text, and a tree that prints, reads again, and evaluates.
#include <cstdint>
#include <cstdlib>

#include "bind/expr_parser.h"
#include "bind/fake_catalog_test.h"
#include "swerve/base/check.h"

namespace swerve {
namespace {

// Memory of which half can be read; what it holds depends on where.
class Noise final : public Operands {
 public:
  explicit Noise(std::uint64_t seed) : seed_(seed) {}
  std::uint64_t argument(std::uint64_t number) const override { return mixed(number); }
  std::uint64_t builtin(Expr::Builtin which) const override {
    return mixed(100 + static_cast<std::uint64_t>(which));
  }
  std::uint64_t load(const Expr& load) const override {
    return mixed(evaluate(*load.a, *this) + load.offset);
  }
  bool bytes(const Expr& place, std::size_t count, std::string& out) const override {
    const Expr& pointer = place.op == Expr::Op::member_bytes ? *place.a : place;
    out.assign(count, 'x');
    return (evaluate(pointer, *this) & 1) != 0;
  }

 private:
  std::uint64_t mixed(std::uint64_t x) const {
    x = (x ^ seed_) * 0x9e37'79b9'7f4a'7c15U;
    return (x & 0x300) == 0 ? 0 : x ^ x >> 29;
  }
  std::uint64_t seed_;
};

void check(std::string_view input) {
  static const fake::Catalog catalog;
  static const Signature signatures[] = {
      catalog.signature(parse_probe("tracepoint:sched_switch").value()).value(),
      catalog.signature(parse_probe("tracepoint:numbers").value()).value(),
      catalog.signature(parse_probe("syscall:openat:exit").value()).value(),
      catalog.signature(parse_probe("fentry:odd").value()).value()};
  if (input.empty()) return;
  const auto choice = static_cast<unsigned char>(input[0]);
  const Signature* const signature = (choice & 8) != 0 ? nullptr : &signatures[choice & 3];
  const Promotion promotion = (choice & 4) != 0 ? Promotion::to_64_bit : Promotion::to_int;
  input.remove_prefix(1);

  const auto parse = [&](std::string text) {
    return parse_expr({std::move(text), {"f", 1, 1}, {}}, catalog, signature, promotion);
  };
  const TypedExpr typed = parse(std::string(input));
  for (const Diagnostic& d : typed.diagnostics) {
    SWERVE_CHECK(d.place.column >= 1 && d.place.column <= input.size() + 1,
                 "a place outside of the text");
    SWERVE_CHECK(d.message.find('\n') == std::string::npos, "a message of several lines");
  }
  if (signature == nullptr && typed.expr == nullptr) return;
  SWERVE_CHECK((typed.expr != nullptr) == typed.diagnostics.empty(),
               "a value without or despite errors");
  if (typed.expr == nullptr) return;

  const std::string text = to_text(*typed.expr);
  const TypedExpr again = parse(text);
  // What is printed has more parentheses, so it may nest too deep.
  if (again.expr == nullptr) {
    SWERVE_CHECK(again.diagnostics.at(0).message.find("levels deep") != std::string::npos,
                 "it reads what it prints");
    return;
  }
  SWERVE_CHECK(promotion == Promotion::to_64_bit || to_text(*again.expr) == text,
               "the same text when read again");
  for (const std::uint64_t seed : {0ULL, 0x1234'5678'9abc'def0ULL}) {
    const std::uint64_t value = evaluate(*typed.expr, Noise(seed));
    SWERVE_CHECK(extend(value, typed.expr->bits, typed.expr->is_signed) == value,
                 "a value extended from its type");
    // A lone null pointer prints as 0, an int.
    SWERVE_CHECK(value == evaluate(*again.expr, Noise(seed)), "the same value when read again");
  }
}

}  // namespace
}  // namespace swerve

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  swerve::check(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
