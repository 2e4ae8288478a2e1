#include "bind/recorded/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bind/recorded/fake_recording_test.h"
#include "bind/recorded/recorded_catalog.h"

namespace swerve {
namespace {

using From = FieldSource::From;

Probe probe(const char* text) { return parse_probe(text).value(); }

/// A kind with fields that are all numbers.
RecordedKind kind(std::string name, const std::vector<std::string>& fields) {
  RecordedKind out{"", std::move(name), {}};
  for (const std::string& field : fields) out.fields.push_back(fake::number(field));
  return out;
}

/// What holds a value: "field NAME", "entry NAME", "thread", ..., "none".
std::string where(const char* path, const char* of, const RecordedKind& kind,
                  const RecordedKind* entry = nullptr) {
  const RecordedCatalog catalog(nullptr, {kind});
  const Probe p = probe(of);
  const std::optional<FieldSource> found =
      find_field(path, p, catalog.signature(p).value(), catalog, kind, entry);
  if (!found) return "none";
  const auto name = [&](const RecordedKind& of_kind) {
    return of_kind.fields.at(static_cast<std::size_t>(found->field)).name;
  };
  switch (found->from) {
    case From::field:
      return cat("field ", name(kind), found->task_state ? ", a task state" : "",
                 found->preempt ? ", whether preempted" : "");
    case From::entry_field:
      return cat("entry ", name(*entry));
    case From::thread:
      return "thread";
    case From::process:
      return "process";
    case From::thread_name:
      return "thread name";
    case From::cpu:
      return "cpu";
    case From::time:
      return "time";
    case From::somewhere:
      return "somewhere";
    case From::missing:
      return "missing";
  }
  return "?";
}

struct Case {
  const char* path;
  const char* expected;
};
void check(const char* of, const RecordedKind& kind, std::initializer_list<Case> cases) {
  SCOPED_TRACE(cat(of, " in ", kind.name));
  for (const Case& c : cases) EXPECT_EQ(where(c.path, of, kind), c.expected) << c.path;
}

TEST(Fields, AreFoundByTheNamesOfFtraceAndPerf) {
  const RecordedKind sched_switch = kind(
      "sched_switch",
      {"prev_comm", "prev_pid", "prev_prio", "prev_state", "next_comm", "next_pid", "next_prio"});
  check("tracepoint:sched_switch", sched_switch,
        {{"prev->pid", "field prev_pid"},
         {"prev->prio", "field prev_prio"},
         {"prev->comm", "field prev_comm"},
         {"next->pid", "field next_pid"},
         {"next->comm", "field next_comm"},
         {"prev_state", "field prev_state, a task state"},
         {"arg3", "field prev_state, a task state"},
         {"preempt", "field prev_state, whether preempted"},
         {"arg0", "field prev_state, whether preempted"},
         {"prev->tgid", "process"},  // the one that is switched out is the one that ran
         {"next->tgid", "none"},
         {"prev->flags", "none"},
         {"prev->parent->pid", "none"},
         {"next", "none"},
         {"current", "somewhere"},
         {"current->pid", "thread"},
         {"current->tgid", "process"},
         {"current->comm", "thread name"},
         {"current->prio", "none"},
         {"prev_pid", "field prev_pid"}});
  check("tracepoint:sched_wakeup", kind("sched_wakeup", {"comm", "pid", "prio", "target_cpu"}),
        {{"p->pid", "field pid"},
         {"p->comm", "field comm"},
         {"p->prio", "field prio"},
         {"p->tgid", "none"},
         {"target_cpu", "field target_cpu"},
         {"prev_state", "none"},
         {"preempt", "none"}});
  check("tracepoint:sched_migrate_task",
        kind("sched_migrate_task", {"comm", "pid", "prio", "orig_cpu", "dest_cpu"}),
        {{"p->pid", "field pid"}, {"dest_cpu", "field dest_cpu"}, {"arg1", "field dest_cpu"}});
  check("tracepoint:sched_process_fork",
        kind("sched_process_fork", {"parent_comm", "parent_pid", "child_comm", "child_pid"}),
        {{"parent->pid", "field parent_pid"},
         {"parent->comm", "field parent_comm"},
         {"child->pid", "field child_pid"},
         {"child->comm", "field child_comm"},
         {"parent->tgid", "none"},
         {"child->tgid", "none"}});
  check("tracepoint:signal_generate",
        kind("signal_generate", {"sig", "errno", "code", "comm", "pid", "group", "result"}),
        {{"task->pid", "field pid"},
         {"task->comm", "field comm"},
         {"sig", "field sig"},
         {"group", "field group"},
         {"info->si_code", "none"}});
}

// The event is about the task that is boosted; the pid and the name are its own.
TEST(Fields, OfTheTaskThatTheEventIsAboutAreNotThoseOfAnother) {
  check("tracepoint:sched_pi_setprio",
        kind("sched_pi_setprio", {"comm", "pid", "oldprio", "newprio"}),
        {{"tsk->pid", "field pid"},
         {"tsk->comm", "field comm"},
         {"tsk->prio", "none"},
         {"pi_task->pid", "none"},
         {"pi_task->comm", "none"},
         {"current->comm", "thread name"}});
  check("tracepoint:sched_process_fork", kind("sched_process_fork", {"comm", "pid", "child_pid"}),
        {{"parent->pid", "field pid"}, {"child->pid", "field child_pid"}, {"child->comm", "none"}});
}

TEST(Fields, AreFoundByTheNamesOfLttng) {
  check("tracepoint:sched_switch",
        kind("sched_switch", {"prev_comm", "prev_tid", "prev_prio", "prev_state", "next_comm",
                              "next_tid", "next_prio"}),
        {{"prev->pid", "field prev_tid"},
         {"next->pid", "field next_tid"},
         {"next->comm", "field next_comm"},
         {"prev_state", "field prev_state, a task state"},
         {"preempt", "field prev_state, whether preempted"},
         {"prev->tgid", "process"},
         {"next->tgid", "none"}});
  check("tracepoint:sched_wakeup", kind("sched_wakeup", {"comm", "tid", "prio", "target_cpu"}),
        {{"p->pid", "field tid"}, {"p->comm", "field comm"}, {"p->tgid", "none"}});
  check("tracepoint:sched_process_fork",
        kind("sched_process_fork",
             {"parent_comm", "parent_tid", "parent_pid", "parent_ns_inum", "child_comm",
              "child_tid", "_vtids_length", "vtids", "child_pid", "child_ns_inum"}),
        {{"parent->pid", "field parent_tid"},
         {"parent->tgid", "field parent_pid"},
         {"child->pid", "field child_tid"},
         {"child->tgid", "field child_pid"},
         {"child->comm", "field child_comm"}});
}

TEST(Fields, OfAProcessAreTakenWhereTheyAreNamedSo) {
  const RecordedKind both = kind("sched_wakeup", {"pid", "tgid", "tid"});
  check("tracepoint:sched_wakeup", both, {{"p->pid", "field tid"}, {"p->tgid", "field tgid"}});
  check("tracepoint:sched_switch", kind("sched_switch", {"prev_pid", "prev_tgid", "next_tgid"}),
        {{"prev->pid", "field prev_pid"},
         {"prev->tgid", "field prev_tgid"},
         {"next->tgid", "field next_tgid"},
         {"next->pid", "none"},
         {"prev_state", "none"},
         {"preempt", "none"}});
}

TEST(Fields, OfWhoRanStandInForTheTaskThatIsSwitchedOut) {
  check("tracepoint:sched_switch", kind("sched_switch", {"next_pid"}),
        {{"prev->pid", "thread"}, {"prev->comm", "thread name"}, {"prev->prio", "none"}});
  check("tracepoint:sched_wakeup", kind("sched_wakeup", {}), {{"p->pid", "none"}});
}

TEST(Fields, OfASystemCallAreItsArguments) {
  const RecordedKind enter = kind("sys_enter_openat", {"dfd", "filename", "flags", "mode"});
  check("syscall:openat", enter,
        {{"dfd", "field dfd"}, {"flags", "field flags"}, {"arg2", "field flags"}});
  const RecordedKind exit = kind("sys_exit_openat", {"ret"});
  EXPECT_EQ(where("ret", "syscall:openat:exit", exit, &enter), "field ret");
  EXPECT_EQ(where("arg4", "syscall:openat:exit", exit, &enter), "field ret");
  EXPECT_EQ(where("flags", "syscall:openat:exit", exit, &enter), "entry flags");
  EXPECT_EQ(where("arg0", "syscall:openat:exit", exit, &enter), "entry dfd");
  EXPECT_EQ(where("flags", "syscall:openat:exit", exit), "none");
  // What stands at the exit itself comes first.
  const RecordedKind full = kind("syscall_exit_openat", {"ret", "flags"});
  EXPECT_EQ(where("flags", "syscall:openat:exit", full, &enter), "field flags");
  EXPECT_EQ(where("flags", "tracepoint:sched_wakeup", kind("sched_wakeup", {"pid"}), &enter),
            "none");
}

TEST(Fields, AreFoundByTheNameThatAnExpressionWrites) {
  const RecordedKind full =
      kind("sched_switch", {"prev->pid", "prev_pid", "prev->parent->pid", "next->flags.three",
                            "current->pid", "current", "preempt", "prev->comm"});
  check("tracepoint:sched_switch", full,
        {{"prev->pid", "field prev->pid"},
         {"prev->parent->pid", "field prev->parent->pid"},
         {"next->flags.three", "field next->flags.three"},
         {"current->pid", "field current->pid"},
         {"current", "field current"},
         {"preempt", "field preempt"},
         {"prev->comm", "field prev->comm"}});
}

TEST(Fields, OfLongerPathsAreJoinedByUnderscores) {
  check("tracepoint:sched_switch",
        kind("sched_switch", {"prev_se_vruntime", "prev_parent_pid", "next_parent_tid", "pid"}),
        {{"prev->se.vruntime", "field prev_se_vruntime"},
         {"prev->parent->pid", "field prev_parent_pid"},
         {"next->parent->pid", "field next_parent_tid"},
         {"next->se.vruntime", "none"}});
  // Its last step alone is another value.
  check("tracepoint:sched_wakeup", kind("sched_wakeup", {"pid", "weight"}),
        {{"p->parent->pid", "none"}, {"p->se.load.weight", "none"}});
}

TEST(Fields, OfAnEventThatOnlyTheRecordingKnowsAreItsArguments) {
  const RecordedKind own = kind("my_event", {"value", "prev_state"});
  check("tracepoint:my_event", own,
        {{"value", "field value"}, {"arg0", "field value"}, {"prev_state", "field prev_state"}});
}

struct Named {
  const char *system, *name, *of;
  bool is;
};

TEST(Fields, KindsAreOfTheProbeWhoseNameTheTracerGives) {
  for (const Named& c : {
           Named{"sched", "sched_switch", "tracepoint:sched_switch", true},
           Named{"sched", "sched_switch", "tracepoint:sched:sched_switch", true},
           Named{"", "sched_switch", "tracepoint:sched:sched_switch", true},
           Named{"mine", "sched_switch", "tracepoint:sched:sched_switch", false},
           Named{"sched", "sched_wakeup", "tracepoint:sched_switch", false},
           Named{"sched", "sched_switch", "fentry:sched_switch", false},
           Named{"sched", "sched_switch", "syscall:sched_switch", false},
           Named{"", "timer_hrtimer_start", "tracepoint:hrtimer_start", true},
           Named{"timer", "hrtimer_start", "tracepoint:hrtimer_start", true},
           Named{"syscalls", "sys_enter_openat", "syscall:openat", true},
           Named{"", "syscall_entry_openat", "syscall:openat", true},
           Named{"syscalls", "sys_exit_openat", "syscall:openat:exit", true},
           Named{"", "syscall_exit_openat", "syscall:openat:exit", true},
           Named{"syscalls", "sys_exit_openat", "syscall:openat", false},
           Named{"syscalls", "sys_enter_openat", "syscall:openat:exit", false},
           Named{"syscalls", "sys_enter_openat2", "syscall:openat", false},
           // Formats that write what a definition writes.
           Named{"", "tracepoint:sched_switch", "tracepoint:sched_switch", true},
           Named{"", "syscall:openat:exit", "syscall:openat:exit", true},
           Named{"", "fentry:vfs_open", "fentry:vfs_open", true},
           Named{"", "syscall:openat", "syscall:openat:exit", false},
       }) {
    EXPECT_EQ(is_of_probe({c.system, c.name, {}}, probe(c.of)), c.is)
        << c.system << ":" << c.name << " of " << c.of;
  }
}

TEST(Fields, TheEventsToRecordAreNamed) {
  const auto names = [](const char* of) {
    std::vector<std::string> out;
    for (const EventName& e : events_to_record(probe(of)))
      out.push_back(cat(e.system, ":", e.name));
    return out;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names("tracepoint:sched_switch"), Names{":sched_switch"});
  EXPECT_EQ(names("tracepoint:sched:sched_switch"), Names{"sched:sched_switch"});
  EXPECT_EQ(names("syscall:openat"), Names{"syscalls:sys_enter_openat"});
  EXPECT_EQ(names("syscall:openat:exit"),
            (Names{"syscalls:sys_enter_openat", "syscalls:sys_exit_openat"}));
  EXPECT_EQ(names("fentry:vfs_open"), Names{});
}

}  // namespace
}  // namespace swerve
