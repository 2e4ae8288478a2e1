// bind/recorded/numbered_calls.h - system calls that were recorded by their numbers, under their
// names.
//
// The tracepoints raw_syscalls:sys_enter and sys_exit are those of all system calls: `id` is the
// number of the call, `args[0]` to `args[5]` are its arguments, `ret` is what it returned. Whoever
// takes the events through this sees those of each call in their place, as the tracepoints of
// `syscalls` are: sys_enter_openat with dfd, filename, flags and mode. The numbers are those of
// x86-64; a recording does not tell which calls a 32-bit program made by other numbers.
#pragma once

#include <functional>
#include <memory>

#include "source/recording.h"
#include "swerve/base/result.h"

namespace swerve {

using OpenRecording = std::function<Result<std::unique_ptr<Recording>>(const Interest&)>;

/// What `open` opens, with the calls that `interest` wants under their names, and the others left
/// out. For whom wants the raw tracepoints themselves they stay as they are. A call whose number
/// cannot be read is a hole on its CPU. Errors: those of `open`.
Result<std::unique_ptr<Recording>> open_with_named_calls(const Interest& interest,
                                                         const OpenRecording& open);

}  // namespace swerve
