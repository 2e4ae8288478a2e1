// monitor/verdict_json.h - steps, violations and what is missing of them as JSON, one object a
// line; docs/json.md says what each member means. Members are added, never renamed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "swerve/monitor/verdict.h"

namespace swerve {

/// Each ends in a newline. `file` is the recording that it was found in; empty: none.
std::string step_json(const Step& step, std::string_view file = {});
std::string violation_json(const Violation& violation, std::string_view file = {});
std::string inconclusive_json(const Inconclusive& inconclusive, std::string_view file = {});
/// An array of names, null for "not monitoring".
std::string states_json(const std::vector<StateOrNone>& states);
/// That so many lines stand missing here, of this monitor (or, empty, of several): their reader was
/// too slow.
std::string lost_lines_json(std::string_view monitor, std::uint64_t lines);
/// That so many reports of this monitor found the engine's ring full.
std::string lost_reports_json(std::string_view monitor, std::uint64_t reports);

}  // namespace swerve
