#include "swerve/base/result.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace swerve {

void check_failed(const char* file, int line, const char* condition, const char* why) {
  std::fprintf(stderr, "swerve: internal error at %s:%d: %s (%s)\n", file, line, why, condition);
  std::abort();
}

namespace {
ErrorCode code_of(int os_errno) {
  switch (os_errno) {
    case ENOENT:
    case ESRCH:
      return ErrorCode::not_found;
    case EPERM:
    case EACCES:
      return ErrorCode::denied;
    case EINVAL:
      return ErrorCode::invalid;
    case EEXIST:
      return ErrorCode::exists;
    case EBUSY:
      return ErrorCode::busy;
    case ENOSYS:
    case EOPNOTSUPP:
      return ErrorCode::unsupported;
    case ENOMEM:
    case ENOSPC:
    case E2BIG:
    case EMFILE:
    case ENFILE:
      return ErrorCode::exhausted;
    default:
      return ErrorCode::io;
  }
}
}  // namespace

int Error::errno_or_fitting() const noexcept {
  if (errno_ > 0) return errno_;
  switch (code_) {
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
      break;
  }
  return EIO;
}

Error Error::from_errno(int os_errno, std::string_view doing) {
  return Error(code_of(os_errno), std::string(doing) + ": " + std::strerror(os_errno), os_errno);
}

}  // namespace swerve
