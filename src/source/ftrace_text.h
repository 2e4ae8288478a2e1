// source/ftrace_text.h - reads what ftrace prints (`cat trace`, `cat trace_pipe`) and what
// `trace-cmd report` makes of a trace.dat (with -R, and without where that is not ambiguous).
#pragma once

#include <memory>
#include <string_view>

#include "source/input.h"
#include "source/recording.h"

namespace swerve {

bool is_ftrace_text(std::string_view beginning);

/// "name=value" fields are `word`s. Lines "CPU:n [LOST m EVENTS]" are holes; so is what the header
/// tells ("entries-in-buffer/entries-written"): each CPU's beginning is missing then. For the
/// beginning of a hole the input is read twice where it can be rewound; where it cannot, a hole
/// begins at the line that tells of it. Errors of next(): io; lines that are not understood are
/// counted.
Result<std::unique_ptr<Recording>> open_ftrace_text(std::unique_ptr<Input> input,
                                                    const Interest& interest);

}  // namespace swerve
