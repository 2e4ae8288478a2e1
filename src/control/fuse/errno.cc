#include "control/fuse/errno.h"

#include <cerrno>

namespace swerve {

int answer_of(const Error& error) {
  const int fitting = error.errno_or_fitting();
  // ENOSYS would tell FUSE that this mount has no such operation, for good. What is above 511 is
  // the kernel's own (bpf(2) lets its ENOTSUPP, 524, out): FUSE refuses it as an answer, and
  // whoever waits for one would wait for ever.
  constexpr int kMost = 511;
  constexpr int kKernelsNotSupported = 524;
  if (fitting == ENOSYS || fitting == kKernelsNotSupported) return EOPNOTSUPP;
  return fitting <= kMost ? fitting : EIO;
}

}  // namespace swerve
