#include "source/perf_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdio>

#include "source/ftrace_text.h"
#include "source/shown_test.h"

namespace swerve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Shown read(std::string text, bool seekable = true, const Interest& interest = WantAll()) {
  Result<std::unique_ptr<Recording>> recording =
      open_perf_text(memory_input(std::move(text), seekable), interest);
  if (!recording) return {{"error: " + recording.error().message()}, 0};
  return shown(**recording);
}

std::string read_line(const std::string& line) {
  const Shown got = read(line + "\n");
  if (got.all.empty()) return got.not_understood == 1 ? "not understood" : "nothing";
  return got.all.size() == 1 && got.not_understood == 0 ? got.all[0] : "more than one thing";
}

struct Case {
  std::string line, read;
};

// As perf 6.1 has printed them.
TEST(PerfText, ReadsWhatPerfScriptPrints) {
  const std::vector<Case> cases{
      {"            perf  9174 [000] 24902.319552:        sched:sched_switch: prev_comm=perf "
       "prev_pid=9174 prev_prio=120 prev_state=D ==> next_comm=migration/0 next_pid=18 "
       "next_prio=0",
       "24902319552000 [0] 9174 perf sched:sched_switch prev_comm=perf prev_pid=9174 "
       "prev_prio=120 prev_state=D next_comm=migration/0 next_pid=18 next_prio=0"},
      {"         swapper     0 [011] 24902.326180:         irq:softirq_entry: vec=9 [action=RCU]",
       "24902326180000 [11] 0 swapper/11 irq:softirq_entry vec=9 action=RCU"},
      {"            perf  9174 [001] 24902.319630: syscalls:sys_enter_openat: dfd: 0xffffff9c, "
       "filename: 0x7ffdf93bdf20, flags: 0x00000000, mode: 0x00000000",
       "24902319630000 [1] 9174 perf syscalls:sys_enter_openat dfd=#4294967196 "
       "filename=#140728784903968 flags=#0 mode=#0"},
      {"            perf  9174 [001] 24902.319635:  syscalls:sys_exit_openat: 0xfffffffffffffffe",
       "24902319635000 [1] 9174 perf syscalls:sys_exit_openat ret=#-2"},
      {"            perf  9174/9170  [000] 24902.319526697:    raw_syscalls:sys_enter: NR 16 (11, "
       "2400, 0, 7f0380e2b5e0, 1, 0)",
       "24902319526697 [0] 9170/9174 perf raw_syscalls:sys_enter id=16 args[0]=#17 "
       "args[1]=#9216 args[2]=#0 args[3]=#139653023970784 args[4]=#1 args[5]=#0"},
      // With stacks nothing is in columns.
      {"dd  9211 [000] 24905.211530: raw_syscalls:sys_exit: NR 0 = 1",
       "24905211530000 [0] 9211 dd raw_syscalls:sys_exit id=0 ret=1"},
      {"dd  9211 [000] 24905.211530:          1 raw_syscalls:sys_exit: NR 0 = 1",
       "24905211530000 [0] 9211 dd raw_syscalls:sys_exit id=0 ret=1"},
      // perf with libtraceevent's plugins.
      {"         swapper     0 [000] 1.000001: sched:sched_switch: swapper/0:0 [120] R ==> a:1 "
       "[120]",
       "1000001000 [0] 0 swapper/0 sched:sched_switch prev_comm=swapper/0 prev_pid=0 "
       "prev_prio=120 prev_state=R? next_comm=a next_pid=1 next_prio=120"},
      // A task without a name, and tasks with strange ones.
      {"           :9211  9211 [000] 1.000001: a:b: x=1", "1000001000 [0] 9211 ? a:b x=1"},
      {"      my [0] task 12 [000] 1.000001: a:b: x=1", "1000001000 [0] 12 my [0] task a:b x=1"},
      {" x 1 [000] 1.0:   9211 [000] 2.000001: a:b: x=1",
       "2000001000 [0] 9211 x 1 [000] 1.0: a:b x=1"},
      {"               7     8 [000] 2.000001: a:b: x=1", "2000001000 [0] 8 7 a:b x=1"},
      // One that is just ending.
      {"             :-1  9211/-1    [001] 1.000001: a:b: x=1",
       "1000001000 [1] 4294967295/9211 ? a:b x=1"},
      {"             :-1    -1 [001] 1.000001: a:b: x=1", "1000001000 [1] 4294967295 ? a:b x=1"},
      // A sample.
      {"            perf  9174 [001] 24902.319635:     250000 cycles:  ffffffff81 x+0x1",
       "24902319635000 [1] 9174 perf cycles"},
  };
  for (const Case& c : cases) EXPECT_EQ(read_line(c.line), c.read) << c.line;
}

TEST(PerfText, KnowsWhatIsNoEvent) {
  for (const std::string line :
       {"", "# ========", "\tffffffff821ecdda do_syscall_64+0x1fa ([kernel.kallsyms])",
        "\t           f838f __GI___libc_write+0x4f (/usr/lib/x86_64-linux-gnu/libc.so.6)",
        "        ffffffff821ecdda do_syscall_64 ([kernel.kallsyms])", "\tffffffff821ecdda",
        "         swapper     0 [000]     0.000000: PERF_RECORD_FORK(1:1):(0:0)",
        "     process_api     0 [000]     0.000000: PERF_RECORD_COMM: process_api:1/1"}) {
    EXPECT_EQ(read_line(line), "nothing") << line;
  }
}

TEST(PerfText, CountsWhatItDoesNotUnderstand) {
  ASSERT_EQ(read_line("perf  9174 [000] 1.000001: a:b: x=1"), "1000001000 [0] 9174 perf a:b x=1");
  for (const std::string line :
       {"hello", "1 out of order events recorded.", "perf  9174 [000] 1.000001: a:b",
        "perf  9174 [-01] 1.000001: a:b: x=1", "perf  9174 [65536] 1.000001: a:b: x=1",
        "perf  9174 [000] : a:b: x=1", "perf  4294967295 [000] 1.000001: a:b: x=1",
        "perf [000] 1.000001: a:b: x=1", "perf x [000] 1.000001: a:b: x=1",
        "perf  9174 [000] 1.000001: 12: x=1", "perf  /9174 [000] 1.000001: a:b: x=1",
        "[000] 1.000001: a:b: x=1", "perf  9174 [000] 1.000001 sched:sched_waking: x=1"}) {
    EXPECT_EQ(read_line(line), "not understood") << line;
  }
}

TEST(PerfText, NeedsTheCpu) {
  const std::string text = "sleep  9176 24902.322928: syscalls:sys_exit_openat: 0x3\n";
  EXPECT_TRUE(is_perf_text(text));
  EXPECT_THAT(read(text).all,
              ElementsAre(HasSubstr("perf script -F comm,tid,cpu,time,event,trace")));
}

TEST(PerfText, KnowsATextOfPerf) {
  EXPECT_TRUE(
      is_perf_text("# ========\n# captured on: x\n#\n"
                   "perf  9174 [000] 1.000001: sched:sched_switch: x\n"));
  EXPECT_TRUE(is_perf_text("dd  9211 [000] 24905.211530: PERF_RECORD_LOST lost 3\n"));
  EXPECT_FALSE(is_perf_text(""));
  EXPECT_FALSE(is_perf_text("hello [1] 2: 3\n"));
  EXPECT_FALSE(is_perf_text("              sh-56      [001] d..2.    10.1: e: x=1\n"));
  EXPECT_FALSE(is_perf_text("ts,event\n1.5,sched_switch\n"));
  EXPECT_FALSE(is_ftrace_text("perf-1  9174 [000] 1.000001: sched:sched_switch: x\n"));
}

// Real lines, with stacks taken out.
TEST(PerfText, LostEventsAreAHoleBehindTheLastOfTheirCpu) {
  const std::string text =
      "dd  9211 [000] 24905.225772: raw_syscalls:sys_exit: NR 0 = 1\n"
      "\tffffffff821ecdda do_syscall_64+0x1fa ([kernel.kallsyms])\n"
      "\n"
      "perf  9207 [001] 24905.225800: raw_syscalls:sys_exit: NR 1 = 8\n"
      "dd  9211 [000] 24905.225872: PERF_RECORD_LOST lost 63\n"
      "dd  9211 [000] 24905.225873: raw_syscalls:sys_exit: NR 0 = 1\n"
      "dd  9211 [001] 24905.225874: PERF_RECORD_LOST_SAMPLES lost 4\n"
      "dd  9211 [001] 24905.225875: raw_syscalls:sys_exit: NR 0 = 1\n";
  EXPECT_THAT(read(text).all,
              ElementsAre("24905225772000 [0] 9211 dd raw_syscalls:sys_exit id=0 ret=1",
                          "{0 @24905225772000",
                          "24905225800000 [1] 9207 perf raw_syscalls:sys_exit id=1 ret=8",
                          "{1 @24905225800000", "}0 @24905225873000 lost 63",
                          "24905225873000 [0] 9211 dd raw_syscalls:sys_exit id=0 ret=1",
                          "}1 @24905225875000 lost 4",
                          "24905225875000 [1] 9211 dd raw_syscalls:sys_exit id=0 ret=1"));
  EXPECT_EQ(read(text).not_understood, 0U);
  EXPECT_THAT(read(text, false).all[2], "{0 @24905225800000");
}

TEST(PerfText, ALastLineWithoutItsEndIsNotUnderstood) {
  const Shown got =
      read("perf  9174 [000] 1.000001: a:b: x=1\nperf  9174 [000] 1.000001: a:b: x=1");
  EXPECT_EQ(got.all.size(), 1U);
  EXPECT_EQ(got.not_understood, 1U);
}

RC_GTEST_PROP(PerfText, ReadsWhatWasPrinted, ()) {
  const auto comms =
      rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
                       " ", "/", "1", "a", "(", "[", "] ", ":", ".", "=")),
                   [](const std::vector<std::string>& pieces) {
                     std::string comm = "x" + join(pieces, "").substr(0, 14);
                     while (comm.back() == ' ') comm.pop_back();
                     return comm;
                   });
  const bool with_tgid = *rc::gen::arbitrary<bool>(), ns = *rc::gen::arbitrary<bool>();
  const int count = *rc::gen::inRange(0, 20);
  std::string text;
  std::vector<std::string> expected;
  for (int i = 0; i < count; ++i) {
    const auto time = *rc::gen::inRange<std::uint64_t>(0, 1'000'000'000'000) * 1000;
    const auto cpu = *rc::gen::inRange<std::uint32_t>(0, 300);
    const auto tid = *rc::gen::inRange<std::uint32_t>(1, 99999);
    const auto tgid = *rc::gen::inRange<std::uint32_t>(1, 99999);
    const auto value = *rc::gen::arbitrary<std::uint32_t>();
    const std::string comm = *comms;
    char head[200];
    int size = with_tgid
                   ? std::snprintf(head, sizeof head, "%16s %5u/%-5u ", comm.c_str(), tgid, tid)
                   : std::snprintf(head, sizeof head, "%16s %5u ", comm.c_str(), tid);
    const auto put = [&](const char* format, auto... values) {
      size += std::snprintf(head + size, sizeof head - static_cast<std::size_t>(size), format,
                            values...);
    };
    put("[%03u] ", cpu);
    put("%5llu.", static_cast<unsigned long long>(time / 1'000'000'000));
    if (ns) put("%09llu", static_cast<unsigned long long>(time % 1'000'000'000));
    if (!ns) put("%06llu", static_cast<unsigned long long>(time % 1'000'000'000 / 1000));
    text += cat(head, ":        some:event: x=", value, "\n\n");
    expected.push_back(cat(time, " [", cpu, "] ", tid, with_tgid ? cat("/", tgid) : "", " ", comm,
                           " some:event x=", value));
  }
  const Shown got = read(text);
  RC_ASSERT(got.all == expected);
  RC_ASSERT(got.not_understood == 0U);
}

}  // namespace
}  // namespace swerve
