#include "app/perfetto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "app/html_examples_for_test.h"
#include "react/folder_for_test.h"

namespace swerve {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

std::string text_of(const std::function<void(PerfettoTrace&)>& tell,
                    std::vector<std::string> monitors = {"wwnr"}) {
  const FolderForTest folder;
  const auto trace = PerfettoTrace::make(folder.path("out.json"), std::move(monitors)).value();
  tell(*trace);
  EXPECT_TRUE(trace->finish());
  return folder.text("out.json");
}

/// The events of the trace that `tell` makes. Checked: every one has what its kind needs, tracks
/// have names, and the slices of a track do not overlap.
std::vector<json> events_of(const std::function<void(PerfettoTrace&)>& tell,
                            std::vector<std::string> monitors = {"wwnr"}) {
  const json whole = json::parse(text_of(tell, std::move(monitors)));
  std::vector<json> events = whole.at("traceEvents");
  std::map<std::uint64_t, double> ends;  // of the last slice, by track
  for (const json& event : events) {
    const std::string kind = event.at("ph");
    const std::uint64_t track = event.at("tid");
    EXPECT_TRUE(event.at("pid").is_number_unsigned()) << event;
    EXPECT_TRUE(event.at("name").is_string()) << event;
    if (kind == "M") {
      EXPECT_EQ(ends.count(track), 0U) << "named twice: " << event;
      if (event.at("name") == "thread_name") ends[track] = 0;
      continue;
    }
    EXPECT_EQ(ends.count(track), 1U) << "on a track without a name: " << event;
    const double time = event.at("ts");
    EXPECT_GE(time, ends[track]) << event;
    if (kind == "X") ends[track] = time + event.at("dur").get<double>();
  }
  return events;
}

std::vector<json> of_kind(const std::vector<json>& events, std::string_view kind) {
  std::vector<json> out;
  for (const json& event : events)
    if (event.at("ph") == kind) out.push_back(event);
  return out;
}

std::vector<std::string> names(const std::vector<json>& events) {
  std::vector<std::string> out;
  for (const json& event : events) out.push_back(event.at("name"));
  return out;
}

Step step_at(std::uint64_t ns, std::uint64_t key, std::string next, Scope scope = Scope::task) {
  Step step;
  step.time = {ns};
  step.monitor = "wwnr";
  step.id = {scope, key};
  step.state = "before";
  step.event = "go";
  step.next = std::move(next);
  return step;
}

TEST(PerfettoTrace, IsAnEmptyTraceWithoutSteps) {
  const std::vector<json> events = events_of([](PerfettoTrace&) {}, {"wwnr", "wip"});
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].at("name"), "process_name");
  EXPECT_EQ(events[0].at("args").at("name"), "wwnr");
  EXPECT_EQ(events[1].at("args").at("name"), "wip");
  EXPECT_NE(events[0].at("pid"), events[1].at("pid"));
}

TEST(PerfettoTrace, HasAStateFromStepToStep) {
  const std::string text = text_of([](PerfettoTrace& trace) {
    trace.on_step(step_at(1'700'000'000'123'456'789, 5, "a"));
    trace.on_step(step_at(1'700'000'000'123'457'790, 5, "b"));
    trace.end_trace({1'700'000'000'123'460'000});
  });
  // As text: a double does not hold the nanoseconds of such times.
  EXPECT_THAT(text,
              HasSubstr(R"("name":"a","cat":"state","ts":1700000000123456.789,"dur":1.001,)"));
  EXPECT_THAT(text,
              HasSubstr(R"("name":"b","cat":"state","ts":1700000000123457.790,"dur":2.210,)"));
}

TEST(PerfettoTrace, EndsASliceAtAViolation) {
  const std::vector<json> events = events_of([](PerfettoTrace& trace) {
    ExampleRun run(trace);
    run.switch_in(7);
    run.violation(7);
    run.switch_in(7);
    trace.end_trace({run.now().ns + 1000});
  });
  const std::vector<json> slices = of_kind(events, "X");
  EXPECT_THAT(names(slices), ElementsAre("running", "running"));
  const std::vector<json> instants = of_kind(events, "i");
  ASSERT_EQ(instants.size(), 1U);
  const json& violation = instants[0];
  EXPECT_EQ(violation.at("name"), "violation: wakeup in running");
  EXPECT_EQ(violation.at("tid"), slices[0].at("tid"));
  EXPECT_EQ(violation.at("args").at("state"), "running");
  EXPECT_EQ(violation.at("args").at("expected"), json({"switch_out"}));
  EXPECT_EQ(violation.at("args").at("path"),
            json({"not_running -- wakeup -> not_running", "not_running -- switch_in -> running"}));
  // Between the violation and the next step it was not monitored.
  EXPECT_NEAR(slices[0].at("ts").get<double>() + slices[0].at("dur").get<double>(),
              violation.at("ts").get<double>(), 0.001);
  EXPECT_GT(slices[1].at("ts"), violation.at("ts"));
}

TEST(PerfettoTrace, NamesWhatWasPossibleWhereItIsNotCertain) {
  const std::vector<json> events = events_of([](PerfettoTrace& trace) {
    ExampleRun run(trace);
    run.switch_in(7);
    run.inconclusive(7);
    run.unsure_switch_in(7);
    run.inconclusive(7);
  });
  EXPECT_THAT(names(of_kind(events, "X")), ElementsAre("{not_running|running|-}", "{not_running|-}",
                                                       "{not_running|running|-}", "not certain"));
  EXPECT_EQ(of_kind(events, "i")[0].at("args").at("violating"), json({"running"}));
}

TEST(PerfettoTrace, HasATrackForEachInstance) {
  const std::vector<json> events = events_of(
      [](PerfettoTrace& trace) {
        ExampleRun run(trace);
        run.switch_in(7);
        run.switch_in(8);
        run.switch_out(7);
        Step idle = step_at(run.now().ns, 0, "a");
        trace.on_step(idle);
        idle.cpu = 1;
        trace.on_step(idle);
        Step other = step_at(run.now().ns, 0xffffffffffffffff, "a", Scope::object);
        other.monitor = "opens";
        trace.on_step(other);
      },
      {"wwnr", "opens"});
  std::vector<std::string> tracks;
  for (const json& event : of_kind(events, "M"))
    if (event.at("name") == "thread_name") tracks.push_back(event.at("args").at("name"));
  EXPECT_THAT(tracks, ElementsAre("worker (7)", "worker (8)", "idle of CPU 0", "idle of CPU 1",
                                  "object 18446744073709551615"));
}

TEST(PerfettoTrace, HoldsHostileNames) {
  const std::string text = text_of([](PerfettoTrace& trace) {
    ExampleRun run(trace);
    run.comm("\"},{\"ph\n\x01\xff\\");
    run.switch_in(7);
    run.violation(7);
  });
  EXPECT_TRUE(json::accept(text));
  // Perfetto's reader knows no \u in names, and no control character.
  EXPECT_EQ(text.find("\\u"), std::string::npos);
}

TEST(PerfettoTrace, ForgetsTracksWhenThereAreTooMany) {
  const std::string text = text_of([](PerfettoTrace& trace) {
    for (std::uint64_t i = 0; i < 70'000; ++i) trace.on_step(step_at(1000 * i, i + 1, "a"));
    trace.end_trace({100'000'000});
  });
  // None is lost: the oldest one ends sooner than the trace.
  std::size_t slices = 0;
  for (std::size_t at = 0; (at = text.find("\"ph\":\"X\"", at)) != std::string::npos; ++at)
    ++slices;
  EXPECT_EQ(slices, 70'000U);
  EXPECT_THAT(text, HasSubstr(R"("ts":0.000,"dur":65536.000,)"));
}

TEST(PerfettoTrace, LeavesNoFileWhenTheDiskIsFull) {
  const FolderForTest folder;
  folder.make("out.json");  // what was there before stays
  const auto trace = PerfettoTrace::make(folder.path("out.json"), {"wwnr"}).value();
  (void)std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit small{100'000, old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  for (std::uint64_t i = 0; i < 10'000; ++i) trace->on_step(step_at(1000 * i, 1, "a"));
  const Result<> finished = trace->finish();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  ASSERT_FALSE(finished);
  EXPECT_THAT(finished.error().message(), HasSubstr("File too large"));
  EXPECT_EQ(folder.text("out.json"), "");
}

}  // namespace
}  // namespace swerve
