#include "swerve/monitor/concurrent_monitor.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "base/small_lock.h"
#include "base/text.h"
#include "monitor/monitor.h"
#include "monitor/verdict_words.h"

namespace swerve {

/// The instances of objects that monitor, in parts by a hash of the key.
class SWERVE_LOCAL ConcurrentMonitor::Objects {
 public:
  explicit Objects(std::uint32_t most) : most_(most) {}

  /// As ConcurrentMonitor::plain_step_object().
  bool plain_step(const std::uint8_t* narrow, std::uint64_t key, EventId event) noexcept {
    Part& part = of(key);
    const std::lock_guard lock(part.lock);
    InstanceMap::Slot* const slot = part.instances.find(key);
    if (slot == nullptr) return false;
    const std::uint64_t word = slot->instance.word;
    const std::uint64_t id = narrow[index(event) * 256 + (word & 0xff)];
    if (id == raw(kOff)) return false;
    slot->instance.word = word << 8 | id;
    ++slot->events;
    return true;
  }

  Happening step(const StepTable& table, std::uint64_t key, EventId event, Handler handler,
                 bool& refused) {
    Part& part = of(key);
    const std::lock_guard lock(part.lock);
    InstanceMap::Slot* const slot = part.instances.find(key);
    Happening out;
    if (slot != nullptr) {
      out.events = slot->events;
      out.stepping = swerve::step(table, slot->instance, event, handler);
      if (out.stepping.outcome == Outcome::stepped) ++slot->events;
      if (slot->instance.word == 0) take_away(part, slot);
      return out;
    }
    if (handler == Handler::event) return out;
    if (count_.fetch_add(1, std::memory_order_relaxed) >= most_) {
      count_.fetch_sub(1, std::memory_order_relaxed);
      refused = true;
      return out;
    }
    Instance instance;
    out.stepping = swerve::step(table, instance, event, handler);
    if (instance.word != 0) {
      part.instances.insert(key, instance, out.stepping.outcome == Outcome::stepped ? 1 : 0);
    } else {
      count_.fetch_sub(1, std::memory_order_relaxed);  // the initial state does not allow the event
    }
    return out;
  }

  void end(std::uint64_t key) noexcept {
    Part& part = of(key);
    const std::lock_guard lock(part.lock);
    if (InstanceMap::Slot* const slot = part.instances.find(key)) take_away(part, slot);
  }

  void clear() noexcept {
    for (Part& part : parts_) {
      const std::lock_guard lock(part.lock);
      count_.fetch_sub(static_cast<std::uint32_t>(part.instances.size()),
                       std::memory_order_relaxed);
      part.instances.clear();
    }
  }

  std::uint64_t word(std::uint64_t key) {
    Part& part = of(key);
    const std::lock_guard lock(part.lock);
    const InstanceMap::Slot* const slot = part.instances.find(key);
    return slot == nullptr ? 0 : slot->instance.word;
  }

  std::uint32_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  struct alignas(64) Part {
    SmallLock lock;
    InstanceMap instances;
  };

  /// By other bits than the map within a part uses, or all keys of a part would begin at one place.
  Part& of(std::uint64_t key) noexcept { return parts_[(key * 0xc2b2ae3d27d4eb4fU) >> 58]; }

  void take_away(Part& part, InstanceMap::Slot* slot) noexcept {
    part.instances.erase(slot);
    count_.fetch_sub(1, std::memory_order_relaxed);
  }

  const std::uint32_t most_;
  std::atomic<std::uint32_t> count_{0};
  std::array<Part, 64> parts_;
};

Result<std::unique_ptr<ConcurrentMonitor>> ConcurrentMonitor::make(std::string name,
                                                                   Automaton model, Scope scope,
                                                                   Options options) {
  const std::size_t transitions = model.transitions().size();
  if (transitions > StepTable::kTransitionsMost) {
    return Error(ErrorCode::exhausted,
                 cat("monitor '", escape(name), "': the model has ", transitions,
                     " transitions; the limit is ", StepTable::kTransitionsMost));
  }
  return std::unique_ptr<ConcurrentMonitor>(
      new ConcurrentMonitor(std::move(name), model, StepTable(model), scope, options));
}

ConcurrentMonitor::ConcurrentMonitor(std::string name, const Automaton& model, StepTable table,
                                     Scope scope, Options options)
    : scope_(scope),
      narrow_(table.wide() ? nullptr : table.narrow().data()),
      thread_steps_(scope == Scope::task ? narrow_ : nullptr),
      parts_([this](const ThreadPart& part) { gone_ += stats_of(part); }),
      shared_(scope == Scope::global ? 1
              : scope == Scope::cpu
                  ? static_cast<std::size_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_CONF)))
                  : 0),
      objects_(scope == Scope::object ? std::make_unique<Objects>(options.max_instances) : nullptr),
      name_(std::move(name)),
      model_(model),
      table_(std::move(table)) {}

ConcurrentMonitor::~ConcurrentMonitor() = default;

void ConcurrentMonitor::count(ThreadPart& mine, const Stepping& stepping) noexcept {
  if (stepping.started) bump(mine.started);
  if (stepping.outcome == Outcome::violated) bump(mine.violations);
  if (stepping.outcome == Outcome::raced) bump(mine.raced);
}

MonitorStats ConcurrentMonitor::stats_of(const ThreadPart& part) noexcept {
  MonitorStats out;
  out.events =
      part.events.load(std::memory_order_relaxed) + part.life.load(std::memory_order_relaxed);
  out.violations = part.violations.load(std::memory_order_relaxed);
  out.started = part.started.load(std::memory_order_relaxed);
  out.refused = part.refused.load(std::memory_order_relaxed);
  out.raced = part.raced.load(std::memory_order_relaxed);
  return out;
}

ConcurrentMonitor::Happening ConcurrentMonitor::step_thread(detail::ThreadRecord& thread,
                                                            EventId event, Handler handler) {
  if (!on()) return {};
  ThreadPart& mine = parts_.here(thread);
  Instance instance{mine.word.load(std::memory_order_relaxed),
                    mine.older.load(std::memory_order_relaxed)};
  const Stepping stepping = swerve::step(table_, instance, event, handler);
  const std::uint64_t life = stepping.started ? 0 : mine.life.load(std::memory_order_relaxed);
  count(mine, stepping);
  mine.word.store(instance.word, std::memory_order_relaxed);
  mine.older.store(instance.older, std::memory_order_relaxed);
  if (stepping.outcome == Outcome::stepped) bump(mine.life);
  if (instance.word == 0) bump(mine.events, mine.life.exchange(0, std::memory_order_relaxed));
  return {stepping, life, 0};
}

bool ConcurrentMonitor::plain_step_object(detail::ThreadRecord& thread, std::uint64_t key,
                                          EventId event) noexcept {
  if (!on() || narrow_ == nullptr || !objects_->plain_step(narrow_, key, event)) return false;
  if (ThreadPart* const mine = parts_.find(thread)) [[likely]] {
    bump(mine->events);
  } else {
    bump(parts_.here(thread).events);
  }
  return true;
}

ConcurrentMonitor::Happening ConcurrentMonitor::step_shared(detail::ThreadRecord& thread,
                                                            SharedPart& part, EventId event,
                                                            Handler handler) {
  if (!on()) return {};
  Happening out;
  out.stepping = part.instance.step(table_, event, handler);
  if (out.stepping.outcome == Outcome::ignored) return out;
  ThreadPart& mine = parts_.here(thread);
  count(mine, out.stepping);
  if (out.stepping.started) part.life.store(0, std::memory_order_relaxed);
  if (out.stepping.outcome == Outcome::stepped) {
    bump(mine.events);
    part.life.fetch_add(1, std::memory_order_relaxed);
  } else if (out.stepping.outcome == Outcome::violated) {
    out.events = part.life.load(std::memory_order_relaxed);
  }
  return out;
}

ConcurrentMonitor::Happening ConcurrentMonitor::step_cpu(detail::ThreadRecord& thread,
                                                         EventId event, Handler handler) {
  const auto cpu = static_cast<std::size_t>(std::max(0, ::sched_getcpu()));
  Happening out = step_shared(thread, shared_[std::min(cpu, shared_.size() - 1)], event, handler);
  out.cpu = static_cast<std::uint32_t>(cpu);
  return out;
}

ConcurrentMonitor::Happening ConcurrentMonitor::step_object(detail::ThreadRecord& thread,
                                                            std::uint64_t key, EventId event,
                                                            Handler handler) {
  if (!on()) return {};
  bool refused = false;
  const Happening out = objects_->step(table_, key, event, handler, refused);
  ThreadPart& mine = parts_.here(thread);
  count(mine, out.stepping);
  if (out.stepping.outcome == Outcome::stepped) bump(mine.events);
  if (refused) bump(mine.refused);
  return out;
}

void ConcurrentMonitor::end_object(std::uint64_t key) noexcept {
  if (objects_ != nullptr) objects_->end(key);
}

void ConcurrentMonitor::reset_all() noexcept {
  for (SharedPart& part : shared_) part.instance.reset();
  if (objects_ != nullptr) objects_->clear();
  parts_.for_each([](ThreadPart& part) {
    part.word.store(0, std::memory_order_relaxed);
    bump(part.events, part.life.exchange(0, std::memory_order_relaxed));
  });
}

std::optional<StateId> ConcurrentMonitor::state(std::uint64_t key) const {
  std::uint64_t word = 0;
  switch (scope_) {
    case Scope::global:
      word = shared_[0].instance.load().word;
      break;
    case Scope::cpu:
      if (key < shared_.size()) word = shared_[key].instance.load().word;
      break;
    case Scope::task:
      if (const ThreadPart* const mine = parts_.find(detail::thread_record()))
        word = mine->word.load(std::memory_order_relaxed);
      break;
    case Scope::object:
      word = objects_->word(key);
      break;
  }
  if (word == 0) return std::nullopt;
  return table_.state(table_.newest(word));
}

MonitorStats ConcurrentMonitor::stats() const {
  MonitorStats out;
  parts_.for_each(
      [&](const ThreadPart& part) {
        out += stats_of(part);
        if (part.word.load(std::memory_order_relaxed) != 0) ++out.instances;
      },
      [&] { out += gone_; });
  for (const SharedPart& part : shared_) {
    if (part.instance.load().word != 0) ++out.instances;
  }
  if (objects_ != nullptr) out.instances += objects_->count();
  return out;
}

Violation ConcurrentMonitor::violation(Occurrence about, EventId event,
                                       const Happening& happening) const {
  Violation out;
  static_cast<Occurrence&>(out) = std::move(about);
  out.monitor = name_;
  name_violation(out, model_, table_, event, happening.stepping.from);
  out.events = std::max<std::uint64_t>(happening.events, out.path.size());
  return out;
}

Step ConcurrentMonitor::step(Occurrence about, EventId event, const Happening& happening) const {
  Step out;
  static_cast<Occurrence&>(out) = std::move(about);
  out.monitor = name_;
  name_step(out, model_, table_, event, happening.stepping.from);
  return out;
}

}  // namespace swerve
