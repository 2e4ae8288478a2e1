// swerve/base/api.h - what of the library other programs may link to.
//
// The rooms are built with everything hidden. A public header marks what has code in a .cc, and
// every type that is known by its typeinfo (one that is derived from, or thrown), as SWERVE_API;
// cmake/exports.map gives these symbols their version.
#pragma once

/// In front of a function, or between `class` and its name: libswerve.so exports it.
#define SWERVE_API __attribute__((visibility("default")))

/// Between `struct` and the name, where a type that is nested in an exported one is defined in a
/// .cc: its members are nobody else's.
#define SWERVE_LOCAL __attribute__((visibility("hidden")))
