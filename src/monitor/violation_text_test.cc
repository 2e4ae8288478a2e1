#include "swerve/monitor/violation_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "monitor/examples_for_test.h"

namespace swerve {
namespace {

constexpr std::int64_t kOffset = 1'700'000'000'000'000'000;

class ViolationText : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
};

TEST_F(ViolationText, TellsWhoWhereWhenWhatWasAllowedAndTheWay) {
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

TEST_F(ViolationText, OfAnObjectByTheWayOfALongLife) {
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

TEST_F(ViolationText, SaysThatTheTaskDidItItself) {
  Violation v = example_violation();
  v.by = *v.task;
  EXPECT_NE(violation_text(v, "", 0).find("\n  where     CPU 3, by the task itself\n"),
            std::string::npos);
}

TEST_F(ViolationText, OfARecordingShowsItsClockAndWhatIsNotCertain) {
  Violation v = example_violation();
  v.time = {10913179000};
  v.task->tgid = 0;
  v.by = {kUnknownThread, 0, ""};
  v.states = {"running", "waiting"};
  v.state = set_text(v.states);
  v.path.clear();
  v.stack.clear();
  EXPECT_EQ(recorded_violation_text(v, "d", "local"),
            R"(wwnr: 'wakeup' is not allowed in state '{running|waiting}'; allowed there: switch_out
  monitor   wwnr: d
  time      10.913179000 (local clock of the recording)
  task      worker, tid 1234
  where     CPU 3, by a task that is not recorded
  state     {running|waiting}
            which of them is not certain, and what was before is not either
  event     wakeup
  allowed   switch_out
  the way   not certain
            1. {running|waiting} -- wakeup -x not allowed

)");
}

TEST_F(ViolationText, OfARecordingShowsWallTimeWhereThatIsItsClock) {
  EXPECT_EQ(recorded_time_text({10913179000}, ""), "10.913179000 (clock of the recording)");
  EXPECT_EQ(recorded_time_text({1'700'000'000'000'000'001}, "unix"),
            "2023-11-14 22:13:20.000000001 +0000");
}

TEST_F(ViolationText, OfWhatIsInconclusiveIsOneLine) {
  Inconclusive i = example_inconclusive();
  EXPECT_EQ(
      inconclusive_text(i, "local"),
      "wwnr: inconclusive: 'wakeup' in state {running|-}, not allowed in running; task worker, "
      "tid 1234; CPU 3; time 10.913179000 (local clock of the recording); because events before "
      "it were lost, and a recorded value says too little\n");
  i.id = {Scope::global, 0};
  i.task.reset();
  i.why = Doubt::unknown;
  EXPECT_EQ(inconclusive_text(i, ""),
            "wwnr: inconclusive: 'wakeup' in state {running|-}, not allowed in running; the whole "
            "system; CPU 3; time 10.913179000 (clock of the recording); because it is not recorded "
            "whom an event was about\n");
}

// A task may call itself anything, and the terminal would obey.
TEST_F(ViolationText, LetsNoControlCharacterThrough) {
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

}  // namespace
}  // namespace swerve
