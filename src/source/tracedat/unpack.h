// source/tracedat/unpack.h - the compressions of trace.dat.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "swerve/base/result.h"

namespace swerve::tracedat {

enum class Packing : std::uint8_t { none, zlib, zstd };

/// Unpacks blocks whose size is known; one for all CPUs.
class Unpacker {
 public:
  explicit Unpacker(Packing packing);
  ~Unpacker();
  Unpacker(Unpacker&&) noexcept;
  Unpacker& operator=(Unpacker&&) noexcept;

  Packing packing() const { return packing_; }
  /// Fills all `size` bytes at `to` from `packed`, or says why that cannot be: the answer is empty
  /// when all is well.
  std::string unpack(std::string_view packed, char* to, std::size_t size);

 private:
  struct Context;
  Packing packing_;
  std::unique_ptr<Context> context_;
};

}  // namespace swerve::tracedat
