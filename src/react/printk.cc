#include "react/printk.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace swerve {

namespace {
constexpr int kLinesPerOpen = 10;  // the kernel's DEFAULT_RATELIMIT_BURST
constexpr std::size_t kLineBytesMost =
    900;  // the kernel refuses records of more than 976 to 1024 bytes

/// One line of a length that the log takes.
std::string line_of(std::string_view text) {
  std::string line = escape(text);
  if (line.size() > kLineBytesMost) {
    std::size_t end = kLineBytesMost - 3;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80)
      --end;  // inside UTF-8
    line.resize(end);
    line += "...";
  }
  line += '\n';
  return line;
}
}  // namespace

PrintkReactor::PrintkReactor(Options options)
    : options_(std::move(options)),
      line_ns_(1'000'000'000 / std::max(1U, options_.lines_per_second)),
      credit_ns_(line_ns_ * options_.burst),
      credited_at_(options_.now()) {
  SWERVE_CHECK(options_.burst > 0 && options_.lines_per_second > 0,
               "a limit that lets nothing through");
  SWERVE_CHECK(options_.lines_per_second <= 1'000'000'000, "a limit beyond the clock");
}

PrintkReactor::~PrintkReactor() {
  if (untold_ != 0) (void)tell_suppressed();
}

bool PrintkReactor::take_token() {
  const TimeNs now = options_.now();
  const std::uint64_t full = line_ns_ * options_.burst;
  if (now > credited_at_) credit_ns_ += std::min(now.ns - credited_at_.ns, full - credit_ns_);
  credited_at_ = now;
  const std::uint64_t enough = dry_ ? line_ns_ * std::max(1U, options_.burst / 10) : line_ns_;
  dry_ = credit_ns_ < enough;
  if (dry_) return false;
  credit_ns_ -= line_ns_;
  return true;
}

Result<> PrintkReactor::tell_suppressed() {
  SWERVE_TRY(
      write_line(cat("swerve: ", untold_, untold_ == 1 ? " reaction was" : " reactions were",
                     " not printed: the limit is ", options_.lines_per_second, " lines a second")));
  untold_ = 0;
  return {};
}

Result<> PrintkReactor::react(const Violation& violation) {
  if (!take_token()) {
    ++untold_;
    suppressed_.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  if (untold_ != 0) SWERVE_TRY(tell_suppressed());
  return write_line(reaction_text(violation));
}

Result<> PrintkReactor::write_line(std::string text) {
  if (!device_ || lines_in_device_ == kLinesPerOpen) {
    device_ = UniqueFd(
        ::open(options_.path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!device_) {
      const int err = errno;
      return Error::from_errno(err, cat("open ", options_.path));
    }
    lines_in_device_ = 0;
  }
  const std::string line = line_of(text);
  ++lines_in_device_;
  ssize_t written;
  do {
    written = ::write(device_.get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written < 0) {
    const int err = errno;
    return Error::from_errno(err, cat("write ", options_.path));
  }
  if (static_cast<std::size_t>(written) != line.size()) {
    return Error(ErrorCode::io,
                 cat("write ", options_.path, ": only a part of the line was taken"));
  }
  return {};
}

}  // namespace swerve
