#include "bind/recorded/task_states.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace swerve {
namespace {

using testing::ElementsAre;
using testing::IsSupersetOf;
using testing::UnorderedElementsAre;
using Values = std::vector<std::uint64_t>;

// As the kernel has them (include/linux/sched.h, since 6.1).
constexpr std::uint64_t kRunning = 0, kInterruptible = 1, kUninterruptible = 2, kTraced = 8,
                        kParked = 0x40, kDead = 0x80, kKillable = 0x102, kStopped = 0x104,
                        kIdle = 0x402, kRtLock = 0x1000, kFreezable = 0x2000, kFrozen = 0x8000;

TEST(TaskStates, SayWhatALetterStandsFor) {
  struct Case {
    const char* recorded;
    std::uint64_t bit;  // the same as a number
    std::uint64_t plain;
    Values all;  // those that it must stand for
  };
  for (const Case& c : {
           Case{"R", 0, kRunning, {kRunning}},
           Case{"S", 1, kInterruptible, {kInterruptible, kInterruptible | kFreezable}},
           Case{"D",
                2,
                kUninterruptible,
                {kUninterruptible, kUninterruptible | kFreezable, kKillable, kKillable | kFreezable,
                 kRtLock, kFrozen}},
           Case{"T", 4, kStopped, {kStopped}},
           Case{"t", 8, kTraced, {kTraced, kTraced | 0x100}},
           Case{"X", 0x10, kDead, {kDead}},
           Case{"Z", 0x20, kDead, {kDead, kRunning, kInterruptible, kUninterruptible}},
           Case{"P", 0x40, kParked, {kParked}},
           Case{"I", 0x80, kIdle, {kIdle, kIdle | kFreezable}},
           // What libtraceevent writes for the last two.
           Case{"x", 0x40, kParked, {kParked}},
           Case{"W", 0x80, kIdle, {kIdle, kIdle | kFreezable}},
       }) {
    SCOPED_TRACE(c.recorded);
    const auto by_letter = task_states(std::string_view(c.recorded));
    ASSERT_TRUE(by_letter);
    for (const TaskStates& states : {*by_letter, task_states(c.bit)}) {
      ASSERT_FALSE(states.values.empty());
      EXPECT_EQ(states.values.front(), c.plain);
      EXPECT_THAT(states.values, IsSupersetOf(c.all));
      EXPECT_FALSE(states.any);
      EXPECT_FALSE(states.preempted);
      EXPECT_FALSE(states.maybe_preempted);
    }
    EXPECT_EQ(by_letter->values, task_states(c.bit).values);
  }
  EXPECT_THAT(task_states("R")->values, ElementsAre(kRunning));
  EXPECT_THAT(task_states("S")->values, UnorderedElementsAre(1, 0x2001));
}

// What the kernel's __task_state_index() makes of a live state (and of the state of a task that
// exits) must lead back to that state.
TEST(TaskStates, HaveEveryLiveStateThatIsRecordedSo) {
  const auto recorded = [](std::uint64_t state, std::uint64_t exit_state) -> std::uint64_t {
    std::uint64_t bits = (state | exit_state) & 0x7f;
    if ((state & kIdle) == kIdle) bits = 0x80;
    if ((state & (kRtLock | kFrozen)) != 0) bits = kUninterruptible;
    std::uint64_t highest = 0;
    for (std::uint64_t bit = 1; bit <= 0x80; bit <<= 1) {
      if ((bits & bit) != 0) highest = bit;
    }
    return highest;
  };
  for (const std::uint64_t live :
       {kRunning, kInterruptible, kInterruptible | kFreezable, kUninterruptible,
        kUninterruptible | kFreezable, kKillable, kKillable | kFreezable, kStopped, kTraced,
        kParked, kIdle, kIdle | kFreezable, kRtLock, kFrozen}) {
    EXPECT_THAT(task_states(recorded(live, 0)).values, testing::Contains(live));
    EXPECT_THAT(task_states(0x100).values, testing::Contains(live));  // preempted: any
  }
  for (const std::uint64_t exit_state : {0x10U, 0x20U, 0x30U}) {
    for (const std::uint64_t live : {kDead, kRunning, kInterruptible, kUninterruptible}) {
      EXPECT_THAT(task_states(recorded(live, exit_state)).values, testing::Contains(live));
    }
  }
}

TEST(TaskStates, HideTheStateOfOneThatWasPreempted) {
  for (const TaskStates& states :
       {*task_states("R+"), *task_states("S+"), *task_states("D|K+"), task_states(0x100),
        task_states(0x101), *task_states("256"), *task_states("0x100")}) {
    EXPECT_TRUE(states.any);
    EXPECT_TRUE(states.preempted);
    EXPECT_FALSE(states.maybe_preempted);
    EXPECT_EQ(states.values.front(), kRunning);
  }
  const TaskStates unclear = *task_states("R?");  // `trace-cmd report` has one letter for both
  EXPECT_TRUE(unclear.any);
  EXPECT_FALSE(unclear.preempted);
  EXPECT_TRUE(unclear.maybe_preempted);
  EXPECT_EQ(unclear.values.front(), kRunning);
}

TEST(TaskStates, AreAnyWhereAnOldKernelNamesSeveralBits) {
  for (const char* const text : {"D|K", "D|W", "S|D|K|W", "x|K"}) {
    SCOPED_TRACE(text);
    const auto states = task_states(std::string_view(text));
    ASSERT_TRUE(states);
    EXPECT_TRUE(states->any);
    EXPECT_FALSE(states->preempted);
    EXPECT_FALSE(states->maybe_preempted);
  }
  EXPECT_EQ(task_states("D|K")->values.front(), kUninterruptible);
  EXPECT_EQ(task_states("S|W")->values.front(), kInterruptible);
}

TEST(TaskStates, AreThemselvesWhereTheyAreNoReportedBit) {
  for (const std::uint64_t state :
       {std::uint64_t{0x3}, std::uint64_t{0x402}, std::uint64_t{0x2001}, std::uint64_t{0x8000},
        std::uint64_t{0x1000}, ~std::uint64_t{0}}) {
    const TaskStates states = task_states(state);
    EXPECT_THAT(states.values, ElementsAre(state));
    EXPECT_FALSE(states.any);
  }
}

TEST(TaskStates, AreReadAsNumbersToo) {
  EXPECT_EQ(task_states("1")->values, task_states(1).values);
  EXPECT_EQ(task_states("0x1")->values, task_states(1).values);
  EXPECT_EQ(task_states("128")->values, task_states(0x80).values);
  EXPECT_EQ(task_states("0x402")->values, (Values{0x402}));
  EXPECT_EQ(task_states("1026")->values, (Values{0x402}));
  EXPECT_EQ(task_states("18446744073709551615")->values, (Values{~std::uint64_t{0}}));
}

TEST(TaskStates, AreNothingWhereTheTextIsNone) {
  for (const std::string text : {"",
                                 " ",
                                 "Q",
                                 "s",
                                 "?",
                                 "+",
                                 "++",
                                 "?+",
                                 "1+",
                                 "R?+",
                                 "S?",
                                 "RS",
                                 "S D",
                                 "D|",
                                 "|D",
                                 "D||K",
                                 "|",
                                 "D|K|",
                                 "D,K",
                                 "[|]",
                                 "-1",
                                 "1x",
                                 "0x",
                                 "0xg",
                                 "0x1 ",
                                 " 1",
                                 "R ",
                                 "R++",
                                 "S|+",
                                 "18446744073709551616",
                                 "0x10000000000000000",
                                 "\xff",
                                 "running"}) {
    EXPECT_FALSE(task_states(std::string_view(text))) << text;
  }
  EXPECT_FALSE(task_states(std::string_view("S\0", 2)));
}

}  // namespace
}  // namespace swerve
