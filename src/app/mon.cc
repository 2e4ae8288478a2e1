// app/mon.cc - `swerve mon`: watches live, through a running daemon (tree_watch.h) or by itself.
//
// By itself: first everything is read, bound and loaded, and all that is wrong with it is said;
// only then anything is attached. One thread: it waits for signals, the end of the time and the
// engine's announcements, and prints. When this process dies, by whatever death, the kernel
// detaches all of it.
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <set>

#include "app/caught_signals.h"
#include "app/child.h"
#include "app/commands.h"
#include "app/output.h"
#include "app/printer.h"
#include "app/selection.h"
#include "app/tree_client.h"
#include "app/tree_watch.h"
#include "base/loop.h"
#include "base/text.h"
#include "kernel/engine.h"
#include "swerve/react/reactions.h"
#include "swerve/react/reactor.h"

namespace swerve {
namespace {

constexpr int kFailed = 1;
constexpr int kDrainMs = 100;
constexpr TimeNs kGrace{2'000'000'000};     // for a command that was told to end
constexpr TimeNs kPatience{1'000'000'000};  // for reactions, at the end

/// One monitor in the engine, and what is done about its violations.
struct Engaged {
  std::string name;
  std::size_t number = 0;  // in the engine
  ReactionSetting setting;
  std::shared_ptr<Reactor> reactor;
  std::optional<SignalReaction> signal;  // that the engine sends
};

/// The watch from the first event to the last.
class Watch : private VerdictSink {
 public:
  Watch(const MonOptions& options, Engine& engine, const std::vector<Engaged>& engaged,
        std::vector<WatchedMonitor>& watched, const CaughtSignals& signals, Timer timer,
        std::optional<Child> child)
      : options_(options),
        engine_(engine),
        engaged_(engaged),
        watched_(watched),
        signals_(signals),
        timer_(std::move(timer)),
        printer_(options, watched, engine.self().tgid),
        child_(std::move(child)) {
    for (const Engaged& one : engaged_) reactions_.choose(one.name, one.reactor, one.setting);
  }

  /// Returns the exit status.
  int run() {
    printer_.begin();
    armed_ = monotonic_now();
    if (options_.duration) timer_.once(*options_.duration);
    allow_signals();
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
    std::array<pollfd, 3> fds{
        {{signals_.fd.get(), POLLIN, 0}, {timer_.fd(), POLLIN, 0}, {engine_.poll_fd(), POLLIN, 0}}};
    (void)::poll(fds.data(), fds.size(), backlog_ ? 0 : kDrainMs);
    take_signals();
    if (timer_.fired()) end_with_command();
    backlog_ = engine_.drain(*this) == Engine::kDrainMost;
    allow_signals();
    printer_.flush();
    if (printer_.closed()) end_with_command();
  }

  void on_step(const Step& step) override { printer_.on_step(step); }
  void on_violation(const Violation& violation) override {
    reactions_.on_violation(violation);
    printer_.on_violation(violation);
  }

  void allow_signals() {
    for (const Engaged& one : engaged_)
      if (one.signal) engine_.allow_signals(one.number, reactions_.allowance(one.name));
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

  /// The watch is over; a command that still runs is told so and gets a while to end.
  void end_with_command() {
    if (!child_ || told_) {
      done_ = true;
      return;
    }
    told_ = ending_ = true;
    child_->signal(SIGTERM);
    timer_.once(kGrace);
  }

  int close() {
    for (std::size_t i = 0; i < engaged_.size(); ++i)  // disarming ends them
      watched_[i].summary.stats.instances = engine_.stats(engaged_[i].number).instances;
    if (const Result<> off = engine_.disarm(engine_.all()); !off) complain(off.error().message());
    const TimeNs ended = monotonic_now();
    if (const Result<> all = engine_.drain_all(*this); !all) complain(all.error().message());
    settle();
    for (std::size_t i = 0; i < engaged_.size(); ++i) {
      MonitorSummary& summary = watched_[i].summary;
      const std::uint64_t instances = summary.stats.instances;
      summary.stats = engine_.stats(engaged_[i].number);
      summary.stats.instances = instances;
      summary.reactions = reactions_.counts(engaged_[i].name);
    }
    const int status = printer_.end(armed_, ended);
    if (child_) tell_about_command();
    return status;
  }

  /// Lets the reactions that were asked for happen, but does not wait for a reactor that hangs.
  void settle() {
    const std::uint64_t deadline = monotonic_now().ns + kPatience.ns;
    std::vector<std::string> names;
    for (const Engaged& one : engaged_) names.push_back(one.name);
    reactions_.settle(names, kPatience);
    const auto waiting = [&](const std::string& name) {
      return reactions_.counts(name).waiting != 0;
    };
    while (std::any_of(names.begin(), names.end(), waiting) && monotonic_now().ns < deadline)
      (void)::poll(nullptr, 0, 1);
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
  const std::vector<Engaged>& engaged_;
  std::vector<WatchedMonitor>& watched_;  // in the order of engaged_
  const CaughtSignals& signals_;
  Timer timer_;
  Printer printer_;
  std::optional<Child> child_;
  Reactions reactions_;
  TimeNs armed_;
  bool backlog_ = false;  // the ring held more than was taken
  bool done_ = false;
  bool ending_ = false;  // a signal has come, or the time is over
  bool told_ = false;    // the command was told to end
};

/// What is done about violations of `definition`: what it says, but for the reactor and its options
/// where -r names another one.
Result<Engaged> engage(const MonOptions& options, const ReactorSet& reactors,
                       const Definition& definition) {
  Engaged out;
  out.name = definition.name;
  out.setting = definition.reaction;
  if (options.reactor && *options.reactor != out.setting.reactor) {
    out.setting.reactor = *options.reactor;
    out.setting.options.clear();
  }
  Result<std::shared_ptr<Reactor>> made = reactors.make(out.setting);
  if (!made) return std::move(made).error().within(cat("monitor ", definition.name));
  out.reactor = *std::move(made);
  if (out.setting.reactor == "signal" && !out.setting.dry_run) {
    SWERVE_TRY_ASSIGN(out.signal, signal_reaction(out.setting.options));
  }
  return out;
}

/// Everything up to the first event.
Result<int> watch(const MonOptions& options, const KernelCatalog& catalog,
                  const std::vector<BoundMonitor>& monitors, const CaughtSignals& signals) {
  const auto verbose = [&](std::string_view text) {
    if (options.verbose) complain(text);
  };
  verbose(cat("my pid is ", ::getpid()));
  const ReactorSet reactors = ReactorSet::standard(options.rights);
  std::vector<Engaged> engaged;
  std::vector<WatchedMonitor> watched;
  std::set<std::string_view> names;
  for (const BoundMonitor& monitor : monitors) {
    const Definition& definition = monitor.definition;
    if (!names.insert(definition.name).second)
      return Error(ErrorCode::exists, cat("two of the monitors are named '", definition.name, "'"));
    SWERVE_TRY_ASSIGN(Engaged one, engage(options, reactors, definition));
    WatchedMonitor& shown = watched.emplace_back();
    shown.description = definition.description;
    shown.summary.monitor = definition.name;
    shown.summary.scope = definition.scope;
    shown.summary.reactor = one.setting.reactor;
    engaged.push_back(std::move(one));
  }

  EngineOptions engine_options;
  engine_options.steps = options.trace ? StepReports::always : StepReports::never;
  engine_options.stacks = options.stacks && !(options.trace && !options.json);
  engine_options.only_watched = !options.command.empty();
  SWERVE_TRY_ASSIGN(const std::unique_ptr<Engine> engine, Engine::create(catalog, engine_options));
  for (std::size_t i = 0; i < monitors.size(); ++i) {
    const Definition& definition = monitors[i].definition;
    Engaged& one = engaged[i];
    SWERVE_TRY_ASSIGN(one.number, engine->add(monitors[i], one.signal));
    verbose(cat("monitor ", definition.name, " has id: ", has_id(definition.scope) ? "yes" : "no"));
    verbose(cat("monitor ", definition.name, " holds ", engine->memory_bytes(one.number),
                " bytes in the kernel, the ring ", engine->ring_bytes(), "; reactor ",
                one.setting.reactor));
  }
  SWERVE_TRY_ASSIGN(Timer timer, Timer::create());
  SWERVE_TRY(engine->attach(engine->all()));
  std::optional<Child> child;
  if (!options.command.empty()) {
    SWERVE_TRY(engine->watch_my_children());
    SWERVE_TRY_ASSIGN(Child born, Child::born(options.command, signals.before));
    child.emplace(std::move(born));
    SWERVE_TRY(engine->watch_no_more_children());
  }
  // From here on there are threads: those of the reactors.
  return Watch(options, *engine, engaged, watched, signals, std::move(timer), std::move(child))
      .run();
}

/// The daemon's tree to watch through, if it is to be one: what a daemon has by name. What is named
/// by path or folder, and a command of one's own, is watched without.
Result<std::optional<TreeClient>> tree_for(const MonOptions& options) {
  const bool alone = !options.folders.empty() || !options.command.empty() ||
                     std::any_of(options.monitors.begin(), options.monitors.end(), is_path);
  if (!alone) return TreeClient::choose(options.mount);
  if (!options.mount) return std::optional<TreeClient>();
  return Error(ErrorCode::invalid,
               "--mount watches through a daemon, which knows its own monitors, by name, and no "
               "command");
}

/// Watches by itself.
Result<int> watch_alone(const MonOptions& options, const CaughtSignals& signals) {
  SWERVE_TRY_ASSIGN(const std::vector<DefinitionFile> files,
                    select_monitors(options.monitors,
                                    options.folders.empty() ? default_folders() : options.folders));
  SWERVE_TRY_ASSIGN(const std::unique_ptr<KernelCatalog> catalog, KernelCatalog::load());
  const BoundSelection selection = bind_monitors(files, *catalog);
  show(selection.diagnostics);
  if (has_errors(selection.diagnostics)) return kFailed;
  return watch(options, *catalog, selection.monitors, signals);
}

Result<int> watch_somehow(const MonOptions& options) {
  SWERVE_TRY_ASSIGN(const CaughtSignals signals, catch_signals(Children::heard));
  const Result<std::optional<TreeClient>> tree = tree_for(options);
  if (!tree) {
    // A daemon whose tree is not for this user does not keep him from watching by himself.
    if (options.mount || tree.error().code() != ErrorCode::denied) return tree.error();
    if (options.verbose) complain(tree.error().message());
  }
  return tree && *tree ? watch_tree(options, **tree, signals) : watch_alone(options, signals);
}

}  // namespace

int run_mon(const MonOptions& options) {
  const Result<int> status = watch_somehow(options);
  if (status) return *status;
  complain(status.error().message());
  return kFailed;
}

}  // namespace swerve
