// swerve/control/fuse/mount.h - the control tree of this process as files: `echo 0 > monitoring_on`
// works on a running program.
//
// In a library of its own, libswerve_fuse, because it needs libfuse3.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "swerve/base/api.h"
#include "swerve/base/result.h"
#include "swerve/control/tree.h"

namespace swerve {

/// How a tree is mounted.
struct MountOptions {
  /// Whose the files are; none: root's. Its members may read, as the modes say.
  std::optional<unsigned> group;
};

/// A mounted control tree, which a thread of its own serves; signals are blocked there. Any thread.
class SWERVE_API Mount {
 public:
  /// Unmounts, also while files are open: reads that wait for a verdict get the end of the file.
  /// Waits for what is being read or written. Not from a MonitorLoader of its tree: that is called
  /// by the thread which this waits for. In a child of fork() it does nothing; there the mount is
  /// still the parent's.
  ~Mount();
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;

  /// False when somebody else has unmounted it: then nothing is served any more, and nothing is
  /// left to be done at the end.
  bool mounted() const noexcept;

 private:
  struct State;
  explicit Mount(std::unique_ptr<State> state);
  friend SWERVE_API Result<std::unique_ptr<Mount>> mount(ControlTree&, const std::string&,
                                                         const MountOptions&);
  std::unique_ptr<State> state_;
};

/// Mounts `tree`, which must outlive the mount, on `folder`. A folder that is not there is made,
/// and removed at the end. What a killed process left mounted there is taken over. Needs the right
/// to mount (root's) and /dev/fuse.
///
/// Errors: busy (another process serves there, or something else is mounted), invalid (not a
/// folder, not empty), denied, exhausted (no thread), and what else the system says.
SWERVE_API Result<std::unique_ptr<Mount>> mount(ControlTree& tree, const std::string& folder,
                                                const MountOptions& options = {});

}  // namespace swerve
