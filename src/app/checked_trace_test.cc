#include "app/checked_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/json_report.h"
#include "app/report.h"

namespace swerve {
namespace {

using testing::ElementsAre;

CheckedTrace clean() {
  CheckedTrace trace;
  trace.file = "a.dat";
  trace.format = "trace.dat version 7";
  trace.clock = "local";
  trace.first = {1'000'000'000};
  trace.last = {5'012'000'000};
  trace.events = 2000;
  trace.taken = 1300;
  CheckedMonitor& wwnr = trace.monitors.emplace_back();
  wwnr.monitor = "wwnr";
  wwnr.scope = Scope::task;
  wwnr.counters.events = 1200;
  wwnr.counters.started = 31;
  wwnr.counters.instances = 29;
  return trace;
}

CheckedTrace with(void (*change)(CheckedTrace&)) {
  CheckedTrace trace = clean();
  change(trace);
  return trace;
}

TEST(CheckedTrace, IsCleanOnlyWhenNothingIsMissing) {
  EXPECT_EQ(clean().status(), 0);
  const auto status = [](void (*change)(CheckedTrace&)) { return with(change).status(); };
  EXPECT_EQ(status([](CheckedTrace& t) { t.monitors[0].counters.inconclusive = 1; }), 2);
  EXPECT_EQ(status([](CheckedTrace& t) { t.holes = {{3, 1, 0}}; }), 2);
  EXPECT_EQ(status([](CheckedTrace& t) { t.late = 1; }), 2);
  EXPECT_EQ(status([](CheckedTrace& t) { t.not_understood = 1; }), 2);
  EXPECT_EQ(status([](CheckedTrace& t) { t.error = "x"; }), 2);
  EXPECT_EQ(status([](CheckedTrace& t) { t.monitors[0].error = "x"; }), 2);
  EXPECT_EQ(status([](CheckedTrace& t) { t.monitors[0].none_met = true; }), 2);
  EXPECT_EQ(status([](CheckedTrace& t) { t.monitors[0].counters.refused = 1; }), 2);
  // What was never certain has been followed all the same.
  EXPECT_EQ(status([](CheckedTrace& t) { t.monitors[0].counters.unsure = 1; }), 0);
  EXPECT_EQ(status([](CheckedTrace& t) { t.monitors[0].unknown_tasks = 1; }), 0);
  EXPECT_EQ(status([](CheckedTrace& t) { t.monitors[0].never_met = {"x"}; }), 0);
}

TEST(CheckedTrace, AViolationIsOneWhateverElseIsNotCertain) {
  const auto status = [](void (*change)(CheckedTrace&)) {
    CheckedTrace trace = with(change);
    trace.monitors[0].counters.violations = 1;
    return trace.status();
  };
  EXPECT_EQ(status([](CheckedTrace&) {}), 1);
  EXPECT_EQ(status([](CheckedTrace& t) { t.monitors[0].counters.inconclusive = 1; }), 1);
  EXPECT_EQ(status([](CheckedTrace& t) { t.holes = {{3, 1, 0}}; }), 1);
  EXPECT_EQ(status([](CheckedTrace& t) { t.not_understood = 1; }), 1);
  // But what was not wholly read is not.
  EXPECT_EQ(status([](CheckedTrace& t) { t.late = 1; }), 2);
  EXPECT_EQ(status([](CheckedTrace& t) { t.error = "x"; }), 2);
}

TEST(CheckedTrace, DoubtsNameWhatIsMissing) {
  CheckedTrace trace = clean();
  trace.holes = {{0, 1, 0}, {3, 2, 12}, {kEveryCpu, 1, 1}};
  trace.late = 1;
  trace.not_understood = 2;
  trace.monitors[0].never_met = {"tracepoint:a", "tracepoint:b"};
  trace.monitors[0].none_met = true;
  trace.monitors[0].counters.refused = 5;
  EXPECT_THAT(
      trace.doubts(),
      ElementsAre("1 hole in the events of CPU 0", "2 holes in the events of CPU 3 (12 lost)",
                  "1 hole in the events of every CPU (1 lost)",
                  "1 event came too late to be put in order, and left out (--window)",
                  "2 lines were not understood",
                  "no event that wwnr is about was met: tracepoint:a, tracepoint:b",
                  "5 instances of wwnr found no room and went unmonitored"));
}

TEST(CheckedTrace, SaysThatFunctionsAreNotRecorded) {
  CheckedTrace trace = clean();
  trace.monitors[0].never_met = {"fentry:vfs_open"};
  EXPECT_THAT(trace.not_met(),
              ElementsAre("wwnr: no event of fentry:vfs_open (functions: no tracer records those) "
                          "was met: if they were not recorded, what depends on them was not "
                          "checked"));
  trace.monitors[0].none_met = true;
  EXPECT_THAT(trace.not_met(), ElementsAre());
  EXPECT_THAT(trace.doubts(),
              ElementsAre("no event that wwnr is about was met: fentry:vfs_open (functions: no "
                          "tracer records those)"));
}

TEST(CheckReport, OfACleanTrace) {
  EXPECT_EQ(summary_text(clean()),
            R"(wwnr  1200 events, 0 violations; 29 instances at the end, 31 starts
a.dat: trace.dat version 7, local clock, 2000 events, 1.000000000 to 5.012000000 (4.012 s)
no violation in a.dat.
)");
}

TEST(CheckReport, ShowsWhatIsNotCertain) {
  CheckedTrace trace = clean();
  trace.file = "a\n";
  trace.clock = "";
  trace.taken = 0;
  trace.monitors[0].counters.inconclusive = 2;
  trace.monitors[0].counters.unsure = 7;
  trace.monitors[0].unknown_tasks = 1;
  trace.holes = {{3, 2, 12}};
  EXPECT_EQ(summary_text(trace),
            R"(wwnr  1200 events, 0 violations, 2 inconclusive; 29 instances at the end, 31 starts
      after 7 events the state was not certain
      1 event was about a task that is not recorded
a\n: trace.dat version 7, 2000 events
  2 holes in the events of CPU 3 (12 lost)
no violation in a\n is certain; 2 may be.
)");
  trace.monitors[0].counters.inconclusive = 0;
  EXPECT_THAT(summary_text(trace),
              testing::EndsWith("no violation was found in a\\n, but there may have been some.\n"));
}

TEST(CheckReport, OfATraceThatWasNotWhollyRead) {
  CheckedTrace trace = clean();
  trace.error = "a.dat: offset 12: no";
  trace.monitors[0].counters.violations = 1;
  EXPECT_EQ(summary_text(trace),
            R"(wwnr  1200 events, 1 violation; 29 instances at the end, 31 starts
a.dat: trace.dat version 7, local clock, 2000 events, 1.000000000 to 5.012000000 (4.012 s)
  not wholly read: a.dat: offset 12: no
1 violation in the part of a.dat that was checked.
)");
}

CheckedMonitor unfinished() {
  CheckedMonitor monitor;
  monitor.monitor = "wwnr";
  monitor.scope = Scope::task;
  monitor.unfinished.push_back({{InstanceKey::task(7, 0), {"running"}, false, 3}, "sh\n"});
  monitor.unfinished.push_back(
      {{InstanceKey::task(0, 2), {"running", std::nullopt}, false, 1}, ""});
  return monitor;
}

TEST(CheckReport, ListsInstancesInNoFinalState) {
  EXPECT_EQ(unfinished_text(unfinished()),
            R"(wwnr: 2 instances are in no final state at the end
  sh\n, tid 7 in running, after 3 transitions
  the idle task of CPU 2 in {running|-}, after 1 transition
)");
  EXPECT_EQ(unfinished_text(CheckedMonitor()), "");
  EXPECT_EQ(unfinished_json(unfinished(), "a.dat"),
            R"({"type":"unfinished","monitor":"wwnr","scope":"task","id":7,"comm":"sh\u000a",)"
            R"("state":"running","events":3,"file":"a.dat"})"
            "\n"
            R"({"type":"unfinished","monitor":"wwnr","scope":"task","id":0,"cpu":2,)"
            R"("state":"{running|-}","states":["running",null],"events":1,"file":"a.dat"})"
            "\n");
}

TEST(CheckReport, AsJson) {
  CheckedTrace trace = clean();
  trace.monitors[0].counters.violations = 1;
  trace.monitors[0].never_met = {"tracepoint:x"};
  trace.holes = {{3, 2, 12}, {kEveryCpu, 1, 0}};
  EXPECT_EQ(
      summary_json(trace),
      R"({"type":"summary","file":"a.dat","format":"trace.dat version 7","clock":"local",)"
      R"("time_ns":5012000000,"duration_ns":4012000000,"violations":1,"inconclusive":0,)"
      R"x("incomplete":true,"reasons":["2 holes in the events of CPU 3 (12 lost)",)x"
      R"("1 hole in the events of every CPU"],"status":1,"events_read":2000,"late":0,)"
      R"("not_understood":0,"holes":[{"cpu":3,"holes":2,"lost":12},{"holes":1,"lost":0}],)"
      R"("monitors":[{"monitor":"wwnr","scope":"task","events":1200,"violations":1,)"
      R"("inconclusive":0,"unsure":0,"started":31,"instances":29,"refused":0,"unknown_tasks":0,)"
      R"("never_met":["tracepoint:x"]}]})"
      "\n");
}

}  // namespace
}  // namespace swerve
