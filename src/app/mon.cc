// app/mon.cc - `swerve mon`: watches live, with no daemon.
//
// First everything is read, bound and loaded, and all that is wrong with it is said; only then
// anything is attached. One thread: it waits for signals, the end of the time and the engine's
// announcements, and prints. When this process dies, by whatever death, the kernel detaches all of
// it.
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <set>

#include "app/child.h"
#include "app/commands.h"
#include "app/json_report.h"
#include "app/output.h"
#include "app/report.h"
#include "app/selection.h"
#include "base/text.h"
#include "kernel/engine.h"
#include "kernel/rights.h"
#include "monitor/columns.h"
#include "monitor/verdict_json.h"
#include "monitor/violation_text.h"
#include "react/printk.h"
#include "react/reactor.h"

namespace swerve {
namespace {

constexpr int kFailed = 1;
constexpr int kDrainMs = 100;
constexpr TimeNs kGrace{2'000'000'000};  // for a command that was told to end

/// One monitor being watched: what is printed and done about it.
struct Watched {
  const BoundMonitor* monitor = nullptr;
  std::size_t number = 0;  // in the engine
  std::shared_ptr<Reactor> reactor;
  MonitorSummary summary;
};

/// Prints what comes out of the engine, and reacts.
class Printer : public VerdictSink {
 public:
  Printer(const MonOptions& options, std::vector<Watched>& watched, Columns columns, TaskInfo self)
      : options_(options), watched_(watched), columns_(columns), self_(std::move(self)) {}

  void on_step(const Step& step) override {
    if (!options_.trace || output.closed() || own(step)) return;
    output.put(options_.json ? step_json(step) : columns_.line(step));
  }

  void on_violation(const Violation& violation) override {
    Watched* const watched = find(violation.monitor);
    if (watched != nullptr) react(*watched, violation);
    // A violation of another task is shown also when swerve ran as it happened: it must not be
    // lost.
    if (violation.task && is_self(*violation.task) && !options_.self) {
      if (watched != nullptr) ++watched->summary.hidden;
      return;
    }
    if (options_.json) {
      output.put(violation_json(violation));
    } else if (options_.trace) {
      output.put(columns_.line(violation));
    } else {
      output.put(violation_text(violation,
                                watched == nullptr ? "" : watched->monitor->definition.description,
                                realtime_offset_ns()));
    }
    if (!options_.trace) output.flush();
  }

  Output output;

 private:
  bool is_self(const TaskInfo& task) const { return task.tgid == self_.tgid; }
  bool own(const Occurrence& what) const {
    return !options_.self && (is_self(what.by) || (what.task && is_self(*what.task)));
  }
  Watched* find(std::string_view name) {
    for (Watched& watched : watched_)
      if (watched.monitor->definition.name == name) return &watched;
    return nullptr;
  }
  void react(Watched& watched, const Violation& violation) {
    if (watched.reactor == nullptr) return;
    ++watched.summary.reactions;
    if (const Result<> done = watched.reactor->react(violation); !done) {
      ++watched.summary.reaction_failures;
      watched.summary.reaction_error = done.error().message();
    }
  }

  const MonOptions& options_;
  std::vector<Watched>& watched_;
  Columns columns_;
  TaskInfo self_;
};

/// SIGINT, SIGTERM, SIGHUP and SIGCHLD as a descriptor; the mask as it was before.
struct Signals {
  UniqueFd fd;
  sigset_t before{};
};

Result<Signals> catch_signals() {
  Signals out;
  sigset_t caught;
  sigemptyset(&caught);
  for (const int number : {SIGINT, SIGTERM, SIGCHLD}) sigaddset(&caught, number);
  struct sigaction hangup {};
  if (::sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
    sigaddset(&caught, SIGHUP);  // under nohup it stays ignored
  (void)std::signal(SIGCHLD, SIG_DFL);
  if (::sigprocmask(SIG_BLOCK, &caught, &out.before) != 0)
    return Error::from_errno(errno, "block signals");
  out.fd = UniqueFd(::signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!out.fd) return Error::from_errno(errno, "signalfd");
  return out;
}

/// A timer that is not set yet; set_timer() makes it readable once, when `after` has passed.
Result<UniqueFd> make_timer() {
  UniqueFd fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!fd) return Error::from_errno(errno, "timerfd");
  return fd;
}
void set_timer(const UniqueFd& timer, TimeNs after) {
  itimerspec when{};
  when.it_value.tv_sec = static_cast<time_t>(after.ns / 1'000'000'000);
  when.it_value.tv_nsec = static_cast<long>(after.ns % 1'000'000'000);
  (void)::timerfd_settime(timer.get(), 0, &when, nullptr);
}

int failed(const Error& error) {
  complain(error.message());
  return kFailed;
}

/// The watch from the first event to the last.
class Watch {
 public:
  Watch(const MonOptions& options, Engine& engine, std::vector<Watched>& watched,
        const Signals& signals, UniqueFd timer, Columns columns, std::optional<Child> child)
      : options_(options),
        engine_(engine),
        watched_(watched),
        signals_(signals),
        timer_(std::move(timer)),
        columns_(columns),
        printer_(options, watched, columns, engine.self()),
        child_(std::move(child)) {}

  /// Returns the exit status.
  int run() {
    if (options_.trace && !options_.json) printer_.output.put(columns_.header());
    printer_.output.flush();
    armed_ = monotonic_now();
    if (options_.duration) set_timer(timer_, *options_.duration);
    engine_.arm(engine_.all());
    if (options_.verbose) complain("everything is attached, and events count");
    if (child_) {
      if (const Result<> released = child_->release(); !released) {
        complain(released.error().message());
        (void)engine_.disarm(engine_.all());
        return released.error().os_errno() == ENOENT ? 127 : 126;
      }
    }
    while (!done_) turn();
    return close();
  }

 private:
  void turn() {
    std::array<pollfd, 3> fds{{{signals_.fd.get(), POLLIN, 0},
                               {timer_.get(), POLLIN, 0},
                               {engine_.poll_fd(), POLLIN, 0}}};
    (void)::poll(fds.data(), fds.size(), backlog_ ? 0 : kDrainMs);
    take_signals();
    take_timer();
    drain();
    if (printer_.output.closed()) end_with_command();
  }

  void drain() {
    backlog_ = engine_.drain(printer_) == Engine::kDrainMost;
    printer_.output.flush();
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.fd.get(), &info, sizeof info) == sizeof info) {
      const int number = static_cast<int>(info.ssi_signo);
      if (number == SIGCHLD) {
        if (child_ && child_->ended()) done_ = true;
        continue;
      }
      if (!child_ || ending_) {  // the second one does not wait for the command
        done_ = true;
        continue;
      }
      ending_ = true;
      if (info.ssi_code != SI_KERNEL)
        child_->signal(number);  // the terminal has sent it to the command as well
    }
  }

  void take_timer() {
    std::uint64_t times;
    if (::read(timer_.get(), &times, sizeof times) == sizeof times) end_with_command();
  }

  /// The watch is over; a command that still runs is told so and gets a while to end.
  void end_with_command() {
    if (!child_ || told_) {
      done_ = true;
      return;
    }
    told_ = ending_ = true;
    child_->signal(SIGTERM);
    set_timer(timer_, kGrace);
  }

  int close() {
    for (Watched& watched : watched_)  // disarming ends them
      watched.summary.stats.instances = engine_.stats(watched.number).instances;
    if (const Result<> off = engine_.disarm(engine_.all()); !off) complain(off.error().message());
    const TimeNs ended = monotonic_now();
    while (engine_.drain(printer_) != 0) {
    }
    Summary summary;
    summary.armed = armed_;
    summary.ended = ended;
    summary.realtime_offset_ns = realtime_offset_ns();
    std::string text;
    for (Watched& watched : watched_) {
      // All monitors that print share one reactor.
      if (const auto* const printk = dynamic_cast<const PrintkReactor*>(watched.reactor.get());
          printk != nullptr)
        summary.unprinted = printk->suppressed();
      const std::uint64_t instances = watched.summary.stats.instances;
      watched.summary.stats = engine_.stats(watched.number);
      watched.summary.stats.instances = instances;
      if (options_.json && watched.summary.stats.incomplete())
        text += inconclusive_json(watched.summary, ended);
      summary.monitors.push_back(watched.summary);
    }
    text += options_.json ? summary_json(summary) : summary_text(summary);
    printer_.output.put(text);
    printer_.output.flush();
    if (child_) tell_about_command();
    if (printer_.output.closed() && printer_.output.error() != EPIPE) {
      complain(Error::from_errno(printer_.output.error(), "write to standard output").message());
      return kFailed;
    }
    return options_.fail && summary.violations() != 0 ? kFailed : 0;
  }

  void tell_about_command() {
    const std::optional<int> status = child_->ended();
    const std::string name = cat("'", escape(options_.command.front()), "'");
    if (!status) {
      complain(cat(name, " still runs, as process ", child_->pid()));
    } else if (WIFSIGNALED(*status)) {
      complain(cat(name, " was ended by signal ", WTERMSIG(*status)));
    } else if (WEXITSTATUS(*status) != 0) {
      complain(cat(name, " ended with status ", WEXITSTATUS(*status)));
    }
  }

  const MonOptions& options_;
  Engine& engine_;
  std::vector<Watched>& watched_;
  const Signals& signals_;
  UniqueFd timer_;
  Columns columns_;
  Printer printer_;
  std::optional<Child> child_;
  TimeNs armed_;
  bool backlog_ = false;  // the ring held more than was taken
  bool done_ = false;
  bool ending_ = false;  // a signal has come, or the time is over
  bool told_ = false;    // the command was told to end
};

Result<> choose_reactors(const MonOptions& options, std::vector<Watched>& watched) {
  const ReactorSet reactors = ReactorSet::standard();
  for (Watched& one : watched) {
    ReactionSetting setting = one.monitor->definition.reaction;
    if (options.reactor && *options.reactor != setting.reactor) setting = {*options.reactor, {}};
    Result<std::shared_ptr<Reactor>> made = reactors.make(setting);
    if (!made) {
      return std::move(made).error().within(cat("monitor ", one.monitor->definition.name));
    }
    one.reactor = *std::move(made);
    one.summary.reactor = setting.reactor;
  }
  return {};
}

/// Everything up to the first event.
Result<int> watch(const MonOptions& options, const KernelCatalog& catalog,
                  const std::vector<BoundMonitor>& monitors, const Signals& signals) {
  std::vector<Watched> watched;
  Columns columns;
  columns.several = monitors.size() > 1;
  std::set<std::string_view> names;
  for (const BoundMonitor& monitor : monitors) {
    const Definition& definition = monitor.definition;
    if (!names.insert(definition.name).second)
      return Error(ErrorCode::exists, cat("two of the monitors are named '", definition.name, "'"));
    columns.with_id = columns.with_id || has_id(definition.scope);
    Watched one;
    one.monitor = &monitor;
    one.summary.monitor = definition.name;
    one.summary.scope = definition.scope;
    watched.push_back(std::move(one));
  }
  const auto verbose = [&](std::string_view text) {
    if (options.verbose) complain(text);
  };
  verbose(cat("my pid is ", ::getpid()));
  SWERVE_TRY(choose_reactors(options, watched));

  EngineOptions engine_options;
  engine_options.steps = options.trace ? StepReports::always : StepReports::never;
  engine_options.stacks = options.stacks && !(options.trace && !options.json);
  engine_options.only_watched = !options.command.empty();
  SWERVE_TRY_ASSIGN(const std::unique_ptr<Engine> engine, Engine::create(catalog, engine_options));
  for (Watched& one : watched) {
    const Definition& definition = one.monitor->definition;
    SWERVE_TRY_ASSIGN(one.number, engine->add(*one.monitor));
    verbose(cat("monitor ", definition.name, " has id: ", has_id(definition.scope) ? "yes" : "no"));
    verbose(cat("monitor ", definition.name, " holds ", engine->memory_bytes(one.number),
                " bytes in the kernel, the ring ", engine->ring_bytes(), "; reactor ",
                one.summary.reactor));
  }
  SWERVE_TRY_ASSIGN(UniqueFd timer, make_timer());
  SWERVE_TRY(engine->attach(engine->all()));
  std::optional<Child> child;
  if (!options.command.empty()) {
    SWERVE_TRY(engine->watch_my_children());
    SWERVE_TRY_ASSIGN(Child born, Child::born(options.command, signals.before));
    child.emplace(std::move(born));
    SWERVE_TRY(engine->watch_no_more_children());
  }
  return Watch(options, *engine, watched, signals, std::move(timer), columns, std::move(child))
      .run();
}

}  // namespace

int run_mon(const MonOptions& options) {
  const Result<Signals> signals = catch_signals();
  if (!signals) return failed(signals.error());
  const auto files = select_monitors(options.monitors,
                                     options.folders.empty() ? default_folders() : options.folders);
  if (!files) return failed(files.error());
  const auto catalog = KernelCatalog::load();
  if (!catalog) return failed(catalog.error());
  const BoundSelection selection = bind_monitors(*files, **catalog);
  show(selection.diagnostics);
  if (has_errors(selection.diagnostics)) return kFailed;
  const Result<int> status = watch(options, **catalog, selection.monitors, *signals);
  return status ? *status : failed(status.error());
}

}  // namespace swerve
