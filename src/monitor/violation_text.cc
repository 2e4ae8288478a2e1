#include "swerve/monitor/violation_text.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>

#include "base/text.h"

namespace swerve {
namespace {

constexpr std::string_view kIndent = "  ";
constexpr std::size_t kLabelWidth = 10;

void row(std::string& out, std::string_view label, std::string_view text) {
  out += cat(kIndent, pad_right(label, kLabelWidth), text, "\n");
}

std::string names(const std::vector<std::string>& events) {
  return events.empty() ? "nothing" : join(events);
}

/// "bash, tid 1234 of process 1200"; a process' first thread needs its number once only. What is
/// not recorded is left out.
std::string task_text(const TaskInfo& task) {
  if (task.tid == kUnknownThread) return "a task that is not recorded";
  std::string text = task.comm.empty() ? std::string() : escape(task.comm) + ", ";
  text += cat("tid ", task.tid);
  if (task.tgid != task.tid && task.tgid != 0) text += cat(" of process ", task.tgid);
  return text;
}

/// "0x1f"
std::string hex(std::uint64_t number) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, 16).ptr;
  return cat("0x", std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

void way_rows(std::string& out, const Violation& violation) {
  std::vector<PathStep> steps = violation.path;
  std::string head;
  if (steps.empty() && !violation.states.empty()) {
    head = "not certain";
  } else if (steps.empty()) {
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
        cat(pad_left(std::to_string(i + 1), number_width), ". ",
            pad_right(steps[i].state, state_width), " -- ", pad_right(steps[i].event, event_width),
            last ? " -x not allowed" : " -> " + steps[i].next));
  }
}

/// Whose instance it is: what it is called, and which.
std::pair<std::string_view, std::string> who(const Occurrence& what) {
  switch (what.id.scope) {
    case Scope::global:
      break;
    case Scope::cpu:
      return {"who", cat("CPU ", what.id.key)};
    case Scope::task:
      return {"task", what.task ? task_text(*what.task) : cat("tid ", what.id.key)};
    case Scope::object:
      if (!what.object.empty()) return {"object", escape(what.object)};
      return {"object", cat(what.id.key, " (", hex(what.id.key), ")")};
  }
  return {"who", "the whole system"};
}

std::string report(const Violation& violation, std::string_view description,
                   std::string_view time) {
  std::string out = violation_sentence(violation) + "\n";
  row(out, "monitor", cat(escape(violation.monitor), ": ", escape(description)));
  row(out, "time", time);
  const auto [label, text] = who(violation);
  row(out, label, text);
  std::string where = cat("CPU ", violation.cpu);
  if (violation.task && violation.task->tid == violation.by.tid) {
    where += ", by the task itself";
  } else {
    where += cat(", by ", task_text(violation.by));
  }
  row(out, "where", where);
  row(out, "state", escape(violation.state));
  if (!violation.states.empty())
    row(out, "", "which of them is not certain, and what was before is not either");
  row(out, "event", escape(violation.event));
  row(out, "allowed", names(violation.expected));
  way_rows(out, violation);
  if (!violation.source.empty()) row(out, "source", escape(violation.source));
  std::string_view beside = "stack";
  for (const std::string& frame : violation.stack) {
    row(out, beside, escape(frame));
    beside = "";
  }
  return out + "\n";
}

}  // namespace

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
  const std::string digits = std::to_string(rest);
  return cat(day, ".", std::string(9 - digits.size(), '0'), digits, " ", zone);
}

std::string violation_sentence(const Violation& violation) {
  return cat(escape(violation.monitor), ": '", escape(violation.event),
             "' is not allowed in state '", escape(violation.state),
             "'; allowed there: ", names(violation.expected));
}

std::string recorded_time_text(TimeNs time, std::string_view clock) {
  if (clock == "unix") return wall_time_text(static_cast<std::int64_t>(time.ns));
  return cat(seconds_text(time), " (", escape(clock), clock.empty() ? "" : " ",
             "clock of the recording)");
}

std::string violation_text(const Violation& violation, std::string_view description,
                           std::int64_t realtime_offset_ns) {
  return report(
      violation, description,
      cat(wall_time_text(static_cast<std::int64_t>(violation.time.ns) + realtime_offset_ns),
          ", monotonic ", seconds_text(violation.time)));
}

std::string recorded_violation_text(const Violation& violation, std::string_view description,
                                    std::string_view clock) {
  return report(violation, description, recorded_time_text(violation.time, clock));
}

std::string inconclusive_text(const Inconclusive& inconclusive, std::string_view clock) {
  std::vector<std::string> why;
  if (has(inconclusive.why, Doubt::lost)) why.emplace_back("events before it were lost");
  if (has(inconclusive.why, Doubt::value)) why.emplace_back("a recorded value says too little");
  if (has(inconclusive.why, Doubt::unknown))
    why.emplace_back("it is not recorded whom an event was about");
  const auto [label, text] = who(inconclusive);
  return cat(escape(inconclusive.monitor), ": inconclusive: '", escape(inconclusive.event),
             "' in state ", escape(inconclusive.state), ", not allowed in ",
             escape(join(inconclusive.violating)), "; ", label == "who" ? "" : label,
             label == "who" ? "" : " ", text, "; CPU ", inconclusive.cpu, "; time ",
             recorded_time_text(inconclusive.time, clock), "; because ", join(why, ", and "), "\n");
}

}  // namespace swerve
