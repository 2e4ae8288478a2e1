#include "app/tree_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/signalfd.h>

#include <csignal>

#include "app/fake_tree_test.h"
#include "base/text.h"
#include "monitor/examples_for_test.h"
#include "monitor/verdict_json.h"

namespace swerve {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

void say(const UniqueFd& stream, const std::string& text) {
  ASSERT_EQ(::write(stream.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

/// A tree with the monitor wwnr, off; and sco in the container sched.
class WatchTree : public testing::Test {
 protected:
  void SetUp() override {
    tree_.put("available_monitors", "sched\nsched:sco\nwwnr\n");
    tree_.put("enabled_monitors", "");
    tree_.put("monitoring_on", "1\n");
    tree_.put("monitors/sched/enable", "0\n");
    for (const std::string folder : {"monitors/wwnr", "monitors/sched/sco"}) {
      tree_.put(folder + "/enable", "0\n");
      tree_.put(folder + "/desc", "what it is.\n");
      tree_.put(folder + "/reactors", "[nop]\n[exec]\n");  // still chosen when nop is overwritten
      tree_.put(folder + "/stats", "scope task\nevents 4\nviolations 1\n");
    }
    violations_ = tree_.stream("monitors/wwnr/violations_json");
    steps_ = tree_.stream("monitors/wwnr/trace_pipe_json");
    sco_ = tree_.stream("monitors/sched/sco/violations_json");
    // A signal that was sent before is taken at the first look.
    sigset_t asked;
    sigemptyset(&asked);
    sigaddset(&asked, SIGUSR1);
    ::sigprocmask(SIG_BLOCK, &asked, &signals_.before);
    signals_.fd = UniqueFd(::signalfd(-1, &asked, SFD_NONBLOCK | SFD_CLOEXEC));
    options_.monitors = {"wwnr"};
  }
  void TearDown() override { ::sigprocmask(SIG_SETMASK, &signals_.before, nullptr); }

  /// Watches until the signal is seen; what was said before it is taken all the same.
  Result<int> watch() {
    ::raise(SIGUSR1);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Result<int> status = watch_tree(options_, TreeClient::at(tree_.folder()).value(), signals_);
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    signalfd_siginfo left{};
    (void)!::read(signals_.fd.get(), &left, sizeof left);
    return status;
  }

  FakeTree tree_;
  UniqueFd violations_, steps_, sco_;
  CaughtSignals signals_;
  MonOptions options_;
  std::string out_, err_;
};

TEST_F(WatchTree, PrintsWhatTheStreamSaysAndEndsInOrder) {
  say(violations_, violation_json(example_violation()));
  EXPECT_EQ(watch().value(), 0);
  EXPECT_THAT(out_, StartsWith("wwnr: 'wakeup' is not allowed in state 'running'"));
  EXPECT_THAT(out_, HasSubstr("wwnr: what it is.\n"));
  EXPECT_THAT(out_, HasSubstr("ttwu_do_activate+0xad"));
  EXPECT_THAT(out_, HasSubstr("\nwwnr  0 events, 0 violations; "));
  EXPECT_EQ(err_, "");
  EXPECT_EQ(tree_.text("monitors/wwnr/enable"), "0\n");
}

TEST_F(WatchTree, PrintsStepsInColumnsWithAnIdForATask) {
  options_.trace = true;
  say(steps_, step_json(example_step()) + violation_json(example_violation()));
  EXPECT_EQ(watch().value(), 0);
  EXPECT_THAT(out_, HasSubstr("[CPU]  TYPE       ID"));
  EXPECT_THAT(out_, HasSubstr("          worker-1234     [003] event     1234"));
  EXPECT_THAT(out_, HasSubstr("       0 [003] error     1234"));
}

TEST_F(WatchTree, LeavesItsOwnStepsOutButForDashS) {
  options_.trace = true;
  Step own = example_step();
  own.by.tgid = static_cast<std::uint32_t>(::getpid());
  say(steps_, step_json(own));
  EXPECT_EQ(watch().value(), 0);
  EXPECT_THAT(out_, Not(HasSubstr("worker-1234")));
  options_.self = true;
  say(steps_, step_json(own));
  EXPECT_EQ(watch().value(), 0);
  EXPECT_THAT(out_, HasSubstr("worker-1234"));
}

TEST_F(WatchTree, JsonIsWhatTheDaemonSaid) {
  options_.json = true;
  say(violations_, violation_json(example_violation()) + "{\"type\":\"lost\",\"lines\":7}\n");
  EXPECT_EQ(watch().value(), 0);
  EXPECT_THAT(out_, StartsWith(violation_json(example_violation()) +
                               "{\"type\":\"lost\",\"monitor\":\"wwnr\",\"lines\":7}\n"));
  EXPECT_THAT(out_, HasSubstr("\"unread\":7"));
}

TEST_F(WatchTree, ALineThatComesInPiecesIsOne) {
  Violation large = example_violation();
  large.stack.assign(10000, "a_frame_of_the_stack+0x10");  // more than one read takes
  ASSERT_GT(::fcntl(violations_.get(), F_SETPIPE_SZ, 1 << 20), 0);
  say(violations_, violation_json(large));
  options_.json = true;
  EXPECT_EQ(watch().value(), 0);
  EXPECT_THAT(out_, StartsWith(violation_json(large)));
}

TEST_F(WatchTree, SaysWhatItDoesNotUnderstandAndGoesOn) {
  say(violations_, "nonsense\n" + violation_json(example_violation()));
  EXPECT_EQ(watch().value(), 0);
  EXPECT_THAT(err_, HasSubstr("the daemon said what is not understood here: not a JSON object"));
  EXPECT_THAT(out_, StartsWith("wwnr: 'wakeup'"));
}

TEST_F(WatchTree, RefusesWhatIsEnabledAlready) {
  tree_.put("enabled_monitors", "sched:sco\nwwnr\n");
  tree_.put("monitors/wwnr/enable", "1\n");
  EXPECT_EQ(watch().error().message(), "monitor wwnr is already enabled");
  EXPECT_EQ(tree_.text("monitors/wwnr/enable"), "1\n") << "and leaves it on";
  options_.monitors = {"sched"};
  EXPECT_EQ(watch().error().message(), "monitor sched:sco is already enabled");
}

TEST_F(WatchTree, MatchesNamesWhole) {
  options_.monitors = {"wwn"};
  EXPECT_THAT(watch().error().message(),
              StartsWith("monitor wwn does not exist; did you mean 'wwnr'?"));
  options_.monitors = {"other:sco"};
  EXPECT_THAT(watch().error().message(), HasSubstr("does not exist"));
  options_.monitors = {"sco", "sched"};
  EXPECT_EQ(watch().error().message(), "monitor sched:sco is named twice");
}

TEST_F(WatchTree, AContainerIsEnabledAndItsChildrenAreShown) {
  options_.monitors = {"sched"};
  options_.verbose = true;
  Violation violation = example_violation();
  violation.monitor = "sco";
  say(sco_, violation_json(violation));
  EXPECT_EQ(watch().value(), 0);
  EXPECT_THAT(out_, StartsWith("sco: 'wakeup'"));
  EXPECT_THAT(err_, HasSubstr("monitor sco has id: yes"));
}

TEST_F(WatchTree, PutsTheReactorBack) {
  options_.reactor = "exec";
  options_.verbose = true;
  EXPECT_EQ(watch().value(), 0);
  EXPECT_THAT(err_, HasSubstr("the reactor of monitor wwnr was nop"));
  EXPECT_THAT(err_, HasSubstr("monitor wwnr has id: yes; reactor exec"));
  EXPECT_THAT(tree_.text("monitors/wwnr/reactors"), StartsWith("nop"));
}

TEST_F(WatchTree, WhatCannotBeEnabledLeavesTheReactorAsItWas) {
  std::filesystem::remove(tree_.folder() + "/monitors/wwnr/enable");
  tree_.link("monitors/wwnr/enable", "/dev/full");
  tree_.put("error_log", "[1.0] monitors/wwnr/enable: \"1\": no such tracepoint\n");
  options_.reactor = "exec";
  const Result<int> status = watch();
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message(), HasSubstr("no such tracepoint"));
  EXPECT_THAT(tree_.text("monitors/wwnr/reactors"), StartsWith("nop"));
}

TEST_F(WatchTree, SaysThatTheDaemonHasGone) {
  violations_.reset();
  EXPECT_EQ(watch().value(), 1);
  EXPECT_THAT(err_, HasSubstr("the daemon at " + tree_.folder() + " has gone"));
  EXPECT_EQ(out_, "");
}

TEST_F(WatchTree, SaysThatMonitoringIsOff) {
  tree_.put("monitoring_on", "0\n");
  EXPECT_EQ(watch().value(), 0);
  EXPECT_THAT(err_, HasSubstr("monitoring_on is 0: no event counts until it is 1"));
}

}  // namespace
}  // namespace swerve
