#include "bind/toml/toml_source.h"

#include <algorithm>
#include <utility>

namespace swerve {

namespace {
bool is_blank(char c) { return c == ' ' || c == '\t'; }

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&](std::uint32_t b) {
    out += static_cast<char>(static_cast<unsigned char>(b));
  };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xc0 | code >> 6);
    byte(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    byte(0xe0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  } else {
    byte(0xf0 | (code >> 18 & 7));
    byte(0x80 | (code >> 12 & 0x3f));
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  }
}

// Reads a TOML string that toml++ has accepted, and notes where its bytes come from.
class StringDecoder {
 public:
  StringDecoder(std::string_view text, std::size_t at) : text_(text), at_(at) {}

  std::string decoded;
  // (offset in `decoded`, offset in the file), wherever the two stop running in step; the first is
  // the string's beginning.
  std::vector<std::pair<std::size_t, std::size_t>> steps;

  void run() {
    const char quote = look(0);
    if (quote != '"' && quote != '\'') return;
    const bool multi_line = look(1) == quote && look(2) == quote;
    at_ += multi_line ? 3 : 1;
    if (multi_line) skip_line_end();
    steps.emplace_back(0, at_);
    expected_ = at_;
    while (at_ < text_.size()) {
      if (look(0) == quote && (!multi_line || closes(quote))) return;
      if (look(0) == '\\' && quote == '"') {
        escape(multi_line);
      } else if (const std::size_t begin = at_; skip_line_end()) {
        if (!multi_line) return;
        put(begin, "\n");
        expected_ = std::string_view::npos;  // the next byte stands on another line
      } else {
        put(begin, text_.substr(begin, 1));
        ++at_;
      }
    }
  }

 private:
  char look(std::size_t ahead) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  // Three quotes end the string, but one or two more before them belong to it.
  bool closes(char quote) const {
    return look(1) == quote && look(2) == quote && !(look(3) == quote);
  }

  bool skip_line_end() {
    const std::size_t length = look(0) == '\n' ? 1 : look(0) == '\r' && look(1) == '\n' ? 2 : 0;
    at_ += length;
    return length != 0;
  }

  void put(std::size_t from, std::string_view bytes) {
    if (from != expected_) steps.emplace_back(decoded.size(), from);
    decoded += bytes;
    expected_ = from + bytes.size();
  }

  void escape(bool multi_line) {
    const std::size_t begin = at_;
    const char kind = look(1);
    at_ += 2;
    if (multi_line &&
        (is_blank(kind) || kind == '\n' || kind == '\r')) {  // the line goes on after blanks
      while (at_ < text_.size() && (is_blank(look(0)) || look(0) == '\n' || look(0) == '\r')) ++at_;
      return;
    }
    if (kind == 'u' || kind == 'U') {
      std::uint32_t code = 0;
      for (int digits = kind == 'u' ? 4 : 8; digits > 0 && at_ < text_.size(); --digits, ++at_) {
        const char c = static_cast<char>(text_[at_] | 0x20);
        code = code << 4 | static_cast<std::uint32_t>(c <= '9' ? text_[at_] - '0' : c - 'a' + 10);
      }
      std::string bytes;
      append_utf8(bytes, code);
      put(begin, bytes);
      return;
    }
    static constexpr std::string_view kKinds = "bfnrt\"\\", kMeaning = "\b\f\n\r\t\"\\";
    const std::size_t which = kKinds.find(kind);
    if (which != std::string_view::npos) put(begin, kMeaning.substr(which, 1));
  }

  std::string_view text_;
  std::size_t at_;
  std::size_t expected_ = 0;
};
}  // namespace

TomlSource::TomlSource(std::string_view text, std::string path)
    : text_(text), path_(std::move(path)) {
  if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);  // a byte order mark
  line_starts_.push_back(0);
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
  }
}

std::size_t TomlSource::offset(std::size_t line, std::size_t character) const {
  if (line == 0 || line > line_starts_.size()) return text_.size();
  std::size_t at = line_starts_[line - 1];
  for (; character > 1 && at < text_.size(); --character) {
    ++at;
    while (at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xc0) == 0x80) ++at;
  }
  return at;
}

Place TomlSource::place_of(std::size_t offset) const {
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const std::size_t start = *(after - 1);
  return Place{path_, static_cast<unsigned>(after - line_starts_.begin()),
               static_cast<unsigned>(offset - start + 1)};
}

Place TomlSource::place(std::size_t line, std::size_t character) const {
  return place_of(offset(line, character));
}

ExprText TomlSource::string_at(std::size_t line, std::size_t character, std::string value) const {
  ExprText text;
  const std::size_t at = offset(line, character);
  StringDecoder decoder(text_, at);
  decoder.run();
  if (decoder.steps.empty() ||
      decoder.decoded != value) {  // not as we read TOML: the string as a whole
    text.place = place_of(at);
  } else {
    text.place = place_of(decoder.steps.front().second);
    for (std::size_t i = 1; i < decoder.steps.size(); ++i) {
      text.jumps.push_back({decoder.steps[i].first, place_of(decoder.steps[i].second)});
    }
  }
  text.text = std::move(value);
  return text;
}

std::optional<Place> TomlSource::long_key(std::size_t most) const {
  const auto look = [&](std::size_t at) { return at < text_.size() ? text_[at] : '\0'; };
  const auto three = [&](std::size_t at, char quote) {
    return look(at) == quote && look(at + 1) == quote && look(at + 2) == quote;
  };
  // Where this and toml++ could disagree about what a string is, toml++ has seen an error before.
  std::size_t parts = 1;
  for (std::size_t i = 0; i < text_.size(); ++i) {
    const char c = text_[i];
    if (c == '#') {
      i = std::min(text_.find('\n', i), text_.size());
      parts = 1;
    } else if ((c == '"' || c == '\'') && three(i, c)) {
      for (i += 3; i < text_.size() && !three(i, c); ++i) {
        if (c == '"' && text_[i] == '\\') ++i;
      }
      i += 2;
      // One or two more quotes belong to the string.
      for (int more = 0; more < 2 && look(i + 1) == c; ++more) ++i;
    } else if (c == '"' || c == '\'') {
      for (++i; i < text_.size() && text_[i] != c && text_[i] != '\n'; ++i) {
        if (c == '"' && text_[i] == '\\') ++i;
      }
    } else if (c == '.') {
      if (++parts > most) return place_of(i);
    } else if (c == '=' || c == ',' || c == '\n' || c == '{' || c == '[') {
      parts = 1;
    }
  }
  return std::nullopt;
}

}  // namespace swerve
