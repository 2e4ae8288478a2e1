#include "bind/expr_lexer.h"

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace swerve {

namespace {
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

// The value of a digit in any base up to 16; 99 for what is none.
unsigned digit_value(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return 99;
}

// The longest first, so that the first that fits is C's token.
constexpr std::string_view kSigns[] = {
    "<<=", ">>=", "...", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=",
    "&&",  "||",  "+=",  "-=", "*=", "/=", "%=", "&=", "^=", "|=", "?",  ":",
    "|",   "^",   "&",   "<",  ">",  "+",  "-",  "*",  "/",  "%",  "!",  "~",
    "(",   ")",   "[",   "]",  ".",  ",",  "=",  ";",  "{",  "}"};
}  // namespace

ExprToken ExprLexer::token(ExprToken::Kind kind, std::size_t begin) const {
  ExprToken t;
  t.kind = kind;
  t.at = begin;
  t.spelling = text_.substr(begin, at_ - begin);
  return t;
}

ExprToken ExprLexer::wrong(std::size_t begin, std::string why) const {
  ExprToken t = token(ExprToken::Kind::wrong, begin);
  t.text = std::move(why);
  return t;
}

ExprToken ExprLexer::next() {
  std::size_t begin = at_;
  while (begin < text_.size() && is_blank(text_[begin])) ++begin;
  if (begin == text_.size()) return token(ExprToken::Kind::end, at_);  // where the last token ended
  at_ = begin;
  const char first = text_[begin];
  if (is_letter(first)) {
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    return token(ExprToken::Kind::name, begin);
  }
  if (is_digit(first) || (first == '.' && begin + 1 < text_.size() && is_digit(text_[begin + 1]))) {
    return number();
  }
  if (first == '\'') return character();
  if (first == '"') return string();
  const std::string_view rest = text_.substr(begin);
  if (rest.substr(0, 2) == "/*" || rest.substr(0, 2) == "//") {
    at_ += 2;
    return wrong(begin, "there are no comments in an expression");
  }
  for (const std::string_view sign : kSigns) {
    if (rest.substr(0, sign.size()) == sign) {
      at_ += sign.size();
      return token(ExprToken::Kind::sign, begin);
    }
  }
  ++at_;
  while (at_ < text_.size() && (static_cast<unsigned char>(text_[at_]) & 0xc0) == 0x80) ++at_;
  return wrong(
      begin, cat("unexpected character '", swerve::escape(text_.substr(begin, at_ - begin)), "'"));
}

ExprToken ExprLexer::number() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]) || text_[at_] == '.'))
    ++at_;
  const std::string_view all = text_.substr(begin, at_ - begin);
  const auto complain = [&](std::string_view why) {
    return wrong(begin, cat("'", all, "' ", why));
  };

  unsigned base = 10;
  std::string_view digits = all;
  const auto starts = [&](char low, char high) {
    return all.size() > 1 && all[0] == '0' && (all[1] == low || all[1] == high);
  };
  if (starts('x', 'X')) {
    base = 16;
    digits.remove_prefix(2);
  } else if (starts('b', 'B')) {
    base = 2;
    digits.remove_prefix(2);
  } else if (all.size() > 1 && all[0] == '0' && is_digit(all[1])) {
    base = 8;
    digits.remove_prefix(1);
  }
  std::size_t count = 0;
  while (count < digits.size() && digit_value(digits[count]) < (base == 16 ? 16U : 10U)) ++count;
  const std::string_view suffix = digits.substr(count);
  digits = digits.substr(0, count);
  if (all.find('.') != std::string_view::npos ||
      (base == 10 && !suffix.empty() && (suffix[0] == 'e' || suffix[0] == 'E'))) {
    return complain("is not an integer; expressions have no floating point");
  }

  std::string lower(suffix);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const bool is_unsigned =
      lower == "u" || lower == "ul" || lower == "lu" || lower == "ull" || lower == "llu";
  const bool is_long = lower == "l" || lower == "ll" || (is_unsigned && lower.size() > 1);
  if (!suffix.empty() && !is_unsigned && !is_long) return complain("is not a number");
  if (digits.empty() && base != 8) return complain("is not a number");

  ExprToken t = token(ExprToken::Kind::number, begin);
  for (const char c : digits) {
    const unsigned digit = digit_value(c);
    if (digit >= base) {
      return complain(base == 8 ? "starts with 0, so it is octal, where no digit is above 7"
                                : "is binary, where digits are 0 and 1");
    }
    if (t.value > (std::numeric_limits<std::uint64_t>::max() - digit) / base) {
      return complain("does not fit 64 bits");
    }
    t.value = t.value * base + digit;
  }
  // C 6.4.4.1: the first type of the list that holds the value; only unsuffixed decimals skip the
  // unsigned ones.
  const bool signed_allowed = !is_unsigned, unsigned_allowed = is_unsigned || base != 10;
  const auto fits = [&](unsigned bits, bool is_signed) {
    if (is_signed ? !signed_allowed : !unsigned_allowed) return false;
    if (bits == 32 && is_long) return false;
    return bits - (is_signed ? 1U : 0U) >= 64 || t.value >> (bits - (is_signed ? 1U : 0U)) == 0;
  };
  for (const unsigned bits : {32U, 64U}) {
    for (const bool is_signed : {true, false}) {
      if (!fits(bits, is_signed)) continue;
      t.bits = bits;
      t.is_signed = is_signed;
      return t;
    }
  }
  return complain("does not fit a signed 64-bit integer; the suffix u makes it unsigned");
}

bool ExprLexer::escape(std::string& out, std::string& complaint) {
  const char c = at_ < text_.size() ? text_[at_++] : '\0';
  static constexpr std::string_view kNamed = "abefnrtv\\'\"?",
                                    kMeaning = "\a\b\x1b\f\n\r\t\v\\'\"?";
  if (const std::size_t named = kNamed.find(c); named != std::string_view::npos) {
    out += kMeaning[named];
    return true;
  }
  unsigned value = 0;
  std::size_t count = 0;
  if (c == 'x') {
    for (; at_ < text_.size() && digit_value(text_[at_]) < 16; ++at_, ++count) {
      value = std::min(value * 16 + digit_value(text_[at_]), 256U);
    }
  } else if (digit_value(c) < 8) {
    --at_;
    for (; at_ < text_.size() && count < 3 && digit_value(text_[at_]) < 8; ++at_, ++count) {
      value = value * 8 + digit_value(text_[at_]);
    }
  }
  if (count == 0) {
    complaint = c == 'x'
                    ? "'\\x' needs hexadecimal digits"
                    : cat("no escape sequence '\\", swerve::escape(std::string_view(&c, 1)), "'");
    return false;
  }
  if (value > 255) {
    complaint = "the escape sequence is above 255, the greatest byte";
    return false;
  }
  out += static_cast<char>(static_cast<unsigned char>(value));
  return true;
}

std::optional<ExprToken> ExprLexer::quoted(char quote, std::string_view unclosed,
                                           std::string& bytes) {
  const std::size_t begin = at_++;
  std::string complaint;
  std::size_t complaint_at = begin;
  while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
    const std::size_t here = at_;
    const char c = text_[at_++];
    if (c != '\\') {
      bytes += c;
    } else if (std::string why; !escape(bytes, why) && complaint.empty()) {
      complaint = why;
      complaint_at = here;
    }
  }
  if (at_ >= text_.size() || text_[at_] != quote) return wrong(begin, std::string(unclosed));
  ++at_;
  if (!complaint.empty()) return wrong(complaint_at, complaint);
  return std::nullopt;
}

ExprToken ExprLexer::character() {
  const std::size_t begin = at_;
  std::string bytes;
  if (auto bad = quoted('\'', "a character without its closing '", bytes)) return *std::move(bad);
  if (bytes.size() != 1) {
    return wrong(begin, bytes.empty()
                            ? "no character between the quotes"
                            : "more than one character between single quotes; a string has \"");
  }
  ExprToken t = token(ExprToken::Kind::number, begin);
  t.value =
      static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<signed char>(bytes[0])));
  return t;
}

ExprToken ExprLexer::string() {
  const std::size_t begin = at_;
  std::string bytes;
  if (auto bad = quoted('"', "a string without its closing \"", bytes)) return *std::move(bad);
  ExprToken t = token(ExprToken::Kind::text, begin);
  t.text = std::move(bytes);
  return t;
}

}  // namespace swerve
