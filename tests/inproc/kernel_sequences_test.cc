// The sequences with which the kernel tests its own monitors (suite rv_mon of KUnit), on the same
// automata in this program: as there, the tasks and CPUs are made up, so they are objects here.
//
// Left out: opid and nomiss, which have clocks, pagefault and sleep, which are formulas, and dummy,
// which has no model.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "monitor/reference_models.h"
#include "swerve/control/inproc/session.h"

namespace swerve {
namespace {

SWERVE_TRACEPOINT(kernel_event, int object, const std::string& event);

struct Sequence {
  std::string name;
  std::string monitor;
  std::vector<std::string> starts;  // events whose handler starts an instance
  std::vector<std::string> events;
  std::size_t violates;  // which of them
  std::string state;     // in which it is then
};

const std::vector<Sequence>& sequences() {
  static const std::vector<Sequence> all = {
      {"sco",
       "sco",
       {"sched_set_state", "schedule_exit"},
       {"sched_set_state", "schedule_entry", "sched_set_state"},
       2,
       "scheduling_context"},
      {"sssw_suspends_in_runnable",
       "sssw",
       {"sched_set_state_runnable", "sched_wakeup"},
       {"sched_set_state_runnable", "sched_switch_suspend"},
       1,
       "runnable"},
      {"sssw_runs_without_wakeup",
       "sssw",
       {"sched_set_state_runnable", "sched_wakeup"},
       {"sched_wakeup", "sched_set_state_sleepable", "sched_switch_suspend", "sched_switch_in"},
       3,
       "sleeping"},
      {"sts_switches_with_irqs_on",
       "sts",
       {"schedule_exit"},
       {"schedule_exit", "schedule_entry", "sched_switch"},
       2,
       "scheduling"},
      {"sts_switches_in_an_irq",
       "sts",
       {"schedule_exit"},
       {"schedule_exit", "schedule_entry", "irq_disable", "irq_entry", "sched_switch",
        "irq_enable"},
       4,
       "in_irq"},
  };
  return all;
}

/// Bound to one tracepoint, each event of the model by its name.
MonitorSpec spec_of(const Sequence& of) {
  const Automaton model = reference_model(of.monitor);
  MonitorSpec spec(of.monitor, model, Scope::object);
  spec.reactor("callback");
  for (const std::string& event : model.events()) {
    const bool starts = std::find(of.starts.begin(), of.starts.end(), event) != of.starts.end();
    spec.on(kernel_event, event, key([](int object, const std::string&) { return object; }),
            when([event](int, const std::string& happens) { return happens == event; }),
            start([starts](int, const std::string&) { return starts; }));
  }
  return spec;
}

class KernelSequence : public testing::TestWithParam<Sequence> {};

TEST_P(KernelSequence, HasOneReactionWhereTheKernelHasIt) {
  const Sequence& sequence = GetParam();
  std::vector<Violation> found;
  Session session(
      {.log = {}, .callback = [&](const Reaction& r) { found.push_back(r.violation); }});
  Monitor monitor = session.add(spec_of(sequence)).value();
  ASSERT_TRUE(monitor.enable());
  // Twice: after a violation it starts anew.
  for (std::size_t round = 1; round <= 2; ++round) {
    for (std::size_t i = 0; i < sequence.events.size(); ++i) {
      SWERVE_EMIT(kernel_event, 99, sequence.events[i]);
      EXPECT_EQ(found.size(), i < sequence.violates ? round - 1 : round) << sequence.events[i];
    }
    ASSERT_EQ(found.size(), round);
    EXPECT_EQ(found.back().id, (InstanceId{Scope::object, 99}));
    EXPECT_EQ(found.back().event, sequence.events[sequence.violates]);
    EXPECT_EQ(found.back().state, sequence.state);
    EXPECT_EQ(monitor.state(99), std::nullopt);  // also after what trails
  }
}

TEST_P(KernelSequence, IsTheSameSteppedDirectly) {
  const Sequence& sequence = GetParam();
  Session session;
  Monitor monitor =
      session.add(MonitorSpec(sequence.monitor, reference_model(sequence.monitor), Scope::global))
          .value();
  ASSERT_TRUE(monitor.enable());
  for (std::size_t i = 0; i < sequence.events.size(); ++i) {
    const std::string& event = sequence.events[i];
    const bool starts =
        std::find(sequence.starts.begin(), sequence.starts.end(), event) != sequence.starts.end();
    const Outcome outcome =
        monitor.step(monitor.model().find_event(event), starts ? Handler::start : Handler::event);
    EXPECT_EQ(outcome, i == 0                   ? Outcome::started
                       : i < sequence.violates  ? Outcome::stepped
                       : i == sequence.violates ? Outcome::violated
                                                : Outcome::ignored)
        << event;
  }
}

INSTANTIATE_TEST_SUITE_P(Of, KernelSequence, testing::ValuesIn(sequences()),
                         [](const auto& about) { return about.param.name; });

}  // namespace
}  // namespace swerve
