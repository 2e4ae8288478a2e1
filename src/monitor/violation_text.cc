#include "monitor/violation_text.h"

#include <algorithm>
#include <charconv>
#include <ctime>

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

/// "bash, tid 1234 (tgid 1200)"; a process' first thread needs its number once only.
std::string task_text(const TaskInfo& task) {
  std::string text = cat(escape(task.comm), ", tid ", task.tid);
  if (task.tgid != task.tid) text += cat(" of process ", task.tgid);
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
        cat(pad_left(std::to_string(i + 1), number_width), ". ",
            pad_right(steps[i].state, state_width), " -- ", pad_right(steps[i].event, event_width),
            last ? " -x not allowed" : " -> " + steps[i].next));
  }
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
      row(out, "object", cat(violation.id.key, " (", hex(violation.id.key), ")"));
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

}  // namespace swerve
