#include "control/fuse/inodes.h"

namespace swerve {

std::uint64_t Inodes::look_up(const std::string& path) {
  if (path.empty()) return kRoot;
  const auto [found, fresh] = by_path_.try_emplace(path, last_ + 1);
  if (fresh) by_inode_.emplace(++last_, Node{path});
  ++by_inode_.at(found->second).lookups;
  return found->second;
}

const std::string* Inodes::path(std::uint64_t inode) const {
  static const std::string root;
  if (inode == kRoot) return &root;
  const auto found = by_inode_.find(inode);
  return found == by_inode_.end() ? nullptr : &found->second.path;
}

void Inodes::forget(std::uint64_t inode, std::uint64_t lookups) {
  const auto found = by_inode_.find(inode);
  if (found == by_inode_.end()) return;
  if (found->second.lookups > lookups) {
    found->second.lookups -= lookups;
    return;
  }
  by_path_.erase(found->second.path);
  by_inode_.erase(found);
}

}  // namespace swerve
