#include "app/json_report.h"

#include <gtest/gtest.h>

#include "app/examples_for_test.h"

namespace swerve {
namespace {

TEST(JsonReport, OfAViolation) {
  EXPECT_EQ(
      violation_json(example_violation()),
      R"({"type":"violation","time_ns":12345678901234,"monitor":"wwnr","scope":"task","id":1234,)"
      R"("tid":1234,"tgid":1200,"comm":"worker","cpu":3,"by":{"tid":0,"tgid":0,"comm":"swapper/3"},)"
      R"("state":"running","event":"wakeup","expected":["switch_out"],)"
      R"("path":[{"state":"not_running","event":"switch_in","next":"running"},)"
      R"({"state":"running","event":"switch_out","next":"not_running"},)"
      R"({"state":"not_running","event":"switch_in","next":"running"}],"events":3,)"
      R"("stack":["ttwu_do_activate+0xad","try_to_wake_up+0x214"]})"
      "\n");
}

TEST(JsonReport, OfAStep) {
  EXPECT_EQ(
      step_json(example_step()),
      R"({"type":"step","time_ns":12345678901234,"monitor":"wwnr","scope":"task","id":1234,)"
      R"("tid":1234,"tgid":1200,"comm":"worker","cpu":3,"by":{"tid":1234,"tgid":1200,"comm":"worker"},)"
      R"("state":"running","event":"switch_out","next":"not_running","final":true})"
      "\n");
}

TEST(JsonReport, IdIsAStringForAnObjectAndAbsentForTheWholeSystem) {
  Step step = example_step();
  step.task.reset();
  step.id = {Scope::object, ~std::uint64_t{0}};
  EXPECT_NE(step_json(step).find(R"("scope":"object","id":"18446744073709551615","cpu":3,)"),
            std::string::npos);
  step.id = {Scope::global, 0};
  EXPECT_NE(step_json(step).find(R"("scope":"global","cpu":3,)"), std::string::npos);
  step.id = {Scope::cpu, 5};
  EXPECT_NE(step_json(step).find(R"("scope":"cpu","id":5,"cpu":3,)"), std::string::npos);
}

TEST(JsonReport, EscapesWhatComesFromOutside) {
  Step step = example_step();
  step.task->comm = "\x1b\"\\\n\xff";
  EXPECT_NE(step_json(step).find("\"comm\":\"\\u001b\\\"\\\\\\u000a\\ufffd\""), std::string::npos)
      << step_json(step);
}

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
