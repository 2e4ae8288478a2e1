// control/stats_text.h - a monitor's `stats`: what the tree writes and who asks a tree reads.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "swerve/control/registry.h"
#include "swerve/monitor/scope.h"

namespace swerve {

/// What the file says.
struct TreeStats : MonitorReport {
  std::optional<Scope> scope;  // none for a container
};

/// A line of a name and a value for each thing; docs/tree.md has the order.
std::string stats_text(TreeStats stats);
/// Unknown names are skipped, what is missing is 0.
TreeStats parse_tree_stats(std::string_view text);
/// What was counted from `before` to `now`; the instances and what waits are those of now.
TreeStats since(TreeStats before, TreeStats now);

}  // namespace swerve
