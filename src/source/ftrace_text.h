// source/ftrace_text.h - reads what ftrace prints (`cat trace`, `cat trace_pipe`) and what
// `trace-cmd report` makes of a trace.dat (with -R, and without where that is not ambiguous).
#pragma once

#include <memory>
#include <string_view>

#include "source/input.h"
#include "source/recording.h"

namespace swerve {

bool is_ftrace_text(std::string_view beginning);

/// Lines as with the options irq-info (flags) and record-tgid on or off; times in seconds with a
/// fraction, or what another clock counts, as nanoseconds. The options latency-format and verbose
/// are not read. For the fields of events see event_text.h. A task whose name was not kept
/// ("<...>") has none; idle tasks are swapper/0, swapper/1, and so on. Of several buffers in one
/// report of trace-cmd that of the first event is read; the others' lines are not understood.
///
/// Lines "CPU:n [LOST m EVENTS]" and "[EVENTS DROPPED]" are holes; so is what the header tells
/// ("entries-in-buffer/entries-written"): each CPU's beginning is missing then. For the beginning
/// of a hole the input is read twice where it can be rewound and tells of losses at all; where it
/// cannot be, a hole begins at the line that tells of it, and a CPU without any event keeps the
/// header's hole open.
///
/// An event whose name is known and whose fields cannot be read is not understood, and a hole on
/// its CPU: it did something.
///
/// A last line without its end is not understood: it may be cut off in the middle of a number.
/// Comments, blank lines, stacks and calls of the function tracer are known, and no events.
/// Errors: unsupported (latency-format). Of next(): io, invalid (a compressed stream is broken),
/// exhausted (more kinds of events than are kept: with the line); lines that are not understood
/// are counted.
Result<std::unique_ptr<Recording>> open_ftrace_text(std::unique_ptr<Input> input,
                                                    const Interest& interest);

}  // namespace swerve
