#include "control/live/kernel_instrumentation.h"

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/fair_mutex.h"
#include "swerve/base/check.h"

namespace swerve {

namespace {

constexpr std::size_t kAtOnce = 256;  // verdicts, before others get their turn

struct Entry {
  BoundMonitor monitor;
  std::optional<std::size_t> number;  // in the engine, while it is attached
  bool signals = false;               // its programs send signals
  std::uint64_t lost_told = 0;        // of Engine::lost(), already handed to the hook
  MonitorStats before;                // of the times that it was attached before

  const std::string& name() const { return monitor.definition.name; }
};

}  // namespace

struct KernelInstrumentation::State {
  Hooks hooks;
  mutable FairMutex mutex;  // over all that follows; drain() may be called without a pause
  std::unique_ptr<Engine> engine;
  std::map<MonitorHandle, Entry> entries;
  bool reacting = true;

  Entry& at(MonitorHandle handle) {
    const auto found = entries.find(handle);
    SWERVE_CHECK(found != entries.end(), "no such monitor");
    return found->second;
  }
  /// Of those that are attached, their numbers in the engine.
  std::vector<std::size_t> numbers(std::span<const MonitorHandle> handles) {
    std::vector<std::size_t> out;
    for (const MonitorHandle handle : handles) {
      if (const Entry& entry = at(handle); entry.number) out.push_back(*entry.number);
    }
    return out;
  }
  void allow_signals(const Entry& entry) {
    if (!entry.signals || !entry.number) return;
    const bool may = reacting && hooks.allowance != nullptr;
    engine->allow_signals(*entry.number, may ? hooks.allowance(entry.name()) : 0);
  }
  void tell_lost(Entry& entry) {
    const std::uint64_t lost = engine->lost(*entry.number);
    if (lost == entry.lost_told) return;
    if (hooks.lost != nullptr) hooks.lost(entry.name(), lost - entry.lost_told);
    entry.lost_told = lost;
  }
  Result<> drain_all() {
    Result<> drained = engine->drain_all(*hooks.sink);
    after_drain();
    return drained;
  }
  /// What is to be done after verdicts were taken.
  void after_drain() {
    for (auto& [handle, entry] : entries) {
      if (!entry.number) continue;
      tell_lost(entry);
      allow_signals(entry);
    }
  }
};

KernelInstrumentation::KernelInstrumentation(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
KernelInstrumentation::~KernelInstrumentation() = default;

Result<std::unique_ptr<KernelInstrumentation>> KernelInstrumentation::create(
    const KernelCatalog& catalog, Hooks hooks, std::uint32_t ring_bytes) {
  SWERVE_CHECK(hooks.sink != nullptr, "verdicts need a sink");
  EngineOptions options;
  options.steps = StepReports::switched;
  options.ring_bytes = ring_bytes;
  auto state = std::make_unique<State>();
  state->hooks = std::move(hooks);
  SWERVE_TRY_ASSIGN(state->engine, Engine::create(catalog, options));
  state->engine->load_symbols();  // who drains serves others too
  return std::unique_ptr<KernelInstrumentation>(new KernelInstrumentation(std::move(state)));
}

MonitorHandle KernelInstrumentation::add(BoundMonitor monitor) {
  const std::lock_guard lock(state_->mutex);
  const auto& entries = state_->entries;
  const MonitorHandle handle = entries.empty() ? 0 : entries.rbegin()->first + 1;
  state_->entries.emplace(handle, Entry{std::move(monitor)});
  return handle;
}

void KernelInstrumentation::remove(MonitorHandle handle) {
  const std::lock_guard lock(state_->mutex);
  SWERVE_CHECK(!state_->at(handle).number, "an attached monitor is removed");
  state_->entries.erase(handle);
}

Result<> KernelInstrumentation::verify(const BoundMonitor& monitor) {
  const std::lock_guard lock(state_->mutex);
  SWERVE_TRY_ASSIGN(const std::size_t number, state_->engine->add(monitor));
  state_->engine->remove(number);
  return {};
}

TaskInfo KernelInstrumentation::self() const { return state_->engine->self(); }

int KernelInstrumentation::poll_fd() const { return state_->engine->poll_fd(); }

bool KernelInstrumentation::drain() {
  const std::lock_guard lock(state_->mutex);
  const bool more = state_->engine->drain(*state_->hooks.sink, kAtOnce) == kAtOnce;
  state_->after_drain();
  return more;
}

void KernelInstrumentation::report_steps(bool on) {
  const std::lock_guard lock(state_->mutex);
  state_->engine->report_steps(on);
}

Result<> KernelInstrumentation::attach(MonitorHandle monitor, const ReactionSetting& reaction,
                                       bool on) {
  const std::lock_guard lock(state_->mutex);
  Entry& entry = state_->at(monitor);
  SWERVE_CHECK(!entry.number, "a monitor is attached twice");
  std::optional<SignalReaction> signal;
  if (reaction.reactor == "signal" && !reaction.dry_run) {
    SWERVE_TRY_ASSIGN(signal, signal_reaction(reaction.options));
  }
  Engine& engine = *state_->engine;
  SWERVE_TRY_ASSIGN(const std::size_t number, engine.add(entry.monitor, signal));
  if (Result<> attached = engine.attach({{number}}); !attached) {
    engine.remove(number);
    return attached;
  }
  entry.number = number;
  entry.signals = signal.has_value();
  entry.lost_told = 0;
  state_->allow_signals(entry);
  if (on) engine.arm({{number}});
  return {};
}

Result<> KernelInstrumentation::detach(std::span<const MonitorHandle> monitors) {
  const std::lock_guard lock(state_->mutex);
  Engine& engine = *state_->engine;
  Result<> detached = engine.detach(state_->numbers(monitors), *state_->hooks.sink);
  state_->after_drain();
  for (const MonitorHandle handle : monitors) {
    Entry& entry = state_->at(handle);
    if (!entry.number) continue;
    MonitorStats last = engine.stats(*entry.number);
    last.instances = 0;
    entry.before += last;
    engine.remove(*entry.number);
    entry.number.reset();
  }
  return detached;
}

Result<> KernelInstrumentation::reset(std::span<const MonitorHandle> monitors) {
  const std::lock_guard lock(state_->mutex);
  state_->engine->reset(state_->numbers(monitors));
  return {};
}

Result<> KernelInstrumentation::switch_on(std::span<const MonitorHandle> monitors) {
  const std::lock_guard lock(state_->mutex);
  state_->engine->arm(state_->numbers(monitors));
  return {};
}

Result<> KernelInstrumentation::switch_off(std::span<const MonitorHandle> monitors) {
  const std::lock_guard lock(state_->mutex);
  SWERVE_TRY(state_->engine->disarm(state_->numbers(monitors)));
  return state_->drain_all();
}

Result<> KernelInstrumentation::hand_over() {
  const std::lock_guard lock(state_->mutex);
  return state_->drain_all();
}

Result<> KernelInstrumentation::set_reacting(bool on) {
  const std::lock_guard lock(state_->mutex);
  state_->reacting = on;
  bool any = false;
  for (const auto& [handle, entry] : state_->entries) {
    state_->allow_signals(entry);
    any = any || (entry.number && entry.signals);
  }
  // A program may have asked already and not have sent yet.
  if (!on && any) return state_->engine->wait();
  return {};
}

MonitorStats KernelInstrumentation::stats(MonitorHandle monitor) const {
  const std::lock_guard lock(state_->mutex);
  const Entry& entry = state_->at(monitor);
  MonitorStats out = entry.before;
  if (entry.number) out += state_->engine->stats(*entry.number);
  return out;
}

}  // namespace swerve
