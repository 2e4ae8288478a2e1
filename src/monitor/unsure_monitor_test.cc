#include "monitor/unsure_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>
#include <set>
#include <variant>

#include "base/text.h"
#include "monitor/naive_instance.h"
#include "monitor/reference_models.h"

namespace swerve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// All that is told, in its order.
struct Log : VerdictSink {
  using Verdict = std::variant<Step, Violation, Inconclusive>;
  void on_step(const Step& s) override { all.emplace_back(s); }
  void on_violation(const Violation& v) override { all.emplace_back(v); }
  void on_inconclusive(const Inconclusive& i) override { all.emplace_back(i); }
  template <typename T>
  T last() const {
    if (all.empty() || !std::holds_alternative<T>(all.back())) {
      ADD_FAILURE() << "the last verdict is another one, or there is none";
      return {};
    }
    return std::get<T>(all.back());
  }
  std::vector<Verdict> all;
};

constexpr std::uint8_t kNothing = May::kNothing, kEvent = May::kEvent, kStart = May::kStart,
                       kStartRun = May::kStartRun;
const StateOrNone kNone;

class Unsure : public testing::Test {
 protected:
  UnsureMonitor make(Scope scope, UnsureMonitor::Options options = {}, bool can_end = false) {
    // As in wwnr.toml: going out may start.
    return UnsureMonitor("wwnr", model, scope, {{kEvent}, {kEvent | kStart}, {kEvent}}, can_end,
                         log, options);
  }
  Automaton model = reference_model("wwnr");
  EventId in = model.find_event("switch_in");
  EventId out = model.find_event("switch_out");
  EventId wakeup = model.find_event("wakeup");
  Log log;
};

TEST_F(Unsure, TellsAViolationWhole) {
  UnsureMonitor m = make(Scope::task, {.steps = true});
  const InstanceKey key = InstanceKey::task(42, 1);
  const Circumstances c{{1000}, 1, {7, 6, "waker"}, TaskView{42, 40, "sleeper"}};
  m.step(key, out, {kStart}, c);
  m.step(key, in, {kEvent}, c);
  m.step(key, wakeup, {kEvent}, c);
  m.step(key, wakeup, {kEvent}, c);

  Occurrence where{{1000}, "wwnr",          {Scope::task, 42}, TaskInfo{42, 40, "sleeper"},
                   1,      {7, 6, "waker"}, "not_running",     "switch_in"};
  ASSERT_EQ(log.all.size(), 2U);
  EXPECT_EQ(std::get<Step>(log.all[0]), (Step{where, "running", false}));
  where.state = "running";
  where.event = "wakeup";
  EXPECT_EQ(
      log.last<Violation>(),
      (Violation{where, {"switch_out"}, {{"not_running", "switch_in", "running"}}, 1, {}, ""}));
  EXPECT_EQ(m.counters(), (UnsureCounters{1, 0, 1, 0, 1, 0, 0}));
}

TEST_F(Unsure, IsUnsureWhetherAnEventStarted) {
  UnsureMonitor m = make(Scope::task, {.steps = true});
  const InstanceKey key = InstanceKey::task(1, 0);
  m.step(key, out, {kEvent | kStart}, {});
  EXPECT_THAT(m.states(key), ElementsAre("not_running", kNone));
  EXPECT_TRUE(log.all.empty());  // a start is no step

  m.step(key, in, {kEvent}, {});
  EXPECT_THAT(m.states(key), ElementsAre("running", kNone));
  const Step step = log.last<Step>();
  EXPECT_EQ(step.state, "{not_running|-}");
  EXPECT_THAT(step.states, ElementsAre("not_running", kNone));
  EXPECT_EQ(step.next, "{running|-}");
  EXPECT_THAT(step.nexts, ElementsAre("running", kNone));

  m.step(key, wakeup, {kEvent}, {});
  const Inconclusive i = log.last<Inconclusive>();
  EXPECT_EQ(i.state, "{running|-}");
  EXPECT_THAT(i.states, ElementsAre("running", kNone));
  EXPECT_THAT(i.violating, ElementsAre("running"));
  EXPECT_EQ(i.why, Doubt::value);
  EXPECT_THAT(m.states(key), IsEmpty());
  EXPECT_EQ(m.counters(), (UnsureCounters{0, 2, 0, 1, 0, 0, 0}));
}

TEST_F(Unsure, IsUnsureWhetherAnEventHappened) {
  UnsureMonitor m = make(Scope::task, {.steps = true});
  const InstanceKey key = InstanceKey::task(1, 0);
  m.step(key, out, {kStart}, {});
  m.step(key, in, {kEvent | kNothing}, {});
  EXPECT_THAT(m.states(key), ElementsAre("not_running", "running"));
  EXPECT_EQ(log.last<Step>().state, "not_running");
  EXPECT_THAT(log.last<Step>().states, IsEmpty());
  EXPECT_EQ(log.last<Step>().next, "{not_running|running}");

  // Only what is left of it goes on: it was not_running, or it does not monitor any more.
  m.step(key, wakeup, {kEvent}, {});
  EXPECT_THAT(m.states(key), ElementsAre("not_running", kNone));
  EXPECT_THAT(log.last<Inconclusive>().violating, ElementsAre("running"));
  m.step(key, out, {kStart}, {});  // a start, or not allowed
  EXPECT_THAT(log.last<Inconclusive>().violating, ElementsAre("not_running"));
  EXPECT_THAT(m.states(key), ElementsAre("not_running", kNone));
}

TEST_F(Unsure, IsCertainAgainWhenAllAgree) {
  UnsureMonitor m = make(Scope::task, {.steps = true});
  const InstanceKey key = InstanceKey::task(1, 0);
  m.step(key, out, {kStart | kStartRun}, {});  // not allowed, or only a start
  EXPECT_EQ(log.last<Inconclusive>().state, "-");
  EXPECT_THAT(log.last<Inconclusive>().violating, ElementsAre("not_running"));
  m.step(key, in, {kEvent}, {});
  EXPECT_THAT(m.states(key), ElementsAre("running", kNone));
  m.step(key, out, {kStart}, {});
  EXPECT_THAT(m.states(key), ElementsAre("not_running"));
  EXPECT_EQ(log.last<Step>().next, "not_running");
  EXPECT_THAT(log.last<Step>().nexts, IsEmpty());
  m.step(key, in, {kEvent}, {});
  EXPECT_THAT(log.last<Step>().states, IsEmpty());
  m.step(key, wakeup, {kEvent}, {});
  // The way there begins where it was certain.
  EXPECT_THAT(log.last<Violation>().path,
              ElementsAre(PathStep{"not_running", "switch_in", "running"}));
  EXPECT_EQ(log.last<Violation>().events, 1U);
  EXPECT_THAT(log.last<Violation>().states, IsEmpty());
}

TEST_F(Unsure, ViolatesWhenAllStatesDo) {
  UnsureMonitor m = make(Scope::task);
  const InstanceKey key = InstanceKey::task(1, 0);
  m.step(key, out, {kStart}, {});
  m.step(key, in, {kEvent | kNothing}, {});
  m.step(key, in, {kEvent}, {});  // inconclusive: {running|-}
  m.step(key, wakeup, {kStartRun}, {});
  EXPECT_THAT(m.states(key), ElementsAre("not_running", kNone));
  m.step(key, out, {kStartRun}, {});
  const Violation v = log.last<Violation>();
  EXPECT_EQ(v.state, "{not_running|-}");
  EXPECT_THAT(v.states, ElementsAre("not_running", kNone));
  EXPECT_THAT(v.expected, ElementsAre("switch_in", "wakeup"));
  EXPECT_THAT(v.path, IsEmpty());
  EXPECT_EQ(v.events, 0U);
  EXPECT_THAT(m.states(key), IsEmpty());
}

TEST_F(Unsure, KnowsOfANewTask) {
  UnsureMonitor m = make(Scope::task);
  m.hole_opens(0);
  m.hole_closes(0);
  EXPECT_THAT(m.states(InstanceKey::task(5, 0)), ElementsAre("not_running", "running", kNone));
  m.task_new(5);
  EXPECT_THAT(m.states(InstanceKey::task(5, 0)), IsEmpty());
  m.step(InstanceKey::task(5, 0), wakeup, {kEvent}, {});
  EXPECT_TRUE(log.all.empty());
  m.step(InstanceKey::task(6, 0), wakeup, {kEvent}, {});
  EXPECT_THAT(log.last<Inconclusive>().violating, ElementsAre("running"));
  EXPECT_EQ(log.last<Inconclusive>().why, Doubt::lost);
  // While events are lost it may have begun to be monitored at once.
  m.hole_opens(3);
  m.task_new(5);
  EXPECT_THAT(m.states(InstanceKey::task(5, 0)), ElementsAre("not_running", "running", kNone));
}

TEST_F(Unsure, AHoleConcernsAllTasksButTheIdleOnesOfOtherCpus) {
  UnsureMonitor m = make(Scope::task);
  const InstanceKey task = InstanceKey::task(5, 0);
  const auto idle = [](std::uint32_t cpu) { return InstanceKey::task(0, cpu); };
  for (const InstanceKey key : {task, idle(0), idle(1)}) m.step(key, out, {kStart}, {});
  m.hole_opens(1);
  const auto any = ElementsAre("not_running", "running", kNone);
  EXPECT_THAT(m.states(task), any);
  EXPECT_THAT(m.states(idle(0)), ElementsAre("not_running"));
  EXPECT_THAT(m.states(idle(1)), any);
  EXPECT_THAT(m.states(idle(2)), IsEmpty());
  // Nothing is certain for longer than an event.
  m.step(task, in, {kEvent}, {});
  EXPECT_THAT(m.states(task), any);
  EXPECT_FALSE(m.quick(task, in));
  m.step(idle(0), in, {kEvent}, {});
  EXPECT_THAT(m.states(idle(0)), ElementsAre("running"));
  m.hole_closes(1);
  m.step(task, out, {kEvent | kStart}, {});
  EXPECT_THAT(m.states(task), ElementsAre("not_running", kNone));
  EXPECT_EQ(log.last<Inconclusive>().why, Doubt::lost | Doubt::value);
  m.hole_opens(UnsureMonitor::kEveryCpu);
  for (const std::uint32_t cpu : {0U, 1U, 2U, 100000U}) EXPECT_THAT(m.states(idle(cpu)), any);
}

TEST_F(Unsure, AHoleConcernsTheInstanceOfItsCpu) {
  UnsureMonitor m = make(Scope::cpu);
  m.step(InstanceKey::cpu(1), out, {kStart}, {});
  m.hole_opens(1);
  m.hole_opens(1);
  m.hole_closes(1);
  m.step(InstanceKey::cpu(1), out, {kEvent}, {});  // this hole is still open
  EXPECT_THAT(m.states(InstanceKey::cpu(1)), ElementsAre("not_running", "running", kNone));
  EXPECT_THAT(m.states(InstanceKey::cpu(0)), IsEmpty());
  m.hole_closes(1);
  m.hole_closes(1);  // one too many: nothing
  m.step(InstanceKey::cpu(1), out, {kEvent}, {});
  EXPECT_THAT(m.states(InstanceKey::cpu(1)), ElementsAre("not_running", kNone));
  // A number that no CPU has is all of them.
  m.hole_opens(1U << 30);
  EXPECT_THAT(m.states(InstanceKey::cpu(0)), ElementsAre("not_running", "running", kNone));
  EXPECT_FALSE(m.quick(InstanceKey::cpu(0), in));
  m.hole_closes(1U << 30);
  m.step(InstanceKey::cpu(0), out, {kEvent}, {});
  EXPECT_THAT(m.states(InstanceKey::cpu(0)), ElementsAre("not_running", kNone));
}

TEST_F(Unsure, AHoleOpensNoStateThatEventsCannotReach) {
  // Nothing starts, and nothing but `wakeup` happens.
  UnsureMonitor m("wwnr", model, Scope::global, {{0}, {kNothing}, {kEvent}}, false, log, {});
  const InstanceKey key = InstanceKey::global();
  m.hole_opens(0);
  EXPECT_THAT(m.states(key), IsEmpty());
  m.step(key, out, {kStart}, {});
  EXPECT_THAT(m.states(key), ElementsAre("not_running"));
  m.step(key, in, {kEvent}, {});
  EXPECT_THAT(m.states(key), ElementsAre("running", kNone));  // a lost wakeup violates
}

TEST_F(Unsure, AnyInstanceMayHaveSteppedAndIsToldOnce) {
  UnsureMonitor m = make(Scope::task);
  for (std::uint32_t tid = 1; tid < 4; ++tid) {
    m.step(InstanceKey::task(tid, 0), out, {kStart}, {});
    if (tid != 3) m.step(InstanceKey::task(tid, 0), in, {kEvent}, {});
  }
  m.step_any(wakeup, {kEvent}, {.cpu = 2});
  ASSERT_EQ(log.all.size(), 1U);
  const Inconclusive i = log.last<Inconclusive>();
  EXPECT_EQ(i.id, (InstanceId{Scope::task, 0}));
  EXPECT_EQ(i.cpu, 2U);
  EXPECT_THAT(i.violating, ElementsAre("running"));
  EXPECT_THAT(i.states, ElementsAre("not_running", "running", kNone));
  EXPECT_EQ(i.why, Doubt::unknown);
  EXPECT_THAT(m.states(InstanceKey::task(1, 0)), ElementsAre("running", kNone));
  EXPECT_THAT(m.states(InstanceKey::task(3, 0)), ElementsAre("not_running"));
  EXPECT_THAT(m.states(InstanceKey::task(4, 0)), IsEmpty());
  m.step_any(out, {kStart}, {});
  EXPECT_THAT(m.states(InstanceKey::task(4, 0)), ElementsAre("not_running", kNone));
  EXPECT_THAT(m.states(InstanceKey::task(0, 7)), ElementsAre("not_running", kNone));
  // A monitor of one instance knows which one.
  UnsureMonitor one = make(Scope::global);
  one.step_any(out, {kStart}, {});
  EXPECT_THAT(one.states(InstanceKey::global()), ElementsAre("not_running"));
}

// A hole concerns an instance that was never met even when it does nothing to it at first.
TEST_F(Unsure, AnyInstanceMayHaveSteppedInAHoleOfItsCpu) {
  const Automaton chain =
      Automaton::make("", "a", {{"a", "e0", "b"}, {"b", "e1", "c"}}, {}, {}).value();
  UnsureMonitor m("chain", chain, Scope::cpu, {{kNothing}, {kEvent}}, false, log, {});
  m.step_any(EventId(0), {kStart}, {});
  m.hole_opens(1);
  EXPECT_THAT(m.states(InstanceKey::cpu(1)), ElementsAre("a", kNone));
  m.step_any(EventId(0), {kEvent}, {});
  EXPECT_THAT(m.states(InstanceKey::cpu(0)), ElementsAre("a", "b", kNone));
  EXPECT_THAT(m.states(InstanceKey::cpu(1)), ElementsAre("a", "b", "c", kNone));
}

TEST_F(Unsure, EndsForCertainOrNot) {
  UnsureMonitor m = make(Scope::object, {}, true);
  const InstanceKey a = InstanceKey::object(1), b = InstanceKey::object(~0ULL);
  m.step(a, out, {kStart}, {});
  m.step(b, out, {kStart}, {});
  m.end(a, false);
  EXPECT_THAT(m.states(a), ElementsAre("not_running", kNone));
  m.end(a);
  EXPECT_THAT(m.states(a), IsEmpty());
  m.end_any();
  EXPECT_THAT(m.states(a), IsEmpty());
  EXPECT_THAT(m.states(b), ElementsAre("not_running", kNone));
}

TEST_F(Unsure, ListsWhatIsOrMayBeMonitoring) {
  UnsureMonitor m = make(Scope::task);
  m.step(InstanceKey::task(9, 0), out, {kStart}, {});
  m.step(InstanceKey::task(9, 0), in, {kEvent}, {});
  m.step(InstanceKey::task(8, 0), out, {kEvent | kStart}, {});
  m.step(InstanceKey::task(5000000, 0), out, {kStart}, {});
  m.step(InstanceKey::task(0, 3), out, {kStart}, {});
  m.step(InstanceKey::task(7, 0), out, {kStart}, {});
  m.end(InstanceKey::task(7, 0));
  const std::vector<UnsureMonitor::Live> live = m.live();
  ASSERT_EQ(live.size(), 4U);
  EXPECT_EQ(live[0].key, InstanceKey::task(8, 0));
  EXPECT_THAT(live[0].states, ElementsAre("not_running", kNone));
  EXPECT_TRUE(live[0].final);
  EXPECT_EQ(live[1].key, InstanceKey::task(9, 0));
  EXPECT_THAT(live[1].states, ElementsAre("running"));
  EXPECT_FALSE(live[1].final);
  EXPECT_EQ(live[1].events, 1U);
  EXPECT_EQ(live[2].key, InstanceKey::task(5000000, 0));
  EXPECT_EQ(live[3].key, InstanceKey::task(0, 3));
  EXPECT_EQ(m.counters().instances, 4U);
}

TEST_F(Unsure, RefusesObjectsBeyondTheBound) {
  UnsureMonitor m = make(Scope::object, {.max_instances = 2});
  const auto key = [](std::uint64_t n) { return InstanceKey::object(n); };
  m.step(key(0), wakeup, {kStartRun}, {});
  m.step(key(1), wakeup, {kStart}, {});
  for (const std::uint8_t may : {kStart, kStartRun, kEvent}) m.step(key(2), out, {may}, {});
  m.step(key(0), wakeup, {kStart}, {});
  EXPECT_EQ(m.counters(), (UnsureCounters{2, 0, 0, 0, 2, 2, 2}));
  m.end(key(0));
  m.step(key(2), wakeup, {kStart}, {});
  m.step(key(2), out, {kEvent}, {});
  EXPECT_THAT(log.last<Violation>().id, (InstanceId{Scope::object, 2}));
  EXPECT_EQ(m.counters(), (UnsureCounters{2, 0, 1, 0, 3, 1, 2}));
}

// What is not kept must still be right: those that were never met may be in all of its states.
TEST_F(Unsure, RemembersRefusedObjectsAsPossible) {
  UnsureMonitor m = make(Scope::object, {.max_instances = 1});
  const auto key = [](std::uint64_t n) { return InstanceKey::object(n); };
  m.step(key(0), out, {kEvent | kStart}, {});
  m.step(key(1), wakeup, {kStartRun}, {});
  EXPECT_EQ(m.counters().refused, 1U);
  EXPECT_THAT(m.states(key(1)), ElementsAre("not_running", kNone));
  m.step(key(1), in, {kEvent}, {});
  EXPECT_THAT(m.states(key(1)), ElementsAre("not_running", "running", kNone));
  EXPECT_EQ(m.counters().refused, 1U);
  EXPECT_EQ(m.live().size(), 1U);
}

TEST_F(Unsure, KeepsABoundedNumberOfEndedObjects) {
  UnsureMonitor m = make(Scope::object, {.max_instances = 2}, true);
  m.hole_opens(0);
  m.hole_closes(0);
  for (std::uint64_t n = 0; n < 4; ++n) m.end(InstanceKey::object(n));
  EXPECT_THAT(m.states(InstanceKey::object(0)), IsEmpty());
  EXPECT_THAT(m.states(InstanceKey::object(1)), IsEmpty());
  EXPECT_EQ(m.states(InstanceKey::object(2)).size(), 3U);
  // They take no room from the others.
  m.step(InstanceKey::object(0), out, {kStart}, {});
  m.step(InstanceKey::object(5), in, {kEvent}, {});
  EXPECT_EQ(m.live().size(), 2U);
}

/// A model with so many states and events, in which a cell is set with `percent` chance.
Automaton random_automaton(std::size_t states, std::size_t events, unsigned percent,
                           std::mt19937& random) {
  std::vector<Automaton::Edge> edges;
  std::vector<std::string> names, finals;
  for (std::size_t s = 0; s < states; ++s) names.push_back(cat("s", s));
  // Every event is one of the model's, as long as there is a state to have it.
  for (std::size_t e = 0; e < events; ++e) {
    for (std::size_t s = 0; s < states; ++s) {
      if (random() % 100 < percent || s == e % states)
        edges.push_back({names[s], cat("e", e), names[random() % states]});
    }
  }
  finals.push_back(names[random() % states]);
  return Automaton::make("random", "s0", edges, finals, names).value();
}

const std::vector<Scope> kScopes = {Scope::global, Scope::cpu, Scope::task, Scope::object};

/// One of a few keys; on which CPU an event of it happens.
struct Place {
  InstanceKey key;
  std::uint32_t cpu;
};
Place random_place(Scope scope, unsigned keys, std::mt19937& random) {
  const std::uint32_t n = static_cast<std::uint32_t>(random()) % keys;
  const std::uint32_t cpu = static_cast<std::uint32_t>(random()) % 3;
  switch (scope) {
    case Scope::global:
      break;
    case Scope::cpu:
      return {InstanceKey::cpu(cpu), cpu};
    case Scope::task:  // idle ones, and numbers that Linux does not have
      return {InstanceKey::task(n % 4 == 3 ? 0xfffffff0 + n : n % 4 * n, cpu), cpu};
    case Scope::object:
      return {InstanceKey::object(n % 2 == 0 ? n : n * 0x100000001ULL), cpu};
  }
  return {InstanceKey::global(), cpu};
}

May random_may(std::mt19937& random) {
  return {static_cast<std::uint8_t>(random() % 2 == 0 ? 2U << random() % 3 : 1 + random() % 15)};
}

// Without a doubt it is a HostMonitor.
RC_GTEST_PROP(UnsureMonitor, EqualsAHostMonitorWithoutDoubt, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const Scope scope = *rc::gen::elementOf(kScopes);
  const bool steps = *rc::gen::arbitrary<bool>(), wide = *rc::gen::inRange(0, 4) == 0;
  const std::uint32_t most = *rc::gen::inRange(1U, 12U);
  const Automaton model = wide ? random_automaton(20, 40, 90, random)
                               : random_automaton(*rc::gen::inRange<std::size_t>(1, 9),
                                                  *rc::gen::inRange<std::size_t>(1, 9),
                                                  *rc::gen::inRange(30U, 101U), random);
  RC_ASSERT(StepTable(model).wide() == wide);
  Log host_log, log;
  HostMonitor host("m", model, scope, host_log, {.max_instances = most, .steps = steps});
  UnsureMonitor unsure("m", model, scope, std::vector<May>(model.events().size(), May{14}), true,
                       log, {.max_instances = most, .steps = steps});
  std::vector<InstanceKey> keys;
  for (std::uint64_t i = 0; i < 1500; ++i) {
    const Place at = random_place(scope, 12, random);
    keys.push_back(at.key);
    const unsigned what = static_cast<unsigned>(random()) % 64;
    if (what == 0) {
      host.end(at.key);
      unsure.end(at.key);
      continue;
    }
    if (what == 1) {
      host.task_new(static_cast<std::uint32_t>(at.key.value()));
      unsure.task_new(static_cast<std::uint32_t>(at.key.value()));
      continue;
    }
    const EventId event = EventId(random() % model.events().size());
    const Handler handler = static_cast<Handler>(random() % 3);
    const Circumstances c{{i}, at.cpu, {3, 4, "by"}, TaskView{5, 6, "task"}};
    const bool monitoring = host.state(at.key).has_value();
    const Outcome outcome = host.step(at.key, event, handler, c);
    // quick() takes every step that it can take.
    const bool quick = unsure.quick(at.key, event);
    RC_ASSERT(quick == (monitoring && outcome == Outcome::stepped && !wide && !steps));
    if (!quick) unsure.step(at.key, event, May::of(handler), c);
  }
  RC_ASSERT(log.all == host_log.all);
  const MonitorCounters h = host.counters();
  RC_ASSERT(unsure.counters() ==
            (UnsureCounters{h.events, 0, h.violations, 0, h.started, h.instances, h.refused}));
  for (const InstanceKey key : keys) {
    std::vector<StateOrNone> expected;
    if (const auto state = host.state(key)) expected.push_back(model.states()[index(*state)].name);
    RC_ASSERT(unsure.states(key) == expected);
  }
}

TEST_F(Unsure, IsQuickWhenItIsCertain) {
  for (const Scope scope : kScopes) {
    UnsureMonitor m = make(scope);
    const InstanceKey key = scope == Scope::global ? InstanceKey::global()
                            : scope == Scope::cpu  ? InstanceKey::cpu(1)
                            : scope == Scope::task ? InstanceKey::task(0, 1)
                                                   : InstanceKey::object(1ULL << 40);
    EXPECT_FALSE(m.quick(key, wakeup));
    m.step(key, out, {kStart}, {});
    EXPECT_TRUE(m.quick(key, wakeup));
    EXPECT_TRUE(m.quick(key, in));
    EXPECT_FALSE(m.quick(key, in));
    EXPECT_THAT(m.states(key), ElementsAre("running"));
    m.step(key, in, {kEvent}, {});
    EXPECT_EQ(log.last<Violation>().path.size(), 2U);
    m.step(key, out, {kStart}, {});
    m.hole_opens(1);
    m.hole_closes(1);
    EXPECT_FALSE(m.quick(key, wakeup));
  }
}

TEST_F(Unsure, ALoopStepsInstancesByTheirPlaces) {
  UnsureMonitor m = make(Scope::task);
  const std::uint64_t tids[] = {7, 0, 1ULL << 31, (1ULL << 32) + 7, 0xffffffff};
  std::uint32_t places[5];
  EXPECT_TRUE(m.task_places(tids, 5, places));
  EXPECT_EQ(places[0], m.place(InstanceKey::task(7, 0)));
  EXPECT_EQ(places[1], UnsureMonitor::kIdleTask);
  EXPECT_EQ(places[2], m.nowhere());
  EXPECT_EQ(places[3], places[0]);  // only the lowest 32 bits are a number
  EXPECT_EQ(places[4], m.nowhere());
  EXPECT_FALSE(m.task_places(tids + 2, 3, places + 2));  // no idle tasks

  const auto quick = [&](std::uint32_t aim) {
    UnsureMonitor::Quick view = m.quick_view();
    const bool done = view.usable() && view.step(aim);
    m.count(view, done ? 1 : 0);
    return done;
  };
  const std::uint32_t goes_in = UnsureMonitor::deed(in, false),
                      starts = UnsureMonitor::deed(in, true);
  EXPECT_EQ(UnsureMonitor::place_of(starts + places[0]), places[0]);
  EXPECT_EQ(m.place(InstanceKey::task(0, m.idle_tasks() - 1)), m.idle_tasks() - 1);
  EXPECT_EQ(m.place(InstanceKey::task(0, m.idle_tasks())), m.nowhere());

  // Not monitoring: an event that starts nothing does nothing.
  EXPECT_FALSE(quick(goes_in + places[0]));
  EXPECT_TRUE(m.rests(places[0]));
  EXPECT_TRUE(quick(goes_in + places[0]));
  EXPECT_TRUE(m.rests(places[0]));
  EXPECT_FALSE(quick(starts + places[0]));
  EXPECT_EQ(m.counters(), UnsureCounters{});
  EXPECT_THAT(m.states(InstanceKey::task(7, 0)), IsEmpty());

  m.step(InstanceKey::task(7, 0), out, {kStart}, {});
  EXPECT_FALSE(m.rests(places[0]));
  EXPECT_TRUE(quick(starts + places[0]));
  EXPECT_FALSE(quick(goes_in + places[0]));  // a violation
  EXPECT_EQ(m.counters().events, 1U);
  EXPECT_THAT(m.states(InstanceKey::task(7, 0)), ElementsAre("running"));

  for (const std::uint32_t aim : {m.nowhere(), goes_in + m.nowhere(), starts + m.nowhere()}) {
    EXPECT_FALSE(quick(aim));
  }
  EXPECT_FALSE(m.rests(m.nowhere()));  // who knows whose it is

  // In a hole nothing is quick, and after it what was known before is in doubt.
  EXPECT_TRUE(m.rests(m.place(InstanceKey::task(8, 0))));
  m.hole_opens(0);
  EXPECT_FALSE(m.quick_view().usable());
  EXPECT_FALSE(m.rests(m.place(InstanceKey::task(8, 0))));
  m.hole_closes(0);
  EXPECT_TRUE(m.quick_view().usable());
  for (const std::uint32_t tid : {7U, 8U, 9U}) {
    const std::uint32_t place = m.place(InstanceKey::task(tid, 0));
    EXPECT_FALSE(m.rests(place));
    EXPECT_FALSE(quick(goes_in + place));
    EXPECT_FALSE(quick(starts + place));
    EXPECT_THAT(m.states(InstanceKey::task(tid, 0)), SizeIs(3));
  }
  // The idle tasks of other CPUs are not concerned.
  EXPECT_TRUE(m.rests(m.place(InstanceKey::task(0, 1))));
  EXPECT_TRUE(quick(goes_in + m.place(InstanceKey::task(0, 1))));
  EXPECT_FALSE(m.rests(m.place(InstanceKey::task(0, 0))));
}

/// All that may have happened to a few instances, one by one: the states that all of them have
/// together. Not a set an instance, so that a mistake in taking them apart would show.
class Worlds {
 public:
  Worlds(const Automaton& model, std::vector<May> may_happen, bool can_stop, std::size_t keys)
      : model_(model), may_happen_(std::move(may_happen)), can_stop_(can_stop) {
    worlds_.insert(World(keys, kNotMonitoring));
  }

  struct Seen {
    bool violation = false, none = false;
  };
  /// One of `keys` has the event; in no more than one way.
  Seen step(const std::vector<std::size_t>& keys, EventId event, May may) {
    Seen seen;
    std::set<World> next;
    for (const World& w : worlds_) {
      for (const std::size_t k : keys) branch(w, k, event, may, next, &seen);
    }
    worlds_ = std::move(next);
    return seen;
  }
  void end(std::size_t key, bool certain) {
    std::set<World> next;
    for (World w : worlds_) {
      if (!certain) next.insert(w);
      w[key] = kNotMonitoring;
      next.insert(w);
    }
    worlds_ = std::move(next);
  }
  /// Any number of lost events happen to these.
  void lose(const std::vector<std::size_t>& keys) {
    std::vector<World> fresh(worlds_.begin(), worlds_.end());
    while (!fresh.empty()) {
      std::set<World> next;
      for (const World& w : fresh) {
        for (const std::size_t k : keys) {
          for (std::size_t e = 0; e < may_happen_.size(); ++e) {
            branch(w, k, EventId(e), May{static_cast<std::uint8_t>(may_happen_[e].bits | kNothing)},
                   next, nullptr);
          }
          if (!can_stop_) continue;
          World stopped = w;
          stopped[k] = kNotMonitoring;
          next.insert(stopped);
        }
      }
      fresh.clear();
      for (const World& w : next) {
        if (worlds_.insert(w).second) fresh.push_back(w);
      }
    }
  }
  std::vector<StateOrNone> states(std::size_t key) const {
    std::set<StateId> all;
    for (const World& w : worlds_) all.insert(w[key]);
    std::vector<StateOrNone> out;
    for (const StateId s : all) {
      out.push_back(s == kNotMonitoring ? kNone : StateOrNone(model_.states()[index(s)].name));
    }
    if (out == std::vector<StateOrNone>{kNone}) out.clear();
    return out;
  }

 private:
  using World = std::vector<StateId>;
  void branch(const World& from, std::size_t key, EventId event, May may, std::set<World>& next,
              Seen* seen) const {
    for (const Handler handler : {Handler::event, Handler::start, Handler::start_run}) {
      if ((may.bits & May::of(handler).bits) == 0) continue;
      NaiveInstance instance;
      if (from[key] != kNotMonitoring) instance.state = from[key];
      const Outcome outcome = instance.step(model_, event, handler);
      if (seen != nullptr) (outcome == Outcome::violated ? seen->violation : seen->none) = true;
      World to = from;
      to[key] = instance.state.value_or(kNotMonitoring);
      next.insert(to);
    }
    if ((may.bits & kNothing) == 0) return;
    next.insert(from);
    if (seen != nullptr) seen->none = true;
  }

  const Automaton& model_;
  std::vector<May> may_happen_;
  bool can_stop_;
  std::set<World> worlds_;
};

/// Four instances, of which the last is never told apart from others: it may only be the one of
/// step_any().
struct Four {
  std::vector<InstanceKey> keys;
  std::vector<std::size_t> concerned(Scope scope, const std::set<std::uint32_t>& open) const {
    std::vector<std::size_t> out;
    const bool all = open.contains(UnsureMonitor::kEveryCpu);
    for (std::size_t k = 0; k < keys.size(); ++k) {
      const std::uint64_t value = keys[k].value();
      const bool own = scope == Scope::cpu || (scope == Scope::task && value >> 32 != 0);
      if (all || (own ? open.contains(static_cast<std::uint32_t>(value)) : !open.empty()))
        out.push_back(k);
    }
    return out;
  }
};
Four four_of(Scope scope) {
  switch (scope) {
    case Scope::global:
      return {{InstanceKey::global()}};
    case Scope::cpu:
      return {
          {InstanceKey::cpu(0), InstanceKey::cpu(1), InstanceKey::cpu(9999), InstanceKey::cpu(2)}};
    case Scope::task:
      return {{InstanceKey::task(1, 0), InstanceKey::task(0, 1), InstanceKey::task(5000000, 0),
               InstanceKey::task(2, 0)}};
    case Scope::object:
      return {{InstanceKey::object(1), InstanceKey::object(1ULL << 32), InstanceKey::object(0),
               InstanceKey::object(2)}};
  }
  return {};
}

// The states are exactly those of all the worlds that there may be, and a verdict is given without
// doubt exactly when it is the same in all of them.
RC_GTEST_PROP(UnsureMonitor, IsWhatAllPossibleWorldsSay, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const Scope scope = *rc::gen::elementOf(kScopes);
  const bool can_end = *rc::gen::arbitrary<bool>();
  // With little room, what is not kept may be in more states.
  const bool cramped = scope == Scope::object && *rc::gen::arbitrary<bool>();
  const Automaton model =
      random_automaton(*rc::gen::inRange<std::size_t>(1, 5), *rc::gen::inRange<std::size_t>(1, 5),
                       *rc::gen::inRange(20U, 90U), random);
  std::vector<May> may_happen;
  for (std::size_t e = 0; e < model.events().size(); ++e) {
    may_happen.push_back({static_cast<std::uint8_t>(random() % 16)});
  }
  if (cramped) may_happen[0].bits |= kStart;
  Log log;
  const bool steps = *rc::gen::arbitrary<bool>();
  UnsureMonitor m("m", model, scope, may_happen, can_end, log,
                  {.max_instances = cramped ? 1U : 16U, .steps = steps});
  const Four four = four_of(scope);
  std::vector<std::size_t> every;
  for (std::size_t k = 0; k < four.keys.size(); ++k) every.push_back(k);
  Worlds worlds(model, may_happen, can_end || scope == Scope::task, four.keys.size());
  std::set<std::uint32_t> open;
  if (cramped) {  // from the first event on: before a doubt there is, it refuses without a trace
    m.hole_opens(0);
    m.hole_closes(0);
    worlds.lose(every);
  }

  for (int i = 0; i < 40; ++i) {
    const std::size_t k = scope == Scope::global ? 0 : random() % 3;
    const InstanceKey key = four.keys[k];
    const std::size_t told = log.all.size();
    Worlds::Seen seen;
    bool any = false;
    switch (const unsigned what = static_cast<unsigned>(random()) % 16) {
      case 0:
      case 1: {
        const std::uint32_t cpu =
            random() % 4 == 0 ? UnsureMonitor::kEveryCpu : static_cast<std::uint32_t>(random()) % 3;
        if (what == 0 && open.insert(cpu).second) m.hole_opens(cpu);
        if (what == 1 && open.erase(cpu) == 1) m.hole_closes(cpu);
        break;
      }
      case 2:
      case 3:
        m.end(key, what == 2);
        worlds.end(k, what == 2);
        break;
      case 4:
        m.task_new(1);
        if (scope == Scope::task) worlds.end(0, true);
        break;
      case 5: {
        const EventId event = EventId(random() % model.events().size());
        const May may = random_may(random);
        any = true;
        m.step_any(event, may, {});
        seen = worlds.step(every, event, may);
        break;
      }
      default: {
        const EventId event = EventId(random() % model.events().size());
        const May may = random_may(random);
        seen = worlds.step({k}, event, may);
        if ((may.bits & kNothing) != 0 || !m.quick(key, event)) m.step(key, event, may, {});
        break;
      }
    }
    worlds.lose(four.concerned(scope, open));
    for (const std::size_t j : every) {
      const auto expected = worlds.states(j);
      const auto got = m.states(four.keys[j]);
      if (!cramped) {
        RC_ASSERT(got == expected);
      } else if (got.empty()) {
        RC_ASSERT(expected.empty());
      } else {
        for (const StateOrNone& state : expected) {
          RC_ASSERT(std::count(got.begin(), got.end(), state) == 1);
        }
      }
    }
    const bool violation =
        log.all.size() > told && std::holds_alternative<Violation>(log.all.back());
    const bool inconclusive =
        log.all.size() > told && std::holds_alternative<Inconclusive>(log.all.back());
    RC_ASSERT(log.all.size() <= told + 1);
    if (!cramped && (!any || scope == Scope::global)) {
      RC_ASSERT(violation == (seen.violation && !seen.none));
      RC_ASSERT(inconclusive == (seen.violation && seen.none));
    } else {
      RC_ASSERT(!violation || !seen.none);
      RC_ASSERT(violation || inconclusive || !seen.violation);
    }
    if (inconclusive) {
      const Inconclusive& told_now = std::get<Inconclusive>(log.all.back());
      RC_ASSERT(told_now.why != Doubt::none);
      RC_ASSERT(!told_now.violating.empty());
    }
  }
}

// Whatever part of what happened on one CPU is missing: what is said without a doubt is what is
// said with all of it there.
RC_GTEST_PROP(UnsureMonitor, AHoleTurnsNoRightVerdictIntoAWrongOne, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const Scope scope = *rc::gen::elementOf(kScopes);
  const Automaton model = *rc::gen::arbitrary<bool>()
                              ? reference_models()[random() % reference_models().size()].automaton()
                              : random_automaton(*rc::gen::inRange<std::size_t>(1, 7),
                                                 *rc::gen::inRange<std::size_t>(1, 7),
                                                 *rc::gen::inRange(30U, 100U), random);
  struct Happening {
    Place at{InstanceKey::global(), 0};
    EventId event{};
    Handler handler{};
    bool end = false;
  };
  std::vector<Happening> all;
  std::vector<May> may_happen(model.events().size());
  for (int i = 0; i < 400; ++i) {
    Happening h;
    h.at = random_place(scope, 6, random);
    h.event = EventId(random() % model.events().size());
    h.handler = static_cast<Handler>(random() % 3);
    h.end = random() % 32 == 0;
    if (!h.end) may_happen[index(h.event)].bits |= May::of(h.handler).bits;
    all.push_back(h);
  }
  const std::size_t first = random() % all.size();
  const std::size_t last = first + random() % (all.size() - first);
  const std::uint32_t cpu = static_cast<std::uint32_t>(random()) % 3;

  Log host_log, log;
  HostMonitor host("m", model, scope, host_log, {});
  UnsureMonitor m("m", model, scope, may_happen, true, log, {});
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Happening& h = all[i];
    const Circumstances c{{i}, h.at.cpu};
    const std::size_t host_told = host_log.all.size(), told = log.all.size();
    if (i == first) m.hole_opens(cpu);
    if (h.end) {
      host.end(h.at.key);
    } else {
      host.step(h.at.key, h.event, h.handler, c);
    }
    if (i < first || i > last || h.at.cpu != cpu) {
      if (h.end) {
        m.end(h.at.key);
      } else if (!m.quick(h.at.key, h.event)) {
        m.step(h.at.key, h.event, May::of(h.handler), c);
      }
      const bool host_violates = host_log.all.size() > host_told;
      const bool silent = log.all.size() == told;
      RC_ASSERT(!silent || !host_violates);
      if (!silent && std::holds_alternative<Violation>(log.all.back())) {
        RC_ASSERT(host_violates);
        const Violation& expected = std::get<Violation>(host_log.all.back());
        const Violation& violation = std::get<Violation>(log.all.back());
        RC_ASSERT(violation.id == expected.id);
        RC_ASSERT(violation.event == expected.event);
        RC_ASSERT(violation.state == expected.state || (!violation.states.empty() && i >= first));
        if (i < first) RC_ASSERT(violation == expected);
      }
    }
    if (i == last) m.hole_closes(cpu);
  }
}

TEST(UnsureMonitorOfALargeModel, HasSetsOfManyStates) {
  std::mt19937 random(5);
  const Automaton model = random_automaton(2000, 20, 60, random);
  Log log;
  UnsureMonitor m("m", model, Scope::task, std::vector<May>(20, May{kEvent | kStart}), false, log,
                  {});
  std::set<StateId> possible{kNotMonitoring};
  const InstanceKey key = InstanceKey::task(1, 0);
  for (int i = 0; i < 3000; ++i) {
    const EventId event = EventId(random() % 20);
    const May may = random_may(random);
    m.step(key, event, may, {});
    std::set<StateId> next;
    for (const StateId s : possible) {
      for (const Handler h : {Handler::event, Handler::start, Handler::start_run}) {
        if ((may.bits & May::of(h).bits) == 0) continue;
        NaiveInstance instance;
        if (s != kNotMonitoring) instance.state = s;
        instance.step(model, event, h);
        next.insert(instance.state.value_or(kNotMonitoring));
      }
      if ((may.bits & kNothing) != 0) next.insert(s);
    }
    possible = std::move(next);
    if (random() % 100 == 0) {
      m.end(key);
      possible = {kNotMonitoring};
    }
    const std::size_t count = possible == std::set<StateId>{kNotMonitoring} ? 0 : possible.size();
    ASSERT_EQ(m.states(key).size(), count) << i;
  }
  m.hole_opens(0);
  EXPECT_GT(m.states(key).size(), 1000U);
}

}  // namespace
}  // namespace swerve
