// source/binary_format.h - what the writer and the reader of Swerve's own recordings agree on.
// docs/recording.md describes it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace swerve::binary {

inline constexpr std::string_view kMagic = "\x93SWREC\r\n";
inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kFileHead = 16;  // magic, version, a zero

/// A block: its frame, its front, and for events the columns.
inline constexpr std::size_t kFrame = 16;  // type, bytes of the front, bytes of the columns, check
constexpr std::uint32_t type_of(std::string_view name) {
  std::uint32_t out = 0;
  for (std::size_t i = 4; i > 0; --i) out = out << 8 | static_cast<std::uint8_t>(name[i - 1]);
  return out;
}
inline constexpr std::uint32_t kHead = type_of("HEAD");
inline constexpr std::uint32_t kKinds = type_of("KIND");
inline constexpr std::uint32_t kThreads = type_of("TASK");
inline constexpr std::uint32_t kEvents = type_of("EVNT");
inline constexpr std::uint32_t kDone = type_of("DONE");

// What a reader must be ready for, and a writer must keep to.
inline constexpr std::size_t kMostBlock = 16U << 20;   // bytes, without the frame
inline constexpr std::size_t kMostKinds = 16384;       // in a recording
inline constexpr std::size_t kMostFields = 1U << 17;   // in a recording, of all kinds together
inline constexpr std::size_t kMostNames = 16U << 20;   // bytes of the kinds' descriptions
inline constexpr std::size_t kMostThreads = 1U << 20;  // with a name or a process
inline constexpr std::size_t kMostCells = 1U << 20;    // in a block
inline constexpr std::size_t kMostTexts = 1U << 20;    // different ones in a block
inline constexpr std::size_t kMostHoles = 4096;        // marks in a block
inline constexpr std::size_t kMostString = 0xffff;     // bytes of a name

// The flags of HEAD and of EVNT.
inline constexpr std::uint32_t kAllKinds = 1;
inline constexpr std::uint32_t kHasTgid = 1;
inline constexpr std::uint32_t kHasComm = 2;

enum class Form : std::uint8_t {
  none,              // no cells
  integer,           // 64 bits
  decimal,           // a word: the number's digits
  negative_decimal,  // likewise, signed
  text,              // number in the block's list of texts
};

/// How the cells of a column are written: value = base + number, and the numbers have a fixed
/// width, or are those of a small table in which the cells are 8-bit indexes.
struct Packing {
  Form form = Form::none;
  std::uint8_t width = 0;     // of a number: 0 (all are `base`), 1, 2, 4 or 8 bytes
  std::uint8_t unknown = 0;   // 1: a byte a row follows
  std::uint8_t in_table = 0;  // numbers in the table; 0: there is none
  std::uint32_t check = 0;
  std::uint64_t base = 0;
};

constexpr std::size_t padded(std::size_t size) { return (size + 7) & ~std::size_t{7}; }

constexpr std::size_t packed_size(const Packing& p, std::size_t rows) {
  if (p.form == Form::none) return 0;
  const std::size_t values = p.in_table != 0
                                 ? padded(std::size_t{p.in_table} * p.width) + padded(rows)
                                 : padded(rows * p.width);
  return values + (p.unknown != 0 ? padded(rows) : 0);
}

/// Little-endian numbers at any address.
template <typename T>
T little_endian(T value) {
  if constexpr (std::endian::native == std::endian::big) {
    T swapped = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      swapped = static_cast<T>(swapped | (value >> 8 * i & 0xff) << 8 * (sizeof(T) - 1 - i));
    }
    value = swapped;
  }
  return value;
}
template <typename T>
T load(const void* from) {
  T out;
  std::memcpy(&out, from, sizeof out);
  return little_endian(out);
}
template <typename T>
void store(void* to, T value) {
  value = little_endian(value);
  std::memcpy(to, &value, sizeof value);
}
template <typename T>
void append(std::string& out, T value) {
  char bytes[sizeof(T)];
  store(bytes, value);
  out.append(bytes, sizeof bytes);
}

/// Both halves of the product of two numbers, folded into one.
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
#ifdef __SIZEOF_INT128__
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
#else
  const std::uint64_t al = a & 0xffffffff, ah = a >> 32, bl = b & 0xffffffff, bh = b >> 32;
  const std::uint64_t ll = al * bl, lh = al * bh, hl = ah * bl, hh = ah * bh;
  const std::uint64_t middle = (ll >> 32) + (lh & 0xffffffff) + (hl & 0xffffffff);
  return ((ll & 0xffffffff) | middle << 32) ^ (hh + (lh >> 32) + (hl >> 32) + (middle >> 32));
#endif
}

/// The check of some bytes, a multiple of 8. `where` tells apart what stands at different places:
/// bytes that are right elsewhere are wrong here.
inline std::uint32_t check_of(std::string_view bytes, std::uint64_t where) {
  constexpr std::size_t kReadAhead = 4096;
  constexpr std::uint64_t k1 = 0xa0761d6478bd642f, k2 = 0xe7037ed1a0b428db;
  std::uint64_t lane[4];
  for (std::uint64_t i = 0; i < 4; ++i) lane[i] = mix(where + i + 1, k1);
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 64; left -= 64, at += 64) {  // four at a time: a product takes some cycles
    // Whoever checks is the first to read the bytes: mapped ones are not near yet.
    __builtin_prefetch(at + kReadAhead);
    for (std::size_t i = 0; i < 4; ++i) {
      lane[i] = mix(load<std::uint64_t>(at + 16 * i) ^ lane[i],
                    load<std::uint64_t>(at + 16 * i + 8) ^ k2);
    }
  }
  std::uint64_t out = bytes.size();
  for (; left > 0; left -= 8, at += 8) out = mix(out ^ load<std::uint64_t>(at), k2) + k1;
  for (const std::uint64_t l : lane) out = mix(out ^ l, k1) + k2;
  return static_cast<std::uint32_t>(out ^ out >> 32);
}

/// `where` of a block's front, and of its columns.
constexpr std::uint64_t place(std::uint64_t block, std::size_t column) {
  return block << 24 ^ column;
}
inline constexpr std::size_t kFrontPlace = 0xffffff;

inline std::uint32_t check_of_front(std::string_view front, std::uint64_t block, std::uint32_t type,
                                    std::uint32_t columns) {
  return check_of(front, mix(place(block, kFrontPlace) + 1,
                             (std::uint64_t{type} << 32 | columns) ^ 0x9e3779b97f4a7c15));
}

}  // namespace swerve::binary
