// base/new_file.h - a file that is there when it is whole, or not at all.
#pragma once

#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "swerve/base/result.h"

namespace swerve {

/// Written beside its place and renamed at the end, so that what stood there stays until then. What
/// is no regular file (a pipe, /dev/stdout) is written as it is.
class [[nodiscard]] NewFile {
 public:
  static Result<NewFile> make(const std::string& path);
  /// Standard output, as it is.
  static Result<NewFile> standard_output();
  NewFile(NewFile&&) = default;
  NewFile& operator=(NewFile&&) = delete;
  /// Without commit() there is no new file.
  ~NewFile();

  /// After a failure nothing more is written; commit() says why.
  void put(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= kLarge) flush();
  }
  /// Everything is written, and stands under its name. Errors: the first that a write met.
  Result<> commit();
  bool failed() const { return error_ != 0; }

 private:
  static constexpr std::size_t kLarge = 256U << 10;
  NewFile(UniqueFd fd, std::string path, std::string target, std::string temporary)
      : fd_(std::move(fd)),
        path_(std::move(path)),
        target_(std::move(target)),
        temporary_(std::move(temporary)) {}
  void flush();

  UniqueFd fd_;
  std::string path_;       // as it was named
  std::string target_;     // with links resolved
  std::string temporary_;  // empty: written as it is
  std::string buffer_;
  int error_ = 0;
};

}  // namespace swerve
