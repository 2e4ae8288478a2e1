// app/graphviz.h - drawings, made by the program dot.
#pragma once

#include <string>

#include "swerve/base/result.h"

namespace swerve {

/// Has Graphviz draw `dot` as SVG; no shell is between. Its complaints go to standard error.
/// `cpu_seconds` is how long it may take; 0: as long as it likes. Errors: not_found (there is no
/// program dot), exhausted (it took too long), io.
Result<std::string> draw_svg(const std::string& dot, unsigned cpu_seconds = 0);

}  // namespace swerve
