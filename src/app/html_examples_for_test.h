// app/html_examples_for_test.h - runs of monitors made by hand, for the tests of what shows them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/html_report.h"
#include "monitor/reference_models.h"

namespace swerve {

inline Automaton example_model(std::string_view name) {
  for (const ReferenceModel& model : reference_models())
    if (model.name == name) return model.automaton();
  SWERVE_CHECK(false, "no such model");
  std::abort();
}

/// A task that takes steps of wwnr, and then one that is not allowed, or may not be. Times go on
/// from call to call.
class ExampleRun {
 public:
  explicit ExampleRun(VerdictSink& sink) : sink_(&sink) {}

  void switch_in(std::uint32_t tid) { step(tid, "not_running", "switch_in", "running"); }
  void switch_out(std::uint32_t tid) { step(tid, "running", "switch_out", "not_running"); }
  void wakeup(std::uint32_t tid) { step(tid, "not_running", "wakeup", "not_running"); }

  void violation(std::uint32_t tid) {
    Violation v;
    static_cast<Occurrence&>(v) = occurrence(tid, "running", "wakeup");
    v.expected = {"switch_out"};
    v.path = {{"not_running", "wakeup", "not_running"}, {"not_running", "switch_in", "running"}};
    v.events = 7;
    ++counters_.violations;
    sink_->on_violation(v);
  }
  void inconclusive(std::uint32_t tid) {
    Inconclusive i;
    static_cast<Occurrence&>(i) = occurrence(tid, "{not_running|running|-}", "wakeup");
    i.states = {"not_running", "running", std::nullopt};
    i.violating = {"running"};
    i.why = Doubt::lost;
    ++counters_.inconclusive;
    sink_->on_inconclusive(i);
  }
  /// As it goes on after that.
  void unsure_switch_in(std::uint32_t tid) {
    Step s;
    static_cast<Occurrence&>(s) = occurrence(tid, "{not_running|-}", "switch_in");
    s.states = {"not_running", std::nullopt};
    s.next = "{running|-}";
    s.nexts = {"running", std::nullopt};
    sink_->on_step(s);
  }

  void comm(std::string name) { comm_ = std::move(name); }
  TimeNs now() const { return now_; }
  const UnsureCounters& counters() const { return counters_; }

 private:
  Occurrence occurrence(std::uint32_t tid, std::string state, std::string event) {
    now_.ns += 1'500 * (1 + now_.ns % 7) * (1 + now_.ns % 11);
    Occurrence out;
    out.time = now_;
    out.monitor = "wwnr";
    out.id = {Scope::task, tid};
    out.task = TaskInfo{tid, tid, comm_};
    out.cpu = tid % 2;
    out.by = {99, 99, comm_};
    out.state = std::move(state);
    out.event = std::move(event);
    return out;
  }
  void step(std::uint32_t tid, std::string state, std::string event, std::string next) {
    Step s;
    static_cast<Occurrence&>(s) = occurrence(tid, std::move(state), std::move(event));
    s.next = std::move(next);
    sink_->on_step(s);
  }

  VerdictSink* sink_;
  std::string comm_ = "worker";
  TimeNs now_{12'345'000'000'001};
  UnsureCounters counters_;
};

inline std::vector<HtmlReport::Monitor> example_monitors() {
  return {{"wwnr", "wakeup while not running", example_model("wwnr"), Scope::task}};
}

/// What is known of the trace of a run.
inline CheckedTrace example_trace(const ExampleRun& run) {
  CheckedTrace trace;
  trace.file = "board-7/trace.dat";
  trace.format = "trace.dat version 7";
  trace.clock = "mono";
  trace.first = {12'345'000'000'001};
  trace.last = run.now();
  trace.events = 12345;
  CheckedMonitor& wwnr = trace.monitors.emplace_back();
  wwnr.monitor = "wwnr";
  wwnr.scope = Scope::task;
  wwnr.counters = run.counters();
  return trace;
}

}  // namespace swerve
