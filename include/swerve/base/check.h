// swerve/base/check.h - for "we contradicted ourselves": stops the process and names the broken
// invariant.
//
// Not for what the world or the user got wrong; that is a Result or a diagnostic.
#pragma once

#include "swerve/base/api.h"

namespace swerve {
/// What SWERVE_CHECK calls: says on stderr what is broken, and ends the process (abort()).
[[noreturn]] SWERVE_API void check_failed(const char* file, int line, const char* condition,
                                          const char* why);
}  // namespace swerve

/// Ends the process when `condition` does not hold; `why` says what is broken then.
#define SWERVE_CHECK(condition, why)                                               \
  do {                                                                             \
    if (!(condition)) ::swerve::check_failed(__FILE__, __LINE__, #condition, why); \
  } while (false)
