// Real signals, to children of the test's.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <future>
#include <thread>

#include "base/text.h"
#include "react/signal.h"

namespace swerve {
namespace {

/// A process that waits for a signal.
class Victim {
 public:
  Victim() : pid_(::fork()) {
    if (pid_ != 0) return;
    for (;;) ::pause();
  }
  ~Victim() {
    if (alive()) {
      ::kill(pid_, SIGKILL);
      (void)ended_by();
    }
  }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;
  TaskInfo task() const {
    const auto id = static_cast<std::uint32_t>(pid_);
    return {id, id, "victim"};
  }
  bool alive() {
    reaped_ = reaped_ || ::waitpid(pid_, &status_, WNOHANG) == pid_;
    return !reaped_;
  }
  int ended_by() {
    if (!reaped_) reaped_ = ::waitpid(pid_, &status_, 0) == pid_;
    return WIFSIGNALED(status_) ? WTERMSIG(status_) : 0;
  }

 private:
  pid_t pid_;
  int status_ = 0;
  bool reaped_ = false;
};

Reaction about(const TaskInfo& task) {
  Violation v;
  v.time = monotonic_now();
  v.task = task;
  return {v, 0};
}
std::string react(const SignalReaction& signal, const Reaction& reaction) {
  const Result<> done = SignalReactor(signal).react(reaction);
  return done ? "sent" : done.error().message();
}
constexpr SignalReaction kHarmless{SIGURG, true};  // in case that it is sent

TEST(SignalReactorLive, SignalsTheTaskOfTheViolation) {
  Victim victim, other;
  Reaction reaction = about(victim.task());
  reaction.violation.by = other.task();
  EXPECT_EQ(react({SIGUSR1, true}, reaction), "sent");
  EXPECT_EQ(victim.ended_by(), SIGUSR1);
  EXPECT_TRUE(other.alive());
}

TEST(SignalReactorLive, SignalsTheTaskThatRanWhereTheViolationIsNobodys) {
  Victim victim;
  Reaction reaction = about({});
  reaction.violation.task.reset();
  reaction.violation.by = victim.task();
  EXPECT_EQ(react({SIGTERM, true}, reaction), "sent");
  EXPECT_EQ(victim.ended_by(), SIGTERM);
}

TEST(SignalReactorLive, SignalsOneThreadOrTheWholeProcess) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &set, nullptr), 0);
  std::promise<std::uint32_t> started;
  std::promise<void> sent;
  std::thread thread([&] {
    started.set_value(static_cast<std::uint32_t>(::gettid()));
    sent.get_future().wait();
    const timespec soon{30, 0};
    EXPECT_EQ(::sigtimedwait(&set, nullptr, &soon), SIGUSR1);
  });
  const std::uint32_t tid = started.get_future().get();
  const Reaction reaction = about({tid, static_cast<std::uint32_t>(::getpid()), "thread"});
  EXPECT_EQ(react({SIGUSR1, false}, reaction), "sent");
  sigset_t mine;
  sigpending(&mine);
  EXPECT_EQ(sigismember(&mine, SIGUSR1), 0);  // it is the other thread's alone
  sent.set_value();
  thread.join();

  EXPECT_EQ(react({SIGUSR1, false}, reaction),  // the thread has ended
            cat("no signal to thread-", tid, ": it has ended"));
  EXPECT_EQ(react({SIGUSR1, true}, reaction), "sent");  // its process has not
  const timespec soon{30, 0};
  EXPECT_EQ(::sigtimedwait(&set, nullptr, &soon), SIGUSR1);
}

TEST(SignalReactorLive, SparesWhoHasAnotherOnesNumber) {
  Victim victim;
  Reaction reaction = about(victim.task());
  reaction.violation.time.ns -= 1'000'000'000;  // before the victim began
  for (const bool whole_process : {true, false}) {
    EXPECT_EQ(react({SIGKILL, whole_process}, reaction),
              cat("no signal to victim-", victim.task().tid, ": it has ended"));
  }
  EXPECT_TRUE(victim.alive());
}

TEST(SignalReactorLive, SaysThatATaskHasEnded) {
  Victim victim;
  const Reaction reaction = about(victim.task());
  ASSERT_EQ(react({SIGKILL, true}, reaction), "sent");
  ASSERT_EQ(victim.ended_by(), SIGKILL);
  const Result<> done = SignalReactor(kHarmless).react(reaction);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::not_found);
  EXPECT_EQ(done.error().os_errno(), ESRCH);
}

TEST(SignalReactorLive, RefusesWhatTheKernelRefusesAtTheEvent) {
  EXPECT_EQ(react(kHarmless, about({1, 1, "init"})),
            "no signal to init-1: the machine needs process 1");
  EXPECT_EQ(react(kHarmless, about({0, 0, "swapper/1"})),
            "no signal to swapper/1-0: it is the idle task");
  for (const bool whole_process : {true, false}) {
    const Result<> done = SignalReactor({SIGURG, whole_process}).react(about({2, 2, "kthreadd\n"}));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message(), "no signal to kthreadd\\n-2: it is a thread of the kernel");
    EXPECT_EQ(done.error().os_errno(), EPERM);
  }
}

}  // namespace
}  // namespace swerve
