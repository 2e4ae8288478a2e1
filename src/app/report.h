// app/report.h - the end of a watch, as text for people.
//
// Data in, text out: nothing here asks a clock or the kernel. Every text that comes from outside is
// escaped.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "monitor/scope.h"
#include "monitor/stats.h"

namespace swerve {

/// One monitor's part of a summary.
struct MonitorSummary {
  std::string monitor;
  Scope scope = Scope::global;
  MonitorStats stats;
  std::string reactor = "nop";
  std::uint64_t reactions = 0;          // that were asked for
  std::uint64_t reaction_failures = 0;  // of these
  std::string reaction_error;           // the last one's reason
  std::uint64_t hidden = 0;             // violations of swerve itself, counted but not printed
};

struct Summary {
  TimeNs armed, ended;  // CLOCK_MONOTONIC
  std::int64_t realtime_offset_ns = 0;
  std::uint64_t unprinted =
      0;  // lines that the printk reactor's limit kept out of the kernel's log
  std::vector<MonitorSummary> monitors;

  std::uint64_t violations() const;
};

/// A line a monitor, under it what was lost, and a last line that says it all.
std::string summary_text(const Summary& summary);

/// What `stats` says was lost, one clause each: "3 reports found the ring full". Empty when nothing
/// was.
std::vector<std::string> losses(const MonitorStats& stats);

}  // namespace swerve
