#include "source/tracedat/tracedat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace swerve {
namespace {

std::string data(const std::string& name) {
  return std::string(SWERVE_SOURCE_DIR) + "/tests/data/" + name;
}

TEST(TraceDat, CountsTheEventsOfARealFile) {
  const WantAll all;
  auto input = open_input(data("streams/wwnr-b.trace.dat"));
  ASSERT_TRUE(input) << input.error().message();
  auto recording = open_tracedat(std::move(*input), "", all);
  ASSERT_TRUE(recording) << recording.error().message();
  Batch batch;
  std::size_t count = 0;
  for (;;) {
    auto more = (*recording)->next(batch);
    ASSERT_TRUE(more) << more.error().message();
    if (!*more) break;
    count += batch.size();
  }
  EXPECT_EQ(count, 20172U);
}

}  // namespace
}  // namespace swerve
