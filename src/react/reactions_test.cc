#include "swerve/react/reactions.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "base/text.h"

namespace swerve {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
constexpr auto kPatience = std::chrono::seconds(30);  // for what must happen
constexpr TimeNs kLong{30'000'000'000};
constexpr TimeNs kNone{};

/// Notes what it gets. It can be held, so that its calls wait, and be told to fail.
class Recorder : public Reactor {
 public:
  explicit Recorder(unsigned at_once = 1, bool held = false) : at_once_(at_once), held_(held) {}
  ~Recorder() override {
    if (on_end) on_end();
  }
  std::string_view name() const override { return "recorder"; }
  std::string_view description() const override { return "notes what it gets."; }
  unsigned at_once() const override { return at_once_; }

  Result<> react(const Reaction& reaction) override {
    std::unique_lock lock(mutex_);
    reactions_.push_back(reaction);
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    signals_ = signals_ || !::sigismember(&mask, SIGTERM);
    most_ = std::max(most_, ++running_);
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_; });
    --running_;
    changed_.notify_all();
    if (fails_) return Error(ErrorCode::io, cat("no ", reaction.violation.event));
    return {};
  }

  void hold(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  void fail(bool fails) {
    const std::lock_guard lock(mutex_);
    fails_ = fails;
  }
  /// Waits until so many calls have begun.
  bool begun(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return reactions_.size() >= count; });
  }
  bool running(unsigned count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return running_ == count; });
  }
  std::vector<std::string> events() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> out;
    for (const Reaction& one : reactions_) out.push_back(one.violation.event);
    return out;
  }
  std::vector<std::uint64_t> suppressed() {
    const std::lock_guard lock(mutex_);
    std::vector<std::uint64_t> out;
    for (const Reaction& one : reactions_) out.push_back(one.suppressed);
    return out;
  }
  unsigned most_at_once() {
    const std::lock_guard lock(mutex_);
    return most_;
  }
  bool saw_signals() {
    const std::lock_guard lock(mutex_);
    return signals_;
  }

  std::function<void()> on_end;

 private:
  const unsigned at_once_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Reaction> reactions_;
  unsigned running_ = 0, most_ = 0;
  bool held_, fails_ = false, signals_ = false;
};

Violation violation(std::string monitor, std::string event = "e") {
  Violation v;
  v.monitor = std::move(monitor);
  v.event = std::move(event);
  v.state = "s";
  return v;
}

ReactionSetting setting(std::uint32_t per_second = 1'000'000, std::uint32_t burst = 1'000'000) {
  ReactionSetting s;
  s.reactor = "recorder";
  s.per_second = per_second;
  s.burst = burst;
  return s;
}

std::uint64_t sum(const ReactionCounts& c) {
  return c.reactions + c.suppressed + c.dropped + c.cancelled + c.silenced + c.dry_run + c.waiting;
}

/// Waits until nothing of the monitor waits or runs.
bool finished(const Reactions& reactions, std::string_view monitor) {
  const auto deadline = Clock::now() + kPatience;
  while (reactions.counts(monitor).waiting != 0) {
    if (Clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST(Reactions, CallsTheReactorInTheOrderOfTheViolations) {
  const auto reactor = std::make_shared<Recorder>();
  Reactions reactions;
  reactions.choose("m", reactor, setting());
  for (const char* event : {"a", "b", "c"}) reactions.on_violation(violation("m", event));
  ASSERT_TRUE(finished(reactions, "m"));
  EXPECT_EQ(reactor->events(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(reactor->most_at_once(), 1U);
  const ReactionCounts counts = reactions.counts("m");
  EXPECT_EQ(counts.reactions, 3U);
  EXPECT_EQ(counts.failed, 0U);
  EXPECT_EQ(sum(counts), 3U);
}

TEST(Reactions, KeepsSignalsFromItsThreads) {
  const auto reactor = std::make_shared<Recorder>();
  Reactions reactions;
  reactions.choose("m", reactor, setting());
  reactions.on_violation(violation("m"));
  ASSERT_TRUE(finished(reactions, "m"));
  EXPECT_FALSE(reactor->saw_signals());
}

TEST(Reactions, CountsFailuresAndKeepsTheLastReason) {
  const auto reactor = std::make_shared<Recorder>();
  Reactions reactions;
  reactions.choose("m", reactor, setting());
  reactor->fail(true);
  reactions.on_violation(violation("m", "a"));
  reactions.on_violation(violation("m", "b"));
  ASSERT_TRUE(finished(reactions, "m"));
  reactor->fail(false);
  reactions.on_violation(violation("m", "c"));
  ASSERT_TRUE(finished(reactions, "m"));
  const ReactionCounts counts = reactions.counts("m");
  EXPECT_EQ(counts.reactions, 3U);
  EXPECT_EQ(counts.failed, 2U);
  EXPECT_EQ(counts.last_error, "no b");
}

TEST(Reactions, DoesAndCountsNothingForNopAndForUnknownMonitors) {
  Reactions reactions;
  reactions.choose("m", std::make_shared<NopReactor>(), {});
  reactions.choose("none", nullptr, {});
  for (const char* monitor : {"m", "none", "unknown"}) {
    reactions.on_violation(violation(monitor));
    EXPECT_EQ(sum(reactions.counts(monitor)), 0U) << monitor;
    EXPECT_EQ(reactions.allowance(monitor), 0U) << monitor;
  }
}

TEST(Reactions, KeepsEachMonitorToItsLimit) {
  const auto reactor = std::make_shared<Recorder>();
  TimeNs now{1'000'000'000};
  Reactions::Options options;
  options.now = [&now] { return now; };
  Reactions reactions(std::move(options));
  reactions.choose("slow", reactor, setting(10, 2));
  reactions.choose("fast", reactor, setting(10, 100));
  EXPECT_EQ(reactions.allowance("slow"), 2U);
  for (int i = 0; i < 5; ++i) {
    reactions.on_violation(violation("slow"));
    reactions.on_violation(violation("fast"));
  }
  ASSERT_TRUE(finished(reactions, "slow"));
  ASSERT_TRUE(finished(reactions, "fast"));
  EXPECT_EQ(reactions.counts("slow").reactions, 2U);
  EXPECT_EQ(reactions.counts("slow").suppressed, 3U);
  EXPECT_EQ(reactions.counts("fast").reactions, 5U);
  EXPECT_EQ(reactions.counts("fast").suppressed, 0U);
  EXPECT_EQ(reactions.allowance("slow"), 0U);
  EXPECT_EQ(reactions.allowance("fast"), 95U);

  now.ns += 100'000'000;
  EXPECT_EQ(reactions.allowance("slow"), 1U);
  reactions.on_violation(violation("slow"));
  reactions.on_violation(violation("slow"));
  ASSERT_TRUE(finished(reactions, "slow"));
  EXPECT_EQ(reactions.counts("slow").reactions, 3U);
  EXPECT_EQ(reactions.counts("slow").suppressed, 4U);
  EXPECT_EQ(reactor->suppressed().back(), 3U);  // since the reaction before

  reactions.choose("slow", reactor, setting(10, 2));  // the limit anew, the counts not
  EXPECT_EQ(reactions.allowance("slow"), 2U);
  EXPECT_EQ(reactions.counts("slow").suppressed, 4U);
}

TEST(Reactions, TellsWhatWasSuppressedOnceAndNotByACancelledReaction) {
  const auto reactor = std::make_shared<Recorder>(1, true);
  TimeNs now{1'000'000'000};
  Reactions::Options options;
  options.now = [&now] { return now; };
  Reactions reactions(std::move(options));
  reactions.choose("m", reactor, setting(1, 1));
  const std::vector<std::string> m = {"m"};
  reactions.on_violation(violation("m"));  // runs
  ASSERT_TRUE(reactor->begun(1));
  for (int i = 0; i < 3; ++i) reactions.on_violation(violation("m"));
  now.ns += 1'000'000'000;
  reactions.on_violation(violation("m"));  // would tell of 3
  reactions.settle(m, kNone);              // but is cancelled
  EXPECT_EQ(reactions.counts("m").cancelled, 1U);
  reactor->hold(false);
  for (int i = 0; i < 2; ++i) {
    now.ns += 1'000'000'000;
    reactions.on_violation(violation("m"));
  }
  ASSERT_TRUE(finished(reactions, "m"));
  EXPECT_EQ(reactor->suppressed(), (std::vector<std::uint64_t>{0, 3, 0}));
}

TEST(Reactions, CountsADryRunAndDoesNothing) {
  const auto reactor = std::make_shared<Recorder>();
  Reactions reactions;
  ReactionSetting dry = setting(1, 1);
  dry.dry_run = true;
  reactions.choose("m", reactor, dry);
  for (int i = 0; i < 3; ++i) reactions.on_violation(violation("m"));
  EXPECT_EQ(reactions.counts("m").dry_run, 3U);
  EXPECT_EQ(sum(reactions.counts("m")), 3U);
  EXPECT_EQ(reactions.allowance("m"), 0U);
  reactions.choose("m", reactor, setting());
  reactions.on_violation(violation("m"));
  ASSERT_TRUE(finished(reactions, "m"));
  EXPECT_EQ(reactions.counts("m").reactions, 1U);
  EXPECT_EQ(reactor->events().size(), 1U);
}

TEST(Reactions, CountsWhatTheEngineDidItself) {
  const auto reactor = std::make_shared<Recorder>();
  TimeNs now{1'000'000'000};
  Reactions::Options options;
  options.now = [&now] { return now; };
  Reactions reactions(std::move(options));
  ReactionSetting chosen = setting(1, 2);
  chosen.reactor = "signal";
  reactions.choose("m", reactor, chosen);
  Violation done = violation("m"), refused = violation("m");
  done.reacted = 0;
  refused.reacted = EPERM;
  reactions.on_violation(done);
  EXPECT_EQ(reactions.allowance("m"), 1U);
  reactions.on_violation(refused);
  reactions.on_violation(done);  // it was done, limit or not
  const ReactionCounts counts = reactions.counts("m");
  EXPECT_EQ(counts.reactions, 3U);
  EXPECT_EQ(counts.failed, 1U);
  EXPECT_EQ(counts.last_error, "signal: Operation not permitted");
  EXPECT_EQ(sum(counts), 3U);
  EXPECT_EQ(reactions.allowance("m"), 0U);
  reactions.on_violation(violation("m"));
  EXPECT_EQ(reactions.counts("m").suppressed, 1U);
  EXPECT_TRUE(reactor->events().empty());
}

TEST(Reactions, SilencesWhileReactingIsOff) {
  const auto reactor = std::make_shared<Recorder>();
  Reactions reactions;
  EXPECT_TRUE(reactions.reacting());
  reactions.choose("m", reactor, setting());
  reactions.set_reacting(false);
  EXPECT_FALSE(reactions.reacting());
  reactions.on_violation(violation("m"));
  EXPECT_EQ(reactions.counts("m").silenced, 1U);
  EXPECT_EQ(reactions.allowance("m"), 0U);
  reactions.set_reacting(true);
  reactions.on_violation(violation("m", "after"));
  ASSERT_TRUE(finished(reactions, "m"));
  EXPECT_EQ(reactor->events(), std::vector<std::string>{"after"});
}

TEST(Reactions, CancelsWhatWaitsWhenReactingIsSwitchedOff) {
  const auto reactor = std::make_shared<Recorder>(1, true);
  Reactions reactions;
  reactions.choose("m", reactor, setting());
  for (const char* event : {"a", "b", "c"}) reactions.on_violation(violation("m", event));
  ASSERT_TRUE(reactor->begun(1));
  reactions.set_reacting(false);  // returns although the reactor hangs
  EXPECT_EQ(reactions.counts("m").cancelled, 2U);
  EXPECT_EQ(reactions.counts("m").waiting, 1U);
  reactor->hold(false);
  ASSERT_TRUE(finished(reactions, "m"));
  EXPECT_EQ(reactor->events(), std::vector<std::string>{"a"});
  EXPECT_EQ(reactions.counts("m").reactions, 1U);
}

TEST(Reactions, DropsWhatAFullQueueCannotTake) {
  const auto reactor = std::make_shared<Recorder>(1, true), other = std::make_shared<Recorder>();
  Reactions::Options options;
  options.queue_most = 3;
  Reactions reactions(std::move(options));
  reactions.choose("m", reactor, setting());
  reactions.choose("other", other, setting());
  reactions.on_violation(violation("m", "runs"));
  ASSERT_TRUE(reactor->begun(1));
  for (int i = 0; i < 10; ++i) reactions.on_violation(violation("m"));
  reactions.on_violation(violation("other"));  // does not wait for the one that hangs
  ASSERT_TRUE(finished(reactions, "other"));
  EXPECT_EQ(reactions.counts("other").reactions, 1U);
  EXPECT_EQ(reactions.counts("m").dropped, 7U);
  EXPECT_EQ(reactions.counts("m").waiting, 4U);
  reactor->hold(false);
  ASSERT_TRUE(finished(reactions, "m"));
  EXPECT_EQ(reactions.counts("m").reactions, 4U);
  EXPECT_EQ(sum(reactions.counts("m")), 11U);
}

TEST(Reactions, SettlesOnlyTheMonitorsThatAreNamed) {
  const auto reactor = std::make_shared<Recorder>(1, true);
  Reactions reactions;
  for (const char* monitor : {"a", "b", "c"}) reactions.choose(monitor, reactor, setting());
  reactions.on_violation(violation("c", "runs"));
  ASSERT_TRUE(reactor->begun(1));
  for (const char* monitor : {"a", "b", "c"}) reactions.on_violation(violation(monitor, monitor));
  const std::vector<std::string> names = {"a", "b", "unknown", "a"};
  const auto before = Clock::now();
  reactions.settle(names, TimeNs{20'000'000});
  EXPECT_GE(Clock::now() - before, milliseconds(20));  // it was given its time
  EXPECT_EQ(reactions.counts("a").cancelled, 1U);
  EXPECT_EQ(reactions.counts("b").cancelled, 1U);
  EXPECT_EQ(reactions.counts("c").cancelled, 0U);
  reactor->hold(false);
  ASSERT_TRUE(finished(reactions, "c"));
  EXPECT_EQ(reactor->events(), (std::vector<std::string>{"runs", "c"}));
}

TEST(Reactions, SettlesWithoutWaitingForMoreThanItMust) {
  const auto reactor = std::make_shared<Recorder>();
  Reactions reactions;
  reactions.choose("m", reactor, setting());
  const std::vector<std::string> m = {"m"};
  for (int i = 0; i < 100; ++i) reactions.on_violation(violation("m"));
  reactions.settle(m, kLong);
  EXPECT_EQ(reactions.counts("m").cancelled, 0U);  // all had their turn
  ASSERT_TRUE(finished(reactions, "m"));
  EXPECT_EQ(reactions.counts("m").reactions, 100U);

  reactor->hold(true);
  reactions.on_violation(violation("m"));
  ASSERT_TRUE(reactor->begun(101));
  const auto before = Clock::now();
  reactions.settle(m, kLong);  // what runs may go on
  EXPECT_LT(Clock::now() - before, milliseconds(15'000));
  reactor->hold(false);
}

TEST(Reactions, ForgetsAMonitor) {
  const auto reactor = std::make_shared<Recorder>(1, true);
  Reactions reactions;
  reactions.choose("m", reactor, setting());
  reactions.on_violation(violation("m", "a"));
  reactions.on_violation(violation("m", "b"));
  ASSERT_TRUE(reactor->begun(1));
  reactions.forget("m");
  reactions.forget("m");
  EXPECT_EQ(sum(reactions.counts("m")), 0U);
  reactions.on_violation(violation("m", "c"));
  reactions.choose("m", reactor, setting());
  reactions.on_violation(violation("m", "d"));
  EXPECT_EQ(sum(reactions.counts("m")), 1U);  // a new one
  reactor->hold(false);
  ASSERT_TRUE(finished(reactions, "m"));
  EXPECT_EQ(reactor->events(), (std::vector<std::string>{"a", "d"}));
  EXPECT_EQ(reactor->most_at_once(), 1U);
  EXPECT_EQ(reactions.counts("m").reactions, 1U);
}

TEST(Reactions, GivesAReactorAsManyThreadsAsItWants) {
  const auto reactor = std::make_shared<Recorder>(3, true);
  Reactions reactions;
  reactions.choose("m", reactor, setting());
  for (int i = 0; i < 5; ++i) reactions.on_violation(violation("m"));
  ASSERT_TRUE(reactor->running(3));
  EXPECT_EQ(reactions.counts("m").waiting, 5U);
  reactor->hold(false);
  ASSERT_TRUE(finished(reactions, "m"));
  EXPECT_EQ(reactor->most_at_once(), 3U);
  EXPECT_EQ(reactions.counts("m").reactions, 5U);
}

TEST(Reactions, LetsGoOfAReactorThatNobodyHasAnyMore) {
  auto reactor = std::make_shared<Recorder>();
  std::atomic<bool> gone{false};
  reactor->on_end = [&gone] { gone = true; };
  Reactions reactions;
  reactions.choose("a", reactor, setting());
  reactions.choose("b", reactor, setting());
  for (const char* monitor : {"a", "b"}) {
    reactions.on_violation(violation(monitor));
    ASSERT_TRUE(finished(reactions, monitor));
  }
  reactor.reset();
  reactions.choose("a", nullptr, {});
  EXPECT_FALSE(gone);
  reactions.forget("b");
  const auto deadline = Clock::now() + kPatience;
  while (!gone && Clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(gone);
}

TEST(Reactions, EndsWithTheCallsThatEndSoon) {
  auto reactor = std::make_shared<Recorder>();
  std::atomic<bool> gone{false};
  reactor->on_end = [&gone] { gone = true; };
  {
    Reactions reactions;
    reactions.choose("m", reactor, setting());
    reactions.on_violation(violation("m"));
    ASSERT_TRUE(reactor->begun(1));
    reactor.reset();
  }
  EXPECT_TRUE(gone);
}

TEST(Reactions, LeavesAReactorThatHangs) {
  const auto a = std::make_shared<Recorder>(2, true), b = std::make_shared<Recorder>(1, true);
  const auto ended = std::make_shared<std::atomic<int>>(0);
  const auto before = Clock::now();
  {
    Reactions reactions;
    reactions.choose("a", a, setting());
    reactions.choose("b", b, setting());
    for (int i = 0; i < 3; ++i) {
      reactions.on_violation(violation("a"));
      reactions.on_violation(violation("b"));
    }
    ASSERT_TRUE(a->running(2));
    ASSERT_TRUE(b->running(1));
    // nothing waits for them
    reactions.choose("a", nullptr, {});
    reactions.choose("a", a, setting());
    reactions.set_reacting(false);
    reactions.set_reacting(true);
    const std::vector<std::string> names = {"a", "b"};
    reactions.settle(names, kNone);
  }
  EXPECT_LT(Clock::now() - before, milliseconds(15'000));
  EXPECT_EQ(a->events().size(), 2U);
  EXPECT_EQ(b->events().size(), 1U);
  a->hold(false);  // and they come to their end without the one who started them
  b->hold(false);
  EXPECT_TRUE(a->running(0));
  EXPECT_TRUE(b->running(0));
}

// Notes calls that begin when none may.
class Watchful final : public Reactor {
 public:
  std::string_view name() const override { return "watchful"; }
  std::string_view description() const override { return "sees calls that come too late."; }
  unsigned at_once() const override { return 2; }
  Result<> react(const Reaction& reaction) override {
    if (reaction.violation.events < not_before) ++late;
    ++calls;
    return {};
  }
  std::atomic<std::uint64_t> not_before{0}, late{0}, calls{0};
};

// Each round: violations of this round, then something after which none of them may begin.
void rounds(const std::function<void(Reactions&)>& barrier) {
  const auto reactor = std::make_shared<Watchful>();
  Reactions reactions;
  reactions.choose("m", reactor, setting());
  constexpr std::uint64_t kRounds = 2000;
  for (std::uint64_t round = 1; round <= kRounds; ++round) {
    Violation v = violation("m");
    v.events = round;
    for (std::uint64_t i = 0; i < round % 5; ++i) reactions.on_violation(v);
    barrier(reactions);
    reactor->not_before = round + 1;
  }
  ASSERT_TRUE(finished(reactions, "m"));
  EXPECT_EQ(reactor->late, 0U);
  const ReactionCounts counts = reactions.counts("m");
  EXPECT_EQ(counts.reactions, reactor->calls);
  EXPECT_EQ(counts.reactions + counts.cancelled, kRounds * 2);
}

TEST(Reactions, StartsNothingAfterReactingIsOff) {
  rounds([](Reactions& reactions) {
    reactions.set_reacting(false);
    reactions.set_reacting(true);
  });
}

TEST(Reactions, StartsNothingAfterSettling) {
  const std::vector<std::string> m = {"m"};
  rounds([&](Reactions& reactions) { reactions.settle(m, kNone); });
  rounds([&](Reactions& reactions) { reactions.settle(m, TimeNs{20'000}); });
}

// 4 threads, 10000 operations each, on 6 monitors and 3 reactors.
TEST(Reactions, LosesNoViolationUnderStress) {
  constexpr int kThreads = 4, kOperations = 10'000, kShared = 4;
  class Slow final : public Reactor {
   public:
    std::string_view name() const override { return "slow"; }
    std::string_view description() const override { return "takes a while now and then."; }
    Result<> react(const Reaction& reaction) override {
      const std::uint64_t n = ++calls;
      if (n % 64 == 0) std::this_thread::sleep_for(std::chrono::microseconds(300));
      if (n % 5 == 0) return Error(ErrorCode::io, reaction.violation.event);
      return {};
    }
    std::atomic<std::uint64_t> calls{0};
  };
  const auto a = std::make_shared<Recorder>(3);
  const auto b = std::make_shared<Slow>(), c = std::make_shared<Slow>();
  const std::vector<std::shared_ptr<Reactor>> reactors = {a, b, c};
  Reactions::Options options;
  options.queue_most = 16;
  Reactions reactions(std::move(options));
  std::vector<std::string> names;
  for (int i = 0; i < kShared; ++i) {
    names.push_back(cat("shared", i));
    reactions.choose(names.back(), reactors[i % 3], setting(10'000, 50));
  }
  std::atomic<std::uint64_t> sent[kShared] = {};

  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      const auto below = [&](int n) {
        return static_cast<int>(random() % static_cast<unsigned>(n));
      };
      const std::string own = cat("own", t);  // nobody else forgets it, or sends for it
      bool chosen = false;
      std::uint64_t own_sent = 0;
      for (int n = 0; n < kOperations; ++n) {
        const int which = below(kShared);
        const int what = below(100);
        if (what < 50) {
          Violation v = violation(names[which], cat("e", n));
          if (what == 0) v.reacted = EPERM;
          ++sent[which];
          reactions.on_violation(v);
        } else if (what < 70) {
          reactions.on_violation(violation(own));
          own_sent += chosen;
        } else if (what < 78) {
          ReactionSetting s = setting(10'000, 50);
          s.dry_run = below(5) == 0;
          reactions.choose(names[which], reactors[below(3)], s);
        } else if (what < 84) {
          reactions.settle(std::span(names).subspan(which, 1), TimeNs{50'000});
        } else if (what < 86) {
          reactions.settle(names, kNone);
        } else if (what < 88) {
          reactions.set_reacting(below(2) == 0);
        } else if (what < 94) {
          (void)reactions.counts(names[which]);
          (void)reactions.allowance(names[which]);
        } else if (what < 97) {
          EXPECT_EQ(sum(reactions.counts(own)), own_sent);
          reactions.forget(own);
          own_sent = 0;
          chosen = false;
        } else {
          chosen = true;
          reactions.choose(own, reactors[below(3)], setting(10'000, 50));
        }
      }
      EXPECT_EQ(sum(reactions.counts(own)), own_sent);
    });
  }
  for (std::thread& thread : threads) thread.join();

  std::uint64_t violations = 0, reacted = 0;
  for (int i = 0; i < kShared; ++i) {
    EXPECT_EQ(sum(reactions.counts(names[i])), sent[i]) << names[i];
    ASSERT_TRUE(finished(reactions, names[i]));
    const ReactionCounts counts = reactions.counts(names[i]);
    EXPECT_EQ(sum(counts), sent[i]) << names[i];
    EXPECT_GE(counts.reactions, counts.failed);
    violations += sent[i];
    reacted += counts.reactions;
  }
  EXPECT_GT(violations, 0U);
  EXPECT_GT(reacted, 0U);
}

}  // namespace
}  // namespace swerve
