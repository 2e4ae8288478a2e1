#include "source/tracedat/tracedat.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "source/tracedat/bytes.h"
#include "source/tracedat/file.h"
#include "source/tracedat/formats.h"
#include "source/tracedat/pages.h"
#include "source/tracedat/spool.h"

namespace swerve {

namespace tracedat {
namespace {

/// Of the commit field of a page.
constexpr std::uint64_t kMissedEvents = 1U << 31;
constexpr std::uint64_t kMissedStored = 1U << 30;

/// What the five bits of a record's type_len mean; up to 28 they are a length in words.
constexpr std::uint32_t kPadding = 29;
constexpr std::uint32_t kTimeExtend = 30;
constexpr std::uint32_t kTimeStamp = 31;
constexpr std::uint32_t kDeltaBits = 27;
/// An absolute time has 59 bits; those above are of the time before.
constexpr std::uint64_t kStampHigh = std::uint64_t{0x1f} << 59;

/// A batch ends early when it has looked at so many events (of which few were wanted), or when it
/// holds so many bytes of texts.
constexpr std::uint64_t kMostLookedAt = 1U << 18;
constexpr std::size_t kMostBytes = 8U << 20;
/// With more kinds than this, batches do not keep the memory of their tables.
constexpr std::size_t kManyKinds = 256;

/// So many bytes of a CPU's stream stay in memory behind what is read.
constexpr std::size_t kForget = 256U << 10;

constexpr std::uint32_t kNoFormat = 0xffffffff;

/// How one field of a record becomes a cell.
struct Getter {
  enum class Op : std::uint8_t { u8, s8, u16, s16, u32, s32, u64, chars, rest, data_loc, rel_loc };
  Op op;
  std::uint32_t column;
  std::uint32_t offset;
  std::uint32_t size;
};

Getter::Op number_op(std::uint32_t size, bool is_signed) {
  using Op = Getter::Op;
  switch (size) {
    case 1:
      return is_signed ? Op::s8 : Op::u8;
    case 2:
      return is_signed ? Op::s16 : Op::u16;
    case 4:
      return is_signed ? Op::s32 : Op::u32;
    default:
      return Op::u64;
  }
}

/// What becomes of the events of one format.
struct Plan {
  bool asked = false;
  bool wanted = false;
  std::uint32_t number = 0;  // of the kind, in batches
  std::uint32_t needs = 0;   // bytes of a record that has all the fields
  std::vector<Getter> getters;
};

/// A CPU's place in its stream.
struct Cursor {
  Cursor(PageSource& source, const StreamPlace& place)
      : pages(source, place), cpu(place.cpu), overrun(place.overrun), dropped(place.dropped) {}
  PageStream pages;
  std::uint32_t cpu;
  bool overrun;
  bool dropped;
  std::uint64_t counted = 0;  // of pages.taken()
  std::size_t forgotten = 0;  // of pages.done()

  const char* page = nullptr;  // its first byte
  const char* at = nullptr;    // what comes next in it
  const char* end = nullptr;   // of what was committed
  std::uint64_t stamp = 0;     // the running time, as recorded

  // The next event.
  std::uint64_t time = 0;
  const char* record = nullptr;
  std::uint32_t size = 0;

  // Events were lost in front of it.
  bool in_hole = false;
  bool lost_known = true;
  std::uint64_t lost = 0;
};

bool comes_first(const Cursor& a, const Cursor& b) {
  return a.time != b.time ? a.time < b.time : a.cpu < b.cpu;
}

class TraceDat final : public Recording {
 public:
  TraceDat(std::unique_ptr<Input> input, TraceFile file, Formats formats, const Interest& interest)
      : input_(std::move(input)),
        file_(std::move(file)),
        formats_(std::move(formats)),
        interest_(interest),
        source_{file_, Unpacker(file_.packing)},
        plans_(formats_.events.size()),
        by_id_(0x10000, kNoFormat) {
    for (std::uint32_t i = 0; i < formats_.events.size(); ++i) by_id_[formats_.events[i].id] = i;
    least_record_ = std::max(formats_.common.type.offset + formats_.common.type.size,
                             formats_.common.pid.offset + formats_.common.pid.size);
    taken_ = file_.bytes.size();
    for (const StreamPlace& place : file_.streams) {
      taken_ -= std::min<std::uint64_t>(taken_, place.size);
      cursors_.push_back(std::make_unique<Cursor>(source_, place));
    }
  }

  Result<bool> next(Batch& out) override {
    if (out.tables.size() > kManyKinds) out.tables.clear();
    out.clear();
    if (!started_) start(out);
    out.time.reserve(Batch::kMost);
    for (auto* const column : {&out.cpu, &out.tid, &out.kind, &out.row}) {
      column->reserve(Batch::kMost);
    }
    if (file_.swap) {
      fill<true>(out);
    } else {
      fill<false>(out);
    }
    // What nobody wants is told of, too: a batch may be empty.
    if (out.size() == 0 && out.holes.empty() && heap_.empty() && told_ == events_read_) {
      if (input_->cut_short()) {
        return Error(ErrorCode::io, "the file became shorter while it was read");
      }
      if (error_) return *error_;
      return false;
    }
    if (published_->size() < kinds_.size()) {
      published_ = std::make_shared<const std::vector<RecordedKind>>(kinds_);
    }
    out.kinds = published_;
    out.bytes_read = std::min<std::uint64_t>(taken_, file_.bytes.size());
    out.events_read = told_ = events_read_;
    out.not_understood = not_understood_;
    return true;
  }

  std::string format() const override {
    return cat("trace.dat version ", file_.version, file_.which);
  }
  std::string clock() const override { return file_.clock; }
  bool describes_itself() const override { return true; }
  std::vector<RecordedKind> all_kinds() const override {
    std::vector<RecordedKind> out;
    for (const EventFormat& format : formats_.events) out.push_back(format.kind);
    return out;
  }
  std::string_view comm(std::uint32_t tid) const override {
    const auto found = file_.comms.find(tid);
    return found == file_.comms.end() ? std::string_view() : found->second;
  }
  std::uint32_t tgid(std::uint32_t tid) const override {
    const auto found = file_.tgids.find(tid);
    return found == file_.tgids.end() ? kNoProcess : found->second;
  }
  std::uint64_t total_bytes() const override { return file_.bytes.size(); }

 private:
  enum class Step { event, page_end, wrong };

  // The order of events.

  /// Every CPU's first event, and the holes that are there from the beginning.
  void start(Batch& out) {
    started_ = true;
    for (const auto& cursor : cursors_) {
      cursor->in_hole = cursor->overrun || cursor->dropped;
      cursor->lost_known = !cursor->in_hole;
      if (find_event(*cursor)) heap_.push_back(cursor.get());
    }
    std::sort(heap_.begin(), heap_.end(),
              [](const Cursor* a, const Cursor* b) { return comes_first(*a, *b); });
    const std::uint64_t beginning = heap_.empty() ? 0 : heap_.front()->time;
    for (const auto& cursor : cursors_) {
      if (cursor->in_hole) open_hole(out, *cursor, beginning);
    }
  }

  void open_hole(Batch& out, const Cursor& cursor, std::uint64_t time) {
    out.holes.push_back({.before = static_cast<std::uint32_t>(out.size()),
                         .opens = true,
                         .cpu = cursor.cpu,
                         .time = time});
  }
  void close_hole(Batch& out, Cursor& cursor) {
    if (cursor.dropped) return;  // nobody knows when they were: it never ends
    out.holes.push_back({.before = static_cast<std::uint32_t>(out.size()),
                         .opens = false,
                         .cpu = cursor.cpu,
                         .lost = cursor.lost_known ? cursor.lost : 0,
                         .time = cursor.time});
    cursor.in_hole = false;
    cursor.lost = 0;
    cursor.lost_known = true;
  }

  template <bool kSwap>
  void fill(Batch& out) {
    const std::uint64_t enough = events_read_ + kMostLookedAt;
    while (!heap_.empty() && out.size() < Batch::kMost && events_read_ < enough &&
           out.bytes.size() < kMostBytes) {
      Cursor& cursor = *heap_.front();
      // As long as no other CPU comes before it the heap need not be touched.
      const Cursor* other = heap_.size() > 1 ? heap_[1] : nullptr;
      if (heap_.size() > 2 && comes_first(*heap_[2], *other)) other = heap_[2];
      do {
        if (cursor.in_hole) close_hole(out, cursor);
        deliver<kSwap>(out, cursor);
        if (step<kSwap>(cursor) == Step::event) continue;
        const std::uint64_t before = cursor.time;
        const bool was_in_hole = cursor.in_hole;
        const bool more = find_event(cursor);
        if (cursor.in_hole && !was_in_hole) open_hole(out, cursor, before);
        if (!more) {
          heap_.front() = heap_.back();
          heap_.pop_back();
          break;
        }
      } while ((other == nullptr || comes_first(cursor, *other)) && out.size() < Batch::kMost &&
               events_read_ < enough && out.bytes.size() < kMostBytes);
      sift_down();
    }
  }

  void sift_down() {
    std::size_t at = 0;
    for (;;) {
      std::size_t child = 2 * at + 1;
      if (child >= heap_.size()) return;
      if (child + 1 < heap_.size() && comes_first(*heap_[child + 1], *heap_[child])) ++child;
      if (!comes_first(*heap_[child], *heap_[at])) return;
      std::swap(heap_[at], heap_[child]);
      at = child;
    }
  }

  // The records of a CPU.

  /// The next event in the page; what is wrong is in error_.
  template <bool kSwap>
  Step step(Cursor& cursor) {
    const char* at = cursor.at;
    for (;;) {
      const auto left = static_cast<std::size_t>(cursor.end - at);
      if (left < 8) {
        cursor.at = at;
        // What is no record but has room for its first word must be a padding that says so.
        if (left == 0 || (left >= 4 && is_null_padding(load<std::uint32_t>(at, kSwap)))) {
          return Step::page_end;
        }
        return wrong(cursor, at, cat(left, " bytes are no record"));
      }
      const auto word = load<std::uint32_t>(at, kSwap);
      const std::uint32_t type = type_of(word);
      const std::uint32_t delta = delta_of(word);
      const auto second = load<std::uint32_t>(at + 4, kSwap);
      std::uint64_t length = 8;  // of the record with its header
      const char* data = at + 4;
      std::uint32_t size = type * 4;
      if (type == 0) {
        if (second < 4) return wrong(cursor, at, cat("a record of ", second, " bytes"));
        length = 4 + ((std::uint64_t{second} + 3) & ~std::uint64_t{3});
        data = at + 8;
        size = second - 4;
      } else if (type < kPadding) {
        length = size + 4;
      } else if (type == kPadding) {
        if (delta == 0) return wrong(cursor, at, "a padding to the end of the page, far from it");
        if (second < 4 || second % 4 != 0) {
          return wrong(cursor, at, cat("a padding of ", second, " bytes"));
        }
        length = std::uint64_t{second} + 4;
      }
      if (length > left) {
        return wrong(
            cursor, at,
            cat("a record of ", length, " bytes, but only ", left, " are committed behind it"));
      }
      if (type == kTimeStamp) {
        const std::uint64_t stamp = std::uint64_t{second} << kDeltaBits | delta;
        std::uint64_t whole = stamp | (cursor.stamp & kStampHigh);
        // The bits that are not recorded went up by one in between.
        if ((cursor.stamp & kStampHigh) != 0 && whole < cursor.stamp) whole += 1ULL << 59;
        cursor.stamp = whole;
      } else {
        cursor.stamp += type == kTimeExtend ? std::uint64_t{second} << kDeltaBits | delta : delta;
      }
      at += length;
      if (type >= kPadding) continue;
      if (size < least_record_) return wrong(cursor, data, cat("an event of ", size, " bytes"));
      cursor.size = size;
      cursor.record = data;
      cursor.time = file_.time.apply(cursor.stamp);
      cursor.at = at;
      return Step::event;
    }
  }

  std::uint32_t type_of(std::uint32_t word) const { return big_ ? word >> 27 : word & 31; }
  std::uint32_t delta_of(std::uint32_t word) const {
    return big_ ? word & ((1U << kDeltaBits) - 1) : word >> 5;
  }
  bool is_null_padding(std::uint32_t word) const {
    return type_of(word) == kPadding && delta_of(word) == 0;
  }

  Step wrong(Cursor& cursor, const char* at, std::string why) {
    fail(cursor, cat("byte ", at - cursor.page, ": ", why));
    return Step::wrong;
  }
  void fail(const Cursor& cursor, std::string_view why) {
    fail(Error(ErrorCode::invalid, cat(cursor.pages.where(), ", ", why)));
  }
  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }

  /// The next event of a CPU, over as many pages as it takes; false when there is none.
  bool find_event(Cursor& cursor) {
    for (;;) {
      switch (file_.swap ? step<true>(cursor) : step<false>(cursor)) {
        case Step::event:
          return true;
        case Step::wrong:
          return broken(cursor);
        case Step::page_end:
          break;
      }
      std::string_view page;
      Result<bool> more = cursor.pages.next(page);
      count(cursor);
      if (!more) {
        fail(std::move(more).error());
        return broken(cursor);
      }
      if (!*more) return false;
      if (!open_page(cursor, page)) return broken(cursor);
    }
  }

  /// How far it came; what is behind it need not stay in memory.
  void count(Cursor& cursor) {
    taken_ += cursor.pages.taken() - std::exchange(cursor.counted, cursor.pages.taken());
    const std::string_view done = cursor.pages.done();
    if (done.size() - cursor.forgotten < kForget) return;
    input_->forget(done.substr(cursor.forgotten));
    cursor.forgotten = done.size();
  }

  /// What comes after it on this CPU is lost.
  static bool broken(Cursor& cursor) {
    cursor.in_hole = true;
    return false;
  }

  /// False when it is damaged.
  bool open_page(Cursor& cursor, std::string_view page) {
    const PageLayout& layout = file_.page;
    cursor.page = page.data();
    if (page.size() < layout.data_offset) {
      fail(cursor, cat("byte 0: a page of ", page.size(), " bytes has no room for its header"));
      return false;
    }
    cursor.stamp = load<std::uint64_t>(page.data(), file_.swap);
    const char* const field = page.data() + layout.commit_offset;
    const std::uint64_t commit = layout.commit_bytes == 8 ? load<std::uint64_t>(field, file_.swap)
                                                          : load<std::uint32_t>(field, file_.swap);
    // The kernel adds the flags as an int: the highest one goes on to the end of a long.
    const std::uint64_t beyond = (commit & kMissedEvents) != 0 ? ~std::uint64_t{0} << 32 : 0;
    std::uint64_t size = commit & ~(kMissedEvents | kMissedStored);
    if ((size & beyond) == beyond) size -= beyond;
    const std::uint64_t room = page.size() - layout.data_offset;
    if (size > room) {
      fail(cursor, cat("byte ", layout.commit_offset, ": the commit size ", size,
                       " is larger than the page"));
      return false;
    }
    cursor.at = page.data() + layout.data_offset;
    cursor.end = cursor.at + size;
    if ((commit & kMissedEvents) != 0) {
      cursor.in_hole = true;
      // How many is stored behind the data, where there was room.
      if ((commit & kMissedStored) != 0 && room - size >= layout.commit_bytes) {
        cursor.lost += layout.commit_bytes == 8 ? load<std::uint64_t>(cursor.end, file_.swap)
                                                : load<std::uint32_t>(cursor.end, file_.swap);
      } else {
        cursor.lost_known = false;
      }
    }
    return true;
  }

  // What becomes of an event.

  template <bool kSwap>
  void deliver(Batch& out, const Cursor& cursor) {
    ++events_read_;
    const char* const record = cursor.record;
    const FieldPlace& type = formats_.common.type;
    const std::uint32_t id = type.size == 2 ? load<std::uint16_t>(record + type.offset, kSwap)
                                            : load<std::uint32_t>(record + type.offset, kSwap);
    const std::uint32_t number = id < by_id_.size() ? by_id_[id] : kNoFormat;
    if (number == kNoFormat) {
      ++not_understood_;
      return;
    }
    Plan& plan = plans_[number];
    if (!plan.asked) ask(plan, formats_.events[number]);
    if (!plan.wanted) return;
    if (out.tables.size() <= plan.number) out.tables.resize(plan.number + 1);
    Batch::Table& table = out.tables[plan.number];
    if (table.rows == 0) shape(table, plan, formats_.events[number].kind);
    out.time.push_back(cursor.time);
    out.cpu.push_back(cursor.cpu);
    out.tid.push_back(load<std::uint32_t>(record + formats_.common.pid.offset, kSwap));
    out.kind.push_back(plan.number);
    out.row.push_back(table.rows);
    ++table.rows;
    if (cursor.size >= plan.needs) [[likely]] {
      for (const Getter& getter : plan.getters) {
        put<kSwap>(out, table.columns[getter.column], getter, record, cursor.size);
      }
      return;
    }
    for (const Getter& getter : plan.getters) {
      Batch::Column& column = table.columns[getter.column];
      if (std::uint64_t{getter.offset} + getter.size <= cursor.size) {
        put<kSwap>(out, column, getter, record, cursor.size);
      } else {
        put_unknown(column);
      }
    }
  }

  /// Asks what is wanted of a kind, at its first event.
  void ask(Plan& plan, const EventFormat& format) {
    plan.asked = true;
    const std::vector<Want> wants = interest_.wants(format.kind);
    plan.wanted = !wants.empty();
    if (!plan.wanted) return;
    plan.number = static_cast<std::uint32_t>(kinds_.size());
    kinds_.push_back(format.kind);
    for (std::uint32_t i = 0; i < std::min(wants.size(), format.places.size()); ++i) {
      const FieldPlace& place = format.places[i];
      if (wants[i] == Want::nothing || place.how == FieldPlace::How::none) continue;
      Getter getter{Getter::Op::rest, i, place.offset, place.size};
      switch (place.how) {
        case FieldPlace::How::number:
          getter.op = number_op(place.size, format.kind.fields[i].is_signed);
          break;
        case FieldPlace::How::chars:
          getter.op = Getter::Op::chars;
          break;
        case FieldPlace::How::data_loc:
          getter.op = Getter::Op::data_loc;
          break;
        case FieldPlace::How::rel_loc:
          getter.op = Getter::Op::rel_loc;
          break;
        default:
          break;
      }
      // A place that goes around is beyond every record.
      if (place.offset + place.size < place.offset) getter.size = 0, getter.offset = ~0U;
      plan.needs = std::max(plan.needs, getter.offset + getter.size);
      plan.getters.push_back(getter);
    }
  }

  /// The columns of a kind that comes for the first time in this batch.
  static void shape(Batch::Table& table, const Plan& plan, const RecordedKind& kind) {
    table.columns.resize(kind.fields.size());
    for (const Getter& getter : plan.getters) {
      table.columns[getter.column].form =
          kind.fields[getter.column].form == RecordedField::Form::integer ? Want::integer
                                                                          : Want::text;
    }
  }

  /// The field is inside of the record.
  template <bool kSwap>
  static void put(Batch& out, Batch::Column& column, const Getter& getter, const char* record,
                  std::uint32_t size) {
    using Op = Getter::Op;
    const char* const from = record + getter.offset;
    std::uint64_t cell = 0;
    switch (getter.op) {
      case Op::u8:
        cell = load<std::uint8_t>(from, kSwap);
        break;
      case Op::s8:
        cell = widened(static_cast<std::int8_t>(load<std::uint8_t>(from, kSwap)));
        break;
      case Op::u16:
        cell = load<std::uint16_t>(from, kSwap);
        break;
      case Op::s16:
        cell = widened(static_cast<std::int16_t>(load<std::uint16_t>(from, kSwap)));
        break;
      case Op::u32:
        cell = load<std::uint32_t>(from, kSwap);
        break;
      case Op::s32:
        cell = widened(static_cast<std::int32_t>(load<std::uint32_t>(from, kSwap)));
        break;
      case Op::u64:
        cell = load<std::uint64_t>(from, kSwap);
        break;
      case Op::chars:
        cell = put_text(out, from, getter.size);
        break;
      case Op::rest:
        cell = put_text(out, from, size - getter.offset);
        break;
      case Op::data_loc:
      case Op::rel_loc: {
        const auto where = load<std::uint32_t>(from, kSwap);
        const std::uint32_t length = where >> 16;
        const std::uint32_t offset =
            (where & 0xffff) + (getter.op == Op::rel_loc ? getter.offset + 4 : 0);
        if (offset > size || length > size - offset) return put_unknown(column);
        cell = put_text(out, record + offset, length);
        break;
      }
    }
    column.cells.push_back(cell);
    if (!column.unknown.empty()) [[unlikely]]
      column.unknown.push_back(0);
  }

  static std::uint64_t widened(std::int64_t value) { return static_cast<std::uint64_t>(value); }

  /// Up to the first NUL.
  static std::uint64_t put_text(Batch& out, const char* from, std::size_t size) {
    const std::size_t length = ::strnlen(from, size);
    const std::uint64_t cell = Batch::text_cell(out.bytes.size(), length);
    out.bytes.append(from, length);
    return cell;
  }

  static void put_unknown(Batch::Column& column) {
    column.unknown.resize(column.cells.size());
    column.cells.push_back(0);
    column.unknown.push_back(1);
  }

  std::unique_ptr<Input> input_;
  TraceFile file_;
  Formats formats_;
  const Interest& interest_;
  const bool big_ = file_.swap != (std::endian::native == std::endian::big);
  PageSource source_;
  std::uint32_t least_record_;

  std::vector<Plan> plans_;           // by number of the format
  std::vector<std::uint32_t> by_id_;  // number of the format
  std::vector<RecordedKind> kinds_;   // as batches number them
  std::shared_ptr<const std::vector<RecordedKind>> published_ =
      std::make_shared<std::vector<RecordedKind>>();

  bool started_ = false;
  std::vector<std::unique_ptr<Cursor>> cursors_;
  std::vector<Cursor*> heap_;  // those with an event, the first of all at the front
  std::optional<Error> error_;
  std::uint64_t taken_ = 0;
  std::uint64_t events_read_ = 0;
  std::uint64_t told_ = 0;  // of these, by the last batch
  std::uint64_t not_understood_ = 0;
};

}  // namespace
}  // namespace tracedat

bool is_tracedat(std::string_view beginning) {
  return beginning.starts_with("\x17\x08\x44tracing");
}

Result<std::unique_ptr<Recording>> open_tracedat(std::unique_ptr<Input> input,
                                                 const std::string& buffer,
                                                 const Interest& interest) {
  using namespace tracedat;
  SWERVE_TRY_ASSIGN(input, spooled(std::move(input)));
  SWERVE_TRY_ASSIGN(TraceFile file, read_trace_file(input->mapped(), buffer));
  SWERVE_TRY_ASSIGN(Formats formats, read_formats(file.formats));
  return std::unique_ptr<Recording>(
      std::make_unique<TraceDat>(std::move(input), std::move(file), std::move(formats), interest));
}

}  // namespace swerve
