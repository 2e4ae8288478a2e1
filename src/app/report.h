// app/report.h - the end of a watch or a check, as text for people.
//
// Data in, text out: nothing here asks a clock or the kernel. Every text that comes from outside is
// escaped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/checked_trace.h"
#include "swerve/base/time.h"
#include "swerve/monitor/scope.h"
#include "swerve/monitor/stats.h"
#include "swerve/react/reactions.h"

namespace swerve {

/// One monitor's part of a summary.
struct MonitorSummary {
  std::string monitor;
  Scope scope = Scope::global;
  MonitorStats stats;
  std::string reactor = "nop";
  ReactionCounts reactions;
  std::uint64_t reported = 0;  // violations whose report came
  std::uint64_t hidden = 0;    // of these, of swerve itself: counted but not printed
  std::uint64_t unread = 0;    // lines of a daemon that were not read in time

  /// How often the reactor was asked, whatever came of it.
  std::uint64_t asked() const;
  bool incomplete() const { return stats.incomplete() || unread != 0; }
};

struct Summary {
  TimeNs armed, ended;  // CLOCK_MONOTONIC
  std::int64_t realtime_offset_ns = 0;
  std::vector<MonitorSummary> monitors;

  std::uint64_t violations() const;
  /// Lines that the limits of monitors kept out of the kernel's log.
  std::uint64_t unprinted() const;
};

/// A line a monitor, under it what was lost, and a last line that says it all.
std::string summary_text(const Summary& summary);

/// What was lost, one clause each: "3 reports found the ring full". Empty when nothing was.
std::vector<std::string> losses(const MonitorSummary& monitor);

/// The same of a recorded trace.
std::string summary_text(const CheckedTrace& trace);

/// The instances that were in no final state at the end, a line each.
std::string unfinished_text(const CheckedMonitor& monitor);

/// As a person is told of a trace: "-" is standard input.
std::string trace_name(const std::string& file);

/// "1 event", "2 events"
std::string plural(std::uint64_t count, std::string_view one, std::string_view many);

}  // namespace swerve
