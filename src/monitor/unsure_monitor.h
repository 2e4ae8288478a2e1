// monitor/unsure_monitor.h - a monitor on a recording, which may hold less than what happened.
//
// Where a HostMonitor has one state for an instance, this one has the set of all states in which
// the instance may be, "not monitoring" among them. A set of one is certainty, and the step is the
// same. What makes sets of several: events that were lost (hole_opens), a recorded value that
// stands for several (May with more than one bit), and not knowing which instance an event was
// about (step_any).
//
// An event steps every member of the set. A violation in all members is a violation; in some of
// them, it is inconclusive, and the set goes on with what the others became, and "not monitoring"
// for those that violated. So, whatever really happened, the real state is always in the set: no
// verdict that is given without doubt can be wrong.
//
// Sets are numbered as they are met (the subset construction, done lazily), so a step of an
// instance that is not certain is a look-up as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/automaton.h"
#include "monitor/monitor.h"
#include "monitor/verdict.h"

namespace swerve {

/// What an event may do to an instance: a set of bits, for where a recording does not tell which.
struct May {
  std::uint8_t bits = 0;
  static constexpr std::uint8_t kNothing = 1;   // the binding does not apply
  static constexpr std::uint8_t kEvent = 2;     // Handler::event
  static constexpr std::uint8_t kStart = 4;     // Handler::start
  static constexpr std::uint8_t kStartRun = 8;  // Handler::start_run
  constexpr bool certain() const noexcept { return (bits & (bits - 1)) == 0; }
  static constexpr May of(Handler handler) noexcept {
    return {handler == Handler::event ? kEvent : handler == Handler::start ? kStart : kStartRun};
  }
  friend bool operator==(const May&, const May&) = default;
};

/// What happened since the monitor was made.
struct UnsureCounters {
  std::uint64_t events = 0;  // transitions made, by instances that were certain to make one
  std::uint64_t unsure = 0;  // events after which the state was not certain
  std::uint64_t violations = 0;
  std::uint64_t inconclusive = 0;
  std::uint64_t started = 0;    // instances certainly started
  std::uint64_t instances = 0;  // monitoring now, those that may be among them
  std::uint64_t refused = 0;    // starts for which there was no room
  friend bool operator==(const UnsureCounters&, const UnsureCounters&) = default;
};

/// One monitor with all of its instances, stepped by one thread.
class UnsureMonitor {
 public:
  struct Options {
    std::uint32_t max_instances = 16384;  // object scope; starts beyond it are refused and counted
    bool steps = false;                   // tell the sink of steps too
  };

  /// `model` must fit a StepTable. `may_happen` has for each event of the model what its bindings
  /// can make of it (all bits of all of them), so that it is known what a lost event may have done;
  /// `can_end` is whether a binding can end an instance. `sink` must outlive the monitor. It begins
  /// with no instance started, and that is certain.
  UnsureMonitor(std::string name, Automaton model, Scope scope, std::vector<May> may_happen,
                bool can_end, VerdictSink& sink, Options options);
  ~UnsureMonitor();
  UnsureMonitor(UnsureMonitor&&) noexcept;

  /// The event happens to an instance that is certainly monitoring, and the model allows it: then
  /// this is all of step(), and true. Else false, and nothing was done: call step(). Cost: some
  /// nanoseconds. `may` must not have kNothing.
  bool quick(InstanceKey key, EventId event) noexcept;

  /// The event may happen to an instance. With neither a verdict nor a new instance: no allocation.
  void step(InstanceKey key, EventId event, May may, const Circumstances& circumstances);
  /// The event may happen to an instance, but which one is not known.
  void step_any(EventId event, May may, const Circumstances& circumstances);

  /// The thing that the instance watched is gone. `certain` false: it may be.
  void end(InstanceKey key, bool certain = true);
  /// Some instance ended, but which one is not known.
  void end_any();
  /// Task scope: a new thread has this number, and starts unmonitored.
  void task_new(std::uint32_t tid);

  /// From here on events of this CPU (or kEveryCpu: of all) are missing, until hole_closes().
  /// All that they may have done is taken to have been possible at every moment between. Concerned
  /// are, by scope: the CPU's instance; for tasks all but the idle tasks of other CPUs; all.
  void hole_opens(std::uint32_t cpu);
  void hole_closes(std::uint32_t cpu);

  /// An instance that is monitoring, or may be.
  struct Live {
    InstanceKey key;
    std::vector<StateOrNone> states;  // one: certain
    bool final = false;               // all of them are final states (or not monitoring)
    std::uint64_t events = 0;         // transitions since the start, those that were certain
  };
  /// All of them, by key. Those that were never met but may be monitoring because of lost events
  /// are not among them.
  std::vector<Live> live() const;

  UnsureCounters counters() const noexcept;
  /// The states of one instance: none: certainly not monitoring.
  std::vector<StateOrNone> states(InstanceKey key) const;

  const std::string& name() const noexcept;
  const Automaton& model() const noexcept;
  Scope scope() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace swerve
