// State belongs to the task: not to its number, not to its address, and to nobody when it is gone.
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <functional>
#include <latch>
#include <set>
#include <thread>

#include "kernel/layout.h"
#include "support.h"

namespace swerve::live {
namespace {

constexpr std::uint32_t kMark = 0x53574944;

// An invalid option of prctl: changes nothing, and says what we want it to.
void say(std::uint64_t what) { ::syscall(SYS_prctl, kMark, what, 0, 0, 0); }
constexpr std::uint64_t kStart = 1;  // starts the calling task's instance, in state `on`
constexpr std::uint64_t kBad = 2;    // a violation, if the task is monitored

const std::string kName = "identity";
const std::string kIsOurs = cat("option == ", kMark);

std::optional<BoundMonitor> start_and_bad() {
  return make_monitor(
      kName, Scope::task, two_states(),
      {{.probe = "syscall:prctl",
        .event = "go",
        .when = kIsOurs + " && arg2 == 1",
        .start_run = "true"},
       {.probe = "syscall:prctl", .event = "go", .when = kIsOurs + " && arg2 == 2"},
       {.probe = "syscall:prctl", .event = "stop", .when = kIsOurs + " && arg2 == 3"}});
}

struct Watch {
  std::unique_ptr<Engine> engine;
  std::size_t number = 0;

  void begin(const std::vector<BoundMonitor>& monitors, EngineOptions options) {
    options.stacks = false;
    auto made = Engine::create(catalog(), options);
    ASSERT_TRUE(made) << made.error().message();
    engine = std::move(made).value();
    for (const BoundMonitor& m : monitors) {
      const auto added = engine->add(m);
      ASSERT_TRUE(added) << added.error().message();
    }
    const auto attached = engine->attach();
    ASSERT_TRUE(attached) << attached.error().message();
    engine->arm();
  }
  MonitorStats stats() const { return engine->stats(number); }
};

// A child with the number `tid` (0: any) that runs `f`; its number, after its end.
pid_t child(pid_t tid, const std::function<void()>& f) {
  clone_args args{};
  args.exit_signal = SIGCHLD;
  args.set_tid = tid != 0 ? reinterpret_cast<std::uint64_t>(&tid) : 0;
  args.set_tid_size = tid != 0 ? 1 : 0;
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) {
    f();
    ::_exit(0);
  }
  if (pid > 0) ::waitpid(static_cast<pid_t>(pid), nullptr, 0);
  return static_cast<pid_t>(pid);
}

// The monitor's memory as the kernel has it: through the map's number, since the engine does not
// show it.
std::vector<layout::Slot> task_table(const std::string& name) {
  std::vector<layout::Slot> out;
  std::uint32_t id = 0;
  while (::bpf_map_get_next_id(id, &id) == 0) {
    const UniqueFd map(::bpf_map_get_fd_by_id(id));
    bpf_map_info info{};
    std::uint32_t length = sizeof info;
    if (!map || ::bpf_obj_get_info_by_fd(map.get(), &info, &length) != 0) continue;
    if (info.type != BPF_MAP_TYPE_ARRAY || object_name(name) != info.name ||
        info.value_size <= layout::kInstancesAt) {
      continue;
    }
    std::vector<std::uint8_t> bytes(info.value_size);
    const std::uint32_t zero = 0;
    if (::bpf_map_lookup_elem(map.get(), &zero, bytes.data()) != 0) continue;
    out.resize((bytes.size() - layout::kInstancesAt) / sizeof(layout::Slot));
    std::memcpy(out.data(), bytes.data() + layout::kInstancesAt, out.size() * sizeof(layout::Slot));
  }
  return out;
}

// Nothing is monitored, no place is taken. A task is freed some time after its end.
void expect_nothing_left(const Watch& watch) {
  const auto nothing_left = [&] {
    for (const layout::Slot& s : task_table(kName)) {
      if (s.tag != 0 || s.word != 0 || s.displaced != 0) return false;
    }
    return watch.stats().instances == 0;
  };
  const TimeNs limit{monotonic_now().ns + 20'000'000'000};
  while (!nothing_left() && monotonic_now() < limit) ::sched_yield();
  if (nothing_left()) return;
  ADD_FAILURE() << watch.stats().instances << " instances are left";
  for (const layout::Slot& s : task_table(kName)) {
    if (s.tag != 0 || s.word != 0 || s.displaced != 0) {
      ADD_FAILURE() << "tag " << s.tag << " word " << s.word << " displaced " << s.displaced;
    }
  }
}

TEST(TaskIdentity, AViolationIsFoundInTheFirstPlace) {
  const auto monitor = start_and_bad();
  ASSERT_TRUE(monitor);
  Watch watch;
  ASSERT_NO_FATAL_FAILURE(watch.begin({*monitor}, {}));
  ASSERT_GT(child(0, [] { say(kStart), say(kBad); }), 0);
  EXPECT_EQ(watch.stats().violations, 1U);
}

TEST(TaskIdentity, AReusedNumberStartsUnmonitored) {
  const auto monitor = start_and_bad();
  ASSERT_TRUE(monitor);
  Watch watch;
  ASSERT_NO_FATAL_FAILURE(watch.begin({*monitor}, {}));
  pid_t tid = child(0, [] { say(kStart); });
  for (int round = 0; round < 50; ++round) {
    // At once: the task before is not freed yet.
    ASSERT_EQ(child(tid, [] { say(kBad); }), tid) << std::strerror(errno);
    ASSERT_EQ(child(tid, [] { say(kStart); }), tid) << std::strerror(errno);
  }
  const MonitorStats stats = watch.stats();
  EXPECT_EQ(stats.started, 51U);
  EXPECT_EQ(stats.violations, 0U);
  EXPECT_FALSE(stats.incomplete());
  expect_nothing_left(watch);
}

TEST(TaskIdentity, AReusedAddressStartsUnmonitored) {
  const auto monitor = start_and_bad();
  // Another one, over objects, tells us the addresses.
  const auto addresses =
      make_monitor("addresses", Scope::object, Automaton::make("", "s", {{"s", "e", "s"}}).value(),
                   {{.probe = "syscall:prctl",
                     .event = "e",
                     .key = "current",
                     .when = cat("option == ", kMark),
                     .start_run = "true"}});
  ASSERT_TRUE(monitor && addresses);
  Watch watch;
  ASSERT_NO_FATAL_FAILURE(watch.begin({*monitor, *addresses}, {.every_step = true}));
  std::set<std::uint64_t> monitored;
  int reused = 0, children = 0;
  for (; reused < 30 && children < 4000; ++children) {
    ASSERT_GT(child(0, [&] { say(children % 2 == 0 ? kStart : kBad); }), 0);
    Recorder said;
    watch.engine->drain(said);
    for (const Verdict& v : said.verdicts) {
      const auto* const step = std::get_if<Step>(&v);
      ASSERT_NE(step, nullptr) << "a task was taken for the one before it";
      if (step->monitor != "addresses") continue;
      const bool known = monitored.count(step->id.key) != 0;
      if (children % 2 == 0) monitored.insert(step->id.key);
      if (children % 2 != 0 && known) ++reused;
    }
  }
  EXPECT_GE(reused, 30) << "of " << children;
  EXPECT_EQ(watch.stats().violations, 0U);
  expect_nothing_left(watch);
}

// Calls f on so many threads at once; none ends before all have begun.
void on_threads(int count, const std::function<void(int)>& f) {
  std::latch begun(count);
  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      begun.arrive_and_wait();
      f(i);
    });
  }
  for (std::thread& t : threads) t.join();
}

TEST(TaskIdentity, NothingIsLeftOfThousandsOfTasks) {
  const auto monitor = start_and_bad();
  ASSERT_TRUE(monitor);
  Watch watch;
  ASSERT_NO_FATAL_FAILURE(watch.begin({*monitor}, {}));
  constexpr int kRounds = 60, kThreads = 50;
  for (int round = 0; round < kRounds; ++round) on_threads(kThreads, [](int) { say(kStart); });
  const MonitorStats stats = watch.stats();
  EXPECT_EQ(stats.started, std::uint64_t{kRounds * kThreads});
  EXPECT_EQ(stats.events, std::uint64_t{kRounds * kThreads});
  EXPECT_EQ(stats.violations, 0U);
  EXPECT_FALSE(stats.incomplete());
  expect_nothing_left(watch);
  for (const layout::Slot& s : task_table("identity")) {
    ASSERT_EQ(s.tag, 0U);
    ASSERT_EQ(s.displaced, 0U);
  }
}

TEST(TaskIdentity, TasksThatShareAPlaceAreKeptApart) {
  const auto monitor = start_and_bad();
  ASSERT_TRUE(monitor);
  Watch watch;
  ASSERT_NO_FATAL_FAILURE(watch.begin({*monitor}, {.task_slot_bits = 2}));
  constexpr int kRounds = 20, kThreads = 64;
  for (int round = 0; round < kRounds; ++round) {
    on_threads(kThreads, [](int i) {
      if (i % 2 == 0) say(kStart);
      if (i % 4 < 2) say(kBad);  // 0: violates; 1: was never started; 2: fine
    });
  }
  const MonitorStats stats = watch.stats();
  EXPECT_EQ(stats.started, std::uint64_t{kRounds * kThreads / 2});
  EXPECT_EQ(stats.violations, std::uint64_t{kRounds * kThreads / 4});
  EXPECT_FALSE(stats.incomplete());
  expect_nothing_left(watch);
}

TEST(TaskIdentity, TasksThatFindNoRoomAreCounted) {
  const auto monitor = start_and_bad();
  ASSERT_TRUE(monitor);
  Watch watch;
  constexpr int kThreads = 64, kOverflow = 8;
  ASSERT_NO_FATAL_FAILURE(
      watch.begin({*monitor}, {.task_slot_bits = 2, .task_overflow = kOverflow}));
  std::latch said(kThreads), go_on(1);
  std::thread all([&] {
    on_threads(kThreads, [&](int) {
      say(kStart);
      said.count_down();
      go_on.wait();
      say(kBad);
    });
  });
  said.wait();
  MonitorStats stats = watch.stats();
  EXPECT_EQ(stats.started + stats.refused, std::uint64_t{kThreads});
  EXPECT_EQ(stats.instances, stats.started);
  EXPECT_GE(stats.started, std::uint64_t{kOverflow});
  EXPECT_LE(stats.started, std::uint64_t{kOverflow + 4});
  EXPECT_TRUE(stats.incomplete());
  go_on.count_down();
  all.join();
  stats = watch.stats();
  EXPECT_EQ(stats.violations, stats.started);  // of those that were monitored, every one
  expect_nothing_left(watch);
  // There is room again.
  ASSERT_GT(child(0, [] { say(kStart), say(kBad); }), 0);
  EXPECT_EQ(watch.stats().violations, stats.violations + 1);
}

}  // namespace
}  // namespace swerve::live
