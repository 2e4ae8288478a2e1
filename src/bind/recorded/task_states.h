// bind/recorded/task_states.h - which values of a task's state a recorded one stands for.
//
// sched_switch passes the whole state of `prev`; what is recorded of it is one letter, or the
// highest of the bits that are reported. So the recorded S is TASK_INTERRUPTIBLE, with or without
// TASK_FREEZABLE (since Linux 6.1), and R+ (0x100) says "preempted" and hides the state. Source:
// the kernel's include/trace/events/sched.h and include/linux/sched.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace swerve {

/// What a recorded state stands for. `any`: for any value at all; `values` then holds those that
/// tasks are known to have, the plain reading first.
struct TaskStates {
  std::vector<std::uint64_t> values;  // the plain reading first
  bool any = false;
  bool preempted = false;        // the switch was a preemption
  bool maybe_preempted = false;  // the recording cannot tell (R of `trace-cmd report`)
};

/// A state as a number: sched_switch's prev_state in trace.dat, perf, CTF.
TaskStates task_states(std::uint64_t recorded);
/// As text: "S", "R+", "D|K", "0x1", "1"; nothing when it is none.
std::optional<TaskStates> task_states(std::string_view recorded);

}  // namespace swerve
