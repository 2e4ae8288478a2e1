#include "app/checked_trace.h"

#include <algorithm>
#include <utility>

#include "app/report.h"
#include "base/text.h"

namespace swerve {

std::uint64_t CheckedTrace::violations() const {
  std::uint64_t sum = 0;
  for (const CheckedMonitor& one : monitors) sum += one.counters.violations;
  return sum;
}

std::uint64_t CheckedTrace::inconclusive() const {
  std::uint64_t sum = 0;
  for (const CheckedMonitor& one : monitors) sum += one.counters.inconclusive;
  return sum;
}

std::uint64_t CheckedTrace::holes_in_all() const {
  std::uint64_t sum = 0;
  for (const HolesOfCpu& one : holes) sum += one.holes;
  return sum;
}

bool CheckedTrace::whole() const {
  return error.empty() && late == 0 &&
         std::all_of(monitors.begin(), monitors.end(),
                     [](const CheckedMonitor& one) { return one.error.empty(); });
}

namespace {

/// Probes of which no event was met, and why that is no wonder where they are functions.
std::string not_met_text(const std::vector<std::string>& probes) {
  const bool functions = std::any_of(probes.begin(), probes.end(), [](const std::string& probe) {
    return probe.starts_with("fentry:") || probe.starts_with("fexit:");
  });
  return cat(escape(join(probes)), functions ? " (functions: no tracer records those)" : "");
}

}  // namespace

std::vector<std::string> CheckedMonitor::doubts() const {
  std::vector<std::string> out;
  if (none_met && error.empty())
    out.push_back(
        cat("no event that ", escape(monitor), " is about was met: ", not_met_text(never_met)));
  if (counters.refused != 0)
    out.push_back(cat(plural(counters.refused, "instance", "instances"), " of ", escape(monitor),
                      " found no room and went unmonitored"));
  return out;
}

std::vector<std::string> CheckedTrace::missing_parts() const {
  std::vector<std::string> out;
  for (const HolesOfCpu& one : holes) {
    const std::string whose = one.cpu == kEveryCpu ? "every CPU" : cat("CPU ", one.cpu);
    out.push_back(cat(plural(one.holes, "hole", "holes"), " in the events of ", whose,
                      one.lost == 0 ? std::string() : cat(" (", one.lost, " lost)")));
  }
  if (late != 0)
    out.push_back(cat(plural(late, "event", "events"),
                      " came too late to be put in order, and left out (--window)"));
  if (not_understood != 0)
    out.push_back(cat(plural(not_understood, "line was", "lines were"), " not understood"));
  return out;
}

std::vector<std::string> CheckedTrace::doubts() const {
  std::vector<std::string> out = missing_parts();
  for (const CheckedMonitor& one : monitors)
    for (std::string& doubt : one.doubts()) out.push_back(std::move(doubt));
  return out;
}

std::vector<std::string> CheckedTrace::not_met() const {
  std::vector<std::string> out;
  for (const CheckedMonitor& one : monitors) {
    if (one.none_met || one.never_met.empty()) continue;
    out.push_back(cat(escape(one.monitor), ": no event of ", not_met_text(one.never_met),
                      " was met: if they were not recorded, what depends on them was not checked"));
  }
  return out;
}

int CheckedTrace::status() const {
  if (!whole()) return 2;
  if (violations() != 0) return 1;
  return inconclusive() != 0 || !doubts().empty() ? 2 : 0;
}

}  // namespace swerve
