// app/fake_tree_test.h - a plain folder with the files of a control tree, for tests. Streams are
// FIFOs that the test writes to; nothing happens by a write but that the text stands there.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "swerve/base/check.h"

namespace swerve {

class FakeTree {
 public:
  FakeTree() { SWERVE_CHECK(::mkdtemp(folder_.data()) != nullptr, "no folder for a test"); }
  ~FakeTree() { std::filesystem::remove_all(folder_); }
  FakeTree(const FakeTree&) = delete;
  FakeTree& operator=(const FakeTree&) = delete;

  const std::string& folder() const { return folder_; }

  void put(const std::string& path, std::string_view text) const {
    std::ofstream(made(path)) << text;
  }
  std::string text(const std::string& path) const {
    std::ostringstream out;
    out << std::ifstream(folder_ + "/" + path).rdbuf();
    return out.str();
  }
  void link(const std::string& path, const std::string& target) const {
    std::filesystem::create_symlink(target, made(path));
  }
  /// Keeps it open for writing as long as the answer lives; the stream ends with it.
  UniqueFd stream(const std::string& path) const {
    SWERVE_CHECK(::mkfifo(made(path).c_str(), 0600) == 0, "no FIFO for a test");
    // Opening it for reading too does not wait for a reader.
    return UniqueFd(::open(made(path).c_str(), O_RDWR | O_CLOEXEC));
  }

 private:
  std::string made(const std::string& path) const {
    const std::filesystem::path whole = std::filesystem::path(folder_) / path;
    std::filesystem::create_directories(whole.parent_path());
    return whole.string();
  }
  std::string folder_ = std::filesystem::temp_directory_path() / "swerve_tree_XXXXXX";
};

}  // namespace swerve
