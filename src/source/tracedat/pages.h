// source/tracedat/pages.h - the sub-buffers of one CPU, one after the other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/tracedat/file.h"
#include "source/tracedat/unpack.h"
#include "swerve/base/result.h"

namespace swerve::tracedat {

/// What all CPUs share while their pages are read.
struct PageSource {
  const TraceFile& file;
  Unpacker unpacker;
  std::size_t unpacked_bytes = 0;  // held by all streams together
};

class PageStream {
 public:
  PageStream(PageSource& source, const StreamPlace& place);

  /// The next page into `page`, which is there until the next call; false at the end. The last page
  /// may be shorter than the others. Errors: invalid.
  Result<bool> next(std::string_view& page);

  /// How much of the file was taken so far.
  std::uint64_t taken() const { return at_ - begin_; }
  /// What was taken of the mapped file, and not looked at again.
  std::string_view done() const;

  /// "CPU 2, page at 0x1f000"
  std::string where() const;

 private:
  Result<bool> next_plain(std::string_view& page);
  Result<bool> next_packed(std::string_view& page);
  Result<> unpack_chunk();
  Error wrong(std::uint64_t offset, std::string_view why) const;

  PageSource* source_;
  std::uint32_t cpu_;
  std::uint64_t begin_;
  std::uint64_t at_;       // the next byte in the file
  std::uint64_t page_at_;  // plain: where the page begins
  std::uint64_t end_;      // of what the file says

  // Packed: the pages stand in chunks.
  bool started_ = false;
  std::uint32_t chunks_ = 0;    // still to come
  std::uint64_t chunk_at_ = 0;  // where the chunk begins
  std::vector<char> unpacked_;  // what was left of the chunk before, and this one
  std::size_t used_ = 0;        // of unpacked_
  std::size_t page_size_ = 0;   // of the page that was given
};

}  // namespace swerve::tracedat
