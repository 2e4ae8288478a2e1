#include "control/fuse/errno.h"

#include <cerrno>

namespace swerve {

namespace {
int errno_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid:
      return EINVAL;
    case ErrorCode::not_found:
      return ENOENT;
    case ErrorCode::denied:
      return EPERM;
    case ErrorCode::unsupported:
      return EOPNOTSUPP;
    case ErrorCode::exists:
      return EEXIST;
    case ErrorCode::busy:
      return EBUSY;
    case ErrorCode::exhausted:
      return ENOMEM;
    case ErrorCode::io:
      return EIO;
  }
  return EIO;
}
}  // namespace

int errno_of(const Error& error) {
  const int os_errno = error.os_errno();
  // ENOSYS would tell FUSE that this mount has no such operation, for good. What is above 511 is
  // the kernel's own (bpf(2) lets its ENOTSUPP, 524, out): FUSE refuses it as an answer, and
  // whoever waits for one would wait for ever.
  constexpr int kMost = 511;
  constexpr int kKernelsNotSupported = 524;
  if (os_errno == ENOSYS || os_errno == kKernelsNotSupported) return EOPNOTSUPP;
  if (os_errno > 0 && os_errno <= kMost) return os_errno;
  return errno_of(error.code());
}

}  // namespace swerve
