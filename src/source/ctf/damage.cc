#include "source/ctf/damage.h"

#include <bit>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/text.h"

namespace swerve {
namespace {

namespace fs = std::filesystem;

template <typename T>
T number(const char* at, std::endian order) {
  T out = 0;
  for (std::size_t i = 0; i < sizeof out; ++i) {
    const std::size_t byte = order == std::endian::big ? i : sizeof out - 1 - i;
    out = static_cast<T>(out << 8 | static_cast<unsigned char>(at[byte]));
  }
  return out;
}

Error damaged(const fs::path& file, std::uint64_t offset, std::string_view what) {
  return Error(ErrorCode::invalid, cat(escape(file.string()), " at byte ", offset, ": ", what));
}

/// The metadata are text, or packets of text. babeltrace waits for ever for what a packet announces
/// and the file does not have.
Result<> check_metadata(const fs::path& file) {
  constexpr std::uint32_t kMagic = 0x75d11d57;
  // magic, UUID (16 bytes), checksum, content and packet in bits, five bytes more
  constexpr std::size_t kHeader = 37, kContent = 24, kPacket = 28;
  SWERVE_TRY_ASSIGN(const std::string bytes, read_file(file.string()));
  if (bytes.size() < sizeof kMagic) return {};  // no packet; babeltrace says what it is not
  std::optional<std::endian> order;
  for (const std::endian one : {std::endian::little, std::endian::big})
    if (number<std::uint32_t>(bytes.data(), one) == kMagic) order = one;
  if (!order) return {};
  for (std::size_t at = 0; at < bytes.size();) {
    if (bytes.size() - at < kHeader)
      return damaged(file, at, "the metadata end in the midst of a packet's header");
    if (number<std::uint32_t>(bytes.data() + at, *order) != kMagic)
      return damaged(file, at, "no packet of metadata begins here, as it should");
    const std::uint32_t content = number<std::uint32_t>(bytes.data() + at + kContent, *order) / 8;
    const std::uint32_t packet = number<std::uint32_t>(bytes.data() + at + kPacket, *order) / 8;
    if (content < kHeader || content > packet)
      return damaged(file, at, "the sizes of a packet of metadata do not fit");
    if (content > bytes.size() - at)
      return damaged(file, at, "the metadata end in the midst of a packet");
    at += packet;
  }
  return {};
}

/// LTTng's index tells of each packet of a file where it is. babeltrace aborts on some wrong ones,
/// and makes its own where the file is shorter. Answers how long the file must be.
Result<std::uint64_t> end_by_index(const fs::path& file) {
  constexpr std::uint32_t kMagic = 0xc1f1dcc1;
  constexpr std::size_t kHeader = 16, kLength = 12;  // magic, version, the length of an entry
  constexpr std::size_t kPacket = 8, kContent = 16, kLeast = 24;  // after the packet's offset
  SWERVE_TRY_ASSIGN(const std::string bytes, read_file(file.string()));
  const auto big32 = [&](std::size_t at) {
    return number<std::uint32_t>(bytes.data() + at, std::endian::big);
  };
  const auto big64 = [&](std::size_t at) {
    return number<std::uint64_t>(bytes.data() + at, std::endian::big);
  };
  if (bytes.size() < kHeader || big32(0) != kMagic || big32(kLength) < kLeast)
    return damaged(file, 0, "this is no index of LTTng");
  const std::size_t length = big32(kLength);
  std::uint64_t end = 0;
  for (std::size_t at = kHeader; at < bytes.size(); at += length) {
    if (bytes.size() - at < length)
      return damaged(file, at, "the index ends in the midst of an entry");
    const std::uint64_t packet = big64(at + kPacket);
    if (big64(at) != end || packet == 0 || packet % 8 != 0 || big64(at + kContent) > packet ||
        packet / 8 > ~end)
      return damaged(file, at, "an entry of the index does not fit to the one before");
    end += packet / 8;
  }
  return end;
}

}  // namespace

Result<std::string> missing_from_trace(const std::string& folder) {
  SWERVE_TRY(check_metadata(fs::path(folder) / "metadata"));
  std::vector<std::string> missing;
  std::error_code error;
  for (fs::directory_iterator at(fs::path(folder) / "index", error);
       !error && at != fs::directory_iterator(); at.increment(error)) {
    if (at->path().extension() != ".idx") continue;
    const Result<std::uint64_t> end = end_by_index(at->path());
    if (!end)
      return end.error().within("a damaged index (the trace can be read when the file is removed)");
    const fs::path data = fs::path(folder) / at->path().stem();
    std::error_code none;
    const std::uint64_t size = fs::file_size(data, none);
    if (none)
      missing.push_back(cat(escape(data.string()), " is missing, of which there is an index"));
    else if (size < *end)
      missing.push_back(
          cat(escape(data.string()), " ends at byte ", size, " and should have ", *end));
  }
  return join(missing, "; ");
}

}  // namespace swerve
