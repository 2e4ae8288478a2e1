// app/html_timeline.h - what an instance did around a finding, as a drawing in a page.
#pragma once

#include <string>

#include "app/html_data.h"

namespace swerve {

/// An SVG: time to the right, a lane for each state that was met, the events above, and under them
/// on which CPU and how long after the one before. Gaps are as wide as their order of magnitude.
std::string timeline_svg(const MonitorData& monitor, const Finding& finding);

}  // namespace swerve
