#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "kernel/symbols.h"

namespace swerve {
namespace {

// Of /proc/kallsyms, by name; 0 where the kernel does not tell.
std::uint64_t address_of(const std::string& wanted) {
  std::ifstream file("/proc/kallsyms");
  for (std::string line; std::getline(file, line);) {
    std::istringstream in(line);
    std::string address, kind, name;
    in >> address >> kind >> name;
    if (name == wanted) return std::stoull(address, nullptr, 16);
  }
  return 0;
}

class KernelSymbolsLive : public testing::Test {
 protected:
  void SetUp() override {
    address_ = address_of("schedule");
    if (address_ == 0) GTEST_SKIP() << "this kernel lacks symbols that it shows (kptr_restrict)";
  }
  std::uint64_t address_ = 0;
  KernelSymbols symbols_;
};

TEST_F(KernelSymbolsLive, AnAddressIsTheFunctionBeforeIt) {
  EXPECT_EQ(symbols_.name(address_), "schedule+0x0");
  EXPECT_EQ(symbols_.name(address_ + 0x1f), "schedule+0x1f");
}

TEST_F(KernelSymbolsLive, WhatIsNoFunctionStaysANumber) {
  EXPECT_EQ(symbols_.name(0x10), "0x10");
  EXPECT_EQ(symbols_.name(~std::uint64_t{0}), "0xffffffffffffffff");
}

TEST_F(KernelSymbolsLive, TheTracingItselfIsLeftOutOfAStack) {
  const std::uint64_t traced = address_of("bpf_trace_run1");
  const std::uint64_t iterator = address_of("__traceiter_sched_switch");
  ASSERT_NE(traced, 0U);
  ASSERT_NE(iterator, 0U);
  const std::uint64_t stack[] = {traced + 4, iterator + 4, address_ + 4, address_ + 8};
  EXPECT_EQ(symbols_.stack(stack), (std::vector<std::string>{"schedule+0x4", "schedule+0x8"}));
  // When there is nothing else, it is better than nothing.
  const std::uint64_t only[] = {traced + 4};
  EXPECT_EQ(symbols_.stack(only), std::vector<std::string>{"bpf_trace_run1+0x4"});
  EXPECT_TRUE(symbols_.stack({}).empty());
}

}  // namespace
}  // namespace swerve
