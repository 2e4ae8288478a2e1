// source/tracedat/compare_test.h - what tests of the reader share: recordings as lists of events,
// and what trace-cmd says of the same file.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/text.h"
#include "source/tracedat/tracedat.h"

namespace swerve::compare {

/// A file that is gone at the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& bytes) {
    const int fd = ::mkstemp(path_.data());
    EXPECT_GE(fd, 0);
    ::close(fd);
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = testing::TempDir() + "tracedat-XXXXXX";
};

/// An event as a test looks at it. A field that is unknown has "?".
struct Seen {
  std::uint64_t time = 0;
  std::uint32_t cpu = 0;
  std::uint32_t tid = 0;
  std::string name;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string field(const std::string& wanted) const {
    for (const auto& [field_name, value] : fields) {
      if (field_name == wanted) return value;
    }
    return "absent";
  }
};

/// "opens cpu 2 before 7 lost 0 time 100": before which event of the whole recording.
struct Mark {
  std::size_t before = 0;
  bool opens = false;
  std::uint32_t cpu = 0;
  std::uint64_t lost = 0;
  std::uint64_t time = 0;
  friend bool operator==(const Mark&, const Mark&) = default;
  friend void PrintTo(const Mark& m, std::ostream* out) {
    *out << (m.opens ? "opens" : "closes") << " cpu " << m.cpu << " before event " << m.before
         << " lost " << m.lost << " time " << m.time;
  }
};

struct Read {
  std::string open_error;
  std::string error;  // of next()
  std::vector<Seen> events;
  std::vector<Mark> holes;
  std::uint64_t events_read = 0;
  std::uint64_t not_understood = 0;
  std::uint64_t bytes_read = 0;
  std::unique_ptr<Recording> recording;
};

inline std::string value_of(const Batch& batch, const RecordedField& field,
                            const Batch::Column& column, std::uint32_t row) {
  if (column.form == Want::nothing) return "nothing";
  if (!column.unknown.empty() && column.unknown.at(row) != 0) return "?";
  const std::uint64_t cell = column.cells.at(row);
  if (column.form == Want::text) return std::string(batch.text(cell));
  return field.is_signed ? std::to_string(static_cast<std::int64_t>(cell)) : std::to_string(cell);
}

inline Read read_with(std::unique_ptr<Input> input, const Interest& interest,
                      const std::string& buffer = "") {
  Read out;
  auto recording = open_tracedat(std::move(input), buffer, interest);
  if (!recording) {
    out.open_error = recording.error().message();
    return out;
  }
  out.recording = std::move(*recording);
  Batch batch;
  for (;;) {
    auto more = out.recording->next(batch);
    if (!more) {
      out.error = more.error().message();
      EXPECT_FALSE(out.recording->next(batch).has_value()) << "an error ends the recording";
      break;
    }
    if (!*more) {
      EXPECT_FALSE(out.recording->next(batch).value()) << "the end is the end";
      break;
    }
    EXPECT_LE(batch.size(), Batch::kMost);
    for (const Batch::Hole& h : batch.holes) {
      out.holes.push_back({out.events.size() + h.before, h.opens, h.cpu, h.lost, h.time});
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const RecordedKind& kind = batch.kinds->at(batch.kind[i]);
      const Batch::Table& table = batch.tables.at(batch.kind[i]);
      Seen seen{batch.time[i], batch.cpu[i], batch.tid[i], kind.name, {}};
      for (std::size_t f = 0; f < kind.fields.size(); ++f) {
        seen.fields.emplace_back(kind.fields[f].name, value_of(batch, kind.fields[f],
                                                               table.columns.at(f), batch.row[i]));
      }
      out.events.push_back(std::move(seen));
    }
    EXPECT_GE(batch.events_read, out.events_read);
    out.events_read = batch.events_read;
    out.not_understood = batch.not_understood;
    EXPECT_GE(batch.bytes_read, out.bytes_read);
    out.bytes_read = batch.bytes_read;
  }
  return out;
}

inline const WantAll want_all;

inline Read read_bytes(std::string bytes, const std::string& buffer = "") {
  return read_with(memory_input(std::move(bytes)), want_all, buffer);
}

inline Read read_path(const std::string& path, const std::string& buffer = "") {
  return read_with(open_input(path).value(), want_all, buffer);
}

inline std::vector<std::uint64_t> times(const Read& read) {
  std::vector<std::uint64_t> out;
  for (const Seen& s : read.events) out.push_back(s.time);
  return out;
}

inline std::string output_of(const std::string& command) {
  FILE* const pipe = ::popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  std::string out;
  char block[65536];
  while (const std::size_t got = std::fread(block, 1, sizeof block, pipe)) out.append(block, got);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return out;
}

/// What `trace-cmd report -R -t` says: "  comm-12  [003]  10.100394045: sched_wakeup:  comm=..."
struct Told {
  std::uint64_t time = 0;
  std::uint32_t cpu = 0;
  std::int64_t pid = 0;
  std::string name;
  std::string fields;
};

struct Report {
  std::vector<Told> events;
  std::map<std::uint32_t, std::vector<std::uint64_t>> lost;  // by CPU; 0: not how many
};

/// The number at the front of `text`, which is taken off.
inline std::int64_t take_number(std::string_view& text) {
  std::int64_t value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value).ptr;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}
inline void skip(std::string_view& text, std::string_view what) {
  while (!text.empty() && what.find(text.front()) != std::string_view::npos) text.remove_prefix(1);
}

inline Report trace_cmd_report(const std::string& path, const std::string& buffer = "") {
  const std::string all = output_of("trace-cmd report -R -t -i " + path + " 2>&1");
  Report out;
  bool behind_lost = false;
  std::string_view rest = all;
  while (!rest.empty()) {
    std::string_view line = take_line(rest);
    skip(line, " ");
    // The lines of a buffer begin with its name, but not one behind a line of lost events.
    if (!buffer.empty() && line.starts_with(buffer + ":")) {
      line.remove_prefix(buffer.size() + 1);
    } else if (!buffer.empty() && !behind_lost) {
      continue;
    }
    behind_lost = line.find(" DROPPED]") != std::string_view::npos;
    const std::size_t cpu_at = line.find(" [0");
    if (behind_lost) {
      line.remove_prefix(line.find("CPU:") + 4);
      const auto cpu = static_cast<std::uint32_t>(take_number(line));
      skip(line, " [");
      out.lost[cpu].push_back(static_cast<std::uint64_t>(take_number(line)));
    } else if (cpu_at != std::string_view::npos) {
      Told told;
      std::string_view who = line.substr(0, cpu_at);
      while (who.ends_with(' ')) who.remove_suffix(1);
      who.remove_prefix(who.rfind('-') + 1);
      told.pid = take_number(who);
      line.remove_prefix(cpu_at + 2);
      told.cpu = static_cast<std::uint32_t>(take_number(line));
      skip(line, "] ");
      told.time = static_cast<std::uint64_t>(take_number(line));
      if (line.starts_with('.')) {  // else the clock counts something else than nanoseconds
        skip(line, ".");
        told.time = told.time * 1'000'000'000 + static_cast<std::uint64_t>(take_number(line));
      }
      skip(line, ": ");
      told.name = line.substr(0, line.find(':'));
      line.remove_prefix(std::min(line.size(), told.name.size() + 1));
      skip(line, " ");
      told.fields = line;
      out.events.push_back(std::move(told));
    }
  }
  return out;
}

/// Whether the text that trace-cmd prints of a field can be `ours`. It prints integers as the
/// event's print format does: with leading zeros or blanks, as hexadecimal with or without 0x,
/// addresses of functions as their names.
inline bool same_value(const RecordedField& field, const std::string& ours,
                       std::string_view theirs) {
  while (theirs.ends_with(' ')) theirs.remove_suffix(1);
  skip(theirs, " ");
  if (field.form == RecordedField::Form::other) return true;
  if (field.form == RecordedField::Form::text) {
    return std::string_view(ours).substr(0, ours.find('\n')) == theirs;
  }
  const std::uint64_t mask =
      field.bytes == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * field.bytes)) - 1;
  std::int64_t negative = 0;
  std::uint64_t number = 0;
  if (ours.starts_with('-')) {
    std::from_chars(ours.data(), ours.data() + ours.size(), negative);
    number = static_cast<std::uint64_t>(negative);
  } else {
    std::from_chars(ours.data(), ours.data() + ours.size(), number);
  }
  const auto is = [&](std::string_view text, int base) {
    const char* const end = text.data() + text.size();
    std::uint64_t value = 0;
    std::int64_t signed_value = 0;
    if (text.starts_with('-')) {
      const auto read = std::from_chars(text.data(), end, signed_value, base);
      if (read.ec != std::errc() || read.ptr != end) return false;
      value = static_cast<std::uint64_t>(signed_value);
    } else {
      const auto read = std::from_chars(text.data(), end, value, base);
      if (read.ec != std::errc() || read.ptr != end) return false;
    }
    return (value & mask) == (number & mask);
  };
  if (theirs.starts_with("0x")) return is(theirs.substr(2), 16);
  const bool named = (field.name == "ip" || field.name == "function") && field.bytes == 8;
  return is(theirs, 10) || is(theirs, 16) || named;
}

inline void expect_as_trace_cmd(const Read& ours, const Report& theirs) {
  EXPECT_EQ(ours.open_error, "");
  EXPECT_EQ(ours.error, "");
  ASSERT_EQ(ours.events.size(), theirs.events.size());
  ASSERT_NE(ours.recording, nullptr);
  std::map<std::string, RecordedKind> kinds;
  for (RecordedKind& kind : ours.recording->all_kinds()) kinds[kind.name] = std::move(kind);
  for (std::size_t i = 0; i < ours.events.size(); ++i) {
    const Seen& seen = ours.events[i];
    const Told& told = theirs.events[i];
    ASSERT_EQ(std::tuple(seen.time, seen.cpu, std::int64_t{static_cast<std::int32_t>(seen.tid)},
                         seen.name),
              std::tuple(told.time, told.cpu, told.pid, told.name))
        << "event " << i;
    RecordedKind kind = kinds.at(seen.name);
    // trace-cmd prints an array once, and not its elements.
    while (!kind.fields.empty() && kind.fields.back().name.ends_with(']')) kind.fields.pop_back();
    std::string_view rest = told.fields;
    for (std::size_t f = 0; f < kind.fields.size(); ++f) {
      const std::string start = kind.fields[f].name + "=";
      ASSERT_TRUE(rest.starts_with(start)) << told.fields << " at " << rest;
      rest.remove_prefix(start.size());
      std::size_t end = rest.size();
      if (f + 1 < kind.fields.size()) end = rest.find(" " + kind.fields[f + 1].name + "=");
      ASSERT_NE(end, std::string_view::npos) << told.fields;
      EXPECT_TRUE(same_value(kind.fields[f], seen.fields[f].second, rest.substr(0, end)))
          << seen.name << "." << kind.fields[f].name << " is " << seen.fields[f].second << ", and "
          << told.fields;
      rest.remove_prefix(std::min(rest.size(), end + 1));
    }
  }
}

}  // namespace swerve::compare
