#include "app/json_report.h"

#include "base/text.h"

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

}  // namespace swerve
