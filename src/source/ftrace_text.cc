#include "source/ftrace_text.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "source/text_recording.h"

namespace swerve {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t skip(std::string_view text, std::size_t at, char what) {
  while (at < text.size() && text[at] == what) ++at;
  return at;
}

/// What stands in front of an event's text:
///   "          <idle>-0       (-------) [002] d.s4.    10.100302: "
/// the task's name and number, its process where the option record-tgid was on, the CPU, flags
/// (unless the option irq-info was off, and never with `trace-cmd report`), and the time.
struct Head {
  std::string_view buffer;  // trace-cmd: of which instance; "": of the top one
  std::string_view comm;
  std::uint64_t tid = 0, tgid = kNoProcess, cpu = 0, time = 0;
  bool flags = false;
  std::size_t end = 0;  // where the text begins
};

constexpr std::size_t kNameColumns = 16;

/// Reads the rest of a head, when the hyphen behind the name is at `hyphen`.
bool read_head_at(std::string_view line, std::size_t hyphen, Head& head) {
  const auto look = [&](std::size_t place) { return place < line.size() ? line[place] : '\0'; };
  std::size_t at = read_decimal(line, hyphen + 1, kNoThread - 1, head.tid);
  if (at == 0 || look(at) != ' ') return false;
  at = skip(line, at, ' ');
  if (look(at) == '(') {
    at = skip(line, at + 1, ' ');
    if (look(at) == '-') {
      at = skip(line, at, '-');
    } else if (at = read_decimal(line, at, kNoThread - 1, head.tgid); at == 0) {
      return false;
    }
    if (look(at) != ')') return false;
    at = skip(line, at + 1, ' ');
  }
  if (look(at) != '[') return false;
  at = read_decimal(line, at + 1, TextHoles::kMostCpus - 1, head.cpu);
  if (at == 0 || look(at) != ']' || look(at + 1) != ' ') return false;
  at = skip(line, at + 1, ' ');
  head.flags = !is_digit(look(at));
  if (head.flags) {
    constexpr std::size_t kMostFlags = 10;
    const std::size_t most = at + kMostFlags;
    while (look(at) != ' ' && at < most) ++at;
    at = skip(line, at, ' ');
  }
  at = read_time(line, at, head.time);
  if (at == 0 || look(at) != ':' || look(at + 1) != ' ') return false;
  head.end = at + 2;
  // Names stand to the right, in 16 columns. trace-cmd has a buffer's name in front of them.
  head.comm = line.substr(0, hyphen);
  if (hyphen > kNameColumns + 1 && line.substr(hyphen - kNameColumns - 2, 2) == ": ") {
    head.buffer = line.substr(0, hyphen - kNameColumns - 2);
    head.comm.remove_prefix(hyphen - kNameColumns);
  }
  head.comm.remove_prefix(std::min(head.comm.find_first_not_of(' '), head.comm.size()));
  return true;
}

bool read_head(std::string_view line, Head& head) {
  // As it was printed, the hyphen is there, whatever the name is.
  if (line.size() > kNameColumns && line[kNameColumns] == '-' &&
      read_head_at(line, kNameColumns, head)) {
    return true;
  }
  // Someone has taken away the blanks, or put something in front. The first hyphen that can be
  // meant, is.
  constexpr std::size_t kMostColumns = 128;
  for (std::size_t at = line.find('-'); at < std::min(line.size(), kMostColumns);
       at = line.find('-', at + 1)) {
    if (read_head_at(line, at, head)) return true;
  }
  return false;
}

/// "CPU:2 [LOST 123 EVENTS]", and "CPU:2 [123 EVENTS DROPPED]" of trace-cmd; the number may not be
/// there.
bool read_lost(std::string_view line, std::uint64_t& cpu, std::uint64_t& count) {
  if (!line.starts_with("CPU:") || !line.ends_with(']')) return false;
  const std::size_t at = read_decimal(line, 4, TextHoles::kMostCpus - 1, cpu);
  if (at == 0 || line.substr(at, 2) != " [") return false;
  std::string_view said = line.substr(at + 2);
  said.remove_suffix(1);
  if (said.starts_with("LOST ") && said.ends_with("EVENTS")) {
    said = said.substr(5, said.size() - 5 - 6);
  } else if (said.ends_with("EVENTS DROPPED")) {
    said.remove_suffix(14);
  } else {
    return false;
  }
  count = 0;
  if (said.empty()) return true;
  return read_decimal(said, 0, ~std::uint64_t{0}, count) + 1 == said.size() && said.back() == ' ';
}

constexpr std::string_view kEntries = "entries-in-buffer/entries-written: ";

/// "20172/20172   #P:4": how many events are there, of how many, and the number of CPUs. False when
/// it is not so, or ends behind the numbers.
bool read_entries(std::string_view text, bool& all_there, std::uint64_t& cpus) {
  std::uint64_t in_buffer = 0, written = 0;
  std::size_t at = read_decimal(text, 0, ~std::uint64_t{0}, in_buffer);
  if (at == 0 || text.substr(at, 1) != "/") return false;
  at = read_decimal(text, at + 1, ~std::uint64_t{0}, written);
  if (at == 0) return false;
  all_there = in_buffer >= written;
  at = skip(text, at, ' ');
  if (text.substr(at, 3) != "#P:") return false;
  return read_decimal(text, at + 3, TextHoles::kMostCpus, cpus) != 0;
}

/// Lines that trace-cmd adds, and those of a stack.
bool is_comment(std::string_view line) {
  const std::string_view text = line.substr(std::min(line.find_first_not_of(' '), line.size()));
  if (text.empty() || text.starts_with('#') || text.starts_with("=> ")) return true;
  std::uint64_t number = 0;
  if (line.starts_with("CPU ")) {
    const std::size_t end = read_decimal(line, 4, ~std::uint64_t{0}, number);
    return end != 0 && line.substr(end) == " is empty";
  }
  return line.starts_with("cpus=") || line.starts_with("version = ");
}

class FtraceText final : public TextRecording {
 public:
  FtraceText(std::unique_ptr<Input> input, const Interest& interest)
      : TextRecording(std::move(input), interest) {}
  std::string format() const override { return "text of ftrace"; }

 private:
  Line read_line(std::string_view line) override {
    Line out;
    Head head;
    if (read_head(line, head)) {
      // Buffers of one trace.dat may hold the same event: one of them is read.
      if (!buffer_) buffer_ = head.buffer;
      if (*buffer_ != head.buffer) return out;
      out.is = Line::Is::event;
      out.time = head.time;
      out.cpu = static_cast<std::uint32_t>(head.cpu);
      out.tid = static_cast<std::uint32_t>(head.tid);
      out.tgid = static_cast<std::uint32_t>(head.tgid);
      if (head.comm != "<...>") out.comm = head.comm;
      out.text = line.substr(head.end);
      out.by_trace_cmd = by_trace_cmd_;
      return out;
    }
    std::uint64_t cpu = 0;
    if (read_lost(line, cpu, out.lost)) {
      out.is = Line::Is::lost;
      out.cpu = static_cast<std::uint32_t>(cpu);
      return out;
    }
    if (!is_comment(line)) return out;
    out.is = Line::Is::nothing;
    by_trace_cmd_ = by_trace_cmd_ || line.starts_with("cpus=");
    bool all_there = true;
    if (line.starts_with("# ") && line.substr(2, kEntries.size()) == kEntries &&
        read_entries(line.substr(2 + kEntries.size()), all_there, cpu) && !all_there) {
      out.is = Line::Is::all_lost;
      out.cpu = static_cast<std::uint32_t>(cpu);
    }
    return out;
  }

  bool may_tell_of_losses(std::string_view block) const override {
    // Of lost events and of dropped ones. The name of an event costs another pass, at worst.
    if (block.find("EVENTS") != std::string_view::npos) return true;
    for (std::size_t at = block.find('#'); at != std::string_view::npos;
         at = block.find('#', at + 1)) {
      bool all_there = true;
      std::uint64_t cpus = 0;
      if (at + 2 < block.size() && block.substr(at + 2, kEntries.size()) == kEntries &&
          read_entries(block.substr(at + 2 + kEntries.size()), all_there, cpus) && !all_there) {
        return true;
      }
    }
    return false;
  }

  bool by_trace_cmd_ = false;
  std::optional<std::string> buffer_;  // of the first event
};

}  // namespace

bool is_ftrace_text(std::string_view beginning) {
  constexpr int kMostLines = 200;
  Head head;
  std::uint64_t cpu = 0, lost = 0;
  for (int i = 0; i < kMostLines && !beginning.empty(); ++i) {
    std::string_view line = take_line(beginning);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("# tracer: ") || read_head(line, head) || read_lost(line, cpu, lost)) {
      return true;
    }
  }
  return false;
}

Result<std::unique_ptr<Recording>> open_ftrace_text(std::unique_ptr<Input> input,
                                                    const Interest& interest) {
  SWERVE_TRY_ASSIGN(const std::string_view beginning, input->peek_some(4096, 1));
  if (beginning.find(" latency trace v") != std::string_view::npos) {
    return Error(ErrorCode::unsupported,
                 "text of ftrace with the option latency-format, which leaves out the time: "
                 "switch it off (echo 0 > options/latency-format)");
  }
  return std::unique_ptr<Recording>(std::make_unique<FtraceText>(std::move(input), interest));
}

}  // namespace swerve
