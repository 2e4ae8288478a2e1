#include "source/ftrace_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "source/batch_builder.h"
#include "source/shown_test.h"

namespace swerve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Shown read(std::string text, bool seekable = true, const Interest& interest = WantAll()) {
  Result<std::unique_ptr<Recording>> recording =
      open_ftrace_text(memory_input(std::move(text), seekable), interest);
  if (!recording) return {{"error: " + recording.error().message()}, 0};
  return shown(**recording);
}

std::string data(const std::string& name) {
  std::ostringstream out;
  out << std::ifstream(SWERVE_SOURCE_DIR "/tests/data/texts/" + name).rdbuf();
  return out.str();
}

/// One line, as the only event of a text; "not understood" when it is none.
std::string read_line(const std::string& line) {
  const Shown got = read(line + "\n");
  if (got.all.empty()) return got.not_understood == 1 ? "not understood" : "nothing";
  return got.all.size() == 1 && got.not_understood == 0 ? got.all[0] : "more than one thing";
}

struct Case {
  std::string line, read;
};

// As kernels 6.1 and 6.18 have printed them.
TEST(FtraceText, ReadsWhatTracePrintsWithAnyOptions) {
  const std::vector<Case> cases{
      {"          <idle>-0       [003] dNh2.    10.100394: sched_wakeup: comm=rcu_preempt pid=13 "
       "prio=120 target_cpu=003",
       "10100394000 [3] 0 swapper/3 sched_wakeup comm=rcu_preempt pid=13 prio=120 target_cpu=003"},
      {"            bash-8785    (   8785) [000] ..... 24870.366676: sys_openat -> 0x3",
       "24870366676000 [0] 8785/8785 bash sys_exit_openat ret=#3"},
      {"          <idle>-0       (-------) [012] dNs2. 24870.378179: timer_cancel: timer=0",
       "24870378179000 [12] 0 swapper/12 timer_cancel timer=0"},
      {" memfd:sealed-91-22759   (  22759) [000] d..2. 24870.370779: softirq_exit: vec=9",
       "24870370779000 [0] 22759/22759 memfd:sealed-91 softirq_exit vec=9"},
      {"  a pid=1 prio=2-8791    (   8791) [000] ..... 24870.575394: sys_openat -> 0x3",
       "24870575394000 [0] 8791/8791 a pid=1 prio=2 sys_exit_openat ret=#3"},
      // Four flags until Linux 5.15; none without the option irq-info.
      {"           <...>-56      [001] d..2   10.1: softirq_exit: vec=9",
       "10100000000 [1] 56 ? softirq_exit vec=9"},
      {"            bash-10471   (  10471) [000]  24970.844770: softirq_exit: vec=9",
       "24970844770000 [0] 10471/10471 bash softirq_exit vec=9"},
      {"              sh-56      [001]    10.100471: softirq_exit: vec=9",
       "10100471000 [1] 56 sh softirq_exit vec=9"},
      // Nanoseconds; clocks that count.
      {"              sh-56      [001] ..... 123.123456789: softirq_exit: vec=9",
       "123123456789 [1] 56 sh softirq_exit vec=9"},
      {"            bash-10471   (  10471) [000] d..2.            2: softirq_exit: vec=9",
       "2 [0] 10471/10471 bash softirq_exit vec=9"},
      {"         cc1plus-9593    (   9593) [001] d..2. 57432903073612: softirq_exit: vec=9",
       "57432903073612 [1] 9593/9593 cc1plus softirq_exit vec=9"},
      // Names that look like something else.
      {"    my-task 2-12-1234    [001] ..... 1.000001: e: x=1",
       "1000001000 [1] 1234 my-task 2-12 e x=1"},
      {" x-1 [000] 1.0: -1234    [001] ..... 1.000001: e: x=1",
       "1000001000 [1] 1234 x-1 [000] 1.0:  e x=1"},
      {"           a (b)-7       [001] ..... 1.000001: e: x=1", "1000001000 [1] 7 a (b) e x=1"},
      {"                -7       [001] ..... 1.000001: e: x=1", "1000001000 [1] 7 ? e x=1"},
      // Someone has taken the blanks away.
      {"my-task 2-1234 [001] ..... 1.000001: e: x=1", "1000001000 [1] 1234 my-task 2 e x=1"},
      {"sh-56 [001] 1.000001: e: x=1\r", "1000001000 [1] 56 sh e x=1"},
  };
  for (const Case& c : cases) EXPECT_EQ(read_line(c.line), c.read) << c.line;
}

TEST(FtraceText, KnowsWhatIsNoEvent) {
  for (const std::string line :
       {"# tracer: nop", "#", "", "    ", "##### CPU 3 buffer started ####", "cpus=4",
        "CPU 1 is empty", " => do_syscall_64", "=> do_syscall_64 (ffffffff81000000)",
        "              sh-56      [001] d..2.    10.1: do_sys_openat2 <-__x64_sys_openat",
        "              sh-56      [001] d..2.    10.1: <stack trace>"}) {
    EXPECT_EQ(read_line(line), "nothing") << line;
  }
}

TEST(FtraceText, CountsWhatItDoesNotUnderstand) {
  const std::string good = "              sh-56      [001] d..2.    10.1: e: x=1";
  ASSERT_EQ(read_line(good), "10100000000 [1] 56 sh e x=1");
  for (const std::string line :
       {"hello", " 0)   1.2 us    |  do_syscall_64();", "CPU 1 is full",
        "              sh-56      [001] d..2.    10.1: what is this",
        "              sh-56      [001] d..2.    10.1:e: x=1",
        "              sh-56      [001] d..2.    10.: e: x=1",
        "              sh-56      [001] d..2.    10.1234567890: e: x=1",
        "              sh-56      [001] d..2.    18446744074.1: e: x=1",
        "              sh-56      [001] d..2.    99999999999999999999: e: x=1",
        "              sh-56      [65536] d..2.    10.1: e: x=1",
        "              sh-4294967295 [001] d..2.    10.1: e: x=1",
        "              sh-56      [-01] d..2.    10.1: e: x=1",
        "              sh-56      (x) [001] d..2.    10.1: e: x=1",
        "              sh_56      [001] d..2.    10.1: e: x=1",
        "              sh-56      [001] flags.and.more 10.1: e: x=1",
        "            bash-10471   0d..2. 16718us!: e: x=1", "CPU:1 [LOST x EVENTS]",
        "CPU:1 [LOST 1 EVENTS", "CPU:99999 [LOST 1 EVENTS]"}) {
    EXPECT_EQ(read_line(line), "not understood") << line;
  }
}

TEST(FtraceText, NamesWithAZeroByteAreNotUnderstood) {
  std::string line = "              sh-56      [001] d..2.    10.1: e: x=1";
  line[15] = '\0';
  EXPECT_EQ(read_line(line), "not understood");
}

TEST(FtraceText, ReadsNumbersWhereTheyAreWanted) {
  const std::string text =
      "              sh-56      [001] d..2.    10.1: e: a=-1 b=0x10 c=S d=00000000fedcba98\n"
      "              sh-56      [001] d..2.    10.2: e: a=003 b= c=4 d=1\n";
  EXPECT_THAT(read(text, true, WantNumbers()).all,
              ElementsAre("10100000000 [1] 56 sh e a=#-1 b=#16 c=? d=#4275878552",
                          "10200000000 [1] 56 sh e a=#3 b=? c=#4 d=#1"));
}

// What is behind the last end of a line may go on: "target_cpu=00" was perhaps "target_cpu=003".
TEST(FtraceText, ALastLineWithoutItsEndIsNotUnderstood) {
  const std::string line = "              sh-56      [001] d..2.    10.1: e: x=1";
  const Shown got = read(line + "\n" + line);
  EXPECT_EQ(got.all.size(), 1U);
  EXPECT_EQ(got.not_understood, 1U);
  EXPECT_EQ(read(line + "\n# the end").not_understood, 0U);
}

TEST(FtraceText, ALineMayBeOfAnyLength) {
  const std::string line = "              sh-56      [001] d..2.    10.1: e: x=";
  const Shown got = read(line + std::string(60'000, 'x') + "\n" + line +
                         std::string(10U << 20, 'x') + "\n" + line + "1\n");
  EXPECT_EQ(got.all.size(), 2U);
  EXPECT_EQ(got.not_understood, 1U);
  EXPECT_EQ(got.all[1], "10100000000 [1] 56 sh e x=1");
}

TEST(FtraceText, KnowsATextOfFtrace) {
  EXPECT_TRUE(is_ftrace_text("# tracer: nop\n#\n"));
  EXPECT_TRUE(is_ftrace_text(data("trace.txt")));
  EXPECT_TRUE(is_ftrace_text(data("report.txt")));
  EXPECT_TRUE(is_ftrace_text(data("report-R.txt")));
  EXPECT_TRUE(is_ftrace_text("CPU:0 [LOST 12097 EVENTS]\n"));
  EXPECT_FALSE(is_ftrace_text(""));
  EXPECT_FALSE(is_ftrace_text("hello\n"));
  EXPECT_FALSE(is_ftrace_text("a-1  9174 [000] 24902.319552: sched:sched_switch: prev_comm=p\n"));
  EXPECT_FALSE(is_ftrace_text("ts,event\n1,sched_switch\n"));
}

// The same 200 events, as three programs print them.
TEST(FtraceText, AllTextsOfOneTraceSayTheSame) {
  const auto events = [](const std::string& name) {
    const Shown got = read(data(name));
    EXPECT_EQ(got.not_understood, 0U);
    return got.all;
  };
  std::vector<std::string> trace = events("trace.txt"), raw = events("report-R.txt"),
                           report = events("report.txt");
  ASSERT_EQ(trace.size(), 200U);
  ASSERT_EQ(raw.size(), 200U);
  ASSERT_EQ(report.size(), 200U);
  const auto state = [](std::string& shown) {
    const std::size_t at = shown.find("prev_state=");
    if (at == std::string::npos) return std::string();
    const std::size_t end = shown.find(' ', at);
    const std::string out = shown.substr(at + 11, end - at - 11);
    shown.erase(at, end - at);
    return out;
  };
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const std::string letters = state(trace[i]), number = state(raw[i]), plugin = state(report[i]);
    const std::map<std::string, std::pair<std::string, std::string>> meaning{
        {"", {"", ""}},    {"R", {"0", "R?"}},  {"R+", {"256", "R?"}}, {"S", {"1", "S"}},
        {"D", {"2", "D"}}, {"I", {"128", "I"}}, {"X", {"16", "Z"}},    {"Z", {"32", "X"}},
    };
    ASSERT_TRUE(meaning.contains(letters)) << letters;
    EXPECT_EQ(number, meaning.at(letters).first);
    EXPECT_EQ(plugin, meaning.at(letters).second);
    EXPECT_EQ(raw[i], trace[i]);
    EXPECT_EQ(report[i], trace[i]);
  }
}

TEST(FtraceText, OfSeveralBuffersTheFirstIsRead) {
  const Shown got = read(
      "cpus=2\n"
      "a b:             bash-2691  [001] 1.000001: sched_wakeup:         x:1 [120] CPU:000\n"
      "txa:             bash-2691  [001] 1.000001: sched_wakeup:         x:1 [120] CPU:000\n"
      "            bash-2691  [001] 1.000001: sched_wakeup:         x:1 [120] CPU:000\n"
      "a b:      rcu_preempt-15    [001] 1.000002: sched_wakeup:         x:2 [120] CPU:000\n");
  EXPECT_THAT(
      got.all,
      ElementsAre("1000001000 [1] 2691 bash sched_wakeup comm=x pid=1 prio=120 target_cpu=000",
                  "1000002000 [1] 15 rcu_preempt sched_wakeup comm=x pid=2 prio=120 "
                  "target_cpu=000"));
  EXPECT_EQ(got.not_understood, 2U);
}

TEST(FtraceText, RefusesTheLatencyFormat) {
  const Shown got = read("# tracer: nop\n#\n# nop latency trace v1.1.5 on 6.18\n");
  EXPECT_THAT(got.all, ElementsAre(HasSubstr("echo 0 > options/latency-format")));
}

// Holes. Events are "CPU time".
std::string e(int cpu, int time) {
  return cat("              sh-56      [00", cpu, "] ..... ", time, ": e: x=1\n");
}
std::string shown_e(int cpu, int time) { return cat(time, " [", cpu, "] 56 sh e x=1"); }

TEST(FtraceText, AHoleBeginsBehindTheLastEventOfItsCpu) {
  const std::string text = e(0, 1) + e(1, 2) + e(0, 3) + e(0, 4) + "CPU:1 [LOST 123 EVENTS]\n" +
                           e(1, 5) + e(0, 6) + "CPU:0 [LOST EVENTS]\n" + e(0, 7) + e(1, 8);
  EXPECT_THAT(read(text).all,
              ElementsAre(shown_e(0, 1), shown_e(1, 2), "{1 @2", shown_e(0, 3), shown_e(0, 4),
                          "}1 @5 lost 123", shown_e(1, 5), shown_e(0, 6), "{0 @6", "}0 @7",
                          shown_e(0, 7), shown_e(1, 8)));
  // What cannot be read twice has its holes where they are told of.
  EXPECT_THAT(read(text, false).all,
              ElementsAre(shown_e(0, 1), shown_e(1, 2), shown_e(0, 3), shown_e(0, 4), "{1 @4",
                          "}1 @5 lost 123", shown_e(1, 5), shown_e(0, 6), "{0 @6", "}0 @7",
                          shown_e(0, 7), shown_e(1, 8)));
}

TEST(FtraceText, TraceCmdSaysItWithOtherWords) {
  EXPECT_THAT(read(e(0, 1) + e(1, 2) + "CPU:0 [7 EVENTS DROPPED]\n" + e(0, 3) +
                   "CPU:0 [EVENTS DROPPED]\n" + e(0, 4))
                  .all,
              ElementsAre(shown_e(0, 1), "{0 @1", shown_e(1, 2), "}0 @3 lost 7", shown_e(0, 3),
                          "{0 @3", "}0 @4", shown_e(0, 4)));
}

TEST(FtraceText, AHoleMayBeAtTheBeginningAndAtTheEnd) {
  const std::string text =
      "CPU:2 [LOST 5 EVENTS]\n" + e(1, 1) + e(2, 2) + "CPU:1 [LOST 6 EVENTS]\n";
  EXPECT_THAT(read(text).all, ElementsAre("{2 @0", "}2 @1 lost 5", shown_e(1, 1), "{1 @1",
                                          shown_e(2, 2), "}1 @2 lost 6"));
  EXPECT_THAT(read("CPU:2 [LOST 5 EVENTS]\n").all, ElementsAre("{2 @0", "}2 @0 lost 5"));
}

TEST(FtraceText, SeveralLossesInARowAreOneHole) {
  EXPECT_THAT(
      read(e(0, 1) + "CPU:0 [LOST 2 EVENTS]\nCPU:1 [LOST 9 EVENTS]\nCPU:0 [LOST 3 EVENTS]\n" +
           e(0, 2))
          .all,
      ElementsAre("{1 @0", shown_e(0, 1), "{0 @1", "}0 @2 lost 5", "}1 @2 lost 9", shown_e(0, 2)));
}

std::string header(const std::string& entries) {
  return "# tracer: nop\n#\n# entries-in-buffer/entries-written: " + entries + "\n#\n";
}

TEST(FtraceText, AnOverwrittenBufferLacksTheBeginningOfEachCpu) {
  const std::string text = header("323/12420   #P:3") + e(1, 1) + e(1, 2) +
                           "##### CPU 0 buffer started ####\n" + e(0, 3) + e(1, 4);
  // A CPU without any event has lost none.
  EXPECT_THAT(read(text).all, ElementsAre("{0 @0", "{1 @0", "}1 @1", shown_e(1, 1), shown_e(1, 2),
                                          "}0 @3", shown_e(0, 3), shown_e(1, 4)));
  // But that is not known before the end.
  EXPECT_THAT(read(text, false).all,
              ElementsAre("{0 @0", "{1 @0", "{2 @0", "}1 @1", shown_e(1, 1), shown_e(1, 2), "}0 @3",
                          shown_e(0, 3), shown_e(1, 4)));
}

TEST(FtraceText, ABufferThatIsAllThereLacksNothing) {
  EXPECT_THAT(read(header("2/2   #P:3") + e(1, 1)).all, ElementsAre(shown_e(1, 1)));
  EXPECT_THAT(read(header("2/2   #P:3") + e(1, 1), false).all, ElementsAre(shown_e(1, 1)));
}

// CPUs that are switched off are not counted, and those behind them keep their numbers.
TEST(FtraceText, ACpuMayHaveAHigherNumberThanThereAreCpus) {
  const std::string text = header("3/9   #P:1") + e(0, 1) + e(4, 2) + e(0, 3);
  EXPECT_THAT(read(text).all, ElementsAre("{0 @0", "{4 @0", "}0 @1", shown_e(0, 1), "}4 @2",
                                          shown_e(4, 2), shown_e(0, 3)));
  EXPECT_THAT(read(text, false).all, ElementsAre("{0 @0", "}0 @1", shown_e(0, 1), "{4 @1", "}4 @2",
                                                 shown_e(4, 2), shown_e(0, 3)));
}

TEST(FtraceText, ASecondHeaderTellsOfLossesAsWell) {
  EXPECT_THAT(read(e(0, 1) + e(1, 2) + header("3/9   #P:2") + e(0, 3)).all,
              ElementsAre(shown_e(0, 1), "{0 @1", shown_e(1, 2), "}0 @3", shown_e(0, 3)));
}

// It did something, but what?
TEST(FtraceText, AnEventThatCannotBeReadIsAHole) {
  const std::string broken = "              sh-56      [001] ..... 2: sched_waking: comm=sh pi\n";
  const Shown got = read(e(0, 1) + broken + e(1, 3));
  EXPECT_THAT(got.all, ElementsAre(shown_e(0, 1), "{1 @1", "}1 @2 lost 1", shown_e(1, 3)));
  EXPECT_EQ(got.not_understood, 1U);
  EXPECT_THAT(read("CPU:1 [LOST 3 EVENTS]\n" + broken + e(1, 3)).all,
              ElementsAre("{1 @0", "}1 @2 lost 3", "{1 @0", "}1 @2 lost 1", shown_e(1, 3)));
}

TEST(FtraceText, WhatNobodyWantsStillBoundsHoles) {
  class WantNothing final : public Interest {
    std::vector<Want> wants(const RecordedKind&) const override { return {}; }
  };
  EXPECT_THAT(
      read(e(0, 1) + e(1, 2) + "CPU:0 [LOST 1 EVENTS]\n" + e(0, 3), true, WantNothing()).all,
      ElementsAre("{0 @1", "}0 @3 lost 1"));
}

// More holes than are kept apart become one that never closes.
TEST(FtraceText, TooManyHolesAreOne) {
  std::string text = e(3, 1);
  for (int i = 0; i < 1'100'000; ++i) {
    text += "a-1 [0] 1: e: x\nCPU:0 [LOST EVENTS]\n";
  }
  const WantAll all;
  Result<std::unique_ptr<Recording>> recording =
      open_ftrace_text(memory_input(std::move(text)), all);
  Batch batch;
  int everywhere = 0, open = 0;
  while (*(*recording)->next(batch)) {
    for (const Batch::Hole& hole : batch.holes) {
      if (hole.cpu == kEveryCpu) {
        EXPECT_TRUE(hole.opens);
        ++everywhere;
      } else {
        open += hole.opens ? 1 : -1;
      }
    }
  }
  EXPECT_EQ(everywhere, 1);
  EXPECT_EQ(open, 0);
}

TEST(FtraceText, AnErrorComesAfterWhatWasRead) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += cat("a-1 [0] 1: e", i, ": x\n");
  const Shown got = read(text);
  ASSERT_EQ(got.all.size(), BatchBuilder::kMostKinds + 1);
  EXPECT_THAT(got.all.back(), HasSubstr("error: line 16385: too many kinds of events"));
}

// Whatever is printed comes back.
RC_GTEST_PROP(FtraceText, ReadsWhatWasPrinted, ()) {
  struct Printed {
    std::uint64_t time;
    std::uint32_t cpu, tid, tgid, value;
    std::string comm;
  };
  const auto comms =
      rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
                       " ", "-", "1", "a", "(", ")", "[", "]", ":", ".", "=")),
                   [](const std::vector<std::string>& pieces) {
                     const std::string comm = join(pieces, "").substr(0, 15);
                     return comm.substr(std::min(comm.find_first_not_of(' '), comm.size()));
                   });
  const bool with_tgid = *rc::gen::arbitrary<bool>(), with_flags = *rc::gen::arbitrary<bool>(),
             ns = *rc::gen::arbitrary<bool>(), seekable = *rc::gen::arbitrary<bool>();
  const int count = *rc::gen::inRange(0, 20);
  std::string text = "# tracer: nop\n#\n";
  std::vector<std::string> expected;
  for (int i = 0; i < count; ++i) {
    const Printed p{*rc::gen::inRange<std::uint64_t>(0, 1'000'000'000'000) * 1000,
                    *rc::gen::inRange<std::uint32_t>(0, 300),
                    *rc::gen::inRange<std::uint32_t>(0, 99999),
                    *rc::gen::inRange<std::uint32_t>(0, 99999),
                    *rc::gen::arbitrary<std::uint32_t>(),
                    *comms};
    char head[200];
    int size = std::snprintf(head, sizeof head, "%16s-%-7u ", p.comm.c_str(), p.tid);
    const auto put = [&](const char* format, auto... values) {
      size += std::snprintf(head + size, sizeof head - static_cast<std::size_t>(size), format,
                            values...);
    };
    if (with_tgid && p.tgid != 0) put("(%7u) ", p.tgid);
    if (with_tgid && p.tgid == 0) put("(-------) ");
    put("[%03u] ", p.cpu);
    if (with_flags) put("d.h2. ");
    put("%5llu.", static_cast<unsigned long long>(p.time / 1'000'000'000));
    if (ns) put("%09llu", static_cast<unsigned long long>(p.time % 1'000'000'000));
    if (!ns) put("%06llu", static_cast<unsigned long long>(p.time % 1'000'000'000 / 1000));
    text += cat(head, ": e: x=", p.value, "\n");
    const std::string comm = p.tid == 0 ? cat("swapper/", p.cpu) : p.comm.empty() ? "?" : p.comm;
    expected.push_back(cat(p.time, " [", p.cpu, "] ", p.tid,
                           with_tgid && p.tgid != 0 ? cat("/", p.tgid) : "", " ", comm,
                           " e x=", p.value));
  }
  const Shown got = read(text, seekable);
  RC_ASSERT(got.all == expected);
  RC_ASSERT(got.not_understood == 0U);
}

// Wherever events are lost: each hole covers the place, and nothing else is changed.
RC_GTEST_PROP(FtraceText, HolesCoverWhatWasLost, (std::vector<std::uint8_t> plan)) {
  std::string text;
  struct Lost {
    int cpu;
    std::uint64_t after, before;  // the times of the events around
  };
  std::vector<Lost> losses;
  std::uint64_t last[4] = {}, missing[4] = {};
  int time = 0;
  for (const std::uint8_t step : plan) {
    const int cpu = step % 4;
    ++time;
    if (step % 3 == 0) {
      ++missing[cpu];
      continue;
    }
    if (missing[cpu] != 0) {
      text += cat("CPU:", cpu, " [LOST ", missing[cpu], " EVENTS]\n");
      losses.push_back({cpu, last[cpu], static_cast<std::uint64_t>(time)});
      missing[cpu] = 0;
    }
    text += e(cpu, time);
    last[cpu] = static_cast<std::uint64_t>(time);
  }
  const WantAll all;
  Result<std::unique_ptr<Recording>> recording = open_ftrace_text(memory_input(text), all);
  std::vector<Lost> holes;
  std::uint64_t open[4] = {};
  Batch batch;
  while (*(*recording)->next(batch)) {
    for (const Batch::Hole& hole : batch.holes) {
      if (hole.opens) {
        open[hole.cpu] = hole.time;
        RC_ASSERT((hole.before == 0 || batch.time[hole.before - 1] == hole.time));
      } else {
        RC_ASSERT((hole.before < batch.size() && batch.time[hole.before] == hole.time));
        holes.push_back({static_cast<int>(hole.cpu), open[hole.cpu], hole.time});
      }
    }
  }
  RC_ASSERT(holes.size() == losses.size());
  for (std::size_t i = 0; i < holes.size(); ++i) {
    RC_ASSERT(holes[i].cpu == losses[i].cpu);
    RC_ASSERT(holes[i].after == losses[i].after);
    RC_ASSERT(holes[i].before == losses[i].before);
  }
}

}  // namespace
}  // namespace swerve
