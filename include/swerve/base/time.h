// swerve/base/time.h - instants and their text.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "swerve/base/api.h"
#include "swerve/base/result.h"

namespace swerve {

/// Nanoseconds of CLOCK_MONOTONIC, unless said otherwise.
struct TimeNs {
  std::uint64_t ns = 0;  // since the clock began
  friend auto operator<=>(const TimeNs&, const TimeNs&) = default;
};

/// CLOCK_MONOTONIC now: the clock of the kernel's events.
SWERVE_API TimeNs monotonic_now();

/// What to add to a monotonic instant to get CLOCK_REALTIME (Unix) nanoseconds, read now.
SWERVE_API std::int64_t realtime_offset_ns();

/// "12.345678901": seconds with nine decimals.
SWERVE_API std::string seconds_text(TimeNs time);

/// Reads "10s", "250ms", "1.5s", "2m", "1h"; a plain number means seconds. Must be above zero.
SWERVE_API Result<TimeNs> parse_duration(std::string_view text);

}  // namespace swerve
