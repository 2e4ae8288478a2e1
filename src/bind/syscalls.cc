#include "bind/syscalls.h"

#include <algorithm>

namespace swerve {

const std::vector<Syscall>& all_syscalls() {
#define SYSCALL(number, compat, name, arguments) {number, compat, name, arguments},
  static const std::vector<Syscall> calls = {
#include "bind/syscalls_x86_64.inc"
  };
#undef SYSCALL
  return calls;
}

const Syscall* find_syscall(std::string_view name) {
  const auto& calls = all_syscalls();
  const auto at = std::lower_bound(calls.begin(), calls.end(), name,
                                   [](const Syscall& c, std::string_view n) { return c.name < n; });
  return at != calls.end() && at->name == name ? &*at : nullptr;
}

}  // namespace swerve
