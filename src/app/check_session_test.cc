#include "app/check_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <map>
#include <utility>

#include "app/list_recording_test.h"
#include "base/text.h"
#include "monitor/verdict_json.h"

namespace swerve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// The model that is wrong on purpose: a task that still runs may well be woken.
const char* const kWwnrDot = R"(digraph wwnr {
  __init_not_running -> not_running;
  not_running [shape = doublecircle];
  not_running -> not_running [label = "wakeup"];
  not_running -> running [label = "switch_in"];
  running -> not_running [label = "switch_out"];
})";
const char* const kWwnr = R"(name = "wwnr"
description = "d"
scope = "task"
model = "wwnr.dot"
[[on]]
probe = "tracepoint:sched_switch"
task  = "prev"
event = "switch_out"
start = "prev_state == TASK_INTERRUPTIBLE"
[[on]]
probe = "tracepoint:sched_switch"
task  = "next"
event = "switch_in"
[[on]]
probe = "tracepoint:sched_wakeup"
task  = "p"
event = "wakeup"
)";
// A probe that only a recording can know.
const char* const kFilesDot = R"(digraph files {
  __init_closed -> closed;
  closed [shape = doublecircle];
  closed -> open [label = "open"];
  open -> closed [label = "close"];
})";
const char* const kFiles = R"(name = "files"
description = "d"
scope = "object"
model = "files.dot"
[[on]]
probe = "tracepoint:file_open"
key   = "fd"
event = "open"
start_run = true
[[on]]
probe = "tracepoint:file_close"
key   = "fd"
event = "close"
start_run = true
)";

ReadMonitor read(const std::string& text, const std::string& dot) {
  return read_monitor("m.toml", [&](const std::string& path, std::size_t) -> Result<std::string> {
    return path == "m.toml" ? text : dot;
  });
}
std::string renamed(std::string text, const std::string& from, const std::string& to) {
  text.replace(text.find(from), from.size(), to);
  return text;
}
ReadMonitor wwnr(const std::string& name = "wwnr") {
  return read(renamed(kWwnr, "\"wwnr\"", cat("\"", name, "\"")), kWwnrDot);
}
ReadMonitor files() { return read(kFiles, kFilesDot); }

/// What the sink was told, in order.
class Told final : public VerdictSink {
 public:
  void on_step(const Step& step) override { add(step_json(step), step); }
  void on_violation(const Violation& violation) override {
    add(violation_json(violation), violation);
  }
  void on_inconclusive(const Inconclusive& inconclusive) override {
    add(inconclusive_json(inconclusive), inconclusive);
  }
  std::vector<std::string> json;
  std::vector<std::string> brief;  // "12 wwnr wakeup"

 private:
  void add(std::string text, const Occurrence& what) {
    json.push_back(std::move(text));
    brief.push_back(cat(what.time.ns, " ", what.monitor, " ", what.event));
  }
};

struct Checked {
  CheckedTrace trace;
  Told told;
};

Checked check(std::vector<ReadMonitor> monitors, const ListedTrace& trace,
              const CheckSettings& settings = {}) {
  CheckedDefinitions definitions;
  definitions.read = std::move(monitors);
  for (const Diagnostic& d : definitions.problems()) ADD_FAILURE() << d.to_string();
  Checked out;
  out.trace = check_trace(
      definitions, "a.dat",
      [&](const Interest& interest) -> Result<std::unique_ptr<Recording>> {
        return std::unique_ptr<Recording>(std::make_unique<ListRecording>(trace, interest));
      },
      settings, out.told);
  return out;
}

Checked check(std::vector<ReadMonitor> monitors, std::vector<ListedEvent> events) {
  ListedTrace trace;
  trace.events = std::move(events);
  return check(std::move(monitors), trace);
}

constexpr std::uint64_t kDisk = 2;  // TASK_UNINTERRUPTIBLE: no doubt, and no start
constexpr std::uint64_t kSleep = 1;

CheckSettings plain() {
  CheckSettings settings;
  settings.engine.plain_states = true;
  return settings;
}

/// Task 7 goes to sleep, runs again, and is woken while it does.
std::vector<ListedEvent> one_violation() {
  return {switched(10, 7, kSleep, 8), woken(20, 7), switched(30, 8, kDisk, 7), woken(40, 7)};
}

ListedTrace trace_of(std::vector<ListedEvent> events) {
  ListedTrace out;
  out.events = std::move(events);
  return out;
}

TEST(CheckSession, AViolationIsToldAndIsStatusOne) {
  const Checked checked = check({wwnr()}, trace_of(one_violation()), plain());
  EXPECT_THAT(checked.told.brief, ElementsAre("40 wwnr wakeup"));
  EXPECT_EQ(checked.trace.status(), 1);
  EXPECT_EQ(checked.trace.violations(), 1U);
  EXPECT_EQ(checked.trace.format, "a list");
  EXPECT_EQ(checked.trace.clock, "local");
  EXPECT_EQ(checked.trace.first, TimeNs{10});
  EXPECT_EQ(checked.trace.last, TimeNs{40});
  EXPECT_EQ(checked.trace.events, 4U);
  EXPECT_THAT(checked.trace.doubts(), IsEmpty());
}

TEST(CheckSession, NothingFoundInAWholeTraceIsStatusZero) {
  std::vector<ListedEvent> events = one_violation();
  events.pop_back();
  const Checked checked = check({wwnr()}, trace_of(events), plain());
  EXPECT_THAT(checked.told.brief, IsEmpty());
  EXPECT_EQ(checked.trace.status(), 0);
}

TEST(CheckSession, ARecordedStateThatStandsForSeveralMakesItInconclusive) {
  const Checked checked = check({wwnr()}, trace_of(one_violation()));
  EXPECT_THAT(checked.told.brief, ElementsAre("40 wwnr wakeup"));
  EXPECT_EQ(checked.trace.violations(), 0U);
  EXPECT_EQ(checked.trace.inconclusive(), 1U);
  EXPECT_EQ(checked.trace.status(), 2);
}

TEST(CheckSession, AHoleLeavesNoCleanTrace) {
  ListedTrace trace = trace_of(one_violation());
  trace.events.pop_back();
  trace.holes = {{1, true, 3, 0, 15}, {2, false, 3, 12, 25}};
  const Checked checked = check({wwnr()}, trace, plain());
  EXPECT_EQ(checked.trace.status(), 2);
  EXPECT_THAT(checked.trace.doubts(), ElementsAre("1 hole in the events of CPU 3 (12 lost)"));
  ASSERT_EQ(checked.trace.missing.size(), 1U);
  EXPECT_EQ(checked.trace.missing[0].from, TimeNs{15});
  EXPECT_EQ(checked.trace.missing[0].to, TimeNs{25});
}

TEST(CheckSession, AViolationBesideAHoleIsOne) {
  ListedTrace trace = trace_of(one_violation());
  trace.holes = {{4, true, 3, 0, 45}};
  const Checked checked = check({wwnr()}, trace, plain());
  EXPECT_EQ(checked.trace.status(), 1);
  EXPECT_THAT(checked.trace.doubts(), ElementsAre("1 hole in the events of CPU 3"));
}

TEST(CheckSession, AnErrorComesAfterWhatWasFoundBefore) {
  ListedTrace trace = trace_of(one_violation());
  trace.error = Error(ErrorCode::invalid, "offset 12: no");
  const Checked checked = check({wwnr()}, trace, plain());
  EXPECT_THAT(checked.told.brief, ElementsAre("40 wwnr wakeup"));
  EXPECT_EQ(checked.trace.error, "a.dat: offset 12: no");
  EXPECT_EQ(checked.trace.violations(), 1U);
  EXPECT_EQ(checked.trace.events, 4U);
  EXPECT_EQ(checked.trace.status(), 2);
}

TEST(CheckSession, ATraceThatCannotBeOpenedIsStatusTwo) {
  Told told;
  CheckedDefinitions definitions;
  definitions.read.push_back(wwnr());
  const CheckedTrace trace = check_trace(
      definitions, "a.dat",
      [](const Interest&) -> Result<std::unique_ptr<Recording>> {
        return Error(ErrorCode::not_found, "a.dat: no such file");
      },
      {}, told);
  EXPECT_EQ(trace.error, "a.dat: no such file");
  EXPECT_EQ(trace.status(), 2);
}

TEST(CheckSession, WhatWasLeftOutIsADoubt) {
  ListedTrace trace = trace_of(one_violation());
  trace.not_understood = 1;
  EXPECT_EQ(check({wwnr()}, trace, plain()).trace.status(), 1);
  trace.events.pop_back();
  const Checked checked = check({wwnr()}, trace, plain());
  EXPECT_EQ(checked.trace.status(), 2);
  EXPECT_THAT(checked.trace.doubts(), ElementsAre("1 line was not understood"));
}

TEST(CheckSession, EventsThatCameTooLateWereNotRead) {
  ListedTrace trace = trace_of(one_violation());
  trace.late = 3;
  const Checked checked = check({wwnr()}, trace, plain());
  EXPECT_EQ(checked.trace.violations(), 1U);
  EXPECT_EQ(checked.trace.status(), 2);
  EXPECT_THAT(checked.trace.doubts(), ElementsAre(StartsWith("3 events came too late")));
}

TEST(CheckSession, NoEventOfAnyProbeIsNoCleanTrace) {
  const Checked checked = check({wwnr()}, {ListedEvent{"irq", 5, 0, 0, {}}});
  EXPECT_EQ(checked.trace.status(), 2);
  EXPECT_THAT(checked.trace.doubts(),
              ElementsAre("no event that wwnr is about was met: tracepoint:sched_switch, "
                          "tracepoint:sched_wakeup"));
  EXPECT_EQ(check({wwnr()}, std::vector<ListedEvent>()).trace.status(), 2);
}

TEST(CheckSession, ProbesThatWereNeverMetAreNamed) {
  const Checked checked = check({wwnr()}, {switched(1, 7, kDisk, 8)});
  ASSERT_EQ(checked.trace.monitors.size(), 1U);
  EXPECT_THAT(checked.trace.monitors[0].never_met, ElementsAre("tracepoint:sched_wakeup"));
  EXPECT_FALSE(checked.trace.monitors[0].none_met);
  EXPECT_EQ(checked.trace.status(), 0);
}

TEST(CheckSession, WhatARecordingLacksIsListedBeforeAnythingIsSaid) {
  ListedTrace trace = trace_of({ListedEvent{"sched_switch", 1, 0, 7, {{"prev_pid", 7U}}}});
  trace.describes_itself = true;
  const Checked checked = check({wwnr()}, trace);
  EXPECT_EQ(checked.trace.status(), 2);
  ASSERT_EQ(checked.trace.monitors.size(), 1U);
  EXPECT_THAT(checked.trace.monitors[0].error, HasSubstr("no event for tracepoint:sched_wakeup"));
  EXPECT_THAT(checked.trace.monitors[0].error, HasSubstr("next->pid"));
  EXPECT_THAT(checked.told.brief, IsEmpty());
}

TEST(CheckSession, AMonitorThatCannotGoOnLeavesTheOthersAlone) {
  ListedTrace trace = trace_of(one_violation());
  trace.events.insert(trace.events.begin() + 1, {"sched_waking", 15, 0, 7, {{"name", 1U}}});
  trace.batch = 1;
  const ReadMonitor waking = read(
      renamed(renamed(kWwnr, "\"wwnr\"", "\"waking\""), "sched_wakeup", "sched_waking"), kWwnrDot);
  for (const bool described : {true, false}) {
    trace.describes_itself = described;
    const Checked checked = check({waking, wwnr()}, trace, plain());
    EXPECT_THAT(checked.told.brief, ElementsAre("40 wwnr wakeup"));
    ASSERT_EQ(checked.trace.monitors.size(), 2U);
    EXPECT_THAT(checked.trace.monitors[0].error, HasSubstr("sched_waking"));
    EXPECT_EQ(checked.trace.monitors[1].error, "");
    EXPECT_EQ(checked.trace.status(), 2);
  }
}

// ---- definitions whose probes only the recording knows
// -------------------------------------------

std::vector<ListedEvent> closed_twice() {
  return {{"file_open", 1, 0, 7, {{"fd", 3U}}},
          {"noise", 2, 0, 7, {}},
          {"file_close", 3, 0, 7, {{"fd", 3U}}},
          {"file_close", 4, 0, 7, {{"fd", 3U}}}};
}

class BoundLate : public testing::TestWithParam<std::tuple<bool, bool, std::size_t>> {};

TEST_P(BoundLate, TheirArgumentsAreTheFieldsOfTheRecording) {
  ListedTrace trace = trace_of(closed_twice());
  std::tie(trace.describes_itself, trace.words, trace.batch) = GetParam();
  const Checked checked = check({files()}, trace);
  EXPECT_THAT(checked.told.brief, ElementsAre("4 files close"));
  EXPECT_EQ(checked.trace.error, "");
  EXPECT_EQ(checked.trace.status(), 1);
  EXPECT_EQ(checked.trace.events, 4U);
}

INSTANTIATE_TEST_SUITE_P(HoweverItIsRead, BoundLate,
                         testing::Combine(testing::Bool(), testing::Bool(),
                                          testing::Values(1, 2, 4096)));

TEST(CheckSession, AProbeThatNobodyKnowsIsAnErrorOfTheDefinitions) {
  ListedTrace trace = trace_of({closed_twice()[0]});
  const Checked checked = check({files()}, trace);
  EXPECT_EQ(checked.trace.status(), 2);
  EXPECT_EQ(checked.trace.error, "a.dat: the definitions do not fit it");
  ASSERT_TRUE(has_errors(checked.trace.diagnostics));
  EXPECT_THAT(checked.trace.diagnostics[0].message, HasSubstr("file_close"));
}

TEST(CheckSession, AReadingErrorIsToldWhenItIsWhyTheDefinitionsCouldNotBeBound) {
  ListedTrace trace = trace_of({closed_twice()[0]});
  trace.error = Error(ErrorCode::invalid, "line 2: no");
  const Checked checked = check({files()}, trace);
  EXPECT_EQ(checked.trace.error, "a.dat: line 2: no");
  EXPECT_EQ(checked.trace.status(), 2);
}

TEST(CheckSession, NotMoreIsReadAheadThanIsAllowed) {
  ListedTrace trace = trace_of({closed_twice()[0]});
  for (std::uint64_t i = 0; i < 1000; ++i) trace.events.push_back(closed_twice()[0]);
  trace.events.push_back(closed_twice()[2]);
  trace.batch = 10;
  std::size_t batches = 0;
  trace.before_each = [&] { ++batches; };
  CheckSettings settings;
  settings.read_ahead_bytes = 4000;
  const Checked checked = check({files()}, trace, settings);
  EXPECT_EQ(checked.trace.error, "a.dat: the definitions do not fit it");
  EXPECT_LT(batches, 20U);
}

TEST(CheckSession, ReadingGoesOnUntilTheFieldsAreThere) {
  // As a CSV whose first open failed.
  std::vector<ListedEvent> events = closed_twice();
  events.insert(events.begin(), {"file_close", 0, 0, 7, {{"error", 2U}, {"fd", 5U}}});
  ListedTrace trace = trace_of(events);
  trace.batch = 1;
  const Checked checked = check({files()}, trace);
  EXPECT_EQ(checked.trace.error, "");
  EXPECT_THAT(checked.told.brief, ElementsAre("0 files close", "4 files close"));
}

// ---- several monitors, several threads
// -----------------------------------------------------------

TEST(CheckSession, WhatSeveralMonitorsSayOfOneEventComesInTheirOrder) {
  for (const unsigned threads : {1U, 2U}) {
    CheckSettings settings = plain();
    settings.threads = threads;
    ListedTrace trace = trace_of(one_violation());
    trace.events.push_back(switched(50, 7, kSleep, 8));
    trace.events.push_back(switched(60, 8, kDisk, 7));
    trace.events.push_back(woken(70, 7));
    const Checked checked = check({wwnr("b"), wwnr("a"), wwnr("c")}, trace, settings);
    EXPECT_THAT(checked.told.brief, ElementsAre("40 b wakeup", "40 a wakeup", "40 c wakeup",
                                                "70 b wakeup", "70 a wakeup", "70 c wakeup"));
  }
}

RC_GTEST_PROP(CheckSession, WhatIsSaidDoesNotDependOnThreadsNorOnBatches, ()) {
  ListedTrace trace;
  std::map<std::uint32_t, std::uint32_t> running;  // by CPU
  const auto length = *rc::gen::inRange<std::size_t>(0, 400);
  for (std::uint64_t i = 0; i < length; ++i) {
    const auto cpu = *rc::gen::inRange<std::uint32_t>(0, 2);
    const auto tid = *rc::gen::inRange<std::uint32_t>(1, 6);
    if (*rc::gen::arbitrary<bool>()) {
      const auto state = *rc::gen::element<std::uint64_t>(0, 1, 2, 0x100);
      trace.events.push_back(switched(i, std::exchange(running[cpu], tid), state, tid, cpu));
    } else {
      trace.events.push_back(woken(i, tid, running[cpu], cpu));
    }
  }
  if (length > 20) {
    const auto at = *rc::gen::inRange<std::uint32_t>(0, 20);
    trace.holes = {{at, true, 1, 0, at}, {at + 5, false, 1, 2, at + 5}};
  }
  Checked reference;
  for (const unsigned threads : {1U, 2U, 3U}) {
    for (const std::size_t batch : {std::size_t{4096}, std::size_t{7}}) {
      CheckSettings settings;
      settings.threads = threads;
      settings.engine.every_step = true;
      settings.unfinished = true;
      trace.batch = batch;
      Checked checked = check({wwnr("a"), wwnr("b"), wwnr("c")}, trace, settings);
      if (threads == 1 && batch == 4096) {
        reference = std::move(checked);
        continue;
      }
      RC_ASSERT(checked.told.json == reference.told.json);
      RC_ASSERT(checked.trace.status() == reference.trace.status());
      RC_ASSERT(checked.trace.doubts() == reference.trace.doubts());
      for (std::size_t i = 0; i < 3; ++i)
        RC_ASSERT(checked.trace.monitors[i].counters == reference.trace.monitors[i].counters);
    }
  }
}

TEST(CheckSession, StoppedItSaysWhatItFoundSoFar) {
  for (const unsigned threads : {1U, 2U}) {
    ListedTrace trace = trace_of(one_violation());
    for (std::uint64_t i = 0; i < 100'000; ++i) trace.events.push_back(woken(100 + i, 9));
    trace.batch = 4;
    CheckSettings settings = plain();
    settings.threads = threads;
    bool stop = false;
    settings.stop = [&] { return stop; };
    settings.progress = [&](const ReadSoFar& so_far) {
      EXPECT_EQ(so_far.total_bytes, 100'004U);
      stop = true;
    };
    const Checked checked = check({wwnr()}, trace, settings);
    EXPECT_THAT(checked.told.brief, ElementsAre("40 wwnr wakeup"));
    EXPECT_EQ(checked.trace.error, "a.dat: stopped before the end");
    EXPECT_LT(checked.trace.events, 1000U);
    EXPECT_EQ(checked.trace.status(), 2);
  }
}

TEST(CheckSession, InstancesThatEndInNoFinalStateAreListed) {
  CheckSettings settings = plain();
  settings.unfinished = true;
  std::vector<ListedEvent> events = one_violation();
  events.pop_back();
  const Checked checked = check({wwnr()}, trace_of(events), settings);
  ASSERT_EQ(checked.trace.monitors.size(), 1U);
  ASSERT_EQ(checked.trace.monitors[0].unfinished.size(), 1U);
  const Unfinished& one = checked.trace.monitors[0].unfinished[0];
  EXPECT_EQ(one.live.key, InstanceKey::task(7, 0));
  EXPECT_EQ(set_text(one.live.states), "running");
  EXPECT_EQ(one.comm, "seven");
  EXPECT_EQ(checked.trace.status(), 0);
}

}  // namespace
}  // namespace swerve
