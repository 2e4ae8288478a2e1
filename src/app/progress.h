// app/progress.h - how far a trace has been read, for who waits at a terminal.
#pragma once

#include <cstdint>
#include <string>

#include "swerve/base/time.h"

namespace swerve {

/// How far reading is.
struct ReadSoFar {
  std::uint64_t bytes = 0, total_bytes = 0;  // total 0: not known
  std::uint64_t events = 0;
};

/// "45%, 12.3 million events, 3.4 million a second"
std::string progress_text(const ReadSoFar& so_far, TimeNs elapsed);

/// One line on standard error that is written over and over, where that is a terminal; the first
/// time after a second.
class Progress {
 public:
  /// `file` is what is being read.
  explicit Progress(std::string file);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const ReadSoFar& so_far);
  /// Takes the line away, so that something else may be written.
  void clear();

 private:
  std::string file_;
  bool terminal_;
  bool shown_ = false;
  TimeNs begun_, next_;
};

}  // namespace swerve
