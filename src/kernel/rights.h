// kernel/rights.h - whether this process may load BPF programs, and what to do when it may not.
#pragma once

#include <string>
#include <vector>

namespace swerve {

/// The capabilities that are missing: of "CAP_BPF" and "CAP_PERFMON"; CAP_SYS_ADMIN stands for
/// both.
std::vector<std::string> missing_rights();

/// "run as root, or give the program the rights: setcap cap_bpf,cap_perfmon+ep /usr/bin/swerve"
std::string rights_advice();

}  // namespace swerve
