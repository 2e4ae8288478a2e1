#include "monitor/verdict_json.h"

#include "base/text.h"

namespace swerve {
namespace {

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

std::string lost_json(std::string_view monitor, std::string_view what, std::uint64_t count) {
  JsonObject out;
  out.text("type", "lost");
  if (!monitor.empty()) out.text("monitor", monitor);
  return out.number(what, count).str() + "\n";
}

}  // namespace

std::string lost_lines_json(std::string_view monitor, std::uint64_t lines) {
  return lost_json(monitor, "lines", lines);
}

std::string lost_reports_json(std::string_view monitor, std::uint64_t reports) {
  return lost_json(monitor, "reports", reports);
}

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
  out.raw("path", cat("[", join(path, ","), "]"));
  out.number("events", violation.events);
  if (!violation.stack.empty()) out.texts("stack", violation.stack);
  if (!violation.source.empty()) out.text("source", violation.source);
  if (violation.reacted) out.integer("reacted", *violation.reacted);
  return out.str() + "\n";
}

}  // namespace swerve
