#include "source/tracedat/pages.h"

#include <algorithm>

#include "base/text.h"
#include "source/tracedat/bytes.h"

namespace swerve::tracedat {

namespace {

/// trace-cmd makes chunks of ten pages.
constexpr std::uint32_t kMostChunk = 16U << 20;
/// Of all CPUs together: 640 KiB for each of 800.
constexpr std::size_t kMostUnpacked = 512U << 20;

}  // namespace

PageStream::PageStream(PageSource& source, const StreamPlace& place)
    : source_(&source),
      cpu_(place.cpu),
      begin_(std::min<std::uint64_t>(place.offset, source.file.bytes.size())),
      at_(begin_),
      page_at_(begin_),
      end_(place.offset + place.size) {
  if (end_ < place.offset) end_ = UINT64_MAX;  // it went around; the file ends before it anyhow
}

std::string PageStream::where() const {
  return source_->file.streams_packed ? cat("CPU ", cpu_, ", byte ", used_ - page_size_,
                                            " of the chunk at ", hex(chunk_at_), " uncompressed")
                                      : cat("CPU ", cpu_, ", page at ", hex(page_at_));
}

Error PageStream::wrong(std::uint64_t offset, std::string_view why) const {
  return Error(ErrorCode::invalid, cat("CPU ", cpu_, ", at ", hex(offset), ": ", why));
}

Result<bool> PageStream::next(std::string_view& page) {
  if (begin_ == end_) return false;
  return source_->file.streams_packed ? next_packed(page) : next_plain(page);
}

Result<bool> PageStream::next_plain(std::string_view& page) {
  const std::string_view file = source_->file.bytes;
  if (at_ >= end_) return false;
  const std::uint64_t size = std::min<std::uint64_t>(source_->file.page.size, end_ - at_);
  if (size > file.size() - at_) {
    return wrong(at_, cat("the file ends at ", hex(file.size()),
                          ", but this CPU's events reach to ", hex(end_)));
  }
  page_at_ = at_;
  page = file.substr(at_, size);
  at_ += size;
  return true;
}

Result<bool> PageStream::next_packed(std::string_view& page) {
  const std::string_view file = source_->file.bytes;
  if (!started_) {
    started_ = true;
    if (file.size() - at_ < 4) return wrong(at_, "the file ends before the number of chunks");
    chunks_ = load<std::uint32_t>(file.data() + at_, source_->file.swap);
    at_ += 4;
  }
  while (unpacked_.size() - used_ < source_->file.page.size && chunks_ > 0) {
    SWERVE_TRY(unpack_chunk());
  }
  page_size_ = std::min<std::size_t>(source_->file.page.size, unpacked_.size() - used_);
  if (page_size_ == 0) {
    source_->unpacked_bytes -= unpacked_.capacity();
    unpacked_ = {};
    used_ = 0;
    // trace-cmd leaves the four bytes of the number of chunks out of the size.
    if (at_ == end_ || at_ == end_ + 4) return false;
    return wrong(at_, cat("the chunks end here, but this CPU's events reach to ", hex(end_)));
  }
  page = {unpacked_.data() + used_, page_size_};
  used_ += page_size_;
  return true;
}

Result<> PageStream::unpack_chunk() {
  const std::string_view file = source_->file.bytes;
  if (file.size() - at_ < 8) return wrong(at_, "the file ends before a chunk");
  const auto packed = load<std::uint32_t>(file.data() + at_, source_->file.swap);
  const auto full = load<std::uint32_t>(file.data() + at_ + 4, source_->file.swap);
  if (packed > file.size() - at_ - 8) {
    return wrong(at_,
                 cat("a chunk of ", packed, " bytes, but the file ends at ", hex(file.size())));
  }
  if (full > kMostChunk) return wrong(at_, cat("a chunk of ", full, " bytes, uncompressed"));
  unpacked_.erase(unpacked_.begin(), unpacked_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ = 0;
  const std::size_t left = unpacked_.size();
  source_->unpacked_bytes -= unpacked_.capacity();
  unpacked_.resize(left + full);
  source_->unpacked_bytes += unpacked_.capacity();
  if (source_->unpacked_bytes > kMostUnpacked) {
    return Error(ErrorCode::exhausted,
                 cat("CPU ", cpu_, ", at ", hex(at_), ": the chunks of all CPUs take more than ",
                     kMostUnpacked >> 20, " MiB, uncompressed"));
  }
  const std::string why =
      source_->unpacker.unpack(file.substr(at_ + 8, packed), unpacked_.data() + left, full);
  if (!why.empty()) {
    unpacked_.resize(left);
    return wrong(at_, cat("a chunk cannot be uncompressed: ", why));
  }
  chunk_at_ = at_;
  at_ += 8 + packed;
  --chunks_;
  return {};
}

std::string_view PageStream::done() const {
  // A plain page is still looked at.
  return source_->file.bytes.substr(begin_,
                                    (source_->file.streams_packed ? at_ : page_at_) - begin_);
}

}  // namespace swerve::tracedat
