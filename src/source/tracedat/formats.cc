#include "source/tracedat/formats.h"

#include <event-parse.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

#include "base/text.h"

namespace swerve::tracedat {

namespace {

/// The kernel's own are far from these.
constexpr std::size_t kLongestLine = 1024;
constexpr std::size_t kMostFields = 1024;
constexpr std::uint32_t kLongestChars = 64U << 10;

struct FreeTep {
  void operator()(tep_handle* handle) const { tep_free(handle); }
};

bool all_of(std::string_view text, std::string_view others) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

/// Takes `start` and what stands behind it up to `end` off the line; empty where it is not so.
std::string_view take(std::string_view& line, std::string_view start, char end) {
  const std::size_t at = line.find(end);
  if (!line.starts_with(start) || at == std::string_view::npos) return {};
  const std::string_view taken = line.substr(start.size(), at - start.size());
  line.remove_prefix(at + 1);
  return taken;
}

/// "unsigned long args[6]", "__data_loc char[] name", "const char * filename"
bool is_declaration(std::string_view text) {
  if (text.ends_with(']')) {
    const std::size_t open = text.rfind('[');
    if (open == std::string_view::npos) return false;
    const std::string_view count = text.substr(open + 1, text.size() - open - 2);
    if (!count.empty() && !all_of(count, "_")) return false;
    text = text.substr(0, open);
  }
  const std::size_t name = text.find_last_of(" *");  // begins behind it
  if (name == std::string_view::npos || !all_of(text.substr(name + 1), "_")) return false;
  std::string_view type = text.substr(0, name + (text[name] == '*' ? 1 : 0));
  if (type.ends_with("[]") && (type.starts_with("__data_loc ") || type.starts_with("__rel_loc "))) {
    type.remove_suffix(2);
  }
  return all_of(type, "_ *") && type.front() != ' ' && type.front() != '*';
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 10 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// "	field:unsigned long args[6];	offset:8;	size:48;	signed:0;"
bool is_field(std::string_view line) {
  if (line.size() > kLongestLine) return false;
  const std::string_view declaration =
      take(line, line.starts_with("\tfield special:") ? "\tfield special:" : "\tfield:", ';');
  if (!is_declaration(declaration)) return false;
  if (!is_number(take(line, "\toffset:", ';')) || !is_number(take(line, "\tsize:", ';'))) {
    return false;
  }
  return line.empty() || (is_number(take(line, "\tsigned:", ';')) && line.empty());
}

/// The text up to `print fmt` (C code that nothing here needs) with the fields that are written as
/// the kernel writes them; none where the rest is not. libtraceevent sees only what it was made
/// for: of texts with mistakes it does not free everything.
std::optional<std::string> fields_only(std::string_view text) {
  std::string_view name = take_line(text);
  std::string_view id = take_line(text);
  if (!name.starts_with("name: ") || !all_of(name.substr(6), "_") || name.size() > kLongestLine ||
      !id.starts_with("ID: ") || !is_number(id.substr(4)) || take_line(text) != "format:") {
    return std::nullopt;
  }
  std::string out = cat(name, "\n", id, "\nformat:\n");
  std::size_t fields = 0;
  bool parted = false;  // an empty line stands between the common fields and the event's
  while (!text.empty() && !text.starts_with("print fmt:")) {
    const std::string_view line = take_line(text);
    if (line.empty() && !parted) {
      out += '\n';
      parted = true;
    } else if (is_field(line)) {
      if (++fields > kMostFields) return std::nullopt;
      out.append(line) += '\n';
    }
  }
  if (!parted) out += '\n';
  return out + "\nprint fmt: \"\"\n";
}

bool is_char(std::string_view type) {
  return type == "char" || type == "const char" || type == "signed char";
}

/// "__data_loc char[]" without what says where and how many.
std::string_view element_type(std::string_view type) {
  for (const std::string_view prefix : {"__data_loc ", "__rel_loc "}) {
    if (type.starts_with(prefix)) type.remove_prefix(prefix.size());
  }
  type = type.substr(0, type.find('['));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return type;
}

bool is_number_size(int size) { return size == 1 || size == 2 || size == 4 || size == 8; }

FieldPlace place_of(const tep_format_field& field) {
  using How = FieldPlace::How;
  FieldPlace place{How::none, static_cast<std::uint32_t>(field.offset),
                   static_cast<std::uint32_t>(field.size)};
  if (field.offset < 0 || field.size < 0 || field.type == nullptr) return {};
  const std::string_view type = element_type(field.type);
  const bool chars = is_char(type);
  if ((field.flags & TEP_FIELD_IS_DYNAMIC) != 0) {
    if (chars && field.size == 4) {
      place.how = (field.flags & TEP_FIELD_IS_RELATIVE) != 0 ? How::rel_loc : How::data_loc;
    }
  } else if ((field.flags & TEP_FIELD_IS_ARRAY) != 0) {
    if (chars && place.size <= kLongestChars) place.how = place.size == 0 ? How::rest : How::chars;
  } else if (is_number_size(field.size)) {
    const bool pointer = (field.flags & TEP_FIELD_IS_POINTER) != 0 || type.ends_with('*');
    const bool other = type.starts_with("struct ") || type.starts_with("union ") ||
                       type == "float" || type == "double";
    if (pointer || !other) place.how = How::number;
  }
  return place;
}

RecordedField field_of(const tep_format_field& field, const FieldPlace& place) {
  using How = FieldPlace::How;
  RecordedField out{.name = field.name == nullptr ? "" : field.name,
                    .type = field.type == nullptr ? "" : field.type};
  out.form = place.how == How::number ? RecordedField::Form::integer
             : place.how == How::none ? RecordedField::Form::other
                                      : RecordedField::Form::text;
  if (place.how == How::number) {
    out.bytes = static_cast<std::uint8_t>(place.size);
    out.is_signed = (field.flags & TEP_FIELD_IS_SIGNED) != 0;
  }
  return out;
}

/// Small arrays of whole words, as raw_syscalls has one, are fields of their elements too:
/// "args[0]". They come behind those that are declared.
void add_elements(const tep_event& event, EventFormat& known) {
  constexpr std::uint32_t kMost = 8, kWord = 8;
  for (const tep_format_field* f = event.format.fields; f != nullptr; f = f->next) {
    if ((f->flags & TEP_FIELD_IS_ARRAY) == 0 || (f->flags & TEP_FIELD_IS_DYNAMIC) != 0) continue;
    if (f->type == nullptr || f->name == nullptr || f->offset < 0) continue;
    const std::string_view type = element_type(f->type);
    const std::uint32_t count = f->arraylen;
    if (type != "unsigned long" && type != "u64") continue;
    if (count == 0 || count > kMost || f->size != static_cast<int>(count * kWord)) continue;
    for (std::uint32_t i = 0; i < count; ++i) {
      known.places.push_back(
          {FieldPlace::How::number, static_cast<std::uint32_t>(f->offset) + i * kWord, kWord});
      known.kind.fields.push_back({.name = cat(f->name, "[", i, "]"), .type = std::string(type)});
    }
  }
}

/// None where they cannot be what the kernel writes.
std::optional<CommonPlaces> common_places(const tep_event& event) {
  CommonPlaces out{{}, {}};
  for (const tep_format_field* f = event.format.common_fields; f != nullptr; f = f->next) {
    if (f->name == nullptr) continue;
    if (std::string_view(f->name) == "common_type") out.type = place_of(*f);
    if (std::string_view(f->name) == "common_pid") out.pid = place_of(*f);
  }
  const bool sane = out.type.how == FieldPlace::How::number && out.type.offset < 64 &&
                    (out.type.size == 2 || out.type.size == 4) &&
                    out.pid.how == FieldPlace::How::number && out.pid.offset < 64 &&
                    out.pid.size == 4;
  return sane ? std::optional(out) : std::nullopt;
}

}  // namespace

Result<Formats> read_formats(const std::vector<FormatText>& texts) {
  tep_set_loglevel(TEP_LOG_NONE);  // it would write to standard error
  Formats out;
  std::set<int> ids;
  for (const FormatText& format : texts) {
    const std::optional<std::string> text = fields_only(format.text);
    if (!text) continue;
    // A handle each: what one format does to it touches no other.
    const std::unique_ptr<tep_handle, FreeTep> handle(tep_alloc());
    tep_event* event = nullptr;
    if (handle == nullptr ||
        tep_parse_format(handle.get(), &event, text->data(), text->size(),
                         std::string(format.system).c_str()) != TEP_ERRNO__SUCCESS ||
        event == nullptr || (event->flags & TEP_EVENT_FL_FAILED) != 0 || event->id < 0 ||
        event->id > 0xffff) {
      continue;
    }
    const std::optional<CommonPlaces> common = common_places(*event);
    if (!common || (!out.events.empty() && *common != out.common)) continue;
    if (!ids.insert(event->id).second) continue;
    out.common = *common;
    EventFormat known{.id = static_cast<std::uint16_t>(event->id)};
    known.kind.system = format.system;
    known.kind.name = event->name;
    for (const tep_format_field* f = event->format.fields; f != nullptr; f = f->next) {
      known.places.push_back(place_of(*f));
      known.kind.fields.push_back(field_of(*f, known.places.back()));
    }
    add_elements(*event, known);
    out.events.push_back(std::move(known));
  }
  if (out.events.empty() && !texts.empty()) {
    return Error(ErrorCode::invalid, "none of the event formats can be understood");
  }
  return out;
}

}  // namespace swerve::tracedat
