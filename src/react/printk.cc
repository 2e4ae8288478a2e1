#include "react/printk.h"

#include "base/text.h"
#include "react/kernel_file.h"

namespace swerve {

namespace {
constexpr int kLinesPerOpen = 10;  // the kernel's DEFAULT_RATELIMIT_BURST
}  // namespace

Result<> PrintkReactor::react(const Reaction& reaction) {
  if (const std::uint64_t count = reaction.suppressed; count != 0) {
    SWERVE_TRY(write_line(cat("rv: monitor ", reaction.violation.monitor, ": ", count,
                              count == 1 ? " reaction was" : " reactions were", " suppressed")));
  }
  return write_line(reaction_text(reaction.violation));
}

Result<> PrintkReactor::write_line(std::string_view text) {
  if (!device_ || lines_in_device_ == kLinesPerOpen) {
    SWERVE_TRY_ASSIGN(device_, open_kernel_file(path_));
    lines_in_device_ = 0;
  }
  ++lines_in_device_;
  return write_kernel_file(device_, kernel_line(text), path_);
}

}  // namespace swerve
