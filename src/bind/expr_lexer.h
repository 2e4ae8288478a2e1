// bind/expr_lexer.h - the words of an expression: names, numbers, strings and C's operators.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace swerve {

struct ExprToken {
  enum class Kind { end, name, number, text, sign, wrong };
  Kind kind = Kind::end;
  std::string_view spelling;
  std::size_t at = 0;  // offset in the expression

  // number: its value and C's type for it
  std::uint64_t value = 0;
  unsigned bits = 32;
  bool is_signed = true;
  // text: the literal's bytes; wrong: what is wrong with it
  std::string text;

  bool is(std::string_view sign) const { return kind == Kind::sign && spelling == sign; }
};

/// Cuts an expression into tokens, the longest that C knows each time; after the last come `end`
/// tokens, which stand where it ended. Operators that the language does not have (=, ++, +=, ...)
/// are signs, too: the parser says so.
class ExprLexer {
 public:
  explicit ExprLexer(std::string_view text) : text_(text) {}
  ExprToken next();

 private:
  ExprToken number();
  // Reads what stands between two `quote`s into `bytes`; the error, where it is not well formed.
  std::optional<ExprToken> quoted(char quote, std::string_view unclosed, std::string& bytes);
  ExprToken character();
  ExprToken string();
  /// Reads one escape sequence after its backslash; false when it is none.
  bool escape(std::string& out, std::string& complaint);
  ExprToken token(ExprToken::Kind kind, std::size_t begin) const;
  ExprToken wrong(std::size_t begin, std::string why) const;

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace swerve
