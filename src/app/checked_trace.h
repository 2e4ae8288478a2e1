// app/checked_trace.h - what checking one recorded trace came to, and what may be said of it.
//
// A violation that was found without doubt is one. That none was found says that there was none
// only where nothing of the trace is missing: doubts() are the reasons why that is not certain.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "monitor/unsure_monitor.h"
#include "source/recording.h"
#include "swerve/base/diagnostic.h"
#include "swerve/base/time.h"
#include "swerve/monitor/scope.h"

namespace swerve {

/// An instance that was in no final state at the end.
struct Unfinished {
  UnsureMonitor::Live live;
  std::string comm;    // of a task, where it is known
  std::string object;  // the key in words, where it is no number
};

struct CheckedMonitor {
  std::string monitor;
  Scope scope = Scope::global;
  UnsureCounters counters;
  std::uint64_t unknown_tasks = 0;     // events whose thread was not recorded
  std::vector<std::string> never_met;  // probes of which the trace has no event
  bool none_met = false;               // it has none of any of them
  std::string error;  // from where on this monitor was not checked, and why; empty: it was
  std::vector<Unfinished> unfinished;  // where asked for

  /// Why it may have missed a violation though it was fed all there is, one clause each.
  std::vector<std::string> doubts() const;
};

/// Events that are missing on a CPU, between the last before and the first after; in a hole that
/// the trace does not close, to its end.
struct MissingEvents {
  std::uint32_t cpu = kEveryCpu;
  TimeNs from, to;
  std::uint64_t lost = 0;  // how many, where the recording tells; else 0
};

/// All of a CPU's.
struct HolesOfCpu {
  std::uint32_t cpu = kEveryCpu;
  std::uint64_t holes = 0;
  std::uint64_t lost = 0;
};

struct CheckedTrace {
  std::string file;           // as the command named it
  std::string format, clock;  // as Recording has them
  TimeNs first, last;         // times of the first and the last event that a monitor asked for
  std::uint64_t events = 0;   // that were read
  std::uint64_t taken = 0;    // of these, that a monitor asked for
  std::uint64_t late = 0;     // too late to be put in order, and left out
  std::uint64_t not_understood = 0;    // lines
  std::vector<HolesOfCpu> holes;       // by CPU
  std::vector<MissingEvents> missing;  // the first of them, up to kMissingMost
  std::string error;                   // why it was not wholly read; empty: it was
  Diagnostics diagnostics;  // of the definitions, which are bound when the trace is known
  std::vector<CheckedMonitor> monitors;

  static constexpr std::size_t kMissingMost = 1000;

  std::uint64_t violations() const;
  std::uint64_t inconclusive() const;
  std::uint64_t holes_in_all() const;
  /// Whether every event was taken, by every monitor.
  bool whole() const;
  /// Why any monitor may have missed a violation: what is missing of the trace, one clause each.
  /// What is inconclusive and what was not read stand elsewhere.
  std::vector<std::string> missing_parts() const;
  /// These, and the doubts of each monitor.
  std::vector<std::string> doubts() const;
  /// Probes whose events were not met, where others of the monitor were; one sentence a monitor. No
  /// doubt by themselves: it may be that nothing of the kind happened.
  std::vector<std::string> not_met() const;
  /// The exit status: 2 when it was not wholly read; else 1 when there were violations; else 2 when
  /// there may have been some; else 0.
  int status() const;
};

}  // namespace swerve
