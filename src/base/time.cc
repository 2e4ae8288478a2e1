#include "swerve/base/time.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "base/text.h"

namespace swerve {

namespace {
std::int64_t clock_ns(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}
}  // namespace

TimeNs monotonic_now() { return {static_cast<std::uint64_t>(clock_ns(CLOCK_MONOTONIC))}; }

std::int64_t realtime_offset_ns() { return clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC); }

std::string seconds_text(TimeNs time) {
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, "%llu.%09llu",
                static_cast<unsigned long long>(time.ns / 1'000'000'000),
                static_cast<unsigned long long>(time.ns % 1'000'000'000));
  return buffer;
}

Result<TimeNs> parse_duration(std::string_view text) {
  // from_chars and not strtod: no locale, no leading blanks, no hexadecimal.
  double amount = 0;
  const char* const last = text.data() + text.size();
  const auto [end, ec] = std::from_chars(text.data(), last, amount, std::chars_format::fixed);
  const std::string_view unit(end, static_cast<std::size_t>(last - end));
  double scale = 0;
  if (unit.empty() || unit == "s") scale = 1e9;
  if (unit == "ms") scale = 1e6;
  if (unit == "us") scale = 1e3;
  if (unit == "m") scale = 60e9;
  if (unit == "h") scale = 3600e9;
  constexpr double kLongestNs = 1e18;  // some 30 years
  if (ec != std::errc() || scale == 0 || !std::isfinite(amount) || amount <= 0 ||
      amount * scale > kLongestNs || amount * scale < 1) {
    return Error(ErrorCode::invalid,
                 cat("'", escape(text), "' is not a duration; write it like 10s, 250ms, 2m or 1h"));
  }
  return TimeNs{static_cast<std::uint64_t>(amount * scale)};
}

}  // namespace swerve
