// swerve/monitor/concurrent_monitor.h - a monitor whose events come from many threads at once:
// those of this program.
//
// As HostMonitor (src/monitor/) for one thread, and with the same meaning; it decides, and whoever
// steps it tells the verdicts. Instances live where stepping them is cheap: one of a thread in what
// that thread has for itself (no lock, no locked instruction), the one of all and those of CPUs in
// a SharedInstance, those of objects in a hash table of many parts with a small lock each.
//
//   call                          against a step of another thread
//   step_*, end_object            yes; each step happens before or after each other one
//   state, stats                  yes; they say how it was at some moment of the call
//   switch_on, switch_off         yes; a step that has begun still counts (see wait_for_sections())
//   reset_all, the destructor     no: first switch_off(), then wait_for_sections()
//
// So every step is made inside a Section.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "swerve/base/api.h"
#include "swerve/base/per_thread.h"
#include "swerve/base/sections.h"
#include "swerve/model/automaton.h"
#include "swerve/monitor/instance.h"
#include "swerve/monitor/scope.h"
#include "swerve/monitor/stats.h"
#include "swerve/monitor/step_table.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

/// A model, a scope, and the instances; the table above says who may call what when.
class SWERVE_API ConcurrentMonitor {
 public:
  /// What may differ from one monitor to another.
  struct Options {
    std::uint32_t max_instances = 16384;  // objects; starts beyond it are refused and counted
  };
  /// What an event did to an instance.
  struct Happening {
    /// What the step did.
    Stepping stepping;
    // Transitions that the instance had made in its life, before a violation. Where threads step
    // one instance at the same time: about so many.
    std::uint64_t events = 0;
    std::uint32_t cpu = 0;  // cpu scope: whose instance it is
  };

  /// It begins switched off, with no instance started. Errors: exhausted (the model has more
  /// transitions than can be numbered).
  static Result<std::unique_ptr<ConcurrentMonitor>> make(std::string name, Automaton model,
                                                         Scope scope, Options options);
  ~ConcurrentMonitor();
  ConcurrentMonitor(const ConcurrentMonitor&) = delete;
  ConcurrentMonitor& operator=(const ConcurrentMonitor&) = delete;

  // The event happens to an instance, which must be one of the monitor's scope. While the monitor
  // is switched off nothing happens. No allocation, but for the first event of a thread, and for an
  // object's instance that starts.

  /// The step of the calling thread's instance, whose record `thread` is, if it is a plain one: the
  /// instance monitors, and the model allows the event. Else nothing has happened, and
  /// step_thread() says what does. Cost: some loads, two stores.
  bool plain_step_thread(detail::ThreadRecord& thread, EventId event) noexcept {
    const std::uint8_t* const steps = thread_steps_;
    if (steps == nullptr || !on()) return false;
    ThreadPart* const mine = parts_.find_at_once(thread);
    if (mine == nullptr) return false;
    const std::uint64_t word = mine->word.load(std::memory_order_relaxed);
    const std::uint64_t id = steps[index(event) * 256 + (word & 0xff)];
    if (id == raw(kOff)) return false;
    mine->word.store(word << 8 | id, std::memory_order_relaxed);
    bump(mine->life);
    return true;
  }
  /// The same of an object's.
  bool plain_step_object(detail::ThreadRecord& thread, std::uint64_t key, EventId event) noexcept;

  /// To that of the calling thread.
  Happening step_thread(detail::ThreadRecord& thread, EventId event, Handler handler);
  /// To the one of all. Cost: one compare-and-swap, and one atomic addition.
  Happening step_global(detail::ThreadRecord& thread, EventId event, Handler handler) {
    return step_shared(thread, shared_[0], event, handler);
  }
  /// To that of the CPU on which the calling thread runs at some moment of the call. Cost: as
  /// global, but nobody else wants it.
  Happening step_cpu(detail::ThreadRecord& thread, EventId event, Handler handler);
  /// To that of an object. Cost: a lock that is rarely contended, and a hash look-up.
  Happening step_object(detail::ThreadRecord& thread, std::uint64_t key, EventId event,
                        Handler handler);
  /// The object is no more: its instance stops. Also while switched off.
  void end_object(std::uint64_t key) noexcept;

  /// Whether events count.
  bool on() const noexcept { return on_.load(std::memory_order_acquire); }
  /// Events count from now on.
  void switch_on() noexcept { on_.store(true, std::memory_order_seq_cst); }
  /// Steps that begin later do nothing.
  void switch_off() noexcept { on_.store(false, std::memory_order_seq_cst); }
  /// Every instance is as if it had never been started. See the table above.
  void reset_all() noexcept;

  /// The state of an instance: of the calling thread, of a CPU, of an object, or of all (`key` is
  /// the CPU or the object). None while it is not monitoring.
  std::optional<StateId> state(std::uint64_t key = 0) const;
  /// Since it was made. Cost: grows with the number of threads, CPUs or parts.
  MonitorStats stats() const;

  /// The violation in words; `about` says who, where and when. Both allocate; call them for a
  /// verdict.
  Violation violation(Occurrence about, EventId event, const Happening& happening) const;
  /// The step in words.
  Step step(Occurrence about, EventId event, const Happening& happening) const;

  /// The name that verdicts carry.
  const std::string& name() const noexcept { return name_; }
  /// What it checks against.
  const Automaton& model() const noexcept { return model_; }
  /// What there is an instance for.
  Scope scope() const noexcept { return scope_; }

 private:
  /// What a thread has of this monitor. Written by that thread alone, read by any; what an instance
  /// holds, reset_all() may write as well.
  struct alignas(64) ThreadPart {
    std::atomic<std::uint64_t> word{0}, older{0};  // thread scope: the instance
    std::atomic<std::uint64_t> life{0};            // its transitions
    std::atomic<std::uint64_t> events{0};          // all others that this thread has made
    std::atomic<std::uint64_t> violations{0}, started{0}, refused{0}, raced{0};
  };
  struct alignas(64) SharedPart {
    SharedInstance instance;
    std::atomic<std::uint64_t> life{0};
  };
  class Objects;

  ConcurrentMonitor(std::string name, const Automaton& model, StepTable table, Scope scope,
                    Options options);

  static void bump(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  Happening step_shared(detail::ThreadRecord& thread, SharedPart& part, EventId event,
                        Handler handler);
  static void count(ThreadPart& mine, const Stepping& stepping) noexcept;
  static MonitorStats stats_of(const ThreadPart& part) noexcept;

  MonitorStats gone_;  // of threads that have ended; under the lock of all threads
  // What a plain step reads stands together.
  std::atomic<bool> on_{false};
  const Scope scope_;
  const std::uint8_t* const narrow_;        // the table's; null: it is wide
  const std::uint8_t* const thread_steps_;  // the same; null also in other scopes than thread
  PerThread<ThreadPart> parts_;
  std::vector<SharedPart> shared_;    // global: one; cpu: one each
  std::unique_ptr<Objects> objects_;  // object scope
  const std::string name_;
  const Automaton model_;
  const StepTable table_;
};

}  // namespace swerve
