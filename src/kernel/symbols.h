// kernel/symbols.h - names for the addresses of a kernel stack, from /proc/kallsyms.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace swerve {

/// Read by load(), or on first use (some 50 ms and 5 MB): most runs never need it. One thread.
class KernelSymbols {
 public:
  void load();
  /// "try_to_wake_up+0x1f3"; "0xffffffff81234567" where the kernel does not tell (kptr_restrict, or
  /// too few rights).
  std::string name(std::uint64_t address);

  /// The stack of an event, innermost first, without the frames that belong to the tracing itself.
  std::vector<std::string> stack(std::span<const std::uint64_t> addresses);

 private:
  struct Symbol {
    std::uint64_t address;
    std::uint32_t name;  // offset in names_
  };
  bool loaded_ = false;
  std::vector<Symbol> symbols_;  // sorted by address
  std::string names_;            // NUL after each
};

}  // namespace swerve
