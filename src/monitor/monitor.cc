#include "monitor/monitor.h"

#include <utility>

#include "monitor/verdict_words.h"

namespace swerve {

InstanceMap::Slot* InstanceMap::find(std::uint64_t key) noexcept {
  if (size_ == 0) return nullptr;
  for (std::size_t i = home(key);; i = (i + 1) & (slots_.size() - 1)) {
    Slot& slot = slots_[i];
    if (slot.instance.word == 0) return nullptr;
    if (slot.key == key) return &slot;
  }
}

void InstanceMap::insert(std::uint64_t key, Instance instance, std::uint64_t events) {
  if (2 * (size_ + 1) > slots_.size()) {
    std::vector<Slot> old =
        std::exchange(slots_, std::vector<Slot>(slots_.empty() ? 16 : 2 * slots_.size()));
    shift_ = slots_.size() == 16 ? 60 : shift_ - 1;
    size_ = 0;
    for (const Slot& slot : old) {
      if (slot.instance.word != 0) insert(slot.key, slot.instance, slot.events);
    }
  }
  std::size_t i = home(key);
  while (slots_[i].instance.word != 0) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = {key, events, instance};
  ++size_;
}

void InstanceMap::erase(Slot* slot) noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t hole = static_cast<std::size_t>(slot - slots_.data());
  // Those behind move up into the hole, unless that would put them before their home.
  for (std::size_t i = (hole + 1) & mask; slots_[i].instance.word != 0; i = (i + 1) & mask) {
    if (((i - home(slots_[i].key)) & mask) < ((i - hole) & mask)) continue;
    slots_[hole] = slots_[i];
    hole = i;
  }
  slots_[hole] = {};
  --size_;
}

void InstanceMap::clear() noexcept {
  slots_.clear();
  size_ = 0;
}

HostMonitor::HostMonitor(std::string name, Automaton model, Scope scope, VerdictSink& sink,
                         Options options)
    : name_(std::move(name)),
      model_(std::move(model)),
      scope_(scope),
      sink_(&sink),
      options_(options),
      table_(model_) {}

Outcome HostMonitor::step(InstanceKey key, EventId event, Handler handler, const Circumstances& c) {
  if (!on_) return Outcome::ignored;
  InstanceMap::Slot* const slot = instances_.find(key.value());
  Instance instance = slot != nullptr ? slot->instance : Instance{};
  const std::uint64_t events = slot != nullptr ? slot->events : 0;
  const Stepping s = swerve::step(table_, instance, event, handler);
  if (s.started && scope_ == Scope::object && instances_.size() >= options_.max_instances) {
    ++counters_.refused;
    return Outcome::ignored;
  }
  if (s.started) ++counters_.started;
  switch (s.outcome) {
    case Outcome::started:
      instances_.insert(key.value(), instance, 0);
      break;
    case Outcome::stepped:
      ++counters_.events;
      if (slot != nullptr) {
        slot->instance = instance;
        slot->events = events + 1;
      } else {
        instances_.insert(key.value(), instance, 1);
      }
      if (options_.steps) tell_step(key, event, s.from, c);
      break;
    case Outcome::violated:
      ++counters_.violations;
      if (slot != nullptr) instances_.erase(slot);
      tell_violation(key, event, s.from, events, c);
      break;
    case Outcome::ignored:
    case Outcome::raced:
      break;
  }
  return s.outcome;
}

void HostMonitor::end(InstanceKey key) noexcept {
  if (InstanceMap::Slot* const slot = instances_.find(key.value())) instances_.erase(slot);
}

void HostMonitor::set_monitoring(bool on) noexcept {
  if (on && !on_) reset_all();
  on_ = on;
}

MonitorCounters HostMonitor::counters() const noexcept {
  MonitorCounters out = counters_;
  out.instances = instances_.size();
  return out;
}

std::optional<StateId> HostMonitor::state(InstanceKey key) const noexcept {
  const InstanceMap::Slot* const slot = instances_.find(key.value());
  if (slot == nullptr) return std::nullopt;
  return table_.state(table_.newest(slot->instance.word));
}

Occurrence HostMonitor::about(InstanceKey key, const Circumstances& c) const {
  const auto owned = [](const TaskView& t) { return TaskInfo{t.tid, t.tgid, std::string(t.comm)}; };
  Occurrence o;
  o.time = c.time;
  o.monitor = name_;
  o.id = key.id(scope_);
  if (scope_ == Scope::task && c.task) o.task = owned(*c.task);
  o.cpu = c.cpu;
  o.by = owned(c.by);
  o.object = c.object;
  return o;
}

void HostMonitor::tell_step(InstanceKey key, EventId event, const Instance& from,
                            const Circumstances& c) {
  Step step;
  static_cast<Occurrence&>(step) = about(key, c);
  name_step(step, model_, table_, event, from);
  sink_->on_step(step);
}

void HostMonitor::tell_violation(InstanceKey key, EventId event, const Instance& from,
                                 std::uint64_t events, const Circumstances& c) {
  Violation violation;
  static_cast<Occurrence&>(violation) = about(key, c);
  name_violation(violation, model_, table_, event, from);
  violation.events = events;
  sink_->on_violation(violation);
}

}  // namespace swerve
