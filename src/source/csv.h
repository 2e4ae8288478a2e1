// source/csv.h - reads comma-separated values with a header line.
#pragma once

#include <memory>
#include <string_view>

#include "source/input.h"
#include "source/recording.h"

namespace swerve {

bool is_csv(std::string_view beginning);

/// RFC 4180, or with semicolons or tabs in place of the commas, where the header has them. The
/// columns `ts` (or time_ns, time, timestamp) and `event` must be there; `cpu`, `pid` (or tid; with
/// both, pid is the process), `tgid` and `comm` may; every other column is a field, and an empty
/// cell is a field that the event does not have. A time with a point or an exponent is in seconds,
/// a whole number in nanoseconds. A line's end in a quoted cell is read as a newline. Errors of
/// next(): invalid (a line with another number of cells, a time that is none), io.
Result<std::unique_ptr<Recording>> open_csv(std::unique_ptr<Input> input, const Interest& interest);

}  // namespace swerve
