#include "source/line_reader.h"

#include <algorithm>
#include <cstring>

namespace swerve {

namespace {

/// Large enough for few calls, and no larger than a small input needs.
std::size_t buffer_size(const Input& input, std::size_t longest) {
  constexpr std::uint64_t kBlock = 1U << 20;
  const std::uint64_t block = input.total() != 0 ? std::min(kBlock, input.total()) : kBlock;
  return std::max<std::size_t>(block, longest + 4096);
}

}  // namespace

LineReader::LineReader(Input& input, std::size_t longest)
    : input_(input),
      longest_(longest),
      size_(buffer_size(input, longest)),
      buffer_(new char[size_]) {}

void LineReader::restart() noexcept {
  begin_ = end_ = whole_ = zero_ = 0;
  input_ended_ = skipping_ = false;
  number_ = 0;
}

std::size_t LineReader::find_zero(std::size_t from) const noexcept {
  const void* const zero = std::memchr(buffer_.get() + from, '\0', end_ - from);
  return zero == nullptr ? end_
                         : static_cast<std::size_t>(static_cast<const char*>(zero) - buffer_.get());
}

Result<> LineReader::fill() {
  std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  SWERVE_TRY_ASSIGN(const std::size_t got, input_.read_some(buffer_.get() + end_, size_ - end_));
  end_ += got;
  input_ended_ = got == 0;
  const auto* const newline = static_cast<const char*>(::memrchr(buffer_.get(), '\n', end_));
  whole_ = newline == nullptr ? 0 : static_cast<std::size_t>(newline - buffer_.get()) + 1;
  zero_ = find_zero(0);
  return {};
}

Result<bool> LineReader::next(Line& line) {
  std::size_t searched = 0;  // of [begin_, end_), without a newline
  for (;;) {
    const char* const from = buffer_.get() + begin_;
    const auto* const newline =
        static_cast<const char*>(std::memchr(from + searched, '\n', end_ - begin_ - searched));
    const std::size_t size =
        newline != nullptr ? static_cast<std::size_t>(newline - from) : end_ - begin_;
    const bool whole = newline != nullptr || input_ended_;
    if (skipping_ && (whole || size > longest_)) {
      begin_ += size + (newline != nullptr ? 1 : 0);
      if (zero_ < begin_) zero_ = find_zero(begin_);
      skipping_ = !whole;
      searched = 0;
      if (whole && newline == nullptr) return false;
      continue;
    }
    if (whole || size > longest_) {
      if (size == 0 && newline == nullptr) return false;
      line = {std::string_view(from, std::min(size, longest_)), ++number_, newline != nullptr,
              size > longest_, false};
      if (!line.too_long && line.text.ends_with('\r')) line.text.remove_suffix(1);
      skipping_ = !whole;
      line.has_zero = zero_ < begin_ + size;
      begin_ += size + (newline != nullptr ? 1 : 0);
      if (line.has_zero) zero_ = find_zero(begin_);
      return true;
    }
    searched = size;
    SWERVE_TRY(fill());
  }
}

}  // namespace swerve
