#include "monitor/verdict_json.h"

#include "base/text.h"

namespace swerve {
namespace {

void task_members(JsonObject& out, const TaskInfo& task, bool recorded) {
  out.number("tid", task.tid);
  if (!recorded || task.tgid != 0 || task.tid == 0) out.number("tgid", task.tgid);
  out.text("comm", task.comm);
}

/// The members that steps and violations share, up to the event. Of what was found in a recording,
/// what that does not tell is left out.
JsonObject occurrence(std::string_view type, const Occurrence& what, bool recorded) {
  JsonObject out;
  out.text("type", type);
  out.number("time_ns", what.time.ns);
  out.text("monitor", what.monitor);
  out.text("scope", scope_name(what.id.scope));
  if (what.id.scope == Scope::object) {
    out.text("id", key_text(what));  // 64 bits: more than a JSON number carries safely
  } else if (what.id.scope != Scope::global) {
    out.number("id", what.id.key);
  }
  if (what.task) task_members(out, *what.task, recorded);
  out.number("cpu", what.cpu);
  if (!recorded || what.by.tid != kUnknownThread) {
    JsonObject by;
    task_members(by, what.by, recorded);
    out.raw("by", by.str());
  }
  out.text("state", what.state);
  if (!what.states.empty()) out.raw("states", states_json(what.states));
  out.text("event", what.event);
  return out;
}

std::string end(JsonObject& out, std::string_view file) {
  if (!file.empty()) out.text("file", file);
  return out.str() + "\n";
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

std::string states_json(const std::vector<StateOrNone>& states) {
  std::vector<std::string> out;
  out.reserve(states.size());
  for (const StateOrNone& state : states) out.push_back(state ? json_string(*state) : "null");
  return cat("[", join(out, ","), "]");
}

std::string step_json(const Step& step, std::string_view file) {
  JsonObject out = occurrence("step", step, !file.empty());
  out.text("next", step.next);
  if (!step.nexts.empty()) out.raw("nexts", states_json(step.nexts));
  out.boolean("final", step.final);
  return end(out, file);
}

std::string violation_json(const Violation& violation, std::string_view file) {
  JsonObject out = occurrence("violation", violation, !file.empty());
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
  return end(out, file);
}

std::string inconclusive_json(const Inconclusive& inconclusive, std::string_view file) {
  JsonObject out = occurrence("inconclusive", inconclusive, !file.empty());
  out.texts("violating", inconclusive.violating);
  std::vector<std::string> why;
  if (has(inconclusive.why, Doubt::lost)) why.emplace_back("lost");
  if (has(inconclusive.why, Doubt::value)) why.emplace_back("value");
  if (has(inconclusive.why, Doubt::unknown)) why.emplace_back("unknown");
  out.texts("why", why);
  return end(out, file);
}

}  // namespace swerve
