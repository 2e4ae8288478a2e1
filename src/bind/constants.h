// bind/constants.h - names that expressions may use and that the kernel's types do not have:
// macros.
//
// Task states, errno names, and the flags and commands that conditions on system calls need. The
// kernel's enumerators come from the TypeSource and win over this table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace swerve {

struct Constant {
  std::string_view name;
  std::int64_t value;
};

/// All of them, by group, as the manual lists them.
std::span<const Constant> constants();

std::optional<std::int64_t> find_constant(std::string_view name);

}  // namespace swerve
