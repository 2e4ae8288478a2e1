// An instance belongs to its task: not to the task's number, not to its address, not to its
// process, not to the place that it got in our table.
//
// Tasks say what they do by prctl() with an option that the kernel does not have and the event's
// number after it.
#include <bpf/libbpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/sched.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <set>

#include "driver.h"
#include "support.h"

namespace swerve::live {
namespace {

using std::chrono::steady_clock;

// Of no prctl(), and of no other test that runs at the same time.
const std::uint64_t kOption = 0x50000000 | static_cast<std::uint64_t>(::getpid());
enum Mark : std::uint64_t { kBegin = 1, kBad = 2, kSeen = 3, kNever = 4 };

void say(Mark mark) { ::syscall(SYS_prctl, kOption, mark, 0, 0, 0); }
std::string said(Mark mark) {
  return cat("option == ", kOption, " && arg2 == ", static_cast<std::uint64_t>(mark));
}

/// `begin` starts an instance; `bad` after it is a violation, and nothing at all without it.
std::optional<BoundMonitor> begin_and_bad() {
  return make_monitor(
      "begin_bad", Scope::task,
      Automaton::make("begin_bad", "off",
                      {{"off", "begin", "on"}, {"on", "begin", "on"}, {"off", "bad", "off"}})
          .value(),
      {{.probe = "syscall:prctl", .event = "begin", .when = said(kBegin), .start_run = "true"},
       {.probe = "syscall:prctl", .event = "bad", .when = said(kBad)}});
}

/// A violation for each kSeen, whose key is the address of the task that said it.
std::optional<BoundMonitor> address_of_task() {
  return make_monitor("address", Scope::object, two_states(),
                      {{.probe = "syscall:prctl",
                        .event = "stop",
                        .key = "(unsigned long)current",
                        .when = said(kSeen),
                        .start_run = "true"},
                       {.probe = "syscall:prctl",
                        .event = "go",
                        .key = "(unsigned long)current",
                        .when = said(kNever)}});
}

/// A process that does `work`; waits for its end. With a number: it gets that one, or 0 comes back
/// with errno set.
pid_t run_child(const std::function<void()>& work, pid_t number = 0) {
  clone_args args{};
  args.exit_signal = SIGCHLD;
  if (number != 0) {
    args.set_tid = reinterpret_cast<std::uintptr_t>(&number);
    args.set_tid_size = 1;
  }
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
  if (pid < 0) return 0;
  if (pid == 0) {
    work();
    ::_exit(0);
  }
  ::waitpid(pid, nullptr, 0);
  return pid;
}

/// Until `what` answers true, at most `seconds`.
bool becomes_true(const std::function<bool()>& what, int seconds = 10) {
  const auto deadline = steady_clock::now() + std::chrono::seconds(seconds);
  while (!what()) {
    if (steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

class TaskIdentity : public testing::Test {
 protected:
  /// Loads, attaches and arms; a problem fails the test.
  void watch(const std::vector<std::optional<BoundMonitor>>& monitors, EngineOptions options = {}) {
    auto engine = Engine::create(catalog(), options);
    ASSERT_TRUE(engine) << engine.error().message();
    engine_ = std::move(engine).value();
    for (const auto& monitor : monitors) {
      ASSERT_TRUE(monitor);
      const auto added = engine_->add(*monitor);
      ASSERT_TRUE(added) << added.error().message();
    }
    const auto attached = engine_->attach(engine_->all());
    ASSERT_TRUE(attached) << attached.error().message();
    engine_->arm(engine_->all());
  }
  MonitorStats stats(std::size_t monitor = 0) const { return engine_->stats(monitor); }
  void drain() {
    while (engine_->drain(recorder_) != 0) {
    }
  }
  /// Dead tasks are forgotten when the kernel frees them, a little later.
  bool all_forgotten() {
    return soon_after_deaths([&] { return stats().instances == 0; });
  }

  std::unique_ptr<Engine> engine_;
  Recorder recorder_;
};

Call call(std::uint32_t worker, Call::Kind kind, std::uint64_t a = 0, std::uint64_t b = 0) {
  return {.worker = worker, .kind = kind, .arguments = {a, b}};
}

/// Worker 0 starts workers 1 to `last` as processes, then they do `then`.
std::vector<Call> with_processes(std::uint32_t last, const std::vector<Call>& then) {
  std::vector<Call> calls;
  for (std::uint32_t i = 1; i <= last; ++i) {
    calls.push_back(call(0, Call::Kind::start_process, i));
  }
  calls.insert(calls.end(), then.begin(), then.end());
  return calls;
}

TEST_F(TaskIdentity, AReusedNumberStartsUnmonitored) {
  ASSERT_NO_FATAL_FAILURE(watch({begin_and_bad()}));
  const pid_t first = run_child([] { say(kBegin); });
  ASSERT_NE(first, 0);
  ASSERT_EQ(stats().started, 1U);

  // The number stands free until someone else gets it; nobody comes by so soon.
  const pid_t second = run_child([] { say(kBad); }, first);
  ASSERT_EQ(second, first) << std::strerror(errno);
  drain();
  EXPECT_TRUE(recorder_.violations().empty());
  EXPECT_EQ(stats().violations, 0U);
  EXPECT_EQ(stats().events, 1U);

  const pid_t third = run_child(
      [] {
        say(kBegin);
        say(kBad);
      },
      first);
  ASSERT_EQ(third, first) << std::strerror(errno);
  drain();
  EXPECT_EQ(recorder_.violations().size(), 1U);
  EXPECT_EQ(stats().violations, 1U);
}

TEST_F(TaskIdentity, AReusedTaskStructStartsUnmonitored) {
  constexpr int kMostChildren = 4000, kEnough = 100;
  ASSERT_NO_FATAL_FAILURE(watch({begin_and_bad(), address_of_task()}, {.stacks = false}));
  std::set<std::uint64_t> begun;  // addresses of tasks that ended while they were monitored
  int reused = 0;
  std::uint64_t started = 0;
  for (int i = 0; i < kMostChildren && reused < kEnough; ++i) {
    const bool begins = i % 2 == 0;
    ASSERT_NE(run_child([begins] {
                say(kSeen);
                say(begins ? kBegin : kBad);
              }),
              0);
    if (begins) ++started;
    recorder_.verdicts.clear();
    drain();
    const std::vector<Violation> found = recorder_.violations();
    ASSERT_EQ(found.size(), 1U) << "child " << i;
    ASSERT_EQ(found[0].monitor, "address") << "child " << i;
    if (begins) {
      begun.insert(found[0].id.key);
    } else if (begun.erase(found[0].id.key) != 0) {
      ++reused;
    }
  }
  EXPECT_GT(reused, 0) << "no task_struct was reused";
  EXPECT_EQ(stats().started, started);
  EXPECT_EQ(stats().violations, 0U);
  EXPECT_FALSE(stats().incomplete());
  EXPECT_TRUE(all_forgotten());

  recorder_.verdicts.clear();
  run_child([] {
    say(kBegin);
    say(kBad);
  });
  drain();
  EXPECT_EQ(recorder_.violations().size(), 1U);
}

TEST_F(TaskIdentity, AThreadIsNotItsProcess) {
  const auto ids = KernelIds::create();
  ASSERT_TRUE(ids) << ids.error().message();
  ASSERT_NO_FATAL_FAILURE(watch({begin_and_bad()}));
  using Kind = Call::Kind;
  Driver driver({call(0, Kind::start_thread, 1), call(0, Kind::start_thread, 2),
                 call(0, Kind::prctl, kOption, kBegin),  // the process' first thread begins
                 call(1, Kind::prctl, kOption, kBad), call(2, Kind::prctl, kOption, kBad),
                 call(1, Kind::prctl, kOption, kBegin), call(2, Kind::prctl, kOption, kBad),
                 call(1, Kind::prctl, kOption, kBad), call(0, Kind::prctl, kOption, kBad)},
                true, *ids);
  driver.begin(0);
  driver.wait_done();
  drain();
  std::vector<TaskInfo> tasks;
  for (const Violation& v : recorder_.violations()) tasks.push_back(v.task.value_or(TaskInfo{}));
  const auto info = [&](std::uint32_t worker) {
    const WorkerInfo& w = driver.worker(worker);
    return TaskInfo{static_cast<std::uint32_t>(w.pid_tgid),
                    static_cast<std::uint32_t>(w.pid_tgid >> 32), w.comm};
  };
  EXPECT_EQ(info(1).tgid, info(0).tid);
  EXPECT_THAT(tasks, testing::ElementsAre(info(1), info(0)));
}

// While one CPU idles, so do others: were they one instance, `enter` would come twice.
TEST_F(TaskIdentity, IdleTasksAreOneACpu) {
  ASSERT_NO_FATAL_FAILURE(watch({make_monitor(
      "idle", Scope::task,
      Automaton::make("idle", "off", {{"off", "enter", "in"}, {"in", "leave", "off"}}).value(),
      {{.probe = "tracepoint:sched_switch",
        .event = "leave",
        .task = "prev",
        .when = "prev->pid == 0",
        .start = "true"},
       {.probe = "tracepoint:sched_switch",
        .event = "enter",
        .task = "next",
        .when = "next->pid == 0"}})}));
  cpu_set_t all;
  ASSERT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
  std::atomic<bool> stop{false};
  std::vector<std::thread> sleepers;  // each CPU gets work again and again
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &all)) continue;
    sleepers.emplace_back([cpu, &stop] {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpu, &one);
      ::sched_setaffinity(0, sizeof one, &one);
      while (!stop) std::this_thread::sleep_for(std::chrono::microseconds(100));
    });
  }
  const bool idled = becomes_true([&] {
    const MonitorStats now = stats();
    return now.instances >= sleepers.size() && now.events >= 1000 * sleepers.size();
  });
  stop = true;
  for (std::thread& t : sleepers) t.join();
  const MonitorStats end = stats();
  // Were they one, nearly every event would be a violation. A few are no fault of ours: there are
  // virtual machines whose agent's threads no tracepoint tells of.
  EXPECT_LE(end.violations * 100, end.events);
  EXPECT_EQ(end.raced, 0U);
  EXPECT_LE(end.instances, static_cast<std::uint64_t>(::libbpf_num_possible_cpus()));
  if (!idled) {  // it is not the kernel's fault, nor ours
    std::cout << "the machine is busy: " << end.events << " events of " << end.instances
              << " idle tasks had to do\n";
  }
}

TEST_F(TaskIdentity, TasksThatShareAPlaceAreApart) {
  constexpr std::uint32_t kTasks = 64;
  const auto ids = KernelIds::create();
  ASSERT_TRUE(ids) << ids.error().message();
  ASSERT_NO_FATAL_FAILURE(watch({begin_and_bad()}, {.task_slot_bits = 2}));
  for (int round = 1; round <= 3; ++round) {
    recorder_.verdicts.clear();
    std::vector<Call> calls;
    for (std::uint32_t i = 1; i <= kTasks; ++i) {
      calls.push_back(call(i, Call::Kind::prctl, kOption, kBad));  // not begun yet: ignored
    }
    for (std::uint32_t i = 1; i <= kTasks; ++i) {
      calls.push_back(call(i, Call::Kind::prctl, kOption, kBegin));
    }
    for (std::uint32_t i = kTasks; i >= 1; --i) {
      calls.push_back(call(i, Call::Kind::prctl, kOption, kBad));
    }
    for (std::uint32_t i = 1; i <= kTasks; ++i) {  // these die while they are monitored
      calls.push_back(call(i, Call::Kind::prctl, kOption, kBegin));
    }
    Driver driver(with_processes(kTasks, calls), true, *ids);
    driver.begin(0);
    driver.wait_done();
    drain();
    std::vector<std::uint64_t> found, expected;
    for (const Violation& v : recorder_.violations()) found.push_back(v.id.key);
    for (std::uint32_t i = kTasks; i >= 1; --i) {
      expected.push_back(driver.worker(i).pid_tgid & 0xffffffff);
    }
    EXPECT_EQ(found, expected) << "round " << round;
    EXPECT_EQ(stats().instances, kTasks) << "round " << round;
    driver.finish();
    EXPECT_TRUE(all_forgotten()) << "round " << round << ": " << stats().instances << " instances";
    const auto n = static_cast<std::uint64_t>(round);
    EXPECT_EQ(stats().started, n * 2 * kTasks);
    EXPECT_EQ(stats().violations, n * kTasks);
    EXPECT_EQ(stats().events, n * 2 * kTasks);
    EXPECT_FALSE(stats().incomplete());
  }
}

TEST_F(TaskIdentity, TasksWithoutRoomAreCountedAndTheRestIsRight) {
  constexpr std::uint32_t kTasks = 64, kPlaces = 4, kOverflow = 8;
  const auto ids = KernelIds::create();
  ASSERT_TRUE(ids) << ids.error().message();
  ASSERT_NO_FATAL_FAILURE(
      watch({begin_and_bad()}, {.task_slot_bits = 2, .task_overflow = kOverflow}));
  MonitorStats before;
  for (int round = 1; round <= 3; ++round) {
    std::vector<Call> calls;
    for (const Mark mark : {kBegin, kBad, kBegin}) {  // they die while they are monitored
      for (std::uint32_t i = 1; i <= kTasks; ++i) {
        calls.push_back(call(i, Call::Kind::prctl, kOption, mark));
      }
    }
    Driver driver(with_processes(kTasks, calls), true, *ids);
    driver.begin(0);
    driver.wait_done();
    const MonitorStats now = stats();
    const std::uint64_t started = (now.started - before.started) / 2;
    EXPECT_GT(started, kOverflow) << "round " << round;  // so nothing of the last round is left
    EXPECT_LE(started, kOverflow + kPlaces) << "round " << round;
    EXPECT_EQ(now.refused - before.refused, 2 * (kTasks - started)) << "round " << round;
    EXPECT_EQ(now.violations - before.violations, started) << "round " << round;
    EXPECT_TRUE(now.incomplete());
    EXPECT_EQ(now.instances, started) << "round " << round;
    before = now;
    driver.finish();
    EXPECT_TRUE(all_forgotten()) << "round " << round << ": " << stats().instances << " instances";
  }
}

TEST_F(TaskIdentity, AThousandTasksLeaveNothing) {
  constexpr int kTasks = 1000;
  ASSERT_NO_FATAL_FAILURE(watch({begin_and_bad()}, {.task_slot_bits = 2}));
  for (int i = 0; i < kTasks; ++i) ASSERT_NE(run_child([] { say(kBegin); }), 0);
  EXPECT_TRUE(all_forgotten()) << stats().instances << " instances";
  EXPECT_EQ(stats().started, 1000U);
  EXPECT_EQ(stats().events, 1000U);
  EXPECT_EQ(stats().violations, 0U);
  EXPECT_FALSE(stats().incomplete());
}

}  // namespace
}  // namespace swerve::live
