// tests/sanity/embedded_probe.cc - the smallest program that embeds Swerve. It is linked with every
// object of the library, and embedded.py looks at what it then needs.
#include <cstdio>

#include "base/text.h"

int main() { std::puts(swerve::cat("embedded ", 1).c_str()); }
