// Strings in the memory of the process that makes a system call, compared inside the kernel.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "support.h"

namespace swerve::live {
namespace {

// No descriptor, so that nothing is opened whatever the name is.
int mark() { return -0x53570000 - static_cast<int>(::getpid() & 0xffff); }

class UserStrings : public testing::Test {
 protected:
  // How often `filename == "TEXT"` held for one openat() of `filename`.
  std::uint64_t matches(const std::string& text, const char* filename) {
    std::string literal;
    for (const char c : text) literal += c == '"' || c == '\\' ? cat("\\", c) : std::string(1, c);
    const auto monitor =
        make_monitor("strings", Scope::global, Automaton::make("", "s", {{"s", "e", "s"}}).value(),
                     {{.probe = "syscall:openat",
                       .event = "e",
                       .when = cat("dfd == ", mark(), " && filename == \"", literal, "\""),
                       .start_run = "true"}});
    if (!monitor) return 99;
    auto engine = Engine::create(catalog(), {});
    if (!engine || !(*engine)->add(*monitor) || !(*engine)->attach((*engine)->all())) {
      ADD_FAILURE() << "cannot watch for " << text;
      return 99;
    }
    (*engine)->arm((*engine)->all());
    ::syscall(SYS_openat, mark(), filename, O_RDONLY, 0);
    return (*engine)->stats(0).events;
  }
};

TEST_F(UserStrings, AreEqualToTheLastByteOnly) {
  EXPECT_EQ(matches("swerve", "swerve"), 1U);
  EXPECT_EQ(matches("swerve", "swerv"), 0U);
  EXPECT_EQ(matches("swerve", "swerve2"), 0U);
  EXPECT_EQ(matches("swerve", "Swerve"), 0U);
  EXPECT_EQ(matches("swerve", ""), 0U);
  EXPECT_EQ(matches("", ""), 1U);
  EXPECT_EQ(matches("", "s"), 0U);
  EXPECT_EQ(matches("a\"b\\c \xc3\xa9\x1b[31m", "a\"b\\c \xc3\xa9\x1b[31m"), 1U);
}

TEST_F(UserStrings, OfEveryLengthThatTheLanguageAllows) {
  for (const std::size_t length : {7U, 8U, 9U, 127U, 128U, 129U, 254U, 255U}) {
    std::string text(length, 'x');
    EXPECT_EQ(matches(text, text.c_str()), 1U) << length;
    EXPECT_EQ(matches(text, (text + "x").c_str()), 0U) << length;
    std::string other = text;
    other.back() = 'y';
    EXPECT_EQ(matches(text, other.c_str()), 0U) << length;
  }
}

TEST_F(UserStrings, WhatCannotBeReadEqualsNothing) {
  EXPECT_EQ(matches("", nullptr), 0U);
  EXPECT_EQ(matches("x", nullptr), 0U);
  EXPECT_EQ(matches("", reinterpret_cast<const char*>(8)), 0U);
  EXPECT_EQ(matches("", reinterpret_cast<const char*>(~std::uintptr_t{0} - 4095)), 0U);
}

// The comparison asks for one byte more than it needs, and may not stumble over the end of the
// memory.
TEST_F(UserStrings, MayEndWhereTheMemoryEnds) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  char* const at = static_cast<char*>(
      ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(at, MAP_FAILED);
  ASSERT_EQ(::mprotect(at + page, page, PROT_NONE), 0);
  char* const text = at + page - 7;
  std::memcpy(text, "swerve", 7);
  EXPECT_EQ(matches("swerve", text), 1U);
  EXPECT_EQ(matches("swerve2", text), 0U);
  std::memcpy(at + page - 6, "swerve", 6);  // no NUL, and nothing after it
  EXPECT_EQ(matches("swerve", at + page - 6), 0U);
  ::munmap(at, 2 * page);
}

}  // namespace
}  // namespace swerve::live
