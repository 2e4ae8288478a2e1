// swerve/monitor/verdict.h - what comes out of a monitor: steps and violations, as values.
//
// A Violation is complete in itself: who, where, when, what was allowed instead, and the way there.
// Engines fill it, reactors and printers read it. All texts in it may come from outside (task
// names, kernel strings): escape them where they are printed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "swerve/base/api.h"
#include "swerve/base/time.h"
#include "swerve/monitor/scope.h"

namespace swerve {

/// The thread id where a recording does not tell it.
inline constexpr std::uint32_t kUnknownThread = 0xffffffff;

/// A thread, as the kernel names it (ids of the initial pid namespace).
struct TaskInfo {
  std::uint32_t tid = 0;   // the thread
  std::uint32_t tgid = 0;  // its process
  std::string comm;        // its name
  friend bool operator==(const TaskInfo&, const TaskInfo&) = default;
};

/// Which instance of a monitor: the thread id, the CPU or the object's key; 0 for global.
struct InstanceId {
  Scope scope = Scope::global;  // what the key is
  std::uint64_t key = 0;        // which one
  friend bool operator==(const InstanceId&, const InstanceId&) = default;
};

/// One transition in words.
struct PathStep {
  std::string state;  // before the event
  std::string event;  // what happened
  std::string next;   // after it
  friend bool operator==(const PathStep&, const PathStep&) = default;
};

/// A state's name, or none: the instance may not have been monitoring.
using StateOrNone = std::optional<std::string>;
/// "{running|not_running}"; with none among them "{running|-}". A single one without braces.
SWERVE_API std::string set_text(const std::vector<StateOrNone>& states);

/// What steps and violations have in common.
struct Occurrence {
  TimeNs time;                   // of the event
  std::string monitor;           // its name
  InstanceId id;                 // which of its instances
  std::optional<TaskInfo> task;  // whom the instance belongs to; task scope only
  std::uint32_t cpu = 0;         // where the event happened
  TaskInfo by;        // the task that ran there; kUnknownThread, or tgid 0, where that is not known
  std::string state;  // before the event; where it is not certain, set_text(states)
  std::string event;  // of the model
  // Where it is not certain in which state the instance was: those that are possible. Else empty.
  std::vector<StateOrNone> states;
  // Object scope, of this program or a recording: the key in words where it is no number; id.key is
  // then the instance's own number. Else empty.
  std::string object;
  friend bool operator==(const Occurrence&, const Occurrence&) = default;
};

/// The key of the instance as text: the words where it has some, else the number.
SWERVE_API std::string key_text(const Occurrence& what);

/// An event that the model allowed.
struct Step : Occurrence {
  std::string next;                // where it is not certain, set_text(nexts)
  bool final = false;              // whether `next` is a final state; of several: all of them
  std::vector<StateOrNone> nexts;  // where it is not certain: those that are possible. Else empty
  friend bool operator==(const Step&, const Step&) = default;
};

/// An event that the model did not allow. The instance was reset when this was made.
struct Violation : Occurrence {
  std::vector<std::string> expected;  // the events that `state` allows
  std::vector<PathStep> path;      // the transitions before, oldest first; the last eight at least
  std::uint64_t events = 0;        // how many transitions the instance has made in its life
  std::vector<std::string> stack;  // of `by`, innermost first; empty where not taken
  std::string source;              // file:line, in process
  // What came of the reaction that the engine did itself, at the event: 0 or an errno. Empty: it
  // did none, and whoever takes the violation reacts.
  std::optional<int> reacted;
  friend bool operator==(const Violation&, const Violation&) = default;
};

/// Why something is not certain; a set of bits.
enum class Doubt : std::uint8_t {
  none = 0,
  lost = 1,    // events before it were lost
  value = 2,   // a recorded value stands for several, or is missing
  unknown = 4  // it is not recorded which instance an event was about
};
/// Both reasons.
constexpr Doubt operator|(Doubt a, Doubt b) noexcept {
  return static_cast<Doubt>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
/// Whether `one` is among the reasons of `set`.
constexpr bool has(Doubt set, Doubt one) noexcept {
  return (static_cast<unsigned>(set) & static_cast<unsigned>(one)) != 0;
}

/// An event that the model may have allowed or not: that depends on which of `states` the instance
/// was in. It was in one of those that do not allow it, or it took a step (or nothing happened: it
/// was not monitoring, or the event was not one of the model's at all).
struct Inconclusive : Occurrence {
  std::vector<std::string> violating;  // of `states`, those that do not allow the event
  Doubt why = Doubt::none;             // the reasons
  friend bool operator==(const Inconclusive&, const Inconclusive&) = default;
};

/// Takes what an engine says. Called on the thread that feeds or drains the engine; must not call
/// back into it.
class SWERVE_API VerdictSink {
 public:
  virtual ~VerdictSink() = default;
  /// Only from engines that were asked for every step.
  virtual void on_step(const Step& step) = 0;
  /// From every engine.
  virtual void on_violation(const Violation& violation) = 0;
  /// Only from recorded traces.
  virtual void on_inconclusive(const Inconclusive& /*inconclusive*/) {}
};

/// "rv: monitor wwnr does not allow event wakeup on state running": the kernel's words.
SWERVE_API std::string reaction_text(const Violation& violation);

}  // namespace swerve
