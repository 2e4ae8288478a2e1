// support.h - a recorded trace as rows that a test can change, write in any format, and have
// checked.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bind/recorded/recorded_engine.h"
#include "source/any/open_recording.h"
#include "swerve/monitor/verdict.h"

namespace swerve::recorded_tests {

/// One event as a reader delivers it.
struct Row {
  std::uint64_t time = 0;
  std::uint32_t cpu = 0, tid = 0;
  std::string comm, system, name;
  std::vector<std::pair<std::string, std::variant<std::uint64_t, std::string>>> fields;

  const std::variant<std::uint64_t, std::string>* field(std::string_view wanted) const;
  std::uint64_t number(std::string_view wanted) const;
  std::string text(std::string_view wanted) const;
};
using Rows = std::vector<Row>;

/// What a monitor said, one string a verdict: "time id comm state event next" and so on, in order.
struct Answers {
  struct Said {
    std::string type;  // "step", "violation", "inconclusive"
    std::uint64_t time = 0;
    std::uint64_t id = 0;
    std::string text;
    bool certain = true;  // the state was
    friend bool operator==(const Said&, const Said&) = default;
  };
  std::vector<Said> said;
  std::uint64_t late = 0, not_understood = 0;
  std::string error;
};

std::string source_path(const std::string& below_source_tree);

/// All events of a recording.
Rows read_rows(const std::string& path);

/// What the monitor NAME of the source tree says of a recording, with each step.
Answers check(const std::string& path, const std::string& monitor, bool plain_states,
              const ReadOptions& options = {});
/// The same of rows, from memory; `holes` by the number of the row in front of which they stand.
Answers check(const Rows& rows, const std::string& monitor, bool plain_states,
              const std::vector<Batch::Hole>& holes = {});

/// The rows as a file of a format: its text or bytes. Task states are written as that format has
/// them.
std::string as_ftrace_text(const Rows& rows);
std::string as_trace_cmd_report(const Rows& rows);  // -R
std::string as_perf_text(const Rows& rows);
std::string as_csv(const Rows& rows);
std::string as_json_lines(const Rows& rows);

/// A folder that is removed with its files.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// Writes it; returns its path.
  std::string put(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

}  // namespace swerve::recorded_tests
