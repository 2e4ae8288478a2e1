// monitor/examples_for_test.h - verdicts built by hand, for the tests of what prints them.
#pragma once

#include "swerve/monitor/verdict.h"

namespace swerve {

inline Violation example_violation() {
  Violation v;
  v.time = {12345678901234};
  v.monitor = "wwnr";
  v.id = {Scope::task, 1234};
  v.task = TaskInfo{1234, 1200, "worker"};
  v.cpu = 3;
  v.by = {0, 0, "swapper/3"};
  v.state = "running";
  v.event = "wakeup";
  v.expected = {"switch_out"};
  v.path = {{"not_running", "switch_in", "running"},
            {"running", "switch_out", "not_running"},
            {"not_running", "switch_in", "running"}};
  v.events = 3;
  v.stack = {"ttwu_do_activate+0xad", "try_to_wake_up+0x214"};
  return v;
}

inline Step example_step() {
  Step s;
  s.time = {12345678901234};
  s.monitor = "wwnr";
  s.id = {Scope::task, 1234};
  s.task = TaskInfo{1234, 1200, "worker"};
  s.cpu = 3;
  s.by = {1234, 1200, "worker"};
  s.state = "running";
  s.event = "switch_out";
  s.next = "not_running";
  s.final = true;
  return s;
}

/// What a recording leaves open: which of two states it was, the process, and who ran.
inline Inconclusive example_inconclusive() {
  Inconclusive i;
  i.time = {10913179000};
  i.monitor = "wwnr";
  i.id = {Scope::task, 1234};
  i.task = TaskInfo{1234, 0, "worker"};
  i.cpu = 3;
  i.by = {kUnknownThread, 0, ""};
  i.states = {"running", std::nullopt};
  i.state = set_text(i.states);
  i.event = "wakeup";
  i.violating = {"running"};
  i.why = Doubt::lost | Doubt::value;
  return i;
}

}  // namespace swerve
