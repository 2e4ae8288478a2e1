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

/// `ts` (or time_ns, time) and `event` must be there. The time: nanoseconds as a whole number, or
/// seconds with a fraction; it may stand in quotes. `cpu`, `pid` (or `tid`; with both, pid is the
/// process), `tgid`, `comm` and `fields` may be there. Fields are `word`s: numbers, texts, true and
/// false as 1 and 0; one that is null is not there; other values (fractions, arrays, objects)
/// cannot be had. A hole is {"ts":...,"cpu":1,"lost":12,"since":...}: so many events (0: not known)
/// between the two times, on all CPUs without `cpu`. Unknown members are skipped. Errors of next():
/// invalid (with the line), io.
Result<std::unique_ptr<Recording>> open_json_lines(std::unique_ptr<Input> input,
                                                   const Interest& interest);

}  // namespace swerve
