// model/dot_lexer.h - the words of a DOT text. For dot_parser.cc only; the grammar stands in its
// header.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

namespace swerve::dot {

/// A place within the one text that is read; Place without the file.
struct At {
  unsigned line = 1;
  unsigned column = 1;
  friend auto operator<=>(const At&, const At&) = default;
};

struct Token {
  enum class Kind {
    end,
    name,    // bare: a name or a number
    quoted,  // `text` is what stands between the quotes, as written
    arrow,
    line,  // "--"
    open_brace,
    close_brace,
    open_bracket,
    close_bracket,
    semicolon,
    comma,
    equals,
    colon,
    plus,
    broken,  // a slip that the lexer has reported already
    other,   // a character that has no place in the language
  };
  Kind kind = Kind::end;
  std::string_view text;  // points into the text that is read
  At at;
  bool first_on_line = false;

  bool is_id() const { return kind == Kind::name || kind == Kind::quoted; }
};

/// One pass over a text. Never fails: what is no token becomes Kind::other or, with one message
/// through the sink, Kind::broken. At the end it gives Kind::end for ever.
class Lexer {
 public:
  /// Where a message goes; a function and a pointer, since the parser is the only user.
  using Complain = void (*)(void* sink, At at, std::string message);

  Lexer(std::string_view text, Complain complain, void* sink);
  Token next();

 private:
  char peek(std::size_t ahead = 0) const;
  void step();  // one character on, counting lines and columns
  bool skip_blanks();
  void skip_line();
  Token quoted(Token token);
  Token html(Token token);
  Token finish(Token token, Token::Kind kind, std::size_t start);

  std::string_view text_;
  std::size_t position_ = 0;
  At at_;
  bool line_is_blank_ = true;  // nothing but blanks on this line so far
  bool open_html_ = false;     // a '<' was met that no '>' closes
  Complain complain_;
  void* sink_;
};

}  // namespace swerve::dot
