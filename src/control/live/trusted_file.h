// control/live/trusted_file.h - reading what nobody but root can change.
#pragma once

#include <cstddef>
#include <string>

#include "swerve/base/result.h"

namespace swerve {

/// The text of a file that only root can change: a regular file, owned by root, not writable by
/// group or others, in folders that are so too, up to the root (above the folder that holds it, one
/// that all may write is right if it is sticky, as /tmp). Symbolic links of root's are followed,
/// and the target is asked. Looked at and read through one descriptor each, so nothing can be
/// exchanged in between. Nothing is asked of a file system that a process serves (FUSE): its word
/// on owners is that process's, who may be the caller itself. Errors: denied (EPERM, says what is
/// wrong), invalid (the path is relative), and those of opening and reading.
Result<std::string> read_trusted_file(const std::string& path, std::size_t limit);

}  // namespace swerve
