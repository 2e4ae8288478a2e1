// control/fuse/inodes.h - the numbers under which the kernel knows paths.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace swerve {

/// The kernel looks a path up, then uses its number, then forgets as many look-ups as it made. A
/// number is not used again for another path. One thread.
class Inodes {
 public:
  static constexpr std::uint64_t kRoot = 1;  // the path "", always known

  /// One more look-up of `path`.
  std::uint64_t look_up(const std::string& path);
  /// Null for a number that is not known. Until the next forget().
  const std::string* path(std::uint64_t inode) const;
  void forget(std::uint64_t inode, std::uint64_t lookups);
  /// Those known, but for the root.
  std::size_t size() const noexcept { return by_inode_.size(); }

 private:
  struct Node {
    std::string path;
    std::uint64_t lookups = 0;
  };
  std::unordered_map<std::string, std::uint64_t> by_path_;
  std::unordered_map<std::uint64_t, Node> by_inode_;
  std::uint64_t last_ = kRoot;
};

}  // namespace swerve
