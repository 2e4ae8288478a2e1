#include "app/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/text.h"
#include "bind/recorded/recorded_catalog.h"
#include "bind/toml/monitor_reader.h"

namespace swerve {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Tool = EventsOptions::Tool;

constexpr const char* kModel = R"(digraph m {
  {node [shape = plaintext] "__init_s"};
  {node [shape = circle] "s"};
  "__init_s" -> "s";
  "s" -> "s" [ label = "e" ];
})";

/// The definition, bound without a kernel.
BoundMonitor bound(const std::string& toml) {
  const ReadMonitor read = read_monitor("m.toml", [&](const std::string& path, std::size_t) {
    return Result<std::string>(path.ends_with(".dot") ? std::string(kModel) : toml);
  });
  BindOutcome out = bind_read(read, RecordedCatalog(nullptr, {}));
  for (const Diagnostic& one : out.diagnostics) ADD_FAILURE() << one.to_string();
  return *std::move(out.monitor);
}

std::string definition(const std::string& scope, const std::string& bindings) {
  return cat("name = \"m\"\nscope = \"", scope, "\"\nmodel = \"m.dot\"\n", bindings);
}

std::string binding(const std::string& probe, const std::string& more) {
  return cat("[[on]]\nprobe = \"", probe, "\"\nevent = \"e\"\nstart_run = true\n", more);
}

Needs needs(const BoundMonitor& monitor, Tool tool = Tool::list,
            const std::string& tracefs = "/nowhere") {
  Needs out;
  out.add(monitor, RecordedCatalog(nullptr, {}), EventFormats(tracefs, tool));
  return out;
}

std::string text(const Needs& needs, Tool tool) {
  EventsOptions options;
  options.monitors = {"m"};
  options.tool = tool;
  options.seconds = 7;
  const Result<std::string> out = recipe(needs, options);
  return out ? *out : "error: " + out.error().message();
}

const std::string kWakeups = definition(
    "task", binding("tracepoint:sched_switch",
                    "task = \"prev\"\nwhen = \"prev_state == 0 && prev->prio < 100\"\n") +
                binding("tracepoint:sched_wakeup", "task = \"p\"\n"));
const std::string kOpens =
    definition("object", binding("syscall:openat:exit", "key = \"tgid << 32 | ret\"\n") +
                             binding("syscall:close", "key = \"tgid << 32 | fd\"\n"));

TEST(Events, AreListedWithTheFieldsThatVerdictsRestOn) {
  EXPECT_EQ(text(needs(bound(kWakeups)), Tool::list),
            "sched:sched_switch prev_pid prev_state prev_prio\n"
            "sched:sched_wakeup pid\n"
            "task:task_newtask pid\n");
}

TEST(Events, OfAnExitIncludeTheEntryWithTheArguments) {
  const std::string opens =
      definition("global", binding("syscall:openat:exit", "when = \"ret >= 0 && flags == 2\"\n"));
  EXPECT_EQ(text(needs(bound(opens)), Tool::list),
            "syscalls:sys_enter_openat flags\n"
            "syscalls:sys_exit_openat ret\n");
  const std::string only_ret =
      definition("global", binding("syscall:openat:exit", "when = \"ret >= 0\"\n"));
  EXPECT_EQ(text(needs(bound(only_ret)), Tool::list), "syscalls:sys_exit_openat ret\n");
}

TEST(Events, OfSeveralMonitorsAreListedOnce) {
  Needs both = needs(bound(kWakeups));
  both.add(bound(definition(
               "cpu", binding("tracepoint:sched:sched_switch", "when = \"next->pid == 0\"\n"))),
           RecordedCatalog(nullptr, {}), EventFormats("/nowhere", Tool::list));
  EXPECT_EQ(text(both, Tool::list),
            "sched:sched_switch prev_pid prev_state prev_prio next_pid\n"
            "sched:sched_wakeup pid\n"
            "task:task_newtask pid\n");
}

TEST(Events, OfTheKernelsOwnFormatsAreTold) {
  const std::filesystem::path tracefs =
      std::filesystem::path(testing::TempDir()) / "swerve-events-tracefs";
  const auto format = tracefs / "events/board/board_reset/format";
  std::filesystem::create_directories(format.parent_path());
  std::ofstream(format) << "name: board_reset\nID: 7\nformat:\n"
                           "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n"
                           "\tfield:const char * where;\toffset:8;\tsize:8;\tsigned:0;\n"
                           "\tfield:char why[16];\toffset:16;\tsize:16;\tsigned:0;\n"
                           "\tfield:__data_loc char[] who;\toffset:32;\tsize:4;\tsigned:0;\n"
                           "\tfield:u32 counts[2];\toffset:36;\tsize:8;\tsigned:0;\n\n"
                           "print fmt: \"\"\n";
  const EventFormats formats(tracefs.string(), Tool::perf);
  const auto kind = formats.find("", "board_reset");
  ASSERT_TRUE(kind);
  EXPECT_EQ(kind->system, "board");
  std::vector<std::string> fields;
  for (const RecordedField& field : kind->fields)
    fields.push_back(cat(field.name, " ", static_cast<int>(field.form)));
  EXPECT_THAT(fields, ElementsAre("common_type 0", "where 0", "why 1", "who 1", "counts 3"));
  EXPECT_FALSE(formats.find("sched", "board_reset"));
  std::filesystem::remove_all(tracefs);
}

TEST(Events, ForFtraceAreRecordedByAnInstanceOfTheirOwn) {
  const std::string script = text(needs(bound(kWakeups)), Tool::ftrace);
  EXPECT_THAT(script, AllOf(HasSubstr("echo mono > $instance/trace_clock\n"),
                            HasSubstr("echo sched:sched_switch >> $instance/set_event\n"),
                            HasSubstr("echo task:task_newtask >> $instance/set_event\n"),
                            HasSubstr("sleep 7\n"), HasSubstr("-o trace.dat\n"),
                            HasSubstr("# then: swerve check m --buffer swerve trace.dat\n"),
                            Not(HasSubstr("record-tgid"))));
}

TEST(Events, OfAMonitorThatAsksForTheProcessAreRecordedWithIt) {
  const Needs opens = needs(bound(kOpens));
  EXPECT_TRUE(opens.process);
  EXPECT_THAT(text(opens, Tool::ftrace),
              AllOf(HasSubstr("echo 1 > $instance/options/record-tgid\n"),
                    HasSubstr("cat $instance/trace > trace.txt\n")));
  EXPECT_THAT(text(opens, Tool::trace_cmd), HasSubstr("error: trace-cmd does not record"));
  EXPECT_THAT(text(opens, Tool::perf), HasSubstr("-F comm,pid,tid,cpu,time,event,trace"));
}

TEST(Events, ForTraceCmdAndPerfAreNamedWithTheirSystem) {
  const Needs all = needs(bound(kWakeups));
  EXPECT_EQ(text(all, Tool::trace_cmd),
            "trace-cmd record -C mono -b 16384 -o trace.dat \\\n"
            "  -e sched:sched_switch \\\n  -e sched:sched_wakeup \\\n  -e task:task_newtask \\\n"
            "  sleep 7\n# then: swerve check m trace.dat\n");
  EXPECT_THAT(
      text(all, Tool::perf),
      AllOf(HasSubstr("perf record -a -k CLOCK_MONOTONIC "), HasSubstr("-e sched:sched_wakeup"),
            HasSubstr("-- sleep 7\n"), HasSubstr("--ns --show-lost-events")));
}

TEST(Events, ForLttngHaveItsNames) {
  EXPECT_THAT(text(needs(bound(kWakeups)), Tool::lttng),
              AllOf(HasSubstr("enable-event -k -c swerve sched_switch,sched_wakeup,"
                              "sched_process_fork\n"),
                    Not(HasSubstr("--syscall"))));
  EXPECT_THAT(text(needs(bound(kOpens)), Tool::lttng),
              AllOf(HasSubstr("enable-event -k -c swerve --syscall openat,close\n"),
                    HasSubstr("-t tid -t pid")));
  EXPECT_THAT(text(needs(bound(definition("global", binding("tracepoint:hrtimer_cancel", "")))),
                   Tool::lttng),
              HasSubstr("-c swerve timer_hrtimer_cancel\n"));
}

TEST(Events, ThatARecordingCannotHoldAreNamed) {
  Needs out;
  Definition functions;
  functions.name = "m";
  functions.on.emplace_back().probe = {Probe::Kind::fentry, "", "do_sys_open"};
  out.add(functions, EventFormats("/nowhere", Tool::list));
  EXPECT_THAT(out.lacking, ElementsAre("m: fentry:do_sys_open is a function of the kernel, and "
                                       "tracers record events"));

  const std::string states =
      definition("global", binding("tracepoint:sched_wakeup", "when = \"p->exit_code == 0\"\n"));
  EXPECT_THAT(needs(bound(states)).lacking,
              ElementsAre("m: sched_wakeup has no field for p->exit_code"));
}

TEST(Events, OfAnUnknownSystemCannotBeNamedToPerf) {
  Needs out;
  Definition module;
  module.name = "m";
  module.on.emplace_back().probe = {Probe::Kind::tracepoint, "", "board_reset"};
  out.add(module, EventFormats("/nowhere", Tool::list));
  EXPECT_THAT(out.lacking, IsEmpty());
  EXPECT_EQ(text(out, Tool::list), "board_reset\n");
  EXPECT_THAT(text(out, Tool::perf), HasSubstr("error: perf names events by their system"));
}

TEST(Events, NamesOfMonitorsAreWordsForAShell) {
  EventsOptions options;
  options.monitors = {"a b/it's.toml", "wwnr"};
  options.tool = Tool::trace_cmd;
  const Result<std::string> out = recipe(Needs(), options);
  ASSERT_TRUE(out);
  EXPECT_THAT(*out, HasSubstr("# then: swerve check 'a b/it'\\''s.toml' -m wwnr trace.dat\n"));
}

}  // namespace
}  // namespace swerve
