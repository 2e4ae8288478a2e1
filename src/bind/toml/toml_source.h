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

#include "bind/definition.h"
#include "swerve/base/diagnostic.h"

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

  /// The first place where a key has more than `most` parts (a.b.c has three), if there is one.
  /// Such keys make tables in tables, which toml++ follows by recursion, and for which it has no
  /// limit.
  std::optional<Place> long_key(std::size_t most) const;

 private:
  std::size_t offset(std::size_t line, std::size_t character) const;
  Place place_of(std::size_t offset) const;

  std::string_view text_;
  std::string path_;
  std::vector<std::size_t> line_starts_;
};

}  // namespace swerve
