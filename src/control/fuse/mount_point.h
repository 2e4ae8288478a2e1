// control/fuse/mount_point.h - the folder that a tree is mounted on: whose it is, and what is
// mounted there.
#pragma once

#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "swerve/base/result.h"

namespace swerve {

/// A folder that no other process mounts a tree on while this lives. Nothing here waits for a file
/// system that another process serves, however hung that is.
class MountPoint {
 public:
  /// Makes the folder (0750) and its parents (0755) where they are missing, claims it, and takes
  /// away what a killed process left mounted there. Errors: busy (claimed by a process that lives,
  /// or something else is mounted there), invalid (not a folder, not empty), denied, and what else
  /// the system says.
  static Result<std::unique_ptr<MountPoint>> claim(const std::string& folder);

  /// Unmounts; removes the folder if claim() made it.
  ~MountPoint();
  MountPoint(const MountPoint&) = delete;
  MountPoint& operator=(const MountPoint&) = delete;

  /// Mounts what is served over `connection`, an open /dev/fuse. `root_mode` is the root's, with
  /// its type. Who serves it closes the connection before this goes.
  Result<> mount(int connection, unsigned root_mode);

 private:
  MountPoint() = default;
  std::string path_;  // with no symbolic link in it
  UniqueFd below_;    // the folder itself, whatever is mounted on it; holds the lock
  bool made_ = false;
  bool mounted_ = false;
};

}  // namespace swerve
