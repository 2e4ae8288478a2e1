// source/tracedat/bytes.h - reads numbers and texts out of bytes of either endianness; every read
// is checked against what is there.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/text.h"
#include "swerve/base/result.h"

namespace swerve::tracedat {

static_assert(std::endian::native == std::endian::little ||
              std::endian::native == std::endian::big);

inline std::uint8_t byte_swapped(std::uint8_t value) { return value; }
inline std::uint16_t byte_swapped(std::uint16_t value) { return __builtin_bswap16(value); }
inline std::uint32_t byte_swapped(std::uint32_t value) { return __builtin_bswap32(value); }
inline std::uint64_t byte_swapped(std::uint64_t value) { return __builtin_bswap64(value); }

/// The number that stands there; `swap` when it is of the other endianness than this machine.
template <typename T>
T load(const char* from, bool swap) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return swap ? byte_swapped(value) : value;
}

/// "0x1f000"
std::string hex(std::uint64_t number);

/// Takes one thing after the other off a piece of the file.
class ByteReader {
 public:
  /// `base` is where the piece begins in the file; `place` says in messages what the piece is, and
  /// is empty for the file itself.
  ByteReader(std::string_view bytes, bool swap, std::uint64_t base, std::string place)
      : bytes_(bytes), swap_(swap), base_(base), place_(std::move(place)) {}

  Result<std::uint16_t> u16(std::string_view what) { return number<std::uint16_t>(what); }
  Result<std::uint32_t> u32(std::string_view what) { return number<std::uint32_t>(what); }
  Result<std::uint64_t> u64(std::string_view what) { return number<std::uint64_t>(what); }
  Result<std::uint8_t> u8(std::string_view what) { return number<std::uint8_t>(what); }
  Result<std::string_view> bytes(std::uint64_t size, std::string_view what);
  /// Up to the next NUL, which is taken, too.
  Result<std::string_view> text(std::string_view what);

  std::size_t left() const { return bytes_.size() - at_; }
  std::uint64_t offset() const { return base_ + at_; }
  /// An error about what stands at `offset`.
  Error wrong(std::uint64_t offset, std::string_view why) const;

 private:
  template <typename T>
  Result<T> number(std::string_view what) {
    SWERVE_TRY_ASSIGN(const std::string_view taken, bytes(sizeof(T), what));
    return load<T>(taken.data(), swap_);
  }
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool swap_;
  std::uint64_t base_;
  std::string place_;
};

}  // namespace swerve::tracedat
