// fuzz/batches.h - what every reader promises of its batches, whatever the input is.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "source/input.h"
#include "source/recording.h"
#include "swerve/base/check.h"

namespace swerve::fuzz {

inline void check_text(const Batch& batch, std::uint64_t cell) {
  if ((cell & Batch::kListed) != 0) {
    SWERVE_CHECK((cell ^ Batch::kListed) < batch.listed.size(), "a text that is listed");
    cell = batch.listed[cell ^ Batch::kListed];
  }
  SWERVE_CHECK((cell >> 32) + (cell & 0xffffffff) <= batch.bytes.size(), "a text of the batch");
}

inline void check_column(const Batch& batch, const Batch::Column& column, std::uint32_t rows) {
  if (column.form == Want::nothing) {
    SWERVE_CHECK(column.cells.empty() && column.unknown.empty(), "cells that nobody wanted");
    return;
  }
  SWERVE_CHECK(column.cells.size() == rows, "a cell for each row");
  SWERVE_CHECK(column.unknown.empty() || column.unknown.size() == rows, "unknown for all or none");
  if (column.form != Want::text) return;
  for (std::uint32_t row = 0; row < rows; ++row) {
    if (!column.unknown.empty() && column.unknown[row] != 0) continue;
    const std::uint64_t cell = column.cells[row];
    check_text(batch, cell);
    SWERVE_CHECK(batch.text(cell).find('\0') == std::string_view::npos, "a text without a NUL");
  }
}

/// Columns have a cell for each row, numbers are in range, and marks of holes open and close in
/// turns. `open` is by CPU, from batch to batch.
inline void check_batch(const Batch& batch, std::unordered_map<std::uint32_t, bool>& open) {
  const std::size_t size = batch.size();
  SWERVE_CHECK(size <= Batch::kMost, "a batch of bounded size");
  SWERVE_CHECK(batch.kinds != nullptr && batch.tables.size() <= batch.kinds->size(), "kinds");
  SWERVE_CHECK(batch.cpu.size() == size && batch.tid.size() == size && batch.kind.size() == size &&
                   batch.row.size() == size,
               "a value for each event");
  SWERVE_CHECK(batch.tgid.empty() || batch.tgid.size() == size, "processes for all or none");
  SWERVE_CHECK(batch.comm.empty() || batch.comm.size() == size, "names for all or none");
  for (const std::uint64_t cell : batch.comm) check_text(batch, cell);
  std::vector<std::uint32_t> rows(batch.tables.size(), 0);
  for (std::size_t i = 0; i < size; ++i) {
    SWERVE_CHECK(batch.kind[i] < batch.tables.size(), "an event of a kind that is there");
    SWERVE_CHECK(batch.row[i] == rows[batch.kind[i]]++, "rows in the order of events");
  }
  for (std::size_t k = 0; k < batch.tables.size(); ++k) {
    const Batch::Table& table = batch.tables[k];
    SWERVE_CHECK(table.rows == rows[k], "as many rows as events");
    if (table.rows == 0) continue;
    SWERVE_CHECK(table.columns.size() == (*batch.kinds)[k].fields.size(),
                 "a column for each field");
    for (const Batch::Column& column : table.columns) check_column(batch, column, table.rows);
  }
  std::uint32_t last = 0;
  for (const Batch::Hole& hole : batch.holes) {
    SWERVE_CHECK(hole.before >= last && hole.before <= size, "marks in order");
    last = hole.before;
    bool& is_open = open[hole.cpu];
    SWERVE_CHECK(is_open != hole.opens, "holes open and close in turns");
    is_open = hole.opens;
  }
}

struct Read {
  std::uint64_t events = 0;
  std::string error;  // how it ended, if not at the end
};

/// Opens `bytes` and reads all of it.
template <typename Open>
Read read_all(const Open& open, const std::string& bytes, bool seekable) {
  const WantAll all;
  Read out;
  auto recording = open(memory_input(bytes, seekable), all);
  if (!recording) {
    SWERVE_CHECK(!recording.error().message().empty(), "a reason");
    out.error = recording.error().message();
    return out;
  }
  std::unordered_map<std::uint32_t, bool> holes;
  Batch batch;
  for (;;) {
    const Result<bool> more = (*recording)->next(batch);
    if (!more) {
      out.error = more.error().message();
      SWERVE_CHECK(!out.error.empty(), "a reason");
      return out;
    }
    if (!*more) return out;
    check_batch(batch, holes);
    out.events += batch.size();
  }
}

}  // namespace swerve::fuzz
