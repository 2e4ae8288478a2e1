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
  other.unread = 1;
  other.reactions.reactions = 9;
  other.reactions.failed = 7;
  other.reactions.last_error = "open /dev/kmsg: Permission denied";
  summary.monitors.push_back(other);
  EXPECT_EQ(summary_text(summary), R"(wwnr    1200 events, 2 violations; 29 instances now, 31 starts
longer  0 events, 0 violations; 0 instances now, 0 starts
        6 violations of swerve itself not shown (-s shows them)
        7 of 9 reactions (printk) failed: open /dev/kmsg: Permission denied
        lost: 1 instance found no room and went unmonitored
        lost: 2 instances were reset because several CPUs changed the state at once
        lost: 3 reports found the ring full: counted, not shown
        lost: 4 events were not seen: the kernel skipped the program
        lost: 5 32-bit system calls were left out
        lost: 1 line was not read in time: counted, not shown
Verdicts of longer may rest on what was lost.
2 violations in 4.012 s of watching 2 monitors.
)");
}

TEST(Report, SummaryShowsWhatBecameOfReactions) {
  Summary summary = example_summary();
  MonitorSummary& wwnr = summary.monitors[0];
  wwnr.reactor = "exec";
  wwnr.reactions.reactions = 5;
  wwnr.reactions.suppressed = 1;
  wwnr.reactions.dropped = 2;
  wwnr.reactions.cancelled = 3;
  wwnr.reactions.silenced = 4;
  wwnr.reactions.dry_run = 1;
  wwnr.reactions.waiting = 1;
  EXPECT_EQ(summary_text(summary), R"(wwnr  1200 events, 2 violations; 29 instances now, 31 starts
      1 reaction (exec) was suppressed by its limit
      2 reactions (exec) were dropped: they came faster than they are done
      3 reactions (exec) were cancelled before their turn
      4 reactions (exec) were not done: reacting was off
      1 reaction (exec) would have been done (dry run)
      1 reaction (exec) is still being done
2 violations in 4.012 s of watching 1 monitor.
)");
  EXPECT_EQ(wwnr.asked(), 17U);
}

TEST(Report, NopIsAskedForEachViolationThatWasReported) {
  MonitorSummary monitor;
  monitor.reported = 4;
  EXPECT_EQ(monitor.asked(), 4U);
}

}  // namespace
}  // namespace swerve
