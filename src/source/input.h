// source/input.h - the bytes of a recording: a file, standard input, what a decompressor gives.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace swerve {

/// Bytes from the first to the last. One thread.
class Input {
 public:
  virtual ~Input() = default;

  /// As the user named it; "-" is standard input.
  virtual const std::string& name() const = 0;
  /// Up to `size` bytes; fewer only at the end, 0 at the end and from then on. Errors: io, invalid
  /// (a compressed stream is broken).
  virtual Result<std::size_t> read(char* to, std::size_t size) = 0;
  /// The first bytes, at most `size` (up to 64 KiB) and fewer only when the input is shorter; they
  /// are read again by read(). Only before the first read().
  virtual Result<std::string_view> peek(std::size_t size) = 0;
  /// From the beginning again. Errors: unsupported (a pipe).
  virtual Result<> rewind() = 0;
  virtual bool can_rewind() const = 0;
  /// The whole of it in memory, for as long as the input lives; empty where that is not so (a pipe,
  /// a compressed file). A file that is cut short meanwhile is read as zeros: see input.cc.
  virtual std::string_view mapped() const { return {}; }
  /// Bytes of the file that were taken so far, and in all (0: not known). For progress.
  virtual std::uint64_t taken() const = 0;
  virtual std::uint64_t total() const = 0;
};

/// A file, or standard input for "-". Errors: not_found, denied, invalid (a folder), io.
Result<std::unique_ptr<Input>> open_input(const std::string& name);

}  // namespace swerve
