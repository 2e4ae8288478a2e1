#include "app/report.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"

namespace swerve {
namespace {

/// What became of reactions but being done well.
std::vector<std::string> reaction_notes(const MonitorSummary& monitor) {
  const ReactionCounts& counts = monitor.reactions;
  std::vector<std::string> out;
  const auto many = [&](std::uint64_t count) {
    return cat(plural(count, "reaction", "reactions"), " (", escape(monitor.reactor), ") ");
  };
  const auto note = [&](std::uint64_t count, std::string_view one, std::string_view several) {
    if (count != 0) out.push_back(cat(many(count), count == 1 ? one : several));
  };
  if (counts.failed != 0)
    out.push_back(
        cat(counts.failed, " of ", many(counts.reactions), "failed: ", escape(counts.last_error)));
  note(counts.suppressed, "was suppressed by its limit", "were suppressed by its limit");
  note(counts.dropped, "was dropped: it came faster than they are done",
       "were dropped: they came faster than they are done");
  note(counts.cancelled, "was cancelled before its turn", "were cancelled before their turn");
  note(counts.silenced, "was not done: reacting was off", "were not done: reacting was off");
  note(counts.dry_run, "would have been done (dry run)", "would have been done (dry run)");
  note(counts.waiting, "is still being done", "are still being done");
  return out;
}

std::string instance_text(Scope scope, const Unfinished& one) {
  const InstanceId id = one.live.key.id(scope);
  switch (scope) {
    case Scope::global:
      break;
    case Scope::cpu:
      return cat("CPU ", id.key);
    case Scope::task:
      if (id.key == 0) return cat("the idle task of CPU ", one.live.key.value() & 0xffffffff);
      return cat(one.comm.empty() ? "" : escape(one.comm) + ", ", "tid ", id.key);
    case Scope::object:
      return cat("object ", one.object.empty() ? cat(id.key) : escape(one.object));
  }
  return "the whole system";
}

/// The last line: what may be said of the trace as a whole.
std::string conclusion(const CheckedTrace& trace) {
  const std::string file = trace_name(trace.file);
  const std::string where = trace.whole() ? file : cat("the part of ", file, " that was checked");
  if (trace.violations() != 0)
    return cat(plural(trace.violations(), "violation", "violations"), " in ", where, ".");
  if (trace.inconclusive() != 0)
    return cat("no violation in ", where, " is certain; ", trace.inconclusive(), " may be.");
  if (!trace.doubts().empty())
    return cat("no violation was found in ", where, ", but there may have been some.");
  return cat("no violation in ", where, ".");
}

}  // namespace

std::string trace_name(const std::string& file) {
  return file == "-" ? "standard input" : escape(file);
}

std::string plural(std::uint64_t count, std::string_view one, std::string_view many) {
  return cat(count, " ", count == 1 ? one : many);
}

std::uint64_t MonitorSummary::asked() const {
  if (reactor == "nop") return reported;  // it has no counts
  const ReactionCounts& r = reactions;
  return r.reactions + r.suppressed + r.dropped + r.cancelled + r.silenced + r.dry_run + r.waiting;
}

std::uint64_t Summary::unprinted() const {
  std::uint64_t sum = 0;
  for (const MonitorSummary& monitor : monitors)
    if (monitor.reactor == "printk") sum += monitor.reactions.suppressed;
  return sum;
}

std::uint64_t Summary::violations() const {
  std::uint64_t sum = 0;
  for (const MonitorSummary& monitor : monitors) sum += monitor.stats.violations;
  return sum;
}

std::vector<std::string> losses(const MonitorSummary& monitor) {
  const MonitorStats& stats = monitor.stats;
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
  if (monitor.unread != 0)
    out.push_back(plural(monitor.unread, "line was", "lines were") +
                  " not read in time: counted, not shown");
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
    for (const std::string& line : reaction_notes(monitor)) note(line);
    const std::vector<std::string> lost = losses(monitor);
    for (const std::string& loss : lost) note("lost: " + loss);
    if (!lost.empty()) incomplete.push_back(escape(monitor.monitor));
  }
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

std::string summary_text(const CheckedTrace& trace) {
  std::size_t width = 0;
  for (const CheckedMonitor& one : trace.monitors) width = std::max(width, one.monitor.size());
  std::string out;
  for (const CheckedMonitor& one : trace.monitors) {
    const UnsureCounters& counters = one.counters;
    out += fmt::format("{:<{}}  {}, {}", escape(one.monitor), width,
                       plural(counters.events, "event", "events"),
                       plural(counters.violations, "violation", "violations"));
    if (counters.inconclusive != 0) out += cat(", ", counters.inconclusive, " inconclusive");
    out += cat("; ", plural(counters.instances, "instance", "instances"), " at the end, ",
               plural(counters.started, "start", "starts"), "\n");
    const auto note = [&](std::string_view text) {
      out += fmt::format("{:<{}}  {}\n", "", width, text);
    };
    if (counters.unsure != 0)
      note(cat("after ", plural(counters.unsure, "event", "events"), " the state was not certain"));
    if (one.unknown_tasks != 0)
      note(cat(plural(one.unknown_tasks, "event was", "events were"),
               " about a task that is not recorded"));
    if (!one.error.empty()) note(cat("given up: ", one.error));
  }
  out += trace_name(trace.file);
  if (!trace.format.empty()) out += cat(": ", escape(trace.format));
  if (!trace.clock.empty()) out += cat(", ", escape(trace.clock), " clock");
  out += cat(", ", plural(trace.events, "event", "events"));
  if (trace.taken != 0)
    out += fmt::format(", {} to {} ({:.3f} s)", seconds_text(trace.first), seconds_text(trace.last),
                       static_cast<double>(trace.last.ns - trace.first.ns) / 1e9);
  out += "\n";
  for (const std::string& doubt : trace.doubts()) out += cat("  ", doubt, "\n");
  if (!trace.error.empty()) out += cat("  not wholly read: ", trace.error, "\n");
  return out + conclusion(trace) + "\n";
}

std::string unfinished_text(const CheckedMonitor& monitor) {
  if (monitor.unfinished.empty()) return {};
  std::string out = cat(escape(monitor.monitor), ": ",
                        plural(monitor.unfinished.size(), "instance is", "instances are"),
                        " in no final state at the end\n");
  for (const Unfinished& one : monitor.unfinished)
    out += cat("  ", instance_text(monitor.scope, one), " in ", escape(set_text(one.live.states)),
               ", after ", plural(one.live.events, "transition", "transitions"), "\n");
  return out;
}

}  // namespace swerve
