#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <numeric>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/wide.h"
#include "source/batch_builder.h"
#include "source/binary.h"
#include "source/binary_format.h"

namespace swerve {

namespace {

using namespace binary;

/// Fields of a block's front, one after the other. The front is checked by its sum, and may still
/// have been made by anybody: what goes beyond its end is zero, and ok() false from then on.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  T number() {
    if (bytes_.size() < sizeof(T)) {
      ok_ = false;
      bytes_ = {};
      return 0;
    }
    const T out = load<T>(bytes_.data());
    bytes_.remove_prefix(sizeof(T));
    return out;
  }
  std::string_view string() {
    const auto size = number<std::uint16_t>();
    if (bytes_.size() < size) ok_ = false;
    const std::string_view out = bytes_.substr(0, size);
    bytes_.remove_prefix(out.size());
    return out;
  }
  bool ok() const { return ok_; }
  std::size_t left() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

template <typename Raw, typename Out>
SWERVE_WIDE void widen(const char* from, std::uint64_t base, std::size_t rows,
                       Out* __restrict out) {
  for (std::size_t i = 0; i < rows; ++i) {
    out[i] = static_cast<Out>(base + load<Raw>(from + i * sizeof(Raw)));
  }
}

template <typename Out>
void widen(std::size_t width, const char* from, std::uint64_t base, std::size_t rows, Out* out) {
  switch (width) {
    case 0:
      std::fill_n(out, rows, static_cast<Out>(base));
      break;
    case 1:
      widen<std::uint8_t>(from, base, rows, out);
      break;
    case 2:
      widen<std::uint16_t>(from, base, rows, out);
      break;
    case 4:
      widen<std::uint32_t>(from, base, rows, out);
      break;
    default:
      widen<std::uint64_t>(from, base, rows, out);
  }
}

/// The values of a column. `from` has packed_size() bytes; they may change while they are read.
template <typename Out>
void unpack(const Packing& p, const char* from, std::size_t rows, Out* __restrict out) {
  if (p.in_table == 0) return widen(p.width, from, p.base, rows, out);
  std::array<Out, 256> table;
  table.fill(static_cast<Out>(p.base));
  widen(p.width, from, p.base, p.in_table, table.data());
  from += padded(std::size_t{p.in_table} * p.width);
  std::size_t i = 0;
  for (; i + 8 <= rows; i += 8) {  // eight indexes in one load
    auto indexes = load<std::uint64_t>(from + i);
    for (std::size_t j = 0; j < 8; ++j, indexes >>= 8) out[i + j] = table[indexes & 0xff];
  }
  for (; i < rows; ++i) out[i] = table[static_cast<std::uint8_t>(from[i])];
}

template <typename Raw>
SWERVE_WIDE std::uint64_t largest(const char* from, std::size_t rows) {
  Raw out = 0;
  for (std::size_t i = 0; i < rows; ++i) out = std::max(out, load<Raw>(from + i * sizeof(Raw)));
  return out;
}

/// Whether all values that unpack() would give are below a limit. (May be false where only the
/// column's table has a value that is not.)
bool all_below(const Packing& p, const char* from, std::size_t rows, std::uint64_t limit) {
  if (rows == 0) return true;
  if (p.base >= limit) return false;
  // Indexes beyond the table give the base alone.
  const std::size_t numbers = p.in_table != 0 ? p.in_table : rows;
  switch (p.width) {
    case 0:
      return true;
    case 1:
      return largest<std::uint8_t>(from, numbers) < limit - p.base;
    case 2:
      return largest<std::uint16_t>(from, numbers) < limit - p.base;
    case 4:
      return largest<std::uint32_t>(from, numbers) < limit - p.base;
    default:
      return largest<std::uint64_t>(from, numbers) < limit - p.base;
  }
}

/// What is known of threads apart from the events. It may be asked by any thread; what was once
/// said stays.
class ThreadTable {
 public:
  /// False: that is one too many.
  bool add(std::uint32_t tid, std::uint32_t tgid, std::string_view comm) {
    const std::lock_guard lock(mutex_);
    if (threads_.size() >= kMostThreads) return false;
    threads_.try_emplace(tid, tgid, comm);
    return true;
  }
  std::string_view comm(std::uint32_t tid) const {
    const std::lock_guard lock(mutex_);
    const auto at = threads_.find(tid);
    return at == threads_.end() ? std::string_view() : at->second.comm;
  }
  std::uint32_t tgid(std::uint32_t tid) const {
    const std::lock_guard lock(mutex_);
    const auto at = threads_.find(tid);
    return at == threads_.end() ? kNoProcess : at->second.tgid;
  }

 private:
  struct Known {
    Known(std::uint32_t id, std::string_view name) : tgid(id), comm(name) {}
    std::uint32_t tgid;
    std::string comm;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::uint32_t, Known> threads_;
};

class BinaryReader final : public Recording {
 public:
  BinaryReader(std::unique_ptr<Input> input, const Interest& interest)
      : input_(std::move(input)), interest_(interest), mapped_(input_->mapped()) {}

  Result<> open();
  Result<bool> next(Batch& out) override;

  std::string format() const override {
    return cat("Swerve's recording, version ", kVersion,
               made_from_.empty() ? "" : cat(", of ", escape(made_from_)));
  }
  std::string clock() const override { return clock_; }
  bool describes_itself() const override { return describes_itself_; }
  std::vector<RecordedKind> all_kinds() const override { return all_kinds_; }
  std::string_view comm(std::uint32_t tid) const override { return threads_.comm(tid); }
  std::uint32_t tgid(std::uint32_t tid) const override { return threads_.tgid(tid); }
  std::uint64_t total_bytes() const override { return input_->total(); }

 private:
  struct Block {
    std::uint32_t type = 0;
    std::string_view front;
    std::string_view columns;
  };
  struct Column {
    Packing packing;
    std::size_t rows = 0;
    std::uint64_t number = 0;  // in the block
    std::string_view bytes;
  };
  struct Table {
    std::uint32_t kind = 0;
    std::uint32_t rows = 0;
    std::size_t first = 0;  // of its columns, in columns_
    bool wanted = false;
  };

  Error broken(std::string_view what) const;
  Result<std::string_view> take(std::size_t size);
  void forget_before(std::uint64_t byte);
  Result<Block> take_block();
  void count(Batch& out) const;
  Result<> read_kinds(std::string_view front);
  Result<> read_threads(std::string_view front);
  Result<> read_end(std::string_view front);
  Result<> read_events(const Block& block, Batch& out);
  Result<> read_front(const Block& block, Batch& out);
  Result<> read_holes(Fields& fields, std::uint32_t count, Batch& out);
  Result<> read_entries(Fields& fields, std::string_view bytes, std::uint32_t text_bytes);
  Result<> read_by_event(Batch& out);
  Result<> number_rows(Batch& out);
  Result<> read_table(const Table& table, Batch& out);
  Result<> read_field(const Column& column, const RecordedField& field, Want want, Batch& batch,
                      Batch::Column& out);
  void leave_out_unwanted(Batch& out);

  Result<> verify(const Column& column) const;
  template <typename Out>
  Result<> read_numbers(const Column& column, std::vector<Out>& out);
  Result<> read_texts(Batch& out);
  Result<> read_text_cells(Column column, Batch& batch, std::vector<std::uint64_t>& out);
  Result<> read_words_as_integers(const Column& column, Batch& batch, Batch::Column& out);
  static void write_digits(const Column& column, Batch& batch, std::vector<std::uint64_t>& cells);

  const std::unique_ptr<Input> input_;
  const Interest& interest_;
  // A file is read where it lies in memory; what was read of it is forgotten, some blocks at once.
  const std::string_view mapped_;  // empty: the input cannot be mapped, and is read into buffer_
  std::uint64_t forgotten_ = 0;    // bytes of it
  static constexpr std::size_t kForgetAtOnce = 512U << 10;
  std::string buffer_;
  std::uint64_t offset_ = 0;    // bytes taken
  std::uint64_t block_at_ = 0;  // where the block that is being read begins
  std::uint64_t blocks_ = 0;    // taken
  bool ended_ = false;

  std::string clock_, made_from_;
  bool describes_itself_ = false;
  std::vector<RecordedKind> all_kinds_;
  std::vector<RecordedKind> kinds_;
  std::size_t fields_ = 0, names_ = 0;    // of all kinds
  std::vector<std::vector<Want>> wants_;  // by kind
  std::vector<std::uint8_t> wanted_;      // by kind: whether wants_ has any
  /// kinds_, as batches have them.
  std::shared_ptr<const std::vector<RecordedKind>> published_ =
      std::make_shared<const std::vector<RecordedKind>>();
  ThreadTable threads_;
  std::uint64_t events_ = 0, holes_ = 0;

  // Of the block that is being read.
  std::size_t events_here_ = 0;
  std::vector<Table> tables_;
  std::vector<Column> columns_;  // of the tables
  Column text_sizes_, text_bytes_, time_, cpu_, tid_, kind_, tgid_, comm_;
  bool has_tgid_ = false, has_comm_ = false, texts_read_ = false;
  std::vector<std::uint32_t> next_row_;  // by kind
  std::vector<std::uint32_t> kept_;      // numbers of the events that are wanted
};

Error BinaryReader::broken(std::string_view what) const {
  return Error(ErrorCode::invalid, cat("byte ", block_at_, ": ", what));
}

/// The next bytes, exactly so many, until the next call. Fewer are an error.
Result<std::string_view> BinaryReader::take(std::size_t size) {
  std::string_view bytes;
  if (!mapped_.empty()) {
    bytes = mapped_.substr(offset_, size);
  } else {
    if (buffer_.size() < size) buffer_.resize(size);
    SWERVE_TRY_ASSIGN(const std::size_t got, input_->read(buffer_.data(), size));
    bytes = std::string_view(buffer_).substr(0, got);
  }
  offset_ += bytes.size();
  if (bytes.size() < size) {
    return broken(
        cat("the recording was cut off: it ends at byte ", offset_, ", without its end mark"));
  }
  return bytes;
}

/// Nothing before this byte is read again.
void BinaryReader::forget_before(std::uint64_t byte) {
  if (mapped_.empty() || byte - forgotten_ < kForgetAtOnce) return;
  input_->forget(mapped_.substr(forgotten_, byte - forgotten_));
  forgotten_ = byte;
}

Result<BinaryReader::Block> BinaryReader::take_block() {
  block_at_ = offset_;
  forget_before(block_at_);
  SWERVE_TRY_ASSIGN(const std::string_view frame, take(kFrame));
  Fields fields(frame);
  Block block;
  block.type = fields.number<std::uint32_t>();
  const std::size_t front = fields.number<std::uint32_t>();
  const std::size_t columns = fields.number<std::uint32_t>();
  const auto check = fields.number<std::uint32_t>();
  if (front % 8 != 0 || columns % 8 != 0 || front + columns > kMostBlock) {
    return broken("damaged: no block has such a size");
  }
  SWERVE_TRY_ASSIGN(const std::string_view bytes, take(front + columns));
  block.front = bytes.substr(0, front);
  block.columns = bytes.substr(front);
  if (check !=
      check_of_front(block.front, blocks_, block.type, static_cast<std::uint32_t>(columns))) {
    return broken("damaged: the sum of the block is wrong");
  }
  ++blocks_;
  return block;
}

Result<> BinaryReader::open() {
  SWERVE_TRY_ASSIGN(const std::string_view head, take(kFileHead));
  if (!head.starts_with(kMagic)) return broken("not one of Swerve's recordings");
  const auto version = load<std::uint32_t>(head.data() + kMagic.size());
  if (version != kVersion || load<std::uint32_t>(head.data() + kMagic.size() + 4) != 0) {
    return broken(
        cat("version ", version, " of the format, but this swerve reads version ", kVersion));
  }
  SWERVE_TRY_ASSIGN(const Block block, take_block());
  Fields fields(block.front);
  describes_itself_ = (fields.number<std::uint32_t>() & kAllKinds) != 0;
  clock_ = fields.string();
  made_from_ = fields.string();
  if (block.type != kHead || !fields.ok()) return broken("the first block is not the head");
  if (describes_itself_) {
    SWERVE_TRY_ASSIGN(const Block kinds, take_block());
    if (kinds.type != kKinds) return broken("the kinds of all events do not come first");
    SWERVE_TRY(read_kinds(kinds.front));
    all_kinds_ = kinds_;
  }
  return {};
}

Result<bool> BinaryReader::next(Batch& out) {
  while (!ended_) {
    Result<Block> taken = take_block();
    Result<> done;
    if (!taken) {
      done = std::move(taken).error();
    } else if (taken->type == kKinds) {
      done = read_kinds(taken->front);
    } else if (taken->type == kThreads) {
      done = read_threads(taken->front);
    } else if (taken->type == kDone) {
      ended_ = true;
      done = read_end(taken->front);
    } else if (taken->type == kEvents) {
      done = read_events(*taken, out);
      if (done) return true;
    } else {
      done = broken("a block of a type that is not known");
    }
    if (!done) {
      ended_ = true;
      out.clear();
      count(out);
      if (input_->cut_short()) return broken("the file was cut short while it was read");
      return std::move(done).error();
    }
  }
  out.clear();
  count(out);
  return false;
}

void BinaryReader::count(Batch& out) const {
  out.bytes_read = mapped_.empty() ? input_->taken() : offset_;
  out.events_read = events_;
  out.late = 0;
  out.not_understood = 0;
}

Result<> BinaryReader::read_kinds(std::string_view front) {
  names_ += front.size();
  if (names_ > kMostNames) return broken("more names of kinds than a recording may have");
  Fields fields(front);
  const auto count = fields.number<std::uint32_t>();
  for (std::uint32_t i = 0; i < count; ++i) {
    RecordedKind kind;
    kind.system = fields.string();
    kind.name = fields.string();
    const auto size = fields.number<std::uint32_t>();
    fields_ += size;
    if (!fields.ok() || kinds_.size() >= kMostKinds || fields_ > kMostFields) {
      return broken("wrong kinds of events, or more than a recording may have");
    }
    for (std::uint32_t f = 0; f < size && fields.ok(); ++f) {
      RecordedField field;
      field.name = fields.string();
      field.type = fields.string();
      const auto form = fields.number<std::uint8_t>();
      field.bytes = fields.number<std::uint8_t>();
      field.is_signed = fields.number<std::uint8_t>() != 0;
      const bool width = form != 0 || (field.bytes >= 1 && field.bytes <= 8);
      if (!fields.ok() || form > static_cast<std::uint8_t>(RecordedField::Form::other) || !width) {
        return broken(cat("a wrong field of ", escape(kind.name)));
      }
      field.form = static_cast<RecordedField::Form>(form);
      kind.fields.push_back(std::move(field));
    }
    wants_.push_back(interest_.wants(kind));
    if (!wants_.back().empty()) {  // one more than there are fields does no harm, one fewer would
      wants_.back().resize(std::max(wants_.back().size(), kind.fields.size()), Want::nothing);
    }
    wanted_.push_back(wants_.back().empty() ? 0 : 1);
    kinds_.push_back(std::move(kind));
  }
  published_ = std::make_shared<const std::vector<RecordedKind>>(kinds_);
  return {};
}

Result<> BinaryReader::read_threads(std::string_view front) {
  Fields fields(front);
  const auto count = fields.number<std::uint32_t>();
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto tid = fields.number<std::uint32_t>();
    const auto tgid = fields.number<std::uint32_t>();
    const std::string_view comm = fields.string();
    if (!fields.ok()) return broken("a wrong list of threads");
    if (!threads_.add(tid, tgid, comm)) return broken("more threads than a recording may name");
  }
  return {};
}

Result<> BinaryReader::read_end(std::string_view front) {
  Fields fields(front);
  if (fields.number<std::uint64_t>() != events_ || fields.number<std::uint64_t>() != holes_ ||
      !fields.ok()) {
    return broken("the end mark counts other events than there were");
  }
  block_at_ = offset_;
  char byte = 0;
  std::size_t more = 0;
  if (mapped_.empty()) {
    SWERVE_TRY_ASSIGN(more, input_->read(&byte, 1));
  } else {
    more = mapped_.size() - offset_;
  }
  return more != 0 ? broken("something follows the end of the recording") : Result<>();
}

Result<> BinaryReader::read_events(const Block& block, Batch& out) {
  SWERVE_TRY(read_front(block, out));
  SWERVE_TRY(read_by_event(out));
  for (const Table& table : tables_) {
    if (table.wanted) SWERVE_TRY(read_table(table, out));
  }
  leave_out_unwanted(out);

  events_ += events_here_;
  out.kinds = published_;
  count(out);
  return {};
}

/// Everything of the block but the columns: checked, so that the columns can be read without
/// further thought of their sizes.
Result<> BinaryReader::read_front(const Block& block, Batch& out) {
  Fields fields(block.front);
  events_here_ = fields.number<std::uint32_t>();
  const auto holes = fields.number<std::uint32_t>();
  const auto tables = fields.number<std::uint32_t>();
  text_sizes_.rows = fields.number<std::uint32_t>();
  const auto text_bytes = fields.number<std::uint32_t>();
  const auto flags = fields.number<std::uint32_t>();
  has_tgid_ = (flags & kHasTgid) != 0;
  has_comm_ = (flags & kHasComm) != 0;
  if (!fields.ok() || events_here_ > Batch::kMost || holes > kMostHoles || tables > events_here_ ||
      text_sizes_.rows > kMostTexts) {
    return broken("a wrong block of events");
  }
  SWERVE_TRY(read_holes(fields, holes, out));

  tables_.clear();
  std::size_t rows = 0, cells = 0, columns = 0;
  for (std::uint32_t i = 0; i < tables; ++i) {
    Table table;
    table.kind = fields.number<std::uint32_t>();
    table.rows = fields.number<std::uint32_t>();
    if (table.kind >= kinds_.size() || table.rows == 0 ||
        (i > 0 && table.kind <= tables_.back().kind)) {
      return broken("a wrong table of events");
    }
    table.first = columns;
    table.wanted = wanted_[table.kind] != 0;
    rows += table.rows;
    columns += kinds_[table.kind].fields.size();
    cells += kinds_[table.kind].fields.size() * table.rows;
    tables_.push_back(table);
  }
  if (rows != events_here_ || cells > kMostCells) return broken("wrong tables of events");
  columns_.resize(columns);
  return read_entries(fields, block.columns, text_bytes);
}

Result<> BinaryReader::read_holes(Fields& fields, std::uint32_t count, Batch& out) {
  out.holes.clear();
  std::uint32_t before = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    Batch::Hole hole;
    hole.before = fields.number<std::uint32_t>();
    hole.cpu = fields.number<std::uint32_t>();
    hole.opens = fields.number<std::uint64_t>() != 0;
    hole.lost = fields.number<std::uint64_t>();
    hole.time = fields.number<std::uint64_t>();
    if (!fields.ok() || hole.before < before || hole.before > events_here_) {
      return broken("a wrong mark of lost events");
    }
    before = hole.before;
    out.holes.push_back(hole);
  }
  holes_ += count;
  return {};
}

Result<> BinaryReader::read_entries(Fields& fields, std::string_view bytes,
                                    std::uint32_t text_bytes) {
  std::uint64_t number = 0;
  bool right = true;
  const auto entry = [&](Column& column, std::size_t rows, Form form) {
    Packing& p = column.packing;
    const auto written = fields.number<std::uint8_t>();
    p.width = fields.number<std::uint8_t>();
    p.unknown = fields.number<std::uint8_t>();
    p.in_table = fields.number<std::uint8_t>();
    p.check = fields.number<std::uint32_t>();
    p.base = fields.number<std::uint64_t>();
    p.form = static_cast<Form>(written);
    column.rows = rows;
    column.number = number++;
    right = right && written <= static_cast<std::uint8_t>(Form::text) && p.unknown <= 1 &&
            (p.width <= 2 || p.width == 4 || p.width == 8) &&
            (form == Form::none || (p.form == form && p.unknown == 0));
    const std::size_t size = right ? packed_size(p, rows) : 0;
    right = right && size <= bytes.size();
    column.bytes = bytes.substr(0, size);
    bytes.remove_prefix(column.bytes.size());
  };
  entry(text_sizes_, text_sizes_.rows, Form::integer);
  entry(text_bytes_, text_bytes, Form::integer);
  entry(time_, events_here_, Form::integer);
  entry(cpu_, events_here_, Form::integer);
  entry(tid_, events_here_, Form::integer);
  entry(kind_, events_here_, Form::integer);
  if (has_tgid_) entry(tgid_, events_here_, Form::integer);
  if (has_comm_) entry(comm_, events_here_, Form::text);
  for (const Table& table : tables_) {
    for (std::size_t i = 0; i < kinds_[table.kind].fields.size(); ++i) {
      entry(columns_[table.first + i], table.rows, Form::none);
    }
  }
  if (!fields.ok() || fields.left() != 0 || !right || !bytes.empty()) {
    return broken("wrong columns");
  }
  return {};
}

/// The vectors of `out` are not cleared, but made as long as they must be: to fill them with zeros
/// first would take as long as to read.
Result<> BinaryReader::read_by_event(Batch& out) {
  const bool any =
      std::any_of(tables_.begin(), tables_.end(), [](const Table& t) { return t.wanted; });
  const std::size_t events = any ? events_here_ : 0;
  out.time.resize(events);
  for (auto* const column : {&out.cpu, &out.tid, &out.kind, &out.row}) column->resize(events);
  out.tgid.resize(has_tgid_ ? events : 0);
  out.comm.resize(has_comm_ ? events : 0);
  out.bytes.clear();
  out.listed.clear();
  texts_read_ = false;

  std::size_t kept = 0;
  for (Batch::Table& table : out.tables) {
    for (Batch::Column& column : table.columns) kept += column.cells.capacity();
  }
  // A batch keeps its memory, and with ever new kinds that would grow with the recording.
  if (kept > 4 * kMostCells) out.tables = {};
  out.tables.resize(std::max(out.tables.size(), kinds_.size()));
  std::vector<std::uint32_t>& used = kept_;
  used.clear();
  for (std::size_t i = 0; i < out.tables.size(); ++i) {
    if (out.tables[i].rows != 0) used.push_back(static_cast<std::uint32_t>(i));
    out.tables[i].rows = 0;
  }
  for (const Table& table : tables_) {
    if (table.wanted) out.tables[table.kind].rows = table.rows;
  }
  for (const std::uint32_t i : used) {
    if (out.tables[i].rows != 0) continue;
    for (Batch::Column& column : out.tables[i].columns) {
      column.form = Want::nothing;
      column.cells.clear();
      column.unknown.clear();
    }
  }

  if (!any) return {};
  SWERVE_TRY(read_numbers(time_, out.time));
  SWERVE_TRY(read_numbers(cpu_, out.cpu));
  SWERVE_TRY(read_numbers(tid_, out.tid));
  SWERVE_TRY(read_numbers(kind_, out.kind));
  SWERVE_TRY(number_rows(out));
  if (has_tgid_) SWERVE_TRY(read_numbers(tgid_, out.tgid));
  if (has_comm_) SWERVE_TRY(read_text_cells(comm_, out, out.comm));
  return {};
}

/// The rows of events of two kinds, the commonest case: eight at a time, since which kind comes
/// next cannot be foretold. Answers how many are of the second kind; more than there are, if one is
/// of neither.
SWERVE_WIDE std::uint32_t number_rows_of_two(const std::vector<std::uint32_t>& kind,
                                             std::uint32_t first, std::uint32_t second,
                                             std::vector<std::uint32_t>& row) {
  // A flag an event, and how many flags there are before it: in its eight, and before these.
  std::array<std::uint8_t, Batch::kMost + 8> flag, before_here;
  std::array<std::uint32_t, Batch::kMost + 8> before;
  const auto events = static_cast<std::uint32_t>(kind.size());
  std::fill_n(&flag[events], 8, std::uint8_t{0});
  std::uint32_t others = 0, seconds = 0;
  for (std::uint32_t i = 0; i < events; ++i) {
    flag[i] = kind[i] != first ? 1 : 0;
    others |= flag[i] & static_cast<std::uint32_t>(kind[i] != second);
  }
  for (std::uint32_t i = 0; i < events; i += 8) {
    const auto flags = load<std::uint64_t>(&flag[i]);
    const std::uint64_t up_to = flags * 0x0101010101010101;  // each byte: the sum of those up to it
    store(&before_here[i], up_to - flags);
    for (std::uint32_t j = 0; j < 8; ++j) before[i + j] = seconds;
    seconds += static_cast<std::uint32_t>(up_to >> 56);
  }
  for (std::uint32_t i = 0; i < events; ++i) {
    const std::uint32_t of_second = before[i] + before_here[i], of_first = i - of_second;
    row[i] = of_first ^ ((of_first ^ of_second) & -std::uint32_t{flag[i]});
  }
  return others != 0 ? events + 1 : seconds;
}

/// The row of an event is how many of its kind stand before it. The kinds are as many as the tables
/// say, so none is of another kind.
Result<> BinaryReader::number_rows(Batch& out) {
  bool right = true;
  if (tables_.size() <= 2) {
    const std::uint32_t others = tables_.size() == 2 ? tables_[1].rows : 0;
    right = number_rows_of_two(out.kind, tables_[0].kind, tables_.back().kind, out.row) == others;
  } else {
    next_row_.assign(kinds_.size(), 0);
    for (std::size_t i = 0; i < out.kind.size() && right; ++i) {
      right = out.kind[i] < next_row_.size();
      if (right) out.row[i] = next_row_[out.kind[i]]++;
    }
    for (const Table& table : tables_) right = right && next_row_[table.kind] == table.rows;
  }
  return right ? Result<>() : broken("the kinds of the events do not fit their tables");
}

Result<> BinaryReader::read_table(const Table& table, Batch& out) {
  const RecordedKind& kind = kinds_[table.kind];
  std::vector<Batch::Column>& columns = out.tables[table.kind].columns;
  columns.resize(kind.fields.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    SWERVE_TRY(read_field(columns_[table.first + i], kind.fields[i], wants_[table.kind][i], out,
                          columns[i]));
  }
  return {};
}

Result<> BinaryReader::read_field(const Column& column, const RecordedField& field, Want want,
                                  Batch& batch, Batch::Column& out) {
  using F = RecordedField::Form;
  if (want == Want::nothing || field.form == F::other) {
    out.form = Want::nothing;
    out.cells.clear();
    out.unknown.clear();
    return {};
  }
  const Form form = column.packing.form;
  const bool text_wanted = want == Want::text || (want == Want::either && form == Form::text);
  const bool as_text = field.form == F::text || (field.form == F::word && text_wanted);
  out.form = as_text ? Want::text : Want::integer;
  out.cells.resize(column.rows);
  out.unknown.clear();
  if (form == Form::none) {
    std::fill(out.cells.begin(), out.cells.end(), 0);
    out.unknown.assign(column.rows, 1);
    return {};
  }
  const bool digits = form == Form::decimal || form == Form::negative_decimal;
  const bool fits = field.form == F::integer ? form == Form::integer
                    : field.form == F::text  ? form == Form::text
                                             : form == Form::text || digits;
  if (!fits) return broken(cat("a column of the wrong form for ", escape(field.name)));

  if (column.packing.unknown != 0) {
    SWERVE_TRY(verify(column));
    const std::string_view flags = column.bytes.substr(column.bytes.size() - padded(column.rows));
    out.unknown.resize(column.rows);
    for (std::size_t i = 0; i < column.rows; ++i) out.unknown[i] = flags[i] != 0 ? 1 : 0;
  }
  if (form != Form::text) {
    SWERVE_TRY(read_numbers(column, out.cells));
    if (as_text) write_digits(column, batch, out.cells);
    return {};
  }
  return as_text ? read_text_cells(column, batch, out.cells)
                 : read_words_as_integers(column, batch, out);
}

void BinaryReader::leave_out_unwanted(Batch& out) {
  const bool all =
      std::all_of(tables_.begin(), tables_.end(), [](const Table& table) { return table.wanted; });
  if (all) return;
  kept_.resize(out.kind.size());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < out.kind.size(); ++i) {
    kept_[kept] = static_cast<std::uint32_t>(i);
    kept += wanted_[out.kind[i]];
  }
  kept_.resize(kept);
  const auto keep = [this](auto& column) {
    if (column.empty()) return;
    for (std::size_t i = 0; i < kept_.size(); ++i) column[i] = column[kept_[i]];
    column.resize(kept_.size());
  };
  for (auto* const column : {&out.time, &out.comm}) keep(*column);
  for (auto* const column : {&out.cpu, &out.tid, &out.tgid, &out.kind, &out.row}) keep(*column);
  for (Batch::Hole& hole : out.holes) {
    hole.before = static_cast<std::uint32_t>(
        std::lower_bound(kept_.begin(), kept_.end(), hole.before) - kept_.begin());
  }
}

Result<> BinaryReader::verify(const Column& column) const {
  if (check_of(column.bytes, place(blocks_ - 1, column.number)) == column.packing.check) return {};
  return broken(cat("damaged: the sum of column ", column.number, " is wrong"));
}

/// The numbers of a column, as many as `out` is long.
template <typename Out>
Result<> BinaryReader::read_numbers(const Column& column, std::vector<Out>& out) {
  SWERVE_TRY(verify(column));
  unpack(column.packing, column.bytes.data(), out.size(), out.data());
  return {};
}

/// The list of texts, once a block: its bytes are those of the batch.
Result<> BinaryReader::read_texts(Batch& out) {
  if (texts_read_) return {};
  texts_read_ = true;
  if (text_bytes_.packing.width != 1 || text_bytes_.packing.in_table != 0) {
    return broken("a wrong list of texts");
  }
  SWERVE_TRY(verify(text_bytes_));
  std::size_t at = out.bytes.size();
  out.bytes += text_bytes_.bytes.substr(0, text_bytes_.rows);
  if (out.bytes.find('\0', at) != std::string::npos) return broken("a text with a NUL");
  out.listed.resize(text_sizes_.rows);
  SWERVE_TRY(read_numbers(text_sizes_, out.listed));
  for (std::uint64_t& text : out.listed) {
    const std::uint64_t size = text;
    if (size > out.bytes.size() - at) return broken("a wrong list of texts");
    text = Batch::text_cell(at, size);
    at += size;
  }
  return {};
}

Result<> BinaryReader::read_text_cells(Column column, Batch& batch,
                                       std::vector<std::uint64_t>& out) {
  SWERVE_TRY(read_texts(batch));
  SWERVE_TRY(verify(column));
  if (!all_below(column.packing, column.bytes.data(), out.size(), batch.listed.size()))
    return broken("a text that is not in the list");
  column.packing.base += Batch::kListed;
  unpack(column.packing, column.bytes.data(), out.size(), out.data());
  return {};
}

Result<> BinaryReader::read_words_as_integers(const Column& column, Batch& batch,
                                              Batch::Column& out) {
  SWERVE_TRY(read_text_cells(column, batch, out.cells));
  for (std::size_t i = 0; i < out.cells.size(); ++i) {
    std::uint64_t number = 0;
    if (!word_as_integer(batch.text(out.cells[i]), number)) {
      out.unknown.resize(out.cells.size());
      out.unknown[i] = 1;
    }
    out.cells[i] = number;
  }
  return {};
}

void BinaryReader::write_digits(const Column& column, Batch& batch,
                                std::vector<std::uint64_t>& cells) {
  const bool has_sign = column.packing.form == Form::negative_decimal;
  std::uint64_t last = 0, last_cell = 0;
  for (std::uint64_t& cell : cells) {
    if (last_cell == 0 || cell != last) {
      const std::string digits =
          has_sign ? std::to_string(static_cast<std::int64_t>(cell)) : std::to_string(cell);
      last = cell;
      last_cell = Batch::text_cell(batch.bytes.size(), digits.size());
      batch.bytes += digits;
    }
    cell = last_cell;
  }
}

}  // namespace

bool is_binary(std::string_view beginning) { return beginning.starts_with(kMagic); }

Result<std::unique_ptr<Recording>> open_binary(std::unique_ptr<Input> input,
                                               const Interest& interest) {
  auto reader = std::make_unique<BinaryReader>(std::move(input), interest);
  SWERVE_TRY(reader->open());
  return std::unique_ptr<Recording>(std::move(reader));
}

}  // namespace swerve
