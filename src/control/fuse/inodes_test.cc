#include "control/fuse/inodes.h"

#include <gtest/gtest.h>

namespace swerve {
namespace {

TEST(Inodes, APathHasOneNumber) {
  Inodes inodes;
  const auto a = inodes.look_up("monitors");
  const auto b = inodes.look_up("monitors/wwnr");
  EXPECT_NE(a, b);
  EXPECT_NE(a, Inodes::kRoot);
  EXPECT_EQ(inodes.look_up("monitors"), a);
  ASSERT_NE(inodes.path(b), nullptr);
  EXPECT_EQ(*inodes.path(b), "monitors/wwnr");
}

TEST(Inodes, IsKnownUntilEveryLookUpIsForgotten) {
  Inodes inodes;
  const auto a = inodes.look_up("enable");
  inodes.look_up("enable");
  inodes.look_up("enable");
  inodes.forget(a, 2);
  ASSERT_NE(inodes.path(a), nullptr);
  inodes.forget(a, 1);
  EXPECT_EQ(inodes.path(a), nullptr);
  EXPECT_EQ(inodes.size(), 0U);
  // The number is not used again.
  EXPECT_NE(inodes.look_up("desc"), a);
  EXPECT_NE(inodes.look_up("enable"), a);
}

TEST(Inodes, TheRootIsAlwaysKnown) {
  Inodes inodes;
  EXPECT_EQ(inodes.look_up(""), Inodes::kRoot);
  inodes.forget(Inodes::kRoot, 1000);
  ASSERT_NE(inodes.path(Inodes::kRoot), nullptr);
  EXPECT_EQ(*inodes.path(Inodes::kRoot), "");
}

TEST(Inodes, ForgettingWhatIsNotKnownIsNothing) {
  Inodes inodes;
  inodes.forget(77, 1);
  EXPECT_EQ(inodes.path(77), nullptr);
}

}  // namespace
}  // namespace swerve
