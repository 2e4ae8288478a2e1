#include "source/tracedat/bytes.h"

#include <array>
#include <charconv>

namespace swerve::tracedat {

std::string hex(std::uint64_t number) {
  std::array<char, 18> digits{'0', 'x'};
  const auto end = std::to_chars(digits.data() + 2, digits.data() + digits.size(), number, 16);
  return {digits.data(), end.ptr};
}

Error ByteReader::wrong(std::uint64_t offset, std::string_view why) const {
  const std::string at = cat("at ", hex(offset), ": ", why);
  return Error(ErrorCode::invalid, place_.empty() ? at : cat(place_, ", ", at));
}

Result<std::string_view> ByteReader::bytes(std::uint64_t size, std::string_view what) {
  if (size > left()) {
    return wrong(offset(), cat(what, " takes ", size, " bytes, but only ", left(), " are left"));
  }
  const std::string_view taken = bytes_.substr(at_, static_cast<std::size_t>(size));
  at_ += taken.size();
  return taken;
}

Result<std::string_view> ByteReader::text(std::string_view what) {
  const std::size_t end = bytes_.find('\0', at_);
  if (end == std::string_view::npos) return wrong(offset(), cat(what, " does not end"));
  const std::string_view taken = bytes_.substr(at_, end - at_);
  at_ = end + 1;
  return taken;
}

}  // namespace swerve::tracedat
