#include "swerve/control/tree.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "base/text.h"
#include "control/stats_text.h"
#include "swerve/base/time.h"

namespace swerve {
namespace {

constexpr unsigned kFolderMode = 0750;
constexpr unsigned kReadMode = 0440;
constexpr unsigned kWriteMode = 0640;

// The kernel's limits on a write: a name of 31 bytes, '!' and a newline; a name alone.
constexpr std::size_t kNameWriteMost = 33;
// With a parent: "!PARENT:NAME\n", each name of 31 bytes.
constexpr std::size_t kFullNameWriteMost = 65;
constexpr std::size_t kPathWriteMost = 4096;
// Each may keep megabytes for a reader that does not read.
constexpr std::size_t kStreamsMost = 64;

Error invalid(std::string message) { return Error(ErrorCode::invalid, std::move(message), EINVAL); }
Error not_found(std::string_view path) {
  return Error(ErrorCode::not_found, cat("there is no '", escape(path), "'"), ENOENT);
}

/// With the errno that a writer gets.
Error with_errno(Error error) {
  if (error.os_errno() != 0) return error;
  return Error(error.code(), error.message(), error.errno_or_fitting());
}

constexpr std::string_view kWhiteSpace = " \t\n\v\f\r";

/// The command in a write: up to a NUL byte, as for a C string, without white space around it.
std::string_view command_in(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  const std::size_t first = text.find_first_not_of(kWhiteSpace);
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(kWhiteSpace) - first + 1);
}

Result<> check_length(std::string_view text, std::size_t most) {
  if (text.size() <= most) return {};
  return invalid(cat("too long: ", text.size(), " bytes, at most ", most));
}

std::string boolean_text(bool value) { return value ? "1\n" : "0\n"; }

std::string lines_of(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += name + "\n";
  return out;
}

// What the files are.

enum class File {
  available_monitors,
  enabled_monitors,
  monitoring_on,
  available_reactors,
  reacting_on,
  overview,
  load,
  unload,
  error_log,
  enable,
  desc,
  reactors,
  status,
  stats,
  model,
  dry_run,
  // The streams.
  trace_pipe,
  trace_pipe_json,
  violations,
  violations_json,
};

bool is_stream(File file) { return file >= File::trace_pipe; }

struct FileKind {
  std::string_view name;
  File file;
  unsigned mode;
};

constexpr std::array kRootFiles = {
    FileKind{"available_monitors", File::available_monitors, kReadMode},
    FileKind{"enabled_monitors", File::enabled_monitors, kWriteMode},
    FileKind{"monitoring_on", File::monitoring_on, kWriteMode},
    FileKind{"available_reactors", File::available_reactors, kReadMode},
    FileKind{"reacting_on", File::reacting_on, kWriteMode},
    FileKind{"overview", File::overview, kReadMode},
    FileKind{"load", File::load, kWriteMode},
    FileKind{"unload", File::unload, kWriteMode},
    FileKind{"error_log", File::error_log, kWriteMode},
    FileKind{"trace_pipe", File::trace_pipe, kReadMode},
    FileKind{"trace_pipe_json", File::trace_pipe_json, kReadMode},
    FileKind{"violations", File::violations, kReadMode},
    FileKind{"violations_json", File::violations_json, kReadMode},
};

constexpr std::array kFilesOfMonitor = {
    FileKind{"enable", File::enable, kWriteMode},
    FileKind{"desc", File::desc, kReadMode},
    FileKind{"reactors", File::reactors, kWriteMode},
    FileKind{"status", File::status, kReadMode},
    FileKind{"stats", File::stats, kReadMode},
    FileKind{"model", File::model, kReadMode},
    FileKind{"dry_run", File::dry_run, kWriteMode},
    FileKind{"trace_pipe", File::trace_pipe, kReadMode},
    FileKind{"trace_pipe_json", File::trace_pipe_json, kReadMode},
    FileKind{"violations", File::violations, kReadMode},
    FileKind{"violations_json", File::violations_json, kReadMode},
};
static_assert(std::equal(kFilesOfMonitor.begin(), kFilesOfMonitor.end(), kMonitorFiles.begin(),
                         kMonitorFiles.end(),
                         [](const FileKind& kind, std::string_view name) {
                           return kind.name == name;
                         }),
              "registry.h says which names these are");

constexpr std::string_view kMonitorsFolder = "monitors";

template <typename Kinds>
const FileKind* kind_named(const Kinds& kinds, std::string_view name) {
  const auto found = std::find_if(kinds.begin(), kinds.end(),
                                  [&](const FileKind& kind) { return kind.name == name; });
  return found == kinds.end() ? nullptr : &*found;
}

/// The first name of a path; what follows it is left in `path`.
std::string_view first_of(std::string_view& path) {
  const std::size_t slash = path.find('/');
  const std::string_view first = path.substr(0, slash);
  path = slash == std::string_view::npos ? "" : path.substr(slash + 1);
  return first;
}

/// What a path leads to: a file, or with no `file` a folder: the root, "monitors" or, when
/// `monitor` is set, that one's.
struct Found {
  const FileKind* file = nullptr;
  bool root = false;
  std::string monitor;
  std::string parent;
};

// The log of refused writes.

class ErrorLog {
 public:
  void add(std::string_view path, std::string_view written, const Error& error) {
    const std::lock_guard lock(mutex_);
    if (entries_.size() == kEntries) entries_.pop_front();
    std::string entry = cat("[", seconds_text(monotonic_now()), "] ", escape(path), ": \"",
                            escape(written.substr(0, kWrittenMost)),
                            written.size() > kWrittenMost ? "..." : "", "\": ");
    std::string_view reason = error.message();
    if (reason.ends_with('\n')) reason.remove_suffix(1);
    for (const char c : reason.substr(0, kReasonMost)) {
      entry += c;
      if (c == '\n') entry += "    ";
    }
    if (reason.size() > kReasonMost) entry += "...";
    entries_.push_back(entry + "\n");
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    std::string out;
    for (const std::string& entry : entries_) out += entry;
    return out;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    entries_.clear();
  }

 private:
  static constexpr std::size_t kEntries = 16;
  static constexpr std::size_t kWrittenMost = 80;
  static constexpr std::size_t kReasonMost = 16U << 10;
  mutable std::mutex mutex_;
  std::deque<std::string> entries_;
};

}  // namespace

struct SWERVE_LOCAL ControlTree::State {
  Registry& registry;
  VerdictStreams& streams;
  MonitorLoader* loader;
  ErrorLog errors;

  bool has(const FileKind& kind) const {
    return loader != nullptr || (kind.file != File::load && kind.file != File::unload);
  }
  Result<Found> find(std::string_view path) const;
  Result<std::string> text(const Found& what) const;
  Result<> command(const Found& what, std::string_view text);
  Result<std::string_view> monitor_meant(std::string_view name) const;
  Result<> switch_by_name(std::string_view text);
  Result<> load(std::string_view text);
  Result<> unload(std::string_view text);
  std::unique_ptr<VerdictStream> open_stream(const Found& what);
};

Result<bool> parse_boolean(std::string_view text) {
  const char first = text.empty() ? '\0' : text[0];
  const char second = text.size() < 2 ? '\0' : text[1];
  switch (first) {
    case 'y':
    case 'Y':
    case 't':
    case 'T':
    case '1':
      return true;
    case 'n':
    case 'N':
    case 'f':
    case 'F':
    case '0':
      return false;
    case 'o':
    case 'O':
      if (second == 'n' || second == 'N') return true;
      if (second == 'f' || second == 'F') return false;
      break;
    default:
      break;
  }
  return invalid("neither on (1, y, t, on) nor off (0, n, f, off)");
}

// Paths.

Result<Found> ControlTree::State::find(std::string_view path) const {
  const std::string_view whole = path;
  Found found;
  if (path.empty()) {
    found.root = true;
    return found;
  }
  const auto in_a_file = [&](const FileKind& kind) {
    return Error(ErrorCode::io, cat("'", kind.name, "' is a file, not a folder"), ENOTDIR);
  };
  const std::string_view first = first_of(path);
  if (first != kMonitorsFolder) {
    found.file = kind_named(kRootFiles, first);
    if (found.file == nullptr || !has(*found.file)) return not_found(whole);
    if (!path.empty()) return in_a_file(*found.file);
    return found;
  }
  // Folders of monitors, one in the other; then a file.
  while (!path.empty()) {
    const std::string_view name = first_of(path);
    if (!found.monitor.empty()) {
      found.file = kind_named(kFilesOfMonitor, name);
      if (found.file != nullptr) {
        if (!path.empty()) return in_a_file(*found.file);
        return found;
      }
    }
    const std::optional<MonitorView> monitor = registry.find(name);
    if (!monitor || monitor->parent != found.monitor) return not_found(whole);
    found.parent = monitor->parent;
    found.monitor = name;
  }
  return found;
}

Result<TreeNode> ControlTree::stat(std::string_view path) const {
  SWERVE_TRY_ASSIGN(const Found found, state_->find(path));
  if (found.file == nullptr) return TreeNode{true, kFolderMode};
  return TreeNode{false, found.file->mode};
}

Result<std::vector<std::string>> ControlTree::list(std::string_view path) const {
  SWERVE_TRY_ASSIGN(const Found found, state_->find(path));
  if (found.file != nullptr)
    return Error(ErrorCode::io, cat("'", escape(path), "' is a file, not a folder"), ENOTDIR);
  std::vector<std::string> names;
  if (found.root) {
    for (const FileKind& kind : kRootFiles)
      if (state_->has(kind)) names.emplace_back(kind.name);
    names.emplace_back(kMonitorsFolder);
    return names;
  }
  if (!found.monitor.empty())
    for (const FileKind& kind : kFilesOfMonitor) names.emplace_back(kind.name);
  if (found.parent.empty())  // what is nested has nothing in it
    for (MonitorView& monitor : state_->registry.monitors())
      if (monitor.parent == found.monitor) names.push_back(std::move(monitor.name));
  return names;
}

// Reading.

namespace {

std::string status_text(const MonitorView& monitor) {
  if (!monitor.cannot_run.empty())
    return cat("cannot run here: ", escape(monitor.cannot_run), "\n");
  if (!monitor.enabled) return "off\n";
  return monitor.running ? "running\n" : "paused: monitoring_on is 0\n";
}

std::string reactors_text(const std::vector<std::string>& reactors, const std::string& chosen) {
  std::string out;
  for (const std::string& reactor : reactors)
    out += reactor == chosen ? cat("[", reactor, "]\n") : cat(reactor, "\n");
  return out;
}

/// A line a monitor, for one reader of them all: full name, 1 or 0, reactor, status, description.
std::string overview_text(const std::vector<MonitorView>& monitors) {
  std::string out;
  for (const MonitorView& monitor : monitors) {
    std::string status = status_text(monitor);
    status.pop_back();
    out += cat(monitor.full_name(), "\t", monitor.enabled ? "1" : "0", "\t", monitor.reactor, "\t",
               status, "\t", escape(monitor.description), "\n");
  }
  return out;
}

std::string names_text(const std::vector<MonitorView>& monitors, bool only_enabled) {
  std::string out;
  for (const MonitorView& monitor : monitors)
    if (monitor.enabled || !only_enabled) out += monitor.full_name() + "\n";
  return out;
}

}  // namespace

Result<std::string> ControlTree::State::text(const Found& what) const {
  std::optional<MonitorView> monitor;
  if (!what.monitor.empty()) {
    monitor = registry.find(what.monitor);
    if (!monitor || monitor->parent != what.parent) return not_found(what.monitor);
  }
  switch (what.file->file) {
    case File::available_monitors:
      return names_text(registry.monitors(), false);
    case File::enabled_monitors:
      return names_text(registry.monitors(), true);
    case File::monitoring_on:
      return boolean_text(registry.monitoring());
    case File::available_reactors:
      return lines_of(registry.reactors());
    case File::overview:
      return overview_text(registry.monitors());
    case File::reacting_on:
      return boolean_text(registry.reacting());
    case File::error_log:
      return errors.text();
    case File::enable:
      return boolean_text(monitor->enabled);
    case File::desc:
      return monitor->description + "\n";
    case File::reactors:
      return reactors_text(registry.reactors(), monitor->reactor);
    case File::status:
      return status_text(*monitor);
    case File::stats: {
      const Result<MonitorReport> report = registry.report(what.monitor);
      if (!report) return not_found(what.monitor);
      TreeStats stats{*report, std::nullopt};
      if (!monitor->container) stats.scope = monitor->scope;
      return stats_text(std::move(stats));
    }
    case File::model: {
      Result<std::string> model = registry.model(what.monitor);
      if (!model) return not_found(what.monitor);
      return model;
    }
    case File::dry_run:
      return boolean_text(monitor->dry_run);
    case File::load:
    case File::unload:
    case File::trace_pipe:
    case File::trace_pipe_json:
    case File::violations:
    case File::violations_json:
      break;
  }
  return std::string();
}

std::unique_ptr<VerdictStream> ControlTree::State::open_stream(const Found& what) {
  StreamShape shape;
  const File file = what.file->file;
  const bool json = file == File::trace_pipe_json || file == File::violations_json;
  const bool steps = file == File::trace_pipe || file == File::trace_pipe_json;
  shape.form = json ? StreamShape::Form::json : StreamShape::Form::text;
  shape.content = steps ? StreamShape::Content::everything : StreamShape::Content::violations;
  if (!what.monitor.empty()) {
    // A container's own name, which no verdict has, is among them: so the list is never that of
    // all monitors, and lines say whose they are also when it has one child.
    shape.monitors.push_back(what.monitor);
    for (MonitorView& monitor : registry.monitors())
      if (monitor.parent == what.monitor) shape.monitors.push_back(std::move(monitor.name));
  }
  return streams.open(std::move(shape));
}

// Writing.

/// The monitor that NAME or PARENT:NAME means.
Result<std::string_view> ControlTree::State::monitor_meant(std::string_view name) const {
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos) return name;
  const std::string_view parent = name.substr(0, colon);
  name.remove_prefix(colon + 1);
  const std::optional<MonitorView> monitor = registry.find(name);
  if (monitor && (parent.empty() || monitor->parent != parent)) {
    return invalid(cat("monitor '", name, "' is not in '", escape(parent), "': its full name is '",
                       monitor->full_name(), "'"));
  }
  return name;
}

/// What is written to `enabled_monitors`: a monitor, with a '!' in front to disable it.
Result<> ControlTree::State::switch_by_name(std::string_view text) {
  const bool has_parent = text.find(':') != std::string_view::npos;
  SWERVE_TRY(check_length(text, has_parent ? kFullNameWriteMost : kNameWriteMost));
  std::string_view name = command_in(text);
  const bool disable = name.starts_with('!');
  if (disable) name.remove_prefix(1);
  if (name.empty()) return {};
  SWERVE_TRY_ASSIGN(name, monitor_meant(name));
  return disable ? registry.disable(name) : registry.enable(name);
}

Result<> ControlTree::State::load(std::string_view text) {
  SWERVE_TRY(check_length(text, kPathWriteMost));
  const std::string_view path = command_in(text);
  if (!path.starts_with('/')) return invalid("the path of a definition begins with a '/'");
  return loader->load(std::string(path));
}

Result<> ControlTree::State::unload(std::string_view text) {
  SWERVE_TRY(check_length(text, kFullNameWriteMost));
  SWERVE_TRY_ASSIGN(const std::string_view name, monitor_meant(command_in(text)));
  if (name.empty()) return invalid("no name");
  return loader->unload(std::string(name));
}

Result<> ControlTree::State::command(const Found& what, std::string_view text) {
  if (text.empty()) return invalid("nothing was written");
  if (!what.monitor.empty()) {
    const std::optional<MonitorView> monitor = registry.find(what.monitor);
    if (!monitor || monitor->parent != what.parent) return not_found(what.monitor);
  }
  switch (what.file->file) {
    case File::enabled_monitors:
      return switch_by_name(text);
    case File::monitoring_on: {
      SWERVE_TRY_ASSIGN(const bool on, parse_boolean(text));
      return registry.set_monitoring(on);
    }
    case File::reacting_on: {
      SWERVE_TRY_ASSIGN(const bool on, parse_boolean(text));
      return registry.set_reacting(on);
    }
    case File::enable: {
      SWERVE_TRY_ASSIGN(const bool on, parse_boolean(text));
      return on ? registry.enable(what.monitor) : registry.disable(what.monitor);
    }
    case File::dry_run: {
      SWERVE_TRY_ASSIGN(const bool on, parse_boolean(text));
      return registry.set_dry_run(what.monitor, on);
    }
    case File::reactors: {
      SWERVE_TRY(check_length(text, kNameWriteMost));
      const std::string_view reactor = command_in(text);
      if (reactor.empty()) return {};
      return registry.choose_reactor(what.monitor, reactor);
    }
    case File::load:
      return load(text);
    case File::unload:
      return unload(text);
    case File::error_log:
      errors.clear();
      return {};
    case File::available_monitors:
    case File::available_reactors:
    case File::overview:
    case File::desc:
    case File::status:
    case File::stats:
    case File::model:
    case File::trace_pipe:
    case File::trace_pipe_json:
    case File::violations:
    case File::violations_json:
      break;
  }
  return invalid("this file is for reading only");
}

// Open files.

namespace {

Error not_open_for(std::string_view what) {
  return Error(ErrorCode::invalid, cat("the file is not open for ", what), EBADF);
}

}  // namespace

class SWERVE_LOCAL ControlTree::OpenFile final : public TreeFile {
 public:
  OpenFile(State& state, std::string path, Found what, TreeOpen how,
           std::unique_ptr<VerdictStream> stream)
      : state_(state),
        path_(std::move(path)),
        what_(std::move(what)),
        how_(how),
        stream_(std::move(stream)) {}

  Result<std::string> read(std::uint64_t offset, std::size_t most) override {
    if (!how_.read) return not_open_for("reading");
    if (stream_ != nullptr) return stream_->read(most);
    if (offset == 0 || !text_) {
      text_.reset();
      SWERVE_TRY_ASSIGN(text_, state_.text(what_));
    }
    if (offset >= text_->size()) return std::string();
    return text_->substr(offset, most);
  }

  Result<std::size_t> write(std::string_view text) override {
    if (!how_.write) return not_open_for("writing");
    if (Result<> done = state_.command(what_, text); !done) {
      state_.errors.add(path_, text, done.error());
      return with_errno(std::move(done).error());
    }
    return text.size();
  }

  bool is_stream() const override { return stream_ != nullptr; }
  bool readable() const override { return stream_ == nullptr || stream_->readable(); }
  void when_readable(std::function<void()> call) override {
    if (stream_ != nullptr) stream_->when_readable(std::move(call));
  }

 private:
  State& state_;
  const std::string path_;
  const Found what_;
  const TreeOpen how_;
  std::optional<std::string> text_;  // as it was at the last read from offset 0
  std::unique_ptr<VerdictStream> stream_;
};

ControlTree::ControlTree(Registry& registry, VerdictStreams& streams, MonitorLoader* loader)
    : state_(new State{registry, streams, loader, {}}) {}
ControlTree::~ControlTree() = default;

Result<std::unique_ptr<TreeFile>> ControlTree::open(std::string_view path, TreeOpen how) {
  SWERVE_TRY_ASSIGN(Found found, state_->find(path));
  if (found.file == nullptr)
    return Error(ErrorCode::io, cat("'", escape(path), "' is a folder"), EISDIR);
  if (how.write && how.truncate && found.file->file == File::enabled_monitors) {
    if (Result<> done = state_->registry.disable_all(); !done) {
      state_->errors.add(path, "", done.error());
      return with_errno(std::move(done).error());
    }
  }
  std::unique_ptr<VerdictStream> stream;
  if (how.read && is_stream(found.file->file)) {
    if (state_->streams.count() >= kStreamsMost) {
      return Error(ErrorCode::exhausted, cat(kStreamsMost, " streams are open already"), ENFILE);
    }
    stream = state_->open_stream(found);
  }
  return std::unique_ptr<TreeFile>(std::make_unique<OpenFile>(
      *state_, std::string(path), std::move(found), how, std::move(stream)));
}

}  // namespace swerve
