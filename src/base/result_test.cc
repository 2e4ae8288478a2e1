#include "swerve/base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace swerve {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return Error(ErrorCode::invalid, "odd");
  return n / 2;
}

Result<int> quarter(int n) {
  SWERVE_TRY_ASSIGN(const int h, half(n));
  SWERVE_TRY_ASSIGN(const int q, half(h));
  return q;
}

Result<> must_be_even(int n) {
  SWERVE_TRY(half(n));
  return {};
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_TRUE(half(4).has_value());
  EXPECT_EQ(*half(4), 2);
  EXPECT_FALSE(half(3));
  EXPECT_EQ(half(3).error().message(), "odd");
  EXPECT_EQ(half(3).error().code(), ErrorCode::invalid);
}

TEST(Result, TryReturnsTheFirstError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().message(), "odd");
  EXPECT_TRUE(must_be_even(2));
  EXPECT_EQ(must_be_even(1).error().message(), "odd");
}

TEST(Result, CarriesWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> r = std::make_unique<int>(7);
  const std::unique_ptr<int> owned = std::move(r).value();
  EXPECT_EQ(*owned, 7);
}

TEST(ResultDeathTest, ReadingWhatIsNotThereEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH((void)half(3).value(),
               "internal error.*value\\(\\) of a Result that holds an error");
  EXPECT_DEATH((void)half(2).error(), "internal error.*error\\(\\) of a Result that holds a value");
  EXPECT_DEATH((void)Result<>().error(), "error\\(\\) of a Result that holds no error");
}

TEST(Error, EachLayerAddsInFrontWhatItWasDoing) {
  const Error inner = Error::from_errno(EPERM, "attach sched_switch");
  const Error outer = inner.within("enable wwnr");
  EXPECT_EQ(outer.message(), "enable wwnr: attach sched_switch: Operation not permitted");
  EXPECT_EQ(outer.code(), ErrorCode::denied);
  EXPECT_EQ(outer.os_errno(), EPERM);
  EXPECT_EQ(inner.message(), "attach sched_switch: Operation not permitted");
}

TEST(Error, TheCodeFitsTheErrno) {
  EXPECT_EQ(Error::from_errno(ENOENT, "x").code(), ErrorCode::not_found);
  EXPECT_EQ(Error::from_errno(EACCES, "x").code(), ErrorCode::denied);
  EXPECT_EQ(Error::from_errno(EINVAL, "x").code(), ErrorCode::invalid);
  EXPECT_EQ(Error::from_errno(EEXIST, "x").code(), ErrorCode::exists);
  EXPECT_EQ(Error::from_errno(EBUSY, "x").code(), ErrorCode::busy);
  EXPECT_EQ(Error::from_errno(ENOSYS, "x").code(), ErrorCode::unsupported);
  EXPECT_EQ(Error::from_errno(ENOSPC, "x").code(), ErrorCode::exhausted);
  EXPECT_EQ(Error::from_errno(EIO, "x").code(), ErrorCode::io);
}

}  // namespace
}  // namespace swerve
