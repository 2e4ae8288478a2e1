// source/tracedat/spool.h - an input of which every place can be read.
#pragma once

#include <memory>

#include "source/input.h"
#include "swerve/base/result.h"

namespace swerve::tracedat {

/// The input itself when it is mapped(), else a temporary file with all that it gives; it has no
/// name, is in TMPDIR or /var/tmp, and is gone with the process. Errors: of the input; io (no
/// room).
Result<std::unique_ptr<Input>> spooled(std::unique_ptr<Input> input);

}  // namespace swerve::tracedat
