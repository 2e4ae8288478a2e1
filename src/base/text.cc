#include "base/text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/unique_fd.h"

namespace swerve {

std::string join(const std::vector<std::string>& parts, std::string_view between) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0) out += between;
    out += parts[i];
  }
  return out;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == text.npos ? std::string_view() : text.substr(end + 1);
  return line;
}

namespace {
// Length of the valid UTF-8 sequence at the start of `s`, with its code point; 0 when there is
// none.
std::size_t utf8_sequence(std::string_view s, std::uint32_t& code) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char first = byte(0);
  std::size_t length = 0;
  std::uint32_t least = 0;
  if (first < 0x80) {
    code = first;
    return 1;
  }
  if ((first & 0xe0) == 0xc0) {
    length = 2, least = 0x80, code = first & 0x1fU;
  } else if ((first & 0xf0) == 0xe0) {
    length = 3, least = 0x800, code = first & 0x0fU;
  } else if ((first & 0xf8) == 0xf0) {
    length = 4, least = 0x10000, code = first & 0x07U;
  } else {
    return 0;
  }
  if (s.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = (code << 6) | (byte(i) & 0x3fU);
  }
  if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return 0;
  return length;
}

void append_hex(std::string& out, const char* format, unsigned value) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, format, value);
  out += buffer;
}
}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::uint32_t code = 0;
    const std::size_t length = utf8_sequence(text, code);
    if (length == 0) {
      append_hex(out, "\\x%02x", static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
      continue;
    }
    if (code == '\n') {
      out += "\\n";
    } else if (code == '\t') {
      out += "\\t";
    } else if (code == '\\') {
      out += "\\\\";
    } else if (code < 0x20 || code == 0x7f) {
      append_hex(out, "\\x%02x", code);
    } else if (code >= 0x80 && code <= 0x9f) {
      for (std::size_t i = 0; i < length; ++i) {
        append_hex(out, "\\x%02x", static_cast<unsigned char>(text[i]));
      }
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

namespace {

std::string blanks(std::string_view text, std::size_t width) {
  const auto has = static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](unsigned char byte) { return (byte & 0xc0) != 0x80; }));
  return std::string(width - std::min(width, has), ' ');
}

}  // namespace

std::string pad_left(std::string_view text, std::size_t width) {
  return blanks(text, width).append(text);
}

std::string pad_right(std::string_view text, std::size_t width) {
  return std::string(text) + blanks(text, width);
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    std::uint32_t code = 0;
    const std::size_t length = utf8_sequence(text, code);
    if (length == 0) {
      out += "\\ufffd";
      text.remove_prefix(1);
      continue;
    }
    if (code == '"' || code == '\\') {
      out += '\\';
      out += static_cast<char>(code);
    } else if (code < 0x20 || code == 0x7f || (code >= 0x80 && code <= 0x9f)) {
      append_hex(out, "\\u%04x", code);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out + "\"";
}

void JsonObject::name(std::string_view name) {
  if (!body_.empty()) body_ += ",";
  body_ += json_string(name) + ":";
}

JsonObject& JsonObject::text(std::string_view n, std::string_view value) {
  return raw(n, json_string(value));
}
JsonObject& JsonObject::number(std::string_view n, std::uint64_t value) {
  return raw(n, std::to_string(value));
}
JsonObject& JsonObject::integer(std::string_view n, std::int64_t value) {
  return raw(n, std::to_string(value));
}
JsonObject& JsonObject::boolean(std::string_view n, bool value) {
  return raw(n, value ? "true" : "false");
}
JsonObject& JsonObject::texts(std::string_view n, const std::vector<std::string>& values) {
  std::string list = "[";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i != 0) list += ",";
    list += json_string(values[i]);
  }
  return raw(n, list + "]");
}
JsonObject& JsonObject::raw(std::string_view n, std::string_view json) {
  name(n);
  body_ += json;
  return *this;
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Error::from_errno(errno, path);
  struct stat info {};
  if (::fstat(fd.get(), &info) == 0 && S_ISDIR(info.st_mode))
    return Error::from_errno(EISDIR, path);
  std::string out;
  char buffer[1 << 16];
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::from_errno(errno, path);
    if (n == 0) return out;
    if (out.size() + static_cast<std::size_t>(n) > limit) {
      return Error(ErrorCode::exhausted, cat(path, ": longer than the limit of ", limit, " bytes"));
    }
    out.append(buffer, static_cast<std::size_t>(n));
  }
}

}  // namespace swerve
