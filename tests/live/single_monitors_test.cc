// One monitor of several in an engine: it comes, is switched and goes while the others watch on.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>

#include "marks.h"
#include "support.h"

namespace swerve::live {
namespace {

Result<std::unique_ptr<Engine>> empty_engine() {
  return Engine::create(catalog(), {.steps = StepReports::switched, .stacks = false});
}

std::size_t steps_in(const Recorder& recorder) {
  return recorder.verdicts.size() - recorder.violations().size();
}

class SwitchedSteps : public testing::TestWithParam<Scope> {};

TEST_P(SwitchedSteps, AreReportedWhileTheSwitchIsOn) {
  const auto monitor = steps_monitor("switched", GetParam());
  ASSERT_TRUE(monitor);
  const auto made = empty_engine();
  ASSERT_TRUE(made) << made.error().message();
  Engine& engine = **made;
  const auto number = engine.add(*monitor);
  ASSERT_TRUE(number) << number.error().message();
  ASSERT_TRUE(engine.attach(engine.all()));
  engine.arm(engine.all());
  const auto fresh_steps = [&] {
    Recorder recorder;
    for (int i = 0; i < 10; ++i) say(Mark::step);
    EXPECT_TRUE(engine.drain_all(recorder));
    return steps_in(recorder);
  };
  say(Mark::begin);
  EXPECT_EQ(fresh_steps(), 0U);
  engine.report_steps(true);
  EXPECT_EQ(fresh_steps(), 10U);
  engine.report_steps(false);
  EXPECT_EQ(fresh_steps(), 0U);
  // However they were reported, they were steps.
  EXPECT_EQ(engine.stats(*number).events, 31U);
  say(Mark::bad);
  Recorder recorder;
  ASSERT_TRUE(engine.drain_all(recorder));
  ASSERT_EQ(recorder.violations().size(), 1U);
  EXPECT_EQ(recorder.violations()[0].path.size(), 8U);
  EXPECT_EQ(recorder.violations()[0].events, 31U);
}
INSTANTIATE_TEST_SUITE_P(Scopes, SwitchedSteps,
                         testing::Values(Scope::task, Scope::global, Scope::object),
                         [](const auto& of) { return std::string(scope_name(of.param)); });

TEST(SingleMonitors, OneGoesAndTheOthersKeepTheirStates) {
  const auto made = empty_engine();
  ASSERT_TRUE(made) << made.error().message();
  Engine& engine = **made;
  std::vector<std::size_t> numbers;
  for (const char* const name : {"a", "b", "c"}) {
    const auto monitor = steps_monitor(name, Scope::task);
    ASSERT_TRUE(monitor);
    const auto number = engine.add(*monitor);
    ASSERT_TRUE(number);
    numbers.push_back(*number);
  }
  ASSERT_TRUE(engine.attach(numbers));
  engine.arm(numbers);
  say(Mark::begin);
  Recorder recorder;
  ASSERT_TRUE(engine.detach({{numbers[1]}}, recorder));
  EXPECT_EQ(engine.stats(numbers[1]).events, 1U);
  engine.remove(numbers[1]);
  EXPECT_EQ(engine.all().size(), 2U);

  // The next one takes its number, and none of its past.
  const auto d = steps_monitor("d", Scope::task);
  ASSERT_TRUE(d);
  const auto again = engine.add(*d);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, numbers[1]);
  ASSERT_TRUE(engine.attach({{*again}}));
  engine.arm({{*again}});
  say(Mark::bad);
  ASSERT_TRUE(engine.drain_all(recorder));
  std::vector<std::string> found;
  for (const Violation& v : recorder.violations()) found.push_back(v.monitor);
  EXPECT_THAT(found, testing::UnorderedElementsAre("a", "c"));
  EXPECT_EQ(engine.stats(*again).events, 0U);
}

TEST(SingleMonitors, DetachingHandsOverEveryVerdictAndNoneComesAfter) {
  constexpr int kRounds = 20;
  const auto made = empty_engine();
  ASSERT_TRUE(made) << made.error().message();
  Engine& engine = **made;
  Hammer hammer(2);
  for (int round = 0; round < kRounds; ++round) {
    const auto monitor = steps_monitor("detached", Scope::task);
    ASSERT_TRUE(monitor);
    const auto number = engine.add(*monitor);
    ASSERT_TRUE(number);
    ASSERT_TRUE(engine.attach({{*number}}));
    engine.arm({{*number}});
    ASSERT_TRUE(hammer.turn_around());
    Recorder recorder;
    ASSERT_TRUE(engine.detach({{*number}}, recorder));
    const MonitorStats at_return = engine.stats(*number);
    EXPECT_GT(at_return.violations, 0U);
    EXPECT_EQ(recorder.violations().size(), at_return.violations - at_return.lost);
    ASSERT_TRUE(hammer.turn_around());
    EXPECT_EQ(engine.stats(*number), at_return);
    Recorder later;
    ASSERT_TRUE(engine.drain_all(later));
    EXPECT_TRUE(later.verdicts.empty());
    engine.remove(*number);
  }
}

// What a child that says things finds out about its signals.
struct Told {
  int signals = 0;  // that had come right after each `bad`, added up
  int to_this_thread = 0;
};
volatile sig_atomic_t g_signals = 0, g_signal_thread = 0;

Told signals_of_a_child(int violations, bool from_thread) {
  int out[2];
  SWERVE_CHECK(::pipe2(out, O_CLOEXEC) == 0, "no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    struct sigaction action {};
    action.sa_handler = [](int) {
      g_signals = g_signals + 1;
      g_signal_thread = static_cast<int>(::gettid());
    };
    ::sigaction(SIGUSR1, &action, nullptr);
    Told told;
    const auto work = [&] {
      for (int i = 0; i < violations; ++i) {
        g_signals = 0;
        g_signal_thread = 0;
        say(Mark::begin);
        say(Mark::bad);  // what the program sends is there when the call returns
        told.signals += g_signals;
        told.to_this_thread += g_signal_thread == static_cast<int>(::gettid()) ? 1 : 0;
      }
    };
    if (from_thread) {
      std::thread(work).join();
    } else {
      work();
    }
    ::_exit(::write(out[1], &told, sizeof told) == sizeof told ? 0 : 1);
  }
  ::close(out[1]);
  Told told;
  if (::read(out[0], &told, sizeof told) != sizeof told) told.signals = -1;
  ::close(out[0]);
  ::waitpid(child, nullptr, 0);
  return told;
}

TEST(SingleMonitors, ASignalComesAtTheViolatingEventAsOftenAsItIsAllowed) {
  const auto made = empty_engine();
  ASSERT_TRUE(made) << made.error().message();
  Engine& engine = **made;
  const auto monitor = steps_monitor("signals", Scope::task);
  ASSERT_TRUE(monitor);
  const auto number = engine.add(*monitor, SignalReaction{SIGUSR1, false});
  ASSERT_TRUE(number) << number.error().message();
  ASSERT_TRUE(engine.attach({{*number}}));
  engine.arm({{*number}});

  engine.allow_signals(*number, 3);
  Told told = signals_of_a_child(5, true);
  EXPECT_EQ(told.signals, 3);
  EXPECT_EQ(told.to_this_thread, 3);
  Recorder recorder;
  ASSERT_TRUE(engine.drain_all(recorder));
  std::vector<std::optional<int>> reacted;
  for (const Violation& v : recorder.violations()) reacted.push_back(v.reacted);
  EXPECT_THAT(reacted, testing::ElementsAre(0, 0, 0, std::nullopt, std::nullopt));

  engine.allow_signals(*number, 0);
  EXPECT_EQ(signals_of_a_child(2, false).signals, 0);
  engine.allow_signals(*number, 10);
  EXPECT_EQ(signals_of_a_child(2, false).signals, 2);
}

TEST(SingleMonitors, NobodySignalsTheOneWhoWatches) {
  const auto made = empty_engine();
  ASSERT_TRUE(made) << made.error().message();
  Engine& engine = **made;
  const auto monitor = steps_monitor("self", Scope::task);
  ASSERT_TRUE(monitor);
  const auto number = engine.add(*monitor, SignalReaction{SIGKILL, true});
  ASSERT_TRUE(number);
  ASSERT_TRUE(engine.attach({{*number}}));
  engine.arm({{*number}});
  engine.allow_signals(*number, 10);
  say(Mark::begin);
  say(Mark::bad);
  Recorder recorder;
  ASSERT_TRUE(engine.drain_all(recorder));
  ASSERT_EQ(recorder.violations().size(), 1U);
  EXPECT_FALSE(recorder.violations()[0].reacted);
}

TEST(SingleMonitors, ASignalForAnotherTaskIsLeftToWhoTakesTheViolation) {
  const auto made = empty_engine();
  ASSERT_TRUE(made) << made.error().message();
  Engine& engine = **made;
  const std::string task = "current->group_leader";
  const char* const probe = "syscall:prctl";
  const auto monitor =
      make_monitor("leader", Scope::task, steps(),
                   {{.probe = probe,
                     .event = "begin",
                     .task = task,
                     .when = said(Mark::begin),
                     .start_run = "true"},
                    {.probe = probe, .event = "step", .task = task, .when = said(Mark::step)},
                    {.probe = probe, .event = "bad", .task = task, .when = said(Mark::bad)}});
  ASSERT_TRUE(monitor);
  const auto number = engine.add(*monitor, SignalReaction{SIGUSR1, true});
  ASSERT_TRUE(number) << number.error().message();
  ASSERT_TRUE(engine.attach({{*number}}));
  engine.arm({{*number}});
  engine.allow_signals(*number, 10);
  EXPECT_EQ(signals_of_a_child(1, true).signals, 0);
  EXPECT_EQ(signals_of_a_child(1, false).signals, 1);
  Recorder recorder;
  ASSERT_TRUE(engine.drain_all(recorder));
  ASSERT_EQ(recorder.violations().size(), 2U);
  EXPECT_FALSE(recorder.violations()[0].reacted);
  EXPECT_EQ(recorder.violations()[1].reacted, 0);
}

}  // namespace
}  // namespace swerve::live
