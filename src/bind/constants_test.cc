#include "bind/constants.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "base/text.h"
#include "swerve/model/automaton.h"

namespace swerve {
namespace {

TEST(Constants, AreNamesAndOccurOnce) {
  std::set<std::string_view> seen;
  for (const Constant& c : constants()) {
    EXPECT_TRUE(is_c_identifier(c.name)) << c.name;
    EXPECT_TRUE(seen.insert(c.name).second) << c.name;
    EXPECT_EQ(find_constant(c.name), c.value);
  }
  EXPECT_EQ(find_constant("TASK_INTERRUPTIBL"), std::nullopt);
}

TEST(Constants, TaskStatesCombine) {
  const auto value = [](const char* name) { return find_constant(name).value(); };
  EXPECT_EQ(value("TASK_NORMAL"), value("TASK_INTERRUPTIBLE") | value("TASK_UNINTERRUPTIBLE"));
  EXPECT_EQ(value("TASK_KILLABLE"), value("TASK_WAKEKILL") | value("TASK_UNINTERRUPTIBLE"));
  EXPECT_EQ(value("TASK_IDLE"), value("TASK_UNINTERRUPTIBLE") | value("TASK_NOLOAD"));
  EXPECT_EQ(value("TASK_STOPPED"), value("TASK_WAKEKILL") | value("__TASK_STOPPED"));
  EXPECT_EQ(value("TASK_TRACED"), value("__TASK_TRACED"));
  EXPECT_EQ(value("EXIT_TRACE"), value("EXIT_ZOMBIE") | value("EXIT_DEAD"));
}

// The C library knows the names of all errnos of this system.
TEST(Constants, HaveEveryErrno) {
  for (int number = 1; number < 200; ++number) {
    const char* const name = strerrorname_np(number);
    if (name != nullptr) {
      EXPECT_EQ(find_constant(name), number) << name;
    }
  }
}

TEST(Constants, StandInTheManual) {
  const std::string manual = read_file(SWERVE_SOURCE_DIR "/docs/definitions.md").value();
  for (const Constant& c : constants()) {
    EXPECT_NE(manual.find(cat("`", c.name, "`")), std::string::npos) << c.name;
  }
}

}  // namespace
}  // namespace swerve
