// app/tree_watch.h - `swerve mon NAME` through the control tree of a running daemon.
#pragma once

#include "app/caught_signals.h"
#include "app/commands.h"
#include "app/tree_client.h"
#include "swerve/base/result.h"

namespace swerve {

/// Enables what the options name, prints what the daemon says of it, and leaves everything as it
/// was. Returns the exit status. Errors: not_found (a name, with a hint), busy (a monitor is
/// enabled already), and those of the tree; it is left as it was then too.
Result<int> watch_tree(const MonOptions& options, const TreeClient& tree,
                       const CaughtSignals& signals);

}  // namespace swerve
