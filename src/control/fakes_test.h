// control/fakes_test.h - for tests: an instrumentation that writes down what it is told, reactors
// that count, and a registry with both.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.h"
#include "swerve/control/registry.h"

namespace swerve::fake {

/// Attaches nothing. What it was told stands in `calls`: "attach 1 nop on", "detach 1 2", …
class Instrumentation final : public swerve::Instrumentation {
 public:
  Result<> attach(MonitorHandle monitor, const ReactionSetting& reaction, bool on) override {
    calls.push_back(cat("attach ", monitor, " ", reaction.reactor, reaction.dry_run ? " dry" : "",
                        on ? " on" : " off"));
    settings[monitor] = reaction;
    if (failing.contains(monitor)) return Error(ErrorCode::busy, "no room for it", EBUSY);
    attached[monitor] = on;
    stale.erase(monitor);
    return {};
  }
  Result<> detach(std::span<const MonitorHandle> monitors) override {
    note("detach", monitors);
    for (const MonitorHandle monitor : monitors) {
      EXPECT_EQ(attached.erase(monitor), 1U) << monitor << " was not attached";
      if (while_detaching) while_detaching(monitor);
    }
    return wait();
  }
  Result<> reset(std::span<const MonitorHandle> monitors) override {
    note("reset", monitors);
    for (const MonitorHandle monitor : monitors) {
      EXPECT_FALSE(attached.at(monitor));
      stale.erase(monitor);
    }
    if (reset_fails) return Error(ErrorCode::io, "reset failed", EIO);
    return {};
  }
  Result<> switch_on(std::span<const MonitorHandle> monitors) override {
    note("switch_on", monitors);
    for (const MonitorHandle monitor : monitors) {
      attached.at(monitor) = true;
      EXPECT_FALSE(stale.contains(monitor)) << "events were missed, so it must start anew";
    }
    if (switch_on_fails) return Error(ErrorCode::io, "switching on failed", EIO);
    return {};
  }
  Result<> switch_off(std::span<const MonitorHandle> monitors) override {
    note("switch_off", monitors);
    for (const MonitorHandle monitor : monitors) {
      attached.at(monitor) = false;
      stale.insert(monitor);
    }
    return wait();
  }
  Result<> set_reacting(bool on) override {
    calls.push_back(cat("set_reacting ", on ? 1 : 0));
    reacting = on;
    return reacting_fails ? Error(ErrorCode::io, "no", EIO) : Result<>();
  }
  MonitorStats stats(MonitorHandle monitor) const override {
    MonitorStats stats;
    stats.events = 10ULL * monitor;
    stats.violations = monitor;
    return stats;
  }

  /// What was told since the last time.
  std::vector<std::string> take_calls() { return std::exchange(calls, {}); }

  std::vector<std::string> calls;
  std::map<MonitorHandle, bool> attached;  // and whether their events count
  std::set<MonitorHandle> stale;           // their instances may have missed events
  std::map<MonitorHandle, ReactionSetting> settings;
  bool reacting = true;
  std::set<MonitorHandle> failing;  // to attach
  bool wait_fails = false, reset_fails = false, switch_on_fails = false, reacting_fails = false;
  std::function<void(MonitorHandle)> while_detaching;

 private:
  void note(std::string_view what, std::span<const MonitorHandle> monitors) {
    std::string call(what);
    for (const MonitorHandle monitor : monitors) call += cat(" ", monitor);
    calls.push_back(call);
  }
  Result<> wait() const {
    if (wait_fails) return Error(ErrorCode::io, "the wait failed", EIO);
    return {};
  }
};

/// Counts its calls; while the gate is shut, they do not return.
class Reactor final : public swerve::Reactor {
 public:
  explicit Reactor(std::string name) : name_(std::move(name)) {}
  std::string_view name() const override { return name_; }
  std::string_view description() const override { return "for tests"; }
  Result<> react(const Reaction&) override {
    std::unique_lock lock(mutex_);
    ++begun_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    return {};
  }

  void shut() {
    const std::lock_guard lock(mutex_);
    open_ = false;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  int begun() const {
    const std::lock_guard lock(mutex_);
    return begun_;
  }
  /// Whether so many have begun before the deadline.
  bool wait_for(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return begun_ >= count; });
  }

 private:
  const std::string name_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  int begun_ = 0;
};

/// nop, printk and panic by name, all harmless.
struct Reactors {
  std::shared_ptr<Reactor> printk = std::make_shared<Reactor>("printk");
  std::shared_ptr<Reactor> panic = std::make_shared<Reactor>("panic");
  ReactorSet set() const {
    ReactorSet reactors;
    EXPECT_TRUE(reactors.add(std::make_shared<NopReactor>()));
    EXPECT_TRUE(reactors.add(printk));
    EXPECT_TRUE(reactors.add(panic));
    return reactors;
  }
};

inline Violation violation_of(std::string monitor) {
  Violation violation;
  violation.monitor = std::move(monitor);
  violation.state = "running";
  violation.event = "wakeup";
  violation.expected = {"switch_out"};
  return violation;
}

/// Whether `condition` holds before the deadline.
template <typename Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace swerve::fake
