// app/trace_monitors.h - the monitors of a check on one recorded trace.
//
// Definitions can be bound when it is known what arguments their probes have: often before the
// trace is opened, else when it is known which kinds of events it has, which for many formats means
// to read it for a while. Until then everything of the events that the definitions name is wanted.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bind/definition.h"
#include "bind/recorded/recorded_catalog.h"
#include "bind/recorded/recorded_engine.h"
#include "bind/toml/monitor_reader.h"
#include "source/recording.h"
#include "swerve/base/diagnostic.h"
#include "swerve/base/result.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

/// The definitions of a check, as read from their files; for any number of traces.
struct CheckedDefinitions {
  std::vector<ReadMonitor> read;
  // The probes of this machine, for any thread. Null: they are not known here, or not needed.
  std::shared_ptr<const ProbeCatalog> base;

  /// Whether every probe is known without a recording, or is among these kinds.
  bool known(const std::vector<RecordedKind>& kinds = {}) const;
  /// What is wrong with them that can be said without a recording.
  Diagnostics problems() const;
};

/// What is said during one batch, and of which of its events.
struct Said {
  std::size_t position = 0;
  std::variant<Step, Violation, Inconclusive> what;
};

/// One monitor on the trace. It does not move: its engine tells it.
class TraceMonitor final : private VerdictSink {
 public:
  /// Errors: those of RecordedEngine::make().
  static Result<std::unique_ptr<TraceMonitor>> make(BoundMonitor bound, const TypeSource& types,
                                                    RecordedEngine::Options options);

  const BoundMonitor& bound() const { return bound_; }
  const RecordedEngine& engine() const { return *engine_; }
  /// Feeds it, and adds what it says to `said`. After the first error it is fed nothing more.
  void feed(const Batch& batch, const Recording& names, std::vector<Said>& said);
  /// Why it is not fed any more; empty: it is.
  std::string error;

 private:
  explicit TraceMonitor(BoundMonitor bound) : bound_(std::move(bound)) {}
  void on_step(const Step& step) override { add(step); }
  void on_violation(const Violation& violation) override { add(violation); }
  void on_inconclusive(const Inconclusive& inconclusive) override { add(inconclusive); }
  template <typename What>
  void add(const What& what) {
    said_->push_back({engine_->position(), what});
  }

  const BoundMonitor bound_;
  std::unique_ptr<RecordedEngine> engine_;
  std::vector<Said>* said_ = nullptr;
};

/// All of them. wants() may be asked from another thread when all are bound.
class TraceMonitors final : public Interest {
 public:
  /// Binds them at once where that can be done; `definitions` have no problems().
  TraceMonitors(const CheckedDefinitions& definitions, RecordedEngine::Options options);

  std::vector<Want> wants(const RecordedKind& kind) const override;

  bool bound() const { return bound_; }
  /// Binds them, if need be by reading at the beginning of the recording, which is put back. The
  /// monitors that lack something in a recording that describes itself have their error then.
  /// What is wrong with the definitions is among the diagnostics, and they are not bound then.
  /// Errors: those of reading, when that is why they could not be bound. To be called before
  /// anything was read; `go_on` is asked after each batch.
  Result<Diagnostics> bind_to(std::shared_ptr<Recording>& recording, std::size_t read_ahead_bytes,
                              const std::function<bool(const Batch&)>& go_on);

  const std::vector<std::unique_ptr<TraceMonitor>>& monitors() const { return monitors_; }

 private:
  Diagnostics bind(const std::vector<RecordedKind>& kinds);
  Result<Diagnostics> read_and_bind(std::shared_ptr<Recording>& recording,
                                    std::size_t read_ahead_bytes,
                                    const std::function<bool(const Batch&)>& go_on);

  CheckedDefinitions definitions_;
  RecordedEngine::Options options_;
  std::unique_ptr<RecordedCatalog> catalog_;  // what the monitors are bound with
  std::vector<std::unique_ptr<TraceMonitor>> monitors_;
  bool bound_ = false;
};

}  // namespace swerve
