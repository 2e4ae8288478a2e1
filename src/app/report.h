// app/report.h - a violation, and the end of a watch, as text for people.
//
// Data in, text out: nothing here asks a clock or the kernel. Every text that comes from outside
// (task names, frames of the stack) is escaped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "kernel/engine.h"
#include "monitor/scope.h"
#include "monitor/verdict.h"

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

/// "wwnr: 'wakeup' is not allowed in state 'running'; allowed there: switch_out"
std::string violation_sentence(const Violation& violation);

/// The report: the sentence, then a row for each thing that is known. Ends in an empty line.
/// `realtime_offset_ns` is what turns the violation's time into wall time, shown in the local time
/// zone.
std::string violation_text(const Violation& violation, std::string_view description,
                           std::int64_t realtime_offset_ns);

/// A line a monitor, under it what was lost, and a last line that says it all.
std::string summary_text(const Summary& summary);

/// What `stats` says was lost, one clause each: "3 reports found the ring full". Empty when nothing
/// was.
std::vector<std::string> losses(const MonitorStats& stats);

/// "2026-10-07 12:34:56.123456789 +0200": local time of an instant since 1970.
std::string wall_time_text(std::int64_t unix_ns);

}  // namespace swerve
