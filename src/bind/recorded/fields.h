// bind/recorded/fields.h - which recorded field holds a value that a definition names.
//
// The rules, in this order; docs/recordings.md has them with the table of aliases:
//   the value's own name as an expression writes it ("prev->pid": formats that write such names);
//   an argument by its name: `prev_state` is the field prev_state;
//   a member by both names: `prev->pid` is the field prev_tid or prev_pid (pid means the thread's
//   id: where a recording has both, its pid is the process, as LTTng's); the member alone, for the
//   argument that the event is about: `p->pid` of sched_wakeup is pid or tid; of the current task:
//   what the recording says of who ran.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bind/definition.h"
#include "bind/probe.h"
#include "source/recording.h"

namespace swerve {

/// Whether an event of this kind is one of the probe: by the names that the tracers give it
/// ("sys_enter_openat", "syscall_entry_openat").
bool is_of_probe(const RecordedKind& kind, const Probe& probe);

/// The name of the events, and of their system where one is known, that record a probe:
/// "sched:sched_switch". A system call's exit needs its entry as well, for the arguments.
struct EventName {
  std::string system, name;
};
std::vector<EventName> events_to_record(const Probe& probe);

/// Where the value of an expression's leaf is in a recording.
struct FieldSource {
  enum class From {
    field,        // of the event
    entry_field,  // of the event at the system call's entry, by the same thread
    thread,       // who ran: tid
    process,      // who ran: tgid
    thread_name,  // who ran: comm
    cpu,
    time,
    somewhere,  // a pointer that is there, and of which nothing else is known
    missing,    // this kind of the event does not have it (another of the same name may)
  };
  From from = From::field;
  int field = -1;           // number in the kind (or in the entry's kind)
  bool task_state = false;  // a recorded task state: stands for several values (task_states.h)
  bool preempt = false;     // whether a recorded task state says "preempted"
};

/// The field for `path` ("prev->pid", "prev_state", "filename"); nothing when this kind has none.
/// `types` are those of the signature. `entry` is the kind of the system call's entry, null where
/// there is none.
std::optional<FieldSource> find_field(std::string_view path, const Probe& probe,
                                      const Signature& signature, const TypeSource& types,
                                      const RecordedKind& kind, const RecordedKind* entry);

}  // namespace swerve
