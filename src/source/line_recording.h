// source/line_recording.h - what the readers of CSV and of JSON lines share: what a line says
// becomes an event or a mark of lost events, or the recording ends with an error that names the
// line.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "source/batch_builder.h"
#include "source/input.h"
#include "source/line_reader.h"
#include "source/recording.h"

namespace swerve {

class LineRecording : public Recording {
 public:
  static constexpr std::size_t kLongest = 1U << 20;  // bytes of a line, and of a CSV record

  Result<bool> next(Batch& out) final;
  std::uint64_t total_bytes() const final { return input_->total(); }

 protected:
  LineRecording(std::unique_ptr<Input> input, const Interest& interest);

  /// What a line says. An error ends the recording.
  virtual Result<> take(const LineReader::Line& line, BatchBuilder& builder) = 0;
  /// There are no more lines.
  virtual Result<> end() { return {}; }

  /// "line 7: WHAT"
  static Error wrong(std::uint64_t line, std::string_view what);
  /// Of something wrong, as much as is worth showing.
  static std::string quoted(std::string_view text);

 private:
  Result<bool> take_next();

  std::unique_ptr<Input> input_;
  LineReader lines_;
  BatchBuilder builder_;
  bool ended_ = false;
  std::optional<Error> stopped_;  // to be told when what was read before has been delivered
};

/// A time as CSV and JSON lines have it: a whole number is in nanoseconds, one with a point or an
/// exponent in seconds. What is below a nanosecond is cut off. False: it is none, or negative, or
/// does not fit 64 bits.
bool read_time_number(std::string_view text, std::uint64_t& ns);
/// A whole number of 32 bits, below 0xffffffff.
bool read_id(std::string_view text, std::uint32_t& id);

}  // namespace swerve
