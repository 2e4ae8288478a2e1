#include "app/printer.h"

#include <cerrno>
#include <utility>

#include "app/json_report.h"
#include "monitor/verdict_json.h"
#include "swerve/monitor/violation_text.h"

namespace swerve {

Printer::Printer(const MonOptions& options, std::vector<WatchedMonitor>& watched,
                 std::uint32_t self)
    : watched_(watched),
      form_(options.json    ? Form::json
            : options.trace ? Form::columns
                            : Form::text),
      steps_(options.trace),
      fail_(options.fail),
      all_(options.self),
      self_(self) {
  begin_columns();
}

Printer::Printer(const CheckOptions& options, std::vector<WatchedMonitor>& watched)
    : watched_(watched),
      form_(options.json    ? Form::json
            : options.trace ? Form::columns
                            : Form::text),
      steps_(options.trace),
      recorded_(true) {
  begin_columns();
}

void Printer::begin_columns() {
  columns_.several = watched_.size() > 1;
  for (const WatchedMonitor& one : watched_)
    columns_.with_id = columns_.with_id || has_id(one.summary.scope);
}

void Printer::begin() {
  if (form_ == Form::columns) output_.put(columns_.header());
  output_.flush();
}

void Printer::begin_trace(std::string file, std::string clock) {
  file_ = std::move(file);
  clock_ = std::move(clock);
}

void Printer::on_step(const Step& step) {
  if (!steps_ || closed() || own(step)) return;
  output_.put(form_ == Form::json ? step_json(step, file_) : columns_.line(step));
}

void Printer::on_violation(const Violation& violation) {
  WatchedMonitor* const watched = find(violation.monitor);
  if (watched != nullptr) ++watched->summary.reported;
  // A violation of another task is shown also when swerve ran as it happened: it must not be lost.
  if (violation.task && violation.task->tgid == self_ && !all_) {
    if (watched != nullptr) ++watched->summary.hidden;
    return;
  }
  const std::string_view description =
      watched == nullptr ? std::string_view() : std::string_view(watched->description);
  switch (form_) {
    case Form::json:
      output_.put(violation_json(violation, file_));
      break;
    case Form::columns:
      output_.put(columns_.line(violation));
      break;
    case Form::text:
      output_.put(recorded_ ? recorded_violation_text(violation, description, clock_)
                            : violation_text(violation, description, realtime_offset_ns()));
      break;
  }
  if (!steps_ && !recorded_) output_.flush();
}

void Printer::on_inconclusive(const Inconclusive& inconclusive) {
  switch (form_) {
    case Form::json:
      output_.put(inconclusive_json(inconclusive, file_));
      break;
    case Form::columns:
      output_.put(columns_.line(inconclusive));
      break;
    case Form::text:
      output_.put(inconclusive_text(inconclusive, clock_));
      break;
  }
}

void Printer::on_unread(WatchedMonitor& monitor, std::uint64_t lines) {
  monitor.summary.unread += lines;
  if (form_ == Form::json) output_.put(lost_lines_json(monitor.summary.monitor, lines));
}

int Printer::end(TimeNs armed, TimeNs ended) {
  Summary summary;
  summary.armed = armed;
  summary.ended = ended;
  summary.realtime_offset_ns = realtime_offset_ns();
  for (const WatchedMonitor& one : watched_) {
    if (form_ == Form::json && one.summary.incomplete())
      output_.put(inconclusive_json(one.summary, ended));
    summary.monitors.push_back(one.summary);
  }
  output_.put(form_ == Form::json ? summary_json(summary) : summary_text(summary));
  output_.flush();
  if (!written()) return 1;
  return fail_ && summary.violations() != 0 ? 1 : 0;
}

void Printer::end_trace(const CheckedTrace& trace) {
  for (const CheckedMonitor& one : trace.monitors)
    output_.put(form_ == Form::json ? unfinished_json(one, file_) : unfinished_text(one));
  output_.put(form_ == Form::json ? summary_json(trace) : summary_text(trace));
  output_.flush();
}

bool Printer::written() const {
  if (!closed() || output_.error() == EPIPE) return true;
  complain(Error::from_errno(output_.error(), "write to standard output").message());
  return false;
}

bool Printer::own(const Occurrence& what) const {
  return !all_ && (what.by.tgid == self_ || (what.task && what.task->tgid == self_));
}

WatchedMonitor* Printer::find(std::string_view name) {
  for (WatchedMonitor& one : watched_)
    if (one.summary.monitor == name) return &one;
  return nullptr;
}

}  // namespace swerve
