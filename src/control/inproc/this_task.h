// control/inproc/this_task.h - the calling thread as verdicts name it.
#pragma once

#include "swerve/monitor/verdict.h"

namespace swerve {

/// Its number, its process's, and its name as the kernel has it.
TaskInfo this_task();

}  // namespace swerve
