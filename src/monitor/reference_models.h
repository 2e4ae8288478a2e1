// monitor/reference_models.h - the automata of the kernel's monitors, for tests: rows of the
// transition table by state, in it the number of the next state by event, -1 where the event is not
// allowed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "swerve/base/check.h"
#include "swerve/model/automaton.h"

namespace swerve {

struct ReferenceModel {
  std::string name;
  std::vector<std::string> states;  // the initial one first, the others sorted
  std::vector<std::string> events;  // sorted
  int final_state;
  std::vector<std::vector<int>> next;

  Automaton automaton() const {
    std::vector<Automaton::Edge> edges;
    for (std::size_t s = 0; s < states.size(); ++s) {
      for (std::size_t e = 0; e < events.size(); ++e) {
        if (next[s][e] >= 0) edges.push_back({states[s], events[e], states[next[s][e]]});
      }
    }
    return Automaton::make(name, states[0], edges, {states[final_state]}).value();
  }
};

inline const std::vector<ReferenceModel>& reference_models() {
  constexpr int x = -1;
  static const std::vector<ReferenceModel> models = {
      {"wip",
       {"preemptive", "non_preemptive"},
       {"preempt_disable", "preempt_enable", "sched_waking"},
       0,
       {{1, x, x}, {x, 0, 1}}},
      {"wwnr",
       {"not_running", "running"},
       {"switch_in", "switch_out", "wakeup"},
       0,
       {{1, x, 0}, {x, 0, x}}},
      {"sco",
       {"thread_context", "scheduling_context"},
       {"sched_set_state", "schedule_entry", "schedule_exit"},
       0,
       {{0, 1, x}, {x, x, 0}}},
      {"snroc",
       {"other_context", "own_context"},
       {"sched_set_state", "sched_switch_in", "sched_switch_out"},
       0,
       {{x, 1, x}, {1, x, 0}}},
      {"scpd",
       {"cant_sched", "can_sched"},
       {"preempt_disable", "preempt_enable", "schedule_entry", "schedule_exit"},
       0,
       {{1, x, x, x}, {x, 0, 1, 1}}},
      {"snep",
       {"non_scheduling_context", "scheduling_contex"},
       {"preempt_disable", "preempt_enable", "schedule_entry", "schedule_exit"},
       0,
       {{0, 0, 1, x}, {x, x, x, 0}}},
      {"sts",
       {"can_sched", "cant_sched", "disable_to_switch", "enable_to_exit", "in_irq", "scheduling",
        "switching"},
       {"irq_disable", "irq_enable", "irq_entry", "sched_switch", "schedule_entry",
        "schedule_exit"},
       0,
       {{1, x, x, x, 5, x},
        {x, 0, 1, x, x, x},
        {x, 3, 4, 6, x, x},
        {3, 3, 3, x, x, 0},
        {x, 5, 4, x, x, x},
        {2, x, x, x, x, x},
        {x, 3, x, x, x, x}}},
      {"nrp",
       {"preempt_irq", "any_thread_running", "nested_preempt", "rescheduling"},
       {"irq_entry", "sched_need_resched", "schedule_entry", "schedule_entry_preempt"},
       1,
       {{0, 0, 2, 2}, {1, 3, 1, x}, {2, 0, 1, 1}, {0, 3, 1, 1}}},
      {"sssw",
       {"runnable", "signal_wakeup", "sleepable", "sleeping"},
       {"sched_set_state_runnable", "sched_set_state_sleepable", "sched_switch_blocking",
        "sched_switch_in", "sched_switch_preempt", "sched_switch_suspend", "sched_switch_yield",
        "sched_wakeup", "signal_deliver"},
       0,
       {{0, 2, 3, 0, 0, x, 0, 0, 0},
        {x, 2, x, 1, 1, x, 1, 1, 0},
        {0, 2, 3, 2, 2, 3, 1, 0, 2},
        {x, x, x, x, x, x, x, 0, x}}},
      {"stall",
       {"dequeued", "enqueued", "running"},
       {"sched_switch_in", "sched_switch_preempt", "sched_switch_wait", "sched_wakeup"},
       0,
       {{x, x, x, 1}, {2, x, x, 1}, {2, 1, 0, 2}}},
      {"nomiss",
       {"ready", "idle", "running", "sleeping", "throttled"},
       {"dl_replenish", "dl_server_idle", "dl_server_stop", "dl_throttle", "sched_switch_in",
        "sched_switch_suspend", "sched_wakeup"},
       0,
       {{0, 1, 3, 4, 2, x, 0},
        {0, 1, 3, 4, 2, x, x},
        {2, 1, 3, 4, 2, 3, 2},
        {0, 3, 3, 4, 2, x, 0},
        {0, 4, x, 4, x, 4, 4}}},
      {"sncid",
       {"can_sched", "cant_sched"},
       {"irq_disable", "irq_enable", "schedule_entry", "schedule_exit"},
       0,
       {{1, x, 0, 0}, {x, 0, x, x}}},
      {"tss",
       {"thread", "sched"},
       {"sched_switch", "schedule_entry", "schedule_exit"},
       0,
       {{x, 1, x}, {1, x, 0}}},
      {"opid_old",
       {"disabled", "enabled", "in_irq", "irq_disabled", "preempt_disabled"},
       {"irq_disable", "irq_enable", "irq_entry", "preempt_disable", "preempt_enable",
        "sched_need_resched", "sched_waking"},
       1,
       {{x, 4, 0, x, 3, 0, 0},
        {3, x, x, 4, 1, x, x},
        {x, 1, 2, x, x, 2, 2},
        {x, 1, 2, 0, x, 3, x},
        {0, x, x, x, 1, x, x}}},
  };
  return models;
}

inline Automaton reference_model(std::string_view name) {
  for (const ReferenceModel& m : reference_models()) {
    if (m.name == name) return m.automaton();
  }
  SWERVE_CHECK(false, "no such reference model");
}

}  // namespace swerve
