// base/text.h - small text work that several rooms need: joining, escaping, JSON objects, files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "swerve/base/result.h"

namespace swerve {

namespace text_detail {
inline void append(std::string& out, std::string_view part) { out += part; }
inline void append(std::string& out, char part) { out += part; }
template <typename T>
requires(std::is_arithmetic_v<T> && !std::is_same_v<T, char>) void append(std::string& out,
                                                                          T part) {
  out += std::to_string(part);
}
}  // namespace text_detail

/// The parts, one after the other: cat("cpu ", 3, ": ", name).
template <typename... Parts>
std::string cat(const Parts&... parts) {
  std::string out;
  (text_detail::append(out, parts), ...);
  return out;
}

/// "a, b, c"
std::string join(const std::vector<std::string>& parts, std::string_view between = ", ");

/// Takes the first line of `text` off it, and answers it without its newline.
std::string_view take_line(std::string_view& text);

/// `text` made safe to print on a terminal or into a log: control characters, DEL, backslash and
/// bytes that are not part of valid UTF-8 become \n, \t, \\ or \xHH; C1 controls (U+0080..U+009F)
/// too. For every text that comes from outside: task names, file names, strings of the kernel.
std::string escape(std::string_view text);

/// Blanks before the text, or after it, until it is `width` wide: a character of UTF-8 counts once.
std::string pad_left(std::string_view text, std::size_t width);
std::string pad_right(std::string_view text, std::size_t width);

/// `text` as a JSON string with its quotes. Bytes that are not valid UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

/// Builds one JSON object on one line; the members stand in the order in which they were added.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value);
  JsonObject& number(std::string_view name, std::uint64_t value);
  JsonObject& integer(std::string_view name, std::int64_t value);
  JsonObject& boolean(std::string_view name, bool value);
  JsonObject& texts(std::string_view name, const std::vector<std::string>& values);
  /// `json` must be valid JSON itself.
  JsonObject& raw(std::string_view name, std::string_view json);
  std::string str() const { return "{" + body_ + "}"; }

 private:
  void name(std::string_view name);
  std::string body_;
};

/// The whole file, at most `limit` bytes; a longer one is an error (exhausted), as is a folder.
Result<std::string> read_file(const std::string& path, std::size_t limit = 64U << 20);

}  // namespace swerve
