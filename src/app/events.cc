// app/events.cc - `swerve events`: what has to be recorded for some monitors.
#include "app/events.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "app/output.h"
#include "app/recorded_input.h"
#include "base/text.h"
#include "bind/recorded/fields.h"
#include "bind/recorded/plan.h"
#include "bind/recorded/recorded_catalog.h"
#include "bind/syscalls.h"
#include "bind/toml/monitor_reader.h"
#include "react/kernel_file.h"

namespace swerve {
namespace {

namespace fs = std::filesystem;
using Tool = EventsOptions::Tool;

constexpr int kFailed = 1;
constexpr const char* kSyscalls = "syscalls";

/// For machines where tracefs cannot be read.
struct KnownEvent {
  std::string_view system, name, fields;
};
constexpr std::array kKnownEvents{
    KnownEvent{"sched", "sched_switch",
               "prev_comm prev_pid prev_prio prev_state next_comm next_pid next_prio"},
    KnownEvent{"sched", "sched_wakeup", "comm pid prio target_cpu"},
    KnownEvent{"sched", "sched_wakeup_new", "comm pid prio target_cpu"},
    KnownEvent{"sched", "sched_waking", "comm pid prio target_cpu"},
    KnownEvent{"sched", "sched_migrate_task", "comm pid prio orig_cpu dest_cpu"},
    KnownEvent{"sched", "sched_process_fork", "parent_comm parent_pid child_comm child_pid"},
    KnownEvent{"sched", "sched_process_exit", "comm pid prio"},
    KnownEvent{"sched", "sched_process_free", "comm pid prio"},
    KnownEvent{"sched", "sched_process_exec", "filename pid old_pid"},
    KnownEvent{"sched", "sched_stat_runtime", "comm pid runtime"},
    KnownEvent{"sched", "sched_pi_setprio", "comm pid oldprio newprio"},
    KnownEvent{"task", "task_newtask", "pid comm clone_flags oom_score_adj"},
    KnownEvent{"task", "task_rename", "oldcomm newcomm oom_score_adj"},
    KnownEvent{"signal", "signal_generate", "sig errno code comm pid group result"},
    KnownEvent{"signal", "signal_deliver", "sig errno code sa_handler sa_flags"},
    KnownEvent{"irq", "irq_handler_entry", "irq name"},
    KnownEvent{"irq", "irq_handler_exit", "irq ret"},
    KnownEvent{"irq", "softirq_entry", "vec"},
    KnownEvent{"irq", "softirq_exit", "vec"},
    KnownEvent{"irq", "softirq_raise", "vec"},
    KnownEvent{"preemptirq", "preempt_disable", "caller_offs parent_offs"},
    KnownEvent{"preemptirq", "preempt_enable", "caller_offs parent_offs"},
    KnownEvent{"preemptirq", "irq_disable", "caller_offs parent_offs"},
    KnownEvent{"preemptirq", "irq_enable", "caller_offs parent_offs"},
    KnownEvent{"timer", "hrtimer_start", "hrtimer function expires softexpires mode"},
    KnownEvent{"timer", "hrtimer_expire_entry", "hrtimer now function"},
    KnownEvent{"timer", "hrtimer_expire_exit", "hrtimer"},
    KnownEvent{"timer", "hrtimer_cancel", "hrtimer"},
};

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    if (space > 0) out.emplace_back(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return out;
}

/// A line of a format: "\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;"
std::optional<RecordedField> field_of(std::string_view line) {
  constexpr std::string_view kField = "\tfield:";
  if (!line.starts_with(kField)) return std::nullopt;
  const std::string_view declaration = line.substr(kField.size(), line.find(';') - kField.size());
  // "char comm[16]", but "__data_loc char[] comm": what stands behind the name is left out.
  const std::size_t last = declaration.find_last_of(" *");
  const std::size_t begin = last == std::string_view::npos ? 0 : last + 1;
  const std::size_t end = std::min(declaration.find('[', begin), declaration.size());
  RecordedField out;
  out.name = declaration.substr(begin, end - begin);
  out.type = declaration.substr(0, begin);
  const bool array = end != declaration.size() || out.type.find("__data_loc") != std::string::npos;
  if (array)
    out.form = out.type.find("char") != std::string::npos ? RecordedField::Form::text
                                                          : RecordedField::Form::other;
  return out;
}

/// The format of an event in tracefs; none when it cannot be read or there is none.
std::optional<RecordedKind> read_format(const fs::path& events, const std::string& system,
                                        const std::string& name) {
  const Result<std::string> text =
      read_file((events / system / name / "format").string(), 1U << 20);
  if (!text) return std::nullopt;
  RecordedKind out{system, name, {}};
  std::string_view rest = *text;
  while (!rest.empty()) {
    if (const std::optional<RecordedField> field = field_of(take_line(rest)))
      out.fields.push_back(*field);
  }
  return out;
}

std::optional<RecordedKind> read_format(const std::string& tracefs, const std::string& system,
                                        const std::string& name) {
  const fs::path events(tracefs_path(tracefs, "", "events"));
  if (!system.empty()) return read_format(events, system, name);
  std::error_code error;
  for (fs::directory_iterator at(events, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    if (std::optional<RecordedKind> found =
            read_format(events, at->path().filename().string(), name))
      return found;
  }
  return std::nullopt;
}

/// What is known without tracefs.
std::optional<RecordedKind> known_event(const std::string& system, const std::string& name) {
  const auto with = [](std::string_view of, std::string_view event,
                       const std::vector<std::string>& fields) {
    RecordedKind out{std::string(of), std::string(event), {}};
    for (const std::string& field : fields) {
      out.fields.push_back({field, RecordedField::Form::word, 8, false, ""});
    }
    return out;
  };
  for (const KnownEvent& known : kKnownEvents) {
    if (known.name == name && (system.empty() || system == known.system))
      return with(known.system, name, words(known.fields));
  }
  if (system != kSyscalls) return std::nullopt;
  if (name.starts_with("sys_exit_")) return with(kSyscalls, name, {"ret"});
  const Syscall* const call = find_syscall(name.substr(std::string_view("sys_enter_").size()));
  if (call == nullptr) return std::nullopt;
  std::vector<std::string> arguments;
  for (std::string_view rest = call->arguments; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(", "), rest.size());
    const std::string_view one = rest.substr(0, comma);
    arguments.emplace_back(one.substr(one.find_last_of(" *") + 1));
    rest.remove_prefix(std::min(comma + 2, rest.size()));
  }
  return with(kSyscalls, name, arguments);
}

/// The leaves without which a verdict would be another; the rest describes tasks in reports.
std::vector<int> needed_leaves(const Plan& plan) {
  std::vector<int> out;
  for (const PlannedBinding& binding : plan.on) {
    for (const auto* const formula :
         {&binding.key, &binding.when, &binding.start, &binding.start_run, &binding.end}) {
      if (*formula) out.insert(out.end(), (*formula)->leaves().begin(), (*formula)->leaves().end());
    }
  }
  if (plan.entry) out.insert(out.end(), plan.entry->leaves.begin(), plan.entry->leaves.end());
  if (plan.new_task >= 0) out.push_back(plan.new_task);
  return out;
}

template <typename T>
void add_once(std::vector<T>& to, const T& what) {
  if (std::find(to.begin(), to.end(), what) == to.end()) to.push_back(what);
}

/// A word for a shell, and safe to print.
std::string shell_word(std::string_view text) {
  const std::string word = escape(text);
  const bool plain = !word.empty() && word.find_first_not_of(
                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "abcdefghijklmnopqrstuvwxyz"
                                          "0123456789_-./:+@") == word.npos;
  if (plain) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string full_name(const NeededEvent& event) {
  return event.system.empty() ? event.name : cat(event.system, ":", event.name);
}

/// What is done with the recording elsewhere.
std::string check_line(const EventsOptions& options, std::string_view recording) {
  std::string out = "# then: swerve check";
  for (std::size_t i = 0; i < options.monitors.size(); ++i)
    out += cat(i == 0 ? " " : " -m ", shell_word(options.monitors[i]));
  return cat(out, " ", recording, "\n");
}

std::string list(const Needs& needs) {
  std::string out;
  for (const NeededEvent& event : needs.events) {
    out += full_name(event);
    for (const std::string& field : event.fields) out += " " + field;
    out += "\n";
  }
  return out;
}

std::string ftrace(const Needs& needs, const EventsOptions& options) {
  // trace.dat does not hold of which process a thread is; the text does, and counts in
  // microseconds.
  std::string out =
      "(set -e\n"
      "instance=/sys/kernel/tracing/instances/swerve\n"
      "mkdir $instance\n"
      "trap '[ ! -d $instance ] || { echo > $instance/set_event; rmdir $instance; }' EXIT\n"
      "echo 0 > $instance/tracing_on\n"
      "echo mono > $instance/trace_clock\n"
      "echo 16384 > $instance/buffer_size_kb  # for each CPU\n";
  if (needs.process) out += "echo 1 > $instance/options/record-tgid\n";
  if (needs.thread_name) out += "echo 65536 > /sys/kernel/tracing/saved_cmdlines_size\n";
  for (const NeededEvent& event : needs.events)
    out += cat("echo ", full_name(event), " >> $instance/set_event\n");
  out += cat("echo 1 > $instance/tracing_on\nsleep ", options.seconds,
             "\necho 0 > $instance/tracing_on\n"
             "if grep -q '^overrun: [1-9]' $instance/per_cpu/cpu*/stats; then\n"
             "  echo 'the beginning was lost: buffer_size_kb must be larger' >&2\n"
             "fi\n");
  out += needs.process ? "cat $instance/trace > trace.txt\n"
                       : "trace-cmd extract -B swerve -o trace.dat\n";
  return cat(out, ")\n",
             check_line(options, needs.process ? "trace.txt" : "--buffer swerve trace.dat"));
}

std::string with_events(const Needs& needs, std::string begin, std::string_view end) {
  for (const NeededEvent& event : needs.events) begin += cat(" \\\n  -e ", full_name(event));
  return cat(begin, " \\\n  ", end, "\n");
}

Result<std::string> trace_cmd(const Needs& needs, const EventsOptions& options) {
  if (needs.process)
    return Error(ErrorCode::unsupported,
                 "trace-cmd does not record of which process a thread is, which is needed here "
                 "(--ftrace, --perf and --lttng do)");
  return with_events(needs, "trace-cmd record -C mono -b 16384 -o trace.dat",
                     cat("sleep ", options.seconds)) +
         check_line(options, "trace.dat");
}

Result<std::string> perf(const Needs& needs, const EventsOptions& options) {
  for (const NeededEvent& event : needs.events) {
    if (event.system.empty())
      return Error(
          ErrorCode::unsupported,
          cat("perf names events by their system, and that of ", event.name,
              " is not known here: write tracepoint:SYSTEM:", event.name, " in the definition"));
  }
  return with_events(needs, "perf record -a -k CLOCK_MONOTONIC -m 8M -o perf.data",
                     cat("-- sleep ", options.seconds)) +
         "perf script -i perf.data --ns --show-lost-events "
         "-F comm,pid,tid,cpu,time,event,trace > trace.txt\n" +
         check_line(options, "trace.txt");
}

/// LTTng gives some events another name than the kernel, and new tasks are told by the fork alone.
std::string lttng_name(const NeededEvent& event) {
  if (event.system == "task" && event.name == "task_newtask") return "sched_process_fork";
  const std::string other = cat(event.system, "_", event.name);
  const Probe probe{Probe::Kind::tracepoint, "", event.name};
  return is_of_probe({"", other, {}}, probe) ? other : event.name;
}

std::string lttng(const Needs& needs, const EventsOptions& options) {
  std::vector<std::string> events, calls;
  for (const NeededEvent& event : needs.events) {
    if (event.system == kSyscalls) {  // LTTng records entry and exit
      add_once(calls, event.name.substr(event.name.find('_', event.name.find('_') + 1) + 1));
    } else {
      add_once(events, lttng_name(event));
    }
  }
  std::string out =
      "lttng create swerve --output=\"$PWD/lttng-trace\"\n"
      "lttng enable-channel -k --subbuf-size=2M --num-subbuf=8 swerve\n";
  if (!events.empty()) out += cat("lttng enable-event -k -c swerve ", join(events, ","), "\n");
  if (!calls.empty())
    out += cat("lttng enable-event -k -c swerve --syscall ", join(calls, ","), "\n");
  return cat(out, "lttng add-context -k -c swerve -t tid -t pid -t procname\nlttng start\nsleep ",
             options.seconds, "\nlttng destroy swerve\n", check_line(options, "lttng-trace"));
}

}  // namespace

std::optional<RecordedKind> EventFormats::find(const std::string& system,
                                               const std::string& name) const {
  std::optional<RecordedKind> out = read_format(tracefs_, system, name);
  if (!out) out = known_event(system, name);
  // LTTng reads the texts behind pointers; and a list is for formats that are not known.
  if (out && (tool_ == Tool::lttng || tool_ == Tool::list)) {
    for (RecordedField& field : out->fields) field.form = RecordedField::Form::word;
  }
  return out;
}

std::size_t Needs::event(const std::string& system, const std::string& name,
                         const EventFormats& formats) {
  const std::optional<RecordedKind> kind = formats.find(system, name);
  const std::string of = kind ? kind->system : system;
  for (std::size_t i = 0; i < events.size(); ++i)
    if (events[i].system == of && events[i].name == name) return i;
  events.push_back({of, name, {}});
  return events.size() - 1;
}

std::vector<EventName> Needs::events_of(const Definition& definition, const Probe& probe) {
  std::vector<EventName> out = events_to_record(probe);
  if (out.empty())
    add_once(lacking, cat(definition.name, ": ", probe.text(),
                          " is a function of the kernel, and tracers record events"));
  return out;
}

void Needs::add(const BoundMonitor& monitor, const TypeSource& types, const EventFormats& formats) {
  const std::vector<EntryCall> calls = entry_calls(monitor);
  const auto add_event = [&](const EventName& one) {
    const std::optional<RecordedKind> kind = formats.find(one.system, one.name);
    if (!kind) {
      (void)event(one.system, one.name, formats);
      return;
    }
    const Plan plan = make_plan(monitor, calls, types, *kind);
    if (plan.empty()) return;  // the entry of a call of which only the exit's own field is read
    const std::size_t number = event(one.system, one.name, formats);
    for (const std::string& what : plan.lacking)
      add_once(lacking, cat(monitor.definition.name, ": ", what));
    for (const int leaf : needed_leaves(plan)) {
      const FieldSource& source = plan.leaves[static_cast<std::size_t>(leaf)].source;
      process |= source.from == FieldSource::From::process;
      thread_name |= source.from == FieldSource::From::thread_name;
      if (source.from == FieldSource::From::field)
        add_once(events[number].fields, kind->fields[static_cast<std::size_t>(source.field)].name);
    }
  };
  for (const Binding& binding : monitor.bindings) {
    for (const EventName& one : events_of(monitor.definition, binding.probe)) add_event(one);
  }
  // The numbers of threads are used again: a new one begins unmonitored.
  if (monitor.definition.scope == Scope::task) add_event({"task", "task_newtask"});
}

void Needs::add(const Definition& definition, const EventFormats& formats) {
  for (const BindingText& binding : definition.on) {
    for (const EventName& one : events_of(definition, binding.probe))
      event(one.system, one.name, formats);
  }
  if (definition.scope == Scope::task) event("task", "task_newtask", formats);
}

Result<std::string> recipe(const Needs& needs, const EventsOptions& options) {
  switch (options.tool) {
    case Tool::list:
      return list(needs);
    case Tool::ftrace:
      return ftrace(needs, options);
    case Tool::trace_cmd:
      return trace_cmd(needs, options);
    case Tool::perf:
      return perf(needs, options);
    case Tool::lttng:
      return lttng(needs, options);
  }
  return std::string();
}

namespace {

/// What the tracers record of the events that the definitions name, where it is known.
std::vector<RecordedKind> kinds_of(const CheckedDefinitions& definitions,
                                   const EventFormats& formats) {
  std::vector<RecordedKind> out;
  for (const ReadMonitor& one : definitions.read) {
    const Definition* const definition = one.whole_or_draft();
    if (definition == nullptr) continue;
    for (const BindingText& binding : definition->on) {
      if (!binding.whole) continue;
      for (const EventName& event : events_to_record(binding.probe)) {
        if (const auto kind = formats.find(event.system, event.name)) out.push_back(*kind);
      }
    }
  }
  return out;
}

/// What is needed; nothing when that could not be told, which has been said then.
std::optional<Needs> needs_of(const CheckedDefinitions& definitions, const EventFormats& formats) {
  const std::vector<RecordedKind> kinds = kinds_of(definitions, formats);
  const RecordedCatalog catalog(definitions.base.get(), kinds);
  const bool known = definitions.known(kinds);
  Needs needs;
  bool wrong = false;
  for (const ReadMonitor& one : definitions.read) {
    const BindOutcome bound = bind_read(one, catalog);
    if (bound.monitor) {
      needs.add(*bound.monitor, catalog, formats);
    } else if (one.definition && !has_errors(one.diagnostics) && !known) {
      complain(cat(escape(one.definition->path),
                   ": not all of its events are known here, so their fields are not told"));
      needs.add(*one.definition, formats);
    } else {
      show(bound.diagnostics);
      wrong = true;
    }
  }
  for (const std::string& what : needs.lacking) complain(escape(what));
  return wrong || !needs.lacking.empty() ? std::nullopt : std::optional(std::move(needs));
}

Result<int> run(const EventsOptions& options) {
  SWERVE_TRY_ASSIGN(const CheckedDefinitions definitions,
                    read_definitions(options.monitors, options.folders));
  const std::optional<Needs> needs = needs_of(definitions, EventFormats("", options.tool));
  if (!needs) return kFailed;
  SWERVE_TRY_ASSIGN(const std::string text, recipe(*needs, options));
  return finish(text, 0);
}

}  // namespace

int run_events(const EventsOptions& options) {
  const Result<int> status = run(options);
  if (!status) complain(status.error().message());
  return status ? *status : kFailed;
}

}  // namespace swerve
