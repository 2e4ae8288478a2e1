// source/perf_text.h - reads what `perf script` prints of tracepoints.
#pragma once

#include <memory>
#include <string_view>

#include "source/input.h"
#include "source/recording.h"

namespace swerve {

bool is_perf_text(std::string_view beginning);

/// With the fields that `perf script` prints by itself, or -F with at least
/// comm,tid,cpu,time,event,trace (us or ns). For the fields of events see event_text.h. Lines of
/// lost records are holes: `perf script` prints them with --show-lost-events only; they begin as
/// those of ftrace_text.h do. Stacks and perf's other records are passed over; a last line without
/// its end is not understood.
/// Errors: invalid (no CPU is printed). Of next(): as in ftrace_text.h.
Result<std::unique_ptr<Recording>> open_perf_text(std::unique_ptr<Input> input,
                                                  const Interest& interest);

}  // namespace swerve
