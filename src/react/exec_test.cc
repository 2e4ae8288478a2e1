#include "react/exec.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

#include "base/unique_fd.h"
#include "monitor/examples_for_test.h"
#include "monitor/verdict_json.h"
#include "react/folder_for_test.h"
#include "swerve/react/reactions.h"

namespace swerve {
namespace {

constexpr TimeNs kLong{60'000'000'000};

bool becomes_true(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

class ExecReactorTest : public testing::Test, protected FolderForTest {
 protected:
  /// "" or why it failed. The command runs in the test's folder.
  std::string run(const std::string& command, const Reaction& reaction, TimeNs timeout = kLong) {
    ExecReactor exec({cat("cd ", folder_, " && { ", command, "\n}"), 1, timeout});
    const Result<> done = exec.react(reaction);
    return done ? "" : done.error().message();
  }
  std::string run(const std::string& command) { return run(command, {example_violation(), 0}); }
};

TEST_F(ExecReactorTest, TellsTheCommandWhatHappened) {
  ASSERT_EQ(run("env | grep ^SWERVE_ | sort > env; cat > json", {example_violation(), 12}), "");
  EXPECT_EQ(lines("env"),
            (std::vector<std::string>{
                "SWERVE_COMM=worker", "SWERVE_CPU=3", "SWERVE_EVENT=wakeup",
                "SWERVE_EXPECTED=switch_out", "SWERVE_ID=1234",
                "SWERVE_MESSAGE=rv: monitor wwnr does not allow event wakeup on state running",
                "SWERVE_MONITOR=wwnr", "SWERVE_SCOPE=task", "SWERVE_STATE=running",
                "SWERVE_SUPPRESSED=12", "SWERVE_TGID=1200", "SWERVE_TID=1234",
                "SWERVE_TIME_NS=12345678901234"}));
  EXPECT_EQ(text("json"), violation_json(example_violation()));
}

TEST_F(ExecReactorTest, TellsOnlyWhatThereIs) {
  Violation violation = example_violation();
  violation.task.reset();
  violation.id = {Scope::global, 0};
  violation.expected = {"a", "b"};
  violation.event = "e\n`x`\x1b";
  ::setenv("SWERVE_TID", "1", 1);  // of somebody else
  ASSERT_EQ(run("env | grep ^SWERVE_ | sort > env", {violation, 0}), "");
  ::unsetenv("SWERVE_TID");
  EXPECT_EQ(
      lines("env"),
      (std::vector<std::string>{
          "SWERVE_CPU=3", "SWERVE_EVENT=e\\n`x`\\x1b", "SWERVE_EXPECTED=a b",
          "SWERVE_MESSAGE=rv: monitor wwnr does not allow event e\\n`x`\\x1b on state running",
          "SWERVE_MONITOR=wwnr", "SWERVE_SCOPE=global", "SWERVE_STATE=running",
          "SWERVE_SUPPRESSED=0", "SWERVE_TIME_NS=12345678901234"}));
  violation.id = {Scope::object, ~std::uint64_t{0}};
  ASSERT_EQ(run("echo $SWERVE_ID > id", {violation, 0}), "");
  EXPECT_EQ(text("id"), "18446744073709551615\n");
}

TEST_F(ExecReactorTest, DoesNotMindWhoLeavesItsInputUnread) {
  Violation violation = example_violation();
  for (int i = 0; i < 50'000; ++i) violation.stack.push_back("a_function_of_the_kernel+0x10");
  EXPECT_EQ(run("true", {violation, 0}), "");
  EXPECT_EQ(run("exec <&-", {violation, 0}), "");
  EXPECT_EQ(run("wc -c > size", {violation, 0}), "");
  EXPECT_EQ(std::stoul(text("size")), violation_json(violation).size());
}

TEST_F(ExecReactorTest, StartsTheCommandClean) {
  sigset_t blocked, before;
  sigfillset(&blocked);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
  const auto pipe_before = std::signal(SIGPIPE, SIG_IGN);
  const UniqueFd kept_open(::fcntl(STDERR_FILENO, F_DUPFD, 300));
  ASSERT_TRUE(kept_open);
  const std::string failure =
      run(cat("grep ^SigBlk /proc/self/status > blocked; grep ^SigIgn /proc/self/status > ignored\n"
              "[ -e /proc/$$/fd/2 ] && [ ! -e /proc/$$/fd/",
              kept_open.get(),
              " ] || echo open > files\n"
              "read -r stat < /proc/$$/stat; echo \"$$ $stat\" > stat"));
  (void)std::signal(SIGPIPE, pipe_before);
  ASSERT_EQ(::pthread_sigmask(SIG_SETMASK, &before, nullptr), 0);
  ASSERT_EQ(failure, "");
  EXPECT_EQ(text("blocked"), "SigBlk:\t0000000000000000\n");
  const std::string ignored = text("ignored");
  EXPECT_EQ(std::stoull(ignored.substr(ignored.find('\t') + 1), nullptr, 16) & 0x7fffffff, 0U);
  EXPECT_FALSE(std::filesystem::exists(path("files")));
  int shell = 0, pid = 0, group = 0;
  ASSERT_EQ(std::sscanf(text("stat").c_str(), "%d %d %*s %*c %*d %d", &shell, &pid, &group), 3);
  EXPECT_EQ(shell, group);  // one of its own
}

TEST_F(ExecReactorTest, TakesABadEndForAFailure) {
  EXPECT_EQ(run("exit 3"), "the command ended with status 3");
  EXPECT_EQ(run("swerve-has-no-such-command 2>/dev/null"), "the command ended with status 127");
  EXPECT_EQ(run("echo $SWERVE_MESSAGE 2>/dev/null >/dev/full"), "the command ended with status 1");
  EXPECT_EQ(run("kill -KILL $$"), "the command was ended by signal SIGKILL");
}

TEST_F(ExecReactorTest, KillsWhatTakesTooLongWithAllItsProcesses) {
  EXPECT_EQ(run("sleep 1000 & echo $! > other; sleep 1000", {example_violation(), 0},
                TimeNs{500'000'000}),
            "the command took more than 0.5s and was killed");
  const pid_t other = std::stoi(text("other"));
  EXPECT_TRUE(becomes_true([other] {
    const Result<std::string> stat = read_file(cat("/proc/", other, "/stat"));
    return !stat || stat->find(") Z ") != std::string::npos;
  }));
}

TEST_F(ExecReactorTest, LeavesTheChildrenOfOthersAlone) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(7);
  ASSERT_EQ(run("true"), "");
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST_F(ExecReactorTest, SaysWhatKeptItFromStarting) {
  rlimit before{}, none{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  none.rlim_max = before.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const std::string failure = run("true");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(failure, "make the input of a command: Too many open files");
}

TEST_F(ExecReactorTest, RunsNoMoreAtATimeThanItMay) {
  const auto exec = std::make_shared<ExecReactor>(ExecReactor::Options{
      cat("cd ", folder_,
          R"( && if mkdir a 2>/dev/null; then mine=a; elif mkdir b; then mine=b; else exit 1; fi
          echo >> started
          until [ -e go ]; do sleep 0.01; done
          rmdir $mine)"),
      2, kLong});
  Reactions reactions;
  ReactionSetting setting;
  setting.reactor = "exec";
  reactions.choose("wwnr", exec, setting);
  for (int i = 0; i < 6; ++i) reactions.on_violation(example_violation());
  ASSERT_TRUE(becomes_true([&] { return lines("started").size() == 2; }));
  EXPECT_EQ(reactions.counts("wwnr").waiting, 6U);
  make("go");
  ASSERT_TRUE(becomes_true([&] { return reactions.counts("wwnr").waiting == 0; }));
  EXPECT_EQ(reactions.counts("wwnr").reactions, 6U);
  EXPECT_EQ(reactions.counts("wwnr").failed, 0U) << reactions.counts("wwnr").last_error;
  EXPECT_EQ(lines("started").size(), 6U);
}

TEST_F(ExecReactorTest, IsCountedAsFailedWithTheReason) {
  const auto exec = std::make_shared<ExecReactor>(
      ExecReactor::Options{"echo $SWERVE_MESSAGE 2>/dev/null >/dev/full", 1, kLong});
  Reactions reactions;
  reactions.choose("wwnr", exec, {});
  reactions.on_violation(example_violation());
  ASSERT_TRUE(becomes_true([&] { return reactions.counts("wwnr").waiting == 0; }));
  EXPECT_EQ(reactions.counts("wwnr").reactions, 1U);
  EXPECT_EQ(reactions.counts("wwnr").failed, 1U);
  EXPECT_EQ(reactions.counts("wwnr").last_error, "the command ended with status 1");
}

TEST(ExecOptions, AreReadAndChecked) {
  const auto refusal = [](const ReactorSet::Options& options) {
    const auto made = ExecReactor::make(options);
    return made ? "made" : made.error().message();
  };
  const auto made =
      ExecReactor::make({{"command", "true"}, {"at_once", "64"}, {"timeout", "1500ms"}});
  ASSERT_TRUE(made);
  EXPECT_EQ((*made)->at_once(), 64U);
  EXPECT_EQ(ExecReactor::make({{"command", "true"}}).value()->at_once(), 4U);
  EXPECT_EQ(refusal({}), "the reactor 'exec' needs the option 'command'");
  EXPECT_EQ(refusal({{"comand", "true"}}),
            "the reactor 'exec' has no option 'comand'; did you mean 'command'?");
  EXPECT_EQ(refusal({{"command", ""}}), "'command' is a line for the shell, not ''");
  EXPECT_EQ(refusal({{"command", std::string("a\0b", 3)}}),
            "'command' is a line for the shell, not 'a\\x00b'");
  for (const char* const bad : {"0", "65", "-1", "4x", ""}) {
    EXPECT_EQ(refusal({{"command", "true"}, {"at_once", bad}}),
              cat("'at_once' is a number from 1 to 64, not '", bad, "'"));
  }
  EXPECT_TRUE(refusal({{"command", "true"}, {"timeout", "soon"}}).starts_with("'timeout': "));
}

}  // namespace
}  // namespace swerve
