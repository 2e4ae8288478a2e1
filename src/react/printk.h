// react/printk.h - the reaction of one line in the kernel's log.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "base/time.h"
#include "base/unique_fd.h"
#include "react/reactor.h"

namespace swerve {

/// Writes reaction_text() to /dev/kmsg, at the kernel's default level.
///
/// The kernel keeps 10 lines in 5 seconds of each open file (unless kernel.printk_devkmsg is "on")
/// and reports success for the rest. So that none is lost to that, the device is opened anew after
/// every ten lines. What keeps the log from flooding is a limit of our own: after a burst, so many
/// lines a second. What is over it is not written but counted, until a tenth of the burst has built
/// up again (or the reactor ends); a line then says how many those were.
class PrintkReactor final : public Reactor {
 public:
  struct Options {
    std::string path = "/dev/kmsg";  // opened for appending, without blocking; must exist
    std::uint32_t lines_per_second = 100;
    std::uint32_t burst = 200;  // lines; at least 1
    std::function<TimeNs()> now = monotonic_now;
  };

  explicit PrintkReactor(Options options);
  PrintkReactor() : PrintkReactor(Options()) {}
  ~PrintkReactor() override;
  PrintkReactor(const PrintkReactor&) = delete;
  PrintkReactor& operator=(const PrintkReactor&) = delete;

  std::string_view name() const override { return "printk"; }
  std::string_view description() const override {
    return "prints the exception msg to the kernel message log.";
  }

  /// A line over the limit is no error. Errors: denied (needs root, or CAP_SYSLOG where the kernel
  /// restricts its log), and what else the system says to opening and writing.
  Result<> react(const Violation& violation) override;

  /// How many lines the limit has kept back in all. Any thread.
  std::uint64_t suppressed() const noexcept { return suppressed_.load(std::memory_order_relaxed); }

 private:
  bool take_token();
  Result<> tell_suppressed();
  Result<> write_line(std::string text);

  Options options_;
  std::uint64_t line_ns_;    // what one line costs
  std::uint64_t credit_ns_;  // what may be spent; at most the burst's
  TimeNs credited_at_;
  bool dry_ = false;          // a line was kept back, and the credit has not built up since
  std::uint64_t untold_ = 0;  // kept back since the last line that said so
  std::atomic<std::uint64_t> suppressed_{0};
  UniqueFd device_;
  int lines_in_device_ = 0;  // since it was opened
};

}  // namespace swerve
