// swerve/base/diagnostic.h - what is wrong with a text, and where.
//
// Parsers return the value and every diagnostic they found, and print nothing: the caller decides.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace swerve {

/// A place in a text. Lines and columns count from 1; columns count bytes. Line 0 means "the file
/// as a whole", and is left out when shown.
struct Place {
  std::string file;
  unsigned line = 0;
  unsigned column = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

enum class Severity { error, warning };

/// One message about a place. `message` is one line with no full stop at its end; a near-miss hint
/// is part of it ("...; did you mean 'prev'?").
struct Diagnostic {
  Severity severity = Severity::error;
  Place place;
  std::string message;

  /// "FILE:LINE:COLUMN: error: MESSAGE"
  std::string to_string() const;
  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

using Diagnostics = std::vector<Diagnostic>;

/// By line and column; what stands at one place keeps its order. For diagnostics of one file.
void sort_by_place(Diagnostics& diagnostics);

/// True when at least one of them is an error.
bool has_errors(const Diagnostics& diagnostics);

/// The names of `candidates` that a person may have meant by `name`: the nearest by edit distance
/// (case ignored), if near enough. Empty when none is.
/// Cost: O(sum of lengths * length of name).
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

/// "; did you mean 'X'?" for nearest_name(), or nothing.
std::string near_miss(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace swerve
