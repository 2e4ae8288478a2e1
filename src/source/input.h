// source/input.h - the bytes of a recording: a file, standard input, what a decompressor gives.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "swerve/base/result.h"

namespace swerve {

/// Bytes from the first to the last. One thread.
class Input {
 public:
  virtual ~Input() = default;

  /// The most that peek() gives.
  static constexpr std::size_t kMostPeeked = 64U << 10;

  /// As the user named it; "-" is standard input.
  virtual const std::string& name() const = 0;
  /// Up to `size` bytes; fewer only at the end, 0 at the end and from then on. Errors: io, invalid
  /// (a compressed stream is broken); what came before the error has been given.
  virtual Result<std::size_t> read(char* to, std::size_t size) = 0;
  /// As read(), but does not wait for more while it has some: as many bytes as come at once.
  virtual Result<std::size_t> read_some(char* to, std::size_t size) = 0;
  /// Whether read_some() would have to wait now: the writer of a pipe has nothing more yet.
  virtual bool would_wait() const { return false; }
  /// The first bytes, at most `size` (up to 64 KiB) and fewer only when the input is shorter; they
  /// are read again by read(). Only before the first read(), or the first one after rewind().
  Result<std::string_view> peek(std::size_t size) { return peek_some(size, size); }
  /// As peek(), but does not wait for more while it has `least`.
  virtual Result<std::string_view> peek_some(std::size_t size, std::size_t least) = 0;
  /// From the beginning again. Errors: unsupported (a pipe).
  virtual Result<> rewind() = 0;
  virtual bool can_rewind() const = 0;
  /// The whole of it in memory, for as long as the input lives; empty where that is not so (a pipe,
  /// a compressed file). A file that is cut short meanwhile is read as zeros: see cut_short().
  virtual std::string_view mapped() const { return {}; }
  /// This part of mapped() is not needed any more: it need not stay in memory. It can still be
  /// read.
  virtual void forget(std::string_view /*part*/) const {}
  /// Whether the file has become shorter since mapped(): some of what was there may have been read
  /// as zeros. To be asked at the end.
  virtual bool cut_short() const { return false; }
  /// Bytes of the file that were taken so far, and in all (0: not known). For progress.
  virtual std::uint64_t taken() const = 0;
  virtual std::uint64_t total() const = 0;
};

/// A file, or standard input for "-". Errors: not_found, denied, invalid (a folder), io.
Result<std::unique_ptr<Input>> open_input(const std::string& name);

/// Bytes that are in memory already. For tests and fuzzers; `seekable` false: as a pipe gives them.
std::unique_ptr<Input> memory_input(std::string bytes, bool seekable = true);

/// For those who make inputs: adds peeking to a plain pull of bytes.
class PeekableInput : public Input {
 public:
  Result<std::size_t> read(char* to, std::size_t size) final { return take(to, size, size); }
  Result<std::size_t> read_some(char* to, std::size_t size) final { return take(to, size, 1); }
  bool would_wait() const final;
  Result<std::string_view> peek_some(std::size_t size, std::size_t least) final;
  Result<> rewind() final;

 private:
  /// As read(), but may give fewer bytes before the end; 0 is the end. Not called after the end or
  /// an error, until restart().
  virtual Result<std::size_t> pull(char* to, std::size_t size) = 0;
  virtual Result<> restart() = 0;
  /// Whether pull() would have to wait.
  virtual bool pull_would_wait() const { return false; }

  /// Up to `size` bytes, and without waiting for more than `least`.
  Result<std::size_t> take(char* to, std::size_t size, std::size_t least);
  Result<std::size_t> fill(char* to, std::size_t size, std::size_t least);

  std::string peeked_;           // pulled by peek()
  std::size_t given_ = 0;        // of these, by read()
  bool ended_ = false;           // pull() said so
  std::unique_ptr<Error> late_;  // what pull() said after bytes that were still to be given
};

}  // namespace swerve
