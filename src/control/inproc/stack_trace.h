// control/inproc/stack_trace.h - the stack of the calling thread, in words.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace swerve {

/// "connection::close()+0x1b (server)", innermost first, at most 32; `skip` calls are left out,
/// this one not counted. Static functions of a program are known by their module and offset alone,
/// others by their names where these are exported (-rdynamic). Empty where the C library has no
/// backtrace().
std::vector<std::string> stack_trace(std::size_t skip);

}  // namespace swerve
