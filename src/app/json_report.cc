#include "app/json_report.h"

#include "base/text.h"

namespace swerve {
namespace {

std::string array(const std::vector<std::string>& json) { return cat("[", join(json, ","), "]"); }

/// The members that steps and violations share, up to the event.
JsonObject occurrence(std::string_view type, const Occurrence& what) {
  JsonObject out;
  out.text("type", type);
  out.number("time_ns", what.time.ns);
  out.text("monitor", what.monitor);
  out.text("scope", scope_name(what.id.scope));
  if (what.id.scope == Scope::object) {
    out.text("id", std::to_string(what.id.key));  // 64 bits: more than a JSON number carries safely
  } else if (what.id.scope != Scope::global) {
    out.number("id", what.id.key);
  }
  if (what.task)
    out.number("tid", what.task->tid).number("tgid", what.task->tgid).text("comm", what.task->comm);
  out.number("cpu", what.cpu);
  JsonObject by;
  by.number("tid", what.by.tid).number("tgid", what.by.tgid).text("comm", what.by.comm);
  out.raw("by", by.str());
  out.text("state", what.state);
  out.text("event", what.event);
  return out;
}

void counts(JsonObject& out, const MonitorStats& stats) {
  out.number("refused", stats.refused);
  out.number("raced", stats.raced);
  out.number("lost", stats.lost);
  out.number("missed", stats.missed);
  out.number("compat", stats.compat);
}

}  // namespace

std::string step_json(const Step& step) {
  JsonObject out = occurrence("step", step);
  out.text("next", step.next);
  out.boolean("final", step.final);
  return out.str() + "\n";
}

std::string violation_json(const Violation& violation) {
  JsonObject out = occurrence("violation", violation);
  out.texts("expected", violation.expected);
  std::vector<std::string> path;
  for (const PathStep& step : violation.path) {
    JsonObject one;
    path.push_back(
        one.text("state", step.state).text("event", step.event).text("next", step.next).str());
  }
  out.raw("path", array(path));
  out.number("events", violation.events);
  if (!violation.stack.empty()) out.texts("stack", violation.stack);
  if (!violation.source.empty()) out.text("source", violation.source);
  return out.str() + "\n";
}

std::string inconclusive_json(const MonitorSummary& monitor, TimeNs time) {
  JsonObject out;
  out.text("type", "inconclusive").number("time_ns", time.ns).text("monitor", monitor.monitor);
  out.text("scope", scope_name(monitor.scope));
  out.texts("reasons", losses(monitor.stats));
  counts(out, monitor.stats);
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
    one.boolean("incomplete", stats.incomplete());
    one.number("hidden", monitor.hidden);
    one.text("reactor", monitor.reactor);
    one.number("reactions", monitor.reactions)
        .number("reaction_failures", monitor.reaction_failures);
    monitors.push_back(one.str());
    incomplete = incomplete || stats.incomplete();
  }
  JsonObject out;
  out.text("type", "summary").number("time_ns", summary.ended.ns);
  out.number("duration_ns", summary.ended.ns - summary.armed.ns);
  out.integer("realtime_offset_ns", summary.realtime_offset_ns);
  out.number("violations", summary.violations()).boolean("incomplete", incomplete);
  out.number("unprinted", summary.unprinted);
  out.raw("monitors", array(monitors));
  return out.str() + "\n";
}

}  // namespace swerve
