// app/recorded_input.h - what `swerve check` and `swerve convert` do before they read a trace.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/trace_monitors.h"
#include "source/any/open_recording.h"
#include "swerve/base/result.h"
#include "swerve/base/time.h"

namespace swerve {

/// The monitors' definitions, and what this kernel tells of their probes where they name what is in
/// no table of ours. Errors: as
/// select_monitors(); exists (two have one name). What is wrong inside the definitions is told by
/// CheckedDefinitions::problems().
Result<CheckedDefinitions> read_definitions(const std::vector<std::string>& monitors,
                                            const std::vector<std::string>& folders);

/// Refuses a trace that is named twice, and a file to write that is one of the traces or is named
/// twice. Errors: invalid.
Result<> check_files(const std::vector<std::string>& traces,
                     const std::vector<std::string>& outputs);

ReadOptions read_options(const std::optional<TimeNs>& window, const std::string& buffer);

}  // namespace swerve
