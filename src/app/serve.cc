// app/serve.cc - `swerve serve`: the daemon and its control tree.
//
// One thread does everything but the reactions, which have threads of their own: it carries the
// tree, drains the engine and waits for signals. With nothing to do it sleeps; only while somebody
// reads steps, which the engine announces in bulk, a timer drains them.
#include <grp.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>

#include "app/caught_signals.h"
#include "app/commands.h"
#include "app/definitions.h"
#include "app/notify.h"
#include "app/output.h"
#include "base/loop.h"
#include "base/text.h"
#include "control/fuse/tree_mount.h"
#include "control/live/kernel_instrumentation.h"
#include "control/live/loader.h"
#include "kernel/catalog.h"
#include "kernel/rights.h"
#include "swerve/control/registry.h"
#include "swerve/control/tree.h"
#include "swerve/control/verdict_streams.h"
#include "swerve/react/reactions.h"
#include "swerve/react/reactor.h"

namespace swerve {
namespace {

constexpr int kFailed = 1;
constexpr TimeNs kDrainEvery{100'000'000};  // while steps are read

/// Verdicts first cause reactions, then are shown.
class Verdicts final : public VerdictSink {
 public:
  Verdicts(Reactions& reactions, VerdictStreams& streams, bool tell)
      : reactions_(reactions), streams_(streams), tell_(tell) {}

  /// Reading steps makes steps: those of the daemon itself are not shown.
  void on_step(const Step& step) override {
    if (step.by.tgid != own_ && (!step.task || step.task->tgid != own_)) streams_.on_step(step);
  }
  void on_violation(const Violation& violation) override {
    reactions_.on_violation(violation);
    streams_.on_violation(violation);
    if (tell_) complain(escape(reaction_text(violation)));
  }
  /// The daemon's process, as the kernel names it.
  void leave_out(std::uint32_t tgid) { own_ = tgid; }

 private:
  std::uint32_t own_ = 0;
  Reactions& reactions_;
  VerdictStreams& streams_;
  bool tell_;
};

Result<> check_rights() {
  const std::vector<std::string> missing = missing_rights(Rights::to_watch_and_mount);
  if (missing.empty()) return {};
  return Error(ErrorCode::denied,
               cat("the daemon needs ", join(missing, " and "), ": run it as root"), EPERM);
}

/// A group by its name or number.
Result<unsigned> group_id(const std::string& name) {
  unsigned number = 0;
  const char* const last = name.data() + name.size();
  if (const auto read = std::from_chars(name.data(), last, number);
      read.ec == std::errc() && read.ptr == last)
    return number;
  std::array<char, 16384> buffer;
  group entry{};
  group* found = nullptr;
  const int failed = ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found != nullptr) return static_cast<unsigned>(entry.gr_gid);
  const std::string what = cat("group '", escape(name), "'");
  if (failed != 0) return Error::from_errno(failed, what);
  return Error(ErrorCode::not_found, cat("there is no ", what));
}

/// A monitor that is enabled holds a descriptor for each map, program and link of its, and there
/// may be a thousand.
void allow_many_descriptors() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &files);
}

class Daemon {
 public:
  explicit Daemon(const ServeOptions& options)
      : options_(options), verdicts_(reactions_, streams_, options.verbose) {}

  /// Returns the exit status.
  Result<int> run() {
    SWERVE_TRY(check_rights());
    // A hang-up ends the daemon, as it has no configuration to read anew.
    SWERVE_TRY_ASSIGN(signals_, catch_signals(Children::ignored));
    allow_many_descriptors();
    SWERVE_TRY(make());
    if (!load()) return kFailed;
    SWERVE_TRY(mount());
    SWERVE_TRY(enable());
    SWERVE_TRY(watch());
    if (stop_asked()) stop();
    if (!stopping_) {
      const std::string serving =
          cat("serving ", registry_->monitors().size(), " monitors at ", escape(mount_folder_));
      complain(serving);
      tell(cat("READY=1\nSTATUS=", serving, "\n"));
      loop_->run();
    }
    tell("STOPPING=1\n");
    return status_;
  }

 private:
  Result<> make() {
    std::error_code error;
    mount_folder_ = std::filesystem::absolute(options_.mount, error).string();
    if (options_.group) {
      SWERVE_TRY_ASSIGN(mount_options_.group, group_id(*options_.group));
    }
    SWERVE_TRY_ASSIGN(catalog_, KernelCatalog::load());
    SWERVE_TRY_ASSIGN(loop_, Loop::create());
    SWERVE_TRY_ASSIGN(Timer timer, Timer::create());
    timer_.emplace(std::move(timer));
    KernelInstrumentation::Hooks hooks;
    hooks.sink = &verdicts_;
    hooks.lost = [this](const std::string& monitor, std::uint64_t reports) {
      streams_.on_lost(monitor, reports);
    };
    hooks.allowance = [this](const std::string& monitor) { return reactions_.allowance(monitor); };
    SWERVE_TRY_ASSIGN(instrumentation_, KernelInstrumentation::create(*catalog_, std::move(hooks),
                                                                      options_.ring_bytes));
    verdicts_.leave_out(instrumentation_->self().tgid);
    registry_.emplace(ReactorSet::standard(options_.rights), reactions_);
    loader_.emplace(*catalog_, *instrumentation_, *registry_, streams_);
    tree_.emplace(*registry_, streams_, &*loader_);
    return {};
  }

  /// All definitions of the folders; what is wrong with all of them is said at once.
  bool load() {
    const auto files =
        find_definitions(options_.folders.empty() ? default_folders() : options_.folders);
    if (!files) {
      complain(files.error().message());
      return false;
    }
    bool well = true;
    for (const DefinitionFile& file : *files) {
      if (stop_asked()) return true;
      if (const Result<> added = loader_->add(file.path); !added) {
        complain(cat("monitor ", escape(file.full_name()), ":\n", added.error().message()));
        well = false;
      }
    }
    if (!well) return false;
    for (const MonitorView& monitor : registry_->monitors())
      if (!monitor.cannot_run.empty())
        complain(cat("monitor ", monitor.full_name(), " cannot run here: ", monitor.cannot_run));
    return true;
  }

  Result<> mount() {
    SWERVE_TRY_ASSIGN(mount_,
                      TreeMount::mount(*tree_, *loop_, mount_folder_, mount_options_, [this] {
                        complain(cat(escape(mount_folder_), " was unmounted by somebody"));
                        status_ = kFailed;
                        stop();
                      }));
    return {};
  }

  Result<> enable() {
    for (const std::string& name : options_.enable) {
      if (stop_asked()) return {};
      const std::size_t colon = name.find(':');
      const std::string own = colon == name.npos ? name : name.substr(colon + 1);
      const std::optional<MonitorView> monitor = registry_->find(own);
      std::vector<std::string> names;
      for (const MonitorView& other : registry_->monitors()) names.push_back(other.full_name());
      if (!monitor || (colon != name.npos && monitor->full_name() != name))
        return Error(ErrorCode::not_found,
                     cat("monitor ", escape(name), " does not exist", near_miss(name, names)));
      if (Result<> enabled = registry_->enable(own); !enabled)
        return std::move(enabled).error().within(cat("enable ", escape(name)));
      if (options_.verbose) complain(cat("monitor ", escape(name), " is enabled"));
    }
    return {};
  }

  Result<> watch() {
    SWERVE_TRY(loop_->watch(signals_.fd.get(), [this] {
      if (stop_asked()) stop();
    }));
    SWERVE_TRY(loop_->watch(instrumentation_->poll_fd(), [this] { drain(); }));
    SWERVE_TRY(loop_->watch(timer_->fd(), [this] {
      if (timer_->fired()) drain();
    }));
    streams_.when_wanting([this](bool) { loop_->post([this] { follow_steps(); }); });
    loop_->post([this] { follow_steps(); });
    return {};
  }

  void follow_steps() {
    const bool wanted = streams_.wants_steps();
    instrumentation_->report_steps(wanted);
    if (wanted)
      timer_->every(kDrainEvery);
    else
      timer_->clear();
  }

  /// A flood is drained in portions, with what else there is to do between them.
  void drain() {
    if (!instrumentation_->drain() || more_) return;
    more_ = true;
    loop_->post([this] {
      more_ = false;
      drain();
    });
  }

  bool stop_asked() {
    signalfd_siginfo info{};
    while (::read(signals_.fd.get(), &info, sizeof info) == sizeof info) stopping_ = true;
    return stopping_;
  }
  void stop() {
    stopping_ = true;
    loop_->stop();
  }

  void tell(std::string_view state) const {
    if (const Result<> told = manager_.tell(state); !told) complain(told.error().message());
  }

  // What stands later uses what stands before it, and goes first.
  const ServeOptions& options_;
  ServiceManager manager_;
  CaughtSignals signals_;
  std::string mount_folder_;
  MountOptions mount_options_;
  std::unique_ptr<KernelCatalog> catalog_;
  Reactions reactions_;
  VerdictStreams streams_;
  Verdicts verdicts_;
  std::unique_ptr<Loop> loop_;
  std::optional<Timer> timer_;
  std::unique_ptr<KernelInstrumentation> instrumentation_;
  std::optional<Registry> registry_;
  std::optional<LiveLoader> loader_;
  std::optional<ControlTree> tree_;
  std::unique_ptr<TreeMount> mount_;
  int status_ = 0;
  bool stopping_ = false;
  bool more_ = false;  // the ring holds more, and a call for it is posted
};

}  // namespace

int run_serve(const ServeOptions& options) {
  Daemon daemon(options);
  const Result<int> status = daemon.run();
  if (status) return *status;
  complain(status.error().message());
  return kFailed;
}

}  // namespace swerve
