// app/perfetto.h - what monitors did, as a trace that ui.perfetto.dev opens: --perfetto FILE.
//
// The form is the JSON of Chrome's trace events, which needs no library: a monitor is a process, an
// instance a track of it, the states its slices, verdicts instants. It is written as it comes;
// memory is bounded by the number of instances.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "swerve/base/result.h"
#include "swerve/base/time.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

/// Takes every step (make the engines with every_step) and every verdict, from one thread, in the
/// order of their times.
class PerfettoTrace final : public VerdictSink {
 public:
  /// `monitors`: their names. Errors: io and its like, when no file can be made at `path`.
  static Result<std::unique_ptr<PerfettoTrace>> make(std::string path,
                                                     std::vector<std::string> monitors);
  /// Leaves nothing behind when finish() was not called.
  ~PerfettoTrace() override;

  void on_step(const Step& step) override;
  void on_violation(const Violation& violation) override;
  void on_inconclusive(const Inconclusive& inconclusive) override;

  /// The trace ends at `last`, and with it what its instances were in.
  void end_trace(TimeNs last);

  /// Completes the file and gives it its name. Errors: the first write that failed; there is no
  /// file then. Once.
  Result<> finish();

 private:
  struct State;
  explicit PerfettoTrace(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace swerve
