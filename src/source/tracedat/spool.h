// source/tracedat/spool.h - an input that can only be read through, as bytes in memory.
#pragma once

#include <string_view>

#include "base/result.h"
#include "source/input.h"

namespace swerve::tracedat {

/// A temporary file without a name that holds the whole of an input, mapped.
class Spool {
 public:
  /// In TMPDIR, else /var/tmp. Errors: of the input; io (no room).
  static Result<Spool> of(Input& input);
  Spool() = default;
  Spool(Spool&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Spool& operator=(Spool&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Spool();

  std::string_view bytes() const { return bytes_; }

 private:
  std::string_view bytes_;
};

}  // namespace swerve::tracedat
