#include "control/fuse/mount_point.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>

#include "base/text.h"

namespace swerve {

// Two processes must not serve the same folder. Which of them may is a flock(2) on the folder: it
// lives exactly as long as the process, so after a kill -9 it is free while the dead mount still
// stands, and with a stopped process it is held; asking for it never waits for that process.
//
// The folder that is meant is the one under the mount. A path cannot reach it once something is
// mounted there, and looking at what is mounted may hang. So the way to it is a private copy of the
// parent's mount in which nothing else is mounted (open_tree(2)); the same way always, so
// that two that start at once meet at the same lock.

namespace {

constexpr const char* kType = "fuse.swerve";

/// A path as /proc/self/mountinfo has it: blanks, newlines and backslashes are written as \ooo.
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || text.size() - i < 4) {
      plain += text[i];
      continue;
    }
    plain +=
        static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0');
    i += 3;
  }
  return plain;
}

/// The type of what is mounted on `path`, the topmost where there are several.
std::optional<std::string> mounted_on(const std::string& path) {
  // ID PARENT MAJOR:MINOR ROOT MOUNT-POINT OPTIONS TAG... - TYPE SOURCE OPTIONS
  std::ifstream mounts("/proc/self/mountinfo");
  std::optional<std::string> type;
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string word;
    for (int i = 0; i < 5; ++i) words >> word;
    if (unescaped(word) != path) continue;
    while (words >> word && word != "-") {
    }
    words >> word;
    type = word;
  }
  return type;
}

Result<> make_folders(const std::filesystem::path& path) {
  if (std::error_code ignored; std::filesystem::exists(path, ignored)) return {};
  if (path.has_parent_path()) SWERVE_TRY(make_folders(path.parent_path()));
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
    return Error::from_errno(errno, cat("make ", path.native()));
  }
  return {};
}

Result<bool> is_empty(int folder) {
  const int fd = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Error::from_errno(errno, "open");
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(fd), ::closedir);
  if (entries == nullptr) {
    const int failed = errno;
    ::close(fd);
    return Error::from_errno(failed, "open");
  }
  errno = 0;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return false;
  }
  if (errno != 0) return Error::from_errno(errno, "read");
  return true;
}

/// The folder `name` in `parent`, whatever is mounted on it.
Result<UniqueFd> open_below(const std::string& parent, const std::string& name) {
  const UniqueFd bare(::open_tree(AT_FDCWD, parent.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!bare)
    return Error::from_errno(errno, cat("reach ", parent, " without what is mounted in it"));
  UniqueFd below(
      ::openat(bare.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (below) return below;
  if (errno == ENOTDIR || errno == ELOOP) {
    return Error(ErrorCode::invalid, cat(parent, "/", name, " is not a folder"), ENOTDIR);
  }
  return Error::from_errno(errno, cat("open ", parent, "/", name));
}

}  // namespace

Result<std::unique_ptr<MountPoint>> MountPoint::claim(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code failed;
  fs::path path = fs::absolute(folder, failed);
  if (failed) return Error(ErrorCode::invalid, "no folder to mount on is named");
  if (!path.has_filename()) path = path.parent_path();  // "…/swerve/"
  const std::string name = path.filename();
  if (name.empty() || name == "." || name == "..") {
    return Error(ErrorCode::invalid,
                 cat(folder, " cannot be mounted on: name a folder of its own"));
  }
  SWERVE_TRY(make_folders(path.parent_path()));
  const fs::path parent = fs::canonical(path.parent_path(), failed);
  if (failed) return Error::from_errno(failed.value(), cat("find ", path.parent_path().native()));

  std::unique_ptr<MountPoint> point(new MountPoint);
  point->path_ = parent / name;
  const char* const path_text = point->path_.c_str();
  for (;;) {
    const bool made = ::mkdir(path_text, 0750) == 0;
    if (!made && errno != EEXIST) return Error::from_errno(errno, cat("make ", folder));
    auto below = open_below(parent, name);
    if (!below && below.error().os_errno() == ENOENT) continue;  // its owner has just removed it
    if (!below) return std::move(below).error();
    point->below_ = std::move(below).value();
    if (::flock(point->below_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return Error::from_errno(errno, cat("lock ", folder));
      return Error(ErrorCode::busy, cat("another swerve serves ", folder), EBUSY);
    }
    point->made_ = made;
    struct stat status {};
    if (::fstat(point->below_.get(), &status) != 0) return Error::from_errno(errno, folder);
    if (status.st_nlink != 0) break;  // else its owner removed it before we had the lock
  }

  while (const auto type = mounted_on(point->path_)) {
    if (*type != kType) {
      return Error(ErrorCode::busy, cat("another file system (", *type, ") is mounted on ", folder),
                   EBUSY);
    }
    // Who served this one had the lock, so it is dead.
    if (::umount2(path_text, MNT_DETACH | UMOUNT_NOFOLLOW) != 0) {
      return Error::from_errno(errno, cat("unmount what a killed swerve left on ", folder));
    }
  }
  auto empty = is_empty(point->below_.get());
  if (!empty) return std::move(empty).error().within(folder);
  if (!*empty) return Error(ErrorCode::invalid, cat(folder, " is not empty"), ENOTEMPTY);
  return point;
}

Result<> MountPoint::mount(int connection, unsigned root_mode) {
  // The kernel checks modes and owners (default_permissions). Without allow_other it would also
  // turn away a root that runs with another group, and show everybody else a folder that cannot
  // even be looked at, where the modes already say who may do what.
  char options[128];
  std::snprintf(options, sizeof options,
                "fd=%d,rootmode=%o,user_id=0,group_id=0,default_permissions,allow_other",
                connection, root_mode);
  if (::mount("swerve", path_.c_str(), kType, MS_NOSUID | MS_NODEV | MS_NOEXEC, options) != 0) {
    return Error::from_errno(errno, cat("mount on ", path_));
  }
  mounted_ = true;
  return {};
}

MountPoint::~MountPoint() {
  // Somebody else may have unmounted it, and mounted something of theirs since. A swerve: not as
  // long as we have the lock.
  if (mounted_ && mounted_on(path_) == kType) {
    // With force, because a child of fork() may still have the connection: else what somebody asks
    // by a file that is open would wait for that child. The lock goes for the same reason.
    ::umount2(path_.c_str(), MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW);
  }
  if (made_) ::rmdir(path_.c_str());
  if (below_) ::flock(below_.get(), LOCK_UN);
}

}  // namespace swerve
