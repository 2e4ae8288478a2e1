// source/tracedat/file.h - what a trace.dat holds beside the events: where they are, how they are
// described, the clock, the names of the tasks, what was lost.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/tracedat/unpack.h"
#include "swerve/base/result.h"

namespace swerve::tracedat {

/// How a sub-buffer of the kernel's ring buffer is laid out: a time stamp, how many bytes are used
/// (a `long` of the kernel), the records.
struct PageLayout {
  std::uint32_t size = 0;  // of a whole sub-buffer
  std::uint32_t commit_offset = 8;
  std::uint32_t commit_bytes = 8;  // 4 or 8
  std::uint32_t data_offset = 16;
};

/// Where a CPU's events are.
struct StreamPlace {
  std::uint32_t cpu = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  /// Older events were overwritten before anybody read them.
  bool overrun = false;
  /// Events were refused while others were kept, nobody knows when.
  bool dropped = false;
};

/// The text of an event's `format` file.
struct FormatText {
  std::string_view system;
  std::string_view text;
};

/// The time of an event is (raw * multiplier >> shift) + offset; no multiplier: raw + offset.
struct TimeChange {
  std::uint32_t multiplier = 0;
  std::uint32_t shift = 0;
  std::uint64_t offset = 0;
  std::uint64_t apply(std::uint64_t raw) const {
    __extension__ using Wide = unsigned __int128;
    if (multiplier != 0) raw = static_cast<std::uint64_t>(Wide{raw} * multiplier >> shift);
    return raw + offset;
  }
  bool changes() const { return multiplier != 0 || offset != 0; }
};

struct TraceFile {
  std::string_view bytes;  // all of it
  unsigned version = 0;
  bool swap = false;  // of the other endianness than this machine
  Packing packing = Packing::none;
  bool streams_packed = false;
  PageLayout page;
  std::vector<FormatText> formats;
  std::string which;  // to be said behind the version: the buffer, where there is a choice
  std::string clock;
  TimeChange time;
  std::map<std::uint32_t, std::string> comms;    // by thread
  std::map<std::uint32_t, std::uint32_t> tgids;  // by thread
  std::vector<StreamPlace> streams;              // by CPU

  std::deque<std::string> unpacked;  // what the views above are of, where it was packed
};

/// The facts about the buffer of that name (empty: the top one). `bytes` must stay. Errors: as of
/// open_tracedat().
Result<TraceFile> read_trace_file(std::string_view bytes, const std::string& buffer);

}  // namespace swerve::tracedat
