// monitor/verdict_json.h - steps and violations as JSON, one object a line; docs/json.md says what
// each member means. Members are added, never renamed.
#pragma once

#include <string>

#include "monitor/verdict.h"

namespace swerve {

/// Each ends in a newline.
std::string step_json(const Step& step);
std::string violation_json(const Violation& violation);

}  // namespace swerve
