// app/events.h - what has to be recorded for some monitors, and how that is said to each tool.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/commands.h"
#include "bind/definition.h"
#include "bind/recorded/fields.h"
#include "bind/types.h"
#include "source/recording.h"
#include "swerve/base/result.h"

namespace swerve {

/// The events of the kernel, with their fields as a tool records them.
class EventFormats {
 public:
  /// `tracefs` is where it is mounted. Where it cannot be read the commonest events are known.
  EventFormats(std::string tracefs, EventsOptions::Tool tool)
      : tracefs_(std::move(tracefs)), tool_(tool) {}
  /// `system` may be empty. None: the event is not known.
  std::optional<RecordedKind> find(const std::string& system, const std::string& name) const;

 private:
  std::string tracefs_;
  EventsOptions::Tool tool_;
};

struct NeededEvent {
  std::string system;  // empty: not known
  std::string name;
  std::vector<std::string> fields;
};

/// What some monitors need together.
class Needs {
 public:
  std::vector<NeededEvent> events;
  bool process = false;  // of the thread that ran, with each event
  bool thread_name = false;
  std::vector<std::string> lacking;  // "wwnr: sched_switch has no field for prev->flags"

  void add(const BoundMonitor& monitor, const TypeSource& types, const EventFormats& formats);
  /// Of a definition that could not be bound: the events without their fields.
  void add(const Definition& definition, const EventFormats& formats);

 private:
  std::vector<EventName> events_of(const Definition& definition, const Probe& probe);
  std::size_t event(const std::string& system, const std::string& name,
                    const EventFormats& formats);
};

/// What to paste; with Tool::list, the list. Errors: unsupported (this tool cannot record it).
Result<std::string> recipe(const Needs& needs, const EventsOptions& options);

}  // namespace swerve
