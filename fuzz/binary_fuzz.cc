// binary_fuzz - Swerve's own recordings, made of any bytes: read to the end or to an error in
// bounded memory, with batches that keep their promises (fuzz/batches.h), whatever is wanted of
// them, and the same from a pipe. A fuzzer cannot guess sums, so the bytes say what blocks with
// right sums are to hold; or they are the file itself.
#include <fuzzer/FuzzedDataProvider.h>

#include "batches.h"
#include "source/binary.h"
#include "source/binary_format.h"

namespace swerve {
namespace {

using namespace binary;

class Forger {
 public:
  explicit Forger(FuzzedDataProvider& from) : from_(from) {
    file_ = kMagic;
    append(file_, kVersion);
    append(file_, std::uint32_t{0});
  }

  std::string file() {
    std::string front;
    append(front, small(1));
    append_string(front);
    append_string(front);
    block(kHead, front);
    while (from_.remaining_bytes() > 0) {
      switch (from_.ConsumeIntegralInRange(0, 5)) {
        case 0:
          forge_kinds();
          break;
        case 1:
          forge_threads();
          break;
        case 2:
          block(from_.ConsumeIntegral<std::uint32_t>(), bytes(40));
          break;
        default:
          forge_events();
      }
    }
    front.clear();
    append(front, events_);
    append(front, holes_);
    block(kDone, front);
    return file_;
  }

 private:
  /// As a rule at most `most`; sometimes anything.
  std::uint32_t small(std::uint32_t most) {
    return from_.ConsumeIntegral<std::uint8_t>() == 0
               ? from_.ConsumeIntegral<std::uint32_t>()
               : from_.ConsumeIntegralInRange<std::uint32_t>(0, most);
  }
  std::string bytes(std::size_t most) { return from_.ConsumeRandomLengthString(most); }
  void append_string(std::string& out) {
    const std::string text = bytes(8);
    append(out, static_cast<std::uint16_t>(text.size()));
    out += text;
  }

  void block(std::uint32_t type, std::string front, std::string columns = {}) {
    front.resize(padded(front.size()));
    columns.resize(padded(columns.size()));
    const auto size = static_cast<std::uint32_t>(columns.size());
    append(file_, type);
    append(file_, static_cast<std::uint32_t>(front.size()));
    append(file_, size);
    append(file_, check_of_front(front, blocks_++, type, size));
    file_ += front + columns;
  }

  void forge_kinds() {
    std::string front;
    const std::uint32_t kinds = small(3);
    append(front, kinds);
    for (std::uint32_t k = 0; k < std::min(kinds, 4U); ++k) {
      append_string(front);
      append_string(front);
      const std::uint32_t fields = small(3);
      append(front, fields);
      fields_.push_back(std::min(fields, 4U));
      for (std::uint32_t f = 0; f < fields_.back(); ++f) {
        append_string(front);
        append_string(front);
        append(front, static_cast<std::uint8_t>(small(3)));
        append(front, static_cast<std::uint8_t>(1 + small(7)));
        append(front, static_cast<std::uint8_t>(small(1)));
      }
    }
    block(kKinds, front);
  }

  void forge_threads() {
    std::string front;
    const std::uint32_t threads = small(3);
    append(front, threads);
    for (std::uint32_t i = 0; i < std::min(threads, 4U); ++i) {
      append(front, small(9));
      append(front, small(9));
      append_string(front);
    }
    block(kThreads, front);
  }

  void column(std::size_t rows, std::uint8_t form, std::uint32_t most, std::string& entries,
              std::string& columns) {
    static constexpr std::uint8_t kWidths[] = {0, 1, 1, 1, 2, 4, 8, 3};
    Packing p;
    p.form = static_cast<Form>(small(15) == 0 ? small(5) : form);
    p.width = kWidths[from_.ConsumeIntegralInRange(0, 7)];
    p.in_table = static_cast<std::uint8_t>(small(3) == 0 ? small(4) : 0);
    p.unknown = form == 1 || small(3) != 0 ? 0 : 1;
    p.base = small(3) == 0 ? from_.ConsumeIntegral<std::uint64_t>() : 0;
    // The bytes of one that is not that large; what is larger has none.
    std::string data(std::min<std::size_t>(packed_size(p, rows), 4096), '\0');
    for (char& c : data)
      c = static_cast<char>(from_.ConsumeIntegralInRange<std::uint32_t>(0, most));
    append(entries, static_cast<std::uint8_t>(p.form));
    append(entries, p.width);
    append(entries, p.unknown);
    append(entries, p.in_table);
    append(entries, check_of(data, place(blocks_, number_++)));
    append(entries, p.base);
    columns += data;
  }

  void forge_events() {
    number_ = 0;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> tables;
    std::uint32_t events = 0;
    for (std::uint32_t k = 0; k < fields_.size(); ++k) {
      const std::uint32_t kind = from_.ConsumeIntegralInRange(0, 20) == 0 ? small(3) : k;
      if (const std::uint32_t rows = small(5); rows != 0) tables.emplace_back(kind, rows);
    }
    for (const auto& [kind, rows] : tables) events += rows;
    if (small(20) == 0) events = small(9);
    const std::uint32_t texts = small(3), text_bytes = small(9), flags = small(3);
    const std::uint32_t holes = small(20) == 0 ? small(3) : 0;
    std::string front, entries, columns;
    for (const std::uint32_t number :
         {events, holes, static_cast<std::uint32_t>(tables.size()), texts, text_bytes, flags}) {
      append(front, number);
    }
    for (std::uint32_t i = 0; i < std::min(holes, 4U); ++i) {
      append(front, small(events));
      append(front, small(2));
      append(front, std::uint64_t{small(1)});
      append(front, std::uint64_t{small(1)});
      append(front, std::uint64_t{small(1)});
    }
    for (const auto& [kind, rows] : tables) {
      append(front, kind);
      append(front, rows);
    }
    column(texts, 1, 3, entries, columns);
    column(text_bytes, 1, 255, entries, columns);
    for (int i = 0; i < 3; ++i) column(events, 1, 255, entries, columns);
    column(events, 1, 2, entries, columns);
    if ((flags & kHasTgid) != 0) column(events, 1, 255, entries, columns);
    if ((flags & kHasComm) != 0) column(events, 4, 3, entries, columns);
    for (const auto& [kind, rows] : tables) {
      for (std::uint32_t f = 0; kind < fields_.size() && f < fields_[kind]; ++f) {
        column(rows, static_cast<std::uint8_t>(small(4)), 3, entries, columns);
      }
    }
    block(kEvents, front + entries, columns);
    events_ += events;
    holes_ += holes;
  }

  FuzzedDataProvider& from_;
  std::string file_;
  std::vector<std::uint32_t> fields_;  // by kind
  std::uint64_t blocks_ = 0, number_ = 0, events_ = 0, holes_ = 0;
};

class SomeInterest final : public Interest {
 public:
  explicit SomeInterest(std::uint32_t bits) : bits_(bits) {}
  std::vector<Want> wants(const RecordedKind& kind) const override {
    if ((bits_ >> kind.fields.size() % 8 & 1) != 0) return {};
    std::vector<Want> out(std::max<std::size_t>(kind.fields.size(), 1));
    std::uint32_t bits = bits_;
    for (Want& want : out) want = static_cast<Want>((bits = bits * 0x9e3779b1 + 1) % 4);
    return out;
  }

 private:
  std::uint32_t bits_;
};

struct Outcome {
  std::uint64_t events = 0, delivered = 0, holes = 0;
  std::string error;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome read(const std::string& file, bool seekable, const Interest& interest) {
  Outcome out;
  auto recording = open_binary(memory_input(file, seekable), interest);
  if (!recording) {
    out.error = recording.error().message();
    return out;
  }
  Batch batch;
  for (;;) {
    const Result<bool> more = (*recording)->next(batch);
    out.events = batch.events_read;
    if (!more) out.error = more.error().message();
    if (!more || !*more) return out;
    out.delivered += batch.size();
    out.holes += batch.holes.size();
    std::uint32_t last = 0;
    for (const Batch::Hole& hole : batch.holes) {
      SWERVE_CHECK(hole.before >= last && hole.before <= batch.size(), "marks in order");
      last = hole.before;
    }
    batch.holes.clear();  // a file may have marks that do not come in turns: they are passed on
    std::unordered_map<std::uint32_t, bool> open;
    fuzz::check_batch(batch, open);
  }
}

}  // namespace
}  // namespace swerve

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace swerve;
  FuzzedDataProvider from(data, size);
  const SomeInterest some(from.ConsumeIntegral<std::uint32_t>());
  const std::string file = from.ConsumeIntegralInRange(0, 7) == 0
                               ? from.ConsumeRemainingBytesAsString()
                               : Forger(from).file();
  const Outcome all = read(file, true, WantAll());
  SWERVE_CHECK(all == read(file, false, WantAll()), "the same from a pipe");
  const Outcome part = read(file, true, some);
  SWERVE_CHECK(part == read(file, false, some), "the same from a pipe");
  if (all.error.empty() && part.error.empty()) {
    SWERVE_CHECK(part.events == all.events && part.holes == all.holes, "as many events");
  }
  if (all.error.empty()) SWERVE_CHECK(all.delivered == all.events, "all of them");
  return 0;
}
