// app/caught_signals.h - the signals that end a watch or the daemon, as a descriptor.
#pragma once

#include <csignal>

#include "base/unique_fd.h"
#include "swerve/base/result.h"

namespace swerve {

/// SIGINT, SIGTERM, SIGHUP (but under nohup), and SIGCHLD where it was asked for.
struct CaughtSignals {
  UniqueFd fd;        // a signalfd that does not block
  sigset_t before{};  // the mask as it was
};

enum class Children { heard, ignored };

/// To be called before any thread is started: they are blocked from here on. SIGCHLD gets its
/// default action, whatever it was, so that children can be waited for.
Result<CaughtSignals> catch_signals(Children children);

}  // namespace swerve
