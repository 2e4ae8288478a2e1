// base/rate_limit.h - so many at once, then so many a second.
#pragma once

#include <cstdint>

#include "swerve/base/time.h"

namespace swerve {

/// A token bucket: it begins with `burst` tokens and gets `per_second` more each second, never more
/// than `burst` in all. Time comes in with the call; going backwards gives nothing. One thread.
class RateLimit {
 public:
  /// Both at least 1.
  RateLimit(std::uint32_t per_second, std::uint32_t burst, TimeNs now);

  /// Takes a token if there is one.
  bool take(TimeNs now);
  /// A token that was spent elsewhere: the account may be empty, never negative.
  void spend(TimeNs now);
  /// How many there are now.
  std::uint64_t available(TimeNs now);

 private:
  void credit(TimeNs now);
  std::uint64_t token_ns_;   // what one token costs
  std::uint64_t most_ns_;    // the burst's
  std::uint64_t credit_ns_;  // what may be spent
  TimeNs credited_at_;
};

}  // namespace swerve
