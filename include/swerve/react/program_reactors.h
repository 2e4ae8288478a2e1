// swerve/react/program_reactors.h - reactors for monitors of this program: they act in the thread
// that emitted the violating event, before the emission returns.
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "swerve/base/api.h"
#include "swerve/monitor/verdict.h"
#include "swerve/react/reactor.h"

namespace swerve {

/// What the reactor "throw" throws. what() is one sentence: "files: 'use' is not allowed in ...".
class SWERVE_API ViolationError : public std::runtime_error {
 public:
  /// Of that violation.
  explicit ViolationError(Violation violation);
  ~ViolationError() override;
  /// What was found.
  const Violation& violation() const noexcept { return *violation_; }

 private:
  std::shared_ptr<const Violation> violation_;  // copies of an exception must not throw
};

/// The report on a violation as text of several lines, for a reactor that shows it.
using ReportMaker = std::function<std::string(const Violation&)>;

/// "log": hands the report to `log`.
SWERVE_API std::shared_ptr<Reactor> log_reactor(ReportMaker report,
                                                std::function<void(std::string_view)> log);
/// "abort": writes the report to standard error, then abort(): a core dump where the system makes
/// them.
SWERVE_API std::shared_ptr<Reactor> abort_reactor(ReportMaker report);
/// "throw": throws ViolationError in the emitting thread. For tests: code that emits may not expect
/// it.
SWERVE_API std::shared_ptr<Reactor> throw_reactor();
/// `name`: calls `callback`, which may throw.
SWERVE_API std::shared_ptr<Reactor> callback_reactor(std::string name,
                                                     std::function<void(const Reaction&)> callback);

}  // namespace swerve
