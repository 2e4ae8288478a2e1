// swerve/control/inproc/program_monitor.h - a monitor of this program: its instances, and its
// verdicts on the way to whoever takes them. What bindings (monitor_spec.h) and handles (session.h)
// step.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <unordered_map>
#include <utility>

#include "swerve/base/api.h"
#include "swerve/base/check.h"
#include "swerve/monitor/concurrent_monitor.h"
#include "swerve/monitor/verdict.h"
#include "swerve/source/tracepoint.h"

namespace swerve {

namespace detail {

/// Keys that are numbers as they are: integers, enumerations, pointers. Of signed ones the sign is
/// extended.
template <typename Key>
inline constexpr bool kNumberKey =
    sizeof(Key) <= 8 && (std::is_integral_v<Key> || std::is_enum_v<Key> ||
                         std::is_pointer_v<Key>)&&!(std::is_pointer_v<Key> &&
                                                    std::is_convertible_v<Key, std::string_view>);

template <typename Key>
std::uint64_t key_number(Key key) noexcept {
  if constexpr (std::is_pointer_v<Key>) {
    return reinterpret_cast<std::uintptr_t>(key);
  } else {
    return static_cast<std::uint64_t>(key);
  }
}

/// As what a key is looked up, and kept: a text as std::string_view, and std::string.
template <typename Key>
inline constexpr bool kTextKey = std::is_convertible_v<const Key&, std::string_view>;
template <typename Key>
using AskedKey = std::conditional_t<kTextKey<Key>, std::string_view, Key>;
template <typename Key>
using KeptKey = std::conditional_t<kTextKey<Key>, std::string, Key>;

/// The key in words, for verdicts: a text as it is, else what std::to_string() or a to_string() of
/// the key's own namespace makes of it, else "#NUMBER".
template <typename Key>
std::string key_words(const Key& key, std::uint64_t number) {
  using std::to_string;
  if constexpr (kTextKey<Key>) {
    return std::string(std::string_view(key));
  } else if constexpr (requires { std::string(to_string(key)); }) {
    return to_string(key);
  } else {
    return "#" + to_string(number);
  }
}

/// Who knows which number a key that is none has in ConcurrentMonitor.
class SWERVE_API KeyNumbers {
 public:
  virtual ~KeyNumbers() = default;
  /// No instance is left.
  virtual void clear() = 0;
};

template <typename Key>
class KeyNumbersOf final : public KeyNumbers {
 public:
  using Happening = ConcurrentMonitor::Happening;
  using Asked = AskedKey<Key>;

  /// Calls `step` with the number of `key`, which has one from the event that starts its instance
  /// to the one that ends it; an event that cannot start one, on a key without, is none. `ends`
  /// whether the event ends the object. What happens to one key happens one after the other.
  template <typename Step, typename End>
  Happening happen(const Asked& key, Handler handler, std::uint64_t& number, const Step& step,
                   const End& ends) {
    Part& part = of(key);
    const std::lock_guard lock(part.mutex);
    const auto found = part.numbers.find(key);
    const bool known = found != part.numbers.end();
    if (!known && handler == Handler::event) return {};
    number = known ? found->second : next_.fetch_add(1, std::memory_order_relaxed);
    const Happening out = step(number);
    const Outcome outcome = out.stepping.outcome;
    const bool lives =
        !ends(number) && (outcome == Outcome::started || outcome == Outcome::stepped);
    if (lives && !known) part.numbers.emplace(Key(key), number);
    if (!lives && known) part.numbers.erase(found);
    return out;
  }

  /// The number of a key that has one; 0 is nobody's.
  std::uint64_t find(const Asked& key) {
    Part& part = of(key);
    const std::lock_guard lock(part.mutex);
    const auto found = part.numbers.find(key);
    return found == part.numbers.end() ? 0 : found->second;
  }

  void clear() override {
    for (Part& part : parts_) {
      const std::lock_guard lock(part.mutex);
      part.numbers.clear();
    }
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const Asked& key) const { return std::hash<Asked>()(key); }
  };
  struct alignas(64) Part {
    std::mutex mutex;
    std::unordered_map<Key, std::uint64_t, Hash, std::equal_to<>> numbers;
  };
  Part& of(const Asked& key) { return parts_[(Hash()(key) * 0x9e3779b97f4a7c15U) >> 60]; }

  std::array<Part, 16> parts_;
  std::atomic<std::uint64_t> next_{1};
};

}  // namespace detail

/// What the monitors of a session have in common.
struct ProgramSurroundings {
  VerdictSink* sink = nullptr;     // takes the verdicts, in the thread where they are found
  std::atomic<bool> steps{false};  // steps are told, too
  bool stacks = false;             // verdicts carry a stack trace
};

/// Any thread, for every call. The sink is called inside a Section, with no lock held; what it
/// throws comes out of the call.
class SWERVE_API ProgramMonitor {
 public:
  /// `surroundings` must live until the monitor is switched off for good and no section runs any
  /// more. `key_type` is what typeid says of the objects' keys; of void: numbers, or none.
  ProgramMonitor(std::unique_ptr<ConcurrentMonitor> monitor, ProgramSurroundings& surroundings,
                 std::type_index key_type)
      : monitor_(std::move(monitor)), surroundings_(surroundings), key_type_(key_type) {}

  /// An event happens to the instance of this thread, of its CPU, or of all; not for objects.
  Outcome happen(detail::ThreadRecord& thread, const SourceLocation& where, EventId event,
                 Handler handler) {
    if (!steps_told() && monitor_->plain_step_thread(thread, event)) [[likely]]
      return Outcome::stepped;
    return happen_at_length(thread, where, event, handler);
  }

  /// An event happens to an object, and is its last one if `end`.
  template <typename Key>
  Outcome happen_to(detail::ThreadRecord& thread, const SourceLocation& where, const Key& key,
                    EventId event, Handler handler, bool end) {
    if constexpr (detail::kNumberKey<Key>) {
      const std::uint64_t number = detail::key_number(key);
      if (!end && !steps_told() && monitor_->plain_step_object(thread, number, event)) [[likely]]
        return Outcome::stepped;
      return happen_to_number(thread, where, number, event, handler, end);
    } else {
      if (!monitor_->on()) return Outcome::ignored;
      std::uint64_t number = 0;
      const auto happening = numbers<Key>().happen(
          detail::AskedKey<Key>(key), handler, number,
          [&](std::uint64_t of) { return monitor_->step_object(thread, of, event, handler); },
          [&](std::uint64_t of) {
            if (end) monitor_->end_object(of);
            return end;
          });
      if (to_be_told(happening)) [[unlikely]]
        tell(where, event, happening, number, detail::key_words(key, number));
      return happening.stepping.outcome;
    }
  }

  /// The object is no more; that is no event.
  template <typename Key>
  void end(const Key& key) {
    if constexpr (detail::kNumberKey<Key>) {
      monitor_->end_object(detail::key_number(key));
    } else {
      std::uint64_t number = 0;
      (void)numbers<Key>().happen(
          detail::AskedKey<Key>(key), Handler::event, number,
          [](std::uint64_t) { return ConcurrentMonitor::Happening(); },
          [&](std::uint64_t of) {
            monitor_->end_object(of);
            return true;
          });
    }
  }

  /// The state of an object; none while it is not monitored.
  template <typename Key>
  std::optional<StateId> state(const Key& key) {
    if constexpr (detail::kNumberKey<Key>) {
      return monitor_->state(detail::key_number(key));
    } else {
      const std::uint64_t number = numbers<Key>().find(detail::AskedKey<Key>(key));
      return number == 0 ? std::nullopt : monitor_->state(number);
    }
  }

  /// As ConcurrentMonitor::switch_on().
  void switch_on() noexcept { monitor_->switch_on(); }
  /// As ConcurrentMonitor::switch_off().
  void switch_off() noexcept { monitor_->switch_off(); }
  /// As ConcurrentMonitor::reset_all().
  void reset_all() {
    monitor_->reset_all();
    const std::lock_guard lock(mutex_);
    if (numbers_ != nullptr) numbers_->clear();
  }

  /// Its instances.
  const ConcurrentMonitor& monitor() const noexcept { return *monitor_; }

 private:
  bool steps_told() const noexcept { return surroundings_.steps.load(std::memory_order_relaxed); }
  bool to_be_told(const ConcurrentMonitor::Happening& happening) const noexcept {
    return happening.stepping.outcome == Outcome::violated ||
           (happening.stepping.outcome == Outcome::stepped && steps_told());
  }
  Outcome happen_at_length(detail::ThreadRecord& thread, const SourceLocation& where, EventId event,
                           Handler handler);
  Outcome happen_to_number(detail::ThreadRecord& thread, const SourceLocation& where,
                           std::uint64_t key, EventId event, Handler handler, bool end);
  void tell(const SourceLocation& where, EventId event,
            const ConcurrentMonitor::Happening& happening, std::uint64_t key, std::string object);

  template <typename Key>
  detail::KeyNumbersOf<detail::KeptKey<Key>>& numbers() {
    using Kept = detail::KeptKey<Key>;
    SWERVE_CHECK(key_type_ == std::type_index(typeid(Kept)),
                 "a monitor's objects have keys of one type");
    detail::KeyNumbers* found = known_numbers_.load(std::memory_order_acquire);
    if (found == nullptr) {
      const std::lock_guard lock(mutex_);
      if (numbers_ == nullptr) numbers_ = std::make_unique<detail::KeyNumbersOf<Kept>>();
      found = numbers_.get();
      known_numbers_.store(found, std::memory_order_release);
    }
    return static_cast<detail::KeyNumbersOf<Kept>&>(*found);
  }

  const std::unique_ptr<ConcurrentMonitor> monitor_;
  ProgramSurroundings& surroundings_;
  const std::type_index key_type_;
  std::mutex mutex_;                             // over the making of numbers_
  std::unique_ptr<detail::KeyNumbers> numbers_;  // of keys that are no numbers
  std::atomic<detail::KeyNumbers*> known_numbers_{nullptr};
};

}  // namespace swerve
