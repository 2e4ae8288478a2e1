// app/check.cc - `swerve check`: monitors on recorded traces; without a trace, the monitors alone.
//
// Everything that is wrong with the definitions is said before a trace is opened, where that can be
// known. Each trace is a run of its own.
#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/check_session.h"
#include "app/commands.h"
#include "app/html_report.h"
#include "app/interruption.h"
#include "app/output.h"
#include "app/perfetto.h"
#include "app/printer.h"
#include "app/progress.h"
#include "app/recorded_input.h"
#include "app/report.h"
#include "base/text.h"
#include "bind/recorded/numbered_calls.h"
#include "kernel/engine.h"
#include "source/any/open_recording.h"

namespace swerve {
namespace {

constexpr int kCannotTell = 2;

/// Hands everything on to the printer and to the files that are written beside.
class Check final : private VerdictSink {
 public:
  Check(const CheckOptions& options, const CheckedDefinitions& definitions)
      : options_(options), definitions_(definitions), watched_(watched(definitions)) {}

  Result<int> run() {
    SWERVE_TRY(make_files());
    settings_.engine.plain_states = options_.plain_states;
    settings_.engine.every_step = options_.trace || html_ != nullptr || perfetto_ != nullptr;
    settings_.unfinished = options_.final;
    settings_.threads = options_.threads;
    printer_.begin();
    int status = 0;
    settings_.stop = [this] { return interruption_.heard() || printer_.closed(); };
    for (const std::string& trace : options_.traces)
      status = std::max(status, settings_.stop() ? leave_out(trace) : check(trace));
    if (!printer_.written()) status = kCannotTell;
    if (html_ != nullptr) SWERVE_TRY(html_->finish());
    if (perfetto_ != nullptr) SWERVE_TRY(perfetto_->finish());
    return status;
  }

 private:
  static std::vector<WatchedMonitor> watched(const CheckedDefinitions& definitions) {
    std::vector<WatchedMonitor> out;
    for (const ReadMonitor& one : definitions.read) {
      WatchedMonitor& shown = out.emplace_back();
      shown.description = one.definition->description;
      shown.summary.monitor = one.definition->name;
      shown.summary.scope = one.definition->scope;
    }
    return out;
  }

  Result<> make_files() {
    if (!options_.html.empty()) {
      std::vector<HtmlReport::Monitor> about;
      for (const ReadMonitor& one : definitions_.read)
        about.push_back(
            {one.definition->name, one.definition->description, *one.model, one.definition->scope});
      SWERVE_TRY_ASSIGN(html_, HtmlReport::make(options_.html, std::move(about)));
    }
    if (!options_.perfetto.empty()) {
      std::vector<std::string> names;
      for (const ReadMonitor& one : definitions_.read) names.push_back(one.definition->name);
      SWERVE_TRY_ASSIGN(perfetto_, PerfettoTrace::make(options_.perfetto, std::move(names)));
    }
    return {};
  }

  /// It has ended before the turn of this one came.
  int leave_out(const std::string& file) {
    CheckedTrace trace;
    trace.file = file;
    trace.error = cat(trace_name(file), ": not begun: stopped before");
    return tell(trace, false);
  }

  /// Returns the exit status of this one.
  int check(const std::string& file) {
    Progress progress(file);
    bool opened = false;
    settings_.opened = [&](const Recording& recording) {
      opened = true;
      printer_.begin_trace(file, recording.clock());
    };
    settings_.progress = [&](const ReadSoFar& so_far) {
      if (std::exchange(said_, false)) {
        progress.clear();
        printer_.flush();
      }
      progress.show(so_far);
    };
    const ReadOptions reading = read_options(options_.window, options_.buffer);
    const CheckedTrace trace = check_trace(
        definitions_, file,
        [&](const Interest& interest) {
          return open_with_named_calls(interest, [&](const Interest& asked) {
            return open_recording(file, asked, reading);
          });
        },
        settings_, *this);
    progress.clear();
    printer_.flush();
    return tell(trace, opened);
  }

  /// What is said when a trace is over; returns its exit status.
  int tell(const CheckedTrace& trace, bool opened) {
    const bool checked = !trace.monitors.empty();
    if (has_errors(trace.diagnostics)) show(trace.diagnostics);
    if (!trace.error.empty())
      complain(checked ? cat(trace.error, " (", plural(trace.events, "event was", "events were"),
                             " read until there)")
                       : trace.error);
    if (!opened) printer_.begin_trace(trace.file, "");
    if (checked || options_.json) {
      tell_doubts(trace);
      printer_.end_trace(trace);
    }
    end_files(trace);
    return trace.status();
  }

  /// What should not be overlooked when standard output goes elsewhere.
  static void tell_doubts(const CheckedTrace& trace) {
    const std::string file = trace_name(trace.file);
    for (const CheckedMonitor& one : trace.monitors)
      if (!one.error.empty()) complain(cat(file, ": ", escape(one.monitor), ": ", one.error));
    for (const std::string& remark : trace.not_met()) complain(cat(file, ": ", remark));
    if (trace.error.empty())
      for (const std::string& doubt : trace.doubts()) complain(cat(file, ": ", doubt));
  }

  void end_files(const CheckedTrace& trace) {
    if (perfetto_ != nullptr) perfetto_->end_trace(trace.last);
    if (html_ != nullptr) html_->end_trace(trace);
  }

  void on_step(const Step& step) override {
    said_ = true;
    printer_.on_step(step);
    if (html_ != nullptr) html_->on_step(step);
    if (perfetto_ != nullptr) perfetto_->on_step(step);
  }
  void on_violation(const Violation& violation) override {
    said_ = true;
    printer_.on_violation(violation);
    if (html_ != nullptr) html_->on_violation(violation);
    if (perfetto_ != nullptr) perfetto_->on_violation(violation);
  }
  void on_inconclusive(const Inconclusive& inconclusive) override {
    said_ = true;
    printer_.on_inconclusive(inconclusive);
    if (html_ != nullptr) html_->on_inconclusive(inconclusive);
    if (perfetto_ != nullptr) perfetto_->on_inconclusive(inconclusive);
  }

  const CheckOptions& options_;
  const CheckedDefinitions& definitions_;
  std::vector<WatchedMonitor> watched_;
  Printer printer_{options_, watched_};
  std::unique_ptr<HtmlReport> html_;
  std::unique_ptr<PerfettoTrace> perfetto_;
  CheckSettings settings_;
  Interruption interruption_;
  bool said_ = false;  // since standard output was written last
};

/// Has the kernel check the programs, and attaches none of them. Errors: why it could not, or what
/// is wrong with them.
Result<> load_programs(const std::vector<BoundMonitor>& monitors, const KernelCatalog& catalog) {
  SWERVE_TRY_ASSIGN(const std::unique_ptr<Engine> engine, Engine::create(catalog, {}));
  for (const BoundMonitor& monitor : monitors) {
    const Result<std::size_t> added = engine->add(monitor);
    if (!added) return added.error();
  }
  return {};
}

/// Without a trace: whether the monitors could be used, here and now.
Result<int> validate(const CheckOptions& options) {
  SWERVE_TRY_ASSIGN(const CheckedDefinitions definitions,
                    read_definitions(options.monitors, options.folders));
  const Result<std::unique_ptr<KernelCatalog>> kernel = KernelCatalog::load();
  Diagnostics diagnostics;
  std::vector<BoundMonitor> bound;
  const RecordedCatalog table(nullptr, {});
  const bool bindable = kernel || definitions.known();
  for (const ReadMonitor& one : definitions.read) {
    const ProbeCatalog& catalog = kernel ? static_cast<const ProbeCatalog&>(**kernel)
                                         : static_cast<const ProbeCatalog&>(table);
    BindOutcome outcome = bindable ? bind_read(one, catalog) : BindOutcome{{}, one.diagnostics};
    diagnostics.insert(diagnostics.end(), outcome.diagnostics.begin(), outcome.diagnostics.end());
    if (outcome.monitor) bound.push_back(*std::move(outcome.monitor));
  }
  show(diagnostics);
  if (has_errors(diagnostics)) return kCannotTell;
  const Result<> loaded = kernel ? load_programs(bound, **kernel) : Result<>(kernel.error());
  std::string out;
  for (const ReadMonitor& one : definitions.read) {
    const Definition& definition = *one.definition;
    std::set<std::string> probes;
    for (const BindingText& binding : definition.on) probes.insert(binding.probe.text());
    out += cat(escape(definition.name), ": ");
    if (loaded) {
      out += cat("the model and the bindings are valid, and the kernel's verifier accepts ",
                 plural(probes.size(), "program", "programs"), "; nothing was attached\n");
    } else if (kernel) {
      out += "the model and the bindings are valid; the programs were not loaded\n";
    } else if (bindable) {
      out +=
          "the model is valid, and so are the bindings as far as can be told without this kernel's "
          "types; nothing was loaded\n";
    } else {
      out += "the model is valid; the bindings were not checked, and nothing was loaded\n";
    }
  }
  if (!loaded) complain(loaded.error().message());
  return finish(out, loaded ? 0 : kCannotTell);
}

/// What is of no use without a trace.
Result<> check_usage(const CheckOptions& options) {
  if (!options.traces.empty()) return {};
  for (const auto& [given, name] : {std::pair{options.trace, "-t"},
                                    {options.json, "--json"},
                                    {options.final, "--final"},
                                    {options.plain_states, "--plain-states"},
                                    {options.window.has_value(), "--window"},
                                    {!options.buffer.empty(), "--buffer"},
                                    {!options.html.empty(), "--html"},
                                    {!options.perfetto.empty(), "--perfetto"}}) {
    if (given) return Error(ErrorCode::invalid, cat(name, " needs a TRACE"));
  }
  return {};
}

Result<int> check(const CheckOptions& options) {
  SWERVE_TRY(check_usage(options));
  if (options.traces.empty()) return validate(options);
  SWERVE_TRY(check_files(options.traces, {options.html, options.perfetto}));
  SWERVE_TRY_ASSIGN(const CheckedDefinitions definitions,
                    read_definitions(options.monitors, options.folders));
  const Diagnostics problems = definitions.problems();
  show(problems);
  if (has_errors(problems)) return kCannotTell;
  return Check(options, definitions).run();
}

}  // namespace

int run_check(const CheckOptions& options) {
  const Result<int> status = check(options);
  if (status) return *status;
  complain(status.error().message());
  return kCannotTell;
}

}  // namespace swerve
