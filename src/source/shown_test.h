// source/shown_test.h - recordings as lists of short texts, for tests to compare.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "source/recording.h"

namespace swerve {

/// "10100302000 [2] 13 rcu_preempt sched:sched_waking comm=x pid=#3 prio=?": the time, the CPU, the
/// thread ("13/12" with its process), its name, the event; numbers have a '#', '?' is not known.
inline std::string shown_event(const Batch& batch, std::size_t i) {
  const RecordedKind& kind = (*batch.kinds)[batch.kind[i]];
  std::string out = cat(batch.time[i], " [", batch.cpu[i], "] ", batch.tid[i]);
  if (!batch.tgid.empty() && batch.tgid[i] != kNoProcess) out += cat("/", batch.tgid[i]);
  const std::string_view comm = batch.text(batch.comm[i]);
  out += cat(" ", comm.empty() ? "?" : comm, " ");
  if (!kind.system.empty()) out += kind.system + ":";
  out += kind.name;
  for (std::size_t f = 0; f < kind.fields.size(); ++f) {
    const Batch::Column& column = batch.tables[batch.kind[i]].columns[f];
    if (column.form == Want::nothing) continue;
    const std::uint32_t row = batch.row[i];
    out += cat(" ", kind.fields[f].name, "=");
    if (!column.unknown.empty() && column.unknown[row] != 0) {
      out += "?";
    } else if (column.form == Want::text) {
      out += batch.text(column.cells[row]);
    } else if (kind.fields[f].form != RecordedField::Form::integer || kind.fields[f].is_signed) {
      out += cat("#", static_cast<std::int64_t>(column.cells[row]));
    } else {
      out += cat("#", column.cells[row]);
    }
  }
  return out;
}

/// "{2 @10" a hole opens on CPU 2 at that time, "}2 @12 lost 5" it closes.
inline std::string shown_hole(const Batch::Hole& hole) {
  const std::string cpu = hole.cpu == kEveryCpu ? "*" : cat(hole.cpu);
  if (hole.opens) return cat("{", cpu, " @", hole.time);
  return cat("}", cpu, " @", hole.time, hole.lost != 0 ? cat(" lost ", hole.lost) : "");
}

struct Shown {
  std::vector<std::string> all;  // events and holes in order, and an error as "error: ..."
  std::uint64_t not_understood = 0;
};

inline Shown shown(Recording& recording) {
  Shown out;
  Batch batch;
  for (;;) {
    const Result<bool> more = recording.next(batch);
    if (!more) out.all.push_back("error: " + more.error().message());
    if (!more || !*more) return out;
    std::size_t hole = 0;
    for (std::size_t i = 0; i <= batch.size(); ++i) {
      for (; hole < batch.holes.size() && batch.holes[hole].before == i; ++hole) {
        out.all.push_back(shown_hole(batch.holes[hole]));
      }
      if (i < batch.size()) out.all.push_back(shown_event(batch, i));
    }
    out.not_understood = batch.not_understood;
  }
}

/// Wants a `word` as an integer, too.
class WantNumbers final : public Interest {
 public:
  std::vector<Want> wants(const RecordedKind& kind) const override {
    std::vector<Want> out = WantAll().wants(kind);
    for (std::size_t i = 0; i < kind.fields.size(); ++i) {
      if (kind.fields[i].form == RecordedField::Form::word) out[i] = Want::integer;
    }
    return out;
  }
};

}  // namespace swerve
