// source/json/json_lines.h - reads one JSON object a line. Read with nlohmann-json, event by event.
//
//   {"ts":12345678901234,"cpu":0,"pid":1234,"comm":"sh","event":"sched_switch","fields":{"prev_pid":1234,...}}
#pragma once

#include <memory>
#include <string_view>

#include "source/input.h"
#include "source/recording.h"

namespace swerve {

bool is_json_lines(std::string_view beginning);

/// `ts` and `event` must be there. `ts`: nanoseconds as a whole number, or seconds with a fraction.
/// A hole is
/// {"ts":...,"cpu":1,"lost":12,"since":...}. Unknown members are skipped. Errors of next(): invalid
/// (with the line), io.
Result<std::unique_ptr<Recording>> open_json_lines(std::unique_ptr<Input> input,
                                                   const Interest& interest);

}  // namespace swerve
