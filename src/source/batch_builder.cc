#include "source/batch_builder.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace swerve {

namespace {

bool read_hexadecimal(std::string_view digits, std::uint64_t& out) noexcept {
  if (digits.empty() || digits.size() > 16) return false;
  std::uint64_t value = 0;
  for (const char c : digits) {
    const int letter = (c | 0x20) - 'a';
    const int digit = c >= '0' && c <= '9' ? c - '0' : letter >= 0 && letter < 6 ? letter + 10 : -1;
    if (digit < 0) return false;
    value = value << 4 | static_cast<std::uint64_t>(digit);
  }
  out = value;
  return true;
}

}  // namespace

bool word_as_integer(std::string_view word, std::uint64_t& out) noexcept {
  if (word.starts_with("0x") || word.starts_with("0X")) {
    return read_hexadecimal(word.substr(2), out);
  }
  if (word == "true" || word == "false") {
    out = word == "true" ? 1 : 0;
    return true;
  }
  const bool negative = word.starts_with('-');
  if (negative) word.remove_prefix(1);
  std::uint64_t value = 0;
  bool decimal = !word.empty() && word.size() <= 20;
  for (std::size_t i = 0; i < word.size() && decimal; ++i) {
    const auto digit = static_cast<unsigned>(static_cast<unsigned char>(word[i]) - '0');
    decimal = digit <= 9;
    if (i == 19) {  // before, there is room for another digit
      decimal = decimal && !__builtin_mul_overflow(value, 10U, &value) &&
                !__builtin_add_overflow(value, digit, &value);
    } else {
      value = value * 10 + digit;
    }
  }
  if (word.size() == 16 && !negative && (!decimal || word[0] == '0')) {
    return read_hexadecimal(word, out);
  }
  if (!decimal || (negative && value > std::uint64_t{1} << 63)) return false;
  out = negative ? -value : value;
  return true;
}

BatchBuilder::BatchBuilder(const Interest& interest) : interest_(interest) {}

void BatchBuilder::begin(Batch& out) {
  batch_ = &out;
  out.clear();
  // A batch keeps its memory, and with ever new kinds that memory would grow with the recording.
  std::size_t kept = 0;
  for (const Batch::Table& table : out.tables) {
    kept += table.columns.size();
    for (const Batch::Column& column : table.columns) kept += column.cells.capacity();
  }
  if (kept > kMostKeptCells) out.tables = {};
  if (out.bytes.capacity() > 2 * kMostBytes) out.bytes = {};
  events_before_ = events_read_;
  not_understood_before_ = not_understood_;
}

bool BatchBuilder::full() const noexcept {
  return batch_->size() >= Batch::kMost || batch_->holes.size() >= Batch::kMost ||
         batch_->bytes.size() >= kMostBytes || events_read_ - events_before_ >= kMostPassedOver;
}

bool BatchBuilder::is_kind(std::uint32_t kind, const FoundEvent& event,
                           std::span<const FoundField> fields) const noexcept {
  const RecordedKind& known = kinds_[kind];
  return known.system == event.system &&
         std::equal(fields.begin(), fields.end(), known.fields.begin(), known.fields.end(),
                    [](const FoundField& found, const RecordedField& field) {
                      return found.name == field.name && found.form == field.form &&
                             found.is_signed == field.is_signed;
                    });
}

Result<std::uint32_t> BatchBuilder::learn(const FoundEvent& event,
                                          std::span<const FoundField> fields) {
  RecordedKind kind{std::string(event.system), std::string(event.name), {}};
  std::size_t bytes = kind.system.size() + kind.name.size();
  for (const FoundField& field : fields) {
    kind.fields.push_back({std::string(field.name), field.form, 8, field.is_signed, {}});
    bytes += field.name.size();
  }
  if (kinds_.size() == kMostKinds || fields.size() > kMostFields - fields_known_ ||
      bytes > kMostNameBytes - name_bytes_) {
    return Error(ErrorCode::exhausted, cat("too many kinds of events: ", kinds_.size(), " with ",
                                           fields_known_, " fields, and one more"));
  }
  fields_known_ += fields.size();
  name_bytes_ += bytes;

  std::vector<Want> forms = interest_.wants(kind);
  if (!forms.empty()) {
    forms.resize(fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      using Form = RecordedField::Form;
      if (forms[i] == Want::either) forms[i] = Want::text;
      if (forms[i] == Want::nothing || fields[i].form == Form::word) continue;
      forms[i] = fields[i].form == Form::integer ? Want::integer
                 : fields[i].form == Form::text  ? Want::text
                                                 : Want::nothing;
    }
    if (forms.empty()) forms.push_back(Want::nothing);  // wanted, and without fields
  }
  kinds_.push_back(std::move(kind));
  forms_.push_back(std::move(forms));
  return static_cast<std::uint32_t>(kinds_.size() - 1);
}

Result<std::uint32_t> BatchBuilder::kind_of(const FoundEvent& event,
                                            std::span<const FoundField> fields) {
  auto known = by_name_.find(event.name);
  if (known != by_name_.end()) {
    std::vector<std::uint32_t>& kinds = known->second;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      if (!is_kind(kinds[i], event, fields)) continue;
      std::swap(kinds[0], kinds[i]);
      return kinds[0];
    }
  }
  SWERVE_TRY_ASSIGN(const std::uint32_t number, learn(event, fields));
  if (known == by_name_.end()) known = by_name_.try_emplace(std::string(event.name)).first;
  known->second.insert(known->second.begin(), number);
  return number;
}

std::uint64_t BatchBuilder::put_text(std::string_view text) {
  const std::size_t at = batch_->bytes.size();
  batch_->bytes += text;
  return Batch::text_cell(at, text.size());
}

void BatchBuilder::put(Batch::Table& table, Batch::Column& column, const FoundField& field) {
  std::uint64_t cell = 0;
  bool unknown = field.unknown;
  if (!unknown && column.form == Want::text) {
    cell = put_text(field.text);
  } else if (!unknown && field.form == RecordedField::Form::integer) {
    cell = field.number;
  } else if (!unknown) {
    unknown = !word_as_integer(field.text, cell);
  }
  column.cells.push_back(cell);
  if (unknown && column.unknown.empty()) column.unknown.resize(table.rows, 0);
  if (unknown || !column.unknown.empty()) column.unknown.push_back(unknown ? 1 : 0);
}

Batch::Table& BatchBuilder::begin_row(const FoundEvent& event, std::uint32_t kind) {
  Batch& batch = *batch_;
  if (kind >= batch.tables.size()) batch.tables.resize(kinds_.size());
  Batch::Table& table = batch.tables[kind];
  if (table.rows == 0) {
    table.columns.resize(kinds_[kind].fields.size());
    for (std::size_t i = 0; i < table.columns.size(); ++i) table.columns[i].form = forms_[kind][i];
  }
  // The process: told by none of the events so far, as a rule.
  if (event.tgid != kNoProcess || !batch.tgid.empty()) {
    batch.tgid.resize(batch.size(), kNoProcess);
    batch.tgid.push_back(event.tgid);
  }
  batch.time.push_back(event.time);
  batch.cpu.push_back(event.cpu);
  batch.tid.push_back(event.tid);
  batch.comm.push_back(put_text(event.comm));
  batch.kind.push_back(kind);
  batch.row.push_back(table.rows);
  return table;
}

Result<> BatchBuilder::add(const FoundEvent& event, std::span<const FoundField> fields) {
  SWERVE_TRY_ASSIGN(const std::uint32_t kind, kind_of(event, fields));
  add_row(event, kind, [&](std::size_t i) -> const FoundField& { return fields[i]; });
  return {};
}

void BatchBuilder::open_hole(std::uint32_t cpu, std::uint64_t time) {
  batch_->holes.push_back({static_cast<std::uint32_t>(batch_->size()), true, cpu, 0, time});
}

void BatchBuilder::close_hole(std::uint32_t cpu, std::uint64_t lost, std::uint64_t time) {
  batch_->holes.push_back({static_cast<std::uint32_t>(batch_->size()), false, cpu, lost, time});
}

bool BatchBuilder::finish(std::uint64_t bytes_read) {
  if (published_ == nullptr || published_->size() != kinds_.size()) {
    published_ = std::make_shared<const std::vector<RecordedKind>>(kinds_);
  }
  batch_->kinds = published_;
  batch_->bytes_read = bytes_read;
  batch_->events_read = events_read_;
  batch_->late = 0;
  batch_->not_understood = not_understood_;
  return any();
}

}  // namespace swerve
