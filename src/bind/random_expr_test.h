// bind/random_expr_test.h - for tests: random expressions over the arguments of tracepoint:numbers
// (fake_catalog_test.h).
//
// A row of random numbers becomes an expression's text and, at the same time, its value: computed
// with the native C++ types, whose promotions and conversions are the compiler's.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/text.h"

namespace swerve::fake {

using Native = std::variant<bool, signed char, unsigned char, short, unsigned short, int, unsigned,
                            long, unsigned long>;

template <typename T>
std::string text_of(T value) {
  if constexpr (std::is_same_v<T, int>) {
    if (value == std::numeric_limits<int>::min()) return "(-2147483647 - 1)";
    return value < 0 ? cat("(", value, ")") : cat(value);
  } else if constexpr (std::is_same_v<T, unsigned>) {
    return cat(value, "u");
  } else if constexpr (std::is_same_v<T, long>) {
    if (value == std::numeric_limits<long>::min()) return "(-9223372036854775807 - 1)";
    return value < 0 ? cat("(", value, "l)") : cat(value, "l");
  } else {
    return cat(value, "ul");
  }
}

struct Sample {
  std::string text;
  Native value;
};

class Maker {
 public:
  /// `wide`: of keys, which are computed in 64 bits.
  Maker(const std::vector<std::uint32_t>& choices, bool wide) : choices_(choices), wide_(wide) {
    for (std::uint64_t& a : arguments) a = number();
  }

  // The arguments of tracepoint:numbers, as raw words; their upper bits are noise.
  std::vector<std::uint64_t> arguments = std::vector<std::uint64_t>(11);

  Sample expression(int depth) {
    const std::uint32_t what = depth == 0 ? pick(2) : pick(12);
    switch (what) {
      case 0:
        return argument();
      case 1:
        return literal();
      case 2:
      case 3:
        return unary(depth);
      case 4:
        return cast(depth);
      case 5: {
        const Sample a = expression(depth - 1), b = expression(depth - 1),
                     c = expression(depth - 1);
        return {cat("(", a.text, " ? ", b.text, " : ", c.text, ")"),
                conditional(a.value, b.value, c.value)};
      }
      default:
        return binary(depth);
    }
  }

 private:
  std::uint32_t next() { return at_ < choices_.size() ? choices_[at_++] : 0; }
  std::uint32_t pick(std::uint32_t count) { return next() % count; }

  // Numbers at the edges are likelier than others.
  std::uint64_t number() {
    static constexpr std::uint64_t kEdges[] = {0,
                                               1,
                                               2,
                                               3,
                                               7,
                                               8,
                                               31,
                                               32,
                                               33,
                                               63,
                                               64,
                                               65,
                                               127,
                                               128,
                                               255,
                                               256,
                                               32767,
                                               32768,
                                               65535,
                                               65536,
                                               2147483647,
                                               2147483648,
                                               4294967295,
                                               4294967296,
                                               9223372036854775807U,
                                               9223372036854775808U};
    const std::uint32_t kind = pick(4);
    if (kind == 3) return std::uint64_t{next()} << 32 | next();
    const std::uint64_t edge = kEdges[pick(std::size(kEdges))];
    return kind == 2 ? 0 - edge : edge;
  }

  Sample argument() {
    const std::uint32_t which = pick(11);
    const std::uint64_t raw = arguments[which];
    const auto as = [&]<typename T>(const char* name, T) {
      return Sample{name, Native(static_cast<T>(raw))};
    };
    switch (which) {
      case 0:
        return as("i", int{});
      case 1:
        return as("u", unsigned{});
      case 2:
        return as("l", long{});
      case 3:
        return as("ul", 0UL);
      case 4:
        return as("c", static_cast<signed char>(0));
      case 5:
        return as("uc", static_cast<unsigned char>(0));
      case 6:
        return as("s", short{});
      case 7:
        return as("us", static_cast<unsigned short>(0));
      case 8:
        // A bool that is not 0 or 1 is none: the kernel gives those two only.
        arguments[8] &= 1;
        return {"b", Native(arguments[8] != 0)};
      case 9:
        return as("e", unsigned{});
      default:
        return as("be", int{});
    }
  }

  Sample literal() {
    const std::uint64_t value = number();
    const auto as = [](auto typed) { return Sample{text_of(typed), Native(typed)}; };
    switch (pick(4)) {
      case 0:
        return as(static_cast<int>(value));
      case 1:
        return as(static_cast<unsigned>(value));
      case 2:
        return as(static_cast<long>(value));
      default:
        return as(static_cast<unsigned long>(value));
    }
  }

  // f(x promoted)
  template <typename F>
  Native promoted(const Native& value, F f) const {
    return std::visit(
        [&](auto x) -> Native {
          if constexpr (sizeof x < 8) {
            if (wide_) return f(static_cast<long>(x));
          }
          return f(+x);
        },
        value);
  }

  // f(x, y), both of the type that C gives them in an operation
  template <typename F>
  Native together(const Native& a, const Native& b, F f) const {
    Native result;
    promoted(a, [&](auto x) {
      promoted(b, [&](auto y) {
        using T = decltype(x + y);
        result = f(static_cast<T>(x), static_cast<T>(y));
        return result;
      });
      return result;
    });
    return result;
  }

  static bool truth(const Native& value) {
    return std::visit([](auto x) { return x != 0; }, value);
  }

  Native conditional(const Native& a, const Native& b, const Native& c) const {
    return together(b, c, [&](auto x, auto y) -> Native { return truth(a) ? x : y; });
  }

  Sample unary(int depth) {
    const Sample a = expression(depth - 1);
    switch (pick(4)) {
      case 0:
        return {cat("(!", a.text, ")"), Native(int{!truth(a.value)})};
      case 1:
        return {cat("(~", a.text, ")"), promoted(a.value, [](auto x) -> Native { return ~x; })};
      case 2:
        return {cat("(+", a.text, ")"), promoted(a.value, [](auto x) -> Native { return x; })};
      default:
        return {cat("(-", a.text, ")"), promoted(a.value, [](auto x) -> Native {
                  decltype(x) result{};
                  (void)__builtin_sub_overflow(decltype(x){0}, x, &result);
                  return result;
                })};
    }
  }

  Sample cast(int depth) {
    const Sample a = expression(depth - 1);
    const auto to = [&]<typename T>(const char* name, T) {
      return Sample{cat("((", name, ")", a.text, ")"),
                    std::visit([](auto x) -> Native { return static_cast<T>(x); }, a.value)};
    };
    switch (pick(9)) {
      case 0:
        return to("u8", static_cast<unsigned char>(0));
      case 1:
        return to("s8", static_cast<signed char>(0));
      case 2:
        return to("u16", static_cast<unsigned short>(0));
      case 3:
        return to("short", short{});
      case 4:
        return to("unsigned", unsigned{});
      case 5:
        return to("int", int{});
      case 6:
        return to("unsigned long", 0UL);
      case 7:
        return to("long", long{});
      default:  // a comparison: an int, where C23 has a bool; both are promoted alike
        return {cat("((bool)", a.text, ")"), Native(int{truth(a.value)})};
    }
  }

  template <typename T>
  static T wrapped(char op, T a, T b) {
    T result{};
    if (op == '+') (void)__builtin_add_overflow(a, b, &result);
    if (op == '-') (void)__builtin_sub_overflow(a, b, &result);
    if (op == '*') (void)__builtin_mul_overflow(a, b, &result);
    return result;
  }
  template <typename T>
  static T divided(char op, T a, T b) {
    if (b == 0) return op == '/' ? T{0} : a;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return op == '/' ? wrapped<T>('-', 0, a) : T{0};
    }
    return op == '/' ? a / b : a % b;
  }

  Sample binary(int depth) {
    const Sample a = expression(depth - 1), b = expression(depth - 1);
    const auto made = [&](const char* sign, Native value) {
      return Sample{cat("(", a.text, " ", sign, " ", b.text, ")"), value};
    };
    const auto arithmetic = [&](const char* sign, auto f) {
      return made(sign,
                  together(a.value, b.value, [&](auto x, auto y) -> Native { return f(x, y); }));
    };
    const auto comparison = [&](const char* sign, auto f) {
      return made(
          sign, together(a.value, b.value, [&](auto x, auto y) -> Native { return int{f(x, y)}; }));
    };
    switch (pick(18)) {
      case 0:
        return arithmetic("+", [](auto x, auto y) { return wrapped('+', x, y); });
      case 1:
        return arithmetic("-", [](auto x, auto y) { return wrapped('-', x, y); });
      case 2:
        return arithmetic("*", [](auto x, auto y) { return wrapped('*', x, y); });
      case 3:
        return arithmetic("/", [](auto x, auto y) { return divided('/', x, y); });
      case 4:
        return arithmetic("%", [](auto x, auto y) { return divided('%', x, y); });
      case 5:
        return arithmetic("&", [](auto x, auto y) { return x & y; });
      case 6:
        return arithmetic("|", [](auto x, auto y) { return x | y; });
      case 7:
        return arithmetic("^", [](auto x, auto y) { return x ^ y; });
      case 8:
        return comparison("<", [](auto x, auto y) { return x < y; });
      case 9:
        return comparison("<=", [](auto x, auto y) { return x <= y; });
      case 10:
        return comparison(">", [](auto x, auto y) { return x > y; });
      case 11:
        return comparison(">=", [](auto x, auto y) { return x >= y; });
      case 12:
        return comparison("==", [](auto x, auto y) { return x == y; });
      case 13:
        return comparison("!=", [](auto x, auto y) { return x != y; });
      case 14:
        return made("&&", Native(int{truth(a.value) && truth(b.value)}));
      case 15:
        return made("||", Native(int{truth(a.value) || truth(b.value)}));
      default: {
        const bool left = pick(2) == 0;
        const unsigned long count =
            std::visit([](auto x) { return static_cast<unsigned long>(x); }, b.value);
        return made(left ? "<<" : ">>", promoted(a.value, [&](auto x) -> Native {
                      const unsigned long n = count % (sizeof x * 8);
                      using U = std::make_unsigned_t<decltype(x)>;
                      if (left) return static_cast<decltype(x)>(static_cast<U>(x) << n);
                      return static_cast<decltype(x)>(x >> n);
                    }));
      }
    }
  }

  const std::vector<std::uint32_t>& choices_;
  const bool wide_;
  std::size_t at_ = 0;
};

inline std::uint64_t raw(const Native& value) {
  return std::visit([](auto x) { return static_cast<std::uint64_t>(x); }, value);
}

// Long rows, since short ones make small expressions.
inline rc::Gen<std::vector<std::uint32_t>> choices() {
  return rc::gen::container<std::vector<std::uint32_t>>(160, rc::gen::arbitrary<std::uint32_t>());
}

}  // namespace swerve::fake
