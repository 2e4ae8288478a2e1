// tracedat_fuzz - any bytes as a trace.dat: what is read must keep the promises of a Batch, and
// there must be no more events than the file has room for. The first byte says how it comes: as a
// file, through a pipe, with other wishes.
#include <cstddef>
#include <cstdint>
#include <string>

#include "source/tracedat/tracedat.h"
#include "swerve/base/check.h"

namespace swerve {
namespace {

class WantHalf final : public Interest {
 public:
  std::vector<Want> wants(const RecordedKind& kind) const override {
    if (kind.name.size() % 2 == 0) return {};
    std::vector<Want> out(kind.fields.size() / 2 + 1, Want::text);
    return out;
  }
};

void check_batch(const Batch& batch) {
  const std::size_t size = batch.size();
  SWERVE_CHECK(size <= Batch::kMost, "a batch that is too large");
  SWERVE_CHECK(batch.cpu.size() == size && batch.tid.size() == size && batch.kind.size() == size &&
                   batch.row.size() == size,
               "columns of different lengths");
  SWERVE_CHECK(batch.kinds != nullptr, "no kinds");
  for (std::size_t i = 0; i < size; ++i) {
    SWERVE_CHECK(batch.kind[i] < batch.kinds->size() && batch.kind[i] < batch.tables.size(),
                 "an event of no kind");
    SWERVE_CHECK(batch.row[i] < batch.tables[batch.kind[i]].rows, "an event without a row");
  }
  std::size_t rows = 0;
  for (std::size_t k = 0; k < batch.tables.size(); ++k) {
    const Batch::Table& table = batch.tables[k];
    rows += table.rows;
    if (table.rows == 0) continue;
    SWERVE_CHECK(table.columns.size() == (*batch.kinds)[k].fields.size(), "a column a field");
    for (const Batch::Column& column : table.columns) {
      SWERVE_CHECK(column.cells.size() == (column.form == Want::nothing ? 0 : table.rows),
                   "a cell a row");
      SWERVE_CHECK(column.unknown.empty() || column.unknown.size() == table.rows,
                   "a mark a row, or none");
      if (column.form != Want::text) continue;
      for (const std::uint64_t cell : column.cells) {
        SWERVE_CHECK((cell >> 32) + (cell & 0xffffffff) <= batch.bytes.size(), "a text elsewhere");
        SWERVE_CHECK(batch.text(cell).find('\0') == std::string_view::npos, "a text with a NUL");
      }
    }
  }
  SWERVE_CHECK(rows == size, "a row an event");
  std::size_t before = 0;
  for (const Batch::Hole& hole : batch.holes) {
    SWERVE_CHECK(hole.before >= before && hole.before <= size, "a hole elsewhere");
    before = hole.before;
  }
}

void check(std::uint8_t choice, std::string_view bytes) {
  static const WantAll all;
  static const WantHalf half;
  const Interest& interest = (choice & 1) != 0 ? static_cast<const Interest&>(half) : all;
  auto opened = open_tracedat(memory_input(std::string(bytes), (choice & 2) == 0),
                              (choice & 4) != 0 ? "instance" : "", interest);
  if (!opened) {
    SWERVE_CHECK(opened.error().message().find('\n') == std::string::npos, "one line");
    return;
  }
  Recording& recording = **opened;
  Batch batch;
  std::uint64_t seen = 0;
  for (;;) {
    const Result<bool> more = recording.next(batch);
    if (!more) {
      SWERVE_CHECK(more.error().message().find('\n') == std::string::npos, "one line");
      SWERVE_CHECK(!recording.next(batch).has_value(), "an error is the end");
      break;
    }
    if (!*more) break;
    check_batch(batch);
    seen += batch.size();
    SWERVE_CHECK(seen + batch.not_understood <= batch.events_read, "events that nobody read");
    SWERVE_CHECK(batch.bytes_read <= recording.total_bytes(), "more than there is");
  }
  (void)recording.comm(1);
  (void)recording.all_kinds();
}

}  // namespace
}  // namespace swerve

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  swerve::check(data[0], std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1));
  return 0;
}
