// kernel/rights.h - whether this process may load BPF programs, and what to do when it may not.
#pragma once

#include <string>
#include <vector>

namespace swerve {

enum class Rights { to_watch, to_watch_and_mount };

/// The capabilities that are missing: of "CAP_BPF" and "CAP_PERFMON" (CAP_SYS_ADMIN stands for
/// both), and to mount a file system "CAP_SYS_ADMIN" itself.
std::vector<std::string> missing_rights(Rights needed = Rights::to_watch);

/// "run as root, or give the program the rights: setcap cap_bpf,cap_perfmon+ep /usr/bin/swerve"
std::string rights_advice();

}  // namespace swerve
