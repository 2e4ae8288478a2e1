#include "source/json/json_lines.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "source/line_recording.h"

namespace swerve {

namespace {

/// What the object of a line says. The parser calls the functions that are named as it wants them;
/// false stops it.
class EventObject {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  struct Value {
    enum class Is { absent, word, other };
    Is is = Is::absent;
    std::string text;
    bool there() const { return is != Is::absent; }
  };
  struct Field {
    std::string name;
    Value value;
  };

  // The members that this reader knows.
  Value ts, time_ns, time, event, cpu, pid, tid, tgid, comm, lost, since;
  std::vector<Field> fields;  // the first `fields_count` count; the others keep their memory
  std::size_t fields_count = 0;
  std::string wrong;  // why the parser was stopped, and where

  void clear() {
    for (const auto& [name, member] : kMembers) (this->*member).is = Value::Is::absent;
    fields_count = 0;
    depth_ = 0;
    value_ = nullptr;
    in_fields_ = fields_next_ = false;
    wrong.clear();
  }

  bool null() {
    if (depth_ == 0) return no_object();
    forget();
    return true;
  }
  bool boolean(bool value) { return word(value ? "1" : "0"); }
  bool number_integer(number_integer_t value) { return digits(value); }
  bool number_unsigned(number_unsigned_t value) { return digits(value); }
  bool number_float(number_float_t, const string_t& text) {
    if (depth_ == 0) return no_object();
    // The time may have a fraction; fields cannot.
    set(in_fields_ ? Value::Is::other : Value::Is::word, text);
    return true;
  }
  bool string(string_t& text) { return word(text); }
  bool binary(binary_t&) { return false; }
  bool start_object(std::size_t) {
    if (depth_ == 1 && fields_next_) {
      in_fields_ = true;
      value_ = nullptr;
    }
    return start();
  }
  bool end_object() {
    if (--depth_ == 1) in_fields_ = false;
    return true;
  }
  bool start_array(std::size_t) { return depth_ == 0 ? no_object() : start(); }
  bool end_array() {
    --depth_;
    return true;
  }
  bool key(string_t& name) {
    if (depth_ == 1) {
      value_ = nullptr;
      fields_next_ = name == "fields";
      for (const auto& [known, member] : kMembers) {
        if (name == known) value_ = &(this->*member);
      }
    } else if (depth_ == 2 && in_fields_) {
      if (fields_count == fields.size()) fields.emplace_back();
      Field& field = fields[fields_count++];
      field.name = name.substr(0, name.find('\0'));
      field.value.is = Value::Is::absent;
      value_ = &field.value;
    }
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) {
    wrong = cat("column ", position, ": this is not JSON");
    return false;
  }

 private:
  static constexpr std::size_t kDeepest = 32;
  static constexpr std::pair<const char*, Value EventObject::*> kMembers[] = {
      {"ts", &EventObject::ts},      {"time_ns", &EventObject::time_ns},
      {"time", &EventObject::time},  {"event", &EventObject::event},
      {"cpu", &EventObject::cpu},    {"pid", &EventObject::pid},
      {"tid", &EventObject::tid},    {"tgid", &EventObject::tgid},
      {"comm", &EventObject::comm},  {"lost", &EventObject::lost},
      {"since", &EventObject::since}};

  bool no_object() {
    wrong = "no JSON object";
    return false;
  }
  /// An array or an object begins.
  bool start() {
    if (depth_ != 0) set(Value::Is::other, {});
    if (++depth_ <= kDeepest) return true;
    wrong = cat("nested deeper than ", kDeepest, " levels");
    return false;
  }
  template <typename Number>
  bool digits(Number value) {
    char text[24];
    return word({text, std::to_chars(text, text + sizeof text, value).ptr});
  }
  bool word(std::string_view text) {
    if (depth_ == 0) return no_object();
    set(Value::Is::word, text.substr(0, text.find('\0')));  // as C has texts
    return true;
  }
  void forget() {
    if (is_here()) value_->is = Value::Is::absent;
  }
  void set(Value::Is is, std::string_view text) {
    if (!is_here()) return;
    value_->is = is;
    value_->text = text;
  }
  /// Whether the value that comes is that of a member or a field, and not of something in it.
  bool is_here() const { return value_ != nullptr && depth_ == (in_fields_ ? 2U : 1U); }

  std::size_t depth_ = 0;
  Value* value_ = nullptr;  // of the last key; null: nobody wants it
  bool in_fields_ = false;
  bool fields_next_ = false;
};

using Is = EventObject::Value::Is;

class JsonRecording final : public LineRecording {
 public:
  JsonRecording(std::unique_ptr<Input> input, const Interest& interest)
      : LineRecording(std::move(input), interest) {}

  std::string format() const override { return "JSON lines"; }

 private:
  Result<> take(const LineReader::Line& line, BatchBuilder& builder) override;
  Result<> take_event(std::uint64_t line, std::uint64_t time, BatchBuilder& builder);
  Result<> take_hole(std::uint64_t line, std::uint64_t time, BatchBuilder& builder);

  EventObject object_;
  std::vector<FoundField> fields_;
};

Result<> JsonRecording::take(const LineReader::Line& line, BatchBuilder& builder) {
  std::string_view text = line.text;
  if (line.number == 1 && text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (text.find_first_not_of(" \t\r") == std::string_view::npos) return {};
  object_.clear();
  if (!nlohmann::json::sax_parse(text, &object_)) return wrong(line.number, object_.wrong);

  const EventObject::Value& time = object_.ts.there()        ? object_.ts
                                   : object_.time_ns.there() ? object_.time_ns
                                                             : object_.time;
  if (!time.there()) return wrong(line.number, "no ts");
  const bool whole = time.text.find_first_not_of("0123456789") == std::string_view::npos;
  std::uint64_t ns = 0;
  if (time.is != Is::word || !read_time_number(time.text, ns) ||
      (&time == &object_.time_ns && !whole)) {
    return wrong(line.number, cat(quoted(time.text), " is no time"));
  }
  if (object_.event.there()) return take_event(line.number, ns, builder);
  if (object_.lost.there()) return take_hole(line.number, ns, builder);
  return wrong(line.number, "no event");
}

Result<> JsonRecording::take_event(std::uint64_t line, std::uint64_t time, BatchBuilder& builder) {
  FoundEvent event;
  event.time = time;
  event.name = object_.event.text;
  if (object_.event.is != Is::word || event.name.empty()) return wrong(line, "no event");
  const bool has_tid = object_.tid.there();
  struct Id {
    const char* what;
    const EventObject::Value& value;
    std::uint32_t* id;
  };
  for (const Id& id :
       {Id{"CPU", object_.cpu, &event.cpu}, Id{"thread", object_.tid, &event.tid},
        Id{has_tid ? "process" : "thread", object_.pid, has_tid ? &event.tgid : &event.tid},
        Id{"process", object_.tgid, &event.tgid}}) {
    if (!id.value.there()) continue;
    if (id.value.is != Is::word || !read_id(id.value.text, *id.id)) {
      return wrong(line, cat(quoted(id.value.text), " is no number of a ", id.what));
    }
  }
  if (object_.comm.is == Is::word) event.comm = object_.comm.text;
  fields_.clear();
  for (std::size_t i = 0; i < object_.fields_count; ++i) {
    const EventObject::Field& field = object_.fields[i];
    if (!field.value.there()) continue;
    const bool word = field.value.is == Is::word;
    FoundField found{field.name, word ? RecordedField::Form::word : RecordedField::Form::other};
    if (word) found.text = field.value.text;
    fields_.push_back(found);
  }
  return builder.add(event, fields_);
}

Result<> JsonRecording::take_hole(std::uint64_t line, std::uint64_t time, BatchBuilder& builder) {
  std::uint64_t lost = 0, since = 0;
  std::uint32_t cpu = kEveryCpu;
  if (object_.lost.is != Is::word || !word_as_integer(object_.lost.text, lost) ||
      object_.lost.text.starts_with('-')) {
    return wrong(line, cat(quoted(object_.lost.text), " is no number of lost events"));
  }
  if (object_.cpu.there() && (object_.cpu.is != Is::word || !read_id(object_.cpu.text, cpu))) {
    return wrong(line, cat(quoted(object_.cpu.text), " is no number of a CPU"));
  }
  if (object_.since.there() && (object_.since.is != Is::word ||
                                !read_time_number(object_.since.text, since) || since > time)) {
    return wrong(line, cat(quoted(object_.since.text), " is no time before that"));
  }
  builder.open_hole(cpu, since);
  builder.close_hole(cpu, lost, time);
  return {};
}

}  // namespace

bool is_json_lines(std::string_view beginning) {
  if (beginning.starts_with("\xef\xbb\xbf")) beginning.remove_prefix(3);
  beginning.remove_prefix(std::min(beginning.find_first_not_of(" \t\r\n"), beginning.size()));
  const std::string_view line = beginning.substr(0, beginning.find('\n'));
  const auto names = [line](std::string_view name) {
    return line.find(name) != std::string_view::npos;
  };
  return line.starts_with('{') && (names("\"event\"") || names("\"ts\""));
}

Result<std::unique_ptr<Recording>> open_json_lines(std::unique_ptr<Input> input,
                                                   const Interest& interest) {
  return std::unique_ptr<Recording>(std::make_unique<JsonRecording>(std::move(input), interest));
}

}  // namespace swerve
