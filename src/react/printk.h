// react/printk.h - the reaction of one line in the kernel's log.
#pragma once

#include <string>

#include "base/unique_fd.h"
#include "swerve/react/reactor.h"

namespace swerve {

/// Writes reaction_text() to /dev/kmsg, at the kernel's default level; before it, where the
/// monitor's limit has suppressed some, a line that says how many.
///
/// The kernel keeps 10 lines in 5 seconds of each open file (unless kernel.printk_devkmsg is "on")
/// and reports success for the rest. So that none is lost to that, the device is opened anew after
/// every ten lines: what keeps the log from flooding is the limit of each monitor.
class PrintkReactor final : public Reactor {
 public:
  /// The device must exist.
  explicit PrintkReactor(std::string path = "/dev/kmsg") : path_(std::move(path)) {}

  std::string_view name() const override { return "printk"; }
  std::string_view description() const override {
    return "prints the exception msg to the kernel message log.";
  }

  /// Errors: denied (needs root, or CAP_SYSLOG where the kernel restricts its log), and what else
  /// the system says to opening and writing.
  Result<> react(const Reaction& reaction) override;

 private:
  Result<> write_line(std::string_view text);

  const std::string path_;
  UniqueFd device_;
  int lines_in_device_ = 0;  // since it was opened
};

}  // namespace swerve
