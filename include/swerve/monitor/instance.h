// swerve/monitor/instance.h - one event happens to one instance: the step on the host.
//
// step() is for an instance that one thread owns: plain loads and stores. SharedInstance is one
// that any number of threads step at the same time: compare-and-swap, three tries, then reset (the
// kernel's rule). Both do the same thing to a single event; what the handlers mean stands at
// Handler in scope.h.
#pragma once

#include <atomic>
#include <cstdint>

#include "swerve/base/api.h"
#include "swerve/model/automaton.h"
#include "swerve/monitor/scope.h"
#include "swerve/monitor/step_table.h"

namespace swerve {

/// What became of an event.
enum class Outcome : std::uint8_t {
  ignored,   // it was not monitoring, and the event does not start it
  started,   // it is in the initial state now; the event was not processed
  stepped,   // it took the transition
  violated,  // the model does not allow the event; the instance does not monitor any more
  raced,     // other threads were faster three times; the instance does not monitor any more
};

/// What an event did to an instance.
struct Stepping {
  Outcome outcome = Outcome::ignored;  // what became of it
  bool started = false;                // the event started it, whether it was then processed or not
  Instance from;  // stepped, violated: what the event was processed on (its state, its path)
  friend bool operator==(const Stepping&, const Stepping&) = default;
};

/// How often a thread tries to step a SharedInstance that other threads step too.
inline constexpr int kStepTries = 3;

/// The rest of step(): what happens when the table holds no transition.
SWERVE_API Stepping step_elsewhere(const StepTable& table, Instance& instance, EventId event,
                                   Handler handler) noexcept;

/// Steps an instance that only the calling thread touches. `event` must be one of the model that
/// `table` was made from. Cost: one load from the table after the load of the instance; no
/// allocation.
inline Stepping step(const StepTable& table, Instance& instance, EventId event,
                     Handler handler) noexcept {
  const StepId id = table.next(table.newest(instance.word), event);
  if (id == kOff) [[unlikely]]
    return step_elsewhere(table, instance, event, handler);
  const Instance from = instance;
  if (table.wide()) {
    instance = table.shifted(from, id);
  } else {
    instance.word = from.word << 8 | raw(id);  // `older` stays 0, and is not touched
  }
  return {Outcome::stepped, false, from};
}

/// An instance that many threads step at once; any thread may call anything.
///
/// One compare-and-swap of the word moves the state and the newest transitions together, so a step
/// is taken wholly or not at all, and of the threads that see one violation only the one whose swap
/// to 0 succeeds reports it. With a wide table `older` is written after that swap: under contention
/// the four transitions in it are the best effort (StepTable::path() leaves out what does not fit
/// together).
class SWERVE_API SharedInstance {
 public:
  /// As the function step() does it, for an instance of many threads.
  Stepping step(const StepTable& table, EventId event, Handler handler) noexcept {
    std::uint64_t seen = word_.load(std::memory_order_acquire);
    const StepId id = table.next(table.newest(seen), event);
    if (table.wide() || id == kOff) return step_elsewhere(table, event, handler, seen, kStepTries);
    const Instance from{seen, 0};
    if (word_.compare_exchange_strong(seen, seen << 8 | raw(id), std::memory_order_acq_rel,
                                      std::memory_order_acquire)) [[likely]] {
      return {Outcome::stepped, false, from};
    }
    return step_elsewhere(table, event, handler, seen, kStepTries - 1);
  }

  /// It does not monitor any more.
  void reset() noexcept { word_.store(0, std::memory_order_release); }

  /// As it is now; what it holds may be old when it is read.
  Instance load() const noexcept {
    const std::uint64_t word = word_.load(std::memory_order_acquire);
    return {word, older_.load(std::memory_order_relaxed)};
  }

 private:
  /// The rest of step(), with so many tries left; `seen` is the word as it was read last.
  Stepping step_elsewhere(const StepTable& table, EventId event, Handler handler,
                          std::uint64_t seen, int tries) noexcept;

  std::atomic<std::uint64_t> word_{0};   // the state: nothing else is read to decide
  std::atomic<std::uint64_t> older_{0};  // only for people; follows word_ after a while
};

}  // namespace swerve
