#include "base/rate_limit.h"

#include <algorithm>

#include "swerve/base/check.h"

namespace swerve {

RateLimit::RateLimit(std::uint32_t per_second, std::uint32_t burst, TimeNs now)
    : token_ns_(1'000'000'000 / std::max(1U, per_second)), credited_at_(now) {
  SWERVE_CHECK(per_second > 0 && burst > 0, "a limit that lets nothing through");
  SWERVE_CHECK(token_ns_ > 0, "a limit beyond the clock");
  credit_ns_ = most_ns_ = token_ns_ * burst;
}

void RateLimit::credit(TimeNs now) {
  if (now.ns <= credited_at_.ns) return;
  credit_ns_ += std::min(now.ns - credited_at_.ns, most_ns_ - credit_ns_);
  credited_at_ = now;
}

bool RateLimit::take(TimeNs now) {
  credit(now);
  if (credit_ns_ < token_ns_) return false;
  credit_ns_ -= token_ns_;
  return true;
}

void RateLimit::spend(TimeNs now) {
  credit(now);
  credit_ns_ -= std::min(credit_ns_, token_ns_);
}

std::uint64_t RateLimit::available(TimeNs now) {
  credit(now);
  return credit_ns_ / token_ns_;
}

}  // namespace swerve
