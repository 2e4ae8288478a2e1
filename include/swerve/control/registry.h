// swerve/control/registry.h - the monitors there are, which of them are enabled, and the switches.
//
// What the kernel's rv.c does, as calls: register and unregister monitors and reactors, enable and
// disable monitors, choose their reactors, switch monitoring and reacting. The control tree
// (tree.h) shows it as files. registry.pml is a model of the orders below, checked with spin.
//
// The order of things is the kernel's. Disabling: the flag is cleared, then the probes are
// detached, then one wait for all of them until no event is being processed; then their verdicts
// are out and none of their reactions starts any more. Switching monitoring off: the switch, then
// the wait. Switching it on: the instances of the enabled monitors are reset, then the switch.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "swerve/base/api.h"
#include "swerve/base/result.h"
#include "swerve/base/sections.h"
#include "swerve/control/instrumentation.h"
#include "swerve/monitor/reaction.h"
#include "swerve/monitor/scope.h"
#include "swerve/react/reactions.h"
#include "swerve/react/reactor.h"

namespace swerve {

/// The files in a monitor's folder (see tree.h), in the order in which they are listed. The folder
/// of a nested monitor stands among its container's, so it can have none of these names.
inline constexpr std::array<std::string_view, 11> kMonitorFiles = {
    "enable",  "desc",       "reactors",        "status",     "stats",          "model",
    "dry_run", "trace_pipe", "trace_pipe_json", "violations", "violations_json"};

/// A monitor that is to be registered.
struct MonitorEntry {
  // 1 to 31 bytes; no '/', ':', '!', white space or control character, not "." or "..", and for a
  // nested one none of kMonitorFiles.
  std::string name;
  std::string description;      // one line for people
  std::string parent;           // empty: top level
  bool container = false;       // has children, no events of its own
  Scope scope = Scope::global;  // what it has one instance for
  ReactionSetting reaction;     // with the options that its definition gives
  std::string model;            // as dot; empty: not known
  std::string cannot_run;       // why it cannot be enabled on this machine; empty: it can
  // Null for a container, and allowed to be for one that cannot run here. Must outlive the
  // registration.
  Instrumentation* instrumentation = nullptr;
  MonitorHandle handle = 0;  // what the instrumentation calls it
};

/// A monitor as it is now.
struct MonitorView {
  std::string name;             // as it was registered, and the next three
  std::string description;      // one line for people
  std::string parent;           // empty: top level
  bool container = false;       // has children, no events of its own
  bool enabled = false;         // as `enable` shows it
  bool running = false;         // enabled, and monitoring is on
  Scope scope = Scope::global;  // what it has one instance for
  std::string reactor;          // the chosen one
  bool dry_run = false;         // reactions are counted, and not done
  std::string cannot_run;       // why it cannot be enabled on this machine; empty: it can
  /// "PARENT:NAME", or the name of one at the top level.
  std::string full_name() const { return parent.empty() ? name : parent + ":" + name; }
};

/// What `stats` shows; a container's: the sums over its children.
struct MonitorReport {
  MonitorStats stats;        // of its events
  ReactionCounts reactions;  // of its violations
};

/// Any thread, for every call. Of those that change something one at a time gets through, as under
/// the kernel's interface lock; the others do not wait for it. Errors that are not named: invalid
/// for a monitor or a reactor that does not exist, and of a change: busy from inside a callback of
/// a tracepoint (source/tracepoint.h), which whoever has the turn may be waiting for, and
/// unsupported in the child of a fork(), where the threads that may have had a lock are not there
/// any more.
class SWERVE_API Registry {
 public:
  /// `reactions` must outlive the registry.
  Registry(ReactorSet reactors, Reactions& reactions);
  /// Disables everything.
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// At the end of the list; a nested one directly after its parent, so that children stand in
  /// reverse order of registration, as in the kernel. Nothing is left of one that fails.
  /// Errors: invalid (the name; a parent that does not exist, is nested itself, or is no
  /// container; a container that is nested), exists (the name, under whatever parent), and those of
  /// making its reactor.
  Result<> register_monitor(MonitorEntry entry);
  /// Disables it first. Errors: busy (a container that has children), and those of the wait for its
  /// events: it is off then, and stays registered.
  Result<> unregister_monitor(std::string_view name);

  /// At the end of the list. Errors: as ReactorSet::add().
  Result<> register_reactor(ReactorSet::Kind kind);
  /// Errors: busy (a monitor has chosen it).
  Result<> unregister_reactor(std::string_view name);
  /// Their names, in the order of registration.
  std::vector<std::string> reactors() const;

  /// Enabled already: nothing. A container: all its children, in list order; when one fails, all
  /// of them are disabled, also those that were enabled before, as in the kernel.
  /// Errors: those of attaching; the monitor stays off then. unsupported when it cannot run here.
  Result<> enable(std::string_view name);
  /// Disabled already: nothing. A container: all its children and itself, whatever its own flag.
  Result<> disable(std::string_view name);
  /// All monitors, with one wait.
  Result<> disable_all();
  /// Every instance becomes unmonitored; the monitor stays as enabled as it was.
  Result<> reset(std::string_view name);

  /// The switch over the events of all enabled monitors. Returns when nothing is processed under
  /// the old setting any more. Switching on what cannot be switched on leaves it off.
  Result<> set_monitoring(bool on);
  /// The switch over all reactions; as set_monitoring().
  Result<> set_reacting(bool on);
  /// Whether monitoring is on; it is at first.
  bool monitoring() const;
  /// Whether reacting is on; it is at first.
  bool reacting() const;

  /// The same reactor: nothing. An enabled monitor is disabled, gets the reactor and is enabled
  /// again, so its instances start anew; when that fails it gets its former reactor back. A
  /// container: each of its children; none is switched on or off by it. The options of the
  /// monitor's definition go with the reactor that they are for.
  Result<> choose_reactor(std::string_view name, std::string_view reactor);
  /// The reactor stays chosen but is only counted. As choose_reactor() otherwise.
  Result<> set_dry_run(std::string_view name, bool on);

  /// In list order.
  std::vector<MonitorView> monitors() const;
  /// The monitor of this name, whatever its parent; none when there is none.
  std::optional<MonitorView> find(std::string_view name) const;
  /// Its model as dot; empty when it is not known.
  Result<std::string> model(std::string_view name) const;
  /// What it has counted up to now.
  Result<MonitorReport> report(std::string_view name) const;

 private:
  struct Monitor;
  struct Change;
  using Monitors = std::vector<Monitor*>;

  Result<std::unique_lock<std::mutex>> take_turn();
  void set(bool& flag, bool to);

  // All of these: by who has the turn, or under the lock.
  Result<Monitor*> named(std::string_view name) const;
  Monitors children(const Monitor& container) const;
  Monitors enabled_of(Monitor& monitor) const;
  MonitorView view(const Monitor& monitor) const;
  Result<> check_new(const MonitorEntry& entry) const;
  Result<std::shared_ptr<Reactor>> make_reactor(const ReactionSetting& setting) const;
  Result<> start(Monitor& monitor);
  Result<> stop(const Monitors& monitors);
  Result<> change_reactions(std::string_view name,
                            const std::function<ReactionSetting(const Monitor&)>& wanted);

  // Who changes something has the turn for the whole call, and takes the lock for each store; who
  // reads has one of them.
  std::mutex turn_;
  const std::uint64_t forks_ = fork_count();  // when it was made
  mutable std::mutex mutex_;
  ReactorSet reactors_;
  Reactions& reactions_;
  std::vector<std::unique_ptr<Monitor>> monitors_;  // in list order
  std::map<std::string, Monitor*, std::less<>> by_name_;
  bool monitoring_ = true;
};

}  // namespace swerve
