// react/folder_for_test.h - for tests: a folder of a test's own, gone with it.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/text.h"

namespace swerve {

class FolderForTest {
 public:
  FolderForTest() { std::filesystem::create_directories(folder_); }
  ~FolderForTest() { std::filesystem::remove_all(folder_); }
  FolderForTest(const FolderForTest&) = delete;
  FolderForTest& operator=(const FolderForTest&) = delete;

  std::string path(std::string_view name) const { return cat(folder_, "/", name); }
  std::string text(std::string_view name) const { return read_file(path(name)).value(); }
  void make(std::string_view name) const { std::ofstream(path(name)).close(); }
  std::vector<std::string> lines(std::string_view name) const {
    std::ifstream in(path(name));
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }

  const std::string folder_ =
      cat(std::filesystem::temp_directory_path().string(), "/swerve_react_", ::getpid());
};

}  // namespace swerve
