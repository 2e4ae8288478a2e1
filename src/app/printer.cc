#include "app/printer.h"

#include <cerrno>

#include "app/json_report.h"
#include "monitor/verdict_json.h"
#include "monitor/violation_text.h"

namespace swerve {

Printer::Printer(const MonOptions& options, std::vector<WatchedMonitor>& watched,
                 std::uint32_t self)
    : options_(options), watched_(watched), self_(self) {
  columns_.several = watched.size() > 1;
  for (const WatchedMonitor& one : watched)
    columns_.with_id = columns_.with_id || has_id(one.summary.scope);
}

void Printer::begin() {
  if (options_.trace && !options_.json) output_.put(columns_.header());
  output_.flush();
}

void Printer::on_step(const Step& step) {
  if (!options_.trace || closed() || own(step)) return;
  output_.put(options_.json ? step_json(step) : columns_.line(step));
}

void Printer::on_violation(const Violation& violation) {
  WatchedMonitor* const watched = find(violation.monitor);
  if (watched != nullptr) ++watched->summary.reported;
  // A violation of another task is shown also when swerve ran as it happened: it must not be lost.
  if (violation.task && violation.task->tgid == self_ && !options_.self) {
    if (watched != nullptr) ++watched->summary.hidden;
    return;
  }
  if (options_.json) {
    output_.put(violation_json(violation));
  } else if (options_.trace) {
    output_.put(columns_.line(violation));
  } else {
    output_.put(violation_text(violation, watched == nullptr ? "" : watched->description,
                               realtime_offset_ns()));
  }
  if (!options_.trace) output_.flush();
}

void Printer::on_unread(WatchedMonitor& monitor, std::uint64_t lines) {
  monitor.summary.unread += lines;
  if (options_.json) output_.put(lost_lines_json(monitor.summary.monitor, lines));
}

int Printer::end(TimeNs armed, TimeNs ended) {
  Summary summary;
  summary.armed = armed;
  summary.ended = ended;
  summary.realtime_offset_ns = realtime_offset_ns();
  for (const WatchedMonitor& one : watched_) {
    if (options_.json && one.summary.incomplete())
      output_.put(inconclusive_json(one.summary, ended));
    summary.monitors.push_back(one.summary);
  }
  output_.put(options_.json ? summary_json(summary) : summary_text(summary));
  output_.flush();
  if (closed() && output_.error() != EPIPE) {
    complain(Error::from_errno(output_.error(), "write to standard output").message());
    return 1;
  }
  return options_.fail && summary.violations() != 0 ? 1 : 0;
}

bool Printer::own(const Occurrence& what) const {
  return !options_.self && (what.by.tgid == self_ || (what.task && what.task->tgid == self_));
}

WatchedMonitor* Printer::find(std::string_view name) {
  for (WatchedMonitor& one : watched_)
    if (one.summary.monitor == name) return &one;
  return nullptr;
}

}  // namespace swerve
