#include "swerve/monitor/reaction.h"

#include <string.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "swerve/base/diagnostic.h"

namespace swerve {
namespace {

constexpr int kSignalMost = 64;

/// 0: none.
int signal_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) {
    return number >= 1 && number <= kSignalMost ? number : 0;
  }
  if (text.starts_with("SIG")) text.remove_prefix(3);
  if (text == "IO") text = "POLL";  // the same signal; the C library knows it by one name
  for (int n = 1; n <= kSignalMost; ++n) {
    const char* const name = ::sigabbrev_np(n);
    if (name != nullptr && text == name) return n;
  }
  return 0;
}

std::vector<std::string> signal_names(std::string_view prefix) {
  std::vector<std::string> names;
  for (int n = 1; n <= kSignalMost; ++n) {
    if (const char* const name = ::sigabbrev_np(n)) names.push_back(cat(prefix, name));
  }
  return names;
}

}  // namespace

Result<> check_options(std::string_view reactor, const std::map<std::string, std::string>& options,
                       const std::vector<std::string>& known) {
  for (const auto& [name, value] : options) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return Error(ErrorCode::invalid, cat("the reactor '", reactor, "' has no option '",
                                         escape(name), "'", near_miss(name, known)));
  }
  return {};
}

Result<SignalReaction> signal_reaction(const std::map<std::string, std::string>& options) {
  SWERVE_TRY(check_options("signal", options, {"signal", "to"}));
  SignalReaction reaction;
  const auto signal = options.find("signal");
  const std::string name = signal == options.end() ? "SIGTERM" : signal->second;
  reaction.number = signal_number(name);
  if (reaction.number == 0) {
    return Error(
        ErrorCode::invalid,
        cat("'signal' is the name of a signal or a number from 1 to ", kSignalMost, ", not '",
            escape(name), "'",
            near_miss(name, signal_names(
                                name.starts_with("SIG") || name.starts_with("sig") ? "SIG" : ""))));
  }
  if (const auto to = options.find("to"); to != options.end()) {
    if (to->second != "process" && to->second != "thread") {
      return Error(ErrorCode::invalid,
                   cat("'to' is 'process' or 'thread', not '", escape(to->second), "'",
                       near_miss(to->second, {"process", "thread"})));
    }
    reaction.whole_process = to->second == "process";
  }
  return reaction;
}

}  // namespace swerve
