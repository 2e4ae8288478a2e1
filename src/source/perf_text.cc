#include "source/perf_text.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "source/text_recording.h"

namespace swerve {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] == ' ') ++at;
  return at;
}

/// Whether an event's name stands there ("sched:sched_switch: ...", "cycles: ..."), or the name of
/// a record of perf's own.
bool is_named(std::string_view text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  return end > 1 && !is_digit(text[0]) &&
         (text[end - 1] == ':' || text.starts_with("PERF_RECORD_"));
}

/// What stands in front of an event:
///   "         swapper     0 [000] 24902.319554:        "
/// the task's name, "process/" with -F +pid, its number, the CPU, the time, and for samples how
/// many of them one stands for.
struct Head {
  std::string_view comm;
  std::uint64_t tid = 0, tgid = kNoProcess, cpu = 0, time = 0;
  std::size_t end = 0;  // where the event's name begins
};

/// Reads from the time on. False when there is none, or no event's name behind it.
bool read_time_and_on(std::string_view line, std::size_t at, Head& head) {
  at = skip_blanks(line, at);
  at = read_time(line, at, head.time);
  if (at == 0 || line.substr(at, 2) != ": ") return false;
  at = skip_blanks(line, at + 1);
  std::uint64_t period = 0;
  if (const std::size_t end = read_decimal(line, at, ~std::uint64_t{0}, period); end != 0) {
    at = skip_blanks(line, end);
  }
  head.end = at;
  return is_named(line.substr(at));
}

/// Takes the number at the end of `text` off it. perf writes -1 for a task that is just ending: it
/// is nobody then.
bool take_id(std::string_view& text, std::uint64_t nobody, std::uint64_t& id) {
  std::size_t digits = text.size();
  while (digits > 0 && is_digit(text[digits - 1])) --digits;
  if (digits > 0 && text.substr(digits - 1) == "-1") {
    id = nobody;
    --digits;
  } else if (read_decimal(text, digits, kNoThread - 1, id) == 0) {
    return false;
  }
  text.remove_suffix(text.size() - digits);
  return true;
}

/// Reads name and number of the task from what stands in front of the CPU.
bool read_task(std::string_view text, Head& head) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (!take_id(text, kNoThread, head.tid)) return false;
  if (text.ends_with('/')) {
    text.remove_suffix(1);
    if (!take_id(text, kNoProcess, head.tgid)) return false;
  }
  if (!text.ends_with(' ')) return false;
  // The name stands to the right in 16 columns, and a blank follows; the number is filled up to
  // the left, and so blanks at the end of the name cannot be told from that.
  head.comm = text;
  while (!head.comm.empty() && head.comm.back() == ' ') head.comm.remove_suffix(1);
  head.comm.remove_prefix(skip_blanks(head.comm, 0));
  // ":1234" is what perf calls a task whose name it does not know.
  std::uint64_t number = 0;
  std::string_view rest = head.comm;
  if (take_id(rest, kNoThread, number) && rest == ":" && number == head.tid) head.comm = {};
  return true;
}

bool read_head(std::string_view line, Head& head) {
  // A task's name may hold brackets, and numbers in them.
  for (std::size_t open = line.find('['); open != std::string_view::npos;
       open = line.find('[', open + 1)) {
    const std::size_t end = read_decimal(line, open + 1, TextHoles::kMostCpus - 1, head.cpu);
    if (open > 0 && line[open - 1] == ' ' && end != 0 && line.substr(end, 2) == "] " &&
        read_time_and_on(line, end + 1, head) && read_task(line.substr(0, open), head)) {
      return true;
    }
  }
  return false;
}

/// An event without its CPU, as -F may leave it out: "sleep  9176 24902.322928: sched:...".
bool lacks_cpu(std::string_view line) {
  Head head;
  for (std::size_t point = line.find('.'); point != std::string_view::npos;
       point = line.find('.', point + 1)) {
    std::size_t at = point;
    while (at > 0 && is_digit(line[at - 1])) --at;
    if (at < point && at > 0 && read_time_and_on(line, at, head) &&
        read_task(line.substr(0, at), head)) {
      return true;
    }
  }
  return false;
}

/// The addresses of a stack, below their event.
bool is_comment(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos) return true;
  if (line.front() == '#') return true;
  if (first == 0) return false;
  std::size_t at = first;
  while (at < line.size() && (is_digit(line[at]) || (line[at] >= 'a' && line[at] <= 'f'))) ++at;
  return at > first && (at == line.size() || line[at] == ' ');
}

constexpr std::string_view kLost = "PERF_RECORD_LOST";

class PerfText final : public TextRecording {
 public:
  PerfText(std::unique_ptr<Input> input, const Interest& interest)
      : TextRecording(std::move(input), interest) {}
  std::string format() const override { return "text of perf script"; }

 private:
  Line read_line(std::string_view line) override {
    Line out;
    Head head;
    if (!read_head(line, head)) {
      if (is_comment(line)) out.is = Line::Is::nothing;
      return out;
    }
    out.time = head.time;
    out.cpu = static_cast<std::uint32_t>(head.cpu);
    const std::string_view text = line.substr(head.end);
    if (!text.starts_with("PERF_RECORD_")) {
      out.is = Line::Is::event;
      out.tid = static_cast<std::uint32_t>(head.tid);
      out.tgid = static_cast<std::uint32_t>(head.tgid);
      out.comm = head.comm;
      out.text = text;
      return out;
    }
    out.is = Line::Is::nothing;
    if (text.starts_with(kLost)) {
      out.is = Line::Is::lost;
      constexpr std::string_view kCount = " lost ";
      const std::size_t count = text.find(kCount);
      if (count != std::string_view::npos) {
        read_decimal(text, count + kCount.size(), ~std::uint64_t{0}, out.lost);
      }
    }
    return out;
  }

  bool may_tell_of_losses(std::string_view block) const override {
    return block.find(kLost) != std::string_view::npos;
  }
};

/// Whether one of the first lines is as `is` says.
template <typename Is>
bool begins_with_a_line(std::string_view beginning, const Is& is) {
  constexpr int kMostLines = 200;
  for (int i = 0; i < kMostLines && !beginning.empty(); ++i) {
    std::string_view line = take_line(beginning);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (is(line)) return true;
  }
  return false;
}

bool has_head(std::string_view line) {
  Head head;
  return read_head(line, head);
}

}  // namespace

bool is_perf_text(std::string_view beginning) {
  return begins_with_a_line(
      beginning, [](std::string_view line) { return has_head(line) || lacks_cpu(line); });
}

Result<std::unique_ptr<Recording>> open_perf_text(std::unique_ptr<Input> input,
                                                  const Interest& interest) {
  SWERVE_TRY_ASSIGN(const std::string_view beginning, input->peek_some(Input::kMostPeeked, 1));
  if (!begins_with_a_line(beginning, has_head) && begins_with_a_line(beginning, lacks_cpu)) {
    return Error(ErrorCode::invalid,
                 "text of perf script without the CPU: print it with "
                 "perf script -F comm,tid,cpu,time,event,trace");
  }
  return std::unique_ptr<Recording>(std::make_unique<PerfText>(std::move(input), interest));
}

}  // namespace swerve
