// source/ctf/ctf.h - reads CTF folders, what LTTng records. The only user of libbabeltrace2.
#pragma once

#include <memory>
#include <string>

#include "source/recording.h"

namespace swerve {

/// Whether the folder holds a CTF trace (a file `metadata`, in it or below).
bool is_ctf(const std::string& folder);

/// Every trace below the folder, as one. Fields are those of the payload; who ran is taken from the
/// contexts (tid or vtid, pid or vpid, procname), for the kernel's traces else from sched_switch.
/// Discarded events are holes. Errors: invalid (babeltrace's own words), unsupported (its plugin
/// for CTF is not there).
Result<std::unique_ptr<Recording>> open_ctf(const std::string& folder, const Interest& interest);

}  // namespace swerve
