#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/new_file.h"
#include "base/text.h"
#include "source/batch_builder.h"
#include "source/binary.h"
#include "source/binary_format.h"

namespace swerve {

namespace {

using namespace binary;

/// A block is written when it has so much, so that the next events surely fit.
constexpr std::size_t kEnoughCells = kMostCells / 2;
constexpr std::size_t kEnoughText = 1U << 20;
/// Batches with more text than that, or kinds with more fields, go into a block event by event.
constexpr std::size_t kMuchText = 4U << 20;
constexpr std::size_t kManyFields = 64;

void append_string(std::string& out, std::string_view text) {
  append(out, static_cast<std::uint16_t>(text.size()));
  out += text;
}

/// As KIND has it; empty where a name is longer than can be written.
std::string described(const RecordedKind& kind) {
  std::string out;
  bool fits = kind.system.size() <= kMostString && kind.name.size() <= kMostString;
  append_string(out, kind.system);
  append_string(out, kind.name);
  append(out, static_cast<std::uint32_t>(kind.fields.size()));
  for (const RecordedField& field : kind.fields) {
    fits = fits && field.name.size() <= kMostString && field.type.size() <= kMostString;
    append_string(out, field.name);
    append_string(out, field.type);
    append(out, static_cast<std::uint8_t>(field.form));
    append(out, field.bytes);
    append(out, static_cast<std::uint8_t>(field.is_signed));
  }
  return fits ? out : std::string();
}

std::uint8_t width_of(std::uint64_t range) {
  if (range == 0) return 0;
  if (range <= 0xff) return 1;
  if (range <= 0xffff) return 2;
  return range <= 0xffffffff ? 4 : 8;
}

template <typename T>
void append_numbers(std::string& out, const std::vector<std::uint64_t>& values,
                    std::uint64_t base) {
  for (const std::uint64_t value : values) append(out, static_cast<T>(value - base));
  out.resize(padded(out.size()));
}

void append_numbers(std::string& out, const std::vector<std::uint64_t>& values, const Packing& p) {
  switch (p.width) {
    case 0:
      return;
    case 1:
      return append_numbers<std::uint8_t>(out, values, p.base);
    case 2:
      return append_numbers<std::uint16_t>(out, values, p.base);
    case 4:
      return append_numbers<std::uint32_t>(out, values, p.base);
    default:
      return append_numbers<std::uint64_t>(out, values, p.base);
  }
}

/// The different ones of `values`, and each value's number among them; nothing when they are more
/// than a column's table can have.
struct Distinct {
  std::vector<std::uint64_t> values;
  std::vector<std::uint64_t> indexes;
};
std::optional<Distinct> distinct(const std::vector<std::uint64_t>& values) {
  constexpr std::size_t kMost = 255, kSlots = 1024;
  std::array<std::uint16_t, kSlots> slots{};  // number in out.values, and 1
  Distinct out;
  out.indexes.reserve(values.size());
  for (const std::uint64_t value : values) {
    std::size_t slot = mix(value, 0x9e3779b97f4a7c15) % kSlots;
    while (slots[slot] != 0 && out.values[slots[slot] - 1U] != value) slot = (slot + 1) % kSlots;
    if (slots[slot] == 0) {
      if (out.values.size() == kMost) return std::nullopt;
      out.values.push_back(value);
      slots[slot] = static_cast<std::uint16_t>(out.values.size());
    }
    out.indexes.push_back(slots[slot] - 1U);
  }
  return out;
}

/// Chooses how the values of a column are written, and writes them behind `out`.
Packing pack(Form form, const std::vector<std::uint64_t>& values, std::string& out) {
  Packing p;
  p.form = form;
  if (values.empty()) return p;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const auto below = [](std::uint64_t a, std::uint64_t b) {
    return static_cast<std::int64_t>(a) < static_cast<std::int64_t>(b);
  };
  const auto [signed_least, signed_most] = std::minmax_element(values.begin(), values.end(), below);
  p.base = *least;
  std::uint64_t range = *most - *least;
  if (*signed_most - *signed_least < range) {
    p.base = *signed_least;
    range = *signed_most - *signed_least;
  }
  p.width = width_of(range);
  if (p.width > 1) {
    const std::optional<Distinct> few = distinct(values);
    if (few && few->values.size() * p.width + values.size() < values.size() * p.width) {
      p.in_table = static_cast<std::uint8_t>(few->values.size());
      append_numbers(out, few->values, p);
      append_numbers<std::uint8_t>(out, few->indexes, 0);
      return p;
    }
  }
  append_numbers(out, values, p);
  return p;
}

/// The different texts of a block.
class TextList {
 public:
  std::uint64_t number(std::string_view text) {
    const auto found = numbers_.find(text);
    if (found != numbers_.end()) return found->second;
    const auto added = numbers_.emplace(std::string(text), texts_.size()).first;
    texts_.push_back(&added->first);
    bytes_ += text.size();
    return added->second;
  }
  const std::string& text(std::uint64_t number) const { return *texts_[number]; }
  std::size_t size() const { return texts_.size(); }
  std::size_t bytes() const { return bytes_; }
  void clear() { *this = {}; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>> numbers_;
  std::vector<const std::string*> texts_;
  std::size_t bytes_ = 0;
};

/// A field's value may be the id of a thread: its name is then of use to a reader.
bool names_thread(const RecordedField& field) {
  return field.form == RecordedField::Form::integer &&
         (field.name.ends_with("pid") || field.name.ends_with("tid"));
}

/// The columns of a block and their entries; the texts that are used get their numbers here.
class PackedColumns {
 public:
  PackedColumns(const TextList& texts, std::uint64_t block)
      : texts_(texts), block_(block), numbers_(texts.size(), kUnused) {}

  void add(Form form, const std::vector<std::uint64_t>& values,
           const std::vector<std::uint8_t>& unknown = {}) {
    add(pack(form, values, column_), unknown);
  }
  void add_texts(const std::vector<std::uint64_t>& cells,
                 const std::vector<std::uint8_t>& unknown = {}) {
    values_.clear();
    for (const std::uint64_t cell : cells) {
      if (numbers_[cell] == kUnused) {
        numbers_[cell] = used_.size();
        used_.push_back(
            std::string_view(texts_.text(cell)).substr(0, texts_.text(cell).find('\0')));
      }
      values_.push_back(numbers_[cell]);
    }
    add(Form::text, values_, unknown);
  }
  /// As numbers, where every word is what a number's digits look like.
  void add_words(const std::vector<std::uint64_t>& cells,
                 const std::vector<std::uint8_t>& unknown) {
    values_.clear();
    bool negative = false, large = false;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (!unknown.empty() && unknown[i] != 0) {
        values_.push_back(values_.empty() ? 0 : values_.back());
        continue;
      }
      const std::string& word = texts_.text(cells[i]);
      std::uint64_t value = 0;
      if (!word_as_integer(word, value)) return add_texts(cells, unknown);
      const bool minus = word[0] == '-';
      negative = negative || minus;
      large = large || (!minus && value >> 63 != 0);
      const std::string digits =
          minus ? std::to_string(static_cast<std::int64_t>(value)) : std::to_string(value);
      if (digits != word || (negative && large)) return add_texts(cells, unknown);
      values_.push_back(value);
    }
    add(negative ? Form::negative_decimal : Form::decimal, values_, unknown);
  }
  void add_none() { add(Packing(), {}); }

  /// The list of the texts that were used stands before all other columns.
  void finish(std::string& entries, std::string& columns) {
    std::swap(entries_, entries);
    std::swap(columns_, columns);
    number_ = 0;
    values_.clear();
    std::string bytes;
    for (const std::string_view text : used_) {
      values_.push_back(text.size());
      bytes += text;
    }
    text_bytes = bytes.size();
    add(Form::integer, values_);
    Packing p;
    p.form = Form::integer;
    p.width = 1;
    bytes.resize(padded(bytes.size()));
    column_ = std::move(bytes);
    add(p, {});
    entries_ += entries;
    columns_ += columns;
    std::swap(entries_, entries);
    std::swap(columns_, columns);
  }
  std::size_t used() const { return used_.size(); }
  std::size_t text_bytes = 0;

 private:
  static constexpr std::uint64_t kUnused = ~std::uint64_t{0};

  void add(Packing p, const std::vector<std::uint8_t>& unknown) {
    if (std::any_of(unknown.begin(), unknown.end(), [](std::uint8_t u) { return u != 0; })) {
      p.unknown = 1;
      column_.append(unknown.begin(), unknown.end());
      column_.resize(padded(column_.size()));
    }
    p.check = check_of(column_, place(block_, number_++));
    append(entries_, static_cast<std::uint8_t>(p.form));
    append(entries_, p.width);
    append(entries_, p.unknown);
    append(entries_, p.in_table);
    append(entries_, p.check);
    append(entries_, p.base);
    columns_ += column_;
    column_.clear();
  }

  const TextList& texts_;
  std::uint64_t block_;
  std::uint64_t number_ = 2;            // of the next column
  std::vector<std::uint64_t> numbers_;  // by the number in texts_: among those that are used
  std::vector<std::string_view> used_;  // texts have no NUL
  std::vector<std::uint64_t> values_;
  std::string column_, entries_, columns_;
};

/// The events of the block that is to be written next.
class PendingBlock {
 public:
  bool full() const {
    return time_.size() == Batch::kMost || cells_ >= kEnoughCells || texts_.bytes() >= kEnoughText;
  }
  bool empty() const { return time_.empty() && holes_.empty(); }
  std::size_t room() const { return Batch::kMost - time_.size(); }
  std::size_t events() const { return time_.size(); }
  std::size_t holes() const { return holes_.size(); }

  bool fits(const Batch& batch, const std::vector<std::uint32_t>& own) const;
  void add(const Batch& batch, std::size_t from, std::size_t to,
           const std::vector<std::uint32_t>& own);
  void add(Batch::Hole hole) {
    hole.before = static_cast<std::uint32_t>(time_.size());
    holes_.push_back(hole);
  }
  /// The front and the columns of the block with that number. The block is empty then.
  void pack(const std::vector<RecordedKind>& kinds, std::uint64_t number, std::string& front,
            std::string& columns);

 private:
  struct Column {
    Want form = Want::nothing;
    std::vector<std::uint64_t> cells;  // text: numbers in texts_
    std::vector<std::uint8_t> unknown;
  };
  struct Table {
    std::vector<Column> columns;
    std::uint32_t rows = 0;
  };

  void append_cells(const Batch& batch, const Batch::Column& from,
                    const std::vector<std::uint32_t>& rows, Column& to);

  std::vector<std::uint64_t> time_, cpu_, tid_, kind_, tgid_, comm_;
  std::vector<Table> tables_;          // by our number of the kind
  std::vector<std::uint32_t> filled_;  // those that have rows
  std::vector<Batch::Hole> holes_;
  TextList texts_;
  std::size_t cells_ = 0;
  std::vector<std::vector<std::uint32_t>> rows_;  // of the events that are appended, by kind
};

/// Whether a block can hold the events that it has, and those of the batch: the same is known of
/// all of them.
bool PendingBlock::fits(const Batch& batch, const std::vector<std::uint32_t>& own) const {
  if (time_.empty()) return true;
  if (tgid_.empty() != batch.tgid.empty() || comm_.empty() != batch.comm.empty()) return false;
  for (std::size_t k = 0; k < own.size() && k < batch.tables.size(); ++k) {
    const Batch::Table& table = batch.tables[k];
    if (table.rows == 0 || own[k] >= tables_.size() || tables_[own[k]].rows == 0) continue;
    const std::vector<Column>& here = tables_[own[k]].columns;
    for (std::size_t i = 0; i < here.size(); ++i) {
      const Want form = i < table.columns.size() ? table.columns[i].form : Want::nothing;
      if (form != here[i].form) return false;
    }
  }
  return true;
}

void PendingBlock::add(const Batch& batch, std::size_t from, std::size_t to,
                       const std::vector<std::uint32_t>& own) {
  const auto append_range = [from, to](std::vector<std::uint64_t>& out, const auto& in) {
    if (!in.empty()) out.insert(out.end(), in.begin() + from, in.begin() + to);
  };
  append_range(time_, batch.time);
  append_range(cpu_, batch.cpu);
  append_range(tid_, batch.tid);
  append_range(tgid_, batch.tgid);
  for (std::size_t i = from; i < to && !batch.comm.empty(); ++i) {
    comm_.push_back(texts_.number(batch.text(batch.comm[i])));
  }
  rows_.resize(std::max(rows_.size(), own.size()));
  if (!own.empty()) {
    const std::uint32_t most = *std::max_element(own.begin(), own.end());
    tables_.resize(std::max<std::size_t>(tables_.size(), most + 1));
  }
  std::vector<std::uint32_t> met;
  for (std::size_t i = from; i < to; ++i) {
    const std::uint32_t k = batch.kind[i];
    kind_.push_back(own[k]);
    if (rows_[k].empty()) met.push_back(k);
    rows_[k].push_back(batch.row[i]);
  }
  for (const std::uint32_t k : met) {
    Table& table = tables_[own[k]];
    const std::vector<Batch::Column>& columns = batch.tables[k].columns;
    if (table.rows == 0) filled_.push_back(own[k]);
    table.columns.resize((*batch.kinds)[k].fields.size());
    for (std::size_t i = 0; i < table.columns.size() && i < columns.size(); ++i) {
      append_cells(batch, columns[i], rows_[k], table.columns[i]);
    }
    table.rows += static_cast<std::uint32_t>(rows_[k].size());
    cells_ += rows_[k].size() * table.columns.size();
    rows_[k].clear();
  }
}

void PendingBlock::append_cells(const Batch& batch, const Batch::Column& from,
                                const std::vector<std::uint32_t>& which, Column& to) {
  to.form = from.form;
  if (from.form == Want::nothing) return;
  if (!from.unknown.empty() || !to.unknown.empty()) {
    to.unknown.resize(to.cells.size());
    for (const std::uint32_t row : which) {
      to.unknown.push_back(from.unknown.empty() ? 0 : from.unknown[row]);
    }
  }
  for (const std::uint32_t row : which) {
    const bool unknown = !from.unknown.empty() && from.unknown[row] != 0;
    if (from.form == Want::text) {
      to.cells.push_back(texts_.number(unknown ? std::string_view() : batch.text(from.cells[row])));
    } else if (unknown) {  // any value will do: one that does not widen the column
      to.cells.push_back(to.cells.empty() ? 0 : to.cells.back());
    } else {
      to.cells.push_back(from.cells[row]);
    }
  }
}

void PendingBlock::pack(const std::vector<RecordedKind>& kinds, std::uint64_t number,
                        std::string& front, std::string& columns) {
  std::sort(filled_.begin(), filled_.end());
  PackedColumns packed(texts_, number);
  packed.add(Form::integer, time_);
  packed.add(Form::integer, cpu_);
  packed.add(Form::integer, tid_);
  packed.add(Form::integer, kind_);
  if (!tgid_.empty()) packed.add(Form::integer, tgid_);
  if (!comm_.empty()) packed.add_texts(comm_);
  for (const std::uint32_t k : filled_) {
    for (std::size_t i = 0; i < tables_[k].columns.size(); ++i) {
      const Column& column = tables_[k].columns[i];
      const bool word = kinds[k].fields[i].form == RecordedField::Form::word;
      if (column.form == Want::nothing) {
        packed.add_none();
      } else if (column.form == Want::integer) {
        packed.add(word ? Form::decimal : Form::integer, column.cells, column.unknown);
      } else if (word) {
        packed.add_words(column.cells, column.unknown);
      } else {
        packed.add_texts(column.cells, column.unknown);
      }
    }
  }
  std::string entries;
  front.clear();
  packed.finish(entries, columns);
  append(front, static_cast<std::uint32_t>(time_.size()));
  append(front, static_cast<std::uint32_t>(holes_.size()));
  append(front, static_cast<std::uint32_t>(filled_.size()));
  append(front, static_cast<std::uint32_t>(packed.used()));
  append(front, static_cast<std::uint32_t>(packed.text_bytes));
  append(front, (tgid_.empty() ? 0U : kHasTgid) | (comm_.empty() ? 0U : kHasComm));
  for (const Batch::Hole& hole : holes_) {
    append(front, hole.before);
    append(front, hole.cpu);
    append(front, std::uint64_t{hole.opens});
    append(front, hole.lost);
    append(front, hole.time);
  }
  for (const std::uint32_t k : filled_) {
    append(front, k);
    append(front, tables_[k].rows);
  }
  front += entries;
  for (auto* const column : {&time_, &cpu_, &tid_, &kind_, &tgid_, &comm_}) column->clear();
  for (const std::uint32_t k : filled_) tables_[k] = {};
  filled_.clear();
  holes_.clear();
  texts_.clear();
  cells_ = 0;
}

}  // namespace

struct BinaryWriter::State {
  State(NewFile made, std::string its_clock) : file(std::move(made)), clock(std::move(its_clock)) {}

  void write_block(std::uint32_t type, std::string front, std::string_view columns = {});
  void begin(const Recording* names);
  Result<std::uint32_t> number_of(const RecordedKind& kind);
  Result<> put(const Batch& batch, const Recording& names);
  Result<> put_events(const Batch& batch, std::size_t from, std::size_t to, bool heavy);
  void name_threads(const Batch& batch, const Recording& names);
  Result<> flush();

  NewFile file;
  std::string clock;
  bool begun = false;
  std::uint64_t blocks = 0, events = 0, holes = 0;         // that were written
  std::vector<RecordedKind> kinds;                         // likewise
  std::unordered_map<std::string, std::uint32_t> numbers;  // by their description
  std::size_t fields = 0, names_size = 0;
  std::unordered_set<std::uint32_t> named;  // threads
  std::vector<std::uint32_t> own;           // our number of a kind, by that of the batch
  PendingBlock pending;
};

void BinaryWriter::State::write_block(std::uint32_t type, std::string front,
                                      std::string_view columns) {
  front.resize(padded(front.size()));
  std::string frame;
  append(frame, type);
  append(frame, static_cast<std::uint32_t>(front.size()));
  append(frame, static_cast<std::uint32_t>(columns.size()));
  append(frame, check_of_front(front, blocks++, type, static_cast<std::uint32_t>(columns.size())));
  file.put(frame);
  file.put(front);
  file.put(columns);
}

void BinaryWriter::State::begin(const Recording* names) {
  begun = true;
  std::string head(kMagic);
  append(head, kVersion);
  append(head, std::uint32_t{0});
  file.put(head);

  std::vector<RecordedKind> all;
  if (names != nullptr && names->describes_itself()) all = names->all_kinds();
  std::string description, list;
  std::size_t size = 0;
  bool fits = all.size() <= kMostKinds;
  append(list, static_cast<std::uint32_t>(all.size()));
  for (const RecordedKind& one : all) {
    description = described(one);
    size += one.fields.size();
    fits = fits && !description.empty();
    list += description;
  }
  // A recording with more kinds than fit all the same says only which events it has.
  const bool knows_all = fits && size <= kMostFields && padded(list.size()) <= kMostNames &&
                         names != nullptr && names->describes_itself();
  std::string front;
  append(front, knows_all ? kAllKinds : 0U);
  append_string(front, std::string_view(clock).substr(0, kMostString));
  const std::string from = names != nullptr ? names->format() : std::string();
  append_string(front, std::string_view(from).substr(0, kMostString));
  write_block(kHead, front);
  if (!knows_all) return;
  for (RecordedKind& one : all) {
    numbers.try_emplace(described(one), static_cast<std::uint32_t>(kinds.size()));
    kinds.push_back(std::move(one));
  }
  fields = size;
  names_size = padded(list.size());
  write_block(kKinds, list);
}

/// Our number of a kind, which is described now if this is the first event of it.
Result<std::uint32_t> BinaryWriter::State::number_of(const RecordedKind& kind) {
  const std::string description = described(kind);
  const auto known = numbers.find(description);
  if (known != numbers.end()) return known->second;
  std::string front;
  append(front, std::uint32_t{1});
  front += description;
  fields += kind.fields.size();
  names_size += padded(front.size());
  if (description.empty() || kinds.size() == kMostKinds || fields > kMostFields ||
      names_size > kMostNames) {
    return Error(ErrorCode::exhausted,
                 cat("more kinds of events, or longer names, than a recording "
                     "may have: the one that is too many is ",
                     escape(kind.name.substr(0, 256))));
  }
  const auto number = static_cast<std::uint32_t>(kinds.size());
  numbers.emplace(description, number);
  kinds.push_back(kind);
  write_block(kKinds, front);
  return number;
}

Result<> BinaryWriter::State::put(const Batch& batch, const Recording& names) {
  if (!begun) begin(&names);
  if (batch.size() == 0 && batch.holes.empty()) return {};
  bool heavy = batch.bytes.size() > kMuchText;
  own.resize(batch.kinds == nullptr ? 0 : batch.kinds->size());
  std::vector<std::uint32_t> used;
  for (std::size_t k = 0; k < own.size() && k < batch.tables.size(); ++k) {
    if (batch.tables[k].rows == 0) continue;
    const RecordedKind& its = (*batch.kinds)[k];
    if (own[k] >= kinds.size() || kinds[own[k]] != its) {
      SWERVE_TRY_ASSIGN(own[k], number_of(its));
    }
    used.push_back(own[k]);
    heavy = heavy || its.fields.size() > kManyFields;
  }
  // Two kinds of the batch that are the same to us: their rows must be put in order.
  std::sort(used.begin(), used.end());
  heavy = heavy || std::adjacent_find(used.begin(), used.end()) != used.end();
  name_threads(batch, names);
  if (!pending.fits(batch, own)) SWERVE_TRY(flush());

  std::size_t at = 0;
  for (const Batch::Hole& hole : batch.holes) {
    SWERVE_TRY(put_events(batch, at, hole.before, heavy));
    at = hole.before;
    if (pending.holes() == kMostHoles) SWERVE_TRY(flush());
    pending.add(hole);
  }
  return put_events(batch, at, batch.size(), heavy);
}

Result<> BinaryWriter::State::put_events(const Batch& batch, std::size_t from, std::size_t to,
                                         bool heavy) {
  while (from < to) {
    if (pending.full()) SWERVE_TRY(flush());
    const std::size_t next = std::min(to, from + (heavy ? 1 : pending.room()));
    pending.add(batch, from, next, own);
    from = next;
  }
  return {};
}

/// Writes what `names` knows of threads that are met for the first time.
void BinaryWriter::State::name_threads(const Batch& batch, const Recording& names) {
  std::array<std::uint64_t, 4096> asked{};  // not twice in a row: a few threads have most events
  std::string list;
  std::uint32_t count = 0;
  const auto ask = [&](std::uint64_t id) {
    if (id >= kNoThread || asked[id % asked.size()] == id + 1) return;
    asked[id % asked.size()] = id + 1;
    const auto tid = static_cast<std::uint32_t>(id);
    if (named.size() == kMostThreads || named.contains(tid)) return;
    const std::string_view comm = names.comm(tid).substr(0, kMostString);
    const std::uint32_t tgid = names.tgid(tid);
    if (comm.empty() && tgid == kNoProcess) return;
    named.insert(tid);
    append(list, tid);
    append(list, tgid);
    append_string(list, comm);
    ++count;
    if (list.size() > kMostBlock / 2) {
      std::string front;
      append(front, count);
      write_block(kThreads, front + list);
      list.clear();
      count = 0;
    }
  };
  for (const std::uint32_t tid : batch.tid) ask(tid);
  for (std::size_t k = 0; k < batch.tables.size(); ++k) {
    const Batch::Table& table = batch.tables[k];
    for (std::size_t i = 0; table.rows != 0 && i < table.columns.size(); ++i) {
      if (table.columns[i].form != Want::integer) continue;
      if (!names_thread((*batch.kinds)[k].fields[i])) continue;
      for (const std::uint64_t id : table.columns[i].cells) ask(id);
    }
  }
  if (count == 0) return;
  std::string front;
  append(front, count);
  write_block(kThreads, front + list);
}

Result<> BinaryWriter::State::flush() {
  if (pending.empty()) return {};
  events += pending.events();
  holes += pending.holes();
  std::string front, columns;
  pending.pack(kinds, blocks, front, columns);
  if (front.size() + columns.size() > kMostBlock) {
    return Error(ErrorCode::exhausted, "an event is larger than a recording can have");
  }
  write_block(kEvents, std::move(front), columns);
  return {};
}

BinaryWriter::BinaryWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
BinaryWriter::BinaryWriter(BinaryWriter&&) noexcept = default;
BinaryWriter::~BinaryWriter() = default;

Result<BinaryWriter> BinaryWriter::create(const std::string& path, const std::string& clock) {
  SWERVE_TRY_ASSIGN(NewFile file, path == "-" ? NewFile::standard_output() : NewFile::make(path));
  return BinaryWriter(std::make_unique<State>(std::move(file), clock));
}

Result<> BinaryWriter::put(const Batch& batch, const Recording& names) {
  SWERVE_TRY(state_->put(batch, names));
  if (state_->file.failed()) return state_->file.commit();
  return {};
}

Result<> BinaryWriter::finish() {
  State& state = *state_;
  if (!state.begun) state.begin(nullptr);
  SWERVE_TRY(state.flush());
  std::string front;
  append(front, state.events);
  append(front, state.holes);
  state.write_block(kDone, front);
  return state.file.commit();
}

}  // namespace swerve
