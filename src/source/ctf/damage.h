// source/ctf/damage.h - damage to a trace that babeltrace loops on, aborts on, or reads over
// without a word.
#pragma once

#include <string>

#include "swerve/base/result.h"

namespace swerve {

/// Looks at the metadata's packets and at LTTng's index of each file of the folder's trace. Answers
/// what of the data is missing, in words; empty: nothing that this can see. Errors: invalid (with
/// the file and the offset), io, and what open() says.
Result<std::string> missing_from_trace(const std::string& folder);

}  // namespace swerve
