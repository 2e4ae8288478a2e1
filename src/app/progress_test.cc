#include "app/progress.h"

#include <gtest/gtest.h>

namespace swerve {
namespace {

TEST(Progress, SaysHowFarAndHowFast) {
  EXPECT_EQ(progress_text({50, 100, 24'000'000}, {2'000'000'000}),
            "50%, 24.0 million events, 12.0 million a second");
  EXPECT_EQ(progress_text({50, 0, 1000}, {500'000'000}), "1000 events, 2000 a second");
}

TEST(Progress, IsNeverBeyondTheEndNorByZero) {
  EXPECT_EQ(progress_text({150, 100, 3}, {1'000'000'000}), "100%, 3 events, 3 a second");
  EXPECT_EQ(progress_text({0, 100, 0}, {0}), "0%, 0 events, 0 a second");
}

}  // namespace
}  // namespace swerve
