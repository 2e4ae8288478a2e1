// source/tracedat/formats.h - how the kinds of events are laid out, from the kernel's `format`
// files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/recording.h"
#include "source/tracedat/file.h"
#include "swerve/base/result.h"

namespace swerve::tracedat {

/// Where a field is in a record, and how it is read.
struct FieldPlace {
  enum class How : std::uint8_t {
    number,    // `size` bytes: 1, 2, 4 or 8
    chars,     // `size` bytes, up to the first NUL
    rest,      // likewise, to the end of the record
    data_loc,  // 4 bytes: where in the record (low half) how many chars are (high half)
    rel_loc,   // likewise, counted from the end of these 4 bytes
    none,      // cannot be had
  };
  How how = How::none;
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
  friend bool operator==(const FieldPlace&, const FieldPlace&) = default;
};

struct EventFormat {
  std::uint16_t id = 0;  // what common_type holds
  RecordedKind kind;
  std::vector<FieldPlace> places;  // of kind.fields
};

/// What every record begins with; as the kernel has it, where no format says otherwise.
struct CommonPlaces {
  FieldPlace type{FieldPlace::How::number, 0, 2};  // common_type
  FieldPlace pid{FieldPlace::How::number, 4, 4};   // common_pid
  friend bool operator==(const CommonPlaces&, const CommonPlaces&) = default;
};

struct Formats {
  CommonPlaces common;
  std::vector<EventFormat> events;
};

/// A format that cannot be understood is left out: its events are then of no known kind; so is a
/// field that is declared in a way the kernel does not use. Errors:
/// invalid (there are formats, but none can be understood).
Result<Formats> read_formats(const std::vector<FormatText>& texts);

}  // namespace swerve::tracedat
