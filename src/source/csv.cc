#include "source/csv.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "source/line_recording.h"

namespace swerve {

namespace {

/// The cells of a record, whose quotes are balanced. They are parts of `record`, or of `unquoted`
/// where doubled quotes had to be made single. Answers what is wrong; empty: nothing.
std::string_view split(std::string_view record, char delimiter, std::string& unquoted,
                       std::vector<std::string_view>& cells) {
  cells.clear();
  unquoted.clear();
  unquoted.reserve(record.size());  // so that it does not move
  const bool quotes = record.find('"') != std::string_view::npos;
  for (;;) {
    std::string_view cell;
    if (record.starts_with('"')) {
      std::size_t end = record.find('"', 1);
      const bool doubled = record.substr(end + 1).starts_with('"');
      cell = record.substr(1, end - 1);
      if (doubled) {
        const std::size_t at = unquoted.size();
        unquoted += cell;
        while (record.substr(end + 1).starts_with('"')) {
          const std::size_t next = record.find('"', end + 2);
          unquoted += record.substr(end + 1, next - end - 1);
          end = next;
        }
        cell = std::string_view(unquoted).substr(at);
      }
      record.remove_prefix(end + 1);
      if (!record.empty() && record[0] != delimiter) return "text behind a cell in quotes";
    } else {
      cell = record.substr(0, record.find(delimiter));
      record.remove_prefix(cell.size());
      if (quotes && cell.find('"') != std::string_view::npos)
        return "a quote inside a cell without quotes";
    }
    cells.push_back(cell);
    if (record.empty()) return {};
    record.remove_prefix(1);
  }
}

bool balanced(std::string_view record) {
  return std::count(record.begin(), record.end(), '"') % 2 == 0;
}

/// What the columns are, by their numbers; -1: there is none.
struct Header {
  char delimiter = ',';
  std::vector<std::string> names;
  int time = -1, event = -1, cpu = -1, tid = -1, tgid = -1, comm = -1;
  bool nanoseconds = false;         // the column's name says so
  std::vector<std::size_t> fields;  // all others that have a name

  int take(std::string_view name) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] != name) continue;
      fields.erase(std::remove(fields.begin(), fields.end(), i), fields.end());
      return static_cast<int>(i);
    }
    return -1;
  }
};

/// Nothing when it is no header that this reader knows.
std::optional<Header> read_header(std::string_view line, char delimiter) {
  Header out;
  out.delimiter = delimiter;
  std::string unquoted;
  std::vector<std::string_view> cells;
  if (!balanced(line) || !split(line, delimiter, unquoted, cells).empty()) return std::nullopt;
  for (const std::string_view cell : cells) {
    if (!cell.empty()) out.fields.push_back(out.names.size());
    out.names.emplace_back(cell);
  }
  for (const char* name : {"ts", "time_ns", "time", "timestamp"}) {
    if (out.time >= 0) break;
    out.time = out.take(name);
    out.nanoseconds = std::string_view(name) == "time_ns";
  }
  out.event = out.take("event");
  out.cpu = out.take("cpu");
  out.tid = out.take("tid");
  out.tgid = out.take("tgid");
  if (int& id = out.tid < 0 ? out.tid : out.tgid; id < 0) id = out.take("pid");
  out.comm = out.take("comm");
  if (out.time < 0 || out.event < 0) return std::nullopt;
  return out;
}

std::optional<Header> read_header(std::string_view line) {
  if (line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
  for (const char delimiter : {',', ';', '\t'}) {
    if (auto header = read_header(line, delimiter)) return header;
  }
  return std::nullopt;
}

class CsvRecording final : public LineRecording {
 public:
  CsvRecording(std::unique_ptr<Input> input, const Interest& interest)
      : LineRecording(std::move(input), interest) {}

  std::string format() const override { return "CSV"; }

 private:
  Result<> take(const LineReader::Line& line, BatchBuilder& builder) override;
  Result<> end() override {
    return open_quote_ ? wrong(begun_at_, "a quote that is not closed") : Result<>();
  }
  Result<> take_record(std::string_view record, BatchBuilder& builder);
  std::string_view cell(int column) const {
    return column < 0 ? std::string_view() : cells_[static_cast<std::size_t>(column)];
  }

  std::optional<Header> header_;
  std::uint64_t begun_at_ = 0;  // the line where the record begins
  bool open_quote_ = false;     // and goes on in the next line
  std::string record_;          // of several lines
  std::string unquoted_;
  std::vector<std::string_view> cells_;
  std::vector<FoundField> fields_;
};

Result<> CsvRecording::take(const LineReader::Line& line, BatchBuilder& builder) {
  if (!header_) {
    header_ = read_header(line.text);
    if (header_) return {};
    return wrong(line.number,
                 "no header with a column 'event' and one of ts, time_ns, time, "
                 "timestamp");
  }
  const bool whole_line = !open_quote_;
  if (whole_line) begun_at_ = line.number;
  if (!balanced(line.text)) open_quote_ = !open_quote_;
  if (whole_line && !open_quote_) return take_record(line.text, builder);

  if (whole_line) record_.clear();
  if (record_.size() + line.text.size() >= kLongest) {
    return wrong(begun_at_, "a record longer than 1 MiB, or a quote that is not closed");
  }
  if (!whole_line) record_ += '\n';
  record_ += line.text;
  return open_quote_ ? Result<>() : take_record(record_, builder);
}

Result<> CsvRecording::take_record(std::string_view record, BatchBuilder& builder) {
  if (record.empty()) return {};
  const Header& header = *header_;
  const std::string_view bad = split(record, header.delimiter, unquoted_, cells_);
  if (!bad.empty()) return wrong(begun_at_, bad);
  if (cells_.size() != header.names.size()) {
    return wrong(begun_at_, cat(cells_.size(), " cells, but the header has ", header.names.size()));
  }
  FoundEvent event;
  event.name = cell(header.event);
  if (event.name.empty()) return wrong(begun_at_, "no event");
  const std::string_view time = cell(header.time);
  if (!read_time_number(time, event.time) ||
      (header.nanoseconds && time.find_first_not_of("0123456789") != std::string_view::npos)) {
    return wrong(begun_at_, cat(quoted(time), " is no time"));
  }
  struct Id {
    const char* what;
    int column;
    std::uint32_t* id;
  };
  for (const Id& id : {Id{"CPU", header.cpu, &event.cpu}, Id{"thread", header.tid, &event.tid},
                       Id{"process", header.tgid, &event.tgid}}) {
    const std::string_view text = cell(id.column);
    if (!text.empty() && !read_id(text, *id.id)) {
      return wrong(begun_at_, cat(quoted(text), " is no number of a ", id.what));
    }
  }
  event.comm = cell(header.comm);
  fields_.clear();
  for (const std::size_t i : header.fields) {
    if (!cells_[i].empty()) fields_.push_back({.name = header.names[i], .text = cells_[i]});
  }
  return builder.add(event, fields_);
}

}  // namespace

bool is_csv(std::string_view beginning) {
  std::string_view line = beginning.substr(0, beginning.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return read_header(line).has_value();
}

Result<std::unique_ptr<Recording>> open_csv(std::unique_ptr<Input> input,
                                            const Interest& interest) {
  return std::unique_ptr<Recording>(std::make_unique<CsvRecording>(std::move(input), interest));
}

}  // namespace swerve
