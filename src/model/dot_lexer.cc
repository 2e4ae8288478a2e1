#include "model/dot_lexer.h"

#include <string>
#include <utility>

namespace swerve::dot {

namespace {
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What a bare name is made of. More than Graphviz takes ("a.b", "1a"), so that it becomes one
// message about one name.
bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '.' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}
}  // namespace

Lexer::Lexer(std::string_view text, Complain complain, void* sink)
    : text_(text), complain_(complain), sink_(sink) {
  if (text_.starts_with("\xef\xbb\xbf")) position_ = 3;  // a byte-order mark
}

char Lexer::peek(std::size_t ahead) const {
  return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
}

void Lexer::step() {
  if (text_[position_] == '\n') {
    ++at_.line;
    at_.column = 1;
    line_is_blank_ = true;
  } else {
    ++at_.column;
  }
  ++position_;
}

void Lexer::skip_line() {
  while (position_ < text_.size() && text_[position_] != '\n') step();
}

// Blanks and comments. False when a comment is not closed, which is reported.
bool Lexer::skip_blanks() {
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (is_blank(c)) {
      step();
    } else if ((c == '#' && line_is_blank_) || (c == '/' && peek(1) == '/')) {
      skip_line();
    } else if (c == '/' && peek(1) == '*') {
      const At start = at_;
      const std::size_t end = text_.find("*/", position_ + 2);
      const std::size_t stop = end == std::string_view::npos ? text_.size() : end + 2;
      while (position_ < stop) step();
      if (end == std::string_view::npos) {
        complain_(sink_, start, "the comment is not closed with '*/'");
        return false;
      }
    } else {
      return true;
    }
  }
  return true;
}

Token Lexer::finish(Token token, Token::Kind kind, std::size_t start) {
  token.kind = kind;
  token.text = text_.substr(start, position_ - start);
  return token;
}

Token Lexer::next() {
  const bool comments_closed = skip_blanks();
  Token token;
  token.at = at_;
  token.first_on_line = line_is_blank_;
  if (!comments_closed) return finish(token, Token::Kind::broken, position_);
  if (position_ >= text_.size()) return finish(token, Token::Kind::end, text_.size());

  line_is_blank_ = false;
  const std::size_t start = position_;
  const char c = peek();
  if (c == '"') return quoted(token);
  if (c == '<') return html(token);
  if (is_name_char(c) || (c == '-' && (is_digit(peek(1)) || peek(1) == '.'))) {
    step();
    while (position_ < text_.size() && is_name_char(peek())) step();
    return finish(token, Token::Kind::name, start);
  }
  if (c == '-' && (peek(1) == '>' || peek(1) == '-')) {
    const Token::Kind kind = peek(1) == '>' ? Token::Kind::arrow : Token::Kind::line;
    step();
    step();
    return finish(token, kind, start);
  }
  step();
  switch (c) {
    case '{':
      return finish(token, Token::Kind::open_brace, start);
    case '}':
      return finish(token, Token::Kind::close_brace, start);
    case '[':
      return finish(token, Token::Kind::open_bracket, start);
    case ']':
      return finish(token, Token::Kind::close_bracket, start);
    case ';':
      return finish(token, Token::Kind::semicolon, start);
    case ',':
      return finish(token, Token::Kind::comma, start);
    case '=':
      return finish(token, Token::Kind::equals, start);
    case ':':
      return finish(token, Token::Kind::colon, start);
    case '+':
      return finish(token, Token::Kind::plus, start);
    default:
      return finish(token, Token::Kind::other, start);
  }
}

// A string ends on its line: an open quote would otherwise take the rest of the file with it, and
// the message would come far from the slip.
Token Lexer::quoted(Token token) {
  step();
  const std::size_t start = position_;
  while (position_ < text_.size() && peek() != '\n') {
    if (peek() == '"') {
      token = finish(token, Token::Kind::quoted, start);
      step();
      return token;
    }
    if (peek() == '\\' && position_ + 1 < text_.size() && peek(1) != '\n') step();
    step();
  }
  complain_(sink_, token.at, "the string is not closed with '\"' on its line");
  return finish(token, Token::Kind::broken, start);
}

// Passes over "<...>" with what is nested in it; over the '<' alone where it is not closed.
Token Lexer::html(Token token) {
  complain_(sink_, token.at, "HTML strings are not supported; write a quoted string");
  const std::size_t start = position_;
  std::size_t depth = 0;
  std::size_t end = position_;
  for (; end < text_.size() && !open_html_; ++end) {
    if (text_[end] == '<') ++depth;
    if (text_[end] == '>' && --depth == 0) break;
  }
  // Once one is not closed the search is not made again: many of them would cost the square of the
  // text.
  if (end == text_.size()) open_html_ = true;
  const std::size_t stop = open_html_ ? position_ + 1 : end + 1;
  while (position_ < stop) step();
  line_is_blank_ = false;
  return finish(token, Token::Kind::broken, start);
}

}  // namespace swerve::dot
