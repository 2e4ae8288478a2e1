// source/perf_text.h - reads what `perf script` prints of tracepoints.
#pragma once

#include <memory>
#include <string_view>

#include "source/input.h"
#include "source/recording.h"

namespace swerve {

bool is_perf_text(std::string_view beginning);

/// With the fields that `perf script` prints by itself, or -F with at least
/// comm,tid,cpu,time,event,trace (ns or us). Lines of lost records (--show-lost-events) are holes.
/// Stacks are skipped. Errors of next(): io; lines that are not understood are counted.
Result<std::unique_ptr<Recording>> open_perf_text(std::unique_ptr<Input> input,
                                                  const Interest& interest);

}  // namespace swerve
