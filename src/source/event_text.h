// source/event_text.h - reads what the kernel prints of an event: its name and its fields.
//
// What stands behind the time in ftrace's text, in `trace-cmd report` and (behind the system's
// name) in `perf script`:
//
//   sched_switch: prev_comm=sh prev_pid=56 prev_prio=120 prev_state=S ==> next_comm=...
//   sys_openat(dfd: 0xffffff9c, filename: 0x7ffdf93bdf20, flags: 0x80000, mode: 0)
//   sys_openat -> 0x3
//   tracing_mark_write: any text
//
// Fields are those that are printed, under the names that they are printed with. They are `word`s;
// what is printed as a hexadecimal number without 0x (the arguments of system calls, and a few
// fields that are known for it) is an integer. The events of sched, task, signal, raw_syscalls and
// rv that are listed in event_text.cc are read by the whole of their form:
//   - A task may be called "a pid=1 prio=2"; what could be read in two ways is not understood. Nor
//     is such an event that lacks a field: its line was cut off.
//   - Fields that are printed with another name than they have get their own: comm and pid of
//     sched_process_fork are parent_comm and parent_pid.
//   - What `trace-cmd report` makes of them without -R is read, too ("sh:56 [120] R ==> ..."). It
//     cannot say that a task was preempted: its state R is delivered as "R?". Its W and x are
//     the kernel's I and P.
// Of any other event that prints no "name=value" and no "name: value, ..." only the name is known.
// A text of trace_printk() looks as if its function were an event's name, and is read so.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/batch_builder.h"

namespace swerve {

/// One thread. It keeps its memory from event to event.
class EventText {
 public:
  enum class Found {
    event,
    nothing,         // known to be no event: a function's call, the head of a stack
    not_understood,  // neither
  };

  /// Reads `text` into name and fields. `by_trace_cmd`: `trace-cmd report` has printed it.
  Found read(std::string_view text, bool by_trace_cmd);

  /// Of the event that was found. Good until the next read(), as long as its text is.
  std::string_view name() const noexcept { return name_; }
  std::span<const FoundField> fields() const noexcept { return fields_; }

 private:
  Found read_event(std::string_view said, bool by_trace_cmd);
  Found read_call(std::string_view text);
  bool read_pairs(std::string_view said);
  bool read_listed(std::string_view said, bool numbers);
  bool read_number(std::string_view name, std::string_view word);
  void hexadecimal_fields(bool by_trace_cmd);

  std::string_view name_;
  std::string call_name_;  // what name_ is of, for a system call
  std::vector<FoundField> fields_;
};

}  // namespace swerve
