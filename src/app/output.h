// app/output.h - standard output, written at once and without surprises; and words on standard
// error.
#pragma once

#include <string>
#include <string_view>

#include "swerve/base/diagnostic.h"

namespace swerve {

/// Standard output. What was put is written by flush(), or by itself when it grows large. When the
/// reader has gone (EPIPE) or the disk is full, what follows is dropped and closed() says so.
class Output {
 public:
  void put(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= kLarge) flush();
  }
  void flush();

  /// The reader has gone, or writing failed.
  bool closed() const { return error_ != 0; }
  /// The errno of the write that failed; 0 while all is well.
  int error() const { return error_; }

 private:
  static constexpr std::size_t kLarge = 64U << 10;
  std::string buffer_;
  int error_ = 0;
};

/// TEXT on standard error, as it is.
void write_error(std::string_view text);

/// "swerve: TEXT" on standard error.
void complain(std::string_view text);

/// Every diagnostic on standard error, a line each.
void show(const Diagnostics& diagnostics);

/// Puts `text` on standard output; returns `status`, or 1 when that failed for another reason than
/// that the reader has gone.
int finish(std::string_view text, int status);

}  // namespace swerve
