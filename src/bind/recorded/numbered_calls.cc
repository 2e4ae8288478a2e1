#include "bind/recorded/numbered_calls.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/text.h"
#include "bind/syscalls.h"

namespace swerve {

namespace {


bool is_enter(const RecordedKind& kind) { return kind.name == "sys_enter"; }

/// Whether events of this kind are those of all system calls.
bool is_numbered(const RecordedKind& kind) {
  return (is_enter(kind) || kind.name == "sys_exit") &&
         (kind.system.empty() || kind.system == "raw_syscalls") && kind.field("id") >= 0;
}

/// A system call, as a kind of its own, and where in the raw event its fields are.
struct NamedCall {
  RecordedKind kind;
  std::vector<std::size_t> from;
};

std::vector<std::string> argument_names(const Syscall& call) {
  std::vector<std::string> out;
  for (std::string_view rest = call.arguments; !rest.empty();) {
    const std::size_t comma = rest.find(", ");
    const std::string_view one = rest.substr(0, comma);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 2);
    out.emplace_back(one.substr(one.find_last_of(" *") + 1));
  }
  return out;
}

NamedCall named(const Syscall& call, const RecordedKind& raw) {
  NamedCall out;
  out.kind.system = "syscalls";
  out.kind.name = cat(is_enter(raw) ? "sys_enter_" : "sys_exit_", call.name);
  const auto take = [&](std::string_view field, std::string name) {
    const int at = raw.field(field);
    if (at < 0) return;
    out.from.push_back(static_cast<std::size_t>(at));
    out.kind.fields.push_back(raw.fields[out.from.back()]);
    out.kind.fields.back().name = std::move(name);
  };
  if (is_enter(raw)) {
    const std::vector<std::string> names = argument_names(call);
    for (std::size_t i = 0; i < names.size(); ++i) take(cat("args[", i, "]"), names[i]);
  } else {
    take("ret", "ret");
  }
  return out;
}

/// Asks for the raw events where the calls are wanted.
class CallInterest final : public Interest {
 public:
  explicit CallInterest(const Interest& interest) : interest_(interest) {}

  std::vector<Want> wants(const RecordedKind& kind) const override {
    std::vector<Want> out = interest_.wants(kind);
    if (!out.empty() || !is_numbered(kind)) return out;
    for (const Syscall& call : all_syscalls()) {
      const NamedCall one = named(call, kind);
      const std::vector<Want> wanted = interest_.wants(one.kind);
      if (wanted.empty()) continue;
      out.resize(kind.fields.size(), Want::nothing);
      for (std::size_t i = 0; i < one.from.size() && i < wanted.size(); ++i)
        out[one.from[i]] = std::max(out[one.from[i]], wanted[i]);
    }
    if (!out.empty()) out[static_cast<std::size_t>(kind.field("id"))] = Want::integer;
    return out;
  }

  const Interest& inner() const { return interest_; }

 private:
  const Interest& interest_;
};

class NamedCalls final : public Recording {
 public:
  explicit NamedCalls(std::unique_ptr<CallInterest> interest) : interest_(std::move(interest)) {}
  Result<> open(const OpenRecording& open) {
    SWERVE_TRY_ASSIGN(from_, open(*interest_));
    return {};
  }

  Result<bool> next(Batch& out) override {
    Result<bool> more = from_->next(out);
    if (!more || !*more || out.kinds == nullptr) return more;
    if (out.kinds->size() > numbers_.size()) learn(*out.kinds);
    if (!raw_.empty()) rename(out);
    return true;
  }
  std::string format() const override { return from_->format(); }
  std::string clock() const override { return from_->clock(); }
  bool describes_itself() const override { return from_->describes_itself(); }
  std::vector<RecordedKind> all_kinds() const override {
    std::vector<RecordedKind> out = from_->all_kinds();
    for (std::size_t i = 0, size = out.size(); i < size; ++i) {
      if (!is_numbered(out[i]) || !interest_->inner().wants(out[i]).empty()) continue;
      const RecordedKind raw = out[i];
      for (const Syscall& call : all_syscalls()) out.push_back(named(call, raw).kind);
    }
    return out;
  }
  std::string_view comm(std::uint32_t tid) const override { return from_->comm(tid); }
  std::uint32_t tgid(std::uint32_t tid) const override { return from_->tgid(tid); }
  std::uint64_t total_bytes() const override { return from_->total_bytes(); }

 private:
  /// A raw kind whose events get other kinds.
  struct Raw {
    std::size_t id = 0;                                                // field
    std::unordered_map<std::uint64_t, std::uint32_t> of;               // by number: the kind here
    std::unordered_map<std::uint32_t, std::vector<std::size_t>> from;  // by that: NamedCall::from
  };

  /// Kinds that are new: they get numbers here, and the calls that are wanted after a raw one.
  void learn(const std::vector<RecordedKind>& theirs) {
    for (std::size_t i = numbers_.size(); i < theirs.size(); ++i) {
      numbers_.push_back(static_cast<std::uint32_t>(kinds_.size()));
      kinds_.push_back(theirs[i]);
      if (!is_numbered(theirs[i]) || !interest_->inner().wants(theirs[i]).empty()) continue;
      Raw raw{static_cast<std::size_t>(theirs[i].field("id")), {}, {}};
      for (const Syscall& call : all_syscalls()) {
        NamedCall one = named(call, theirs[i]);
        if (interest_->inner().wants(one.kind).empty()) continue;
        const auto number = static_cast<std::uint32_t>(kinds_.size());
        raw.of.emplace(static_cast<std::uint64_t>(call.number), number);
        raw.from.emplace(number, std::move(one.from));
        kinds_.push_back(std::move(one.kind));
      }
      if (!raw.of.empty()) raw_.emplace(i, std::move(raw));
    }
    told_ = std::make_shared<const std::vector<RecordedKind>>(kinds_);
  }

  /// Gives the events of a batch the kinds that they have here, and leaves out what is not wanted.
  void rename(Batch& batch) {
    tables_.clear();
    tables_.resize(kinds_.size());
    std::vector<Batch::Hole> marks = std::exchange(batch.holes, {});
    std::size_t mark = 0, kept = 0;
    const auto pass_marks = [&](std::size_t before) {
      for (; mark < marks.size() && marks[mark].before <= before; ++mark) {
        batch.holes.push_back(marks[mark]);
        batch.holes.back().before = static_cast<std::uint32_t>(kept);
      }
    };
    for (std::size_t i = 0; i < batch.size(); ++i) {
      pass_marks(i);
      std::uint32_t kind = numbers_[batch.kind[i]];
      std::uint32_t row = batch.row[i];
      if (const auto raw = raw_.find(batch.kind[i]); raw != raw_.end()) {
        const Batch::Table& table = batch.tables[batch.kind[i]];
        const Batch::Column& id = table.columns[raw->second.id];
        if (!id.unknown.empty() && id.unknown[row] != 0) {
          const auto here = static_cast<std::uint32_t>(kept);
          batch.holes.push_back({here, true, batch.cpu[i], 0, batch.time[i]});
          batch.holes.push_back({here, false, batch.cpu[i], 1, batch.time[i]});
          continue;
        }
        const auto call = raw->second.of.find(id.cells[row]);
        if (call == raw->second.of.end()) continue;
        kind = call->second;
        row = add_row(table, row, raw->second.from.at(kind), tables_[kind]);
      }
      move(batch, i, kept);
      batch.kind[kept] = kind;
      batch.row[kept++] = row;
    }
    pass_marks(batch.size());
    for (auto* const column : {&batch.cpu, &batch.tid, &batch.kind, &batch.row})
      column->resize(kept);
    batch.time.resize(kept);
    if (!batch.tgid.empty()) batch.tgid.resize(kept);
    if (!batch.comm.empty()) batch.comm.resize(kept);
    for (std::size_t i = 0; i < batch.tables.size(); ++i)
      if (raw_.find(i) == raw_.end()) std::swap(tables_[numbers_[i]], batch.tables[i]);
    std::swap(batch.tables, tables_);
    batch.kinds = told_;
  }

  static void move(Batch& batch, std::size_t from, std::size_t to) {
    if (from == to) return;
    batch.time[to] = batch.time[from];
    batch.cpu[to] = batch.cpu[from];
    batch.tid[to] = batch.tid[from];
    if (!batch.tgid.empty()) batch.tgid[to] = batch.tgid[from];
    if (!batch.comm.empty()) batch.comm[to] = batch.comm[from];
  }

  /// Returns the number of the new row.
  static std::uint32_t add_row(const Batch::Table& raw, std::uint32_t row,
                               const std::vector<std::size_t>& from, Batch::Table& to) {
    to.columns.resize(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      const Batch::Column& column = raw.columns[from[i]];
      Batch::Column& out = to.columns[i];
      out.form = column.form;
      if (column.form == Want::nothing) continue;
      const bool unknown = !column.unknown.empty() && column.unknown[row] != 0;
      if (unknown && out.unknown.empty()) out.unknown.assign(out.cells.size(), 0);
      if (!out.unknown.empty() || unknown) out.unknown.push_back(unknown);
      out.cells.push_back(column.cells[row]);
    }
    return to.rows++;
  }

  std::unique_ptr<CallInterest> interest_;  // outlives from_, which asks it
  std::unique_ptr<Recording> from_;
  std::vector<std::uint32_t> numbers_;  // by the number of a kind there: that here
  std::vector<RecordedKind> kinds_;     // here
  std::shared_ptr<const std::vector<RecordedKind>> told_;
  std::unordered_map<std::size_t, Raw> raw_;  // by the number there
  std::vector<Batch::Table> tables_;          // of the batch that is being made
};

}  // namespace

Result<std::unique_ptr<Recording>> open_with_named_calls(const Interest& interest,
                                                         const OpenRecording& open) {
  auto out = std::make_unique<NamedCalls>(std::make_unique<CallInterest>(interest));
  SWERVE_TRY(out->open(open));
  return std::unique_ptr<Recording>(std::move(out));
}

}  // namespace swerve
