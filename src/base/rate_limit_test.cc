#include "base/rate_limit.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace swerve {
namespace {

constexpr TimeNs kStart{7'000'000'000};

TimeNs after_ms(std::uint64_t ms) { return {kStart.ns + ms * 1'000'000}; }

int taken(RateLimit& limit, TimeNs now, int tries) {
  int count = 0;
  for (int i = 0; i < tries; ++i) count += limit.take(now);
  return count;
}

TEST(RateLimit, GivesABurstAndThenSoManyASecond) {
  RateLimit limit(10, 20, kStart);
  EXPECT_EQ(limit.available(kStart), 20U);
  EXPECT_EQ(taken(limit, kStart, 100), 20);
  EXPECT_FALSE(limit.take(after_ms(99)));
  EXPECT_TRUE(limit.take(after_ms(100)));
  EXPECT_FALSE(limit.take(after_ms(199)));
  EXPECT_EQ(taken(limit, after_ms(1100), 100), 10);
}

TEST(RateLimit, SavesNoMoreThanABurst) {
  RateLimit limit(100, 3, kStart);
  EXPECT_EQ(limit.available(after_ms(1'000'000)), 3U);
  EXPECT_EQ(taken(limit, after_ms(1'000'000), 5), 3);
}

TEST(RateLimit, HasNoDebts) {
  RateLimit limit(10, 1, kStart);
  for (int i = 0; i < 5; ++i) limit.spend(kStart);
  EXPECT_EQ(limit.available(kStart), 0U);
  EXPECT_TRUE(limit.take(after_ms(100)));
}

TEST(RateLimit, CountsWhatIsSpentElsewhere) {
  RateLimit limit(10, 3, kStart);
  limit.spend(kStart);
  EXPECT_EQ(limit.available(kStart), 2U);
  EXPECT_EQ(taken(limit, kStart, 5), 2);
}

TEST(RateLimit, GivesNothingForATimeThatWasPaidAlready) {
  RateLimit limit(10, 1, kStart);
  EXPECT_TRUE(limit.take(after_ms(1000)));
  EXPECT_FALSE(limit.take(kStart));
  EXPECT_FALSE(limit.take(after_ms(1000)));
  EXPECT_TRUE(limit.take(after_ms(1100)));
}

RC_GTEST_PROP(RateLimit, NeverGivesMoreThanABurstAndItsRate, ()) {
  const auto per_second = *rc::gen::inRange<std::uint32_t>(1, 2000);
  const auto burst = *rc::gen::inRange<std::uint32_t>(1, 50);
  const auto pauses =
      *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(0, 1 << 28));
  RateLimit limit(per_second, burst, kStart);
  TimeNs now = kStart;
  std::uint64_t given = 0;
  for (const std::uint64_t pause : pauses) {
    now.ns += pause;
    const std::uint64_t there = limit.available(now);
    RC_ASSERT(there <= burst);
    RC_ASSERT(limit.take(now) == (there > 0));
    given += there > 0;
  }
  const std::uint64_t token_ns = 1'000'000'000 / per_second;
  RC_ASSERT(given <= burst + (now.ns - kStart.ns) / token_ns);
}

}  // namespace
}  // namespace swerve
