// base/unique_fd.h - a file descriptor with one owner.
#pragma once

#include <unistd.h>

#include <utility>

namespace swerve {

/// Owns a file descriptor and closes it once; -1 means "none". Move-only.
class [[nodiscard]] UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  void reset() noexcept {
    if (fd_ >= 0) ::close(fd_);  // not retried: on Linux the descriptor is gone whatever it answers
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

}  // namespace swerve
