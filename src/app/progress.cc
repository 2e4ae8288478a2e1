#include "app/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "app/output.h"
#include "app/report.h"
#include "base/text.h"

namespace swerve {
namespace {

constexpr std::uint64_t kFirstNs = 1'000'000'000, kAgainNs = 200'000'000;

std::string large(double count) {
  return count < 1e5 ? fmt::format("{:.0f}", count) : fmt::format("{:.1f} million", count / 1e6);
}

}  // namespace

std::string progress_text(const ReadSoFar& so_far, TimeNs elapsed) {
  std::string out;
  if (so_far.total_bytes != 0) {
    const auto whole = static_cast<double>(so_far.total_bytes);
    out =
        fmt::format("{:.0f}%, ", std::min(100.0, 100 * static_cast<double>(so_far.bytes) / whole));
  }
  const auto events = static_cast<double>(so_far.events);
  const double seconds = std::max(1e-9, static_cast<double>(elapsed.ns) / 1e9);
  return out + cat(large(events), " events, ", large(events / seconds), " a second");
}

Progress::Progress(std::string file)
    : file_(std::move(file)), terminal_(::isatty(STDERR_FILENO) == 1), begun_(monotonic_now()) {
  next_.ns = begun_.ns + kFirstNs;
}

void Progress::show(const ReadSoFar& so_far) {
  if (!terminal_) return;
  const TimeNs now = monotonic_now();
  if (now < next_) return;
  next_.ns = now.ns + kAgainNs;
  shown_ = true;
  write_error(
      cat("\r\x1b[K", trace_name(file_), ": ", progress_text(so_far, {now.ns - begun_.ns})));
}

void Progress::clear() {
  if (!std::exchange(shown_, false)) return;
  write_error("\r\x1b[K");
}

}  // namespace swerve
