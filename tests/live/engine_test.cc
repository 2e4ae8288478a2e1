// The engine on the live kernel: what it leaves behind, what it counts, what it says about a
// violation, and that off is off.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

#include "base/unique_fd.h"
#include "bind/toml/definition_parser.h"
#include "marks.h"
#include "support.h"
#include "swerve/model/dot_parser.h"

namespace swerve::live {
namespace {

using testing::ElementsAre;

Result<std::unique_ptr<Engine>> watching(const std::vector<BoundMonitor>& monitors,
                                         EngineOptions options = {}) {
  SWERVE_TRY_ASSIGN(std::unique_ptr<Engine> engine, Engine::create(catalog(), options));
  for (const BoundMonitor& m : monitors) SWERVE_TRY(engine->add(m));
  SWERVE_TRY(engine->attach(engine->all()));
  engine->arm(engine->all());
  return engine;
}

std::vector<Violation> violations_of(Engine& engine) {
  Recorder recorder;
  while (engine.drain(recorder) != 0) {
  }
  return recorder.violations();
}

/// How many programs and maps of this name the kernel has.
int bpf_objects(const std::string& name) {
  int count = 0;
  std::uint32_t id = 0;
  while (::bpf_prog_get_next_id(id, &id) == 0) {
    const UniqueFd fd(::bpf_prog_get_fd_by_id(id));
    bpf_prog_info info{};
    std::uint32_t length = sizeof info;
    if (fd && ::bpf_obj_get_info_by_fd(fd.get(), &info, &length) == 0 && name == info.name) ++count;
  }
  id = 0;
  while (::bpf_map_get_next_id(id, &id) == 0) {
    const UniqueFd fd(::bpf_map_get_fd_by_id(id));
    bpf_map_info info{};
    std::uint32_t length = sizeof info;
    if (fd && ::bpf_obj_get_info_by_fd(fd.get(), &info, &length) == 0 && name == info.name) ++count;
  }
  return count;
}

TEST(Engine, LeavesNothingBehindWhateverItsDeath) {
  // A name that no other process' objects have: eight characters of it get there.
  const std::string name = cat("e", ::getpid() % 10'000'000);
  const std::optional<BoundMonitor> monitor = steps_monitor(name, Scope::task);
  ASSERT_TRUE(monitor);
  for (const int number : {SIGKILL, SIGTERM, SIGINT, SIGSEGV}) {
    int ready[2];
    ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    UniqueFd read_end(ready[0]), write_end(ready[1]);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::prctl(PR_SET_DUMPABLE, 0);  // no core of it
      ::alarm(60);
      const auto engine = watching({*monitor});
      if (engine && ::write(write_end.get(), "", 1) == 1) {
        for (;;) ::pause();
      }
      ::_exit(1);
    }
    write_end.reset();
    char byte;
    ASSERT_EQ(::read(read_end.get(), &byte, 1), 1) << "the child could not watch";
    EXPECT_GE(bpf_objects(object_name(name)), 4);
    ::kill(child, number);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == number);
    EXPECT_TRUE(becomes_true([&] { return bpf_objects(object_name(name)) == 0; }))
        << "after signal " << number << ": " << bpf_objects(object_name(name));
  }
  {
    const auto engine = watching({*monitor});
    ASSERT_TRUE(engine) << engine.error().message();
    EXPECT_GE(bpf_objects(object_name(name)), 4);
  }
  EXPECT_TRUE(becomes_true([&] { return bpf_objects(object_name(name)) == 0; }));
}

bool same_counts(const MonitorStats& a, const MonitorStats& b) {
  return a.events == b.events && a.violations == b.violations && a.started == b.started &&
         a.instances == b.instances;
}
std::string counts_text(const MonitorStats& s) {
  return cat(s.events, " events, ", s.violations, " violations, ", s.started, " started, ",
             s.instances, " instances");
}

class EngineOff : public testing::TestWithParam<Scope> {};

TEST_P(EngineOff, NothingCountsAndAllStartsAnew) {
  const std::optional<BoundMonitor> monitor = steps_monitor("off", GetParam());
  ASSERT_TRUE(monitor);
  auto made = watching({*monitor}, {.stacks = false});
  ASSERT_TRUE(made) << made.error().message();
  Engine& engine = **made;
  Hammer hammer(3);
  const char* const repeat = std::getenv("SWERVE_TEST_RUNS");
  const int rounds = repeat != nullptr ? std::atoi(repeat) : 20;
  for (int round = 0; round < rounds; ++round) {
    const MonitorStats start = engine.stats(0);
    ASSERT_TRUE(hammer.set(Hammer::Mode::all));
    const MonitorStats some = engine.stats(0);
    EXPECT_GT(some.started, start.started) << "round " << round;
    EXPECT_GT(some.violations, start.violations) << "round " << round;
    ASSERT_TRUE(engine.disarm(engine.all()));

    const MonitorStats off = engine.stats(0);
    EXPECT_EQ(off.instances, 0U) << "round " << round;
    ASSERT_TRUE(hammer.turn_around());
    EXPECT_TRUE(same_counts(engine.stats(0), off)) << "round " << round << ": " << counts_text(off)
                                                   << " became " << counts_text(engine.stats(0));

    ASSERT_TRUE(hammer.set(Hammer::Mode::steps_only));
    engine.arm(engine.all());
    ASSERT_TRUE(hammer.turn_around());
    EXPECT_TRUE(same_counts(engine.stats(0), off))
        << "round " << round << ", on again: " << counts_text(off) << " became "
        << counts_text(engine.stats(0));
    (void)violations_of(engine);
    if (HasFailure()) break;
  }
}
INSTANTIATE_TEST_SUITE_P(Scopes, EngineOff,
                         testing::Values(Scope::task, Scope::global, Scope::cpu, Scope::object),
                         [](const auto& of) { return std::string(scope_name(of.param)); });

void run_on(int cpu) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  ::sched_setaffinity(0, sizeof one, &one);
}

// The step of an instance with one owner loads its word and stores the next one: what is reset in
// between must not come back.
TEST(Engine, WhatIsBeingSteppedDoesNotOutliveOff) {
  constexpr int kRounds = 100;
  const std::optional<BoundMonitor> monitor = steps_monitor("stepped", Scope::task);
  ASSERT_TRUE(monitor);
  auto made = watching({*monitor}, {.stacks = false});
  ASSERT_TRUE(made) << made.error().message();
  Engine& engine = **made;
  cpu_set_t all;
  ASSERT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
  int first = 0, last = CPU_SETSIZE - 1;
  while (!CPU_ISSET(first, &all)) ++first;
  while (!CPU_ISSET(last, &all)) --last;
  std::atomic<int> begun{0}, wanted{0};
  std::atomic<bool> stop{false};
  std::thread stepper([&] {
    run_on(last);
    while (!stop) {
      if (const int now = wanted; now != begun) {
        say(Mark::begin);
        begun = now;
        begun.notify_one();
      }
      for (int i = 0; i < 20; ++i) say(Mark::step);
    }
  });
  run_on(first);
  int left = 0;
  for (int round = 1; round <= kRounds; ++round) {
    engine.arm(engine.all());
    wanted = round;
    begun.wait(round - 1);
    const bool off = static_cast<bool>(engine.disarm(engine.all()));
    EXPECT_TRUE(off);
    if (engine.stats(0).instances != 0) ++left;
  }
  stop = true;
  stepper.join();
  ::sched_setaffinity(0, sizeof all, &all);
  EXPECT_EQ(left, 0) << "of " << kRounds << " times an instance was still there";
}

TEST(Engine, LostReportsLoseNoViolation) {
  const std::optional<BoundMonitor> monitor = steps_monitor("lost", Scope::task);
  ASSERT_TRUE(monitor);
  auto made = watching({*monitor}, {.steps = StepReports::always, .ring_bytes = 4096});
  ASSERT_TRUE(made) << made.error().message();
  Engine& engine = **made;
  for (int i = 0; i < 100; ++i) {
    say(Mark::begin);
    for (int k = 0; k < 9; ++k) say(Mark::step);
    say(Mark::bad);
  }
  const MonitorStats full = engine.stats(0);
  EXPECT_EQ(full.events, 1000U);
  EXPECT_EQ(full.started, 100U);
  EXPECT_EQ(full.violations, 100U);
  EXPECT_TRUE(full.incomplete());
  Recorder recorder;
  while (engine.drain(recorder) != 0) {
  }
  EXPECT_GT(recorder.verdicts.size(), 0U);
  EXPECT_EQ(full.lost, 1100U - recorder.verdicts.size());

  // With room again, it goes on.
  say(Mark::begin);
  say(Mark::bad);
  recorder.verdicts.clear();
  engine.drain(recorder);
  ASSERT_EQ(recorder.verdicts.size(), 2U);
  EXPECT_EQ(recorder.violations().size(), 1U);
  EXPECT_EQ(engine.stats(0).lost, full.lost);
}

TEST(Engine, ARefusalNamesTheBindingAndTheVerifiersLastLines) {
  // More branches than the verifier follows: each comparison is one that it puts off.
  std::vector<On> on;
  for (int i = 0; i < 12; ++i) {
    std::string when = cat("option == ", kOption);
    for (int k = 0; k < 9; ++k) {  // in groups, so that it is not nested too deep
      std::vector<std::string> group;
      for (int n = 0; n < 100; ++n) group.push_back(cat("arg3 != ", 1000 * i + 100 * k + n));
      when += cat(" && (", join(group, " && "), ")");
    }
    on.push_back({.probe = "syscall:prctl",
                  .event = i % 2 == 0 ? "go" : "stop",
                  .when = when,
                  .start = "true"});
  }
  const std::optional<BoundMonitor> monitor =
      make_monitor("branches", Scope::task, two_states(), on);
  ASSERT_TRUE(monitor);
  auto engine = Engine::create(catalog(), {});
  ASSERT_TRUE(engine) << engine.error().message();
  const auto added = (*engine)->add(*monitor);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code(), ErrorCode::unsupported) << added.error().message();
  EXPECT_THAT(
      added.error().message(),
      testing::MatchesRegex("branches: branches\\.toml:1?[0-9] \\((go|stop)\\): the kernel's "
                            "verifier refuses the program for syscall:prctl; its last "
                            "lines:\n    (.|\n)*"))
      << added.error().message();
  EXPECT_THAT(added.error().message(), testing::HasSubstr("too complex"));

  // The engine is as good as before.
  const std::optional<BoundMonitor> good = steps_monitor("good", Scope::task);
  ASSERT_TRUE(good);
  ASSERT_TRUE((*engine)->add(*good));
  ASSERT_TRUE((*engine)->attach((*engine)->all()));
  (*engine)->arm((*engine)->all());
  say(Mark::begin);
  say(Mark::bad);
  EXPECT_EQ(violations_of(**engine).size(), 1U);
}

TEST(Engine, MonitorsOfOneTracepointJudgeForThemselves) {
  const char* const probe = "syscall:prctl";
  const std::string raw = cat("id == ", SYS_prctl, " && regs->di == ", kOption, " && regs->si == ");
  const auto first = steps_monitor("first", Scope::task);
  // Here `bad` starts, and `begin` is what must not follow; `step` is allowed before it only.
  const auto second = make_monitor(
      "second", Scope::task,
      Automaton::make("second", "off", {{"off", "bad", "on"}, {"off", "begin", "off"}}).value(),
      {{.probe = "tracepoint:sys_enter", .event = "bad", .when = cat(raw, 3), .start_run = "true"},
       {.probe = "tracepoint:sys_enter", .event = "begin", .when = cat(raw, 1)}});
  // Every second step is a violation.
  const auto third = make_monitor(
      "third", Scope::global,
      Automaton::make("third", "off", {{"off", "step", "on"}, {"on", "begin", "off"}}).value(),
      {{.probe = probe, .event = "step", .when = said(Mark::step), .start_run = "true"},
       {.probe = probe, .event = "begin", .when = cat(said(Mark::begin), " && arg3 == 1")}});
  ASSERT_TRUE(first && second && third);
  auto made = watching({*first, *second, *third});
  ASSERT_TRUE(made) << made.error().message();
  say(Mark::begin);  // first begins
  say(Mark::step);   // third begins
  say(Mark::step);   // third: violation
  say(Mark::bad);    // first: violation; second begins
  say(Mark::step);   // third begins
  say(Mark::begin);  // first begins; second: violation
  std::vector<std::string> found;
  for (const Violation& v : violations_of(**made)) {
    found.push_back(cat(v.monitor, ": ", v.event, " in ", v.state));
  }
  EXPECT_THAT(found, ElementsAre("third: step in on", "first: bad in on", "second: begin in on"));
  const auto counts = [&](std::size_t i) { return counts_text((*made)->stats(i)); };
  EXPECT_EQ(counts(0), "4 events, 1 violations, 2 started, 1 instances");
  EXPECT_EQ(counts(1), "1 events, 1 violations, 1 started, 0 instances");
  EXPECT_EQ(counts(2), "2 events, 1 violations, 2 started, 1 instances");
}

#ifdef __x86_64__
long call_32(long number, std::uint32_t a, std::uint32_t b) {
  long ret;
  asm volatile("int $0x80"
               : "=a"(ret)
               : "a"(number), "b"(static_cast<long>(a)), "c"(static_cast<long>(b)), "d"(0L),
                 "S"(0L), "D"(0L)
               : "memory", "r8", "r9", "r10", "r11");
  return ret;
}

TEST(Engine, SystemCallsOf32BitsAreCountedAndLeftOut) {
  constexpr long kPrctl32 = 172;
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_DUMPABLE, 0);
    call_32(kPrctl32, static_cast<std::uint32_t>(kOption), 0);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) GTEST_SKIP() << "this kernel lacks 32-bit system calls";

  const std::optional<BoundMonitor> enter = steps_monitor("enter", Scope::task);
  const std::optional<BoundMonitor> leave = make_monitor("leave", Scope::task, two_states(),
                                                         {{.probe = "syscall:prctl:exit",
                                                           .event = "stop",
                                                           .when = said(Mark::begin),
                                                           .start_run = "true"},
                                                          {.probe = "syscall:prctl:exit",
                                                           .event = "go",
                                                           .when = said(Mark::step),
                                                           .start_run = "true"}});
  ASSERT_TRUE(enter && leave);
  auto made = watching({*enter, *leave});
  ASSERT_TRUE(made) << made.error().message();
  const std::uint32_t begin = 1, bad = 3;
  for (const std::uint32_t mark : {begin, bad, begin}) {
    EXPECT_EQ(call_32(kPrctl32, static_cast<std::uint32_t>(kOption), mark), -EINVAL);
  }
  // The number that prctl has here is another call there: not one of ours.
  call_32(SYS_prctl, static_cast<std::uint32_t>(kOption), begin);
  // And the other way round.
  ::syscall(kPrctl32, kOption, begin, 0, 0, 0);
  EXPECT_EQ((*made)->stats(0).compat, 3U);
  EXPECT_EQ(counts_text((*made)->stats(0)), "0 events, 0 violations, 0 started, 0 instances");
  EXPECT_TRUE((*made)->stats(0).incomplete());
  EXPECT_EQ((*made)->stats(1).compat, 3U);
  EXPECT_EQ(counts_text((*made)->stats(1)), "0 events, 0 violations, 0 started, 0 instances");

  say(Mark::begin);
  say(Mark::bad);
  EXPECT_EQ((*made)->stats(0).compat, 3U);
  EXPECT_EQ((*made)->stats(0).violations, 1U);
  EXPECT_EQ((*made)->stats(1).violations, 1U);
}
#endif

TEST(Engine, KernelFunctionsGiveArgumentsAndWhatTheyReturn) {
  for (const auto kind : {Probe::Kind::fentry, Probe::Kind::fexit}) {
    const Result<> can = try_probe(catalog(), {kind, "", "__x64_sys_prctl"});
    if (!can) GTEST_SKIP() << "this kernel lacks fentry: " << can.error().message();
  }
  const std::string when = cat("regs->di == ", kOption, " && regs->si == ");
  const std::optional<BoundMonitor> monitor = make_monitor(
      "functions", Scope::task, steps(),
      {{.probe = "fentry:__x64_sys_prctl",
        .event = "begin",
        .when = cat(when, 1),
        .start_run = "true"},
       {.probe = "fexit:__x64_sys_prctl", .event = "step", .when = cat(when, "2 && ret == -22")},
       {.probe = "fexit:__x64_sys_prctl", .event = "bad", .when = cat(when, "3 && ret < 0")}});
  ASSERT_TRUE(monitor);
  auto made = watching({*monitor});
  ASSERT_TRUE(made) << made.error().message();
  say(Mark::begin);
  say(Mark::step);
  say(Mark::bad);
  EXPECT_EQ(counts_text((*made)->stats(0)), "2 events, 1 violations, 1 started, 0 instances");
}

TEST(Engine, WwnrIsSmall) {
  const std::string folder = cat(SWERVE_SOURCE_DIR, "/monitors/wwnr/");
  const auto definition = load_definition(folder + "wwnr.toml");
  const auto dot = read_file(folder + "wwnr.dot");
  ASSERT_TRUE(definition && definition->definition && dot);
  auto model = parse_dot(*dot, "wwnr.dot");
  ASSERT_TRUE(model.automaton);
  const BindOutcome outcome = bind(*definition->definition, std::move(*model.automaton), catalog());
  ASSERT_TRUE(outcome.monitor);
  auto made = watching({*outcome.monitor});
  ASSERT_TRUE(made) << made.error().message();
  const std::uint64_t monitor = (*made)->memory_bytes(0), ring = (*made)->ring_bytes();
  EXPECT_GT(monitor, 0U);
  EXPECT_GT(ring, 0U);
  EXPECT_LE(monitor + ring, 4U << 20);
}

TEST(Engine, AViolationIsCompleteInItself) {
  const auto ids = KernelIds::create();
  ASSERT_TRUE(ids) << ids.error().message();
  const std::optional<BoundMonitor> monitor = steps_monitor("whole", Scope::task);
  ASSERT_TRUE(monitor);
  auto made = watching({*monitor});
  ASSERT_TRUE(made) << made.error().message();
  const std::uint64_t own = ids->own();
  EXPECT_EQ((*made)->self().tid, static_cast<std::uint32_t>(own));
  EXPECT_EQ((*made)->self().tgid, static_cast<std::uint32_t>(own >> 32));

  TaskInfo thread_info;
  std::uint32_t cpu = 0;
  const TimeNs before = monotonic_now();
  std::thread thread([&] {
    ::prctl(PR_SET_NAME, "\x1b[31mred");  // as it is: it is escaped where it is printed
    const std::uint64_t mine = ids->own();
    thread_info = {static_cast<std::uint32_t>(mine), static_cast<std::uint32_t>(mine >> 32),
                   "\x1b[31mred"};
    cpu_set_t one;
    CPU_ZERO(&one);
    cpu = static_cast<std::uint32_t>(::sched_getcpu());
    CPU_SET(cpu, &one);
    ::sched_setaffinity(0, sizeof one, &one);
    say(Mark::begin);
    for (int i = 0; i < 8; ++i) say(i == 3 ? Mark::begin : Mark::step);
    say(Mark::bad);
  });
  thread.join();
  const TimeNs after = monotonic_now();
  const std::vector<Violation> found = violations_of(**made);
  ASSERT_EQ(found.size(), 1U);
  Violation v = found[0];
  EXPECT_GE(v.time.ns, before.ns);
  EXPECT_LE(v.time.ns, after.ns);
  EXPECT_FALSE(v.stack.empty());
  for (const std::string& frame : v.stack) {
    EXPECT_NE(frame.rfind("bpf_", 0), 0U) << frame;
    EXPECT_NE(frame.rfind("__traceiter_", 0), 0U) << frame;
  }

  Violation expected;
  expected.time = v.time;
  expected.monitor = "whole";
  expected.id = {Scope::task, thread_info.tid};
  expected.task = thread_info;
  expected.cpu = cpu;
  expected.by = thread_info;
  expected.state = "on";
  expected.event = "bad";
  expected.expected = {"begin", "step"};
  for (int i = 0; i < 8; ++i) expected.path.push_back({"on", i == 3 ? "begin" : "step", "on"});
  expected.events = 9;
  expected.stack = v.stack;
  EXPECT_EQ(v, expected) << reaction_text(v);
  EXPECT_NE(thread_info.tid, thread_info.tgid);
}

}  // namespace
}  // namespace swerve::live
