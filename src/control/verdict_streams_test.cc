#include "swerve/control/verdict_streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>

#include "base/text.h"
#include "control/fakes_test.h"
#include "monitor/columns.h"
#include "monitor/verdict_json.h"
#include "swerve/monitor/violation_text.h"

namespace swerve {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

using Content = StreamShape::Content;
using Form = StreamShape::Form;

constexpr std::size_t kAll = std::size_t{1} << 30;

Step step_of(std::string monitor, Scope scope = Scope::task) {
  Step step;
  step.monitor = std::move(monitor);
  step.id = {scope, 42};
  step.by = {7, 7, "worker"};
  step.state = "running";
  step.event = "switch_out";
  step.next = "not_running";
  return step;
}

Violation violation_of(std::string monitor, Scope scope = Scope::task) {
  Violation violation = fake::violation_of(std::move(monitor));
  violation.id = {scope, 42};
  violation.by = {7, 7, "worker"};
  return violation;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    lines.push_back(text.substr(begin, end - begin));
  EXPECT_EQ(begin, text.size()) << "half a line";
  return lines;
}

TEST(VerdictStreamsTest, TheTextOfOneMonitorIsThatOfMonT) {
  VerdictStreams streams;
  const auto stream = streams.open({Content::everything, Form::text, {"wwnr"}});
  streams.on_step(step_of("wwnr"));
  streams.on_violation(violation_of("wwnr"));
  const Columns columns{true, false};
  EXPECT_EQ(stream->read(kAll), columns.line(step_of("wwnr")) + columns.line(violation_of("wwnr")));
  EXPECT_EQ(stream->read(kAll), "");
}

TEST(VerdictStreamsTest, LinesOfCpusHaveNoIdWhenTheyAreAlone) {
  VerdictStreams streams;
  const auto stream = streams.open({Content::everything, Form::text, {"wip"}});
  streams.on_step(step_of("wip", Scope::cpu));
  EXPECT_EQ(stream->read(kAll), Columns{}.line(step_of("wip", Scope::cpu)));
}

TEST(VerdictStreamsTest, WithSeveralMonitorsALineSaysWhoseItIs) {
  VerdictStreams streams;
  const auto all = streams.open({Content::everything, Form::text, {}});
  const auto two = streams.open({Content::everything, Form::text, {"wip", "wwnr"}});
  streams.on_step(step_of("wwnr"));
  streams.on_violation(violation_of("wip", Scope::cpu));
  const std::string text = all->read(kAll);
  EXPECT_THAT(lines_of(text), ElementsAre(HasSubstr("event_wwnr"), HasSubstr("error_wip")));
  EXPECT_EQ(two->read(kAll), text);
}

TEST(VerdictStreamsTest, ViolationsAloneAreReports) {
  VerdictStreams streams;
  streams.describe("wwnr", "wakes while not running");
  const auto stream = streams.open({Content::violations, Form::text, {}});
  streams.on_step(step_of("wwnr"));
  streams.on_violation(violation_of("wwnr"));
  EXPECT_THAT(stream->read(kAll), AllOf(StartsWith(violation_sentence(violation_of("wwnr"))),
                                        HasSubstr("wwnr: wakes while not running"),
                                        EndsWith("\n\n"), Not(HasSubstr("switch_out ->"))));
  streams.forget("wwnr");
  streams.on_violation(violation_of("wwnr"));
  EXPECT_THAT(stream->read(kAll), Not(HasSubstr("wakes while")));
}

TEST(VerdictStreamsTest, JsonIsThatOfMonJson) {
  VerdictStreams streams;
  const auto everything = streams.open({Content::everything, Form::json, {}});
  const auto violations = streams.open({Content::violations, Form::json, {}});
  streams.on_step(step_of("wwnr"));
  streams.on_violation(violation_of("wwnr"));
  const std::string violation = violation_json(violation_of("wwnr"));
  EXPECT_EQ(everything->read(kAll), step_json(step_of("wwnr")) + violation);
  EXPECT_EQ(violations->read(kAll), violation);
}

TEST(VerdictStreamsTest, AStreamShowsItsMonitorsAlone) {
  VerdictStreams streams;
  const auto stream = streams.open({Content::everything, Form::json, {"wip"}});
  streams.on_step(step_of("wwnr"));
  streams.on_violation(violation_of("wwnr"));
  streams.on_lost("wwnr", 3);
  EXPECT_FALSE(stream->readable());
  streams.on_violation(violation_of("wip"));
  EXPECT_TRUE(stream->readable());
}

TEST(VerdictStreamsTest, AStreamBeginsWhenItIsOpenedAndEachReaderHasAllOfIt) {
  VerdictStreams streams;
  const auto early = streams.open({Content::everything, Form::json, {}});
  streams.on_violation(violation_of("a"));
  const auto late = streams.open({Content::everything, Form::json, {}});
  streams.on_violation(violation_of("b"));
  const std::string a = violation_json(violation_of("a")), b = violation_json(violation_of("b"));
  EXPECT_EQ(early->read(kAll), a + b);
  EXPECT_EQ(late->read(kAll), b);
}

TEST(VerdictStreamsTest, SmallReadsPutTogetherAreTheWhole) {
  VerdictStreams streams;
  const auto stream = streams.open({Content::everything, Form::json, {}});
  std::string expected, got;
  for (int i = 0; i < 20; ++i) {
    streams.on_violation(violation_of(cat("m", i)));
    expected += violation_json(violation_of(cat("m", i)));
    got += stream->read(17);
  }
  while (stream->readable()) got += stream->read(17);
  EXPECT_EQ(got, expected);
}

TEST(VerdictStreamsTest, TellsOfReportsThatFoundTheRingFull) {
  VerdictStreams streams;
  const auto text = streams.open({Content::everything, Form::text, {"wwnr"}});
  const auto reports = streams.open({Content::violations, Form::text, {}});
  const auto json = streams.open({Content::violations, Form::json, {}});
  streams.on_lost("wwnr", 3);
  EXPECT_EQ(text->read(kAll), "[LOST 3 reports of wwnr: the ring was full]\n");
  EXPECT_EQ(reports->read(kAll), "[LOST 3 reports of wwnr: the ring was full]\n");
  EXPECT_EQ(json->read(kAll), "{\"type\":\"lost\",\"monitor\":\"wwnr\",\"reports\":3}\n");
}

// Slow readers.

constexpr std::size_t kFew = 64U << 10;

/// Numbers every line, so that a test can say which are missing.
Violation numbered(std::uint64_t number) {
  Violation violation = violation_of("wwnr");
  violation.by.tid = static_cast<std::uint32_t>(number);
  return violation;
}

TEST(VerdictStreamsTest, ASlowReaderLosesLinesAndReadsHowManyWhereTheyWouldHaveStood) {
  VerdictStreams streams;
  const auto slow = streams.open({Content::violations, Form::json, {}, kFew});
  const auto fast = streams.open({Content::violations, Form::json, {}});
  constexpr std::uint64_t kLines = 1'000;
  std::string all;
  for (std::uint64_t i = 0; i < kLines; ++i) {
    streams.on_violation(numbered(i));
    all += fast->read(kAll);
  }
  std::string whole;
  for (std::uint64_t i = 0; i < kLines; ++i) whole += violation_json(numbered(i));
  ASSERT_GT(whole.size(), 2 * kFew);
  EXPECT_TRUE(all == whole) << "the fast reader lost lines to the slow one";

  const std::string first = slow->read(kAll);
  EXPECT_LE(first.size(), kFew);
  EXPECT_GT(first.size(), kFew - 1000);
  EXPECT_TRUE(whole.starts_with(first)) << "the lines that came first are kept";
  const std::uint64_t kept = lines_of(first).size();

  streams.on_violation(numbered(kLines));
  EXPECT_EQ(slow->read(kAll), cat("{\"type\":\"lost\",\"lines\":", kLines - kept, "}\n") +
                                  violation_json(numbered(kLines)));
  EXPECT_FALSE(slow->readable());
}

TEST(VerdictStreamsTest, TheMarkerStandsBetweenWhatWasThereAndWhatCameAfterInText) {
  VerdictStreams streams;
  const auto slow = streams.open({Content::everything, Form::text, {}, kFew});
  std::uint64_t number = 0;
  for (; number < 2'000; ++number) streams.on_violation(numbered(number));
  std::string text = slow->read(4096);  // makes room, but does not empty it
  for (int i = 0; i < 3; ++i) streams.on_violation(numbered(number++));
  while (slow->readable()) text += slow->read(4096);
  const std::vector<std::string> lines = lines_of(text);
  ASSERT_GT(lines.size(), 4U);
  const std::uint64_t kept = lines.size() - 4;
  EXPECT_EQ(lines[kept], cat("[LOST ", 2'000 - kept, " lines: this reader is too slow]"));
  const Columns columns{true, true};
  for (std::uint64_t i = 0; i < 3; ++i)
    EXPECT_EQ(lines[kept + 1 + i] + "\n", columns.line(numbered(2'000 + i)));
}

TEST(VerdictStreamsTest, AReaderHearsOfALossEvenWhenNothingFollows) {
  VerdictStreams streams;
  const auto slow = streams.open({Content::violations, Form::json, {"wwnr"}, kFew});
  constexpr std::uint64_t kLines = 1'000;
  for (std::uint64_t i = 0; i < kLines; ++i) streams.on_violation(numbered(i));
  const std::uint64_t kept = lines_of(slow->read(kAll)).size();
  ASSERT_LT(kept, kLines);
  EXPECT_TRUE(slow->readable());
  EXPECT_EQ(slow->read(kAll),
            cat("{\"type\":\"lost\",\"monitor\":\"wwnr\",\"lines\":", kLines - kept, "}\n"));
  EXPECT_FALSE(slow->readable());
}

// Being told.

TEST(VerdictStreamsTest, TellsEachTimeThatAStreamBecomesReadable) {
  VerdictStreams streams;
  const auto stream = streams.open({Content::violations, Form::json, {}});
  int told = 0;
  stream->when_readable([&] { ++told; });
  streams.on_violation(violation_of("a"));
  streams.on_violation(violation_of("a"));
  EXPECT_EQ(told, 1);
  (void)stream->read(10);
  streams.on_violation(violation_of("a"));
  EXPECT_EQ(told, 1);  // there was something all the time
  (void)stream->read(kAll);
  streams.on_violation(violation_of("a"));
  EXPECT_EQ(told, 2);
  (void)stream->read(kAll);
  stream->when_readable(nullptr);
  streams.on_violation(violation_of("a"));
  EXPECT_EQ(told, 2);
}

TEST(VerdictStreamsTest, NoCallRunsWhenTakingItBackHasReturned) {
  VerdictStreams streams;
  for (int i = 0; i < 50; ++i) {
    const auto stream = streams.open({Content::violations, Form::json, {}});
    auto running = std::make_unique<std::atomic<int>>(0);
    std::latch called(1);
    stream->when_readable([&, inside = running.get()] {
      inside->fetch_add(1);
      called.count_down();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      inside->fetch_sub(1);
    });
    std::thread other([&] { streams.on_violation(violation_of("a")); });
    called.wait();
    stream->when_readable(nullptr);
    EXPECT_EQ(running->load(), 0);
    running.reset();
    other.join();
  }
}

TEST(VerdictStreamsTest, ReadersAndOpenersDoNotWaitForACallback) {
  VerdictStreams streams;
  const auto stream = streams.open({Content::violations, Form::json, {"a"}});
  std::latch called(1), go_on(1);
  stream->when_readable([&] {
    called.count_down();
    go_on.wait();
  });
  std::thread other([&] { streams.on_violation(violation_of("a")); });
  called.wait();
  EXPECT_TRUE(stream->readable());
  EXPECT_EQ(stream->read(kAll), violation_json(violation_of("a")));
  const auto second = streams.open({Content::everything, Form::text, {}});
  streams.on_violation(violation_of("b"));
  EXPECT_TRUE(second->readable());
  go_on.count_down();
  other.join();
}

TEST(VerdictStreamsTest, AsksForStepsWhileAStreamShowsThem) {
  VerdictStreams streams;
  std::vector<bool> asked;
  streams.when_wanting([&](bool wanted) { asked.push_back(wanted); });
  auto reports = streams.open({Content::violations, Form::text, {}});
  EXPECT_THAT(asked, IsEmpty());
  EXPECT_FALSE(streams.wants_steps());
  auto one = streams.open({Content::everything, Form::text, {}});
  auto two = streams.open({Content::everything, Form::json, {"wip"}});
  EXPECT_TRUE(streams.wants_steps());
  one.reset();
  EXPECT_THAT(asked, ElementsAre(true));
  two.reset();
  EXPECT_THAT(asked, ElementsAre(true, false));
  EXPECT_FALSE(streams.wants_steps());
}

TEST(VerdictStreamsTest, ManyThreadsWriteReadOpenAndClose) {
  VerdictStreams streams;
  std::atomic<int> wanting{0};
  streams.when_wanting([&](bool wanted) { wanting = wanted ? 1 : 0; });
  constexpr int kVerdicts = 1500;
  std::atomic<int> writing{2};
  std::vector<std::thread> threads;
  threads.reserve(3);
  const auto steady = streams.open({Content::violations, Form::json, {}, kFew});
  std::atomic<int> calls{0};
  steady->when_readable([&] { ++calls; });
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kVerdicts; ++i) {
        streams.on_violation(numbered(static_cast<std::uint64_t>(i) * 2 + (t == 0 ? 0 : 1)));
        streams.on_step(step_of("wwnr"));
      }
      --writing;
    });
  }
  // Others come and go.
  threads.emplace_back([&] {
    while (writing != 0) {
      auto stream = streams.open({Content::everything, Form::text, {}});
      stream->when_readable([&] { ++calls; });
      (void)stream->read(1000);
    }
  });
  std::string text;
  while (writing != 0 || steady->readable()) text += steady->read(kAll);
  for (std::thread& thread : threads) thread.join();
  text += steady->read(kAll);
  std::uint64_t lost = 0, seen = 0;
  for (const std::string& line : lines_of(text)) {
    constexpr std::string_view kLost = "{\"type\":\"lost\",\"lines\":";
    if (line.starts_with(kLost)) {
      lost += std::stoull(line.substr(kLost.size()));
    } else {
      EXPECT_THAT(line, AllOf(StartsWith("{\"type\":\"violation\""), EndsWith("}")));
      ++seen;
    }
  }
  EXPECT_EQ(seen + lost, 2U * kVerdicts);
  EXPECT_GT(calls, 0);
  EXPECT_EQ(wanting, 0);
  EXPECT_FALSE(streams.wants_steps());
}

}  // namespace
}  // namespace swerve
