#include "monitor/columns.h"

#include "base/text.h"

namespace swerve {
namespace {

constexpr std::size_t kTask = 16, kPid = 8, kId = 8, kState = 24;

/// Type and id: "event " or "event_wwnr ", then the id, or blanks where this monitor has none.
std::string kind(const Columns& columns, std::string_view type, const Occurrence& what) {
  std::string out(type);
  if (columns.several) out += cat("_", escape(what.monitor));
  out += ' ';
  if (columns.with_id)
    out += pad_left(has_id(what.id.scope) ? escape(key_text(what)) : "", kId) + " ";
  return out;
}

/// Blank where a recording does not tell who ran.
std::string tid(const TaskInfo& task) {
  return task.tid == kUnknownThread ? std::string() : std::to_string(task.tid);
}

/// "[003] "
std::string cpu(const Occurrence& what) {
  const std::string number = std::to_string(what.cpu);
  return cat("[", std::string(number.size() < 3 ? 3 - number.size() : 0, '0'), number, "] ");
}

/// What is not a step: no task's name, and nothing after the event.
std::string short_line(const Columns& columns, std::string_view type, const Occurrence& what) {
  return cat(pad_left(tid(what.by), kPid), " ", cpu(what), kind(columns, type, what),
             pad_left(escape(what.state), kState), " x ", escape(what.event), "\n");
}

}  // namespace

std::string Columns::header() const {
  std::string out = cat(pad_left("<TASK>", kTask), "-", pad_right("PID", kPid), " [CPU]  TYPE ");
  if (with_id) out += pad_left("ID", kId) + " ";
  out += cat(pad_left("STATE", kState), " x ", pad_right("EVENT", kState), " -> ",
             pad_right("NEXT_STATE", kState), " FINAL\n");
  out += cat(pad_left(" | ", kTask), " ", pad_right(" | ", kPid), "    |     |  ");
  if (with_id) out += pad_left(" | ", kId) + " ";
  out += cat(pad_left(" | ", kState), "   ", pad_right(" | ", kState), "    ",
             pad_right(" | ", kState), " |\n");
  return out;
}

std::string Columns::line(const Step& step) const {
  return cat(pad_left(escape(step.by.comm), kTask), "-", pad_right(tid(step.by), kPid), " ",
             cpu(step), kind(*this, "event", step), pad_left(escape(step.state), kState), " x ",
             pad_right(escape(step.event), kState), " -> ", pad_right(escape(step.next), kState),
             step.final ? " Y\n" : " N\n");
}

std::string Columns::line(const Violation& violation) const {
  return short_line(*this, "error", violation);
}

std::string Columns::line(const Inconclusive& inconclusive) const {
  return short_line(*this, "maybe", inconclusive);
}

}  // namespace swerve
