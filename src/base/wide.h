// base/wide.h - functions that are compiled for wide registers, too.
//
// SWERVE_WIDE before a function with a simple loop over arrays makes two of it: one for any
// processor, and one for those with AVX2 registers, which is taken where it can be (decided once,
// when the program is loaded). For loops that a profile names. Where the compiler cannot do it, and
// under the sanitizers, it is the plain function alone.
#pragma once

#include <cstddef>  // __GLIBC__

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SWERVE_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define SWERVE_WIDE
#endif
