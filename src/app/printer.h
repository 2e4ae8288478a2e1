// app/printer.h - what `swerve mon` and `swerve check` print, wherever the verdicts come from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/checked_trace.h"
#include "app/commands.h"
#include "app/output.h"
#include "app/report.h"
#include "monitor/columns.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

/// One monitor of a watch or a check: what the reports say of it, and what is counted while they
/// are printed.
struct WatchedMonitor {
  std::string description;
  MonitorSummary summary;
};

/// Prints steps, violations and the end as the options want them. One thread.
class Printer final : public VerdictSink {
 public:
  /// For a watch. `self` is this process, whose own events are not shown. `watched` must outlive
  /// the printer.
  Printer(const MonOptions& options, std::vector<WatchedMonitor>& watched, std::uint32_t self);
  /// For recorded traces.
  Printer(const CheckOptions& options, std::vector<WatchedMonitor>& watched);

  /// The columns' header, where there are columns. Says that the reader is to see it now.
  void begin();
  /// What comes now is of this trace.
  void begin_trace(std::string file, std::string clock);
  void on_step(const Step& step) override;
  void on_violation(const Violation& violation) override;
  void on_inconclusive(const Inconclusive& inconclusive) override;
  /// So many lines of this monitor did not reach the printer.
  void on_unread(WatchedMonitor& monitor, std::uint64_t lines);
  /// The summary, of all that is watched. Returns the exit status: 1 when the output could not be
  /// written, and with --fail when there were violations.
  int end(TimeNs armed, TimeNs ended);
  /// The summary of a trace.
  void end_trace(const CheckedTrace& trace);

  void flush() { output_.flush(); }
  /// The reader has gone, or writing failed.
  bool closed() const { return output_.closed(); }
  /// False when the output could not be written, for another reason than that its reader has gone;
  /// that was said then.
  bool written() const;

 private:
  enum class Form { text, columns, json };
  void begin_columns();
  bool own(const Occurrence& what) const;
  WatchedMonitor* find(std::string_view name);

  std::vector<WatchedMonitor>& watched_;
  Form form_;
  bool steps_;             // are printed
  bool fail_ = false;      // violations make the exit status
  bool recorded_ = false;  // it is about recorded traces
  bool all_ = true;        // what this process does is shown, too
  std::uint32_t self_ = 0;
  std::string file_, clock_;  // of the trace
  Columns columns_;
  Output output_;
};

}  // namespace swerve
