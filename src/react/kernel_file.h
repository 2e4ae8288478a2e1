// react/kernel_file.h - small writes to files of the kernel: its log, its tracer.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "swerve/base/result.h"

namespace swerve {

/// `text` as one line of a length that the kernel's log and ftrace's buffer take, whatever is in
/// it.
std::string kernel_line(std::string_view text);

/// For appending, without blocking; the file must exist.
Result<UniqueFd> open_kernel_file(const std::string& path);

/// `text` by one write. `path` is for the error.
Result<> write_kernel_file(const UniqueFd& file, std::string_view text, const std::string& path);

/// Where `file` of tracefs is: below `tracefs` or, where that is empty, where tracefs is mounted;
/// of an ftrace instance, or of the top one where `instance` is empty.
std::string tracefs_path(const std::string& tracefs, const std::string& instance,
                         std::string_view file);

/// The option `instance`, the only one of `reactor`; empty where it is missing. Errors: invalid.
Result<std::string> instance_option(std::string_view reactor,
                                    const std::map<std::string, std::string>& options);

}  // namespace swerve
