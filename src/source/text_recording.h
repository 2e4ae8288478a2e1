// source/text_recording.h - what the readers of ftrace's and perf's texts share: lines become
// events, and what the text says of lost events becomes holes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/batch_builder.h"
#include "source/event_text.h"
#include "source/input.h"
#include "source/line_reader.h"
#include "source/recording.h"

namespace swerve {

/// Where events are missing, found in two passes or in one.
///
/// A text says after the fact that events of a CPU were lost: where the first event after them is.
/// The hole opens behind the last event of that CPU, in the past. So a first pass over the text
/// notes behind which events holes open; without one they open where the text tells of them.
class TextHoles {
 public:
  /// More holes than this are not told apart: from there on there is one, on all CPUs. A hostile
  /// text would need memory without bound.
  static constexpr std::size_t kMostHoles = 1U << 20;
  static constexpr std::uint32_t kMostCpus = 1U << 13;  // as many as Linux can have

  /// The first pass is over. The second makes the marks; without a first one it makes do.
  void begin_marking();

  /// An event of a CPU below kMostCpus is about to be added; was added. `builder` is null in the
  /// first pass.
  void before_event(BatchBuilder* builder, std::uint32_t cpu, std::uint64_t time);
  void after_event(BatchBuilder* builder, std::uint32_t cpu, std::uint64_t time);
  /// The event that is about to be added cannot be read.
  void lost_here(BatchBuilder& builder, std::uint32_t cpu, std::uint64_t time);
  /// The text says that events of this CPU were lost before its next one.
  void lost(BatchBuilder* builder, std::uint32_t cpu, std::uint64_t count);
  /// The text says that of every CPU what came before its next event may be lost. `cpus`: how many
  /// there are; they may have higher numbers.
  void all_lost(BatchBuilder* builder, std::uint32_t cpus);
  void end(BatchBuilder& builder);

 private:
  struct Cpu {
    std::uint64_t last_event = 0;  // its number, from 1; 0: none so far
    std::uint32_t told = 0;        // the last all_lost() that this CPU's events have come after
    bool open = false;             // in the second pass
    bool closing = false;          // the next event closes it
    std::uint64_t lost = 0;
  };
  struct Opening {
    std::uint64_t after_event;
    std::uint32_t cpu;
    friend bool operator<(const Opening& a, const Opening& b) {
      return a.after_event != b.after_event ? a.after_event < b.after_event : a.cpu < b.cpu;
    }
    friend bool operator==(const Opening&, const Opening&) = default;
  };

  Cpu& at(std::uint32_t cpu);
  void note(Cpu& cpu, std::uint32_t number);
  void open(BatchBuilder& builder, std::uint32_t cpu);
  void open_until_next(BatchBuilder& builder, std::uint32_t cpu);
  void open_due(BatchBuilder& builder);
  void close(BatchBuilder& builder, std::uint64_t time);

  std::vector<Cpu> cpus_;
  std::uint64_t events_ = 0;
  std::uint64_t time_ = 0;              // of the last event
  std::uint32_t told_ = 0;              // how often all_lost() was called
  std::vector<std::uint32_t> closing_;  // the CPUs that are `closing`
  bool two_passes_ = false;
  bool too_many_ = false;
  std::vector<Opening> openings_;  // found by the first pass
  std::size_t next_opening_ = 0;
};

class TextRecording : public Recording {
 public:
  Result<bool> next(Batch& out) final;
  std::uint64_t total_bytes() const final { return input_->total(); }

 protected:
  /// A line, read as far as both passes need it.
  struct Line {
    enum class Is { event, lost, all_lost, nothing, not_understood };
    Is is = Is::not_understood;
    std::uint64_t time = 0;
    std::uint32_t cpu = 0;  // all_lost: how many there are
    std::uint32_t tid = kNoThread;
    std::uint32_t tgid = kNoProcess;
    std::string_view comm;  // "": not known
    std::string_view text;  // what was printed of the event
    bool by_trace_cmd = false;
    std::uint64_t lost = 0;  // how many; 0: not told
  };

  TextRecording(std::unique_ptr<Input> input, const Interest& interest);

 private:
  virtual Line read_line(std::string_view line) = 0;
  /// Whether there may be a line in it that is `lost` or `all_lost`. To be fast: it is asked of the
  /// whole input, in blocks that overlap by kOverlap bytes. What is cut off by the block's end need
  /// not be seen.
  static constexpr std::size_t kOverlap = 256;
  virtual bool may_tell_of_losses(std::string_view block) const = 0;

  Line read_whole(const LineReader::Line& line);
  void look_ahead();
  bool is_worth_a_pass();
  Result<> take(const LineReader::Line& line);
  Result<> add(const Line& read);
  std::string_view idle_name(std::uint32_t cpu);

  std::unique_ptr<Input> input_;
  LineReader lines_;
  BatchBuilder builder_;
  EventText event_text_;
  TextHoles holes_;
  std::string idle_name_;
  bool begun_ = false;
  bool ended_ = false;
  std::optional<Error> stopped_;
};

/// Numbers as the texts have them. Each answers where the number ends; 0: there is none.
std::size_t read_decimal(std::string_view text, std::size_t at, std::uint64_t most,
                         std::uint64_t& out);
/// "10.100302" in seconds, as nanoseconds, and "12345678" as it is.
std::size_t read_time(std::string_view text, std::size_t at, std::uint64_t& out);

}  // namespace swerve
