// app/json_report.h - the end of a watch or a check as JSON, one object a line; docs/json.md says
// what each member means. Members are added, never renamed.
#pragma once

#include <string>
#include <string_view>

#include "app/report.h"
#include "swerve/base/time.h"

namespace swerve {

/// Each ends in a newline.
/// That verdicts of this monitor may rest on what was lost.
std::string inconclusive_json(const MonitorSummary& monitor, TimeNs time);
std::string summary_json(const Summary& summary);

/// The same of a recorded trace.
std::string summary_json(const CheckedTrace& trace);
/// The instances that were in no final state at the end, an object each.
std::string unfinished_json(const CheckedMonitor& monitor, std::string_view file);

}  // namespace swerve
