#include "monitor/monitor.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <random>

#include "monitor/naive_instance.h"
#include "monitor/reference_models.h"

namespace swerve {
namespace {

struct Collected : VerdictSink {
  void on_step(const Step& s) override { steps.push_back(s); }
  void on_violation(const Violation& v) override { violations.push_back(v); }
  std::vector<Step> steps;
  std::vector<Violation> violations;
};

class WwnrTest : public testing::Test {
 protected:
  HostMonitor make(Scope scope, HostMonitor::Options options = {}) {
    return HostMonitor("wwnr", model, scope, sink, options);
  }
  Automaton model = reference_model("wwnr");
  EventId in = model.find_event("switch_in");
  EventId out = model.find_event("switch_out");
  EventId wakeup = model.find_event("wakeup");
  StateId running = model.find_state("running");
  Collected sink;
};

TEST_F(WwnrTest, TellsAViolationWhole) {
  HostMonitor m = make(Scope::task, {.steps = true});
  const InstanceKey key = InstanceKey::task(42, 1);
  const Circumstances c{{1000}, 1, {7, 6, "waker"}, TaskView{42, 40, "sleeper"}};
  EXPECT_EQ(m.step(key, out, Handler::start, c), Outcome::started);
  EXPECT_EQ(m.step(key, in, Handler::event, c), Outcome::stepped);
  EXPECT_EQ(m.step(key, wakeup, Handler::event, c), Outcome::violated);
  EXPECT_EQ(m.step(key, wakeup, Handler::event, c), Outcome::ignored);

  Occurrence where{{1000}, "wwnr",          {Scope::task, 42}, TaskInfo{42, 40, "sleeper"},
                   1,      {7, 6, "waker"}, "not_running",     "switch_in"};
  ASSERT_EQ(sink.steps.size(), 1U);
  EXPECT_EQ(sink.steps[0], (Step{where, "running", false}));
  where.state = "running";
  where.event = "wakeup";
  ASSERT_EQ(sink.violations.size(), 1U);
  EXPECT_EQ(
      sink.violations[0],
      (Violation{where, {"switch_out"}, {{"not_running", "switch_in", "running"}}, 1, {}, ""}));
  EXPECT_EQ(m.counters(), (MonitorCounters{1, 1, 1, 0, 0, 0}));
}

TEST_F(WwnrTest, TellsStepsOnlyWhenAsked) {
  HostMonitor m = make(Scope::global);
  m.step(InstanceKey::global(), wakeup, Handler::start_run, {});
  EXPECT_EQ(m.counters().events, 1U);
  EXPECT_TRUE(sink.steps.empty());
}

TEST_F(WwnrTest, SaysWhetherTheNextStateIsFinal) {
  HostMonitor m = make(Scope::global, {.steps = true});
  m.step(InstanceKey::global(), wakeup, Handler::start_run, {});
  ASSERT_EQ(sink.steps.size(), 1U);
  EXPECT_TRUE(sink.steps[0].final);
  EXPECT_EQ(sink.steps[0].task, std::nullopt);
}

TEST_F(WwnrTest, KeepsInstancesApart) {
  for (const Scope scope : {Scope::cpu, Scope::task, Scope::object}) {
    HostMonitor m = make(scope);
    const auto key = [&](std::uint32_t n) {
      return scope == Scope::cpu    ? InstanceKey::cpu(n)
             : scope == Scope::task ? InstanceKey::task(n, 0)
                                    : InstanceKey::object(n);
    };
    m.step(key(1), in, Handler::start_run, {});
    m.step(key(2), in, Handler::start, {});
    EXPECT_EQ(m.state(key(1)), running);
    EXPECT_EQ(m.state(key(2)), kInitial);
    EXPECT_EQ(m.state(key(3)), std::nullopt);
    EXPECT_EQ(m.counters().instances, 2U);
  }
}

TEST_F(WwnrTest, HasOneIdleTaskACpu) {
  HostMonitor m = make(Scope::task);
  m.step(InstanceKey::task(0, 0), in, Handler::start_run, {});
  EXPECT_EQ(m.state(InstanceKey::task(0, 0)), running);
  EXPECT_EQ(m.state(InstanceKey::task(0, 1)), std::nullopt);
  m.step(InstanceKey::task(0, 0), in, Handler::event,
         {.cpu = 0, .task = TaskView{0, 0, "swapper/0"}});
  ASSERT_EQ(sink.violations.size(), 1U);
  EXPECT_EQ(sink.violations[0].id, (InstanceId{Scope::task, 0}));
  // Any other task is one, wherever it runs.
  m.step(InstanceKey::task(5, 0), in, Handler::start_run, {});
  EXPECT_EQ(m.state(InstanceKey::task(5, 1)), running);
}

TEST_F(WwnrTest, StartsANewTaskUnmonitored) {
  HostMonitor m = make(Scope::task);
  m.step(InstanceKey::task(9, 0), in, Handler::start_run, {});
  m.task_new(9);
  EXPECT_EQ(m.step(InstanceKey::task(9, 0), in, Handler::event, {}), Outcome::ignored);
}

TEST_F(WwnrTest, RefusesObjectsBeyondTheBound) {
  HostMonitor m = make(Scope::object, {.max_instances = 2});
  const auto key = [](std::uint64_t n) { return InstanceKey::object(n); };
  EXPECT_EQ(m.step(key(0), wakeup, Handler::start_run, {}), Outcome::stepped);
  EXPECT_EQ(m.step(key(~0ULL), wakeup, Handler::start, {}), Outcome::started);
  EXPECT_EQ(m.step(key(2), wakeup, Handler::start, {}), Outcome::ignored);
  EXPECT_EQ(m.step(key(2), wakeup, Handler::start_run, {}), Outcome::ignored);
  EXPECT_EQ(m.step(key(2), out, Handler::start_run, {}), Outcome::ignored);  // nor does it violate
  EXPECT_EQ(m.step(key(2), out, Handler::event, {}), Outcome::ignored);     // no start: not refused
  EXPECT_EQ(m.step(key(0), wakeup, Handler::start, {}), Outcome::stepped);  // it lives already
  EXPECT_EQ(m.counters(), (MonitorCounters{2, 0, 2, 2, 3, 0}));

  m.end(key(0));
  m.end(key(7));  // there is none
  EXPECT_EQ(m.step(key(2), wakeup, Handler::start, {}), Outcome::started);
  EXPECT_EQ(m.step(key(2), out, Handler::event, {}), Outcome::violated);  // makes room as well
  EXPECT_EQ(m.counters(), (MonitorCounters{2, 1, 3, 1, 3, 0}));
  EXPECT_TRUE(sink.violations[0].path.empty());
  EXPECT_EQ(sink.violations[0].id, (InstanceId{Scope::object, 2}));
}

TEST_F(WwnrTest, DropsEventsWhileOffAndForgetsWhenOnAgain) {
  HostMonitor m = make(Scope::global);
  const InstanceKey key = InstanceKey::global();
  m.step(key, in, Handler::start_run, {});
  m.set_monitoring(true);  // it was: nothing
  EXPECT_EQ(m.state(key), running);
  m.set_monitoring(false);
  EXPECT_EQ(m.step(key, out, Handler::event, {}), Outcome::ignored);
  EXPECT_EQ(m.step(key, in, Handler::start_run, {}), Outcome::ignored);
  EXPECT_EQ(m.state(key), running);  // frozen, not reset
  m.set_monitoring(true);
  EXPECT_EQ(m.state(key), std::nullopt);
  EXPECT_EQ(m.step(key, in, Handler::start, {}), Outcome::started);
  m.reset_all();
  EXPECT_EQ(m.counters(), (MonitorCounters{1, 0, 2, 0, 0, 0}));
}

TEST_F(WwnrTest, ShowsTheLastEightAndHowManyThereWere) {
  HostMonitor m = make(Scope::global);
  const InstanceKey key = InstanceKey::global();
  m.step(key, wakeup, Handler::start, {});
  for (int i = 0; i < 10; ++i) {
    m.step(key, in, Handler::event, {});
    m.step(key, out, Handler::event, {});
  }
  m.step(key, out, Handler::event, {});
  ASSERT_EQ(sink.violations.size(), 1U);
  EXPECT_EQ(sink.violations[0].events, 20U);
  ASSERT_EQ(sink.violations[0].path.size(), 8U);
  EXPECT_EQ(sink.violations[0].path[0], (PathStep{"not_running", "switch_in", "running"}));
  EXPECT_EQ(sink.violations[0].path[7], (PathStep{"running", "switch_out", "not_running"}));
}

// Many objects with keys that crowd the table, against a std::map of naive instances.
RC_GTEST_PROP(HostMonitor, EqualsAMapOfNaiveInstances, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const unsigned keys = *rc::gen::inRange(1U, 200U);
  const Automaton model = reference_model("sts");
  Collected sink;
  HostMonitor m("sts", model, Scope::object, sink, {.max_instances = 1000});
  std::map<std::uint64_t, NaiveInstance> naive;
  std::size_t violations = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::uint64_t key = random() % keys * (random() % 2 ? 0x100000000ULL : 1);
    if (random() % 32 == 0) {
      m.end(InstanceKey::object(key));
      naive.erase(key);
      continue;
    }
    const EventId event = EventId(random() % model.events().size());
    const Handler handler = static_cast<Handler>(random() % 3);
    const Outcome expected = naive[key].step(model, event, handler);
    RC_ASSERT(m.step(InstanceKey::object(key), event, handler, {}) == expected);
    violations += expected == Outcome::violated;
  }
  std::uint64_t live = 0;
  for (const auto& [key, n] : naive) {
    RC_ASSERT(m.state(InstanceKey::object(key)) == n.state);
    live += n.state.has_value();
  }
  RC_ASSERT(m.counters().instances == live);
  RC_ASSERT(m.counters().violations == violations);
  RC_ASSERT(sink.violations.size() == violations);
}

// What the kernel's own tests do to its monitors, event by event; the last one is the violation.
struct KernelCase {
  const char* name;
  const char* model;
  Scope scope;
  std::vector<std::pair<const char*, Handler>> events;
  const char* reaction;
};
void PrintTo(const KernelCase& c, std::ostream* os) { *os << c.name; }

class KernelSequence : public testing::TestWithParam<KernelCase> {};

TEST_P(KernelSequence, ViolatesOnceAtItsEnd) {
  const KernelCase& c = GetParam();
  Collected sink;
  HostMonitor m(c.model, reference_model(c.model), c.scope, sink);
  const InstanceKey key = c.scope == Scope::cpu ? InstanceKey::cpu(0) : InstanceKey::task(99, 0);
  for (const auto& [event, handler] : c.events) {
    ASSERT_TRUE(sink.violations.empty());
    m.step(key, m.model().find_event(event), handler, {});
  }
  ASSERT_EQ(sink.violations.size(), 1U);
  EXPECT_EQ(reaction_text(sink.violations[0]), c.reaction);
  // Silent until it is started again.
  for (std::size_t e = 0; e < m.model().events().size(); ++e) {
    EXPECT_EQ(m.step(key, EventId(e), Handler::event, {}), Outcome::ignored);
  }
  EXPECT_EQ(sink.violations.size(), 1U);
  EXPECT_EQ(m.step(key, EventId(0), Handler::start, {}), Outcome::started);
}

INSTANTIATE_TEST_SUITE_P(
    Table, KernelSequence,
    testing::Values(
        KernelCase{
            "Sco",
            "sco",
            Scope::cpu,
            {{"sched_set_state", Handler::start},
             {"schedule_entry", Handler::event},
             {"sched_set_state", Handler::start}},
            "rv: monitor sco does not allow event sched_set_state on state scheduling_context"},
        KernelCase{"SsswSuspendsWhenRunnable",
                   "sssw",
                   Scope::task,
                   {{"sched_set_state_runnable", Handler::start},
                    {"sched_switch_suspend", Handler::event}},
                   "rv: monitor sssw does not allow event sched_switch_suspend on state runnable"},
        KernelCase{"SsswRunsWithoutWakeup",
                   "sssw",
                   Scope::task,
                   {{"sched_wakeup", Handler::start},
                    {"sched_set_state_sleepable", Handler::event},
                    {"sched_switch_suspend", Handler::event},
                    {"sched_switch_in", Handler::event}},
                   "rv: monitor sssw does not allow event sched_switch_in on state sleeping"},
        KernelCase{"StsSwitchesWithInterruptsOn",
                   "sts",
                   Scope::cpu,
                   {{"schedule_exit", Handler::start},
                    {"schedule_entry", Handler::event},
                    {"sched_switch", Handler::event}},
                   "rv: monitor sts does not allow event sched_switch on state scheduling"},
        KernelCase{"StsSwitchesInInterrupt",
                   "sts",
                   Scope::cpu,
                   {{"schedule_exit", Handler::start},
                    {"schedule_entry", Handler::event},
                    {"irq_disable", Handler::event},
                    {"irq_entry", Handler::event},
                    {"sched_switch", Handler::event}},
                   "rv: monitor sts does not allow event sched_switch on state in_irq"}),
    [](const auto& test) { return test.param.name; });

// The second parts of the kernel's cases restart the same instance after its violation.
TEST(KernelSequences, RestartTheSameInstance) {
  Collected sink;
  HostMonitor m("sts", reference_model("sts"), Scope::cpu, sink);
  const auto feed = [&](const char* event, Handler handler = Handler::event) {
    return m.step(InstanceKey::cpu(0), m.model().find_event(event), handler, {});
  };
  feed("schedule_exit", Handler::start);
  feed("schedule_entry");
  EXPECT_EQ(feed("sched_switch"), Outcome::violated);
  EXPECT_EQ(feed("schedule_exit", Handler::start), Outcome::started);
  feed("schedule_entry");
  feed("irq_disable");
  feed("irq_entry");
  EXPECT_EQ(feed("sched_switch"), Outcome::violated);
  EXPECT_EQ(feed("irq_enable"), Outcome::ignored);
  EXPECT_EQ(m.counters(), (MonitorCounters{4, 2, 2, 0, 0, 0}));
}

}  // namespace
}  // namespace swerve
