// react/exec.h - the reaction that runs a command.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "swerve/base/time.h"
#include "swerve/react/reactor.h"

namespace swerve {

/// Runs `/bin/sh -c COMMAND` with the violation in its environment (SWERVE_MONITOR and so on; its
/// texts escaped) and, as the line of JSON that `swerve mon --json` prints, on its standard input.
/// Standard output and error are ours. It is a process group of its own, with no other
/// descriptors and all signals at their defaults; it is not ended with us.
///
/// react() ends when the command does; SIGCHLD must not be ignored in this process. An exit status
/// other than 0, a signal, and a command that took too long and was killed with its group, are
/// errors.
class ExecReactor final : public Reactor {
 public:
  struct Options {
    std::string command;
    unsigned at_once = 4;  // commands that run at one time
    TimeNs timeout{60'000'000'000};
  };
  explicit ExecReactor(Options options);
  /// From the options of [react.exec]: `command`, `at_once` (1 to 64), `timeout` ("60s").
  /// Errors: invalid.
  static Result<std::shared_ptr<Reactor>> make(const ReactorSet::Options& options);

  std::string_view name() const override { return "exec"; }
  std::string_view description() const override {
    return "runs a command that is told about the exception.";
  }
  unsigned at_once() const override { return options_.at_once; }
  Result<> react(const Reaction& reaction) override;

 private:
  const Options options_;
  std::vector<std::string> environment_;  // ours, as it was at the beginning
};

}  // namespace swerve
