// swerve/base/nearest.h - which of some names a person may have meant; also in constant
// expressions.
#pragma once

#include <cstddef>
#include <string_view>

namespace swerve {

namespace nearest_detail {
inline constexpr std::size_t kLongestName = 64;
inline constexpr std::size_t kLongestCandidate = 2 * kLongestName;

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr std::size_t least(std::size_t a, std::size_t b) { return a < b ? a : b; }
constexpr std::size_t most(std::size_t a, std::size_t b) { return a < b ? b : a; }

// Optimal string alignment distance: insert, delete, change, or swap two neighbours. `b` is at most
// kLongestCandidate long.
constexpr std::size_t distance(std::string_view a, std::string_view b) {
  // Rows of the table, used in turns: of the letter before the last one, the last one, this one.
  std::size_t rows[3][kLongestCandidate + 1] = {};
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    const std::size_t* const before = rows[(i + 1) % 3];
    const std::size_t* const last = rows[(i + 2) % 3];
    std::size_t* const now = rows[i % 3];
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + (same ? 0U : 1U));
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1])) {
        now[j] = least(now[j], before[j - 2] + 1);
      }
    }
  }
  return rows[a.size() % 3][b.size()];
}
}  // namespace nearest_detail

/// The first of `candidates` (a range of texts) that is nearest to `name` by edit distance (case
/// ignored), if near enough; else an empty text. It views the candidate.
/// Cost: O(sum of lengths * length of name).
template <typename Names>
constexpr std::string_view nearest(std::string_view name, const Names& candidates) {
  using namespace nearest_detail;
  if (name.empty() || name.size() > kLongestName) return {};
  std::string_view best;
  std::size_t best_distance = most(1, name.size() / 3) + 1;
  for (const auto& text : candidates) {
    const std::string_view candidate(text);
    if (candidate.empty() || candidate.size() > kLongestCandidate) continue;
    const std::size_t longer = most(name.size(), candidate.size());
    if (longer - least(name.size(), candidate.size()) >= best_distance) continue;
    const std::size_t d = distance(name, candidate);
    if (d < best_distance && d < longer) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

}  // namespace swerve
