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

#include "monitor/unsure_monitor.h"
#include "source/recording.h"
#include "swerve/base/result.h"
#include "swerve/base/time.h"
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
  /// Events that are missing, between the last before and the first after.
  struct Hole {
    std::uint32_t cpu = kEveryCpu;
    TimeNs from, to;
    std::uint64_t lost = 0;  // how many, where the recording tells; else 0
  };
  /// What is known of a trace when it has been read.
  struct Trace {
    std::string file;    // as the command named it
    std::string format;  // Recording::format()
    std::string clock;   // Recording::clock()
    TimeNs first, last;  // times of the first and the last event
    std::uint64_t events = 0;
    std::uint64_t late = 0;            // of these, too late to be put in order
    std::uint64_t not_understood = 0;  // lines
    std::vector<Hole> holes;           // the first of them are enough
    std::uint64_t holes_in_all = 0;
    std::vector<UnsureCounters> counters;  // by monitor, in the order of make()
    // By monitor: why it was not checked, or not to the end. Empty: it was; none at all: all were.
    std::vector<std::string> monitor_errors;
    std::vector<std::string> notes;  // whatever else the text output says at the end
    std::string error;               // why it was not wholly read; empty: it was
  };

  /// `path` is where the page will be. Errors: io and its like, when no file can be made there.
  static Result<std::unique_ptr<HtmlReport>> make(std::string path, std::vector<Monitor> monitors);
  /// Leaves nothing behind when finish() was not called.
  ~HtmlReport() override;

  void on_step(const Step& step) override;
  void on_violation(const Violation& violation) override;
  void on_inconclusive(const Inconclusive& inconclusive) override;

  /// What came since make(), or since the last end_trace(), was of this trace. A report may hold
  /// several, each a run of its own.
  void end_trace(Trace trace);

  /// Draws the models, writes the page to a file beside its place and renames it. Once.
  Result<> finish();

 private:
  struct State;
  explicit HtmlReport(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace swerve
