#include "swerve/base/diagnostic.h"

#include <algorithm>

#include "swerve/base/nearest.h"

namespace swerve {

std::string Diagnostic::to_string() const {
  std::string out = place.file;
  if (place.line != 0) {
    out += ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
  }
  out += severity == Severity::error ? ": error: " : ": warning: ";
  return out + message;
}

void sort_by_place(Diagnostics& diagnostics) {
  std::stable_sort(
      diagnostics.begin(), diagnostics.end(), [](const Diagnostic& a, const Diagnostic& b) {
        return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
      });
}

bool has_errors(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::error; });
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  return std::string(nearest(name, candidates));
}

std::string near_miss(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string best = nearest_name(name, candidates);
  return best.empty() ? std::string() : "; did you mean '" + best + "'?";
}

}  // namespace swerve
