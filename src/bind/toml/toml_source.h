// bind/toml/toml_source.h - the text of a TOML file: where things stand in it.
//
// toml++ counts columns in characters and keeps no places inside of strings; diagnostics count
// bytes and point into expressions, which are strings.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "bind/definition.h"

namespace swerve {

class TomlSource {
 public:
  TomlSource(std::string_view text, std::string path);

  std::string_view text() const noexcept { return text_; }
  const std::string& path() const noexcept { return path_; }

  /// The place of a position as toml++ counts: lines and characters from 1.
  Place place(std::size_t line, std::size_t character) const;

  /// The string whose opening quote stands at a position, with the places of its bytes. `value` is
  /// what toml++ read.
  ExprText string_at(std::size_t line, std::size_t character, std::string value) const;

  /// What toml++ 3.3 must not see, if there is any: the first key with more than `most_parts` parts
  /// (a.b.c has three; each is a table in a table, and it follows them by recursion), and
  /// characters beyond ASCII where it looks for blanks (outside of strings and comments, and after
  /// a backslash in a string of several lines: its test for exotic blanks has no answer for them).
  std::optional<Diagnostic> refusal(std::size_t most_parts) const;

 private:
  std::size_t offset(std::size_t line, std::size_t character) const;
  Place place_of(std::size_t offset) const;

  std::string_view text_;
  std::string path_;
  std::vector<std::size_t> line_starts_;
};

}  // namespace swerve
