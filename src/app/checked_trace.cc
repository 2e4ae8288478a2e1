#include "app/checked_trace.h"

#include <algorithm>

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

std::vector<std::string> CheckedTrace::doubts() const {
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
  for (const CheckedMonitor& one : monitors) {
    if (one.none_met && one.error.empty())
      out.push_back(cat("no event that ", escape(one.monitor),
                        " is about was met: ", escape(join(one.never_met))));
    if (one.counters.refused != 0)
      out.push_back(cat(plural(one.counters.refused, "instance", "instances"), " of ",
                        escape(one.monitor), " found no room and went unmonitored"));
  }
  return out;
}

int CheckedTrace::status() const {
  if (!whole()) return 2;
  if (violations() != 0) return 1;
  return inconclusive() != 0 || !doubts().empty() ? 2 : 0;
}

}  // namespace swerve
