#include "app/json_report.h"

#include "base/text.h"
#include "monitor/verdict_json.h"

namespace swerve {
namespace {

void counts(JsonObject& out, const MonitorStats& stats) {
  out.number("refused", stats.refused);
  out.number("raced", stats.raced);
  out.number("lost", stats.lost);
  out.number("missed", stats.missed);
  out.number("compat", stats.compat);
}

}  // namespace

std::string inconclusive_json(const MonitorSummary& monitor, TimeNs time) {
  JsonObject out;
  out.text("type", "inconclusive").number("time_ns", time.ns).text("monitor", monitor.monitor);
  out.text("scope", scope_name(monitor.scope));
  out.texts("reasons", losses(monitor));
  counts(out, monitor.stats);
  out.number("unread", monitor.unread);
  return out.str() + "\n";
}

std::string summary_json(const Summary& summary) {
  std::vector<std::string> monitors;
  bool incomplete = false;
  for (const MonitorSummary& monitor : summary.monitors) {
    const MonitorStats& stats = monitor.stats;
    JsonObject one;
    one.text("monitor", monitor.monitor).text("scope", scope_name(monitor.scope));
    one.number("events", stats.events).number("violations", stats.violations);
    one.number("started", stats.started).number("instances", stats.instances);
    counts(one, stats);
    one.boolean("incomplete", monitor.incomplete());
    one.number("hidden", monitor.hidden).number("unread", monitor.unread);
    const ReactionCounts& reactions = monitor.reactions;
    one.text("reactor", monitor.reactor).number("reactions", monitor.asked());
    one.number("reaction_failures", reactions.failed)
        .number("reactions_done", reactions.reactions)
        .number("reactions_suppressed", reactions.suppressed)
        .number("reactions_dropped", reactions.dropped)
        .number("reactions_cancelled", reactions.cancelled)
        .number("reactions_silenced", reactions.silenced)
        .number("reactions_dry_run", reactions.dry_run)
        .number("reactions_waiting", reactions.waiting);
    monitors.push_back(one.str());
    incomplete = incomplete || monitor.incomplete();
  }
  JsonObject out;
  out.text("type", "summary").number("time_ns", summary.ended.ns);
  out.number("duration_ns", summary.ended.ns - summary.armed.ns);
  out.integer("realtime_offset_ns", summary.realtime_offset_ns);
  out.number("violations", summary.violations()).boolean("incomplete", incomplete);
  out.number("unprinted", summary.unprinted());
  out.raw("monitors", cat("[", join(monitors, ","), "]"));
  return out.str() + "\n";
}

std::string summary_json(const CheckedTrace& trace) {
  std::vector<std::string> monitors;
  for (const CheckedMonitor& one : trace.monitors) {
    const UnsureCounters& counters = one.counters;
    JsonObject out;
    out.text("monitor", one.monitor).text("scope", scope_name(one.scope));
    out.number("events", counters.events).number("violations", counters.violations);
    out.number("inconclusive", counters.inconclusive).number("unsure", counters.unsure);
    out.number("started", counters.started).number("instances", counters.instances);
    out.number("refused", counters.refused).number("unknown_tasks", one.unknown_tasks);
    out.texts("never_met", one.never_met);
    if (!one.error.empty()) out.text("error", one.error);
    monitors.push_back(out.str());
  }
  std::vector<std::string> holes;
  for (const HolesOfCpu& one : trace.holes) {
    JsonObject out;
    if (one.cpu != kEveryCpu) out.number("cpu", one.cpu);
    out.number("holes", one.holes).number("lost", one.lost);
    holes.push_back(out.str());
  }
  JsonObject out;
  out.text("type", "summary").text("file", trace.file);
  out.text("format", trace.format).text("clock", trace.clock);
  out.number("time_ns", trace.last.ns).number("duration_ns", trace.last.ns - trace.first.ns);
  out.number("violations", trace.violations()).number("inconclusive", trace.inconclusive());
  const std::vector<std::string> doubts = trace.doubts();
  out.boolean("incomplete", !trace.whole() || !doubts.empty()).texts("reasons", doubts);
  out.number("status", static_cast<std::uint64_t>(trace.status()));
  out.number("events_read", trace.events).number("late", trace.late);
  out.number("not_understood", trace.not_understood);
  out.raw("holes", cat("[", join(holes, ","), "]"));
  if (!trace.error.empty()) out.text("error", trace.error);
  out.raw("monitors", cat("[", join(monitors, ","), "]"));
  return out.str() + "\n";
}

std::string unfinished_json(const CheckedMonitor& monitor, std::string_view file) {
  std::string all;
  for (const Unfinished& one : monitor.unfinished) {
    const InstanceId id = one.live.key.id(monitor.scope);
    JsonObject out;
    out.text("type", "unfinished").text("monitor", monitor.monitor);
    out.text("scope", scope_name(monitor.scope));
    if (id.scope == Scope::object) {
      out.text("id", one.object.empty() ? std::to_string(id.key) : one.object);
    } else if (id.scope != Scope::global) {
      out.number("id", id.key);
    }
    if (id.scope == Scope::task && id.key == 0)
      out.number("cpu", one.live.key.value() & 0xffffffff);
    if (!one.comm.empty()) out.text("comm", one.comm);
    out.text("state", set_text(one.live.states));
    if (one.live.states.size() > 1) out.raw("states", states_json(one.live.states));
    out.number("events", one.live.events);
    if (!file.empty()) out.text("file", file);
    all += out.str() + "\n";
  }
  return all;
}

}  // namespace swerve
