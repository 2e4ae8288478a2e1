// swerve/model/dot_language.h - the words of a model file, and what its labels and shapes say: what
// dot() (dot.h) and parse_dot() (dot_parser.h) share, so that they read one language.
//
// For these two; the grammar stands in dot_parser.h. Everything here also works in constant
// expressions, whose steps compilers limit: hence plain loops over plain pointers.
#pragma once

#include <cstddef>
#include <string_view>

#include "swerve/base/nearest.h"

namespace swerve::dot_language {

/// A longer text is refused.
inline constexpr std::size_t kMostBytes = 4U << 20;
/// Groups may be nested so deep.
inline constexpr std::size_t kDeepestScope = 100;

/// A place within the one text that is read. Lines and columns count from 1; columns count bytes.
/// Line 0 is the text as a whole.
struct At {
  unsigned line = 1;
  unsigned column = 1;
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
    open_comment,  // is not closed; goes to the end
    open_string,   // is not closed on its line
    html,          // "<...>", or the '<' alone where it is not closed
    other,         // a character that has no place in the language
  };
  Kind kind = Kind::end;
  std::string_view text;  // points into the text that is read
  At at;
  bool first_on_line = false;

  constexpr bool is_id() const { return kind == Kind::name || kind == Kind::quoted; }
  /// What no text may hold, wherever it stands.
  constexpr bool is_broken() const {
    return kind == Kind::open_comment || kind == Kind::open_string || kind == Kind::html;
  }
};

/// Blanks within a line.
constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// What a bare name is made of. More than Graphviz takes ("a.b", "1a"), so that it becomes one
/// message about one name.
constexpr bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '.' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// One pass over a text. Never fails. At the end it gives Kind::end for ever.
class Lexer {
 public:
  constexpr explicit Lexer(std::string_view text) : text_(text.data()), size_(text.size()) {
    if (text.starts_with("\xef\xbb\xbf")) position_ = line_start_ = 3;  // a byte-order mark
  }

  constexpr Token next() {
    if (!skip_blanks()) return finish(Token::Kind::open_comment, size_);
    token_.at = here();
    token_.first_on_line = line_is_blank_;
    if (position_ >= size_) return finish(Token::Kind::end, size_);
    line_is_blank_ = false;
    const std::size_t start = position_;
    const char c = text_[start];
    if (c == '"') return quoted();
    if (c == '<') return html();
    ++position_;
    if (is_name_char(c) || (c == '-' && (is_digit(peek()) || peek() == '.'))) {
      while (position_ < size_ && is_name_char(text_[position_])) ++position_;
      return finish(Token::Kind::name, start);
    }
    if (c == '-' && (peek() == '>' || peek() == '-')) {
      ++position_;
      return finish(text_[start + 1] == '>' ? Token::Kind::arrow : Token::Kind::line, start);
    }
    return finish(mark(c), start);
  }

 private:
  static constexpr Token::Kind mark(char c) {
    switch (c) {
      case '{':
        return Token::Kind::open_brace;
      case '}':
        return Token::Kind::close_brace;
      case '[':
        return Token::Kind::open_bracket;
      case ']':
        return Token::Kind::close_bracket;
      case ';':
        return Token::Kind::semicolon;
      case ',':
        return Token::Kind::comma;
      case '=':
        return Token::Kind::equals;
      case ':':
        return Token::Kind::colon;
      case '+':
        return Token::Kind::plus;
      default:
        return Token::Kind::other;
    }
  }

  // The character at the current position, or after it; 0 where the text has ended.
  constexpr char peek(std::size_t ahead = 0) const {
    return position_ + ahead < size_ ? text_[position_ + ahead] : '\0';
  }

  constexpr At here() const { return {line_, static_cast<unsigned>(position_ - line_start_ + 1)}; }

  constexpr Token finish(Token::Kind kind, std::size_t start) {
    token_.kind = kind;
    token_.text = std::string_view(text_ + start, position_ - start);
    return token_;
  }

  // On to `stop`, which is not before the current position, counting lines.
  constexpr void pass_to(std::size_t stop) {
    for (; position_ < stop; ++position_) {
      if (text_[position_] == '\n') new_line();
    }
  }
  constexpr void new_line() {
    ++line_;
    line_start_ = position_ + 1;
    line_is_blank_ = true;
  }

  // Blanks and comments. False when a comment is not closed; the token's place is then its start.
  constexpr bool skip_blanks() {
    while (position_ < size_) {
      const char c = text_[position_];
      if (c == '\n') {
        new_line();
        ++position_;
      } else if (is_blank(c)) {
        ++position_;
      } else if ((c == '#' && line_is_blank_) || (c == '/' && peek(1) == '/')) {
        while (position_ < size_ && text_[position_] != '\n') ++position_;
      } else if (c == '/' && peek(1) == '*') {
        token_.at = here();
        token_.first_on_line = line_is_blank_;
        std::size_t end = position_ + 2;
        while (end + 1 < size_ && !(text_[end] == '*' && text_[end + 1] == '/')) ++end;
        const bool closed = end + 1 < size_;
        pass_to(closed ? end + 2 : size_);
        if (!closed) return false;
      } else {
        return true;
      }
    }
    return true;
  }

  // A string ends on its line: an open quote would otherwise take the rest of the file with it, and
  // the message would come far from the slip.
  constexpr Token quoted() {
    ++position_;
    const std::size_t start = position_;
    while (position_ < size_ && text_[position_] != '\n') {
      if (text_[position_] == '"') {
        const Token token = finish(Token::Kind::quoted, start);
        ++position_;
        return token;
      }
      if (text_[position_] == '\\' && position_ + 1 < size_ && peek(1) != '\n') ++position_;
      ++position_;
    }
    return finish(Token::Kind::open_string, start);
  }

  // Passes over "<...>" with what is nested in it; over the '<' alone where it is not closed.
  constexpr Token html() {
    const std::size_t start = position_;
    std::size_t depth = 0;
    std::size_t end = position_;
    for (; end < size_ && !open_html_; ++end) {
      if (text_[end] == '<') ++depth;
      if (text_[end] == '>' && --depth == 0) break;
    }
    // Once one is not closed the search is not made again: many of them would cost the square of
    // the text.
    if (end == size_) open_html_ = true;
    pass_to(open_html_ ? position_ + 1 : end + 1);
    line_is_blank_ = false;
    return finish(Token::Kind::html, start);
  }

  const char* text_;
  std::size_t size_;
  std::size_t position_ = 0;
  unsigned line_ = 1;
  std::size_t line_start_ = 0;
  bool line_is_blank_ = true;  // nothing but blanks on this line so far
  bool open_html_ = false;     // a '<' was met that no '>' closes
  Token token_;                // the one that is being read
};

constexpr bool is_keyword(const Token& token, std::string_view keyword) {
  if (token.kind != Token::Kind::name || token.text.size() != keyword.size()) return false;
  const char* const text = token.text.data();
  for (std::size_t i = 0; i < keyword.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != keyword.data()[i]) return false;
  }
  return true;
}

constexpr bool is_defaults_keyword(const Token& token) {
  return is_keyword(token, "node") || is_keyword(token, "edge") || is_keyword(token, "graph");
}

/// Whether the line that starts at `token` is a statement, and so no part of an open list. `next`
/// is the token after it.
constexpr bool begins_statement(const Token& token, const Token& next) {
  using Kind = Token::Kind;
  if (!token.first_on_line) return false;
  if (!token.is_id()) return token.kind == Kind::close_brace || token.kind == Kind::open_brace;
  return next.kind == Kind::arrow || next.kind == Kind::line || next.kind == Kind::open_bracket ||
         next.kind == Kind::semicolon;
}

constexpr std::string_view trimmed(std::string_view text) {
  const char* const data = text.data();
  std::size_t first = 0;
  std::size_t last = text.size();
  while (first < last && is_blank(data[first])) ++first;
  while (last > first && is_blank(data[last - 1])) --last;
  return {data + first, last - first};
}

/// The attribute that was meant by one that means nothing here and looks like one that does; empty
/// for drawing. Graphviz has "xlabel".
constexpr std::string_view meant_attribute(std::string_view name) {
  constexpr std::string_view kMeaningful[] = {"label", "shape"};
  return name == "xlabel" ? std::string_view() : nearest(name, kMeaningful);
}

constexpr bool is_final_shape(std::string_view shape) {
  const std::string_view name = trimmed(shape);
  return name == "doublecircle" || name == "ellipse";
}

/// False for the label of a state that says nothing: "\N" is Graphviz's own default, the name of
/// the node.
constexpr bool says_something(std::string_view label) {
  const std::string_view text = trimmed(label);
  return !text.empty() && text != "\\N";
}

/// An attribute's value, or a part of one, with its place.
struct Value {
  std::string_view text;
  At at;
  bool quoted = false;
  bool from_defaults = false;
};

/// The lines of a label, each trimmed and with the place where it starts: separated by \n, or by \l
/// and \r, which also set the line left and right. A label has no raw newlines, so columns can be
/// added up. The label's text must outlive the lines.
class Lines {
 public:
  constexpr explicit Lines(const Value& label) : label_(label) {}

  /// Gives the next line, the first one first; false when there is none left.
  constexpr bool next(Value& line) {
    if (done_) return false;
    const char* const text = label_.text.data();
    const std::size_t size = label_.text.size();
    const std::size_t first = position_;
    std::size_t last = first;
    for (;; ++last) {
      if (last + 1 >= size) {
        last = size;
        done_ = true;
        break;
      }
      if (text[last] != '\\') continue;
      const char c = text[last + 1];
      if (c == 'n' || c == 'l' || c == 'r') break;
      ++last;  // past the character that the backslash belongs to
    }
    position_ = last + 2;
    line = label_;
    line.text = trimmed({text + first, last - first});
    line.at.column += static_cast<unsigned>(line.text.data() - text) + (label_.quoted ? 1U : 0U);
    return true;
  }

 private:
  Value label_;
  std::size_t position_ = 0;
  bool done_ = false;
};

constexpr bool compares(std::string_view text) {
  for (const char c : text) {
    if (c == '<' || c == '>' || c == '=') return true;
  }
  return false;
}

/// What only timed (hybrid) models have in an edge's label: "event;clk<5", "event;reset(clk)".
/// Gives the part of `event` that is timed, or an empty text.
constexpr Value timed_part(const Value& event) {
  Value part = event;
  std::size_t from = 0;
  while (from < event.text.size() && event.text.data()[from] != ';') ++from;
  if (from < event.text.size()) {
    part.text = trimmed(event.text.substr(from + 1));
  } else if (!event.text.starts_with("reset(") && !compares(event.text)) {
    part.text = event.text.substr(event.text.size());
  }
  part.at.column += static_cast<unsigned>(part.text.data() - event.text.data());
  return part;
}

}  // namespace swerve::dot_language
