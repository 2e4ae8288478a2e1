// app/printer.h - what `swerve mon` prints, wherever its verdicts come from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/commands.h"
#include "app/output.h"
#include "app/report.h"
#include "monitor/columns.h"
#include "monitor/verdict.h"

namespace swerve {

/// One monitor of a watch: what the reports say of it, and what is counted while they are printed.
struct WatchedMonitor {
  std::string description;
  MonitorSummary summary;
};

/// Prints steps, violations and the end as the options want them. One thread.
class Printer final : public VerdictSink {
 public:
  /// `self` is this process, whose own events are not shown. All must outlive the printer.
  Printer(const MonOptions& options, std::vector<WatchedMonitor>& watched, std::uint32_t self);

  /// The columns' header, where there are columns. Says that the reader is to see it now.
  void begin();
  void on_step(const Step& step) override;
  void on_violation(const Violation& violation) override;
  /// So many lines of this monitor did not reach the printer.
  void on_unread(WatchedMonitor& monitor, std::uint64_t lines);
  /// The summary, of all that is watched. Returns the exit status: 1 when the output could not be
  /// written, and with --fail when there were violations.
  int end(TimeNs armed, TimeNs ended);

  void flush() { output_.flush(); }
  /// The reader has gone, or writing failed.
  bool closed() const { return output_.closed(); }

 private:
  bool own(const Occurrence& what) const;
  WatchedMonitor* find(std::string_view name);

  const MonOptions& options_;
  std::vector<WatchedMonitor>& watched_;
  std::uint32_t self_;
  Columns columns_;
  Output output_;
};

}  // namespace swerve
