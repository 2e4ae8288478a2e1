// bind/syscalls.h - the system calls by name: numbers and arguments (x86-64).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace swerve {

struct Syscall {
  std::int32_t number;
  std::int32_t compat_number;  // of the same call made by a 32-bit program; -1: there is none
  std::string_view name;
  std::string_view arguments;  // C declarations, separated by ", "
};

/// Null when there is no call of that name.
const Syscall* find_syscall(std::string_view name);
const std::vector<Syscall>& all_syscalls();

}  // namespace swerve
