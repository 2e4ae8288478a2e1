#include "control/fuse/errno.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace swerve {
namespace {

TEST(Errno, EveryCodeHasOne) {
  const std::pair<ErrorCode, int> table[] = {
      {ErrorCode::invalid, EINVAL},   {ErrorCode::not_found, ENOENT},
      {ErrorCode::denied, EPERM},     {ErrorCode::unsupported, EOPNOTSUPP},
      {ErrorCode::exists, EEXIST},    {ErrorCode::busy, EBUSY},
      {ErrorCode::exhausted, ENOMEM}, {ErrorCode::io, EIO},
  };
  for (const auto& [code, expected] : table) EXPECT_EQ(answer_of(Error(code, "text")), expected);
}

TEST(Errno, TheSystemsOwnWins) {
  EXPECT_EQ(answer_of(Error(ErrorCode::io, "text", ENOTDIR)), ENOTDIR);
  EXPECT_EQ(answer_of(Error(ErrorCode::exhausted, "text", ENOSPC)), ENOSPC);
  EXPECT_EQ(answer_of(Error(ErrorCode::denied, "text", EACCES)), EACCES);
}

TEST(Errno, WhatFuseWouldTakeForSomethingElseIsNeverTheAnswer) {
  EXPECT_EQ(answer_of(Error::from_errno(ENOSYS, "try")), EOPNOTSUPP);
  EXPECT_EQ(answer_of(Error(ErrorCode::io, "text", 524)), EOPNOTSUPP);
  EXPECT_EQ(answer_of(Error(ErrorCode::io, "text", 512)), EIO);
  EXPECT_EQ(answer_of(Error(ErrorCode::busy, "text", -1)), EBUSY);
}

}  // namespace
}  // namespace swerve
