#include "support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "bind/recorded/recorded_catalog.h"
#include "bind/toml/monitor_reader.h"

namespace swerve::recorded_tests {

namespace {

/// The events that a monitor asks for, or all.
class RowsRecording final : public Recording {
 public:
  RowsRecording(const Rows& rows, std::vector<Batch::Hole> holes)
      : rows_(rows), holes_(std::move(holes)) {}

  Result<bool> next(Batch& out) override {
    out.clear();
    if (done_) return false;
    done_ = true;
    auto kinds = std::make_shared<std::vector<RecordedKind>>();
    std::map<std::string, std::uint32_t> numbers;
    for (const Row& row : rows_) {
      std::string shape = row.name;
      for (const auto& [name, value] : row.fields) shape += cat(" ", name, value.index());
      const auto [at, added] = numbers.emplace(shape, static_cast<std::uint32_t>(kinds->size()));
      const std::uint32_t kind = at->second;
      if (added) {
        RecordedKind& made = kinds->emplace_back(RecordedKind{row.system, row.name, {}});
        for (const auto& [name, value] : row.fields) {
          made.fields.push_back(
              {name, value.index() == 0 ? RecordedField::Form::integer : RecordedField::Form::text,
               8, true, ""});
        }
        if (out.tables.size() <= kind) out.tables.resize(kind + 1);
        out.tables[kind] = {};
        out.tables[kind].columns.resize(row.fields.size());
      }
      Batch::Table& table = out.tables[kind];
      for (std::size_t f = 0; f < row.fields.size(); ++f) {
        Batch::Column& column = table.columns[f];
        const auto& value = row.fields[f].second;
        column.form = value.index() == 0 ? Want::integer : Want::text;
        column.cells.push_back(value.index() == 0 ? std::get<0>(value)
                                                  : put(out, std::get<1>(value)));
      }
      out.time.push_back(row.time);
      out.cpu.push_back(row.cpu);
      out.tid.push_back(row.tid);
      out.comm.push_back(put(out, row.comm));
      out.kind.push_back(kind);
      out.row.push_back(table.rows++);
    }
    out.holes = holes_;
    out.kinds = kinds;
    return true;
  }
  std::string format() const override { return "rows"; }

 private:
  static std::uint64_t put(Batch& out, const std::string& text) {
    out.bytes += text;
    return Batch::text_cell(out.bytes.size() - text.size(), text.size());
  }
  const Rows& rows_;
  std::vector<Batch::Hole> holes_;
  bool done_ = false;
};

class Listener final : public VerdictSink {
 public:
  explicit Listener(Answers& answers) : answers_(answers) {}
  void on_step(const Step& s) override {
    add("step", s, s.states.empty() && s.nexts.empty(), cat(s.next, s.final ? " final" : ""));
  }
  void on_violation(const Violation& v) override {
    std::string path;
    for (const PathStep& p : v.path) path += cat(" ", p.state, " ", p.event, " ", p.next, ";");
    add("violation", v, v.states.empty(), cat("allowed ", join(v.expected), path));
  }
  void on_inconclusive(const Inconclusive& i) override {
    add("inconclusive", i, false, join(i.violating));
  }

 private:
  void add(const char* type, const Occurrence& o, bool certain, const std::string& rest) {
    const TaskInfo task = o.task.value_or(TaskInfo{});
    answers_.said.push_back({type, o.time.ns, o.id.key,
                             cat(o.cpu, " by ", o.by.tid, " ", o.by.comm, ", of ", task.tid, " ",
                                 task.comm, ": ", o.state, " ", o.event, " ", rest),
                             certain});
  }
  Answers& answers_;
};

struct Bound {
  std::unique_ptr<RecordedCatalog> catalog;
  std::optional<BoundMonitor> monitor;
};

Bound bound(const std::string& name) {
  Bound out;
  out.catalog = std::make_unique<RecordedCatalog>(nullptr, std::vector<RecordedKind>());
  BindOutcome outcome = bind_read(
      read_monitor(source_path(cat("monitors/", name, "/", name, ".toml"))), *out.catalog);
  EXPECT_TRUE(outcome.monitor) << (outcome.diagnostics.empty()
                                       ? "not bound"
                                       : outcome.diagnostics.front().message);
  out.monitor = std::move(outcome.monitor);
  return out;
}

void run(RecordedEngine& engine, Recording& recording, Answers& answers) {
  Batch batch;
  for (;;) {
    const Result<bool> more = recording.next(batch);
    if (!more) answers.error = more.error().message();
    if (!more || !*more) return;
    answers.late = batch.late;
    answers.not_understood = batch.not_understood;
    if (const Result<> fed = engine.feed(batch, recording); !fed) {
      answers.error = fed.error().message();
      return;
    }
  }
}

std::string seconds(std::uint64_t ns) { return seconds_text(TimeNs{ns}); }

/// A state as ftrace's text has it; "R+" stands for 0x100.
std::string state_letter(std::uint64_t state) {
  switch (state & 0xff) {
    case 0:
      return (state & 0x100) != 0 ? "R+" : "R";
    case 1:
      return "S";
    case 2:
      return "D";
    case 4:
      return "T";
    case 8:
      return "t";
    case 0x10:
      return "X";
    case 0x20:
      return "Z";
    case 0x40:
      return "P";
    default:
      return "I";
  }
}

std::string value_text(const Row& row, std::string_view name) {
  const auto* const value = row.field(name);
  return value->index() == 0 ? std::to_string(static_cast<std::int64_t>(std::get<0>(*value)))
                             : std::get<1>(*value);
}

/// "a=1 b=2", as tracepoints print themselves.
std::string key_values(const Row& row, bool raw) {
  std::string out;
  for (const auto& [name, value] : row.fields) {
    if (row.name == "sched_switch" && name == "next_comm" && !raw) out += "==> ";
    const bool state =
        row.name == "sched_switch" && name == "prev_state" && !raw && value.index() == 0;
    out += cat(name, "=", state ? state_letter(std::get<0>(value)) : value_text(row, name), " ");
  }
  if (!out.empty()) out.pop_back();
  return out;
}

}  // namespace

const std::variant<std::uint64_t, std::string>* Row::field(std::string_view wanted) const {
  for (const auto& [name_of, value] : fields) {
    if (name_of == wanted) return &value;
  }
  return nullptr;
}
std::uint64_t Row::number(std::string_view wanted) const {
  const auto* const value = field(wanted);
  return value != nullptr && value->index() == 0 ? std::get<0>(*value) : 0;
}
std::string Row::text(std::string_view wanted) const {
  const auto* const value = field(wanted);
  return value != nullptr && value->index() == 1 ? std::get<1>(*value) : std::string();
}

std::string source_path(const std::string& below) { return cat(SWERVE_SOURCE_DIR, "/", below); }

Rows read_rows(const std::string& path) {
  const WantAll all;
  auto opened = open_recording(path, all, {});
  Rows out;
  if (!opened) {
    ADD_FAILURE() << opened.error().message();
    return out;
  }
  Recording& recording = **opened;
  Batch batch;
  for (;;) {
    const Result<bool> more = recording.next(batch);
    if (!more) ADD_FAILURE() << more.error().message();
    if (!more || !*more) return out;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const RecordedKind& kind = (*batch.kinds)[batch.kind[i]];
      const Batch::Table& table = batch.tables[batch.kind[i]];
      Row row{batch.time[i],
              batch.cpu[i],
              batch.tid[i],
              std::string(batch.comm.empty() ? recording.comm(batch.tid[i])
                                             : batch.text(batch.comm[i])),
              kind.system,
              kind.name,
              {}};
      for (std::size_t f = 0; f < kind.fields.size(); ++f) {
        const Batch::Column& column = table.columns[f];
        if (column.form == Want::nothing) continue;
        const std::uint64_t cell = column.cells[batch.row[i]];
        if (column.form == Want::text) {
          row.fields.emplace_back(kind.fields[f].name, std::string(batch.text(cell)));
        } else {
          row.fields.emplace_back(kind.fields[f].name, cell);
        }
      }
      out.push_back(std::move(row));
    }
  }
}

Answers check(const std::string& path, const std::string& monitor, bool plain_states,
              const ReadOptions& options) {
  Answers answers;
  Listener listener(answers);
  const Bound definition = bound(monitor);
  if (!definition.monitor) return answers;
  auto engine = RecordedEngine::make(*definition.monitor, *definition.catalog, listener,
                                     {plain_states, true});
  auto opened = open_recording(path, **engine, options);
  if (!opened) {
    answers.error = opened.error().message();
  } else {
    run(**engine, **opened, answers);
  }
  return answers;
}

Answers check(const Rows& rows, const std::string& monitor, bool plain_states,
              const std::vector<Batch::Hole>& holes) {
  Answers answers;
  Listener listener(answers);
  const Bound definition = bound(monitor);
  if (!definition.monitor) return answers;
  auto engine = RecordedEngine::make(*definition.monitor, *definition.catalog, listener,
                                     {plain_states, true});
  RowsRecording recording(rows, holes);
  run(**engine, recording, answers);
  return answers;
}

std::string as_ftrace_text(const Rows& rows) {
  std::string out = "# tracer: nop\n#\n";
  for (const Row& row : rows) {
    out += cat(pad_left(row.tid == 0 ? "<idle>" : row.comm, 16), "-", row.tid, " [",
               row.cpu < 10 ? "00" : "0", row.cpu, "] d..2. ", seconds(row.time), ": ", row.name,
               ": ", key_values(row, false), "\n");
  }
  return out;
}

std::string as_trace_cmd_report(const Rows& rows) {
  std::string out = "cpus=4\n";
  for (const Row& row : rows) {
    out += cat(pad_left(row.tid == 0 ? "<idle>" : row.comm, 16), "-", pad_right(cat(row.tid), 6),
               "[", row.cpu < 10 ? "00" : "0", row.cpu, "] ", pad_left(seconds(row.time), 16), ": ",
               pad_right(row.name + ":", 22), " ", key_values(row, true), "\n");
  }
  return out;
}

std::string as_perf_text(const Rows& rows) {
  std::string out;
  for (const Row& row : rows) {
    out += cat(pad_left(row.tid == 0 ? "swapper" : row.comm, 16), " ", pad_left(cat(row.tid), 5),
               " [", row.cpu < 10 ? "00" : "0", row.cpu, "] ", seconds(row.time), ": ",
               row.system.empty() ? "sched" : row.system, ":", row.name, ": ",
               key_values(row, false), "\n");
  }
  return out;
}

std::string as_csv(const Rows& rows) {
  std::vector<std::string> names;
  for (const Row& row : rows) {
    for (const auto& [name, value] : row.fields) {
      const bool reserved = name == "comm";  // a column of who ran; so is pid, but for tid and tgid
      if (!reserved && std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(name);
      }
    }
  }
  const auto quoted = [](const std::string& text) {
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
  };
  std::string out = "ts,cpu,tid,tgid,event";
  for (const std::string& name : names) out += "," + name;
  out += "\n";
  for (const Row& row : rows) {
    out += cat(row.time, ",", row.cpu, ",", row.tid, ",,", row.name);
    for (const std::string& name : names) {
      out += ",";
      if (row.field(name) != nullptr) out += quoted(value_text(row, name));
    }
    out += "\n";
  }
  return out;
}

std::string as_json_lines(const Rows& rows) {
  std::string out;
  for (const Row& row : rows) {
    JsonObject fields;
    for (const auto& [name, value] : row.fields) {
      if (value.index() == 0) {
        fields.integer(name, static_cast<std::int64_t>(std::get<0>(value)));
      } else {
        fields.text(name, std::get<1>(value));
      }
    }
    JsonObject line;
    line.number("ts", row.time).number("cpu", row.cpu).number("pid", row.tid);
    line.text("comm", row.comm).text("event", row.name).raw("fields", fields.str());
    out += line.str() + "\n";
  }
  return out;
}

Folder::Folder() {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "swerve_recorded_XXXXXX").string();
  path_ = ::mkdtemp(pattern.data());
}
Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}
std::string Folder::put(const std::string& name, const std::string& content) const {
  std::ofstream(file(name), std::ios::binary) << content;
  return file(name);
}

}  // namespace swerve::recorded_tests
