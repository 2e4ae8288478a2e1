#include "swerve/base/time.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/unique_fd.h"

namespace swerve {
namespace {

TEST(ParseDuration, ReadsEachUnit) {
  EXPECT_EQ(parse_duration("10").value().ns, 10'000'000'000U);
  EXPECT_EQ(parse_duration("10s").value().ns, 10'000'000'000U);
  EXPECT_EQ(parse_duration("250ms").value().ns, 250'000'000U);
  EXPECT_EQ(parse_duration("1.5s").value().ns, 1'500'000'000U);
  EXPECT_EQ(parse_duration(".5s").value().ns, 500'000'000U);
  EXPECT_EQ(parse_duration("7us").value().ns, 7'000U);
  EXPECT_EQ(parse_duration("2m").value().ns, 120'000'000'000U);
  EXPECT_EQ(parse_duration("1h").value().ns, 3600'000'000'000U);
}

TEST(ParseDuration, RefusesEverythingElse) {
  for (const std::string& bad : {std::string(),           std::string("s"),
                                 std::string("0"),        std::string("0s"),
                                 std::string("-1s"),      std::string("+1s"),
                                 std::string(" 1s"),      std::string("1 s"),
                                 std::string("1s "),      std::string("1S"),
                                 std::string("1ns"),      std::string("1d"),
                                 std::string("0x10"),     std::string("1e3"),
                                 std::string("inf"),      std::string("nan"),
                                 std::string("1s1s"),     std::string("1,5s"),
                                 std::string("1000000h"), std::string("0.0000000001s"),
                                 std::string("5\0s", 3),  std::string(400, '9')}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
  EXPECT_EQ(parse_duration("10 \n").error().message(),
            "'10 \\n' is not a duration; write it like 10s, 250ms, 2m or 1h");
}

TEST(SecondsText, HasNineDecimals) {
  EXPECT_EQ(seconds_text({0}), "0.000000000");
  EXPECT_EQ(seconds_text({12'345'678'901}), "12.345678901");
  EXPECT_EQ(seconds_text({18446744073709551615U}), "18446744073.709551615");
}

TEST(MonotonicNow, DoesNotGoBack) {
  const TimeNs first = monotonic_now();
  EXPECT_LE(first, monotonic_now());
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(UniqueFd, HasOneOwnerAndClosesOnce) {
  UniqueFd a(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int fd = a.get();
  ASSERT_TRUE(is_open(fd));
  UniqueFd b(std::move(a));
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): moved-from is "none"
  EXPECT_TRUE(is_open(fd));
  b = UniqueFd();
  EXPECT_FALSE(is_open(fd));
  EXPECT_FALSE(b);
}

}  // namespace
}  // namespace swerve
