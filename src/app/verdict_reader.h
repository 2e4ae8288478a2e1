// app/verdict_reader.h - a line of JSON back into what it says: verdict_json.h the other way round.
//
// The only user of nlohmann-json.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "swerve/base/result.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

/// That something is missing from a stream.
struct Lost {
  std::uint64_t lines = 0;    // that came faster than this reader took them
  std::string monitor;        // whose reports
  std::uint64_t reports = 0;  // found the engine's ring full
  friend bool operator==(const Lost&, const Lost&) = default;
};

/// Any bytes will do. Members that are not known are skipped. Errors: invalid (what is wrong with
/// the line), unsupported (a type that is not known).
Result<std::variant<Step, Violation, Lost>> read_verdict(std::string_view line);

}  // namespace swerve
