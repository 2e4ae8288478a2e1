// app/check_session.h - monitors on one recorded trace: read, stepped, and what they said.
//
// Everything happens in one pass. The trace is read on a thread of its own, and the monitors are
// divided over two; what the sink is told, and in which order, does not depend on that: for each
// event, what the monitors said of it, in their order.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "app/checked_trace.h"
#include "app/progress.h"
#include "app/trace_monitors.h"
#include "source/recording.h"
#include "swerve/base/result.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

struct CheckSettings {
  RecordedEngine::Options engine;
  bool unfinished = false;                   // list the instances that end in no final state
  unsigned threads = 2;                      // 1: all on the caller's
  std::size_t read_ahead_bytes = 64U << 20;  // of a trace, until it is known what its events are
  // Each may be empty; all are called on the caller's thread.
  std::function<bool()> stop;                      // asked often; true: end now
  std::function<void(const Recording&)> opened;    // nothing was said yet
  std::function<void(const ReadSoFar&)> progress;  // something was read, and all of it said
};

/// Opens a trace for whom the interest is.
using OpenTrace = std::function<Result<std::unique_ptr<Recording>>(const Interest&)>;

/// Checks one trace; `file` is its name. What is wrong is in the answer, beside what was found
/// before.
CheckedTrace check_trace(const CheckedDefinitions& definitions, const std::string& file,
                         const OpenTrace& open, const CheckSettings& settings, VerdictSink& sink);

}  // namespace swerve
