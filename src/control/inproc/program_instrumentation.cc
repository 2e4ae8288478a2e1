#include "control/inproc/program_instrumentation.h"

#include <iterator>
#include <utility>

#include "swerve/base/check.h"

namespace swerve {

void ProgramInstrumentation::Entry::turn(bool on) const {
  if (monitor == nullptr) {
    active->store(on, std::memory_order_seq_cst);
  } else if (on) {
    monitor->switch_on();
  } else {
    monitor->switch_off();
  }
}

void ProgramInstrumentation::Entry::reset() const {
  if (monitor != nullptr) {
    monitor->reset_all();
  } else if (own.reset) {
    own.reset();
  }
}

ProgramInstrumentation::Entry& ProgramInstrumentation::at(MonitorHandle monitor) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(monitor);
  SWERVE_CHECK(found != entries_.end(), "no such monitor");
  return found->second;
}

MonitorHandle ProgramInstrumentation::add(std::shared_ptr<ProgramMonitor> monitor,
                                          std::vector<Attach> bindings) {
  const std::lock_guard lock(mutex_);
  const MonitorHandle handle = entries_.empty() ? 0 : entries_.rbegin()->first + 1;
  Entry& entry = entries_[handle];
  entry.monitor = std::move(monitor);
  entry.bindings = std::move(bindings);
  return handle;
}

MonitorHandle ProgramInstrumentation::add(OwnMonitor monitor,
                                          std::shared_ptr<std::atomic<bool>> active) {
  const std::lock_guard lock(mutex_);
  const MonitorHandle handle = entries_.empty() ? 0 : entries_.rbegin()->first + 1;
  Entry& entry = entries_[handle];
  entry.own = std::move(monitor);
  entry.active = std::move(active);
  return handle;
}

void ProgramInstrumentation::remove(MonitorHandle monitor) {
  const std::lock_guard lock(mutex_);
  entries_.erase(monitor);
}

Result<> ProgramInstrumentation::attach(MonitorHandle monitor, const ReactionSetting& /*reaction*/,
                                        bool on) {
  Entry& entry = at(monitor);
  if (entry.monitor == nullptr) {
    if (entry.own.enable) SWERVE_TRY(entry.own.enable());
    entry.reset();
    entry.turn(on);
    return {};
  }
  // It is off: what the first callbacks see before the last is attached does not count.
  std::vector<Attachment> attached;
  for (const Attach& binding : entry.bindings) {
    SWERVE_TRY_ASSIGN(std::vector<Attachment> more, binding(*entry.monitor));
    std::move(more.begin(), more.end(), std::back_inserter(attached));
  }
  {
    const std::lock_guard lock(mutex_);
    entry.attached = std::move(attached);
  }
  entry.turn(on);
  return {};
}

Result<> ProgramInstrumentation::detach(std::span<const MonitorHandle> monitors) {
  std::vector<Attachment> attached;
  for (const MonitorHandle handle : monitors) {
    Entry& entry = at(handle);
    entry.turn(false);
    const std::lock_guard lock(mutex_);
    for (Attachment& one : entry.attached) entry.missed += one.missed();
    std::move(entry.attached.begin(), entry.attached.end(), std::back_inserter(attached));
    entry.attached.clear();
  }
  // Also for who is stepped directly, and has nothing attached.
  if (!Attachment::detach(attached) || !wait_for_sections()) {
    return Error(ErrorCode::busy, "called from inside a callback of a tracepoint");
  }
  for (const MonitorHandle handle : monitors) {
    Entry& entry = at(handle);
    if (entry.monitor == nullptr) {
      if (entry.own.disable) entry.own.disable();
    } else {
      entry.reset();
    }
  }
  return {};
}

Result<> ProgramInstrumentation::reset(std::span<const MonitorHandle> monitors) {
  for (const MonitorHandle handle : monitors) at(handle).reset();
  return {};
}

Result<> ProgramInstrumentation::switch_on(std::span<const MonitorHandle> monitors) {
  for (const MonitorHandle handle : monitors) at(handle).turn(true);
  return {};
}

Result<> ProgramInstrumentation::switch_off(std::span<const MonitorHandle> monitors) {
  for (const MonitorHandle handle : monitors) at(handle).turn(false);
  (void)wait_for_sections();
  return {};
}

/// The reactions are those of Reactions, in the emitting thread: those that have begun are waited
/// for.
Result<> ProgramInstrumentation::set_reacting(bool on) {
  if (!on) (void)wait_for_sections();
  return {};
}

MonitorStats ProgramInstrumentation::stats(MonitorHandle monitor) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(monitor);
  SWERVE_CHECK(found != entries_.end(), "no such monitor");
  const Entry& entry = found->second;
  MonitorStats out;
  if (entry.monitor == nullptr) return out;
  out = entry.monitor->monitor().stats();
  out.missed = entry.missed;
  for (const Attachment& one : entry.attached) out.missed += one.missed();
  return out;
}

}  // namespace swerve
