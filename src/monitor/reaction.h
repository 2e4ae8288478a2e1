// monitor/reaction.h - which reactor a monitor wants, with its options: a value. What a reactor
// does stands in react/.
#pragma once

#include <map>
#include <string>

namespace swerve {

struct ReactionSetting {
  std::string reactor = "nop";
  std::map<std::string, std::string> options;
  friend bool operator==(const ReactionSetting&, const ReactionSetting&) = default;
};

}  // namespace swerve
