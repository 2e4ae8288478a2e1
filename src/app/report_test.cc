#include "app/report.h"

#include <gtest/gtest.h>

namespace swerve {
namespace {

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

TEST(Report, SummaryOfOneMonitor) {
  EXPECT_EQ(summary_text(example_summary()),
            R"(wwnr  1200 events, 2 violations; 29 instances now, 31 starts
2 violations in 4.012 s of watching 1 monitor.
)");
}

TEST(Report, SummaryWithoutViolations) {
  Summary summary = example_summary();
  summary.monitors[0].stats.violations = 0;
  summary.monitors[0].stats.instances = 1;
  EXPECT_EQ(summary_text(summary), R"(wwnr  1200 events, 0 violations; 1 instance now, 31 starts
no violation in 4.012 s of watching 1 monitor.
)");
}

TEST(Report, SummaryShowsEveryLoss) {
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
