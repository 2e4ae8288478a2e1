#include "app/tree_watch.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <utility>

#include "app/output.h"
#include "app/printer.h"
#include "app/verdict_reader.h"
#include "base/loop.h"
#include "base/text.h"
#include "monitor/columns.h"
#include "swerve/base/diagnostic.h"

namespace swerve {
namespace {

constexpr int kFailed = 1;

/// What one name on the command line means.
struct Target {
  TreeMonitor monitor;                // what is enabled
  std::vector<TreeMonitor> monitors;  // what is watched: this one, or a container's children
};

/// NAME or PARENT:NAME, matched whole.
Result<std::vector<Target>> targets(const std::vector<std::string>& arguments,
                                    const std::vector<TreeMonitor>& monitors,
                                    std::string_view folder) {
  std::vector<std::string> names;
  for (const TreeMonitor& one : monitors) {
    names.push_back(one.name);
    if (!one.parent.empty()) names.push_back(one.full_name());
  }
  std::vector<Target> out;
  std::set<std::string> seen;
  for (const std::string& argument : arguments) {
    const auto found = std::find_if(monitors.begin(), monitors.end(), [&](const TreeMonitor& one) {
      return one.name == argument || one.full_name() == argument;
    });
    if (found == monitors.end())
      return Error(ErrorCode::not_found,
                   cat("monitor ", escape(argument), " does not exist", near_miss(argument, names),
                       " (asked at ", escape(folder), ")"));
    Target target{*found, {}};
    for (const TreeMonitor& one : monitors)
      if (found->parent.empty() && one.parent == found->name) target.monitors.push_back(one);
    if (target.monitors.empty()) target.monitors.push_back(*found);
    for (const TreeMonitor& one : target.monitors)
      if (!seen.insert(one.name).second)
        return Error(ErrorCode::exists, cat("monitor ", one.full_name(), " is named twice"));
    out.push_back(std::move(target));
  }
  return out;
}

/// What was changed in the tree, and is put back at the end, last first.
class Changes {
 public:
  explicit Changes(const TreeClient& tree) : tree_(tree) {}
  ~Changes() { undo(); }
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;

  /// Writes `text` to `path`; `before` is what stood there.
  Result<> write(const std::string& path, std::string_view text, std::string before) {
    SWERVE_TRY(tree_.write(path, text));
    undo_.emplace_back(path, std::move(before));
    return {};
  }
  /// False when something could not be put back, as was said.
  bool undo() {
    bool well = true;
    for (; !undo_.empty(); undo_.pop_back()) {
      const auto& [path, before] = undo_.back();
      const Result<> done = tree_.write(path, before);
      if (!done && done.error().code() != ErrorCode::not_found) {  // it was unloaded
        complain(done.error().message());
        well = false;
      }
    }
    return well;
  }
  /// There is nothing left to put back.
  void forget() { undo_.clear(); }

 private:
  const TreeClient& tree_;
  std::vector<std::pair<std::string, std::string>> undo_;
};

/// One monitor's stream.
struct Source {
  TreeMonitor monitor;
  UniqueFd stream;   // none when the daemon has gone
  std::string rest;  // the beginning of a line
  TreeStats before;
};

class TreeWatch {
 public:
  TreeWatch(const MonOptions& options, const TreeClient& tree, const CaughtSignals& signals,
            std::vector<Target> targets, Timer timer)
      : options_(options),
        tree_(tree),
        signals_(signals),
        targets_(std::move(targets)),
        timer_(std::move(timer)),
        changes_(tree) {}

  Result<int> run() {
    verbose(cat("my pid is ", ::getpid()));
    verbose(cat("watching through the daemon at ", escape(tree_.folder())));
    SWERVE_TRY(check_disabled());
    if (options_.reactor) {
      SWERVE_TRY(choose_reactor());
    }
    for (const Target& target : targets_)
      for (const TreeMonitor& monitor : target.monitors) SWERVE_TRY(open(monitor));
    printer_.emplace(options_, watched_, static_cast<std::uint32_t>(::getpid()));
    printer_->begin();
    if (const Result<std::string> on = tree_.read("monitoring_on"); on && *on == "0\n")
      complain("monitoring_on is 0: no event counts until it is 1");
    const TimeNs armed = monotonic_now();
    for (const Target& target : targets_)
      SWERVE_TRY(changes_.write(target.monitor.file("enable"), "1", "0"));
    if (options_.duration) timer_.once(*options_.duration);
    verbose("everything is enabled, and events count");
    while (!done_) turn();
    return close(armed);
  }

 private:
  void verbose(std::string_view text) const {
    if (options_.verbose) complain(text);
  }

  /// The kernel's tool refuses to share a monitor, too: who enabled it may count on its being so.
  Result<> check_disabled() const {
    SWERVE_TRY_ASSIGN(const std::set<std::string> enabled, tree_.enabled());
    const auto refuse = [&](const TreeMonitor& monitor) -> Result<> {
      if (!enabled.contains(monitor.full_name())) return {};
      return Error(ErrorCode::busy, cat("monitor ", monitor.full_name(), " is already enabled"));
    };
    for (const Target& target : targets_) {
      SWERVE_TRY(refuse(target.monitor));
      for (const TreeMonitor& monitor : target.monitors) SWERVE_TRY(refuse(monitor));
    }
    return {};
  }

  Result<> choose_reactor() {
    for (const Target& target : targets_) {
      for (const TreeMonitor& monitor : target.monitors) {
        SWERVE_TRY_ASSIGN(std::string before, tree_.reactor(monitor));
        verbose(cat("the reactor of monitor ", monitor.full_name(), " was ", escape(before)));
        if (before == *options_.reactor) continue;
        if (Result<> chosen =
                changes_.write(monitor.file("reactors"), *options_.reactor, std::move(before));
            !chosen)
          return std::move(chosen).error().within(cat("failed to set reactor ",
                                                      escape(*options_.reactor), " of ",
                                                      monitor.full_name(), ", is it available?"));
      }
    }
    return {};
  }

  Result<> open(const TreeMonitor& monitor) {
    Source source;
    source.monitor = monitor;
    SWERVE_TRY_ASSIGN(std::string description, tree_.read(monitor.file("desc")));
    if (description.ends_with('\n')) description.pop_back();
    SWERVE_TRY_ASSIGN(
        source.stream,
        tree_.open_stream(monitor.file(options_.trace ? "trace_pipe_json" : "violations_json")));
    SWERVE_TRY_ASSIGN(const std::string stats, tree_.read(monitor.file("stats")));
    source.before = parse_tree_stats(stats);
    WatchedMonitor shown;
    shown.description = std::move(description);
    shown.summary.monitor = monitor.name;
    shown.summary.scope = source.before.scope.value_or(Scope::global);
    SWERVE_TRY_ASSIGN(shown.summary.reactor, tree_.reactor(monitor));
    verbose(cat("monitor ", monitor.name, " has id: ", has_id(shown.summary.scope) ? "yes" : "no",
                "; reactor ", escape(shown.summary.reactor)));
    watched_.push_back(std::move(shown));
    sources_.push_back(std::move(source));
    return {};
  }

  void turn() {
    std::vector<pollfd> fds{{signals_.fd.get(), POLLIN, 0}, {timer_.fd(), POLLIN, 0}};
    for (const Source& source : sources_) fds.push_back({source.stream.get(), POLLIN, 0});
    (void)::poll(fds.data(), fds.size(), -1);
    signalfd_siginfo info{};
    while (::read(signals_.fd.get(), &info, sizeof info) == sizeof info)
      if (info.ssi_signo != SIGCHLD) done_ = true;
    if (timer_.fired()) done_ = true;
    for (std::size_t i = 0; i < sources_.size(); ++i)
      if (fds[i + 2].revents != 0) take(i, kReadsAtOnce);
    printer_->flush();
    if (printer_->closed()) done_ = true;
  }

  /// Takes what the stream has, in at most so many reads. Only a daemon that goes away ends it.
  void take(std::size_t which, std::size_t reads) {
    Source& source = sources_[which];
    std::array<char, 64U << 10> buffer;
    for (; reads != 0 && source.stream; --reads) {
      const ssize_t n = ::read(source.stream.get(), buffer.data(), buffer.size());
      if (n > 0) {
        take_text(which, std::string_view(buffer.data(), static_cast<std::size_t>(n)));
      } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        source.stream.reset();
        tell_gone();
      } else if (errno == EAGAIN) {
        return;
      }
    }
  }

  void take_text(std::size_t which, std::string_view text) {
    std::string& rest = sources_[which].rest;
    for (std::size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1)) {
      rest += text.substr(0, end);
      take_line(which, rest);
      rest.clear();
    }
    rest += text;
  }

  void take_line(std::size_t which, std::string_view line) {
    auto verdict = read_verdict(line);
    if (!verdict) {
      complain(cat("the daemon said what is not understood here: ", verdict.error().message()));
    } else if (auto* const step = std::get_if<Step>(&*verdict)) {
      printer_->on_step(*step);
    } else if (auto* const violation = std::get_if<Violation>(&*verdict)) {
      if (!options_.stacks) violation->stack.clear();
      printer_->on_violation(*violation);
    } else if (const auto& lost = std::get<Lost>(*verdict); lost.lines != 0) {
      // Reports that found the ring full are in the monitor's stats.
      printer_->on_unread(watched_[which], lost.lines);
    }
  }

  void tell_gone() {
    if (!gone_) complain(cat("the daemon at ", escape(tree_.folder()), " has gone"));
    gone_ = done_ = true;
    changes_.forget();
  }

  int close(TimeNs armed) {
    for (std::size_t i = 0; i < sources_.size(); ++i) {  // disabling ends the instances
      if (const Result<std::string> stats = tree_.read(sources_[i].monitor.file("stats")))
        watched_[i].summary.stats.instances = parse_tree_stats(*stats).stats.instances;
    }
    for (const Source& source : sources_) {
      const Result<std::string> on = tree_.read(source.monitor.file("enable"));
      const auto somebody = [&](std::string_view did) {
        complain(cat("monitor ", source.monitor.full_name(), " was ", did, " by somebody else"));
      };
      if (on && *on == "0\n") somebody("disabled");
      if (!on && on.error().code() == ErrorCode::not_found) somebody("unloaded");
    }
    if (!changes_.undo() && !tree_.enabled()) tell_gone();
    const TimeNs ended = monotonic_now();
    for (std::size_t i = 0; i < sources_.size(); ++i) take(i, kReadsAtEnd);
    printer_->flush();
    if (gone_) return kFailed;
    for (std::size_t i = 0; i < sources_.size(); ++i) sum_up(i);
    return printer_->end(armed, ended);
  }

  void sum_up(std::size_t which) {
    const Source& source = sources_[which];
    MonitorSummary& summary = watched_[which].summary;
    const Result<std::string> stats = tree_.read(source.monitor.file("stats"));
    if (!stats) {  // what is known of one that was unloaded
      summary.stats.violations = summary.reported;
      return;
    }
    const std::uint64_t instances = summary.stats.instances;
    TreeStats now = since(source.before, parse_tree_stats(*stats));
    summary.stats = now.stats;
    summary.stats.instances = instances;
    summary.reactions = std::move(now.reactions);
  }

  static constexpr std::size_t kReadsAtOnce = 16;    // so that a flood leaves time for the rest
  static constexpr std::size_t kReadsAtEnd = 10000;  // far more than a stream holds
  const MonOptions& options_;
  const TreeClient& tree_;
  const CaughtSignals& signals_;
  const std::vector<Target> targets_;
  Timer timer_;
  std::vector<Source> sources_;
  std::vector<WatchedMonitor> watched_;  // in the order of sources_
  std::optional<Printer> printer_;
  Changes changes_;
  bool done_ = false;
  bool gone_ = false;  // the daemon
};

}  // namespace

Result<int> watch_tree(const MonOptions& options, const TreeClient& tree,
                       const CaughtSignals& signals) {
  SWERVE_TRY_ASSIGN(const std::vector<TreeMonitor> monitors, tree.monitors());
  SWERVE_TRY_ASSIGN(std::vector<Target> wanted, targets(options.monitors, monitors, tree.folder()));
  SWERVE_TRY_ASSIGN(Timer timer, Timer::create());
  return TreeWatch(options, tree, signals, std::move(wanted), std::move(timer)).run();
}

}  // namespace swerve
