#include "monitor/verdict.h"

#include "base/text.h"

namespace swerve {

std::string reaction_text(const Violation& v) {
  return cat("rv: monitor ", v.monitor, " does not allow event ", v.event, " on state ", v.state);
}

}  // namespace swerve
