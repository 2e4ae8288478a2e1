#include "source/text_recording.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace swerve {

// Holes.

void TextHoles::begin_marking() {
  std::sort(openings_.begin(), openings_.end());
  openings_.erase(std::unique(openings_.begin(), openings_.end()), openings_.end());
  cpus_.clear();
  events_ = time_ = told_ = 0;
  two_passes_ = true;
}

TextHoles::Cpu& TextHoles::at(std::uint32_t cpu) {
  if (cpu >= cpus_.size()) cpus_.resize(cpu + 1);
  return cpus_[cpu];
}

/// First pass: a hole behind the last event of the CPU.
void TextHoles::note(Cpu& cpu, std::uint32_t number) {
  if (too_many_) return;
  if (openings_.size() < kMostHoles) {
    openings_.push_back({cpu.last_event, number});
    return;
  }
  // From the first place on where another hole could open.
  std::uint64_t first = events_;
  for (const Cpu& other : cpus_) first = std::min(first, other.last_event);
  openings_.push_back({first, kEveryCpu});
  too_many_ = true;
}

void TextHoles::open(BatchBuilder& builder, std::uint32_t cpu) {
  if (cpu != kEveryCpu && std::exchange(at(cpu).open, true)) return;
  builder.open_hole(cpu, time_);
}

void TextHoles::open_until_next(BatchBuilder& builder, std::uint32_t cpu) {
  open(builder, cpu);
  if (!std::exchange(at(cpu).closing, true)) closing_.push_back(cpu);
}

void TextHoles::close(BatchBuilder& builder, std::uint64_t time) {
  for (const std::uint32_t number : closing_) {
    Cpu& cpu = cpus_[number];
    builder.close_hole(number, std::exchange(cpu.lost, 0), time);
    cpu.open = cpu.closing = false;
  }
  closing_.clear();
}

/// Second pass: the holes that open behind the events so far.
void TextHoles::open_due(BatchBuilder& builder) {
  while (next_opening_ < openings_.size() && openings_[next_opening_].after_event <= events_) {
    open(builder, openings_[next_opening_++].cpu);
  }
}

void TextHoles::before_event(BatchBuilder* builder, std::uint32_t cpu, std::uint64_t time) {
  Cpu& here = at(cpu);
  const bool first_since_told = here.told != told_;
  here.told = told_;
  if (builder == nullptr) {
    if (first_since_told) note(here, cpu);
    return;
  }
  if (events_ == 0) open_due(*builder);
  if (first_since_told) open_until_next(*builder, cpu);
  if (!closing_.empty()) close(*builder, time);
}

void TextHoles::after_event(BatchBuilder* builder, std::uint32_t cpu, std::uint64_t time) {
  at(cpu).last_event = ++events_;
  time_ = time;
  if (builder != nullptr && next_opening_ < openings_.size()) open_due(*builder);
}

void TextHoles::lost(BatchBuilder* builder, std::uint32_t cpu, std::uint64_t count) {
  Cpu& here = at(cpu);
  if (builder == nullptr) {
    note(here, cpu);
    return;
  }
  if (events_ == 0) open_due(*builder);
  open_until_next(*builder, cpu);
  here.lost += count;
}

void TextHoles::lost_here(BatchBuilder& builder, std::uint32_t cpu, std::uint64_t time) {
  if (at(cpu).open) return;
  builder.open_hole(cpu, time_);
  builder.close_hole(cpu, 1, time);
}

void TextHoles::all_lost(BatchBuilder* builder, std::uint32_t cpus) {
  ++told_;
  // With a first pass it is known which CPUs have another event. Without one, a CPU that has none
  // may have lost all of its events.
  if (builder == nullptr || two_passes_) return;
  for (std::uint32_t cpu = 0; cpu < std::min(cpus, kMostCpus); ++cpu) open(*builder, cpu);
}

void TextHoles::end(BatchBuilder& builder) {
  if (events_ == 0) open_due(builder);
  close(builder, time_);
}

// Lines.

TextRecording::TextRecording(std::unique_ptr<Input> input, const Interest& interest)
    : input_(std::move(input)), lines_(*input_), builder_(interest) {}

/// Whether there may be losses in the input. What cannot be read is found again later.
bool TextRecording::is_worth_a_pass() {
  constexpr std::size_t kBlock = 64U << 10;
  std::string block(kOverlap + kBlock, ' ');
  for (;;) {
    const Result<std::size_t> got = input_->read(block.data() + kOverlap, kBlock);
    if (!got || *got == 0) return false;
    if (may_tell_of_losses(std::string_view(block).substr(0, kOverlap + *got))) return true;
    std::memmove(block.data(), block.data() + *got, kOverlap);
  }
}

TextRecording::Line TextRecording::read_whole(const LineReader::Line& line) {
  if (line.too_long || line.has_zero) return {};
  Line read = read_line(line.text);
  // The last line may be cut off anywhere: in the middle of its last number.
  if (read.is == Line::Is::event && !line.ended) read.is = Line::Is::not_understood;
  return read;
}

/// The first pass, where it can be had and is needed.
void TextRecording::look_ahead() {
  if (!input_->can_rewind()) return;
  const bool needed = is_worth_a_pass();
  if (!input_->rewind() || !needed) return;
  LineReader::Line line;
  for (;;) {
    const Result<bool> more = lines_.next(line);
    if (!more || !*more) break;
    const Line read = read_whole(line);
    if (read.is == Line::Is::event) {
      holes_.before_event(nullptr, read.cpu, read.time);
      holes_.after_event(nullptr, read.cpu, read.time);
    } else if (read.is == Line::Is::lost) {
      holes_.lost(nullptr, read.cpu, read.lost);
    } else if (read.is == Line::Is::all_lost) {
      holes_.all_lost(nullptr, read.cpu);
    }
  }
  holes_.begin_marking();
  lines_.restart();
  if (Result<> again = input_->rewind(); !again) stopped_ = std::move(again).error();
}

/// The idle tasks have a name for each CPU, which the texts leave out.
std::string_view TextRecording::idle_name(std::uint32_t cpu) {
  idle_name_.assign("swapper/");
  if (cpu >= 10) idle_name_ += std::to_string(cpu);
  if (cpu < 10) idle_name_ += static_cast<char>('0' + cpu);
  return idle_name_;
}

Result<> TextRecording::take(const LineReader::Line& line) {
  const Line read = read_whole(line);
  switch (read.is) {
    case Line::Is::nothing:
      return {};
    case Line::Is::lost:
      holes_.lost(&builder_, read.cpu, read.lost);
      return {};
    case Line::Is::all_lost:
      holes_.all_lost(&builder_, read.cpu);
      return {};
    case Line::Is::not_understood:
      builder_.not_understood();
      return {};
    case Line::Is::event:
      break;
  }
  holes_.before_event(&builder_, read.cpu, read.time);
  switch (event_text_.read(read.text, read.by_trace_cmd)) {
    case EventText::Found::nothing:
      break;
    case EventText::Found::broken:
      holes_.lost_here(builder_, read.cpu, read.time);
      builder_.not_understood();
      break;
    case EventText::Found::not_understood:
      builder_.not_understood();
      break;
    case EventText::Found::event:
      SWERVE_TRY(add(read));
      break;
  }
  holes_.after_event(&builder_, read.cpu, read.time);
  return {};
}

Result<> TextRecording::add(const Line& read) {
  FoundEvent event;
  event.time = read.time;
  event.cpu = read.cpu;
  event.tid = read.tid;
  event.tgid = read.tgid;
  event.comm = read.tid == 0 ? idle_name(read.cpu) : read.comm;
  event.system = event_text_.system();
  event.name = event_text_.name();
  std::uint32_t* const known = event_text_.kind();
  if (known == nullptr) return builder_.add(event, event_text_.fields());
  if (*known == EventText::kNoKind) {
    SWERVE_TRY_ASSIGN(*known, builder_.kind_of(event, event_text_.fields()));
  }
  builder_.add_row(event, *known, [&](std::size_t i) { return event_text_.field(i); });
  return {};
}

Result<bool> TextRecording::next(Batch& out) {
  builder_.begin(out);
  if (!std::exchange(begun_, true)) look_ahead();
  LineReader::Line line;
  // What has come of a live text is not kept waiting for what is still to come.
  while (!stopped_ && !ended_ && !builder_.full() && !(lines_.would_wait() && builder_.any())) {
    const Result<bool> more = lines_.next(line);
    if (!more) {
      stopped_ = more.error();
    } else if (!*more) {
      ended_ = true;
      holes_.end(builder_);
    } else if (Result<> taken = take(line); !taken) {
      stopped_ = std::move(taken).error().within(cat("line ", line.number));
    }
  }
  if (builder_.finish(input_->taken())) return true;
  if (stopped_) return *stopped_;
  return false;
}

std::size_t read_decimal(std::string_view text, std::size_t at, std::uint64_t most,
                         std::uint64_t& out) {
  const char* const from = text.data() + at;
  const char* const end = text.data() + text.size();
  const char* const safe = end - from > 19 ? from + 19 : end;  // so many digits always fit
  const auto digit = [](const char* p) {
    return static_cast<unsigned>(static_cast<unsigned char>(*p) - '0');
  };
  std::uint64_t value = 0;
  const char* p = from;
  for (; p != safe && digit(p) <= 9; ++p) value = value * 10 + digit(p);
  if (p == from) return 0;
  if (p == safe && p != end && digit(p) <= 9) {
    if (__builtin_mul_overflow(value, 10U, &value)) return 0;
    if (__builtin_add_overflow(value, digit(p), &value)) return 0;
    if (++p != end && digit(p) <= 9) return 0;
  }
  if (value > most) return 0;
  out = value;
  return at + static_cast<std::size_t>(p - from);
}

std::size_t read_time(std::string_view text, std::size_t at, std::uint64_t& out) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  constexpr std::uint64_t kMost = ~std::uint64_t{0};
  std::uint64_t whole = 0;
  const std::size_t point = read_decimal(text, at, kMost, whole);
  if (point == 0 || point == text.size() || text[point] != '.') {
    out = whole;
    return point;
  }
  std::uint64_t fraction = 0;
  const std::size_t end = read_decimal(text, point + 1, kSecond - 1, fraction);
  if (end == 0 || end - point > 10 || whole > kMost / kSecond - 1) return 0;
  constexpr std::uint64_t kScale[] = {0,      100'000'000, 10'000'000, 1'000'000, 100'000,
                                      10'000, 1'000,       100,        10,        1};
  fraction *= kScale[end - point - 1];
  out = whole * kSecond + fraction;
  return end;
}

}  // namespace swerve
