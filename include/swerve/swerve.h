// swerve/swerve.h - what a program needs that checks itself: tracepoints, models, a session with
// monitors, and their reports in words.
#pragma once

#include "swerve/control/inproc/session.h"  // IWYU pragma: export
#include "swerve/model/dot.h"               // IWYU pragma: export
#include "swerve/model/dot_parser.h"        // IWYU pragma: export
#include "swerve/monitor/violation_text.h"  // IWYU pragma: export
#include "swerve/source/tracepoint.h"       // IWYU pragma: export
