// app/interruption.h - Ctrl-C for work that asks now and then whether it is to go on.
#pragma once

#include <array>
#include <csignal>

namespace swerve {

/// While it lives, the first SIGINT, SIGTERM or SIGHUP (but under nohup) is only noted; the second
/// one ends the process as ever. One at a time.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  bool heard() const;

 private:
  std::array<struct sigaction, 3> before_{};
};

}  // namespace swerve
