#include "app/report.h"

#include <fmt/core.h>

#include "base/text.h"

namespace swerve {
namespace {

std::string plural(std::uint64_t count, std::string_view one, std::string_view many) {
  return cat(count, " ", count == 1 ? one : many);
}

}  // namespace

std::uint64_t Summary::violations() const {
  std::uint64_t sum = 0;
  for (const MonitorSummary& monitor : monitors) sum += monitor.stats.violations;
  return sum;
}

std::vector<std::string> losses(const MonitorStats& stats) {
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
    if (monitor.reaction_failures != 0)
      note(cat(monitor.reaction_failures, " of ",
               plural(monitor.reactions, "reaction", "reactions"), " (", monitor.reactor,
               ") failed: ", escape(monitor.reaction_error)));
    const std::vector<std::string> lost = losses(stats);
    for (const std::string& loss : lost) note("lost: " + loss);
    if (!lost.empty()) incomplete.push_back(escape(monitor.monitor));
  }
  if (summary.unprinted != 0)
    out += cat("The limit of reactor printk kept ", plural(summary.unprinted, "line", "lines"),
               " out of the kernel's log.\n");
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

}  // namespace swerve
