#include "control/live/loader.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>
#include <optional>

#include "base/text.h"
#include "bind/toml/monitor_reader.h"
#include "control/live/availability.h"
#include "control/live/trusted_file.h"
#include "swerve/model/dot_printer.h"

namespace swerve {
namespace {

/// Every diagnostic on a line of its own.
std::string lines(const Diagnostics& diagnostics) {
  std::vector<std::string> out;
  out.reserve(diagnostics.size());
  for (const Diagnostic& diagnostic : diagnostics) out.push_back(escape(diagnostic.to_string()));
  return join(out, "\n");
}

Error refusal(const Diagnostics& diagnostics) {
  return Error(ErrorCode::invalid, lines(diagnostics), EINVAL);
}

/// A kernel with the types of the running one, of whose probes nothing is known.
class NoProbes final : public ProbeCatalog {
 public:
  explicit NoProbes(const ProbeCatalog& types) : types_(types) {}
  Type type(TypeId id) const override { return types_.type(id); }
  std::optional<Member> member(TypeId record, std::string_view name) const override {
    return types_.member(record, name);
  }
  std::vector<std::string> member_names(TypeId record) const override {
    return types_.member_names(record);
  }
  std::optional<Enumerator> enumerator(std::string_view name) const override {
    return types_.enumerator(name);
  }
  TypeId task_struct() const override { return types_.task_struct(); }
  Result<Signature> signature(const Probe&) const override {
    return Error(ErrorCode::not_found, "nothing is known of this probe");
  }

 private:
  const ProbeCatalog& types_;
};

/// What is wrong with a definition whatever probes a kernel has: events that the model does not
/// know or that no binding gives, expressions that cannot be read, nothing that starts it.
Diagnostics own_errors(const Definition& definition, const Automaton& model,
                       const ProbeCatalog& catalog) {
  Diagnostics found = bind(definition, model, NoProbes(catalog)).diagnostics;
  std::erase_if(found, [&](const Diagnostic& d) {
    return d.severity != Severity::error ||
           std::any_of(definition.on.begin(), definition.on.end(),
                       [&](const BindingText& on) { return on.probe_place == d.place; });
  });
  return found;
}

}  // namespace

struct LiveLoader::State {
  const KernelCatalog& catalog;
  KernelInstrumentation& instrumentation;
  Registry& registry;
  VerdictStreams& streams;
  std::mutex mutex;  // over what follows, and so that one thing is loaded at a time
  Availability availability;
  std::map<std::string, MonitorHandle, std::less<>> handles;

  Result<> enter(const Definition& definition, std::optional<BoundMonitor> bound,
                 std::string cannot_run);
};

LiveLoader::LiveLoader(const KernelCatalog& catalog, KernelInstrumentation& instrumentation,
                       Registry& registry, VerdictStreams& streams)
    : state_(
          new State{catalog, instrumentation, registry, streams, {}, Availability(catalog), {}}) {}
LiveLoader::~LiveLoader() = default;

/// Registers it, whole or not at all. `bound` is empty for a container, and for what cannot run.
Result<> LiveLoader::State::enter(const Definition& definition, std::optional<BoundMonitor> bound,
                                  std::string cannot_run) {
  MonitorEntry entry;
  entry.name = definition.name;
  entry.description = definition.description;
  entry.parent = definition.parent;
  entry.container = definition.container;
  entry.scope = definition.scope;
  entry.reaction = definition.reaction;
  entry.cannot_run = std::move(cannot_run);
  std::optional<MonitorHandle> handle;
  if (bound) {
    entry.model = to_dot(bound->model);
    handle = instrumentation.add(*std::move(bound));
    entry.instrumentation = &instrumentation;
    entry.handle = *handle;
  }
  if (Result<> entered = registry.register_monitor(std::move(entry)); !entered) {
    if (handle) instrumentation.remove(*handle);
    return entered;
  }
  streams.describe(definition.name, definition.description);
  if (handle) handles.emplace(definition.name, *handle);
  return {};
}

Result<> LiveLoader::load(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  std::optional<Error> unread;
  ReadMonitor read = read_monitor(path, read_trusted_file, &unread);
  if (unread && read.whole_or_draft() == nullptr) return *std::move(unread);
  if (unread) return Error(unread->code(), lines(read.diagnostics), unread->os_errno());
  BindOutcome bound = bind_read(read, state_->catalog);
  if (has_errors(bound.diagnostics)) return refusal(bound.diagnostics);
  if (bound.monitor) {
    Result<> verified = state_->instrumentation.verify(*bound.monitor);
    if (!verified && verified.error().code() == ErrorCode::denied) {
      // EPERM would say that the file is not trusted.
      return Error(ErrorCode::unsupported, verified.error().message(), EOPNOTSUPP);
    }
    if (!verified) return verified;
  }
  return state_->enter(*read.definition, std::move(bound.monitor), "");
}

Result<> LiveLoader::unload(const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  SWERVE_TRY(state_->registry.unregister_monitor(name));
  state_->streams.forget(name);
  if (const auto found = state_->handles.find(name); found != state_->handles.end()) {
    state_->instrumentation.remove(found->second);
    state_->handles.erase(found);
  }
  return {};
}

Result<> LiveLoader::add(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  const ReadMonitor read = read_monitor(path);
  BindOutcome bound = bind_read(read, state_->catalog);
  if (!read.definition) return refusal(bound.diagnostics);
  const Definition& definition = *read.definition;
  if (definition.container) return state_->enter(definition, {}, "");
  if (!read.model) return refusal(bound.diagnostics);
  if (!bound.monitor && !own_errors(definition, *read.model, state_->catalog).empty())
    return refusal(bound.diagnostics);
  std::string cannot_run = state_->availability.why_not(bound);
  return state_->enter(definition, std::move(bound.monitor), std::move(cannot_run));
}

}  // namespace swerve
