// app/list_recording_test.h - for tests: a recording that is a list, and asks as a reader does:
// once a kind, when the first event of it is met.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "source/recording.h"
#include "swerve/base/check.h"

namespace swerve {

using ListedValue = std::variant<std::uint64_t, std::string>;

struct ListedEvent {
  std::string name;
  std::uint64_t time = 0;
  std::uint32_t cpu = 0, tid = 0;
  std::vector<std::pair<std::string, ListedValue>> fields;
};

/// A switch from one task to another, and a wakeup, as trace.dat has them.
inline ListedEvent switched(std::uint64_t time, std::uint32_t prev, std::uint64_t prev_state,
                            std::uint32_t next, std::uint32_t cpu = 0) {
  return {"sched_switch",
          time,
          cpu,
          prev,
          {{"prev_pid", prev}, {"prev_state", prev_state}, {"next_pid", next}}};
}
inline ListedEvent woken(std::uint64_t time, std::uint32_t tid, std::uint32_t by = 0,
                         std::uint32_t cpu = 0) {
  return {"sched_wakeup", time, cpu, by, {{"pid", tid}}};
}

/// All that can be said of one.
struct ListedTrace {
  std::vector<ListedEvent> events;
  std::vector<Batch::Hole> holes;  // `before`: the number of the event in the list
  std::size_t batch = Batch::kMost;
  bool describes_itself = false;
  bool words = false;          // fields are words, as in a text
  std::optional<Error> error;  // at the end
  std::uint64_t late = 0, not_understood = 0;
  std::function<void()> before_each;  // batch
};

class ListRecording final : public Recording {
 public:
  ListRecording(ListedTrace trace, const Interest& interest)
      : trace_(std::move(trace)), interest_(interest) {
    if (!trace_.describes_itself) return;
    for (const ListedEvent& event : trace_.events) (void)kind_of(event);
  }

  Result<bool> next(Batch& out) override {
    if (trace_.before_each) trace_.before_each();
    out.clear();
    if (at_ == trace_.events.size()) {
      if (trace_.error) return *trace_.error;
      if (ended_) return false;
      ended_ = true;  // marks after the last event
    }
    const std::size_t end = std::min(trace_.events.size(), at_ + trace_.batch);
    for (; at_ < end; ++at_) {
      add_holes(out);
      add(out, trace_.events[at_]);
    }
    if (at_ == trace_.events.size()) add_holes(out);
    out.kinds = std::make_shared<const std::vector<RecordedKind>>(kinds_);
    out.bytes_read = out.events_read = at_;
    out.late = trace_.late;
    out.not_understood = trace_.not_understood;
    return true;
  }

  std::string format() const override { return "a list"; }
  std::string clock() const override { return "local"; }
  bool describes_itself() const override { return trace_.describes_itself; }
  std::vector<RecordedKind> all_kinds() const override {
    return trace_.describes_itself ? kinds_ : std::vector<RecordedKind>();
  }
  std::string_view comm(std::uint32_t tid) const override { return tid == 7 ? "seven" : ""; }
  std::uint64_t total_bytes() const override { return trace_.events.size(); }

 private:
  std::uint32_t kind_of(const ListedEvent& event) {
    RecordedKind kind{"", event.name, {}};
    for (const auto& [name, value] : event.fields) {
      const bool text = std::holds_alternative<std::string>(value);
      kind.fields.push_back({name,
                             trace_.words ? RecordedField::Form::word
                             : text       ? RecordedField::Form::text
                                          : RecordedField::Form::integer,
                             8, false, ""});
    }
    for (std::size_t i = 0; i < kinds_.size(); ++i)
      if (kinds_[i] == kind) return static_cast<std::uint32_t>(i);
    kinds_.push_back(std::move(kind));
    return static_cast<std::uint32_t>(kinds_.size() - 1);
  }

  void add_holes(Batch& out) {
    for (; hole_ < trace_.holes.size() && trace_.holes[hole_].before <= at_; ++hole_) {
      out.holes.push_back(trace_.holes[hole_]);
      out.holes.back().before = static_cast<std::uint32_t>(out.size());
    }
  }

  void add(Batch& out, const ListedEvent& event) {
    const std::uint32_t number = kind_of(event);
    while (wants_.size() <= number) wants_.push_back(interest_.wants(kinds_[wants_.size()]));
    const std::vector<Want>& wants = wants_[number];
    if (wants.empty()) return;
    if (out.tables.size() <= number) out.tables.resize(number + 1);
    Batch::Table& table = out.tables[number];
    table.columns.resize(event.fields.size());
    for (std::size_t i = 0; i < event.fields.size(); ++i) {
      const auto* const integer = std::get_if<std::uint64_t>(&event.fields[i].second);
      if (i >= wants.size() || wants[i] == Want::nothing) continue;
      Batch::Column& column = table.columns[i];
      if (integer != nullptr && (!trace_.words || wants[i] == Want::integer)) {
        column.form = Want::integer;
        column.cells.push_back(*integer);
        continue;
      }
      column.form = trace_.words && wants[i] == Want::integer ? Want::integer : Want::text;
      SWERVE_CHECK(column.form == Want::text, "a word that is no number, wanted as one");
      const std::string text = integer != nullptr ? std::to_string(*integer)
                                                  : std::get<std::string>(event.fields[i].second);
      column.cells.push_back(Batch::text_cell(out.bytes.size(), text.size()));
      out.bytes += text;
    }
    out.time.push_back(event.time);
    out.cpu.push_back(event.cpu);
    out.tid.push_back(event.tid);
    out.kind.push_back(number);
    out.row.push_back(table.rows++);
  }

  ListedTrace trace_;
  const Interest& interest_;
  std::vector<RecordedKind> kinds_;
  std::vector<std::vector<Want>> wants_;
  std::size_t at_ = 0, hole_ = 0;
  bool ended_ = false;
};

}  // namespace swerve
