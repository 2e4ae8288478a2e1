#include "app/json_report.h"

#include <gtest/gtest.h>

namespace swerve {
namespace {

TEST(JsonReport, OfTheEnd) {
  Summary summary;
  summary.armed = {1'000};
  summary.ended = {5'000};
  summary.realtime_offset_ns = 17;
  MonitorSummary wwnr;
  wwnr.monitor = "wwnr";
  wwnr.scope = Scope::task;
  wwnr.stats.events = 9;
  wwnr.stats.violations = 2;
  wwnr.stats.started = 4;
  wwnr.stats.instances = 3;
  wwnr.stats.lost = 1;
  wwnr.reactor = "printk";
  wwnr.reactions.reactions = 1;
  wwnr.reactions.failed = 1;
  wwnr.reactions.suppressed = 5;
  wwnr.unread = 3;
  summary.monitors.push_back(wwnr);
  EXPECT_EQ(
      summary_json(summary),
      R"({"type":"summary","time_ns":5000,"duration_ns":4000,"realtime_offset_ns":17,"violations":2,)"
      R"("incomplete":true,"unprinted":5,"monitors":[{"monitor":"wwnr","scope":"task","events":9,"violations":2,)"
      R"("started":4,"instances":3,"refused":0,"raced":0,"lost":1,"missed":0,"compat":0,"incomplete":true,)"
      R"("hidden":0,"unread":3,"reactor":"printk","reactions":6,"reaction_failures":1,"reactions_done":1,)"
      R"("reactions_suppressed":5,"reactions_dropped":0,"reactions_cancelled":0,"reactions_silenced":0,)"
      R"("reactions_dry_run":0,"reactions_waiting":0}]})"
      "\n");
  EXPECT_EQ(inconclusive_json(wwnr, {5'000}),
            R"({"type":"inconclusive","time_ns":5000,"monitor":"wwnr","scope":"task",)"
            R"("reasons":["1 report found the ring full: counted, not shown",)"
            R"("3 lines were not read in time: counted, not shown"],)"
            R"("refused":0,"raced":0,"lost":1,"missed":0,"compat":0,"unread":3})"
            "\n");
}

}  // namespace
}  // namespace swerve
