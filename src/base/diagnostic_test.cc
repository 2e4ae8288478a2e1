#include "swerve/base/diagnostic.h"

#include <gtest/gtest.h>

namespace swerve {
namespace {

TEST(Diagnostic, ReadsAsOneLineWithItsPlace) {
  EXPECT_EQ((Diagnostic{Severity::error, {"m.dot", 3, 7}, "no target"}).to_string(),
            "m.dot:3:7: error: no target");
  EXPECT_EQ((Diagnostic{Severity::warning, {"m.dot"}, "odd"}).to_string(), "m.dot: warning: odd");
}

TEST(Diagnostic, OnlyErrorsAreErrors) {
  EXPECT_FALSE(has_errors({}));
  EXPECT_FALSE(has_errors({{Severity::warning, {}, "w"}}));
  EXPECT_TRUE(has_errors({{Severity::warning, {}, "w"}, {Severity::error, {}, "e"}}));
}

TEST(NearestName, FindsOneSlipInAShortName) {
  const std::vector<std::string> names{"prev", "next", "prev_state"};
  EXPECT_EQ(nearest_name("prv", names), "prev");    // left out
  EXPECT_EQ(nearest_name("prevv", names), "prev");  // doubled
  EXPECT_EQ(nearest_name("pref", names), "prev");   // changed
  EXPECT_EQ(nearest_name("nxet", names), "next");   // swapped
  EXPECT_EQ(nearest_name("NEXT", names), "next");   // another case
  EXPECT_EQ(nearest_name("prevstate", names), "prev_state");
}

TEST(NearestName, KeepsSilentWhereNothingIsNear) {
  const std::vector<std::string> names{"prev", "next", ""};
  EXPECT_EQ(nearest_name("task", names), "");
  EXPECT_EQ(nearest_name("", names), "");
  EXPECT_EQ(nearest_name("x", {"y"}), "");  // all letters differ
  EXPECT_EQ(nearest_name(std::string(1000, 'p'), {std::string(1000, 'p')}),
            "");  // too long to compare
}

TEST(NearestName, PrefersTheNearestThenTheFirst) {
  EXPECT_EQ(nearest_name("switch_in", {"switch_on", "switch_in_x", "switch_i"}), "switch_on");
  EXPECT_EQ(nearest_name("wakeups", {"makeups_", "wakeup"}), "wakeup");
}

TEST(NearMiss, IsThePartOfAMessage) {
  EXPECT_EQ(near_miss("shpae", {"label", "shape"}), "; did you mean 'shape'?");
  EXPECT_EQ(near_miss("colour", {"label", "shape"}), "");
}

}  // namespace
}  // namespace swerve
