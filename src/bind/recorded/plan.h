// bind/recorded/plan.h - what one kind of recorded events means for one monitor: which bindings
// apply, and which fields their expressions read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bind/definition.h"
#include "bind/recorded/fields.h"
#include "bind/recorded/formula.h"
#include "source/recording.h"

namespace swerve {

/// Where a leaf's values come from.
struct Leaf {
  FieldSource source;
  bool text = false;
  bool or_number = false;  // text: a number where the recording has it as one (keys)
  int entry_slot = -1;  // From::entry_field: which of the values kept since the system call's entry
  friend bool operator==(const Leaf& a, const Leaf& b) {
    return a.source.from == b.source.from && a.source.field == b.source.field &&
           a.source.preempt == b.source.preempt && a.text == b.text && a.or_number == b.or_number &&
           a.entry_slot == b.entry_slot;
  }
};

/// One binding, on one kind.
struct PlannedBinding {
  EventId event{};
  std::optional<Formula> key;  // task: the thread's id; object: the key. None: the current task, or
                               // the scope has no key, or
  int key_text = -1;           // leaf: the text that is the key, where it is no number; -1: none
  std::optional<Formula> when, start, start_run, end;
  std::vector<int> condition_leaves;  // of when, start and start_run: numbers in Plan::leaves
  int tgid = -1, comm = -1;           // leaves that describe the task; -1: not recorded
};

/// At a system call's entry: what is kept for its exit.
struct PlannedEntry {
  std::size_t call = 0;     // number of the system call within the monitor
  std::vector<int> leaves;  // by slot: numbers in Plan::leaves
};

struct Plan {
  std::vector<PlannedBinding> on;  // in the order in which they are written
  std::vector<Leaf> leaves;
  std::optional<PlannedEntry> entry;
  int exit_of = -1;   // the system call whose exit this is, if values of its entry are read
  int new_task = -1;  // leaf: the id of a thread that is born
  bool fork = false;  // it is told by sched_process_fork, which comes after task_newtask
  std::vector<std::string> lacking;  // "sched_switch has no field for prev->flags"

  bool empty() const { return on.empty() && !entry && new_task < 0; }
  /// What of the kind's fields must be read. Empty: nothing of it matters.
  std::vector<Want> wants(const RecordedKind& kind) const;
};

/// The system calls of a monitor whose exits read arguments, and which arguments: by slot.
struct EntryCall {
  std::string name;
  std::vector<std::string> arguments;
  std::vector<bool> text;  // by slot: read as a text
  /// -1: it is not kept.
  int slot(std::string_view argument, bool as_text) const {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (arguments[i] == argument && text[i] == as_text) return static_cast<int>(i);
    }
    return -1;
  }
};
std::vector<EntryCall> entry_calls(const BoundMonitor& monitor);

/// `types` are those that the monitor was bound with.
Plan make_plan(const BoundMonitor& monitor, const std::vector<EntryCall>& calls,
               const TypeSource& types, const RecordedKind& kind);

}  // namespace swerve
