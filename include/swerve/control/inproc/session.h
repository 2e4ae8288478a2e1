// swerve/control/inproc/session.h - the monitors of this program, with all that belongs to them:
// the registry, the reactors, the control tree.
//
//   swerve::Session session;
//   swerve::Monitor files = session.add(std::move(spec)).value();
//   files.enable().value();
//
// No daemon, no thread (but those of reactors of one's own), no rights: a violation is found and
// reacted to in the thread that emits the event.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "swerve/base/api.h"
#include "swerve/base/result.h"
#include "swerve/base/sections.h"
#include "swerve/control/inproc/monitor_spec.h"
#include "swerve/control/inproc/program_monitor.h"
#include "swerve/control/registry.h"
#include "swerve/control/tree.h"
#include "swerve/control/verdict_streams.h"
#include "swerve/monitor/stats.h"
#include "swerve/monitor/verdict.h"
#include "swerve/react/program_reactors.h"

namespace swerve {

namespace detail {
struct SessionLink;  // what a handle has of its session
}

/// One object of a monitor, for as long as this lives: its instance ends with it. Move-only. Not
/// two threads at a time.
template <typename Key>
class [[nodiscard]] Object {
 public:
  /// Of Monitor::object().
  Object(std::shared_ptr<ProgramMonitor> monitor, Key key)
      : monitor_(std::move(monitor)), key_(std::move(key)) {}
  /// Takes the object over.
  Object(Object&&) noexcept = default;
  /// Ends what it had.
  Object& operator=(Object&& from) noexcept {
    if (this != &from) {
      end();
      monitor_ = std::move(from.monitor_);
      key_ = std::move(from.key_);
    }
    return *this;
  }
  ~Object() { end(); }

  /// As Monitor::step().
  Outcome step(EventId event, Handler handler = Handler::start_run,
               const SourceLocation& where = SourceLocation::current()) {
    detail::ThreadRecord& thread = detail::thread_record();
    const Section section(thread);
    return monitor_->happen_to(thread, where, key_, event, handler, false);
  }
  /// Which object.
  const Key& key() const noexcept { return key_; }

 private:
  void end() {
    if (monitor_ != nullptr) monitor_->end(key_);
  }
  std::shared_ptr<ProgramMonitor> monitor_;
  Key key_;
};

/// A monitor of a session: a handle, to be copied at will. When the session has ended, or the
/// monitor was removed, it does nothing any more. Any thread, for every call.
class SWERVE_API Monitor {
 public:
  /// Its name in the registry.
  const std::string& name() const noexcept { return monitor_->monitor().name(); }
  /// What it checks against.
  const Automaton& model() const noexcept { return monitor_->monitor().model(); }

  /// As those of the registry; errors of theirs, and not_found when the session has ended.
  Result<> enable();
  /// When it returns, no event of it is being processed.
  Result<> disable();
  /// False when the session has ended, too.
  bool enabled() const;

  /// The event happens: to the instance of the calling thread, of its CPU, or of all. While the
  /// monitor is disabled, or monitoring is off, nothing happens. An instance that is not monitoring
  /// is started, unless `handler` says otherwise. `event` must be one of the model.
  Outcome step(EventId event, Handler handler = Handler::start_run,
               const SourceLocation& where = SourceLocation::current()) {
    check(event);
    detail::ThreadRecord& thread = detail::thread_record();
    const Section section(thread);
    return monitor_->happen(thread, where, event, handler);
  }
  /// To an object. Its instance is there until a violation, end(), or an event that ends it.
  template <typename Key>
  requires(!std::is_same_v<Key, EventId>) Outcome
      step(const Key& key, EventId event, Handler handler = Handler::start_run,
           const SourceLocation& where = SourceLocation::current()) {
    check(event);
    detail::ThreadRecord& thread = detail::thread_record();
    const Section section(thread);
    return monitor_->happen_to(thread, where, key, event, handler, false);
  }
  /// The object is no more. No event.
  template <typename Key>
  void end(const Key& key) {
    monitor_->end(key);
  }
  /// The object as a value that ends it: for a member of what it stands for.
  template <typename Key>
  Object<Key> object(Key key) const {
    return Object<Key>(monitor_, std::move(key));
  }

  /// The state of the calling thread's instance, or of the only one; none while it does not
  /// monitor.
  std::optional<StateId> state() const { return monitor_->monitor().state(); }
  /// Of an object, or of a CPU.
  template <typename Key>
  std::optional<StateId> state(const Key& key) const {
    return monitor_->state(key);
  }
  /// What it has counted.
  MonitorStats stats() const;

 private:
  friend class Session;
  Monitor(std::shared_ptr<ProgramMonitor> monitor, std::shared_ptr<detail::SessionLink> link)
      : monitor_(std::move(monitor)), link_(std::move(link)) {}
  void check(EventId event) const {
    SWERVE_CHECK(index(event) < model().events().size(), "an event of another model");
  }
  std::shared_ptr<ProgramMonitor> monitor_;
  std::shared_ptr<detail::SessionLink> link_;
};

/// A monitor whose verification is the program's own: it is registered, switched and reacted for as
/// the others are.
struct OwnMonitor {
  /// In the registry.
  std::string name;
  /// One line for people.
  std::string description;
  std::string parent;  // empty: none
  /// What is done about what it reports.
  ReactionSetting reaction;
  // One call at a time, with the registry's turn held: they must not change anything in it.
  std::function<Result<>()> enable;  // attach what is needed; an error leaves the monitor off
  std::function<void()> disable;     // detach it again
  // Every instance becomes unmonitored: after enable(), when monitoring is switched on again, and
  // for a reset. May be null.
  std::function<void()> reset;
};

/// What the verification of an OwnMonitor holds. Any thread.
class SWERVE_API OwnMonitorHandle {
 public:
  /// Whether its events count now: it is enabled, and monitoring is on. What it guards must be in a
  /// Section (in a callback of a tracepoint it is): then disabling waits for it.
  bool active() const noexcept { return active_->load(std::memory_order_acquire); }
  /// What it has found: goes to the readers of verdicts, and to the reactor. The monitor's name,
  /// the time, the CPU and the thread are filled in. What an at-event reactor throws comes out of
  /// it. Nothing happens while it is not active.
  void report(Violation violation);

 private:
  friend class Session;
  std::shared_ptr<const std::atomic<bool>> active_;
  std::shared_ptr<detail::SessionLink> link_;
};

/// Any thread, for every call; construction and destruction are one thread's.
///
/// After fork() a session belongs to the parent: in the child its monitors see nothing (tracepoints
/// are off there), and changing anything answers `unsupported`. A child that wants monitors makes a
/// session of its own.
class SWERVE_API Session {
 public:
  /// What a session may be given.
  struct Options {
    // Both are called in the thread that emitted the event, by several at a time; what they throw
    // comes out of the emission. They may emit, attach and detach; changing anything of the session
    // answers `busy`.
    /// What the reactor "log" does with its report, a text of several lines; null: standard error.
    std::function<void(std::string_view report)> log;
    /// What the reactor "callback" calls; null: there is no such reactor. violation_sentence() and
    /// violation_text() (monitor/violation_text.h) make words of what it is given.
    std::function<void(const Reaction&)> callback;
    /// Verdicts carry the stack of the thread that emitted the event. Costs some microseconds a
    /// verdict.
    bool stacks = false;
  };
  /// Its reactors are nop, log, abort, throw, and callback where there is one.
  explicit Session(Options options);
  /// With nothing else.
  Session() : Session(Options()) {}
  /// Disables all its monitors. Not from inside a callback.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Registers the monitor; it is disabled. Errors, all of them before anything is registered:
  /// invalid (an event that the model does not have, with a near miss; a key that is missing or not
  /// wanted; the name), exists, exhausted, and those of its reactor.
  Result<Monitor> add(MonitorSpec spec);
  /// One whose events come from tracepoints of this program by their names, "inproc:NAME", as its
  /// definition in TOML says (docs/definitions.md): the file with its model beside it. Errors:
  /// invalid, with every problem and its place, one a line; unsupported (built without TOML).
  Result<Monitor> load(const std::string& path);
  /// A verification of one's own. Errors: those of the registry.
  Result<OwnMonitorHandle> add(OwnMonitor monitor);
  /// Others can be nested in it (MonitorSpec::parent()), and are enabled and disabled with it.
  Result<> add_container(std::string name, std::string description);
  /// Disables it first. Errors: invalid (there is none of this name), busy (a container with
  /// monitors).
  Result<> remove(std::string_view name);

  /// Which monitors there are and which are enabled, the switches, the reactors; one's own reactors
  /// are registered there.
  Registry& registry() noexcept;
  /// Verdicts as lines, for readers.
  VerdictStreams& streams() noexcept;
  /// All of it as files. swerve::mount() (control/fuse) shows them.
  ControlTree& tree() noexcept;

 private:
  friend class Monitor;
  friend class OwnMonitorHandle;
  friend struct detail::SessionLink;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace swerve
