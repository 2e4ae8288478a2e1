#include "swerve/control/inproc/session.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <span>
#include <vector>

#include "base/text.h"
#include "control/inproc/program_instrumentation.h"
#include "control/inproc/this_task.h"
#include "swerve/base/diagnostic.h"
#include "swerve/base/time.h"
#include "swerve/model/dot_printer.h"
#include "swerve/monitor/violation_text.h"
#include "swerve/react/reactions.h"
#if defined(SWERVE_WITH_TOML)
#include "bind/toml/monitor_reader.h"
#include "control/inproc/program_catalog.h"
#endif

namespace swerve {

struct detail::SessionLink {
  std::weak_ptr<Session::State> session;
  std::string name;                  // of the monitor
  std::atomic<bool> removed{false};  // the monitor, or the session
};

// The members stand in the order in which they need each other: the last goes first.
struct SWERVE_LOCAL Session::State final : VerdictSink {
  explicit State(Options o);

  void on_step(const Step& step) override { streams.on_step(step); }
  void on_violation(const Violation& violation) override {
    streams.on_violation(violation);
    reactions.on_violation(violation);
  }

  std::string report(const Violation& violation) const;
  static ReactorSet reactors(const State& state, const Options& options);
  Result<> add_entry(MonitorEntry entry, std::shared_ptr<detail::SessionLink> link);
  Result<Monitor> add_program_monitor(MonitorEntry entry, Automaton model,
                                      std::uint32_t max_instances, std::type_index key_type,
                                      std::vector<ProgramInstrumentation::Attach> bindings,
                                      const std::shared_ptr<State>& self);

  const std::uint64_t forks = fork_count();
  Options options;
  ProgramSurroundings surroundings;
  VerdictStreams streams;
  Reactions reactions;
  ProgramInstrumentation instrumentation;

  struct Known {
    std::string description;
    MonitorHandle handle = 0;
    bool container = false;
    std::shared_ptr<detail::SessionLink> link;
  };
  mutable std::mutex mutex;  // over `known`; nothing is called under it
  std::map<std::string, Known, std::less<>> known;

  Registry registry;
  ControlTree tree;
};

namespace {

Error invalid(std::string message) { return Error(ErrorCode::invalid, std::move(message)); }

void to_standard_error(std::string_view report) {
  while (!report.empty()) {
    const ::ssize_t written = ::write(STDERR_FILENO, report.data(), report.size());
    if (written <= 0) return;
    report.remove_prefix(static_cast<std::size_t>(written));
  }
}

Error session_gone() {
  return Error(ErrorCode::not_found, "the session of this monitor has ended, or it was removed");
}

}  // namespace

Session::State::State(Options o)
    : options(std::move(o)),
      registry(reactors(*this, options), reactions),
      tree(registry, streams, nullptr) {
  surroundings.sink = this;
  surroundings.stacks = options.stacks;
  streams.when_wanting([this](bool wanting) { surroundings.steps = wanting; });
}

ReactorSet Session::State::reactors(const State& state, const Options& options) {
  ReactorSet set;
  const ReportMaker report = [&state](const Violation& violation) {
    return state.report(violation);
  };
  const auto add = [&set](std::shared_ptr<Reactor> reactor) {
    SWERVE_CHECK(set.add(std::move(reactor)), "a reactor of ours was refused");
  };
  add(std::make_shared<NopReactor>());
  add(log_reactor(report, options.log ? options.log : to_standard_error));
  add(abort_reactor(report));
  add(throw_reactor());
  if (options.callback) add(callback_reactor("callback", options.callback));
  return set;
}

std::string Session::State::report(const Violation& violation) const {
  std::string description;
  {
    const std::lock_guard lock(mutex);
    const auto found = known.find(violation.monitor);
    if (found != known.end()) description = found->second.description;
  }
  return violation_text(violation, description, realtime_offset_ns());
}

/// Registers what the instrumentation has already; takes that back when it cannot be.
Result<> Session::State::add_entry(MonitorEntry entry, std::shared_ptr<detail::SessionLink> link) {
  const std::string name = entry.name;
  Known one{entry.description, entry.handle, entry.container, std::move(link)};
  if (Result<> registered = registry.register_monitor(std::move(entry)); !registered) {
    if (!one.container) instrumentation.remove(one.handle);
    return registered;
  }
  streams.describe(name, one.description);
  const std::lock_guard lock(mutex);
  known[name] = std::move(one);
  return {};
}

Result<Monitor> Session::State::add_program_monitor(
    MonitorEntry entry, Automaton model, std::uint32_t max_instances, std::type_index key_type,
    std::vector<ProgramInstrumentation::Attach> bindings, const std::shared_ptr<State>& self) {
  entry.model = to_dot(model);
  entry.instrumentation = &instrumentation;
  SWERVE_TRY_ASSIGN(
      std::unique_ptr<ConcurrentMonitor> instances,
      ConcurrentMonitor::make(entry.name, std::move(model), entry.scope, {max_instances}));
  auto monitor = std::make_shared<ProgramMonitor>(std::move(instances), surroundings, key_type);
  entry.handle = instrumentation.add(monitor, std::move(bindings));
  auto link = std::make_shared<detail::SessionLink>();
  link->session = self;
  link->name = entry.name;
  SWERVE_TRY(add_entry(std::move(entry), link));
  return Monitor(std::move(monitor), std::move(link));
}

Session::Session(Options options) : state_(std::make_shared<State>(std::move(options))) {}

Session::~Session() {
  if (fork_count() != state_->forks) {
    // The parent's: its locks may be held by threads that are not here, so nothing of it is
    // touched, for ever.
    struct Left {
      std::shared_ptr<State> state;
      Left* before;
    };
    static std::atomic<Left*> last{nullptr};
    auto* const left = new Left{std::move(state_), last.load()};
    while (!last.compare_exchange_weak(left->before, left)) {
    }
    return;
  }
  (void)state_->registry.disable_all();
  const std::lock_guard lock(state_->mutex);
  for (const auto& [name, known] : state_->known) {
    if (known.link != nullptr) known.link->removed = true;
  }
}

Result<Monitor> Session::add(MonitorSpec spec) {
  const auto complain = [&](std::string_view why) {
    return invalid(cat("monitor '", escape(spec.name_), "': ", why));
  };
  const std::span<const std::string> events = spec.model_.events();
  if (spec.keys_differ_) return complain("its objects have keys of more than one type");
  if (spec.key_known_ && spec.scope_ != Scope::object) {
    return complain(cat("a key is for scope object; this one's is ", scope_name(spec.scope_)));
  }
  std::vector<ProgramInstrumentation::Attach> bindings;
  for (MonitorSpec::Bound& bound : spec.bindings_) {
    const std::string of = cat("the binding of ", escape(bound.tracepoint->name()));
    EventId event = bound.event.id;
    if (event == kNoEvent) event = spec.model_.find_event(bound.event.name);
    if (index(event) >= events.size()) {
      const std::vector<std::string> names(events.begin(), events.end());
      return complain(bound.event.id != kNoEvent
                          ? cat(of, " has an event of another model")
                          : cat(of, ": no event '", escape(bound.event.name), "' in the model",
                                near_miss(bound.event.name, names)));
    }
    if (!bound.keyed && spec.scope_ == Scope::object) {
      return complain(cat(of, " needs a key: the scope is object"));
    }
    if (bound.ends && spec.scope_ != Scope::object) {
      return complain(cat(of, ": `end` is for scope object"));
    }
    bindings.emplace_back([attach = std::move(bound.attach),
                           event](ProgramMonitor& monitor) -> Result<std::vector<Attachment>> {
      std::vector<Attachment> attached;
      attached.push_back(attach(monitor, event));
      return attached;
    });
  }
  MonitorEntry entry;
  entry.name = spec.name_;
  entry.description = spec.description_;
  entry.parent = spec.parent_;
  entry.scope = spec.scope_;
  entry.reaction = spec.reaction_;
  return state_->add_program_monitor(std::move(entry), std::move(spec.model_), spec.max_instances_,
                                     spec.key_type_, std::move(bindings), state_);
}

#if defined(SWERVE_WITH_TOML)
Result<Monitor> Session::load(const std::string& path) {
  const auto all_of = [](const Diagnostics& diagnostics) {
    std::vector<std::string> lines;
    for (const Diagnostic& one : diagnostics) {
      if (one.severity == Severity::error) lines.push_back(escape(one.to_string()));
    }
    return invalid(join(lines, "\n"));
  };
  const ReadMonitor read = read_monitor(path);
  if (has_errors(read.diagnostics) || !read.definition) return all_of(read.diagnostics);
  if (read.definition->container) {
    return invalid(cat(escape(path), " is a container; add_container() makes one"));
  }
  BindOutcome bound = bind_read(read, ProgramCatalog());
  if (!bound.monitor) return all_of(bound.diagnostics);
  const Definition& definition = bound.monitor->definition;
  std::vector<ProgramInstrumentation::Attach> bindings;
  const std::vector<Binding>& all = bound.monitor->bindings;
  const auto texts = std::count_if(all.begin(), all.end(), has_text_key);
  if (texts != 0 && static_cast<std::size_t>(texts) != all.size()) {
    return invalid(
        cat(escape(path), ": its objects have keys of more than one type: texts and numbers"));
  }
  const std::type_index key_type = texts != 0 ? typeid(std::string) : typeid(void);
  for (Binding& binding : bound.monitor->bindings) {
    bindings.push_back(attach_bound(std::move(binding)));
  }
  MonitorEntry entry;
  entry.name = definition.name;
  entry.description = definition.description;
  entry.parent = definition.parent;
  entry.scope = definition.scope;
  entry.reaction = definition.reaction;
  return state_->add_program_monitor(std::move(entry), std::move(bound.monitor->model),
                                     definition.max_instances, key_type, std::move(bindings),
                                     state_);
}
#else
Result<Monitor> Session::load(const std::string&) {
  return Error(ErrorCode::unsupported, "this libswerve was built without TOML");
}
#endif

Result<OwnMonitorHandle> Session::add(OwnMonitor own) {
  MonitorEntry entry;
  entry.name = own.name;
  entry.description = own.description;
  entry.parent = own.parent;
  entry.reaction = own.reaction;
  entry.instrumentation = &state_->instrumentation;
  auto active = std::make_shared<std::atomic<bool>>(false);
  entry.handle = state_->instrumentation.add(std::move(own), active);
  auto link = std::make_shared<detail::SessionLink>();
  link->session = state_;
  link->name = entry.name;
  SWERVE_TRY(state_->add_entry(std::move(entry), link));
  OwnMonitorHandle handle;
  handle.active_ = std::move(active);
  handle.link_ = std::move(link);
  return handle;
}

Result<> Session::add_container(std::string name, std::string description) {
  MonitorEntry entry;
  entry.name = std::move(name);
  entry.description = std::move(description);
  entry.container = true;
  return state_->add_entry(std::move(entry), nullptr);
}

Result<> Session::remove(std::string_view name) {
  SWERVE_TRY(state_->registry.unregister_monitor(name));
  State::Known gone;
  {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->known.find(name);
    if (found == state_->known.end())
      return {};  // one that was registered with the registry itself
    gone = std::move(found->second);
    state_->known.erase(found);
  }
  state_->streams.forget(name);
  if (gone.link != nullptr) gone.link->removed = true;
  if (!gone.container) state_->instrumentation.remove(gone.handle);
  return {};
}

Registry& Session::registry() noexcept { return state_->registry; }
VerdictStreams& Session::streams() noexcept { return state_->streams; }
ControlTree& Session::tree() noexcept { return state_->tree; }

Result<> Monitor::enable() {
  const std::shared_ptr<Session::State> session = link_->session.lock();
  if (session == nullptr || link_->removed) return session_gone();
  return session->registry.enable(name());
}

Result<> Monitor::disable() {
  const std::shared_ptr<Session::State> session = link_->session.lock();
  if (session == nullptr || link_->removed) return session_gone();
  return session->registry.disable(name());
}

bool Monitor::enabled() const {
  const std::shared_ptr<Session::State> session = link_->session.lock();
  if (session == nullptr || link_->removed) return false;
  const std::optional<MonitorView> view = session->registry.find(name());
  return view && view->enabled;
}

MonitorStats Monitor::stats() const {
  const std::shared_ptr<Session::State> session = link_->session.lock();
  if (session != nullptr && !link_->removed) {
    if (const Result<MonitorReport> report = session->registry.report(name())) return report->stats;
  }
  return monitor_->monitor().stats();
}

void OwnMonitorHandle::report(Violation violation) {
  const Section section;  // disabling waits for what is being reported
  const std::shared_ptr<Session::State> session = link_->session.lock();
  if (session == nullptr || !active()) return;
  violation.monitor = link_->name;
  if (violation.time.ns == 0) violation.time = monotonic_now();
  violation.cpu = static_cast<std::uint32_t>(std::max(0, ::sched_getcpu()));
  if (violation.by.tid == 0) violation.by = this_task();
  session->on_violation(violation);
}

}  // namespace swerve
