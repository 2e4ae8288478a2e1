// bind/host_engine.h - a bound monitor on the host: events in, verdicts out.
//
// It says what each event means (the bindings of its probe, in the order in which they are written)
// and steps a HostMonitor. The kernel path does the same inside the kernel; the two must agree.
//
// An event on the host has no memory behind its pointers. What an expression reads through one, the
// event must bring as a field of that name ("prev->pid"); what it does not bring reads as 0. A task
// is known by its field "pid", of the pointer that `task` gives; `current` by the thread that ran.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bind/definition.h"
#include "monitor/monitor.h"
#include "source/event.h"
#include "swerve/base/result.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

/// One thread calls everything; verdicts come during feed().
class HostEngine {
 public:
  struct Options {
    bool every_step = false;  // tell the sink of steps too, not of violations alone
  };

  /// `sink` must outlive the engine. Errors: exhausted (the model has more transitions than an
  /// engine can number).
  static Result<HostEngine> make(const BoundMonitor& monitor, VerdictSink& sink, Options options);

  /// The event happens. For each binding of its probe whose `when` holds: the instance is found,
  /// the event of the model happens to it, and `end` removes it. A new thread (task_newtask) loses
  /// the state of whoever had its number before, ahead of the bindings.
  void feed(const Event& event);

  HostMonitor& monitor() noexcept { return monitor_; }
  const HostMonitor& monitor() const noexcept { return monitor_; }

  /// How often a binding was passed over because the event did not tell which task it is about.
  std::uint64_t unknown_tasks() const noexcept { return unknown_tasks_; }

 private:
  HostEngine(const BoundMonitor& monitor, VerdictSink& sink, Options options);

  /// What an event of this probe concerns.
  struct Concern {
    std::vector<std::size_t> bindings;
    bool new_task = false;
  };
  const Concern& concern(const std::string& probe);

  HostMonitor monitor_;
  std::vector<Binding> bindings_;
  std::map<std::string, Concern, std::less<>> concerns_;  // filled as probes are met
  std::uint64_t unknown_tasks_ = 0;
};

}  // namespace swerve
