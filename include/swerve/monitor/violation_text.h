// swerve/monitor/violation_text.h - a violation as text for people: what `swerve mon` prints.
//
// Data in, text out: nothing here asks a clock. Every text that comes from outside (task names,
// frames of the stack) is escaped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "swerve/base/api.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

/// "wwnr: 'wakeup' is not allowed in state 'running'; allowed there: switch_out"
SWERVE_API std::string violation_sentence(const Violation& violation);

/// The report: the sentence, then a row for each thing that is known. Ends in an empty line.
/// `realtime_offset_ns` is what turns the violation's time into wall time, shown in the local time
/// zone.
SWERVE_API std::string violation_text(const Violation& violation, std::string_view description,
                                      std::int64_t realtime_offset_ns);

/// The same of a violation in a recording with that clock ("local"; empty: not known).
SWERVE_API std::string recorded_violation_text(const Violation& violation,
                                               std::string_view description,
                                               std::string_view clock);

/// One line: "wwnr: inconclusive: 'wakeup' in state {running|-}, not allowed in running; ..."
SWERVE_API std::string inconclusive_text(const Inconclusive& inconclusive, std::string_view clock);

/// "10.913179000 (local clock of the recording)"; wall time where that is the recording's clock.
SWERVE_API std::string recorded_time_text(TimeNs time, std::string_view clock);

/// "2026-10-07 12:34:56.123456789 +0200": local time of an instant since 1970.
SWERVE_API std::string wall_time_text(std::int64_t unix_ns);

}  // namespace swerve
