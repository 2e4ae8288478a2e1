// source/line_reader.h - the lines of an input, one after the other, in bounded memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "source/input.h"

namespace swerve {

/// One thread.
class LineReader {
 public:
  static constexpr std::size_t kLongest = 64U << 10;

  struct Line {
    std::string_view text;     // without its end ("\n" or "\r\n"); good until the next call
    std::uint64_t number = 0;  // from 1
    bool ended = true;         // false: the input ends without an end of the line
    bool too_long = false;     // `text` is only its beginning
    bool has_zero = false;     // a byte of it is 0
  };

  /// `input` must outlive the reader. A line longer than `longest` bytes is not kept whole.
  explicit LineReader(Input& input, std::size_t longest = kLongest);

  /// False at the end, and from then on. Errors: those of Input::read(); before one, all lines have
  /// been given that were whole.
  Result<bool> next(Line& line);

  /// Whether next() would have to wait for whoever writes the input. Cheap while it has lines.
  bool would_wait() const { return begin_ >= whole_ && !input_ended_ && input_.would_wait(); }

  /// The lines from the first again, after input.rewind().
  void restart() noexcept;

 private:
  Result<> fill();
  std::size_t find_zero(std::size_t from) const noexcept;

  Input& input_;
  std::size_t longest_;
  std::size_t size_;  // of the buffer
  std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0;  // what was read and not given yet: [begin_, end_)
  std::size_t end_ = 0;
  std::size_t whole_ = 0;  // behind the last newline in it
  std::size_t zero_ = 0;   // the first byte that is 0 in it; end_: there is none
  bool input_ended_ = false;
  bool skipping_ = false;  // the rest of a line that was too long
  std::uint64_t number_ = 0;
};

}  // namespace swerve
