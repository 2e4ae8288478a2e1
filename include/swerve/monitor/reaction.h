// swerve/monitor/reaction.h - which reactor a monitor wants, with its options: a value. What a
// reactor does stands in react/; an engine may do part of it itself (a signal, at the violating
// event).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "swerve/base/api.h"
#include "swerve/base/result.h"

namespace swerve {

/// Which reactor a monitor wants, and how much of it.
struct ReactionSetting {
  std::string reactor = "nop";                 // its name
  std::map<std::string, std::string> options;  // of [react.NAME]
  bool dry_run = false;                        // count what would be done, and do nothing
  // The monitor's limit: `burst` reactions at once, then `per_second`. What is over it is counted
  // as suppressed. At least 1 each.
  std::uint32_t per_second = 100;
  std::uint32_t burst = 200;  // see per_second
  friend bool operator==(const ReactionSetting&, const ReactionSetting&) = default;
};

/// What the reactor "signal" sends, and to whom.
struct SignalReaction {
  int number = 0;             // of the signal
  bool whole_process = true;  // else the violating thread alone
  friend bool operator==(const SignalReaction&, const SignalReaction&) = default;
};
/// From the options of [react.signal]: `signal` ("SIGTERM", "TERM" or a number from 1 to 64;
/// SIGTERM) and `to` ("process" or "thread"; process). Errors: invalid, with a near-miss hint.
SWERVE_API Result<SignalReaction> signal_reaction(
    const std::map<std::string, std::string>& options);

/// That `options` has no other names than `known`. Errors: invalid, with a near-miss hint.
SWERVE_API Result<> check_options(std::string_view reactor,
                                  const std::map<std::string, std::string>& options,
                                  const std::vector<std::string>& known);

}  // namespace swerve
