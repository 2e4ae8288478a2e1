// app/caught_signals.h - the signals that end a watch, as a descriptor.
#pragma once

#include <csignal>

#include "base/result.h"
#include "base/unique_fd.h"

namespace swerve {

/// SIGINT, SIGTERM, SIGHUP (but under nohup) and SIGCHLD.
struct CaughtSignals {
  UniqueFd fd;        // a signalfd that does not block
  sigset_t before{};  // the mask as it was
};

/// To be called before any thread is started: they are blocked from here on.
Result<CaughtSignals> catch_signals();

}  // namespace swerve
