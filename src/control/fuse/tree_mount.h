// control/fuse/tree_mount.h - carries a control tree to a FUSE mount, on a loop. The only user of
// libfuse.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/loop.h"
#include "swerve/base/result.h"
#include "swerve/control/fuse/mount.h"
#include "swerve/control/tree.h"

namespace swerve {

/// A mounted tree. Everything on the loop's thread.
class TreeMount {
 public:
  /// Mounts `tree` on `folder`, which is made when it is not there and then removed at the end, and
  /// serves it from `loop`. A mount that a killed process left is taken over. `gone` is called on
  /// the loop's thread when somebody else has unmounted it (and closed what they had open in it);
  /// it may end the mount. All must outlive the mount. Errors: busy (a process serves there
  /// already, or something else is mounted), invalid (not a folder, not empty), denied.
  static Result<std::unique_ptr<TreeMount>> mount(ControlTree& tree, Loop& loop,
                                                  const std::string& folder,
                                                  const MountOptions& options,
                                                  std::function<void()> gone);
  /// Unmounts, also while files are open: reads that wait for a stream get the end of the file.
  ~TreeMount();
  TreeMount(const TreeMount&) = delete;
  TreeMount& operator=(const TreeMount&) = delete;

 private:
  struct State;
  explicit TreeMount(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace swerve
