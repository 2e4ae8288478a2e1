#include "control/stats_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "base/text.h"

namespace swerve {
namespace {

struct NamedCount {
  std::string_view name;
  std::uint64_t& value;
};

/// The counts and their names, in the order of the file.
std::array<NamedCount, 17> counts_of(MonitorReport& report) {
  MonitorStats& stats = report.stats;
  ReactionCounts& reactions = report.reactions;
  return {{{"events", stats.events},
           {"violations", stats.violations},
           {"started", stats.started},
           {"instances", stats.instances},
           {"refused", stats.refused},
           {"raced", stats.raced},
           {"lost", stats.lost},
           {"missed", stats.missed},
           {"compat", stats.compat},
           {"reactions", reactions.reactions},
           {"failed", reactions.failed},
           {"suppressed", reactions.suppressed},
           {"dropped", reactions.dropped},
           {"cancelled", reactions.cancelled},
           {"silenced", reactions.silenced},
           {"dry_run", reactions.dry_run},
           {"waiting", reactions.waiting}}};
}

}  // namespace

std::string stats_text(TreeStats stats) {
  std::string out;
  if (stats.scope) out += cat("scope ", scope_name(*stats.scope), "\n");
  for (const NamedCount& count : counts_of(stats)) out += cat(count.name, " ", count.value, "\n");
  const std::string& error = stats.reactions.last_error;
  if (!error.empty()) out += cat("last_error ", escape(error), "\n");
  return out;
}

TreeStats parse_tree_stats(std::string_view text) {
  TreeStats out;
  const auto counts = counts_of(out);
  while (!text.empty()) {
    std::string_view value = take_line(text);
    const std::string_view name = value.substr(0, value.find(' '));
    value.remove_prefix(std::min(name.size() + 1, value.size()));
    if (name == "scope") out.scope = scope_named(value);
    if (name == "last_error") out.reactions.last_error = value;
    for (const NamedCount& count : counts)
      if (count.name == name)
        (void)std::from_chars(value.data(), value.data() + value.size(), count.value);
  }
  return out;
}

TreeStats since(TreeStats before, TreeStats now) {
  const auto counts = counts_of(now);
  const auto earlier = counts_of(before);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i].name == "instances" || counts[i].name == "waiting") continue;
    counts[i].value -= std::min(counts[i].value, earlier[i].value);
  }
  return now;
}

}  // namespace swerve
