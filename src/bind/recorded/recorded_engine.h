// bind/recorded/recorded_engine.h - a bound monitor on a recorded trace: batches in, verdicts out.
//
// For each kind of events that one of the monitor's bindings is about, the conditions and keys of
// the bindings are worked out for all events of a batch at once (columns.h); then the steps are
// taken, in the order of the events. Where a recorded value stands for several, the binding is
// worked out for each of these, and the instance carries what may have become of it
// (monitor/unsure_monitor.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bind/definition.h"
#include "monitor/unsure_monitor.h"
#include "source/recording.h"
#include "swerve/base/result.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

/// What `monitor` needs and a recording with these kinds (all of them) does not have: "no event
/// sched_wakeup", "sched_switch has no field for prev->flags". Empty: it has all.
/// `types` are those that the monitor was bound with (its catalog).
std::vector<std::string> lacking(const BoundMonitor& monitor, const TypeSource& types,
                                 const std::vector<RecordedKind>& kinds);

/// One thread calls feed() and what follows it; wants() may be called from any (if `types` may).
class RecordedEngine final : public Interest {
 public:
  struct Options {
    bool plain_states = false;  // a recorded task state stands for its plain value alone
    bool every_step = false;    // tell the sink of steps, too
  };
  /// `types` are those that the monitor was bound with; they and `sink` must outlive the engine.
  /// Errors: exhausted (the model has more transitions than an engine can number).
  static Result<std::unique_ptr<RecordedEngine>> make(const BoundMonitor& monitor,
                                                      const TypeSource& types, VerdictSink& sink,
                                                      Options options);
  ~RecordedEngine() override;

  std::vector<Want> wants(const RecordedKind& kind) const override;

  /// The events of a batch happen. `names` is where the batch comes from: asked for names of
  /// threads. Errors: not_found (a kind of this batch lacks fields that the definition needs: all
  /// are listed; nothing of the batch has happened then).
  Result<> feed(const Batch& batch, const Recording& names);

  /// During feed(): the number in the batch of the event whose verdict the sink is told.
  std::size_t position() const noexcept;

  const UnsureMonitor& monitor() const noexcept;
  /// Object scope: the text that is the key of an instance with this number; empty: the key is the
  /// number. Valid until the next feed().
  std::string_view key_words(std::uint64_t key) const;
  /// The probes of which no event has come so far, as the definition writes them.
  std::vector<std::string> never_met() const;
  /// Events whose thread was not recorded where a binding is about the one that ran.
  std::uint64_t unknown_tasks() const noexcept;

 private:
  struct State;
  explicit RecordedEngine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace swerve
