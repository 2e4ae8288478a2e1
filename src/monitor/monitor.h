// monitor/monitor.h - a monitor on the host: a model, and an instance for each thing that it
// watches.
//
// It is told which instance an event is about and what the event is in the model; where events come
// from stands in source/, what they mean in bind/. What it finds goes to a VerdictSink.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "swerve/base/time.h"
#include "swerve/model/automaton.h"
#include "swerve/monitor/instance.h"
#include "swerve/monitor/scope.h"
#include "swerve/monitor/step_table.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

/// Which instance of a monitor. Make it with the function of the monitor's scope.
class InstanceKey {
 public:
  static constexpr InstanceKey global() noexcept { return InstanceKey(0); }
  static constexpr InstanceKey cpu(std::uint32_t cpu) noexcept { return InstanceKey(cpu); }
  /// The thread `tid`. All idle tasks have the number 0 and are one a CPU; `cpu` is looked at for
  /// them only.
  static constexpr InstanceKey task(std::uint32_t tid, std::uint32_t cpu) noexcept {
    return InstanceKey(tid != 0 ? tid : std::uint64_t{1} << 32 | cpu);
  }
  static constexpr InstanceKey object(std::uint64_t key) noexcept { return InstanceKey(key); }

  /// A number for each instance of one monitor.
  constexpr std::uint64_t value() const noexcept { return value_; }
  /// As verdicts name it.
  constexpr InstanceId id(Scope scope) const noexcept {
    return {scope, scope == Scope::task && value_ >> 32 != 0 ? 0 : value_};
  }
  friend bool operator==(const InstanceKey&, const InstanceKey&) = default;

 private:
  constexpr explicit InstanceKey(std::uint64_t value) noexcept : value_(value) {}
  std::uint64_t value_;
};

/// A thread, for the length of a call.
struct TaskView {
  std::uint32_t tid = 0;
  std::uint32_t tgid = 0;
  std::string_view comm = {};
};

/// The circumstances of an event, for its verdicts only.
struct Circumstances {
  TimeNs time = {};
  std::uint32_t cpu = 0;
  TaskView by = {};                   // the task that ran there
  std::optional<TaskView> task = {};  // task scope: whom the instance belongs to
  std::string_view object = {};       // object scope: the key in words where it is no number
};

/// What happened since the monitor was made.
struct MonitorCounters {
  std::uint64_t events = 0;  // transitions made
  std::uint64_t violations = 0;
  std::uint64_t started = 0;    // instances started, each time
  std::uint64_t instances = 0;  // monitoring now
  std::uint64_t refused = 0;    // starts for which there was no room
  std::uint64_t raced = 0;      // instances reset after three tries; always 0 with one owner
  friend bool operator==(const MonitorCounters&, const MonitorCounters&) = default;
};

/// The instances that monitor, by key. An instance that does not monitor takes no room.
///
/// A hash table with linear probing; invariant: a power of two of slots, at least half of them
/// empty, and no empty slot between the one that a key hashes to and the one where it is.
class InstanceMap {
 public:
  struct Slot {
    std::uint64_t key = 0;
    std::uint64_t events = 0;  // transitions since the start
    Instance instance;         // word 0: the slot is empty
  };

  /// The slot of `key`; null when there is none. Valid until the next insert() or erase().
  Slot* find(std::uint64_t key) noexcept;
  const Slot* find(std::uint64_t key) const noexcept {
    return const_cast<InstanceMap*>(this)->find(key);
  }
  /// `key` must not be in the map, and `instance` must be monitoring.
  void insert(std::uint64_t key, Instance instance, std::uint64_t events);
  void erase(Slot* slot) noexcept;
  void clear() noexcept;
  std::size_t size() const noexcept { return size_; }

 private:
  std::size_t home(std::uint64_t key) const noexcept {
    return static_cast<std::size_t>(key * 0x9e3779b97f4a7c15U >> shift_);
  }
  std::vector<Slot> slots_;
  unsigned shift_ = 64;
  std::size_t size_ = 0;
};

/// One monitor with all of its instances, stepped by one thread: the same thread calls everything.
/// (Instances that threads share: SharedInstance.)
class HostMonitor {
 public:
  struct Options {
    std::uint32_t max_instances = 16384;  // object scope; starts beyond it are refused and counted
    bool steps = false;                   // tell the sink of steps too, not of violations alone
  };

  /// `model` must fit a StepTable. `sink` must outlive the monitor. It begins with monitoring on
  /// and no instance started.
  HostMonitor(std::string name, Automaton model, Scope scope, VerdictSink& sink, Options options);
  HostMonitor(std::string name, Automaton model, Scope scope, VerdictSink& sink)
      : HostMonitor(std::move(name), std::move(model), scope, sink, Options()) {}

  /// The event of the model happens to an instance. A violation is told to the sink once; the
  /// instance then is as if it had never been started. Cost: with neither a verdict nor a start,
  /// one hash look-up (task and object scope), no allocation.
  Outcome step(InstanceKey key, EventId event, Handler handler, const Circumstances& circumstances);

  /// The thing that the instance watched is gone, or is another one now: its instance stops.
  void end(InstanceKey key) noexcept;
  /// Task scope: a new thread has this number, and starts unmonitored.
  void task_new(std::uint32_t tid) noexcept {
    if (scope_ == Scope::task) end(InstanceKey::task(tid, 0));
  }

  /// While monitoring is off, step() drops events; instances keep their states. Switching it on
  /// again resets all of them. Switching it to what it is does nothing.
  void set_monitoring(bool on) noexcept;
  bool monitoring() const noexcept { return on_; }
  /// Every instance is as if it had never been started.
  void reset_all() noexcept { instances_.clear(); }

  MonitorCounters counters() const noexcept;
  /// The state of an instance; none while it is not monitoring.
  std::optional<StateId> state(InstanceKey key) const noexcept;

  const std::string& name() const noexcept { return name_; }
  const Automaton& model() const noexcept { return model_; }
  Scope scope() const noexcept { return scope_; }

 private:
  Occurrence about(InstanceKey key, const Circumstances& c) const;
  void tell_step(InstanceKey key, EventId event, const Instance& from, const Circumstances& c);
  void tell_violation(InstanceKey key, EventId event, const Instance& from, std::uint64_t events,
                      const Circumstances& c);

  std::string name_;
  Automaton model_;
  Scope scope_;
  VerdictSink* sink_;
  Options options_;
  StepTable table_;
  InstanceMap instances_;
  MonitorCounters counters_;
  bool on_ = true;
};

}  // namespace swerve
