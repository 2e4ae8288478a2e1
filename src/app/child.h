// app/child.h - a command that is born, waits until it is released, and is reaped once.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "swerve/base/result.h"

namespace swerve {

/// One thread. While it lives SIGCHLD must not be ignored.
class [[nodiscard]] Child {
 public:
  /// Forks. The child has the given signal mask and SIGPIPE's default, keeps standard input, output
  /// and error, and executes nothing before release(); it ends by itself when this process dies
  /// first.
  static Result<Child> born(const std::vector<std::string>& command, const sigset_t& mask);
  Child(Child&&) = default;
  Child& operator=(Child&&) = delete;
  /// An unreleased child ends without having executed anything.
  ~Child();

  /// Lets it execute the command. Errors: what execvp said; the errno tells "not found" (ENOENT)
  /// from "cannot be executed".
  Result<> release();

  /// The status that waitpid() gives, once it has ended.
  std::optional<int> ended();
  void signal(int number) const;
  pid_t pid() const { return pid_; }

 private:
  Child(pid_t pid, UniqueFd go, UniqueFd failure, std::string name)
      : pid_(pid), go_(std::move(go)), failure_(std::move(failure)), name_(std::move(name)) {}
  pid_t pid_;
  UniqueFd go_;       // a byte lets it go
  UniqueFd failure_;  // the errno of a failed exec
  std::string name_;
  std::optional<int> status_;
};

}  // namespace swerve
