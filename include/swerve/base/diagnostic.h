// swerve/base/diagnostic.h - what is wrong with a text, and where.
//
// Parsers return the value and every diagnostic they found, and print nothing: the caller decides.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "swerve/base/api.h"

namespace swerve {

/// A place in a text. Lines and columns count from 1; columns count bytes. Line 0 means "the file
/// as a whole", and is left out when shown.
struct Place {
  std::string file;     // as the caller named it
  unsigned line = 0;    // from 1; 0: the file as a whole
  unsigned column = 0;  // from 1, in bytes
  friend bool operator==(const Place&, const Place&) = default;
};

/// Whether the text can be used all the same.
enum class Severity {
  error,    // it cannot
  warning,  // it can, but may not mean what was meant
};

/// One message about a place. `message` is one line with no full stop at its end; a near-miss hint
/// is part of it ("...; did you mean 'prev'?").
struct Diagnostic {
  Severity severity = Severity::error;  // an error, unless said otherwise
  Place place;                          // where it is
  std::string message;                  // what it is

  /// "FILE:LINE:COLUMN: error: MESSAGE"
  SWERVE_API std::string to_string() const;
  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

/// All that was found in a text.
using Diagnostics = std::vector<Diagnostic>;

/// By line and column; what stands at one place keeps its order. For diagnostics of one file.
SWERVE_API void sort_by_place(Diagnostics& diagnostics);

/// True when at least one of them is an error.
SWERVE_API bool has_errors(const Diagnostics& diagnostics);

/// The names of `candidates` that a person may have meant by `name`: the nearest by edit distance
/// (case ignored), if near enough. Empty when none is.
/// Cost: O(sum of lengths * length of name).
SWERVE_API std::string nearest_name(std::string_view name,
                                    const std::vector<std::string>& candidates);

/// "; did you mean 'X'?" for nearest_name(), or nothing.
SWERVE_API std::string near_miss(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace swerve
