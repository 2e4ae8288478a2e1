#include "swerve/monitor/concurrent_monitor.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sched.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "monitor/monitor.h"
#include "monitor/reference_models.h"

namespace swerve {
namespace {

struct Collected : VerdictSink {
  void on_step(const Step& s) override { steps.push_back(s); }
  void on_violation(const Violation& v) override { violations.push_back(v); }
  std::vector<Step> steps;
  std::vector<Violation> violations;
};

/// A deterministic model in which every state can be reached; with more than 254 transitions its
/// table is wide.
Automaton any_model(bool wide) {
  const auto number = [](int from, int to) { return *rc::gen::inRange(from, to); };
  const int states = wide ? 24 : number(1, 6);
  const int events = wide ? 16 : number(1, 5);
  const auto name = [](const char* of, int i) { return of + std::to_string(i); };
  std::vector<Automaton::Edge> edges;
  for (int s = 0; s < states; ++s) {
    for (int e = 0; e < events; ++e) {
      const bool to_the_next = e == 0;  // so that all are reached
      if (!to_the_next && number(0, wide ? 8 : 3) == 0) continue;
      const int to = to_the_next ? (s + 1) % states : number(0, states);
      edges.push_back({name("s", s), name("e", e), name("s", to)});
    }
  }
  return Automaton::make("m", "s0", edges, {"s0"}).value();
}

/// The same event by both: what each says of it, in words.
class Both {
 public:
  Both(const Automaton& model, Scope scope, std::uint32_t most)
      : scope_(scope),
        host_("m", model, scope, sink_, {.max_instances = most, .steps = true}),
        concurrent_(ConcurrentMonitor::make("m", model, scope, {.max_instances = most}).value()) {
    concurrent_->switch_on();
  }

  void step(std::uint64_t key, EventId event, Handler handler) {
    const std::size_t steps = sink_.steps.size(), violations = sink_.violations.size();
    const Section section;
    const ConcurrentMonitor::Happening happening = concurrent_step(key, event, handler);
    const Outcome outcome = host_.step(host_key(key), event, handler, {});
    RC_ASSERT(happening.stepping.outcome == outcome);
    Occurrence about;
    about.id = {scope_, scope_ == Scope::task ? 1 : key};
    if (sink_.steps.size() != steps) {
      Step expected = sink_.steps.back();
      expected.task = {};
      RC_ASSERT(concurrent_->step(about, event, happening) == expected);
    }
    if (sink_.violations.size() != violations) {
      Violation expected = sink_.violations.back();
      expected.task = {};
      RC_ASSERT(concurrent_->violation(about, event, happening) == expected);
    }
  }

  /// The quick way where it says that it can, else the other: as callers do.
  void plain_step(std::uint64_t key, EventId event, Handler handler) {
    const Section section;
    detail::ThreadRecord& thread = detail::thread_record();
    const bool quick = scope_ == Scope::task ? concurrent_->plain_step_thread(thread, event)
                       : scope_ == Scope::object
                           ? concurrent_->plain_step_object(thread, key, event)
                           : false;
    if (!quick) return step(key, event, handler);
    RC_ASSERT(host_.step(host_key(key), event, handler, {}) == Outcome::stepped);
  }

  void end(std::uint64_t key) {
    concurrent_->end_object(key);
    host_.end(host_key(key));
  }
  void reset_all() {
    concurrent_->switch_off();
    RC_ASSERT(wait_for_sections());
    concurrent_->reset_all();
    host_.reset_all();
    concurrent_->switch_on();
  }

  void agree(std::uint64_t key) const {
    RC_ASSERT(concurrent_->state(key) == host_.state(host_key(key)));
    const MonitorStats stats = concurrent_->stats();
    const MonitorCounters counters = host_.counters();
    RC_ASSERT(stats.events == counters.events);
    RC_ASSERT(stats.violations == counters.violations);
    RC_ASSERT(stats.started == counters.started);
    RC_ASSERT(stats.instances == counters.instances);
    RC_ASSERT(stats.refused == counters.refused);
    RC_ASSERT(stats.raced == 0U);
  }

 private:
  InstanceKey host_key(std::uint64_t key) const {
    switch (scope_) {
      case Scope::global:
        return InstanceKey::global();
      case Scope::cpu:
        return InstanceKey::cpu(static_cast<std::uint32_t>(key));
      case Scope::task:
        return InstanceKey::task(1, 0);
      case Scope::object:
        break;
    }
    return InstanceKey::object(key);
  }
  ConcurrentMonitor::Happening concurrent_step(std::uint64_t key, EventId event, Handler handler) {
    detail::ThreadRecord& thread = detail::thread_record();
    switch (scope_) {
      case Scope::global:
        return concurrent_->step_global(thread, event, handler);
      case Scope::cpu:
        return concurrent_->step_cpu(thread, event, handler);
      case Scope::task:
        return concurrent_->step_thread(thread, event, handler);
      case Scope::object:
        break;
    }
    return concurrent_->step_object(thread, key, event, handler);
  }

  Scope scope_;
  Collected sink_;
  HostMonitor host_;
  std::unique_ptr<ConcurrentMonitor> concurrent_;
};

/// While it lives, the thread stays on one CPU: otherwise nobody could say whose instance it is.
class OnOneCpu {
 public:
  OnOneCpu() {
    ::sched_getaffinity(0, sizeof before_, &before_);
    cpu_ = ::sched_getcpu();
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu_, &one);
    held_ = ::sched_setaffinity(0, sizeof one, &one) == 0;
  }
  ~OnOneCpu() { ::sched_setaffinity(0, sizeof before_, &before_); }
  OnOneCpu(const OnOneCpu&) = delete;
  OnOneCpu& operator=(const OnOneCpu&) = delete;
  bool held() const { return held_; }
  std::uint64_t cpu() const { return static_cast<std::uint64_t>(cpu_); }

 private:
  cpu_set_t before_{};
  int cpu_ = 0;
  bool held_ = false;
};

void compare(Scope scope, bool wide) {
  const OnOneCpu here;
  RC_PRE(here.held());
  const Automaton model = any_model(wide);
  const int events = static_cast<int>(model.events().size());
  constexpr std::uint32_t kMost = 5;  // of the eight objects there are
  Both both(model, scope, kMost);
  const int length = *rc::gen::inRange(0, 120);
  for (int i = 0; i < length; ++i) {
    // Neighbours, and keys of the same part of the table.
    const std::uint64_t key = scope == Scope::cpu ? here.cpu()
                              : scope == Scope::object
                                  ? *rc::gen::inRange<std::uint64_t>(0, 8) << 20
                                  : 0;
    const int what = *rc::gen::inRange(0, 40);
    if (what == 0) {
      both.reset_all();
    } else if (what < 3 && scope == Scope::object) {
      both.end(key);
    } else {
      const auto event = static_cast<EventId>(*rc::gen::inRange(0, events));
      const Handler handler = *rc::gen::element(Handler::event, Handler::start, Handler::start_run);
      if (what % 2 == 0) {
        both.step(key, event, handler);
      } else {
        both.plain_step(key, event, handler);
      }
    }
    both.agree(key);
  }
}

class SameAsHostMonitor : public testing::TestWithParam<std::pair<Scope, bool>> {};

TEST_P(SameAsHostMonitor, InVerdictsStatesAndCounts) {
  const auto [scope, wide] = GetParam();
  rc::detail::checkGTest([scope = scope, wide = wide] { compare(scope, wide); });
}

INSTANTIATE_TEST_SUITE_P(
    OnRandomModels, SameAsHostMonitor,
    testing::Values(std::pair{Scope::global, false}, std::pair{Scope::global, true},
                    std::pair{Scope::cpu, false}, std::pair{Scope::cpu, true},
                    std::pair{Scope::task, false}, std::pair{Scope::task, true},
                    std::pair{Scope::object, false}, std::pair{Scope::object, true}),
    [](const auto& about) {
      return std::string(scope_name(about.param.first)) + (about.param.second ? "Wide" : "Narrow");
    });

class ConcurrentMonitorTest : public testing::Test {
 protected:
  std::unique_ptr<ConcurrentMonitor> make(Scope scope, std::uint32_t most = 16384) const {
    auto made = ConcurrentMonitor::make("wwnr", model, scope, {.max_instances = most}).value();
    made->switch_on();
    return made;
  }
  Automaton model = reference_model("wwnr");
  EventId in = model.find_event("switch_in");
  EventId out = model.find_event("switch_out");
};

TEST_F(ConcurrentMonitorTest, BeginsSwitchedOff) {
  const auto monitor = ConcurrentMonitor::make("wwnr", model, Scope::global, {}).value();
  const Section section;
  EXPECT_EQ(monitor->step_global(detail::thread_record(), in, Handler::start_run).stepping.outcome,
            Outcome::ignored);
  EXPECT_EQ(monitor->stats(), MonitorStats());
}

TEST_F(ConcurrentMonitorTest, CountsWhatItRefusesAndTakesAnotherWhenOneEnds) {
  const auto monitor = make(Scope::object, 2);
  const auto start = [&](std::uint64_t key) {
    const Section section;
    return monitor->step_object(detail::thread_record(), key, in, Handler::start_run)
        .stepping.outcome;
  };
  EXPECT_EQ(start(1), Outcome::stepped);
  EXPECT_EQ(start(2), Outcome::stepped);
  EXPECT_EQ(start(3), Outcome::ignored);
  EXPECT_EQ(monitor->stats().refused, 1U);
  monitor->switch_off();
  monitor->end_object(1);  // also while it is off
  monitor->switch_on();
  EXPECT_EQ(start(3), Outcome::stepped);
  EXPECT_EQ(start(2), Outcome::violated);  // that makes room, too
  EXPECT_EQ(start(4), Outcome::stepped);
  EXPECT_EQ(monitor->stats().refused, 1U);
  EXPECT_EQ(monitor->stats().instances, 2U);
}

TEST_F(ConcurrentMonitorTest, RefusesInstancesOfAllThreadsTogether) {
  constexpr std::uint64_t kThreads = 4, kKeys = 500;
  constexpr std::uint32_t kMost = 700;
  const auto monitor = make(Scope::object, kMost);
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t key = 0; key < kKeys; ++key) {
        const Section section;
        monitor->step_object(detail::thread_record(), t * kKeys + key, in, Handler::start_run);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const MonitorStats stats = monitor->stats();
  EXPECT_EQ(stats.started + stats.refused, kThreads * kKeys);
  EXPECT_EQ(stats.instances, stats.started);
  EXPECT_EQ(stats.started, kMost);  // nothing ended, so nothing was refused while there was room
}

TEST_F(ConcurrentMonitorTest, AResetReachesTheInstancesOfOtherThreads) {
  const auto monitor = make(Scope::task);
  const auto step = [&](EventId event, Handler handler) {
    const Section section;
    return monitor->step_thread(detail::thread_record(), event, handler).stepping.outcome;
  };
  std::atomic<int> turn{0};
  std::thread other([&] {
    EXPECT_EQ(step(in, Handler::start_run), Outcome::stepped);
    turn = 1;
    turn.notify_all();
    turn.wait(1);
    EXPECT_EQ(step(out, Handler::event), Outcome::ignored);
  });
  turn.wait(0);
  monitor->switch_off();
  ASSERT_TRUE(wait_for_sections());
  monitor->reset_all();
  monitor->switch_on();
  EXPECT_EQ(monitor->stats().instances, 0U);
  turn = 2;
  turn.notify_all();
  other.join();
  EXPECT_EQ(monitor->stats().events, 1U);
}

}  // namespace
}  // namespace swerve
