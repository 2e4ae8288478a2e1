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
//   - A task may be called "a pid=1 prio=2"; what could be read in two ways is broken. So is such
//     an event that lacks a field: its line was cut off.
//   - Fields that are printed with another name than they have get their own: comm and pid of
//     sched_process_fork are parent_comm and parent_pid.
//   - What `trace-cmd report` makes of them without -R is read, too ("sh:56 [120] R ==> ..."). It
//     cannot say that a task was preempted: its state R is delivered as "R?". Its W and x are
//     the kernel's I and P; its X and Z are each other's, in some versions, and stay as they are.
// Of any other event that prints no "name=value" and no "name: value, ..." only the name is known.
// A system in front of the name ("sched:sched_switch") is taken off, as `perf script` prints it.
// A text of trace_printk() looks as if its function were an event's name, and is read so.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/batch_builder.h"
#include "source/known_events.h"

namespace swerve {

/// One thread. It keeps its memory from event to event.
class EventText {
 public:
  enum class Found {
    event,
    nothing,         // known to be no event: a function's call, the head of a stack
    broken,          // an event, by its name, and its fields cannot be read
    not_understood,  // none of these
  };
  static constexpr std::uint32_t kNoKind = 0xffffffff;

  EventText();

  /// Reads `text` into name and fields. `by_trace_cmd`: `trace-cmd report` has printed it.
  Found read(std::string_view text, bool by_trace_cmd);

  /// Of the event that was found. Good until the next read(), as long as its text is.
  std::string_view system() const noexcept { return system_; }  // "": not told
  std::string_view name() const noexcept { return name_; }
  std::size_t size() const noexcept { return form_ != nullptr ? form_->size() : fields_.size(); }
  FoundField field(std::size_t number) const {
    return form_ != nullptr ? form_->field(number, values_, by_trace_cmd_) : fields_[number];
  }
  std::span<const FoundField> fields();

  /// A place for the number of the event's kind, for whoever numbers them: what is put there is
  /// there again for events of the same kind. kNoKind at first. Null: not an event of a known form.
  std::uint32_t* kind() noexcept { return kind_; }

 private:
  /// A name and what is known of it. A small table of those that come often.
  struct Name {
    std::string said;  // "sched:sched_switch"
    std::span<const PrintedForm> forms;
    bool must_have_form = false;
    std::vector<std::uint32_t> kinds;  // by form
    std::size_t last = 0;              // the form that the last event had
  };

  Name& look_up(std::string_view said);
  Found read_event(Name& name, std::string_view said);
  Found read_call(std::string_view text);
  bool read_pairs(std::string_view said);
  bool read_listed(std::string_view said, bool numbers);
  bool read_number(std::string_view name, std::string_view word);

  std::vector<Name> names_;
  std::string_view system_, name_;
  bool by_trace_cmd_ = false;
  const PrintedForm* form_ = nullptr;  // the form of the event, where it has one
  PrintedForm::Values values_;         // then
  std::uint32_t* kind_ = nullptr;      // then
  std::string call_name_;              // what name_ is of, for a system call
  std::vector<FoundField> fields_;     // otherwise
};

}  // namespace swerve
