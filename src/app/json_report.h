// app/json_report.h - steps, violations and the summary as JSON, one object a line; docs/json.md
// says what each member means. Members are added, never renamed.
#pragma once

#include <string>

#include "app/report.h"
#include "monitor/verdict.h"

namespace swerve {

/// Each ends in a newline.
std::string step_json(const Step& step);
std::string violation_json(const Violation& violation);
/// That verdicts of this monitor may rest on what was lost.
std::string inconclusive_json(const MonitorSummary& monitor, TimeNs time);
std::string summary_json(const Summary& summary);

}  // namespace swerve
