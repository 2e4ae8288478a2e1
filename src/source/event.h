// source/event.h - what happened: one event, before anybody has said what it means.
//
// An event is a probe's name and its arguments, with the circumstances. It knows no model and no
// instance: bind/ makes symbols and keys of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "swerve/base/time.h"

namespace swerve {

/// A thread, as the kernel names it (ids of the initial pid namespace).
struct Thread {
  std::uint32_t tid = 0;
  std::uint32_t tgid = 0;
  std::string comm;
  friend bool operator==(const Thread&, const Thread&) = default;
};

/// What else is known of an event than its raw arguments: a value read through one of them, named
/// as C writes it ("prev->pid", "p->comm", "filename"), or an argument by its name where its number
/// is not known. An integer is sign- or zero-extended from its type; a text has no NUL at its end.
struct EventField {
  std::string name;
  std::variant<std::uint64_t, std::string> value;
  friend bool operator==(const EventField&, const EventField&) = default;
};

struct Event {
  TimeNs time;
  std::uint32_t cpu = 0;                 // where it happened
  Thread current;                        // the thread that ran there
  std::string probe;                     // as a definition writes it: "tracepoint:sched_switch"
  std::vector<std::uint64_t> arguments;  // raw, in the probe's order; `ret` is the last
  std::vector<EventField> fields;        // each name once

  /// The value of a field; null when there is none. Cost: one comparison a field.
  const std::variant<std::uint64_t, std::string>* field(std::string_view name) const noexcept {
    for (const EventField& f : fields) {
      if (f.name == name) return &f.value;
    }
    return nullptr;
  }
  friend bool operator==(const Event&, const Event&) = default;
};

}  // namespace swerve
