// app/recent.h - a table that forgets what was not used for longest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <utility>

#include "monitor/monitor.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

/// An instance among those of all monitors.
struct InstanceOf {
  std::uint32_t monitor = 0;
  std::uint64_t key = 0;  // InstanceKey::value()
  friend bool operator==(const InstanceOf&, const InstanceOf&) = default;
};

inline InstanceOf instance_of(std::uint32_t monitor, const Occurrence& what) {
  const std::uint64_t key = what.id.key;
  return {monitor, what.id.scope != Scope::task
                       ? key
                       : InstanceKey::task(static_cast<std::uint32_t>(key), what.cpu).value()};
}

/// At most `most` values, one an instance.
template <typename Value>
class Recent {
 public:
  using Entry = std::pair<InstanceOf, Value>;
  explicit Recent(std::size_t most) : most_(most) {}

  /// The instance's value, made when there is none; `forget(Entry&)` is called for the one whose
  /// place it takes.
  template <typename Forget>
  Value& of(const InstanceOf& instance, Forget forget) {
    const auto found = places_.find(instance);
    if (found != places_.end()) {
      entries_.splice(entries_.begin(), entries_, found->second);
      return entries_.front().second;
    }
    if (entries_.size() == most_) {
      forget(entries_.back());
      places_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(instance, Value{});
    places_.emplace(instance, entries_.begin());
    return entries_.front().second;
  }
  /// Calls `forget(Entry&)` for all, and is empty then.
  template <typename Forget>
  void clear(Forget forget) {
    for (Entry& entry : entries_) forget(entry);
    entries_.clear();
    places_.clear();
  }

 private:
  struct Hash {
    std::size_t operator()(const InstanceOf& instance) const noexcept {
      return static_cast<std::size_t>((instance.key * 0x9e3779b97f4a7c15U) ^
                                      (std::uint64_t{instance.monitor} << 48));
    }
  };
  std::size_t most_;
  std::list<Entry> entries_;  // the latest first
  std::unordered_map<InstanceOf, typename std::list<Entry>::iterator, Hash> places_;
};

}  // namespace swerve
