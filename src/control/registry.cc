#include "swerve/control/registry.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/text.h"
#include "swerve/base/diagnostic.h"
#include "swerve/base/sections.h"

namespace swerve {

struct SWERVE_LOCAL Registry::Monitor {
  MonitorEntry entry;
  ReactionSetting reaction;  // the chosen one
  std::shared_ptr<Reactor> reactor;
  bool enabled = false;
};

/// A monitor and what it is to react with.
struct SWERVE_LOCAL Registry::Change {
  Monitor* monitor;
  ReactionSetting reaction;
  std::shared_ptr<Reactor> reactor;
};

namespace {

constexpr std::size_t kNameMost = 31;
// How long reactions that were asked for may wait for their turn when a monitor is switched off.
constexpr TimeNs kPatience{20'000'000};

Error invalid(std::string message) { return Error(ErrorCode::invalid, std::move(message), EINVAL); }

/// Whether `name` can be the name of a file in the tree and a word of its commands.
Result<> check_name(std::string_view what, std::string_view name) {
  if (name.empty() || name.size() > kNameMost) {
    return invalid(cat("the name of a ", what, " has 1 to ", kNameMost, " bytes, '", escape(name),
                       "' has ", name.size()));
  }
  const bool bad = std::any_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte == 0x7f || c == '/' || c == ':' || c == '!';
  });
  if (bad || name == "." || name == "..") {
    return invalid(cat("'", escape(name), "' cannot be the name of a ", what,
                       ": white space, control characters, '/', ':', '!', '.' and '..' have a "
                       "meaning of their own"));
  }
  return {};
}

void add(MonitorReport& sum, const ReactionCounts& counts) {
  sum.reactions.reactions += counts.reactions;
  sum.reactions.failed += counts.failed;
  sum.reactions.suppressed += counts.suppressed;
  sum.reactions.dropped += counts.dropped;
  sum.reactions.cancelled += counts.cancelled;
  sum.reactions.silenced += counts.silenced;
  sum.reactions.dry_run += counts.dry_run;
  sum.reactions.waiting += counts.waiting;
  if (!counts.last_error.empty()) sum.reactions.last_error = counts.last_error;
}

/// `reactor` with what the definition of a monitor says about reactions: the limits always, the
/// options for the reactor that they are for.
ReactionSetting with_definition(const ReactionSetting& definition, std::string_view reactor,
                                bool dry_run) {
  ReactionSetting setting = definition;
  if (setting.reactor != reactor) setting.options.clear();
  setting.reactor = reactor;
  setting.dry_run = dry_run;
  return setting;
}

}  // namespace

void Registry::set(bool& flag, bool to) {
  const std::lock_guard lock(mutex_);
  flag = to;
}

Registry::Registry(ReactorSet reactors, Reactions& reactions)
    : reactors_(std::move(reactors)), reactions_(reactions) {}

Registry::~Registry() {
  (void)disable_all();
  for (const auto& monitor : monitors_) reactions_.forget(monitor->entry.name);
}

/// For a call that changes something: one at a time gets through. From inside a callback of a
/// tracepoint it would wait for who has the turn, who may be waiting for that callback to end.
Result<std::unique_lock<std::mutex>> Registry::take_turn() {
  if (inside_section()) {
    return Error(ErrorCode::busy,
                 "monitors and reactors cannot be changed from inside a callback of a tracepoint",
                 EBUSY);
  }
  if (fork_count() != forks_) {
    return Error(ErrorCode::unsupported, "these monitors belong to the process that was forked",
                 EOPNOTSUPP);
  }
  return std::unique_lock(turn_);
}

// Looking up.

Result<Registry::Monitor*> Registry::named(std::string_view name) const {
  if (const auto found = by_name_.find(name); found != by_name_.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& monitor : monitors_) names.push_back(monitor->entry.name);
  return invalid(cat("no monitor '", escape(name), "'", near_miss(name, names)));
}

Registry::Monitors Registry::children(const Monitor& container) const {
  Monitors found;
  if (!container.entry.container) return found;
  for (const auto& monitor : monitors_)
    if (monitor->entry.parent == container.entry.name) found.push_back(monitor.get());
  return found;
}

/// The monitors with events of their own that are on: itself, or the children of a container.
Registry::Monitors Registry::enabled_of(Monitor& monitor) const {
  Monitors found = monitor.entry.container ? children(monitor) : Monitors{&monitor};
  std::erase_if(found, [](const Monitor* one) { return !one->enabled; });
  return found;
}

MonitorView Registry::view(const Monitor& monitor) const {
  MonitorView view;
  view.name = monitor.entry.name;
  view.description = monitor.entry.description;
  view.parent = monitor.entry.parent;
  view.container = monitor.entry.container;
  view.enabled = monitor.enabled;
  view.running = monitor.enabled && monitoring_;
  view.scope = monitor.entry.scope;
  view.reactor = monitor.reaction.reactor;
  view.dry_run = monitor.reaction.dry_run;
  view.cannot_run = monitor.entry.cannot_run;
  return view;
}

std::vector<MonitorView> Registry::monitors() const {
  const std::lock_guard lock(mutex_);
  std::vector<MonitorView> views;
  views.reserve(monitors_.size());
  for (const auto& monitor : monitors_) views.push_back(view(*monitor));
  return views;
}

std::optional<MonitorView> Registry::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return std::nullopt;
  return view(*found->second);
}

Result<std::string> Registry::model(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  SWERVE_TRY_ASSIGN(const Monitor* const monitor, named(name));
  return monitor->entry.model;
}

Result<MonitorReport> Registry::report(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  SWERVE_TRY_ASSIGN(Monitor* const monitor, named(name));
  MonitorReport report;
  for (const Monitor* const one :
       monitor->entry.container ? children(*monitor) : Monitors{monitor}) {
    if (one->entry.instrumentation != nullptr)
      report.stats += one->entry.instrumentation->stats(one->entry.handle);
    add(report, reactions_.counts(one->entry.name));
  }
  return report;
}

// Registration.

Result<> Registry::check_new(const MonitorEntry& entry) const {
  SWERVE_TRY(check_name("monitor", entry.name));
  const auto complain = [&](std::string_view why) {
    return invalid(cat("monitor '", entry.name, "'", why));
  };
  if (by_name_.contains(entry.name)) {
    return Error(ErrorCode::exists, cat("there is a monitor '", entry.name, "' already"), EEXIST);
  }
  if (!entry.container && entry.instrumentation == nullptr && entry.cannot_run.empty())
    return complain(" has nothing that brings events to it");
  if (entry.parent.empty()) return {};
  if (entry.container) return complain(" is a container and cannot be nested");
  if (std::find(kMonitorFiles.begin(), kMonitorFiles.end(), entry.name) != kMonitorFiles.end())
    return complain(" cannot be nested: a container's folder has a file of that name");
  const auto found = by_name_.find(entry.parent);
  if (found == by_name_.end()) {
    std::vector<std::string> names;
    for (const auto& monitor : monitors_)
      if (monitor->entry.container) names.push_back(monitor->entry.name);
    return complain(cat(": there is no container '", escape(entry.parent), "'",
                        near_miss(entry.parent, names)));
  }
  const MonitorEntry& parent = found->second->entry;
  if (!parent.parent.empty())
    return complain(cat(": its parent '", parent.name, "' is nested itself"));
  if (!parent.container) return complain(cat(": its parent '", parent.name, "' is no container"));
  return {};
}

Result<std::shared_ptr<Reactor>> Registry::make_reactor(const ReactionSetting& setting) const {
  Result<std::shared_ptr<Reactor>> made = reactors_.make(setting);
  if (!made && made.error().code() == ErrorCode::not_found) return invalid(made.error().message());
  return made;
}

Result<> Registry::register_monitor(MonitorEntry entry) {
  SWERVE_TRY_ASSIGN(const auto turn, take_turn());
  SWERVE_TRY(check_new(entry));
  Result<std::shared_ptr<Reactor>> reactor = make_reactor(entry.reaction);
  if (!reactor) return std::move(reactor).error().within(cat("monitor '", entry.name, "'"));

  Instrumentation* const instrumentation = entry.instrumentation;
  const bool known = std::any_of(monitors_.begin(), monitors_.end(), [&](const auto& monitor) {
    return monitor->entry.instrumentation == instrumentation;
  });
  if (instrumentation != nullptr && !known)
    SWERVE_TRY(instrumentation->set_reacting(reactions_.reacting()));

  auto monitor = std::make_unique<Monitor>();
  monitor->entry = std::move(entry);
  monitor->reaction = monitor->entry.reaction;
  monitor->reactor = *std::move(reactor);
  if (!monitor->entry.container)
    reactions_.choose(monitor->entry.name, monitor->reactor, monitor->reaction);
  const std::lock_guard lock(mutex_);
  by_name_[monitor->entry.name] = monitor.get();
  auto place = monitors_.end();
  if (!monitor->entry.parent.empty()) {
    place = std::find_if(monitors_.begin(), monitors_.end(), [&](const auto& other) {
      return other->entry.name == monitor->entry.parent;
    });
    ++place;
  }
  monitors_.insert(place, std::move(monitor));
  return {};
}

Result<> Registry::unregister_monitor(std::string_view name) {
  SWERVE_TRY_ASSIGN(const auto turn, take_turn());
  SWERVE_TRY_ASSIGN(Monitor* const monitor, named(name));
  if (const Monitors below = children(*monitor); !below.empty()) {
    return Error(ErrorCode::busy,
                 cat("container '", name, "' still has monitors, as '", below[0]->entry.name, "'"),
                 EBUSY);
  }
  SWERVE_TRY(stop({monitor}));
  reactions_.forget(monitor->entry.name);
  const std::lock_guard lock(mutex_);
  by_name_.erase(monitor->entry.name);
  std::erase_if(monitors_, [&](const auto& one) { return one.get() == monitor; });
  return {};
}

Result<> Registry::register_reactor(ReactorSet::Kind kind) {
  SWERVE_TRY_ASSIGN(const auto turn, take_turn());
  SWERVE_TRY(check_name("reactor", kind.name));
  const std::lock_guard lock(mutex_);
  return reactors_.add(std::move(kind));
}

Result<> Registry::unregister_reactor(std::string_view name) {
  SWERVE_TRY_ASSIGN(const auto turn, take_turn());
  for (const auto& monitor : monitors_) {
    if (monitor->reaction.reactor != name) continue;
    return Error(
        ErrorCode::busy,
        cat("reactor '", name, "' is in use: monitor '", monitor->entry.name, "' has chosen it"),
        EBUSY);
  }
  const std::lock_guard lock(mutex_);
  if (const Result<> removed = reactors_.remove(name); !removed)
    return invalid(removed.error().message());
  return {};
}

std::vector<std::string> Registry::reactors() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const ReactorSet::Kind& kind : reactors_.kinds()) names.push_back(kind.name);
  return names;
}

// Enabling and disabling.

namespace {

/// Makes one call for each instrumentation with all that is its own, so that it waits once. All
/// calls are made; the first error.
template <typename Monitors, typename Call>
Result<> for_each_instrumentation(const Monitors& monitors, Call call) {
  std::vector<std::pair<Instrumentation*, std::vector<MonitorHandle>>> groups;
  for (const auto* const monitor : monitors) {
    Instrumentation* const instrumentation = monitor->entry.instrumentation;
    if (instrumentation == nullptr) continue;  // a container
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const auto& one) { return one.first == instrumentation; });
    if (group == groups.end()) group = groups.insert(groups.end(), {instrumentation, {}});
    group->second.push_back(monitor->entry.handle);
  }
  Result<> outcome;
  for (const auto& [instrumentation, handles] : groups) {
    Result<> done = call(*instrumentation, std::span<const MonitorHandle>(handles));
    if (!done && outcome) outcome = std::move(done);
  }
  return outcome;
}

template <typename Monitors>
std::vector<std::string> names_of(const Monitors& monitors) {
  std::vector<std::string> names;
  names.reserve(monitors.size());
  for (const auto* const monitor : monitors) names.push_back(monitor->entry.name);
  return names;
}

}  // namespace

/// Switches one monitor on that is no container.
Result<> Registry::start(Monitor& monitor) {
  if (monitor.enabled) return {};
  const MonitorEntry& entry = monitor.entry;
  if (!entry.cannot_run.empty()) {
    return Error(ErrorCode::unsupported,
                 cat("monitor '", entry.name, "' cannot run here: ", entry.cannot_run), EOPNOTSUPP);
  }
  Result<> attached = entry.instrumentation->attach(entry.handle, monitor.reaction, monitoring_);
  if (!attached) return std::move(attached).error().within(cat("enable ", entry.name));
  set(monitor.enabled, true);
  return {};
}

/// Switches all of them off that are on: every flag, then the probes with one wait, then what waits
/// to react.
Result<> Registry::stop(const Monitors& monitors) {
  Monitors on;
  for (Monitor* const monitor : monitors) {
    if (monitor->enabled && !monitor->entry.container) on.push_back(monitor);
    set(monitor->enabled, false);
  }
  if (on.empty()) return {};
  Result<> detached = for_each_instrumentation(
      on, [](Instrumentation& one, auto handles) { return one.detach(handles); });
  reactions_.settle(names_of(on), kPatience);
  return detached;
}

Result<> Registry::enable(std::string_view name) {
  SWERVE_TRY_ASSIGN(const auto turn, take_turn());
  SWERVE_TRY_ASSIGN(Monitor* const monitor, named(name));
  if (!monitor->entry.container) return start(*monitor);
  const Monitors below = children(*monitor);
  for (Monitor* const child : below) {
    if (Result<> started = start(*child); !started) {
      set(monitor->enabled, false);
      (void)stop(below);
      return std::move(started).error().within(cat("enable ", monitor->entry.name));
    }
  }
  set(monitor->enabled, true);
  return {};
}

Result<> Registry::disable(std::string_view name) {
  SWERVE_TRY_ASSIGN(const auto turn, take_turn());
  SWERVE_TRY_ASSIGN(Monitor* const monitor, named(name));
  Monitors off = children(*monitor);
  off.push_back(monitor);
  Result<> stopped = stop(off);
  if (!stopped) return std::move(stopped).error().within(cat("disable ", monitor->entry.name));
  return {};
}

Result<> Registry::disable_all() {
  SWERVE_TRY_ASSIGN(const auto turn, take_turn());
  Monitors all;
  for (const auto& monitor : monitors_) all.push_back(monitor.get());
  Result<> stopped = stop(all);
  if (!stopped) return std::move(stopped).error().within("disable all monitors");
  return {};
}

Result<> Registry::reset(std::string_view name) {
  SWERVE_TRY_ASSIGN(const auto turn, take_turn());
  SWERVE_TRY_ASSIGN(Monitor* const monitor, named(name));
  const Monitors on = enabled_of(*monitor);
  const bool running = monitoring_;
  Result<> done = for_each_instrumentation(
      on, [running](Instrumentation& one, std::span<const MonitorHandle> handles) -> Result<> {
        if (!running) return one.reset(handles);
        Result<> outcome = one.switch_off(handles);
        if (outcome) outcome = one.reset(handles);
        Result<> back = one.switch_on(handles);
        return outcome ? back : outcome;
      });
  if (!done) return std::move(done).error().within(cat("reset ", monitor->entry.name));
  return {};
}

// The switches.

Result<> Registry::set_monitoring(bool on) {
  SWERVE_TRY_ASSIGN(const auto turn, take_turn());
  if (on == monitoring_) return {};
  Monitors enabled;
  for (const auto& monitor : monitors_)
    if (monitor->enabled && !monitor->entry.container) enabled.push_back(monitor.get());
  const auto off = [&]() -> Result<> {
    set(monitoring_, false);
    Result<> switched = for_each_instrumentation(
        enabled, [](Instrumentation& one, auto handles) { return one.switch_off(handles); });
    reactions_.settle(names_of(enabled), kPatience);
    return switched;
  };
  if (!on) {
    Result<> switched = off();
    if (!switched) return std::move(switched).error().within("switch monitoring off");
    return {};
  }
  Result<> switched = for_each_instrumentation(
      enabled, [](Instrumentation& one, auto handles) { return one.reset(handles); });
  if (switched) {
    set(monitoring_, true);
    switched = for_each_instrumentation(
        enabled, [](Instrumentation& one, auto handles) { return one.switch_on(handles); });
    if (!switched) (void)off();
  }
  if (!switched) return std::move(switched).error().within("switch monitoring on");
  return {};
}

Result<> Registry::set_reacting(bool on) {
  SWERVE_TRY_ASSIGN(const auto turn, take_turn());
  std::vector<Instrumentation*> told;
  const auto tell_each = [&](const auto& call) {
    Result<> outcome;
    told.clear();
    for (const auto& monitor : monitors_) {
      Instrumentation* const one = monitor->entry.instrumentation;
      if (one == nullptr || std::find(told.begin(), told.end(), one) != told.end()) continue;
      told.push_back(one);
      Result<> done = call(*one);
      if (!done && outcome) outcome = std::move(done);
    }
    return outcome;
  };
  const auto tell_all = [&](bool to) {
    reactions_.set_reacting(to);
    return tell_each([to](Instrumentation& one) { return one.set_reacting(to); });
  };
  if (on == reactions_.reacting()) return {};
  // What was found under the old setting is judged under it.
  if (on) {
    Result<> handed = tell_each([](Instrumentation& one) { return one.hand_over(); });
    if (!handed) return std::move(handed).error().within("switch reacting on");
  }
  Result<> switched = tell_all(on);
  if (switched) return {};
  if (on) (void)tell_all(false);
  return std::move(switched).error().within(cat("switch reacting ", on ? "on" : "off"));
}

bool Registry::monitoring() const {
  const std::lock_guard lock(mutex_);
  return monitoring_;
}

bool Registry::reacting() const { return reactions_.reacting(); }

// Reactors.

Result<> Registry::choose_reactor(std::string_view name, std::string_view reactor) {
  return change_reactions(name, [reactor](const Monitor& monitor) {
    return with_definition(monitor.entry.reaction, reactor, monitor.reaction.dry_run);
  });
}

Result<> Registry::set_dry_run(std::string_view name, bool on) {
  return change_reactions(name, [on](const Monitor& monitor) {
    ReactionSetting setting = monitor.reaction;
    setting.dry_run = on;
    return setting;
  });
}

/// Gives the monitor, and the children of a container, the reaction that `wanted` says: all of them
/// or none. What was on is on again afterwards.
Result<> Registry::change_reactions(std::string_view name,
                                    const std::function<ReactionSetting(const Monitor&)>& wanted) {
  SWERVE_TRY_ASSIGN(const auto turn, take_turn());
  SWERVE_TRY_ASSIGN(Monitor* const monitor, named(name));
  Monitors all = children(*monitor);
  all.push_back(monitor);
  std::vector<Change> changes;
  Monitors on;
  for (Monitor* const one : all) {
    Change change{one, wanted(*one), nullptr};
    if (change.reaction == one->reaction) continue;
    if (change.reaction.reactor == one->reaction.reactor) {
      change.reactor = one->reactor;
    } else {
      Result<std::shared_ptr<Reactor>> made = make_reactor(change.reaction);
      if (!made) return std::move(made).error().within(cat("monitor '", one->entry.name, "'"));
      change.reactor = *std::move(made);
    }
    changes.push_back(std::move(change));
    if (one->enabled && !one->entry.container) on.push_back(one);
  }

  const auto exchange = [&] {  // a second time: back
    for (Change& change : changes) {
      const std::lock_guard lock(mutex_);
      std::swap(change.monitor->reaction, change.reaction);
      std::swap(change.monitor->reactor, change.reactor);
      if (!change.monitor->entry.container)
        reactions_.choose(change.monitor->entry.name, change.monitor->reactor,
                          change.monitor->reaction);
    }
  };
  const auto start_all = [&] {
    Result<> outcome;
    for (Monitor* const one : on) {
      Result<> started = start(*one);
      if (!started && outcome) outcome = std::move(started);
    }
    return outcome;
  };

  Result<> done = stop(on);
  if (done) {
    exchange();
    done = start_all();
    if (done) return {};
    (void)stop(on);
    exchange();
  }
  const Result<> back = start_all();
  if (back) return done;
  return Error(done.error().code(),
               cat(done.error().message(), "; not enabled again: ", back.error().message()),
               done.error().os_errno());
}

}  // namespace swerve
