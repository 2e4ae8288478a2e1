#include "swerve/monitor/verdict.h"

#include "base/text.h"

namespace swerve {

std::string set_text(const std::vector<StateOrNone>& states) {
  std::vector<std::string> names;
  names.reserve(states.size());
  for (const StateOrNone& state : states) names.push_back(state.value_or("-"));
  return names.size() == 1 ? names.front() : "{" + join(names, "|") + "}";
}

std::string key_text(const Occurrence& what) {
  return what.object.empty() ? std::to_string(what.id.key) : what.object;
}

std::string reaction_text(const Violation& v) {
  return cat("rv: monitor ", v.monitor, " does not allow event ", v.event, " on state ", v.state);
}

}  // namespace swerve
