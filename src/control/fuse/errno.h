// control/fuse/errno.h - what an Error is for a system call.
#pragma once

#include "swerve/base/result.h"

namespace swerve {

/// The errno for whoever reads or writes the mount: the error's own where it has one that a program
/// can be given, else the one of its code. Never 0, ENOSYS or above 511.
int answer_of(const Error& error);

}  // namespace swerve
