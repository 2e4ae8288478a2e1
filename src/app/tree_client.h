// app/tree_client.h - a running daemon, by the files of its control tree (docs/tree.md).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "control/stats_text.h"
#include "swerve/base/result.h"

namespace swerve {

/// A monitor that the tree has.
struct TreeMonitor {
  std::string name;
  std::string parent;         // empty: top level
  bool has_children = false;  // they follow it in the list
  std::string full_name() const { return parent.empty() ? name : parent + ":" + name; }
  /// "monitors/sched/sco/enable"
  std::string file(std::string_view which) const;
};

/// Holds the folder open, so it stays this daemon's tree: when the daemon has ended, everything
/// fails, even when another one has begun at the same place.
class TreeClient {
 public:
  /// The tree that a daemon has mounted at `folder`. Errors: not_found (no daemon serves a tree
  /// there), denied.
  static Result<TreeClient> find(const std::string& folder);
  /// The one at `mount`; without, the one at kDefaultMount if there is one. Errors: as find(), but
  /// for not_found at the default place.
  static Result<std::optional<TreeClient>> choose(const std::optional<std::string>& mount);
  /// Any folder with these files.
  static Result<TreeClient> at(const std::string& folder);

  const std::string& folder() const { return folder_; }

  /// Paths are relative to the root of the tree: "monitors/wwnr/enable".
  Result<std::string> read(const std::string& path) const;
  /// One command. The message of an error holds the reason that the tree's `error_log` has for it.
  Result<> write(const std::string& path, std::string_view text) const;
  /// A stream of verdicts, not blocking.
  Result<UniqueFd> open_stream(const std::string& path) const;

  /// In the order of the list.
  Result<std::vector<TreeMonitor>> monitors() const;
  /// Their full names.
  Result<std::set<std::string>> enabled() const;
  /// The reactor that is chosen.
  Result<std::string> reactor(const TreeMonitor& monitor) const;

 private:
  TreeClient(std::string folder, UniqueFd root)
      : folder_(std::move(folder)), root_(std::move(root)) {}
  Error failure(int os_errno, std::string_view doing, std::string_view path) const;
  std::string reason(std::string_view path, std::string_view text) const;
  std::string folder_;
  UniqueFd root_;
};

}  // namespace swerve
