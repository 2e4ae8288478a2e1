#include "bind/recorded/recorded_engine.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bind/recorded/definitions_test.h"
#include "bind/recorded/fake_recording_test.h"
#include "bind/recorded/recorded_catalog.h"

namespace swerve {
namespace {

using fake::FakeRecording;
using fake::Happened;
using fake::hole_closes;
using fake::hole_opens;
using fake::Unknown;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Lines = std::vector<std::string>;

/// All that is said, in lines: "5: running x switch_out -> not_running", with '!' for a violation
/// and '?' for what is inconclusive.
struct Said : VerdictSink {
  void on_step(const Step& s) override {
    lines.push_back(cat(s.id.key, ": ", s.state, " x ", s.event, " -> ", s.next));
  }
  void on_violation(const Violation& v) override {
    lines.push_back(cat(v.id.key, ": ", v.state, " x ", v.event, "!"));
    violation = v;
  }
  void on_inconclusive(const Inconclusive& i) override {
    lines.push_back(cat(i.id.key, ": ", i.state, " x ", i.event, "?"));
    inconclusive = i;
  }
  Lines lines;
  Violation violation;
  Inconclusive inconclusive;
};

/// A monitor on a recording.
class Watched {
 public:
  Watched(Scope scope, const fake::Edges& edges, const std::vector<fake::On>& bindings,
          std::vector<Happened> events, std::vector<RecordedKind> kinds = {},
          RecordedEngine::Options options = {.every_step = true})
      : recording(std::move(events), std::move(kinds)),
        catalog(nullptr, recording.all_kinds()),
        monitor(fake::bound(scope, edges, bindings, catalog)),
        engine(RecordedEngine::make(monitor, catalog, said, options).value()) {}

  /// What is said of all of it.
  Lines run(std::size_t batch = Batch::kMost) {
    recording.deliver(*engine, batch);
    Batch events;
    while (recording.next(events).value()) {
      const Result<> fed = engine->feed(events, recording);
      if (!fed) return {fed.error().message()};
    }
    return said.lines;
  }

  FakeRecording recording;
  RecordedCatalog catalog;
  BoundMonitor monitor;
  Said said;
  std::unique_ptr<RecordedEngine> engine;
};

Lines run(Scope scope, const fake::Edges& edges, const std::vector<fake::On>& bindings,
          std::vector<Happened> events, std::vector<RecordedKind> kinds = {},
          RecordedEngine::Options options = {.every_step = true}) {
  return Watched(scope, edges, bindings, std::move(events), std::move(kinds), options).run();
}

Lines wwnr(std::vector<Happened> events, RecordedEngine::Options options = {.every_step = true}) {
  return run(Scope::task, fake::kWwnr, fake::kWwnrBindings, std::move(events), {}, options);
}

Happened switched(std::uint64_t prev, const fake::Value& state, std::uint64_t next,
                  std::uint32_t cpu = 0) {
  return {.kind = "sched:sched_switch",
          .time = 10,
          .cpu = cpu,
          .tid = static_cast<std::uint32_t>(prev),
          .fields = {{"prev_comm", "prev"},
                     {"prev_pid", prev},
                     {"prev_state", state},
                     {"next_comm", "next"},
                     {"next_pid", next}}};
}
Happened switched(std::uint64_t prev, const char* state, std::uint64_t next,
                  std::uint32_t cpu = 0) {
  return switched(prev, fake::Value(std::string(state)), next, cpu);
}
Happened woken(std::uint64_t tid, std::uint32_t cpu = 0, std::uint32_t by = 77) {
  return {.kind = "sched:sched_wakeup",
          .time = 20,
          .cpu = cpu,
          .tid = by,
          .fields = {{"comm", "woken"}, {"pid", tid}}};
}

// Task states.

TEST(RecordedEngine, IsUnsureWhetherASleeperStarts) {
  // S: TASK_INTERRUPTIBLE, or that with TASK_FREEZABLE.
  EXPECT_EQ(wwnr({switched(5, "S", 6), switched(6, "R", 5), woken(5), woken(5)}),
            (Lines{"5: {not_running|-} x switch_in -> {running|-}", "5: {running|-} x wakeup?"}));
  EXPECT_EQ(wwnr({switched(5, "S", 6), switched(6, "R", 5), woken(5), woken(5)},
                 {.plain_states = true, .every_step = true}),
            (Lines{"5: not_running x switch_in -> running", "5: running x wakeup!"}));
  // As a number.
  const std::uint64_t running = 0, interruptible = 1;
  EXPECT_EQ(wwnr({switched(5, interruptible, 6), switched(6, running, 5), woken(5)}),
            (Lines{"5: {not_running|-} x switch_in -> {running|-}", "5: {running|-} x wakeup?"}));
}

TEST(RecordedEngine, IsCertainWhereNoValueIsInDoubt) {
  // D may be many things, but none of them is TASK_INTERRUPTIBLE.
  EXPECT_EQ(wwnr({switched(5, "D", 6), switched(6, "R", 5), woken(5)}), Lines{});
  EXPECT_EQ(wwnr({switched(5, "I", 6), switched(6, "R", 5), woken(5)}), Lines{});
  // On one that is monitored the state does not matter: whether it starts or not, it goes out.
  EXPECT_EQ(
      wwnr({switched(5, "0x1", 6), switched(6, "R", 5), switched(5, "R+", 6)},
           {.plain_states = true, .every_step = true}),
      (Lines{"5: not_running x switch_in -> running", "5: running x switch_out -> not_running"}));
}

TEST(RecordedEngine, TakesAPreemptedTaskForAnything) {
  for (const char* const state : {"R+", "R?", "D|K", "nonsense"}) {
    EXPECT_EQ(wwnr({switched(5, state, 6), switched(6, "R", 5), woken(5)}),
              (Lines{"5: {not_running|-} x switch_in -> {running|-}", "5: {running|-} x wakeup?"}))
        << state;
  }
  EXPECT_EQ(wwnr({switched(5, Unknown{}, 6), switched(6, Unknown{}, 5), woken(5)}),
            (Lines{"5: {not_running|-} x switch_in -> {running|-}", "5: {running|-} x wakeup?"}));
  // The plain reading is that it was running.
  EXPECT_EQ(wwnr({switched(5, "R+", 6), switched(6, "R", 5), woken(5)},
                 {.plain_states = true, .every_step = true}),
            Lines{});
}

// Its cell has some value, which once was looked at in place of the one that another event has.
TEST(RecordedEngine, TellsAStateFromOneThatIsNotRecorded) {
  const std::vector<fake::On> on{{.probe = "tracepoint:sched_switch",
                                  .event = "e",
                                  .task = "prev",
                                  .start_run = "prev_state == 0"}};
  const std::uint64_t running = 0;
  EXPECT_EQ(
      run(Scope::task, {{"a", "e", "a"}}, on, {switched(5, running, 7), switched(6, Unknown{}, 7)}),
      (Lines{"5: a x e -> a", "6: - x e -> {a|-}"}));
}

TEST(RecordedEngine, KnowsPreemptionFromTheState) {
  const std::vector<fake::On> on{
      {.probe = "tracepoint:sched_switch", .event = "e", .when = "preempt", .start_run = "true"}};
  const fake::Edges edges{{"a", "e", "a"}};
  EXPECT_EQ(run(Scope::global, edges, on, {switched(5, "R+", 6)}), (Lines{"0: a x e -> a"}));
  EXPECT_EQ(run(Scope::global, edges, on, {switched(5, "R", 6), switched(5, "S", 6)}), Lines{});
  EXPECT_EQ(run(Scope::global, edges, on, {switched(5, "R?", 6)}), (Lines{"0: - x e -> {a|-}"}));
  EXPECT_EQ(run(Scope::global, edges, on, {switched(5, std::uint64_t{256}, 6)}),
            (Lines{"0: a x e -> a"}));
  // The state is hidden, but not whether it was a preemption.
  EXPECT_EQ(run(Scope::global, edges,
                {{.probe = "tracepoint:sched_switch",
                  .event = "e",
                  .when = "!preempt && prev_state == 0",
                  .start_run = "true"}},
                {switched(5, "R+", 6), switched(5, "S", 6)}),
            Lines{});
}

TEST(RecordedEngine, TellsAViolationWhole) {
  Happened wakeup = woken(5, 3, 9);
  wakeup.time = 77;
  Watched w(Scope::task, fake::kWwnr, fake::kWwnrBindings,
            {switched(5, "S", 6), switched(6, "R", 5), wakeup}, {},
            {.plain_states = true, .every_step = false});
  w.recording.comms = {{9, "waker"}};
  w.recording.tgids = {{9, 8}, {5, 4}};
  EXPECT_EQ(w.run(), (Lines{"5: running x wakeup!"}));
  const Violation& v = w.said.violation;
  EXPECT_EQ(v.time, TimeNs{77});
  EXPECT_EQ(v.cpu, 3U);
  EXPECT_EQ(v.by, (TaskInfo{9, 8, "waker"}));
  EXPECT_EQ(v.task, (TaskInfo{5, 4, "woken"}));
  EXPECT_EQ(v.expected, Lines{"switch_out"});
  EXPECT_EQ(v.path, (std::vector<PathStep>{{"not_running", "switch_in", "running"}}));
  EXPECT_EQ(v.events, 1U);
  EXPECT_THAT(v.states, IsEmpty());
}

TEST(RecordedEngine, SaysWhyItIsInconclusive) {
  Watched w(Scope::task, fake::kWwnr, fake::kWwnrBindings,
            {switched(5, "S", 6), switched(6, "R", 5), woken(5)});
  w.run();
  EXPECT_THAT(w.said.inconclusive.violating, ElementsAre("running"));
  EXPECT_THAT(w.said.inconclusive.states, ElementsAre(StateOrNone("running"), StateOrNone()));
  EXPECT_EQ(w.said.inconclusive.why, Doubt::value);
  const UnsureCounters counters = w.engine->monitor().counters();
  EXPECT_EQ(counters.inconclusive, 1U);
  EXPECT_EQ(counters.violations, 0U);
}

// Who ran.

TEST(RecordedEngine, HasOneIdleTaskACpu) {
  EXPECT_EQ(wwnr({switched(0, "S", 6, 1), switched(6, "R", 0, 2), switched(6, "R", 0, 1),
                  switched(6, "R", 0, 2)},
                 {.plain_states = true, .every_step = true}),
            (Lines{"0: not_running x switch_in -> running"}));
}

const fake::Edges kTwo{{"a", "e", "b"}};

TEST(RecordedEngine, TakesWhoRanWhereNoTaskIsNamed) {
  const std::vector<fake::On> on{{.probe = "syscall:close", .event = "e", .start_run = "true"}};
  const auto close = [](std::uint32_t tid) {
    return Happened{.kind = "syscalls:sys_enter_close", .tid = tid, .fields = {{"fd", 1U}}};
  };
  EXPECT_EQ(run(Scope::task, kTwo, on, {close(4), close(5), close(4)}),
            (Lines{"4: a x e -> b", "5: a x e -> b", "4: b x e!"}));
  // Where the thread is not known, it may be any.
  Watched w(Scope::task, kTwo, on, {close(4), close(kNoThread), close(5), close(4)});
  EXPECT_EQ(w.run(), (Lines{"4: a x e -> b", "0: {b|-} x e?", "5: {b|-} x e?", "4: {b|-} x e?"}));
  EXPECT_EQ(w.engine->unknown_tasks(), 1U);
}

TEST(RecordedEngine, KnowsWhoRanByTheEventOrByTheRecording) {
  const std::vector<fake::On> on{{.probe = "syscall:close",
                                  .event = "e",
                                  .when = "current->comm == \"me\" && tgid == 7",
                                  .start_run = "true"}};
  const Happened close{.kind = "syscalls:sys_enter_close", .tid = 4, .fields = {{"fd", 1U}}};
  Happened told = close;
  told.comm = "me";
  told.tgid = 7;
  EXPECT_EQ(run(Scope::global, kTwo, on, {told}), (Lines{"0: a x e -> b"}));
  told.comm = "you";
  EXPECT_EQ(run(Scope::global, kTwo, on, {told}), Lines{});
  Watched apart(Scope::global, kTwo, on, {close});
  apart.recording.comms = {{4, "me"}};
  apart.recording.tgids = {{4, 7}};
  EXPECT_EQ(apart.run(), (Lines{"0: a x e -> b"}));
  // Nobody knows.
  EXPECT_EQ(run(Scope::global, kTwo, on, {close}), (Lines{"0: - x e -> {b|-}"}));
}

TEST(RecordedEngine, StepsAllWhereTheTaskOfAnEventIsNotRecorded) {
  Happened unknown = woken(5);
  unknown.fields[1].second = Unknown{};
  Watched w(Scope::task, fake::kWwnr, fake::kWwnrBindings,
            {switched(5, "S", 6), switched(6, "S", 5), unknown, switched(5, "R", 6)}, {},
            {.plain_states = true, .every_step = true});
  EXPECT_EQ(w.run(),
            (Lines{"5: not_running x switch_in -> running", "0: {not_running|running|-} x wakeup?",
                   "5: {running|-} x switch_out -> {not_running|-}",
                   "6: not_running x switch_in -> running"}));
  EXPECT_TRUE(has(w.said.inconclusive.why, Doubt::unknown));
}

TEST(RecordedEngine, StepsAllObjectsWhereAKeyIsNotRecorded) {
  const std::vector<fake::On> on{
      {.probe = "syscall:close", .event = "e", .key = "fd", .start_run = "true"},
      {.probe = "syscall:fsync", .event = "f", .key = "fd"}};
  const auto call = [](const char* name, const fake::Value& fd) {
    return Happened{.kind = cat("syscalls:sys_enter_", name), .tid = 4, .fields = {{"fd", fd}}};
  };
  EXPECT_EQ(run(Scope::object, {{"a", "e", "b"}, {"b", "f", "b"}, {"b", "e", "b"}}, on,
                {call("close", std::uint64_t{1}), call("fsync", Unknown{}),
                 call("fsync", std::uint64_t{1}), call("close", Unknown{}),
                 call("close", std::uint64_t{2})}),
            (Lines{"1: a x e -> b", "1: b x f -> b", "2: {b|-} x e -> b"}));
}

// New tasks.

Happened newtask(std::uint64_t child) {
  return {.kind = "task:task_newtask",
          .tid = 3,
          .fields = {{"pid", child}, {"comm", "child"}, {"clone_flags", 0U}}};
}
Happened forked(std::uint64_t child) {
  return {.kind = "sched:sched_process_fork",
          .tid = 3,
          .fields = {{"parent_pid", 3U}, {"child_pid", child}}};
}

TEST(RecordedEngine, StartsANewTaskUnmonitored) {
  const RecordedEngine::Options plain{.plain_states = true, .every_step = true};
  EXPECT_EQ(wwnr({switched(5, "S", 6), newtask(5), switched(6, "R", 5)}, plain), Lines{});
  EXPECT_EQ(wwnr({switched(5, "S", 6), forked(5), switched(6, "R", 5)}, plain), Lines{});
  EXPECT_EQ(wwnr({switched(5, "S", 6), newtask(7), forked(7), switched(6, "R", 5)}, plain),
            (Lines{"5: not_running x switch_in -> running"}));
  // LTTng's names.
  EXPECT_EQ(
      wwnr({switched(5, "S", 6),
            {.kind = "sched_process_fork",
             .tid = 3,
             .fields =
                 {{"parent_tid", 3U}, {"parent_pid", 2U}, {"child_tid", 5U}, {"child_pid", 2U}}},
            switched(6, "R", 5)},
           plain),
      Lines{});
  // A definition's own.
  EXPECT_EQ(wwnr({switched(5, "S", 6),
                  {.kind = "tracepoint:task_newtask", .tid = 3, .fields = {{"task->pid", 5U}}},
                  switched(6, "R", 5)},
                 plain),
            Lines{});
  // Which one is born is not known: it may be 5.
  Happened unknown = newtask(5);
  unknown.fields[0].second = Unknown{};
  EXPECT_EQ(wwnr({switched(5, "S", 6), unknown, switched(6, "R", 5)}, plain),
            (Lines{"5: {not_running|-} x switch_in -> {running|-}"}));
}

// Of the quick way through, which once took the first of these for an event of an instance that is
// not monitoring.
TEST(RecordedEngine, StepsWhoMakesANewTask) {
  const std::vector<fake::On> on{
      {.probe = "tracepoint:sched_switch", .event = "e", .task = "next", .start_run = "true"},
      {.probe = "tracepoint:sched_switch", .event = "f", .task = "prev"},
      {.probe = "tracepoint:task_newtask", .event = "f", .task = "current"}};
  for (const bool every_step : {true, false}) {
    Watched w(Scope::task, {{"a", "e", "a"}, {"a", "f", "a"}}, on,
              {switched(9, "R", 3), switched(9, "R", 5), newtask(5), newtask(5)}, {},
              {.plain_states = true, .every_step = every_step});
    w.run();
    // Two starts, each with a step, and two of task 3 when it makes another.
    EXPECT_EQ(w.engine->monitor().counters().events, 4U) << every_step;
    EXPECT_THAT(w.engine->monitor().states(InstanceKey::task(3, 0)), ElementsAre("a"));
    EXPECT_THAT(w.engine->monitor().states(InstanceKey::task(5, 0)), IsEmpty());  // it is new
  }
}

// The kernel tells of a fork after the task is new, when it may have been started already.
TEST(RecordedEngine, DoesNotStartANewTaskAnewWhenItsForkIsToldToo) {
  const std::vector<fake::On> on{
      {.probe = "tracepoint:task_newtask", .event = "born", .task = "task", .start_run = "true"},
      {.probe = "tracepoint:sched_process_fork", .event = "forked", .task = "child"}};
  EXPECT_EQ(run(Scope::task, {{"a", "born", "b"}, {"b", "forked", "c"}}, on,
                {newtask(5), forked(5), forked(5)}),
            (Lines{"5: a x born -> b", "5: b x forked -> c", "5: c x forked!"}));
}

// System calls.

Happened enter(const char* call, std::uint32_t tid, fake::Values arguments, std::uint32_t cpu = 0) {
  return {.kind = cat("syscalls:sys_enter_", call),
          .cpu = cpu,
          .tid = tid,
          .fields = std::move(arguments)};
}
Happened exit(const char* call, std::uint32_t tid, std::int64_t ret, std::uint32_t cpu = 0) {
  return {.kind = cat("syscalls:sys_exit_", call),
          .cpu = cpu,
          .tid = tid,
          .fields = {{"ret", static_cast<std::uint64_t>(ret)}}};
}
Happened open(std::uint32_t tid, std::uint64_t flags, std::uint32_t cpu = 0) {
  return enter("openat", tid,
               {{"dfd", 0xffffff9cU}, {"filename", "x"}, {"flags", flags}, {"mode", 0U}}, cpu);
}
constexpr std::uint64_t kCreates = O_WRONLY | O_CREAT | O_TRUNC;

/// rwfs with the calls that are in the events.
Lines rwfs(std::vector<Happened> events) {
  return run(Scope::task, fake::kRwfs,
             {{.probe = "syscall:openat:exit",
               .event = "create",
               .when = fake::kCreates,
               .start_run = "true"},
              {.probe = "syscall:fsync:exit", .event = "sync", .when = "ret == 0"},
              {.probe = "syscall:rename:exit", .event = "rename", .when = "ret == 0"}},
             std::move(events));
}

TEST(RecordedEngine, ReadsTheArgumentsOfAnEntryAtTheExit) {
  EXPECT_EQ(rwfs({open(5, kCreates), exit("openat", 5, 3), exit("rename", 5, 0)}),
            (Lines{"5: idle x create -> unsynced", "5: unsynced x rename!"}));
  EXPECT_EQ(rwfs({open(5, kCreates), exit("openat", 5, -13), exit("rename", 5, 0)}), Lines{});
  EXPECT_EQ(rwfs({open(5, O_RDONLY), exit("openat", 5, 3), exit("rename", 5, 0)}), Lines{});
  EXPECT_EQ(
      rwfs({open(5, kCreates), exit("openat", 5, 3), exit("fsync", 5, 0), exit("rename", 5, 0)}),
      (Lines{"5: idle x create -> unsynced", "5: unsynced x sync -> idle",
             "5: idle x rename -> idle"}));
}

TEST(RecordedEngine, KeepsTheArgumentsOfEachThreadApart) {
  EXPECT_EQ(rwfs({open(5, kCreates), open(6, O_RDONLY), exit("openat", 5, 3), open(7, kCreates),
                  exit("openat", 6, 4), exit("openat", 7, 5)}),
            (Lines{"5: idle x create -> unsynced", "7: idle x create -> unsynced"}));
  // They are used once: what an exit without an entry had for arguments is not known.
  EXPECT_EQ(rwfs({open(5, kCreates), exit("openat", 5, 3), exit("openat", 5, 3)}),
            (Lines{"5: idle x create -> unsynced", "5: unsynced x create -> unsynced"}));
  EXPECT_EQ(rwfs({open(5, O_RDONLY), exit("openat", 5, 3), exit("openat", 5, 3)}),
            (Lines{"5: - x create -> {unsynced|-}"}));
}

TEST(RecordedEngine, IsUnsureOfACallWhoseEntryIsNotRecorded) {
  const Happened elsewhere = open(9, O_RDONLY);
  EXPECT_EQ(rwfs({elsewhere, exit("openat", 5, 3), exit("rename", 5, 0)}),
            (Lines{"5: - x create -> {unsynced|-}", "5: {unsynced|-} x rename?"}));
  // One that failed is none, whatever its arguments were.
  EXPECT_EQ(rwfs({elsewhere, exit("openat", 5, -2), exit("rename", 5, 0)}), Lines{});
}

TEST(RecordedEngine, IsUnsureOfACallWithAHoleInIt) {
  for (const std::uint32_t cpu : {0U, 1U, kEveryCpu}) {
    EXPECT_EQ(rwfs({open(5, O_RDONLY), hole_opens(cpu), hole_closes(cpu), exit("openat", 5, 3)}),
              (Lines{"5: {idle|unsynced|-} x create -> {idle|unsynced|-}"}))
        << cpu;
    // The entry stands in the hole of another CPU: the one before it may have been ended there.
    EXPECT_EQ(rwfs({hole_opens(cpu), open(5, O_RDONLY), hole_closes(cpu), exit("openat", 5, 3)}),
              (Lines{"5: {idle|unsynced|-} x create -> {idle|unsynced|-}"}))
        << cpu;
    // A call after it is as certain as ever.
    EXPECT_EQ(rwfs({hole_opens(cpu), hole_closes(cpu), open(5, kCreates), exit("openat", 5, 3)}),
              (Lines{"5: {idle|unsynced|-} x create -> unsynced"}))
        << cpu;
  }
}

TEST(RecordedEngine, IsUnsureOfCallsAfterOneWhoseThreadIsNotKnown) {
  EXPECT_EQ(rwfs({open(5, O_RDONLY), exit("openat", kNoThread, 3), open(kNoThread, kCreates),
                  exit("openat", 5, 3)}),
            (Lines{"5: {unsynced|-} x create -> {unsynced|-}"}));
}

TEST(RecordedEngine, ReadsTheArgumentsAtTheExitWhereItHasThem) {
  const Happened full{
      .kind = "syscall:openat:exit", .tid = 5, .fields = {{"flags", kCreates}, {"ret", 3U}}};
  EXPECT_EQ(rwfs({full, exit("rename", 5, 0), exit("fsync", 5, 0)}),
            (Lines{"5: idle x create -> unsynced", "5: unsynced x rename!"}));
}

// ftrace and perf record an int of a system call in 64 bits, of which the upper half is anything.
TEST(RecordedEngine, CutsArgumentsToTheirType) {
  const std::vector<fake::On> entry{
      {.probe = "syscall:openat", .event = "e", .when = "dfd == AT_FDCWD", .start_run = "true"}};
  const std::vector<fake::On> at_exit{{.probe = "syscall:openat:exit",
                                       .event = "e",
                                       .when = "dfd == AT_FDCWD && ret == 3",
                                       .start_run = "true"}};
  for (const std::uint64_t dfd : {std::uint64_t{0xffffff9c}, std::uint64_t{0xffffffffffffff9c},
                                  std::uint64_t{0x12345678ffffff9c}}) {
    const Happened open = enter("openat", 5, {{"dfd", dfd}});
    EXPECT_EQ(run(Scope::global, kTwo, entry, {open}), (Lines{"0: a x e -> b"})) << dfd;
    EXPECT_EQ(run(Scope::global, kTwo, at_exit, {open, exit("openat", 5, 3)}),
              (Lines{"0: a x e -> b"}))
        << dfd;
  }
  EXPECT_EQ(run(Scope::global, kTwo, entry, {enter("openat", 5, {{"dfd", 3U}})}), Lines{});
}

TEST(RecordedEngine, ComparesTextsOfAnEntryAtTheExit) {
  const std::vector<fake::On> on{{.probe = "syscall:openat:exit",
                                  .event = "e",
                                  .when = "filename == \"/etc/passwd\" && ret >= 0",
                                  .start_run = "true"}};
  const auto open = [](std::uint32_t tid, const fake::Value& name) {
    return enter("openat", tid, {{"filename", name}});
  };
  EXPECT_EQ(run(Scope::task, kTwo, on,
                {open(5, "/etc/passwd"), open(6, "/etc/passwd2"), open(7, "/etc/passwd"),
                 exit("openat", 6, 3), exit("openat", 5, 3), exit("openat", 7, -1),
                 open(8, Unknown{}), exit("openat", 8, 1)}),
            (Lines{"5: a x e -> b", "8: - x e -> {b|-}"}));
}

// One batch may end between an entry and its exit.
TEST(RecordedEngine, KeepsArgumentsFromBatchToBatch) {
  for (const std::size_t batch : {1U, 2U, 3U}) {
    Watched w(Scope::task, kTwo,
              {{.probe = "syscall:openat:exit",
                .event = "e",
                .when = "flags == 1 && filename == \"x\"",
                .start_run = "true"}},
              {open(5, 1), open(6, 1), open(7, 0), exit("openat", 5, 1), exit("openat", 7, 1),
               exit("openat", 6, 1)});
    EXPECT_EQ(w.run(batch), (Lines{"5: a x e -> b", "6: a x e -> b"})) << batch;
  }
}

// Objects.

TEST(RecordedEngine, KeepsObjectsByKeyUntilTheirEnd) {
  const fake::Edges edges{{"open", "use", "open"}, {"open", "close", "open"}};
  const std::vector<fake::On> on{{.probe = "tracepoint:mine",
                                  .event = "use",
                                  .key = "tgid << 32 | file",
                                  .when = "!done",
                                  .start_run = "true"},
                                 {.probe = "tracepoint:mine",
                                  .event = "close",
                                  .key = "tgid << 32 | file",
                                  .when = "done",
                                  .end = "done == 1"}};
  const auto mine = [](std::uint64_t file, const fake::Value& done) {
    Happened h{.kind = "mine", .tid = 9, .fields = {{"file", file}, {"done", done}}};
    h.tgid = 2;
    return h;
  };
  const std::uint64_t no = 0, yes = 1, half = 2;
  EXPECT_EQ(run(Scope::object, edges, on,
                {mine(1, no), mine(1, half), mine(1, yes), mine(1, yes), mine(2, yes)}),
            (Lines{"8589934593: open x use -> open", "8589934593: open x close -> open",
                   "8589934593: open x close -> open"}));
  Watched unsure(Scope::object, edges, on, {mine(1, no), mine(1, Unknown{})});
  unsure.run();
  EXPECT_THAT(unsure.engine->monitor().states(InstanceKey::object(0x200000001)),
              ElementsAre(StateOrNone("open"), StateOrNone()));
}

TEST(RecordedEngine, EndsAnObjectPerhapsWhereThatIsNotRecorded) {
  const std::vector<fake::On> on{{.probe = "tracepoint:mine",
                                  .event = "e",
                                  .key = "file",
                                  .start_run = "true",
                                  .end = "last"}};
  const auto mine = [](const fake::Value& file, const fake::Value& last) {
    return Happened{.kind = "mine", .tid = 9, .fields = {{"file", file}, {"last", last}}};
  };
  const std::uint64_t no = 0, yes = 1;
  const fake::Edges edges{{"a", "e", "b"}, {"b", "e", "b"}};
  EXPECT_EQ(run(Scope::object, edges, on, {mine(no, no), mine(no, Unknown{}), mine(no, no)}),
            (Lines{"0: a x e -> b", "0: b x e -> b", "0: {b|-} x e -> b"}));
  // Which one ended is not known.
  EXPECT_EQ(run(Scope::object, edges, on, {mine(no, no), mine(Unknown{}, yes), mine(no, no)}),
            (Lines{"0: a x e -> b", "0: {b|-} x e -> b"}));
}

// Holes.

TEST(RecordedEngine, ForgetsWhatAHoleMayHaveChanged) {
  const RecordedEngine::Options plain{.plain_states = true, .every_step = true};
  Watched w(Scope::task, fake::kWwnr, fake::kWwnrBindings,
            {switched(5, "S", 6), switched(6, "R", 5), hole_opens(1), hole_closes(1), woken(5),
             switched(5, "R", 6), switched(6, "R", 5), woken(5)},
            {}, plain);
  EXPECT_EQ(w.run(),
            (Lines{"5: not_running x switch_in -> running", "5: {not_running|running|-} x wakeup?",
                   "5: {not_running|-} x switch_out?", "6: {not_running|running|-} x switch_in?",
                   "6: {running|-} x switch_out -> {not_running|-}"}));
  EXPECT_TRUE(has(w.said.inconclusive.why, Doubt::lost));
}

// What is needed, and what is there.

RecordedKind kind(const char* name, std::vector<RecordedField> fields) {
  return {"", name, std::move(fields)};
}
RecordedKind full_switch() {
  return kind("sched_switch",
              {fake::text("prev_comm"), fake::number("prev_pid"), fake::number("prev_prio"),
               fake::number("prev_state", 8), fake::text("next_comm"), fake::number("next_pid"),
               fake::number("next_prio")});
}
RecordedKind full_wakeup() {
  return kind("sched_wakeup", {fake::text("comm"), fake::number("pid"), fake::number("prio")});
}

Lines lacks(Scope scope, const fake::Edges& edges, const std::vector<fake::On>& on,
            const std::vector<RecordedKind>& kinds) {
  const RecordedCatalog catalog(nullptr, kinds);
  return lacking(fake::bound(scope, edges, on, catalog), catalog, kinds);
}

TEST(RecordedEngine, LacksNothingWhereAllIsThere) {
  EXPECT_EQ(lacks(Scope::task, fake::kWwnr, fake::kWwnrBindings, {full_switch(), full_wakeup()}),
            Lines{});
}

TEST(RecordedEngine, ListsAllThatIsLacking) {
  EXPECT_EQ(
      lacks(Scope::task, fake::kWwnr, fake::kWwnrBindings, {}),
      (Lines{"no event for tracepoint:sched_switch", "no event for tracepoint:sched_wakeup"}));
  EXPECT_EQ(
      lacks(Scope::task, fake::kWwnr, fake::kWwnrBindings,
            {kind("sched_switch", {fake::number("prev_prio")}), kind("sched_wakeup", {})}),
      (Lines{"sched_switch has no field for prev_state", "sched_switch has no field for next->pid",
             "sched_wakeup has no field for p->pid"}));
  EXPECT_EQ(
      lacks(Scope::global, kTwo,
            {{.probe = "tracepoint:sched_switch",
              .event = "e",
              .when = "next->tgid == 3 && prev_state == 1 && next->comm == \"a\"",
              .start = "true"}},
            {kind("sched_switch", {fake::other("prev_state"), fake::number("next_comm")})}),
      (Lines{"sched_switch has no field for next->tgid",
             "sched_switch has no field for prev_state as it is needed (prev_state is "
             "recorded as nothing that can be read)",
             "sched_switch has no field for next->comm as it is needed (next_comm is recorded "
             "as a number)"}));
}

TEST(RecordedEngine, NeedsTheEntryOfACallWhoseExitReadsArguments) {
  const std::vector<fake::On> on{{.probe = "syscall:openat:exit",
                                  .event = "e",
                                  .when = "flags == 1 && ret > 0",
                                  .start = "true"}};
  const RecordedKind leaves = kind("sys_exit_openat", {fake::number("ret", 8)});
  EXPECT_EQ(lacks(Scope::global, kTwo, on, {leaves}),
            (Lines{"no event for syscall:openat, whose arguments are read at the exit"}));
  EXPECT_EQ(
      lacks(Scope::global, kTwo, on, {leaves, kind("sys_enter_openat", {fake::text("flags")})}),
      (Lines{"sys_enter_openat has no field for flags as it is needed (flags is recorded as a "
             "text)"}));
  EXPECT_EQ(lacks(Scope::global, kTwo, on, {leaves, kind("sys_enter_openat", {})}),
            (Lines{"sys_enter_openat has no field for flags"}));
  EXPECT_EQ(lacks(Scope::global, kTwo, on,
                  {leaves, kind("syscall_entry_openat", {fake::number("flags")})}),
            Lines{});
  // It has them itself.
  EXPECT_EQ(lacks(Scope::global, kTwo, on,
                  {kind("syscall:openat:exit", {fake::number("ret", 8), fake::number("flags")})}),
            Lines{});
}

TEST(RecordedEngine, TakesAKindThatLacksAFieldWhereAnotherOfThatNameHasIt) {
  const std::vector<fake::On> on{
      {.probe = "tracepoint:mine", .event = "e", .when = "extra == 1", .start_run = "true"}};
  const Happened whole{.kind = "mine", .tid = 1, .fields = {{"a", 1U}, {"extra", 1U}}};
  const Happened part{.kind = "mine", .tid = 1, .fields = {{"a", 1U}}};
  EXPECT_EQ(run(Scope::global, kTwo, on, {part, whole}),
            (Lines{"0: - x e -> {b|-}", "0: {b|-} x e?"}));
  Watched w(Scope::global, kTwo, on, {part, whole});
  EXPECT_EQ(lacking(w.monitor, w.catalog, w.recording.all_kinds()), Lines{});
}

TEST(RecordedEngine, RefusesABatchWithAKindThatLacksWhatIsNeeded) {
  Happened first = switched(5, "S", 6);
  Happened broken = switched(6, "S", 5);
  std::erase_if(broken.fields, [](const auto& f) { return f.first == "next_pid"; });
  Watched w(Scope::task, fake::kWwnr, fake::kWwnrBindings, {first, woken(5)},
            {kind("sched_switch", {fake::number("prev_pid")})});
  w.recording.deliver(*w.engine);
  Batch batch;
  ASSERT_TRUE(w.recording.next(batch).value());
  // (The first kind is there, though no event is of it; another of its name, with a system, has
  // all.)
  const Result<> fed = w.engine->feed(batch, w.recording);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code(), ErrorCode::not_found);
  EXPECT_EQ(fed.error().message(),
            "monitor m needs what the recording lacks: sched_switch has no field for prev_state; "
            "sched_switch has no field for next->pid");
  EXPECT_EQ(w.engine->monitor().counters().events, 0U);
}

TEST(RecordedEngine, WantsExactlyWhatItNeeds) {
  Watched w(Scope::task, fake::kWwnr, fake::kWwnrBindings, {}, {full_switch(), full_wakeup()});
  using W = Want;
  // Names and processes describe the task in verdicts.
  EXPECT_THAT(
      w.engine->wants(full_switch()),
      ElementsAre(W::text, W::integer, W::nothing, W::integer, W::text, W::integer, W::nothing));
  EXPECT_THAT(w.engine->wants(full_wakeup()), ElementsAre(W::text, W::integer, W::nothing));
  EXPECT_THAT(w.engine->wants(kind("sched_waking", {fake::number("pid")})), IsEmpty());
  EXPECT_THAT(w.engine->wants(kind("task_newtask", {fake::number("pid"), fake::text("comm")})),
              ElementsAre(W::integer, W::nothing));
  EXPECT_THAT(w.engine->wants(kind("sched_process_fork",
                                   {fake::number("parent_pid"), fake::number("child_pid")})),
              ElementsAre(W::nothing, W::integer));
}

TEST(RecordedEngine, WantsAKindThatHasNoFieldItNeeds) {
  const std::vector<fake::On> on{{.probe = "syscall:sync", .event = "e", .start = "true"}};
  Watched w(Scope::global, kTwo, on, {});
  EXPECT_THAT(w.engine->wants(kind("sys_enter_sync", {})), testing::Not(IsEmpty()));
  EXPECT_THAT(w.engine->wants(kind("sys_enter_sync", {fake::number("nr")})),
              ElementsAre(Want::nothing));
  // New tasks matter to monitors of tasks alone.
  EXPECT_THAT(w.engine->wants(kind("task_newtask", {fake::number("pid")})), IsEmpty());
}

TEST(RecordedEngine, WantsAWordAsTextWhereItIsReadBothWays) {
  const std::vector<fake::On> on{{.probe = "syscall:openat",
                                  .event = "e",
                                  .when = "dfd == 3 && filename == \"x\" && mode == 0",
                                  .start = "true"},
                                 {.probe = "tracepoint:sched_switch",
                                  .event = "e",
                                  .when = "prev_state == 1 && next->pid == 2"}};
  Watched w(Scope::global, kTwo, on, {});
  EXPECT_THAT(
      w.engine->wants(kind("sys_enter_openat", {fake::word("dfd"), fake::word("filename"),
                                                fake::word("flags"), fake::number("mode")})),
      ElementsAre(Want::integer, Want::text, Want::nothing, Want::integer));
  EXPECT_THAT(
      w.engine->wants(kind("sched_switch", {fake::word("prev_state"), fake::word("next_pid")})),
      ElementsAre(Want::text, Want::integer));
}

// Two monitors on one recording: what one of them wants as a text, the other reads as a number.
TEST(RecordedEngine, ReadsANumberOutOfATextThatAnotherWanted) {
  class AsText final : public Interest {
   public:
    std::vector<Want> wants(const RecordedKind& of) const override {
      return std::vector<Want>(of.fields.size(), Want::text);
    }
  };
  const std::vector<fake::On> on{
      {.probe = "tracepoint:mine", .event = "e", .key = "value + 0", .start_run = "true"}};
  const auto mine = [](const char* value) {
    return Happened{.kind = "mine", .tid = 1, .fields = {{"value", value}}};
  };
  Watched w(Scope::object, {{"a", "e", "a"}}, on,
            {mine("7"), mine("-1"), mine("0x10"), mine("18446744073709551615")},
            {kind("mine", {fake::word("value")})});
  w.recording.deliver(AsText());
  Batch batch;
  ASSERT_TRUE(w.recording.next(batch).value());
  ASSERT_TRUE(w.engine->feed(batch, w.recording));
  EXPECT_EQ(w.said.lines, (Lines{"7: a x e -> a", "18446744073709551615: a x e -> a",
                                 "16: a x e -> a", "18446744073709551615: a x e -> a"}));
  for (const char* const nonsense :
       {"", "x", "1x", "-", "0x", "1 ", " 1", "--1", "18446744073709551616"}) {
    Watched other(Scope::object, {{"a", "e", "a"}}, on, {mine(nonsense)},
                  {kind("mine", {fake::word("value")})});
    other.recording.deliver(AsText());
    ASSERT_TRUE(other.recording.next(batch).value());
    ASSERT_TRUE(other.engine->feed(batch, other.recording));
    EXPECT_EQ(other.said.lines, Lines{}) << nonsense;
    EXPECT_EQ(other.engine->unknown_tasks(), 1U) << nonsense;
  }
}

// A word that is a key alone is the object's name, where it is no number. It was once not known
// then, and `path == "x"` an error.
TEST(RecordedEngine, TakesTextsForKeysAndComparesThem) {
  const std::vector<fake::On> on{{.probe = "tracepoint:opened",
                                  .event = "open",
                                  .key = "path",
                                  .when = "mode != \"none\" && size > 1",
                                  .start_run = "true"},
                                 {.probe = "tracepoint:used", .event = "use", .key = "arg0"}};
  const fake::Edges edges{{"closed", "open", "open"}};
  const auto opened = [](const char* path, const char* mode = "r") {
    return Happened{
        .kind = "opened", .tid = 1, .fields = {{"path", path}, {"mode", mode}, {"size", "2"}}};
  };
  const auto used = [](const fake::Value& path) {
    return Happened{.kind = "used", .tid = 1, .fields = {{"path", path}}};
  };
  const std::vector<Happened> events{opened("/a"), opened("12", "none"), opened("12"), used("12"),
                                     used("/b"),   used("/a"),           used("/a")};
  const auto kinds = [](auto field) {
    return std::vector<RecordedKind>{
        kind("opened", {fake::word("path"), fake::word("mode"), fake::word("size")}),
        kind("used", {field("path")})};
  };
  for (const std::size_t batch : {std::size_t{1}, std::size_t{3}, Batch::kMost}) {
    for (const bool word : {true, false}) {
      Watched w(Scope::object, {{"closed", "open", "open"}, {"closed", "use", "closed"}}, on,
                events, kinds(word ? fake::word : fake::text));
      EXPECT_THAT(w.engine->wants(w.recording.all_kinds()[0]),
                  ElementsAre(Want::either, Want::text, Want::integer));
      EXPECT_EQ(w.run(batch),
                (Lines{"9223372036854775809: closed x open -> open", "12: closed x open -> open",
                       "12: open x use!", "9223372036854775809: open x use!"}));
      EXPECT_EQ(w.said.violation.object, "/a");
      EXPECT_EQ(key_text(w.said.violation), "/a");
      EXPECT_EQ(w.engine->unknown_tasks(), 0U);
    }
  }
  // One that is not there, and one that says nothing, are not known.
  Watched w(Scope::object, {{"closed", "open", "open"}, {"closed", "use", "closed"}}, on,
            {opened("/a"), used(Unknown{}), used("")}, kinds(fake::word));
  EXPECT_EQ(w.run(), (Lines{"9223372036854775809: closed x open -> open", "0: {open|-} x use?",
                            "0: {open|-} x use?"}));
  EXPECT_EQ(w.said.inconclusive.object, "");
  EXPECT_EQ(w.engine->unknown_tasks(), 2U);
}

TEST(RecordedEngine, ForgetsTextsOfObjectsThatEnded) {
  std::vector<Happened> events;
  const auto mine = [](const std::string& name, const char* ends) {
    return Happened{.kind = "mine", .fields = {{"name", name}, {"ends", ends}}};
  };
  events.push_back(mine("stays", "0"));
  for (int i = 0; i < 300'000; ++i) events.push_back(mine(cat("goes ", i), "1"));
  events.push_back(mine("stays", "0"));
  Watched w(Scope::object, {{"a", "e", "b"}, {"b", "e", "b"}},
            {{.probe = "tracepoint:mine",
              .event = "e",
              .key = "name",
              .start_run = "true",
              .end = "ends"}},
            std::move(events), {kind("mine", {fake::word("name"), fake::word("ends")})}, {});
  EXPECT_EQ(w.run(), Lines{});
  EXPECT_EQ(w.engine->monitor().counters().instances, 1U);
  EXPECT_EQ(w.engine->monitor().counters().started, 300'001U);
  const std::uint64_t first = (std::uint64_t{1} << 63) + 1;
  EXPECT_EQ(w.engine->key_words(first), "stays");
  std::size_t kept = 0;
  for (std::uint64_t i = 0; i <= 300'000; ++i) kept += w.engine->key_words(first + i) != "" ? 1 : 0;
  EXPECT_LT(kept, 100'000U);
}

TEST(RecordedEngine, NamesTheProbesThatWereNeverMet) {
  Watched w(Scope::task, fake::kWwnr, fake::kWwnrBindings, {switched(5, "S", 6)}, {full_wakeup()});
  EXPECT_THAT(w.engine->never_met(),
              ElementsAre("tracepoint:sched_switch", "tracepoint:sched_wakeup"));
  w.run();
  EXPECT_THAT(w.engine->never_met(), ElementsAre("tracepoint:sched_wakeup"));
}

TEST(RecordedEngine, RunsTheBindingsOfAProbeInTheirOrder) {
  const fake::Edges edges{{"a", "first", "b"}, {"b", "second", "a"}};
  const fake::On first{.probe = "syscall:sync", .event = "first", .start_run = "true"};
  const fake::On second{.probe = "syscall:sync", .event = "second"};
  const Happened sync{.kind = "syscalls:sys_enter_sync", .tid = 1};
  EXPECT_EQ(run(Scope::global, edges, {first, second}, {sync}),
            (Lines{"0: a x first -> b", "0: b x second -> a"}));
  EXPECT_EQ(run(Scope::global, edges, {second, first}, {sync, sync}),
            (Lines{"0: a x first -> b", "0: b x second -> a", "0: a x first -> b"}));
}

// More than the quick way through has numbers for.
TEST(RecordedEngine, StepsAModelOfManyEvents) {
  fake::Edges edges;
  std::vector<fake::On> on;
  for (int e = 0; e < 200; ++e) {
    edges.push_back({"a", cat("e", e), "a"});
    on.push_back({.probe = "tracepoint:sched_wakeup",
                  .event = cat("e", e),
                  .task = "p",
                  .start = e == 0 ? "true" : ""});
  }
  Watched w(Scope::task, edges, on, {woken(5), woken(0), woken(5)}, {}, {.every_step = false});
  EXPECT_EQ(w.run(), Lines{});
  EXPECT_EQ(w.engine->monitor().counters().events, 3U * 200 - 2);  // two of them start
  EXPECT_EQ(w.engine->monitor().counters().started, 2U);
}

TEST(RecordedEngine, RefusesAModelThatIsTooLarge) {
  fake::Edges edges;
  for (int s = 0; s < 257; ++s) {
    for (int e = 0; e < 256; ++e) edges.push_back({cat("s", s), cat("e", e), "s0"});
  }
  BoundMonitor monitor{{}, Automaton::make("m", "s0", edges).value(), {}};
  monitor.definition.name = "big";
  Said said;
  EXPECT_EQ(RecordedEngine::make(monitor, RecordedCatalog(nullptr, {}), said, {}).error().message(),
            "big: the model has 65792 transitions; the limit is 65534");
}

TEST(RecordedEngine, TakesABatchWithNothingInIt) {
  Watched w(Scope::task, fake::kWwnr, fake::kWwnrBindings, {});
  Batch batch;
  EXPECT_TRUE(w.engine->feed(batch, w.recording));  // not even kinds
  batch.kinds = std::make_shared<const std::vector<RecordedKind>>(std::vector{full_switch()});
  batch.holes = {{0, true, 0, 0, 0}, {0, false, 0, 3, 0}};
  EXPECT_TRUE(w.engine->feed(batch, w.recording));
  EXPECT_EQ(w.said.lines, Lines{});
}

}  // namespace
}  // namespace swerve
