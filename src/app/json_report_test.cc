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
  wwnr.reactions = 1;
  summary.monitors.push_back(wwnr);
  EXPECT_EQ(
      summary_json(summary),
      R"({"type":"summary","time_ns":5000,"duration_ns":4000,"realtime_offset_ns":17,"violations":2,)"
      R"("incomplete":true,"unprinted":0,"monitors":[{"monitor":"wwnr","scope":"task","events":9,"violations":2,)"
      R"("started":4,"instances":3,"refused":0,"raced":0,"lost":1,"missed":0,"compat":0,"incomplete":true,)"
      R"("hidden":0,"reactor":"printk","reactions":1,"reaction_failures":0}]})"
      "\n");
  EXPECT_EQ(inconclusive_json(wwnr, {5'000}),
            R"({"type":"inconclusive","time_ns":5000,"monitor":"wwnr","scope":"task",)"
            R"("reasons":["1 report found the ring full: counted, not shown"],)"
            R"("refused":0,"raced":0,"lost":1,"missed":0,"compat":0})"
            "\n");
}

}  // namespace
}  // namespace swerve
