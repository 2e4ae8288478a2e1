// swerve/control/tree.h - the registry as files: the kernel's rv folder, and ours beside its names.
//
// Plain C++: a path to what reading it says and what writing to it does. control/fuse/ carries it
// to a mount. docs/tree.md is its manual.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "swerve/base/api.h"
#include "swerve/base/result.h"
#include "swerve/control/registry.h"
#include "swerve/control/verdict_streams.h"

namespace swerve {

/// What `load` and `unload` do; a tree without a loader does not have these files.
class SWERVE_API MonitorLoader {
 public:
  virtual ~MonitorLoader() = default;
  /// The definition in this file: checked whole, then registered. Errors: invalid (every problem
  /// with its place, one a line), denied (the file can be changed by others than root), exists, …
  virtual Result<> load(const std::string& path) = 0;
  /// Errors: invalid (no such monitor), busy (a container with children).
  virtual Result<> unload(const std::string& name) = 0;
};

/// What a path leads to.
struct TreeNode {
  bool folder = false;  // else a file
  unsigned mode = 0;    // permission bits: 0750, 0640, 0440
};

/// How a file is opened; as with open(2).
struct TreeOpen {
  bool read = false;      // O_RDONLY or O_RDWR
  bool write = false;     // O_WRONLY or O_RDWR
  bool truncate = false;  // O_TRUNC
};

/// One open file. One thread at a time. It stays usable when its monitor is unloaded; it then
/// answers not_found.
class SWERVE_API TreeFile {
 public:
  virtual ~TreeFile() = default;
  /// At most `most` bytes from `offset` on; empty at the end. The text is taken as it is at a read
  /// from offset 0. For a stream: what there is, whatever the offset; empty: nothing yet.
  virtual Result<std::string> read(std::uint64_t offset, std::size_t most) = 0;
  /// One command; how much of it was taken. Refused ones go to `error_log`.
  virtual Result<std::size_t> write(std::string_view text) = 0;
  /// Whether reads may have to wait (trace_pipe and its likes).
  virtual bool is_stream() const { return false; }
  /// Whether a read has something to answer at once.
  virtual bool readable() const { return true; }
  /// As VerdictStream::when_readable().
  // NOLINTNEXTLINE(performance-unnecessary-value-param): a stream keeps it
  virtual void when_readable(std::function<void()>) {}
};

/// Paths are relative to the root, without a '/' in front: "", "monitors/wwnr/enable". Any thread.
class SWERVE_API ControlTree {
 public:
  /// All must outlive the tree; `loader` may be null.
  ControlTree(Registry& registry, VerdictStreams& streams, MonitorLoader* loader);
  ~ControlTree();

  /// Errors: not_found, and ENOTDIR (an io error with that os_errno) for what is looked for in a
  /// file.
  Result<TreeNode> stat(std::string_view path) const;
  /// The names in a folder. Errors: as stat(); ENOTDIR for a file.
  Result<std::vector<std::string>> list(std::string_view path) const;
  /// Truncating `enabled_monitors` disables all monitors; any other file takes no notice of it.
  /// Errors: as stat(); EISDIR for a folder.
  Result<std::unique_ptr<TreeFile>> open(std::string_view path, TreeOpen how);

 private:
  struct State;
  class OpenFile;
  std::unique_ptr<State> state_;
};

/// The kernel's booleans, as docs/tree.md has them. Errors: invalid.
SWERVE_API Result<bool> parse_boolean(std::string_view text);

}  // namespace swerve
