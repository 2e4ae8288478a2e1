#include "source/line_recording.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/text.h"

namespace swerve {

namespace {

/// The digits at the beginning of a text, taken off it.
std::string_view take_digits(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && text[size] >= '0' && text[size] <= '9') ++size;
  const std::string_view digits = text.substr(0, size);
  text.remove_prefix(size);
  return digits;
}

template <typename T>
bool whole_number(std::string_view digits, T& out) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return error == std::errc() && end == digits.data() + digits.size();
}

}  // namespace

bool read_time_number(std::string_view text, std::uint64_t& ns) {
  if (text.empty() || text[0] < '0' || text[0] > '9') return false;
  const std::string_view whole = take_digits(text);
  if (text.empty()) return whole_number(whole, ns);
  std::string_view fraction;
  if (text[0] == '.') {
    text.remove_prefix(1);
    fraction = take_digits(text);
    if (fraction.empty()) return false;
  }
  int exponent = 0;
  if (!text.empty()) {
    if ((text[0] | 0x20) != 'e') return false;
    text.remove_prefix(1);
    const bool minus = text.starts_with('-');
    if (minus || text.starts_with('+')) text.remove_prefix(1);
    const std::string_view digits = take_digits(text);
    if (digits.empty() || digits.size() > 6 || !text.empty()) return false;
    if (!whole_number(digits, exponent)) return false;
    if (minus) exponent = -exponent;
  }
  // The digits of the nanoseconds are those up to nine places behind the point, which the exponent
  // moves.
  std::string digits(whole);
  digits += fraction;
  const auto size = static_cast<std::ptrdiff_t>(whole.size()) + exponent + 9;
  std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
  digits.erase(0, zeros);
  const std::ptrdiff_t left = size - static_cast<std::ptrdiff_t>(zeros);
  if (left <= 0 || digits.empty()) {
    ns = 0;
    return true;
  }
  if (left > 20) return false;
  digits.resize(static_cast<std::size_t>(left), '0');
  return whole_number(digits, ns);
}

bool read_id(std::string_view text, std::uint32_t& id) {
  return whole_number(text, id) && id != 0xffffffff;
}

LineRecording::LineRecording(std::unique_ptr<Input> input, const Interest& interest)
    : input_(std::move(input)), lines_(*input_, kLongest), builder_(interest) {}

Error LineRecording::wrong(std::uint64_t line, std::string_view what) {
  return Error(ErrorCode::invalid, cat("line ", line, ": ", what));
}

std::string LineRecording::quoted(std::string_view text) {
  return cat("'", escape(text.substr(0, 64)), "'");
}

/// False at the end.
Result<bool> LineRecording::take_next() {
  LineReader::Line line;
  SWERVE_TRY_ASSIGN(const bool more, lines_.next(line));
  if (!more) {
    SWERVE_TRY(end());
    return false;
  }
  if (line.too_long) return wrong(line.number, "longer than 1 MiB");
  if (line.has_zero) return wrong(line.number, "a NUL byte");
  SWERVE_TRY(take(line, builder_));
  return true;
}

Result<bool> LineRecording::next(Batch& out) {
  builder_.begin(out);
  while (!ended_ && !builder_.full() && !(lines_.would_wait() && builder_.any())) {
    Result<bool> more = take_next();
    if (!more) stopped_ = std::move(more).error();
    ended_ = stopped_.has_value() || !*more;
  }
  if (builder_.finish(input_->taken())) return true;
  if (stopped_) {
    const Error error = *std::exchange(stopped_, std::nullopt);
    return error;
  }
  return false;
}

}  // namespace swerve
