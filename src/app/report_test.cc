#include "app/report.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "app/examples_for_test.h"

namespace swerve {
namespace {

constexpr std::int64_t kOffset = 1'700'000'000'000'000'000;

class Report : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
};

TEST_F(Report, TellsWhoWhereWhenWhatWasAllowedAndTheWay) {
  EXPECT_EQ(violation_text(example_violation(), "wakeup while not running.", kOffset),
            R"(wwnr: 'wakeup' is not allowed in state 'running'; allowed there: switch_out
  monitor   wwnr: wakeup while not running.
  time      2023-11-15 01:39:05.678901234 +0000, monotonic 12345.678901234
  task      worker, tid 1234 of process 1200
  where     CPU 3, by swapper/3, tid 0
  state     running
  event     wakeup
  allowed   switch_out
  the way   all it did since it began to be monitored
            1. not_running -- switch_in  -> running
            2. running     -- switch_out -> not_running
            3. not_running -- switch_in  -> running
            4. running     -- wakeup     -x not allowed
  stack     ttwu_do_activate+0xad
            try_to_wake_up+0x214

)");
}

TEST_F(Report, OfAnObjectByTheWayOfALongLife) {
  Violation v;
  v.time = {1};
  v.monitor = "files";
  v.id = {Scope::object, 0x1'0000'0000};
  v.by = {7, 7, "sh"};
  v.state = "closed";
  v.event = "read";
  v.path = {{"open", "close", "closed"}};
  v.events = 900;
  EXPECT_EQ(violation_text(v, "", 0),
            R"(files: 'read' is not allowed in state 'closed'; allowed there: nothing
  monitor   files: 
  time      1970-01-01 00:00:00.000000001 +0000, monotonic 0.000000001
  object    4294967296 (0x100000000)
  where     CPU 0, by sh, tid 7
  state     closed
  event     read
  allowed   nothing
  the way   the last 1 of 900 transitions since it began to be monitored
            1. open   -- close -> closed
            2. closed -- read  -x not allowed

)");
}

TEST_F(Report, SaysThatTheTaskDidItItself) {
  Violation v = example_violation();
  v.by = *v.task;
  EXPECT_NE(violation_text(v, "", 0).find("\n  where     CPU 3, by the task itself\n"),
            std::string::npos);
}

// A task may call itself anything, and the terminal would obey.
TEST_F(Report, LetsNoControlCharacterThrough) {
  Violation v = example_violation();
  v.task->comm = "\x1b[2Jx\n";
  v.by.comm =
      "\x9b"
      "31m";
  v.stack = {"a\x07"};
  const std::string text = violation_text(v, "d\x1b", 0);
  for (const char c : text)
    EXPECT_TRUE(c == '\n' || (c >= ' ' && c != 0x7f)) << int{c} << "\n" << text;
  EXPECT_NE(text.find("\\x1b[2Jx\\n, tid 1234"), std::string::npos) << text;
  EXPECT_NE(text.find("by \\x9b31m"), std::string::npos) << text;
}

Summary example_summary() {
  Summary summary;
  summary.armed = {1'000'000'000};
  summary.ended = {5'012'000'000};
  MonitorSummary wwnr;
  wwnr.monitor = "wwnr";
  wwnr.scope = Scope::task;
  wwnr.stats.events = 1200;
  wwnr.stats.violations = 2;
  wwnr.stats.started = 31;
  wwnr.stats.instances = 29;
  summary.monitors.push_back(wwnr);
  return summary;
}

TEST_F(Report, SummaryOfOneMonitor) {
  EXPECT_EQ(summary_text(example_summary()),
            R"(wwnr  1200 events, 2 violations; 29 instances now, 31 starts
2 violations in 4.012 s of watching 1 monitor.
)");
}

TEST_F(Report, SummaryWithoutViolations) {
  Summary summary = example_summary();
  summary.monitors[0].stats.violations = 0;
  summary.monitors[0].stats.instances = 1;
  EXPECT_EQ(summary_text(summary), R"(wwnr  1200 events, 0 violations; 1 instance now, 31 starts
no violation in 4.012 s of watching 1 monitor.
)");
}

TEST_F(Report, SummaryShowsEveryLoss) {
  Summary summary = example_summary();
  MonitorSummary other;
  other.monitor = "longer";
  other.stats.refused = 1;
  other.stats.raced = 2;
  other.stats.lost = 3;
  other.stats.missed = 4;
  other.stats.compat = 5;
  other.hidden = 6;
  other.reactor = "printk";
  other.reactions = 9;
  other.reaction_failures = 7;
  other.reaction_error = "open /dev/kmsg: Permission denied";
  summary.monitors.push_back(other);
  summary.unprinted = 8;
  EXPECT_EQ(summary_text(summary), R"(wwnr    1200 events, 2 violations; 29 instances now, 31 starts
longer  0 events, 0 violations; 0 instances now, 0 starts
        6 violations of swerve itself not shown (-s shows them)
        7 of 9 reactions (printk) failed: open /dev/kmsg: Permission denied
        lost: 1 instance found no room and went unmonitored
        lost: 2 instances were reset because several CPUs changed the state at once
        lost: 3 reports found the ring full: counted, not shown
        lost: 4 events were not seen: the kernel skipped the program
        lost: 5 32-bit system calls were left out
The limit of reactor printk kept 8 lines out of the kernel's log.
Verdicts of longer may rest on what was lost.
2 violations in 4.012 s of watching 2 monitors.
)");
}

}  // namespace
}  // namespace swerve
