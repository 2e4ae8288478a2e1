// bind/recorded/fake_recording_test.h - for tests: a recording that is a list.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/text.h"
#include "source/recording.h"

namespace swerve::fake {

struct Unknown {  // the field is there, its value is not
  friend bool operator==(const Unknown&, const Unknown&) = default;
};
using Value = std::variant<Unknown, std::uint64_t, std::string>;
using Values = std::vector<std::pair<std::string, Value>>;

/// An event, or (without a kind) the mark of a hole.
struct Happened {
  std::string kind;  // "sched:sched_switch", or without a system
  std::uint64_t time = 0;
  std::uint32_t cpu = 0;
  std::uint32_t tid = kNoThread;
  Values fields = {};
  std::uint32_t tgid = kNoProcess;
  std::string comm = {};
  bool opens = false;  // a hole
};
inline Happened hole_opens(std::uint32_t cpu) { return {.kind = "", .cpu = cpu, .opens = true}; }
inline Happened hole_closes(std::uint32_t cpu) { return {.kind = "", .cpu = cpu}; }

inline RecordedField number(std::string name, std::uint8_t bytes = 4, bool is_signed = true) {
  return {std::move(name), RecordedField::Form::integer, bytes, is_signed, ""};
}
inline RecordedField text(std::string name) {
  return {std::move(name), RecordedField::Form::text, 0, false, ""};
}
inline RecordedField word(std::string name) {
  return {std::move(name), RecordedField::Form::word, 0, false, ""};
}
inline RecordedField other(std::string name) {
  return {std::move(name), RecordedField::Form::other, 0, false, ""};
}

/// Plays a list of events and marks. A kind that was not declared has the fields of the first event
/// of it, numbers of 8 bytes; an event of it with other fields is of another kind of the same name.
/// A declared kind takes all events of its name whose fields it has, and the others of its fields
/// have no value there.
class FakeRecording final : public Recording {
 public:
  explicit FakeRecording(std::vector<Happened> list, std::vector<RecordedKind> declared = {})
      : list_(std::move(list)), kinds_(std::move(declared)), declared_(kinds_.size()) {
    for (const Happened& h : list_) {
      if (!h.kind.empty()) of_.push_back(kind_of(h));
    }
    told_ = std::make_shared<const std::vector<RecordedKind>>(kinds_);
  }

  /// What next() delivers, and how many events and marks go into one batch. Starts anew.
  void deliver(const Interest& interest, std::size_t batch = Batch::kMost) {
    wants_.clear();
    for (const RecordedKind& kind : kinds_) wants_.push_back(interest.wants(kind));
    sizes_ = {batch};
    at_ = events_ = batches_ = 0;
  }
  /// The sizes of the batches, one after the other, and again from the first.
  void deliver(const Interest& interest, std::vector<std::size_t> sizes) {
    deliver(interest);
    sizes_ = std::move(sizes);
  }

  Result<bool> next(Batch& out) override {
    out.clear();
    out.kinds = told_;
    if (at_ == list_.size()) return false;
    out.tables.resize(kinds_.size());
    const bool with_tgid = std::any_of(list_.begin(), list_.end(),
                                       [](const Happened& h) { return h.tgid != kNoProcess; });
    const bool with_comm =
        std::any_of(list_.begin(), list_.end(), [](const Happened& h) { return !h.comm.empty(); });
    const std::size_t most = std::max<std::size_t>(1, sizes_[batches_++ % sizes_.size()]);
    for (std::size_t n = 0; n < most && at_ < list_.size(); ++n, ++at_) {
      const Happened& h = list_[at_];
      if (h.kind.empty()) {
        out.holes.push_back(
            {static_cast<std::uint32_t>(out.size()), h.opens, h.cpu, h.opens ? 0U : 1U, h.time});
        continue;
      }
      const std::uint32_t kind = of_[events_++];
      ++out.events_read;
      if (wants_[kind].empty()) continue;
      out.time.push_back(h.time);
      out.cpu.push_back(h.cpu);
      out.tid.push_back(h.tid);
      if (with_tgid) out.tgid.push_back(h.tgid);
      if (with_comm) out.comm.push_back(put(out, h.comm));
      out.kind.push_back(kind);
      out.row.push_back(out.tables[kind].rows);
      add_row(out, kind, h);
    }
    return true;
  }

  std::string format() const override { return "a list"; }
  bool describes_itself() const override { return true; }
  std::vector<RecordedKind> all_kinds() const override { return kinds_; }
  std::string_view comm(std::uint32_t tid) const override {
    const auto found = comms.find(tid);
    return found == comms.end() ? std::string_view() : found->second;
  }
  std::uint32_t tgid(std::uint32_t tid) const override {
    const auto found = tgids.find(tid);
    return found == tgids.end() ? kNoProcess : found->second;
  }

  std::map<std::uint32_t, std::string> comms;  // of threads, apart from the events
  std::map<std::uint32_t, std::uint32_t> tgids;

 private:
  static bool has_fields(const RecordedKind& kind, const Happened& h) {
    return std::all_of(h.fields.begin(), h.fields.end(),
                       [&](const auto& f) { return kind.field(f.first) >= 0; });
  }

  std::uint32_t kind_of(const Happened& h) {
    // The last colon: names that definitions use have more.
    const std::size_t colon = h.kind.starts_with("tracepoint:") || h.kind.starts_with("syscall:")
                                  ? std::string::npos
                                  : h.kind.find(':');
    const std::string system = colon == std::string::npos ? "" : h.kind.substr(0, colon);
    const std::string name = colon == std::string::npos ? h.kind : h.kind.substr(colon + 1);
    for (std::size_t k = 0; k < kinds_.size(); ++k) {
      const RecordedKind& kind = kinds_[k];
      if (kind.name == name && kind.system == system && has_fields(kind, h) &&
          (k < declared_ || kind.fields.size() == h.fields.size())) {
        return static_cast<std::uint32_t>(k);
      }
    }
    RecordedKind kind{system, name, {}};
    for (const auto& [field, value] : h.fields) {
      kind.fields.push_back(std::holds_alternative<std::string>(value) ? text(field)
                                                                       : number(field, 8, false));
    }
    kinds_.push_back(std::move(kind));
    return static_cast<std::uint32_t>(kinds_.size() - 1);
  }

  static std::uint64_t put(Batch& out, const std::string& bytes) {
    const std::uint64_t cell = Batch::text_cell(out.bytes.size(), bytes.size());
    out.bytes += bytes;
    return cell;
  }

  /// The value of a word, or of a number: decimal.
  static std::optional<std::uint64_t> as_number(const Value& value) {
    if (const auto* number = std::get_if<std::uint64_t>(&value)) return *number;
    const std::string& digits = std::get<std::string>(value);
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos)
      return std::nullopt;
    return std::stoull(digits);
  }

  void add_row(Batch& out, std::uint32_t number, const Happened& h) const {
    Batch::Table& table = out.tables[number];
    const RecordedKind& kind = kinds_[number];
    table.columns.resize(kind.fields.size());
    for (std::size_t f = 0; f < kind.fields.size(); ++f) {
      const Want want = f < wants_[number].size() ? wants_[number][f] : Want::nothing;
      const RecordedField& field = kind.fields[f];
      if (want == Want::nothing || field.form == RecordedField::Form::other) continue;
      Batch::Column& column = table.columns[f];
      column.form = field.form == RecordedField::Form::integer ? Want::integer
                    : field.form == RecordedField::Form::text  ? Want::text
                    : want == Want::either                     ? Want::text
                                                               : want;
      const auto found = std::find_if(h.fields.begin(), h.fields.end(),
                                      [&](const auto& v) { return v.first == field.name; });
      std::optional<std::uint64_t> cell;
      if (found != h.fields.end() && !std::holds_alternative<Unknown>(found->second)) {
        const auto* const is_text = std::get_if<std::string>(&found->second);
        if (column.form == Want::integer) {
          cell = as_number(found->second);
        } else {
          cell =
              put(out, is_text != nullptr ? *is_text : cat(std::get<std::uint64_t>(found->second)));
        }
      }
      if (!cell && column.unknown.empty()) column.unknown.resize(table.rows);
      if (!cell || !column.unknown.empty()) column.unknown.push_back(cell ? 0 : 1);
      column.cells.push_back(cell.value_or(0));
    }
    ++table.rows;
  }

  std::vector<Happened> list_;
  std::vector<RecordedKind> kinds_;
  std::size_t declared_;
  std::vector<std::uint32_t> of_;  // the kind of each event
  std::shared_ptr<const std::vector<RecordedKind>> told_;
  std::vector<std::vector<Want>> wants_;
  std::vector<std::size_t> sizes_{Batch::kMost};
  std::size_t at_ = 0, events_ = 0, batches_ = 0;
};

}  // namespace swerve::fake
