#include "app/columns.h"

#include <fmt/core.h>

#include "base/text.h"

namespace swerve {
namespace {

/// Type and id: "event " or "event_wwnr ", then the id, or blanks where this monitor has none.
std::string kind(const Columns& columns, std::string_view type, const Occurrence& what) {
  std::string out(type);
  if (columns.several) out += cat("_", escape(what.monitor));
  out += ' ';
  if (columns.with_id)
    out += has_id(what.id.scope) ? fmt::format("{:>8} ", what.id.key) : fmt::format("{:>8} ", "");
  return out;
}

}  // namespace

std::string Columns::header() const {
  std::string out = fmt::format("{:>16}-{:<8} {:>5} {:>5} ", "<TASK>", "PID", "[CPU]", "TYPE");
  if (with_id) out += fmt::format("{:>8} ", "ID");
  out += fmt::format("{:>24} x {:<24} -> {:<24} {}\n", "STATE", "EVENT", "NEXT_STATE", "FINAL");
  out += fmt::format("{:>16} {:<8} {:>5} {:>5} ", " | ", " | ", " | ", " | ");
  if (with_id) out += fmt::format("{:>8} ", " | ");
  out += fmt::format("{:>24}   {:<24}    {:<24} {}\n", " | ", " | ", " | ", "|");
  return out;
}

std::string Columns::line(const Step& step) const {
  return fmt::format("{:>16}-{:<8} [{:03}] {}{:>24} x {:<24} -> {:<24} {}\n", escape(step.by.comm),
                     step.by.tid, step.cpu, kind(*this, "event", step), escape(step.state),
                     escape(step.event), escape(step.next), step.final ? 'Y' : 'N');
}

std::string Columns::line(const Violation& violation) const {
  return fmt::format("{:>8} [{:03}] {}{:>24} x {}\n", violation.by.tid, violation.cpu,
                     kind(*this, "error", violation), escape(violation.state),
                     escape(violation.event));
}

}  // namespace swerve
