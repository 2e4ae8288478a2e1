#include "monitor/verdict_json.h"

#include <gtest/gtest.h>

#include "monitor/examples_for_test.h"

namespace swerve {
namespace {

TEST(VerdictJson, OfAViolation) {
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

TEST(VerdictJson, OfAStep) {
  EXPECT_EQ(
      step_json(example_step()),
      R"({"type":"step","time_ns":12345678901234,"monitor":"wwnr","scope":"task","id":1234,)"
      R"("tid":1234,"tgid":1200,"comm":"worker","cpu":3,"by":{"tid":1234,"tgid":1200,"comm":"worker"},)"
      R"("state":"running","event":"switch_out","next":"not_running","final":true})"
      "\n");
}

TEST(VerdictJson, IdIsAStringForAnObjectAndAbsentForTheWholeSystem) {
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

TEST(VerdictJson, EscapesWhatComesFromOutside) {
  Step step = example_step();
  step.task->comm = "\x1b\"\\\n\xff";
  EXPECT_NE(step_json(step).find("\"comm\":\"\\u001b\\\"\\\\\\u000a\\ufffd\""), std::string::npos)
      << step_json(step);
}

TEST(VerdictJson, OfWhatIsInconclusiveInARecording) {
  EXPECT_EQ(inconclusive_json(example_inconclusive(), "a.dat"),
            R"({"type":"inconclusive","time_ns":10913179000,"monitor":"wwnr","scope":"task",)"
            R"("id":1234,"tid":1234,"comm":"worker","cpu":3,"state":"{running|-}",)"
            R"("states":["running",null],"event":"wakeup","violating":["running"],)"
            R"("why":["lost","value"],"file":"a.dat"})"
            "\n");
}

TEST(VerdictJson, OfARecordingShowsTheStatesThatAreNotCertain) {
  Step step = example_step();
  step.states = {"running", "\x1b"};
  step.nexts = {std::nullopt, "not_running"};
  const std::string text = step_json(step, "a\n");
  EXPECT_NE(text.find(R"("states":["running","\u001b"],"event")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("nexts":[null,"not_running"],"final")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"(,"file":"a\u000a"})"), std::string::npos) << text;
  Violation violation = example_violation();
  violation.by.tgid = 0;
  violation.by.tid = 7;
  EXPECT_NE(violation_json(violation, "a").find(R"("by":{"tid":7,"comm":"swapper/3"})"),
            std::string::npos);
  EXPECT_NE(violation_json(violation).find(R"("by":{"tid":7,"tgid":0,"comm":"swapper/3"})"),
            std::string::npos);
}

TEST(VerdictJson, SaysWhatCameOfTheEnginesOwnReaction) {
  Violation violation = example_violation();
  violation.reacted = 0;
  EXPECT_NE(violation_json(violation).find(R"(,"reacted":0})"), std::string::npos);
  violation.reacted = 16;
  EXPECT_NE(violation_json(violation).find(R"(,"reacted":16})"), std::string::npos);
}

}  // namespace
}  // namespace swerve
