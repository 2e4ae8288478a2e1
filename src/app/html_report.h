// app/html_report.h - what `swerve check` found, as one page for people: --html FILE.
//
// The page needs nothing but itself: no network, no other file. What it shows of each monitor: the
// model drawn, with how often each transition was taken; the violations and what could not be
// decided, each with the instance's steps around it. Memory does not grow with the length of the
// trace: the last steps of a bounded number of instances are remembered, and a bounded number of
// verdicts is shown in full; the page says how many are not. Texts from outside are escaped.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/checked_trace.h"
#include "swerve/base/result.h"
#include "swerve/model/automaton.h"
#include "swerve/monitor/scope.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

/// Takes every step (make the engines with every_step) and every verdict, from one thread, in the
/// order of their times.
class HtmlReport final : public VerdictSink {
 public:
  struct Monitor {
    std::string name, description;
    Automaton model;
    Scope scope = Scope::global;
  };

  /// `path` is where the page will be. Errors: io and its like, when no file can be made there.
  static Result<std::unique_ptr<HtmlReport>> make(std::string path, std::vector<Monitor> monitors);
  /// Leaves nothing behind when finish() was not called.
  ~HtmlReport() override;

  void on_step(const Step& step) override;
  void on_violation(const Violation& violation) override;
  void on_inconclusive(const Inconclusive& inconclusive) override;

  /// What came since make(), or since the last end_trace(), was of this trace; its monitors are in
  /// the order of make(). A report may hold several, each a run of its own. What the page says of
  /// all of them at its top is what the exit status of the command says.
  void end_trace(CheckedTrace trace);

  /// Draws the models, writes the page to a file beside its place and renames it. Once.
  Result<> finish();

 private:
  struct State;
  explicit HtmlReport(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace swerve
