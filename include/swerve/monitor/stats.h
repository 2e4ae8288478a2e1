// swerve/monitor/stats.h - what a monitor has counted, whichever engine steps it.
#pragma once

#include <cstdint>

namespace swerve {

/// Counts of one monitor.
struct MonitorStats {
  std::uint64_t events = 0;      // transitions made, violating events not among them
  std::uint64_t violations = 0;  // found; those whose report was lost among them
  std::uint64_t started = 0;     // times that an instance began to be monitored
  std::uint64_t instances = 0;   // being monitored now
  std::uint64_t refused = 0;     // instances that found no room: these were not monitored
  std::uint64_t raced = 0;       // three tries were not enough: the instance was reset
  std::uint64_t lost = 0;        // reports that found the ring full: the state is right
  std::uint64_t missed = 0;  // program runs that the kernel skipped (recursion): events not seen
  std::uint64_t compat = 0;  // 32-bit system calls, left out

  /// Whether a verdict may rest on an event or an instance that is missing.
  bool incomplete() const { return refused + raced + lost + missed + compat != 0; }
  /// Adds the counts of another monitor.
  MonitorStats& operator+=(const MonitorStats& more) {
    events += more.events;
    violations += more.violations;
    started += more.started;
    instances += more.instances;
    refused += more.refused;
    raced += more.raced;
    lost += more.lost;
    missed += more.missed;
    compat += more.compat;
    return *this;
  }
  friend bool operator==(const MonitorStats&, const MonitorStats&) = default;
};

}  // namespace swerve
