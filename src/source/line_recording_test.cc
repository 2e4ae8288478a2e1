#include "source/line_recording.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"

namespace swerve {
namespace {

TEST(TimeNumber, IsExact) {
  struct Case {
    const char* text;
    std::uint64_t ns;
  };
  for (const Case& c : std::vector<Case>{
           {"0", 0},
           {"12345678901234", 12345678901234},
           {"18446744073709551615", 18446744073709551615U},
           {"0.0", 0},
           {"1.5", 1500000000},
           {"12345.678901234", 12345678901234},
           {"12345.6789012345", 12345678901234},
           {"18446744073.709551615", 18446744073709551615U},
           {"0.000000001", 1},
           {"0.0000000019", 1},
           {"0.0000000009", 0},
           {"00001.5", 1500000000},
           {"1e0", 1000000000},
           {"1E+2", 100000000000},
           {"1.23456789e-9", 1},
           {"123456789e-9", 123456789},
           {"0.0000001e6", 100000000},
           {"0e999999", 0},
           {"1e-999999", 0},
       }) {
    std::uint64_t ns = 77;
    EXPECT_TRUE(read_time_number(c.text, ns)) << c.text;
    EXPECT_EQ(ns, c.ns) << c.text;
  }
  for (const char* text : {"",
                           "-1",
                           "+1",
                           ".5",
                           "1.",
                           "1.e2",
                           "e5",
                           "1e",
                           "1e+",
                           "1.5x",
                           "1 ",
                           " 1",
                           "1,5",
                           "0x10",
                           "nan",
                           "inf",
                           "18446744073709551616",
                           "1e10000000",
                           "18446744073.709551616",
                           "1e11",
                           "1e999999"}) {
    std::uint64_t ns = 0;
    EXPECT_FALSE(read_time_number(text, ns)) << text << " " << ns;
  }
}

RC_GTEST_PROP(TimeNumber, InSecondsIsTheSameTime, (std::uint64_t ns)) {
  std::string fraction = std::to_string(ns % 1000000000);
  fraction.insert(0, 9 - fraction.size(), '0');
  std::uint64_t seconds = 0, whole = 0;
  RC_ASSERT(read_time_number(cat(ns / 1000000000, ".", fraction), seconds));
  RC_ASSERT(read_time_number(cat(ns), whole));
  RC_ASSERT(seconds == ns);
  RC_ASSERT(whole == ns);
}

TEST(Id, IsAWholeNumberOf32Bits) {
  std::uint32_t id = 0;
  EXPECT_TRUE(read_id("0", id));
  EXPECT_EQ(id, 0U);
  EXPECT_TRUE(read_id("4294967294", id));
  EXPECT_EQ(id, 4294967294U);
  for (const char* text : {"", "-1", "+1", "4294967295", "4294967296", "1 ", "0x1", "1.0"}) {
    EXPECT_FALSE(read_id(text, id)) << text;
  }
}

}  // namespace
}  // namespace swerve
