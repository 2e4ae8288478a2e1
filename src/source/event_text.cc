#include "source/event_text.h"

#include <algorithm>
#include <array>

namespace swerve {

namespace {

constexpr std::size_t kPlaces = 256;
constexpr std::size_t kMostFields = 128;  // of one event; no tracepoint comes near

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// By byte: whether it may be part of a name of C.
constexpr std::array<bool, 256> kIsName = [] {
  std::array<bool, 256> out{};
  for (int c = 0; c < 256; ++c) {
    const int lower = c | 0x20;
    out[static_cast<std::size_t>(c)] =
        (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_';
  }
  return out;
}();
bool is_name(char c) { return kIsName[static_cast<unsigned char>(c)]; }

std::size_t end_of_name(std::string_view text, std::size_t at) {
  while (at < text.size() && is_name(text[at])) ++at;
  return at;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

char closing(char opening) {
  return opening == '(' ? ')' : opening == '[' ? ']' : opening == '{' ? '}' : '\0';
}

/// The end of "name" in "name: " at `at` of the text; 0: no name is there.
std::size_t end_of_listed_name(std::string_view text, std::size_t at) {
  const std::size_t end = end_of_name(text, at);
  return end > at && !is_digit(text[at]) && text.substr(end, 2) == ": " ? end : 0;
}

bool has_twins(const std::vector<FoundField>& fields) {
  for (std::size_t i = 1; i < fields.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (fields[i].name == fields[j].name) return true;
    }
  }
  return false;
}

}  // namespace

EventText::EventText() : names_(kPlaces) {}

/// "name=value name2=value 2 (name3=value) ==> name4=...". A value ends where the next name begins.
bool EventText::read_pairs(std::string_view said) {
  fields_.clear();
  std::size_t value_at = 0;  // of the field that was found last
  char closes = 0;           // what ends its value, if it stands in brackets
  const auto end_value = [&](std::size_t end) {
    if (fields_.empty()) return;
    std::string_view value = said.substr(value_at, end - value_at);
    if (closes != 0) value = value.substr(0, value.find(closes));
    fields_.back().text = trimmed(value);
  };
  std::size_t after = 0;  // of the last '='
  for (;;) {
    const std::size_t equals = said.find('=', after);
    if (equals == std::string_view::npos) break;
    std::size_t name_at = equals;
    while (name_at > after && is_name(said[name_at - 1])) --name_at;
    after = equals + 1;
    if (name_at == equals || is_digit(said[name_at])) continue;
    const char before = name_at == 0 ? ' ' : said[name_at - 1];
    if (before != ' ' && before != ',' && closing(before) == 0) continue;
    std::size_t end = name_at == 0 ? 0 : name_at - 1;
    while (end > value_at && said[end - 1] == ' ') --end;
    if (end > value_at && (said[end - 1] == ',' || said[end - 1] == ';')) --end;
    if (end >= value_at + 4 && said.substr(end - 4, 4) == " ==>") end -= 4;
    end_value(end);
    if (fields_.size() == kMostFields) return false;
    fields_.push_back({said.substr(name_at, equals - name_at)});
    closes = closing(before);
    value_at = after;
  }
  end_value(said.size());
  return !fields_.empty();
}

/// A hexadecimal number, with or without 0x. System calls' arguments.
bool EventText::read_number(std::string_view name, std::string_view word) {
  const FoundField field = hexadecimal(name, word, false);
  if (field.unknown) return false;
  fields_.push_back(field);
  return true;
}

/// "name: value, name2: value". As numbers, a text may follow a value: `filename: 0x7f12 "a", ...`.
bool EventText::read_listed(std::string_view said, bool numbers) {
  fields_.clear();
  while (!said.empty()) {
    const std::size_t name_end = end_of_listed_name(said, 0);
    if (name_end == 0 || fields_.size() == kMostFields) return false;
    const std::string_view name = said.substr(0, name_end);
    said.remove_prefix(name_end + 2);
    // The value goes on up to ", name: ".
    std::size_t end = 0;
    const bool quoted = numbers && said.substr(0, said.find(',')).find(" \"") != said.npos;
    for (;; ++end) {
      end = said.find(',', end);
      if (end == std::string_view::npos) {
        end = said.size();
        break;
      }
      if (quoted && said[end - 1] != '"') continue;
      if (said.substr(end, 2) == ", " && end_of_listed_name(said, end + 2) != 0) break;
    }
    const std::string_view value = said.substr(0, end);
    if (!numbers) {
      fields_.push_back({name});
      fields_.back().text = value;
    } else if (!read_number(name, value.substr(0, value.find(' ')))) {
      return false;
    }
    said.remove_prefix(std::min(said.size(), end + 2));
  }
  // A name that stands twice was inside of a value.
  return !has_twins(fields_);
}

/// "sys_openat(dfd: 0xffffff9c, ...)" and "sys_openat -> 0x3".
EventText::Found EventText::read_call(std::string_view text) {
  constexpr std::string_view kPrefix = "sys_";
  const std::size_t end = end_of_name(text, 0);
  const std::string_view call = text.substr(kPrefix.size(), end - kPrefix.size());
  if (text[end] == '(') {
    call_name_.assign("sys_enter_").append(call);
    name_ = call_name_;
    std::string_view said = text.substr(end + 1);
    if (!said.ends_with(')')) return Found::broken;
    said.remove_suffix(1);
    return read_listed(said, true) ? Found::event : Found::broken;
  }
  call_name_.assign("sys_exit_").append(call);
  name_ = call_name_;
  fields_.clear();
  if (!read_number("ret", text.substr(end + 4))) return Found::broken;
  fields_.back().is_signed = true;
  return Found::event;
}

std::span<const FoundField> EventText::fields() {
  if (form_ != nullptr) {
    fields_.clear();
    for (std::size_t i = 0; i < form_->size(); ++i) fields_.push_back(field(i));
  }
  return fields_;
}

EventText::Name& EventText::look_up(std::string_view said) {
  // A name has its place by its length and its ends: those of one recording are few.
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(said[i]); };
  const std::size_t size = said.size();
  const std::size_t place = (size + byte(size - 1) * 7U + byte(size / 2) * 31U + byte(0)) % kPlaces;
  Name& name = names_[place];
  if (name.said != said) {
    name.said = said;
    const KnownForms known = known_forms(said.substr(said.find(':') + 1));
    name.forms = known.forms;
    name.must_have_form = !known.forms.empty() && !known.by_beginning;
    name.kinds.assign(name.forms.size(), kNoKind);
    name.last = 0;
  }
  return name;
}

EventText::Found EventText::read_event(Name& name, std::string_view said) {
  for (std::size_t i = 0; i < name.forms.size(); ++i) {
    const std::size_t number = (name.last + i) % name.forms.size();
    const int ways = name.forms[number].read(said, values_);
    if (ways == 0) continue;
    if (ways > 1) return Found::broken;
    name.last = number;
    form_ = &name.forms[number];
    kind_ = &name.kinds[number];
    return Found::event;
  }
  if (name_.starts_with("sys_exit_") && said.find('=') == std::string_view::npos) {
    fields_.clear();
    if (!read_number("ret", said)) return Found::broken;
    fields_.back().is_signed = true;
    return Found::event;
  }
  if (read_pairs(said)) {
    // A form that is newer than this program: it must have what the known one has.
    if (name.must_have_form && (has_twins(fields_) || !name.forms[0].all_in(fields_))) {
      return Found::broken;
    }
    for (FoundField& field : fields_) {
      if (is_printed_hexadecimal(name_, field.name)) {
        field = hexadecimal(field.name, field.text, by_trace_cmd_);
      }
    }
    return Found::event;
  }
  if (name.must_have_form) return Found::broken;
  if (!read_listed(said, name_.starts_with("sys_enter_"))) fields_.clear();
  return Found::event;
}

EventText::Found EventText::read(std::string_view text, bool by_trace_cmd) {
  by_trace_cmd_ = by_trace_cmd;
  form_ = nullptr;
  kind_ = nullptr;
  system_ = {};
  std::size_t end = end_of_name(text, 0);
  if (text.starts_with("sys_") && (text.substr(end, 1) == "(" || text.substr(end, 4) == " -> ")) {
    return read_call(text);
  }
  // Names of kprobes may hold more than names of C do.
  const auto go_on = [&] {
    while (end < text.size() && (is_name(text[end]) || text[end] == '.' || text[end] == '-')) ++end;
  };
  go_on();
  const std::size_t system_end = end;
  if (end + 1 < text.size() && text[end] == ':' && is_name(text[end + 1])) {
    ++end;
    go_on();
  }
  if (system_end == 0 || end == text.size() || text[end] != ':') {
    const bool known = text.find(" <-") != std::string_view::npos || text.starts_with("<stack") ||
                       text.starts_with("<user stack");
    return known ? Found::nothing : Found::not_understood;
  }
  const std::string_view name = text.substr(0, end);
  if (end != system_end) system_ = name.substr(0, system_end);
  name_ = end != system_end ? name.substr(system_end + 1) : name;
  // What is written to trace_marker. It has no end of its own: blanks at its ends are its.
  if (name == "tracing_mark_write") {
    name_ = "print";
    return read_event(look_up(name_), text);
  }
  std::string_view said = text.substr(end + 1);
  const std::size_t blanks = std::min(said.find_first_not_of(' '), said.size());
  by_trace_cmd_ = by_trace_cmd_ || blanks > 1;  // its names stand in a column
  said.remove_prefix(blanks);
  return read_event(look_up(name), said);
}

}  // namespace swerve
