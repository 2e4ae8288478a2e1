#include "app/report.h"

#include <fmt/core.h>

#include <ctime>

#include "base/text.h"

namespace swerve {
namespace {

constexpr std::string_view kIndent = "  ";
constexpr std::size_t kLabelWidth = 10;

void row(std::string& out, std::string_view label, std::string_view text) {
  out += fmt::format("{}{:<{}}{}\n", kIndent, label, kLabelWidth, text);
}

std::string names(const std::vector<std::string>& events) {
  return events.empty() ? "nothing" : join(events);
}

/// "bash, tid 1234 (tgid 1200)"; a process' first thread needs its number once only.
std::string task_text(const TaskInfo& task) {
  std::string text = cat(escape(task.comm), ", tid ", task.tid);
  if (task.tgid != task.tid) text += cat(" of process ", task.tgid);
  return text;
}

std::string plural(std::uint64_t count, std::string_view one, std::string_view many) {
  return cat(count, " ", count == 1 ? one : many);
}

void way_rows(std::string& out, const Violation& violation) {
  std::vector<PathStep> steps = violation.path;
  std::string head;
  if (steps.empty()) {
    head = "it had just begun to be monitored";
  } else if (violation.events > steps.size()) {
    head = cat("the last ", steps.size(), " of ", violation.events,
               " transitions since it began to be monitored");
  } else {
    head = cat("all it did since it began to be monitored");
  }
  row(out, "the way", head);
  steps.push_back({violation.state, violation.event, ""});
  std::size_t state_width = 0, event_width = 0;
  for (const PathStep& step : steps) {
    state_width = std::max(state_width, step.state.size());
    event_width = std::max(event_width, step.event.size());
  }
  const std::size_t number_width = std::to_string(steps.size()).size();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool last = i + 1 == steps.size();
    row(out, "",
        fmt::format("{:>{}}. {:<{}} -- {:<{}} {} {}", i + 1, number_width, steps[i].state,
                    state_width, steps[i].event, event_width, last ? "-x" : "->",
                    last ? "not allowed" : steps[i].next));
  }
}

}  // namespace

std::uint64_t Summary::violations() const {
  std::uint64_t sum = 0;
  for (const MonitorSummary& monitor : monitors) sum += monitor.stats.violations;
  return sum;
}

std::string wall_time_text(std::int64_t unix_ns) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  std::int64_t seconds = unix_ns / kSecond;
  std::int64_t rest = unix_ns % kSecond;
  if (rest < 0) {
    rest += kSecond;
    --seconds;
  }
  const std::time_t time = seconds;
  std::tm local{};
  char day[32] = "?", zone[8] = "?";
  if (::localtime_r(&time, &local) != nullptr) {
    (void)std::strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", &local);
    (void)std::strftime(zone, sizeof zone, "%z", &local);
  }
  return fmt::format("{}.{:09} {}", day, rest, zone);
}

std::string violation_sentence(const Violation& violation) {
  return cat(escape(violation.monitor), ": '", escape(violation.event),
             "' is not allowed in state '", escape(violation.state),
             "'; allowed there: ", names(violation.expected));
}

std::string violation_text(const Violation& violation, std::string_view description,
                           std::int64_t realtime_offset_ns) {
  std::string out = violation_sentence(violation) + "\n";
  row(out, "monitor", cat(escape(violation.monitor), ": ", escape(description)));
  row(out, "time",
      cat(wall_time_text(static_cast<std::int64_t>(violation.time.ns) + realtime_offset_ns),
          ", monotonic ", seconds_text(violation.time)));
  switch (violation.id.scope) {
    case Scope::global:
      row(out, "who", "the whole system");
      break;
    case Scope::cpu:
      row(out, "who", cat("CPU ", violation.id.key));
      break;
    case Scope::task:
      row(out, "task", violation.task ? task_text(*violation.task) : cat("tid ", violation.id.key));
      break;
    case Scope::object:
      row(out, "object", fmt::format("{} ({:#x})", violation.id.key, violation.id.key));
      break;
  }
  std::string where = cat("CPU ", violation.cpu);
  if (violation.task && violation.task->tid == violation.by.tid) {
    where += ", by the task itself";
  } else {
    where += cat(", by ", task_text(violation.by));
  }
  row(out, "where", where);
  row(out, "state", escape(violation.state));
  row(out, "event", escape(violation.event));
  row(out, "allowed", names(violation.expected));
  way_rows(out, violation);
  if (!violation.source.empty()) row(out, "source", escape(violation.source));
  std::string_view label = "stack";
  for (const std::string& frame : violation.stack) {
    row(out, label, escape(frame));
    label = "";
  }
  return out + "\n";
}

std::vector<std::string> losses(const MonitorStats& stats) {
  std::vector<std::string> out;
  if (stats.refused != 0)
    out.push_back(plural(stats.refused, "instance", "instances") +
                  " found no room and went unmonitored");
  if (stats.raced != 0)
    out.push_back(plural(stats.raced, "instance was", "instances were") +
                  " reset because several CPUs changed the state at once");
  if (stats.lost != 0)
    out.push_back(plural(stats.lost, "report", "reports") +
                  " found the ring full: counted, not shown");
  if (stats.missed != 0)
    out.push_back(plural(stats.missed, "event was", "events were") +
                  " not seen: the kernel skipped the program");
  if (stats.compat != 0)
    out.push_back(plural(stats.compat, "32-bit system call was", "32-bit system calls were") +
                  " left out");
  return out;
}

std::string summary_text(const Summary& summary) {
  std::size_t width = 0;
  for (const MonitorSummary& monitor : summary.monitors)
    width = std::max(width, monitor.monitor.size());
  std::string out;
  std::vector<std::string> incomplete;
  for (const MonitorSummary& monitor : summary.monitors) {
    const MonitorStats& stats = monitor.stats;
    out += fmt::format("{:<{}}  {}, {}", escape(monitor.monitor), width,
                       plural(stats.events, "event", "events"),
                       plural(stats.violations, "violation", "violations"));
    out += cat("; ", plural(stats.instances, "instance", "instances"), " now, ",
               plural(stats.started, "start", "starts"), "\n");
    const auto note = [&](std::string_view text) {
      out += fmt::format("{:<{}}  {}\n", "", width, text);
    };
    if (monitor.hidden != 0)
      note(plural(monitor.hidden, "violation", "violations") +
           " of swerve itself not shown (-s shows them)");
    if (monitor.reaction_failures != 0)
      note(cat(monitor.reaction_failures, " of ",
               plural(monitor.reactions, "reaction", "reactions"), " (", monitor.reactor,
               ") failed: ", escape(monitor.reaction_error)));
    const std::vector<std::string> lost = losses(stats);
    for (const std::string& loss : lost) note("lost: " + loss);
    if (!lost.empty()) incomplete.push_back(escape(monitor.monitor));
  }
  if (summary.unprinted != 0)
    out += cat("The limit of reactor printk kept ", plural(summary.unprinted, "line", "lines"),
               " out of the kernel's log.\n");
  if (!incomplete.empty())
    out += cat("Verdicts of ", join(incomplete), " may rest on what was lost.\n");
  const std::uint64_t violations = summary.violations();
  const double seconds = static_cast<double>(summary.ended.ns - summary.armed.ns) / 1e9;
  out += fmt::format(
      "{} in {:.3f} s of watching {}.\n",
      violations == 0 ? std::string("no violation") : plural(violations, "violation", "violations"),
      seconds, plural(summary.monitors.size(), "monitor", "monitors"));
  return out;
}

}  // namespace swerve
