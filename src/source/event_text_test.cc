#include "source/event_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"

namespace swerve {
namespace {

/// "name a=x b=#12 c=?", or "nothing", "broken", "not understood".
std::string read(std::string_view text, bool by_trace_cmd = false) {
  EventText reader;
  switch (reader.read(text, by_trace_cmd)) {
    case EventText::Found::nothing:
      return "nothing";
    case EventText::Found::broken:
      return "broken";
    case EventText::Found::not_understood:
      return "not understood";
    case EventText::Found::event:
      break;
  }
  std::string out = std::string(reader.system()) + (reader.system().empty() ? "" : "/");
  out += reader.name();
  EXPECT_EQ(reader.size(), reader.fields().size());
  for (const FoundField& field : reader.fields()) {
    out += cat(" ", field.name, "=");
    if (field.unknown) {
      out += "?";
    } else if (field.form == RecordedField::Form::word) {
      out += field.text;
    } else if (field.is_signed) {
      out += cat("#", static_cast<std::int64_t>(field.number));
    } else {
      out += cat("#", field.number);
    }
  }
  return out;
}

struct Case {
  std::string_view text, read;
};
void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(read(c.text), c.read) << c.text;
}

// As a kernel has printed them.
TEST(EventText, ReadsWhatTheKernelPrintsOfTasks) {
  check({
      {"sched_switch: prev_comm=swapper/3 prev_pid=0 prev_prio=120 prev_state=R ==> "
       "next_comm=rcu_preempt next_pid=13 next_prio=120",
       "sched_switch prev_comm=swapper/3 prev_pid=0 prev_prio=120 prev_state=R "
       "next_comm=rcu_preempt next_pid=13 next_prio=120"},
      {"sched_switch: prev_comm=sh prev_pid=56 prev_prio=-1 prev_state=D|K ==> next_comm=a b "
       "next_pid=40 next_prio=120",
       "sched_switch prev_comm=sh prev_pid=56 prev_prio=-1 prev_state=D|K next_comm=a b "
       "next_pid=40 next_prio=120"},
      {"sched_waking: comm=kworker/0:1 pid=31 prio=120 target_cpu=003",
       "sched_waking comm=kworker/0:1 pid=31 prio=120 target_cpu=003"},
      {"sched_wakeup: comm=x pid=31 prio=120 success=1 target_cpu=003",
       "sched_wakeup comm=x pid=31 prio=120 success=1 target_cpu=003"},
      {"sched_process_fork: comm=bash pid=8785 child_comm=bash child_pid=8789",
       "sched_process_fork parent_comm=bash parent_pid=8785 child_comm=bash child_pid=8789"},
      {"sched_process_exit: comm=mv pid=8790 prio=120 group_dead=true",
       "sched_process_exit comm=mv pid=8790 prio=120 group_dead=1"},
      {"sched_process_exit: comm=mv pid=8790 prio=120",
       "sched_process_exit comm=mv pid=8790 prio=120"},
      {"sched_process_exec: filename=/usr/bin/a b pid=1 old_pid=2 pid=8789 old_pid=8789",
       "sched_process_exec filename=/usr/bin/a b pid=1 old_pid=2 pid=8789 old_pid=8789"},
      {"sched_stat_runtime: comm=cat pid=12 runtime=40771 [ns]",
       "sched_stat_runtime comm=cat pid=12 runtime=40771"},
      {"task_newtask: pid=8789 comm=bash clone_flags=1200000 oom_score_adj=0",
       "task_newtask pid=8789 comm=bash clone_flags=#18874368 oom_score_adj=0"},
      {"task_rename: pid=8791 oldcomm=bash newcomm=python3 oom_score_adj=0",
       "task_rename pid=8791 oldcomm=bash newcomm=python3 oom_score_adj=0"},
      {"signal_generate: sig=17 errno=0 code=262148 comm=sh pid=7 grp=1 res=0",
       "signal_generate sig=17 errno=0 code=262148 comm=sh pid=7 group=1 result=0"},
  });
}

// A task may have any name, and names of tasks stand in the middle of the text.
TEST(EventText, IsNotFooledByNamesOfTasks) {
  check({
      {"sched_waking: comm=a pid=1 prio=2 pid=3 prio=120 target_cpu=001",
       "sched_waking comm=a pid=1 prio=2 pid=3 prio=120 target_cpu=001"},
      {"sched_waking: comm= pid=3 prio=120 target_cpu=001",
       "sched_waking comm= pid=3 prio=120 target_cpu=001"},
      {"sched_waking: comm=  x  pid=3 prio=120 target_cpu=001",
       "sched_waking comm=  x  pid=3 prio=120 target_cpu=001"},
      {"sched_switch: prev_comm= ==> next_comm= prev_pid=1 prev_prio=2 prev_state=S ==> "
       "next_comm=a next_pid=7 next_pid=8 next_prio=9",
       "sched_switch prev_comm= ==> next_comm= prev_pid=1 prev_prio=2 prev_state=S "
       "next_comm=a next_pid=7 next_pid=8 next_prio=9"},
      {"sched_process_fork: comm=x child_comm=y pid=1 child_comm=a pid=2 child_pid=3",
       "sched_process_fork parent_comm=x child_comm=y parent_pid=1 child_comm=a pid=2 "
       "child_pid=3"},
      {"task_newtask: pid=5 comm=a clone_flags= clone_flags=0 oom_score_adj=0",
       "task_newtask pid=5 comm=a clone_flags= clone_flags=#0 oom_score_adj=0"},
      // Either task may have the strange name.
      {"task_rename: pid=1 oldcomm=a newcomm=b newcomm=c oom_score_adj=0", "broken"},
      {"sched_switch: a:1 [2] S ==> b:1 [2] S ==> c:1 [2]", "broken"},
      {"sched_switch: a:1 [2]:1 [2] S ==> b ==> c:1 [2]",
       "sched_switch prev_comm=a:1 [2] prev_pid=1 prev_prio=2 prev_state=S next_comm=b ==> c "
       "next_pid=1 next_prio=2"},
  });
}

// A line that was cut off must not become another kind of event.
TEST(EventText, AKnownEventThatLacksFieldsIsBroken) {
  check({
      {"sched_waking: comm=rcu_preempt pid=13 prio=120", "broken"},
      {"sched_waking: comm=rcu_preempt pid=13 prio=120 target_cpu=", "broken"},
      {"sched_switch: prev_comm=sh prev_pid=56 prev_prio=120 prev_state=D ==> next_comm=sw",
       "broken"},
      {"sched_switch:", "broken"},
      {"sched_switch: ", "broken"},
      // No kernel prints names that are so long: it may be anything.
      {"sched_waking: comm=1234567890123456 pid=13 prio=120 target_cpu=00 pid=3", "broken"},
  });
}

TEST(EventText, AKnownEventMayGetMoreFields) {
  check({{"sched_waking: comm=a b pid=13 prio=120 target_cpu=000 why=x",
          "sched_waking comm=a b pid=13 prio=120 target_cpu=000 why=x"},
         {"sched_waking: comm=a pid=1 pid=13 prio=120 target_cpu=000 why=x", "broken"}});
}

TEST(EventText, ReadsSystemCalls) {
  check({
      {"sys_openat(dfd: 0xffffff9c, filename: 0x55baeaf86d90, flags: 0x241, mode: 0x1b6)",
       "sys_enter_openat dfd=#4294967196 filename=#94261294427536 flags=#577 mode=#438"},
      // Before Linux 6.16.
      {"sys_openat(dfd: ffffff9c, filename: 7ffe1000, flags: 80000, mode: 0)",
       "sys_enter_openat dfd=#4294967196 filename=#2147356672 flags=#524288 mode=#0"},
      {"sys_getpid()", "sys_enter_getpid"},
      {"sys_openat -> 0x3", "sys_exit_openat ret=#3"},
      {"sys_openat -> 0xfffffffffffffffe", "sys_exit_openat ret=#-2"},
      {"sys_openat(dfd: 0xffffff9c, filename: 0x5, fl", "broken"},
      {"sys_openat(dfd: 0xfffffffffffffffff)", "broken"},
      {"sys_openat(dfd: x)", "broken"},
      {"sys_openat ->", "not understood"},
      {"sys_openat -> ", "broken"},
      {"sys_openat -> 3x", "broken"},
      // Texts behind a value.
      {"sys_openat(dfd: 3, filename: 0x5 \"a, b: 1\", flags: 0x1)",
       "sys_enter_openat dfd=#3 filename=#5 flags=#1"},
      {"sys_openat(dfd: 3, filename: 0x5 \"a\", flags: 0x1, \", flags: 0x2)", "broken"},
      // perf and trace-cmd.
      {"syscalls:sys_enter_openat: dfd: 0xffffff9c, filename: 0x7ffdf93bdf20, flags: 0x00080000, "
       "mode: 0x00000000",
       "syscalls/sys_enter_openat dfd=#4294967196 filename=#140728784903968 flags=#524288 "
       "mode=#0"},
      {"syscalls:sys_exit_openat: 0x1b", "syscalls/sys_exit_openat ret=#27"},
      {"sys_enter_getpid: ", "sys_enter_getpid"},
      {"sys_exit_openat: __syscall_nr=257 ret=-2", "sys_exit_openat __syscall_nr=257 ret=-2"},
      {"raw_syscalls:sys_enter: NR 16 (11, 2400, 0, 7f0380e2b5e0, 1, 0)",
       "raw_syscalls/sys_enter id=16 args[0]=#17 args[1]=#9216 args[2]=#0 args[3]=#139653023970784 "
       "args[4]=#1 args[5]=#0"},
      {"sys_exit: NR 1 = -11", "sys_exit id=1 ret=-11"},
  });
}

TEST(EventText, ReadsPairsOfAnyEvent) {
  check({
      {"irq_handler_entry: irq=41 name=virtio3 rx", "irq_handler_entry irq=41 name=virtio3 rx"},
      {"softirq_raise: vec=9 [action=RCU]", "softirq_raise vec=9 action=RCU"},
      {"timer_start: timer=000000006e5266de function=f expires=43 [timeout=1] cpu=0 flags=",
       "timer_start timer=000000006e5266de function=f expires=43 timeout=1 cpu=0 flags="},
      {"my-probe.1: (do_sys_openat2+0x0/0x1d0) dfd=0xffffff9c a=\"x=y\"",
       "my-probe.1 dfd=0xffffff9c a=\"x=y\""},
      {"e: a=b=c d=1,e=2", "e a=b=c d=1 e=2"},
      {"e: a=1, b=2;", "e a=1 b=2;"},
      {"e: 1a=2 =3 ==> x=4", "e x=4"},
      {"dma_map_phys: dev dma_addr=fe00 size=10 phys_addr=zz",
       "dma_map_phys dma_addr=#65024 size=10 phys_addr=?"},
      {"e: a: 1, b: x y, c:", "e a=1 b=x y, c:"},
      {"e: some words", "e"},
      {"e:", "e"},
      {"e: a: 1, a: 2", "e"},
  });
}

TEST(EventText, ReadsTextsAsTheyAre) {
  check({
      {"tracing_mark_write: monitoring_off", "print ip=tracing_mark_write buf=monitoring_off"},
      {"tracing_mark_write:  a=1 b=2 ", "print ip=tracing_mark_write buf= a=1 b=2 "},
      {"tracing_mark_write: ", "print ip=tracing_mark_write buf="},
      {"print:                tracing_mark_write: x: y", "print ip=tracing_mark_write buf=x: y"},
      {"print:                 ip=tracing_mark_write buf=a b=c",
       "print ip=tracing_mark_write buf=a b=c"},
  });
}

TEST(EventText, ReadsTheVerdictsOfTheKernelsOwnMonitors) {
  check({
      {"event_wwnr: 13: sleep x wakeup -> running (final)",
       "event_wwnr id=13 state=sleep event=wakeup next_state=running final_state=1"},
      {"event_wwnr: 13: sleep x wakeup -> running ",
       "event_wwnr id=13 state=sleep event=wakeup next_state=running final_state=0"},
      {"event_wip: preemptive x sched_waking -> non_preemptive",
       "event_wip state=preemptive event=sched_waking next_state=non_preemptive final_state=0"},
      {"error_wwnr: 84: event wakeup not expected in the state running",
       "error_wwnr id=84 event=wakeup state=running"},
      {"error_wwnr:            id=84 state=running event=wakeup",
       "error_wwnr id=84 state=running event=wakeup"},
      {"event_of_another_kind: x=1", "event_of_another_kind x=1"},
      {"error_code: none", "error_code"},
  });
}

TEST(EventText, ReadsWhatTraceCmdMakesOfThem) {
  check({
      {"sched_switch:         swapper/3:0 [120] R ==> rcu_preempt:13 [120]",
       "sched_switch prev_comm=swapper/3 prev_pid=0 prev_prio=120 prev_state=R? "
       "next_comm=rcu_preempt next_pid=13 next_prio=120"},
      {"sched_switch:         kworker/3:1:39 [120] W ==> my task:13 [-1]",
       "sched_switch prev_comm=kworker/3:1 prev_pid=39 prev_prio=120 prev_state=I "
       "next_comm=my task next_pid=13 next_prio=-1"},
      {"sched_switch:          prev_comm=sh prev_pid=56 prev_prio=120 prev_state=256 "
       "next_comm=kworker/1:1 next_pid=40 next_prio=120",
       "sched_switch prev_comm=sh prev_pid=56 prev_prio=120 prev_state=256 "
       "next_comm=kworker/1:1 next_pid=40 next_prio=120"},
      {"sched_wakeup:         rcu_preempt:13 [120] CPU:003",
       "sched_wakeup comm=rcu_preempt pid=13 prio=120 target_cpu=003"},
      {"sched_wakeup:         a:1 [2]:13 [120] success=1 CPU:003",
       "sched_wakeup comm=a:1 [2] pid=13 prio=120 success=1 target_cpu=003"},
      {"sched_process_fork:    parent_comm=sh parent_pid=56 child_comm=sh child_pid=57",
       "sched_process_fork parent_comm=sh parent_pid=56 child_comm=sh child_pid=57"},
      // With -R this is decimal, without it is not.
      {"task_newtask:          pid=5 comm=a clone_flags=1200000 oom_score_adj= 0",
       "task_newtask pid=5 comm=a clone_flags=? oom_score_adj=0"},
      {"task_newtask:          pid=5 comm=a clone_flags=0x1200000 oom_score_adj=-1",
       "task_newtask pid=5 comm=a clone_flags=#18874368 oom_score_adj=-1"},
  });
  EXPECT_EQ(read("task_newtask: pid=5 comm=a clone_flags=12 oom_score_adj=0", true),
            "task_newtask pid=5 comm=a clone_flags=? oom_score_adj=0");
}

TEST(EventText, KnowsWhatIsNoEvent) {
  check({{"do_sys_openat2 <-__x64_sys_openat", "nothing"},
         {"<stack trace>", "nothing"},
         {"<user stack trace>", "nothing"},
         {"hello world", "not understood"},
         {"", "not understood"},
         {": x", "not understood"},
         {"a:b", "not understood"},
         {"=", "not understood"}});
}

TEST(EventText, RemembersTheKindOfAnEvent) {
  EventText reader;
  const auto kind = [&](std::string_view text) -> std::uint32_t* {
    EXPECT_EQ(reader.read(text, false), EventText::Found::event);
    return reader.kind();
  };
  std::uint32_t* const waking = kind("sched_waking: comm=a pid=1 prio=2 target_cpu=003");
  ASSERT_NE(waking, nullptr);
  EXPECT_EQ(*waking, EventText::kNoKind);
  *waking = 7;
  EXPECT_NE(kind("sched_waking: comm=a pid=1 prio=2 success=1 target_cpu=003"), waking);
  EXPECT_NE(kind("x:sched_waking: comm=a pid=1 prio=2 target_cpu=003"), waking);
  EXPECT_EQ(kind("irq_handler_entry: irq=41 name=x"), nullptr);
  EXPECT_EQ(*kind("sched_waking: comm=b pid=1 prio=2 target_cpu=003"), 7U);
}

// Tasks with names out of the pieces that the texts are made of.
rc::Gen<std::string> hostile_comm() {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
          " ", "a", "=", " pid=", "1", ":", "[", "]", " ==> ", "prev_", "next_",
          "comm=", "prio=", " prev_state=", "S", "-")),
      [](const std::vector<std::string>& pieces) { return join(pieces, "").substr(0, 15); });
}

std::string without_blanks_in_front(const std::string& text) {
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

RC_GTEST_PROP(EventText, ReadsASwitchBetweenAnyTasks,
              (std::uint16_t prev, std::uint16_t next, bool by_plugin)) {
  const std::string prev_comm = *hostile_comm(), next_comm = *hostile_comm();
  const std::string state = *rc::gen::element<std::string>("S", "D", "D|K", "T", "R");
  const std::string text =
      by_plugin
          ? cat(prev_comm, ":", prev, " [120] ", state, " ==> ", next_comm, ":", next, " [-100]")
          : cat("prev_comm=", prev_comm, " prev_pid=", prev, " prev_prio=120 prev_state=", state,
                " ==> next_comm=", next_comm, " next_pid=", next, " next_prio=-100");
  const std::string found = read("sched_switch: " + text);
  if (by_plugin && found == "broken") return;  // there are two ways to read it
  // trace-cmd puts blanks in front of the first name, too.
  const std::string first = by_plugin ? without_blanks_in_front(prev_comm) : prev_comm;
  RC_ASSERT(found == cat("sched_switch prev_comm=", first, " prev_pid=", prev,
                         " prev_prio=120 prev_state=", state, by_plugin && state == "R" ? "?" : "",
                         " next_comm=", next_comm, " next_pid=", next, " next_prio=-100"));
}

RC_GTEST_PROP(EventText, ReadsAWakeupOfAnyTask, (std::uint16_t pid, bool by_plugin)) {
  const std::string comm = *hostile_comm();
  RC_ASSERT(read(cat("sched_wakeup: ",
                     by_plugin ? cat(comm, ":", pid, " [120] CPU:003")
                               : cat("comm=", comm, " pid=", pid, " prio=120 target_cpu=003"))) ==
            cat("sched_wakeup comm=", by_plugin ? without_blanks_in_front(comm) : comm,
                " pid=", pid, " prio=120 target_cpu=003"));
}

RC_GTEST_PROP(EventText, TakesAnyText, (std::string text)) {
  for (const char* const name : {"", "e: ", "sched_switch: ", "sys_read(", "sys_read -> "}) {
    read(name + text);
  }
}

}  // namespace
}  // namespace swerve
