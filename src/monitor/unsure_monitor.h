// monitor/unsure_monitor.h - a monitor on a recording, which may hold less than what happened.
//
// Where a HostMonitor has one state for an instance, this one has the set of all states in which
// the instance may be, "not monitoring" among them. A set of one is certainty, and the step is the
// same. What makes sets of several: events that were lost (hole_opens), a recorded value that
// stands for several (May with more than one bit), and not knowing which instance an event was
// about (step_any).
//
// An event steps every member of the set. A violation in all members is a violation; in some of
// them, it is inconclusive, and the set goes on with what the others became, and "not monitoring"
// for those that violated. So, whatever really happened, the real state is always in the set: no
// verdict that is given without doubt can be wrong.
//
// What a set becomes stands in state_sets.h; here are the instances. An instance that is certain is
// kept as a HostMonitor keeps it, and one that is not as the number of its set.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "monitor/monitor.h"
#include "monitor/state_sets.h"
#include "swerve/model/automaton.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

/// What happened since the monitor was made.
struct UnsureCounters {
  std::uint64_t events = 0;  // transitions made, by instances that were certain to make one
  std::uint64_t unsure = 0;  // events after which the state was not certain
  std::uint64_t violations = 0;
  std::uint64_t inconclusive = 0;
  std::uint64_t started = 0;    // instances certainly started
  std::uint64_t instances = 0;  // monitoring now, those that may be among them
  std::uint64_t refused = 0;    // starts for which there was no room
  friend bool operator==(const UnsureCounters&, const UnsureCounters&) = default;
};

/// Who saw an event: asked for its circumstances when there is a verdict to tell, and not before.
class Witness {
 public:
  virtual ~Witness() = default;
  /// Its texts are valid until the call that asked for it returns.
  virtual Circumstances circumstances() const = 0;
};

/// One monitor with all of its instances, stepped by one thread.
class UnsureMonitor {
 public:
  static constexpr std::uint32_t kEveryCpu = 0xffffffff;

  struct Options {
    std::uint32_t max_instances = 16384;  // object scope; starts beyond it are refused and counted
    bool steps = false;                   // tell the sink of steps too
  };

  /// `model` must fit a StepTable. `may_happen` has for each event of the model what its bindings
  /// can make of it (all bits of all of them), so that it is known what a lost event may have done;
  /// `can_end` is whether a binding can end an instance. `sink` must outlive the monitor. It begins
  /// with no instance started, and that is certain.
  UnsureMonitor(std::string name, Automaton model, Scope scope, std::vector<May> may_happen,
                bool can_end, VerdictSink& sink, Options options);
  ~UnsureMonitor();
  UnsureMonitor(UnsureMonitor&&) noexcept;

  /// The event happens to an instance that is certainly monitoring, and the model allows it: then
  /// this is all of step(), and true. Else false, and nothing was done: call step(). Cost: some
  /// nanoseconds. `may` must not have kNothing.
  bool quick(InstanceKey key, EventId event) noexcept;

  // -- for loops over many events

  /// Where an instance is kept; nowhere(): it has no place of its own. The same for as long as the
  /// monitor lives. Task scope: the idle tasks have the first places, idle_tasks() of them, by CPU.
  std::uint32_t place(InstanceKey key) const noexcept;
  std::uint32_t nowhere() const noexcept { return limit_[0] + limit_[1]; }
  std::uint32_t idle_tasks() const noexcept { return base_[0]; }
  /// The places of `count` tasks that are numbered by the lowest 32 bits; kIdleTask for idle tasks,
  /// whose CPU is not told. Answers whether there are such.
  static constexpr std::uint32_t kIdleTask = 0x80000000;
  bool task_places(const std::uint64_t* tids, std::size_t count,
                   std::uint32_t* places) const noexcept;

  /// What happens, and where, in one number: the sum of a place and a deed. A deed is an event that
  /// starts an instance that is not monitoring (`starts`), or leaves it alone; without one, nothing
  /// is quick. The same for as long as the monitor lives. The highest bit is free.
  static constexpr std::uint32_t kPlaceBits = 23;
  static constexpr std::uint32_t kDeedBits = 8;
  /// False: there are no deeds, and nothing will ever be quick by its place.
  bool has_deeds() const noexcept { return deeds_ != nullptr; }
  static constexpr std::uint32_t deed(EventId event, bool starts) noexcept {
    return static_cast<std::uint32_t>(1 + 2 * index(event) + (starts ? 1 : 0)) << kPlaceBits;
  }
  static constexpr std::uint32_t place_of(std::uint32_t aim) noexcept {
    return aim & ((1U << kPlaceBits) - 1);
  }

  class Quick;
  /// What quick() needs, at hand. Anything else that is called makes it stale. How often its step()
  /// said true is to be counted.
  Quick quick_view() const noexcept;
  void count(const Quick& quick, std::uint64_t done) noexcept;
  /// The instance of a place is certainly not monitoring: an event that starts nothing does nothing
  /// to it, and from now on Quick::step() knows that, too.
  bool rests(std::uint32_t place);

  /// The event may happen to an instance. No allocation, but for a verdict, a new instance or a set
  /// that was never met before.
  void step(InstanceKey key, EventId event, May may, const Circumstances& circumstances) {
    step_seen(key, event, may, Known(circumstances));
  }
  template <std::derived_from<Witness> SeenBy>
  void step(InstanceKey key, EventId event, May may, const SeenBy& witness) {
    step_seen(key, event, may, witness);
  }
  /// The event may happen to an instance, but which one is not known. A violation that is possible
  /// for some is one inconclusive verdict of no instance (key 0). Cost: looks at all instances.
  void step_any(EventId event, May may, const Circumstances& circumstances) {
    step_any_seen(event, may, Known(circumstances));
  }
  template <std::derived_from<Witness> SeenBy>
  void step_any(EventId event, May may, const SeenBy& witness) {
    step_any_seen(event, may, witness);
  }

  /// The thing that the instance watched is gone. `certain` false: it may be.
  void end(InstanceKey key, bool certain = true);
  /// Some instance ended, but which one is not known. Cost: looks at all instances.
  void end_any();
  /// Task scope: a new thread has this number, and starts unmonitored.
  void task_new(std::uint32_t tid);

  /// From here on events of this CPU (or kEveryCpu: of all) are missing, until hole_closes().
  /// All that they may have done is taken to have been possible at every moment between. Concerned
  /// are, by scope: the CPU's instance; for tasks all but the idle tasks of other CPUs; all.
  void hole_opens(std::uint32_t cpu);
  void hole_closes(std::uint32_t cpu);

  /// An instance that is monitoring, or may be.
  struct Live {
    InstanceKey key;
    std::vector<StateOrNone> states;  // one: certain
    bool final = false;               // all of them are final states (or not monitoring)
    std::uint64_t events = 0;         // transitions since it was started, or certain again
  };
  /// All of them, by key. Those that were never met but may be monitoring because of lost events
  /// are not among them.
  std::vector<Live> live() const;

  /// Cost: looks at all instances.
  UnsureCounters counters() const;
  /// The states of one instance: none: certainly not monitoring.
  std::vector<StateOrNone> states(InstanceKey key) const;

  const std::string& name() const noexcept;
  const Automaton& model() const noexcept;
  Scope scope() const noexcept;

 private:
  // Certainly not monitoring. The lowest byte stands for that in the table of quick steps, which
  // may change the others (and `events`): word_at() puts them right.
  static constexpr std::uint8_t kOffId = 255;
  static constexpr std::uint64_t kOffWord = std::uint64_t{raw(kOffSet)} << 32 | kOffId;

  /// An instance, in two parts. `word` is one of: 0, never met, and so what unmet_ says; kOffWord;
  /// the step ids of the StepTable, if it is certainly monitoring; else the lowest 16 bits are 0
  /// (which no step leads out of) and above them stand its doubt and its set.
  struct Slot {  // what every step needs: small, since the nearest cache is
    std::uint64_t word = 0;
    std::uint64_t events = 0;  // transitions since it was started, or certain again
  };
  struct More {
    std::uint64_t older = 0;  // as in Instance
    std::uint64_t epoch = 0;  // the holes that it knows of; below epoch_: it is to be widened
  };
  struct Kept : Slot, More {
    void become(std::uint64_t other) noexcept {
      if (other == word) return;
      word = other;
      older = events = 0;
    }
  };
  struct Found;
  struct State;

  class Known final : public Witness {
   public:
    explicit Known(const Circumstances& circumstances) : circumstances_(circumstances) {}
    Circumstances circumstances() const override { return circumstances_; }

   private:
    const Circumstances& circumstances_;
  };
  void step_seen(InstanceKey key, EventId event, May may, const Witness& witness);
  void step_any_seen(EventId event, May may, const Witness& witness);
  bool quick_elsewhere(InstanceKey key, EventId event) noexcept;
  void set_quick() noexcept;

  std::size_t group(InstanceKey key) const noexcept;
  bool of_one_cpu(std::size_t group) const noexcept;
  bool in_hole(InstanceKey key) const noexcept;
  InstanceKey key_at(std::size_t index) const noexcept;
  std::uint64_t word_at(std::uint32_t place) const noexcept;
  Found find(InstanceKey key) const;
  bool room(const Found& found) const noexcept;
  void put(const Found& found, std::uint64_t word, std::uint64_t older, std::uint64_t events);
  void put(const Found& found, std::uint64_t word);
  void refuse(const Found& found, SetId next);
  template <typename Change>
  void change_all(Change change);
  template <typename Visit>
  void visit_met(Visit visit) const;

  void step_certain(const Found& found, EventId event, May may, const Witness& witness);
  void step_unsure(const Found& found, EventId event, May may, const Witness& witness);

  // What quick() needs.
  const std::uint8_t* deeds_ = nullptr;  // by deed and newest id: the next one; 0: not quick
  Slot* slots_ = nullptr;                // by place, and one that is never quick
  More* more_ = nullptr;                 // likewise
  bool quick_ = false;                   // quick() need not say false
  // By bit 32 of the key: how many of its lower halves have a slot, and from where in slots_.
  std::array<std::uint32_t, 2> limit_{}, base_{};
  std::array<std::uint64_t, 2> epoch_{};  // holes that concerned all instances of this half
  std::array<std::uint64_t, 2> unmet_{kOffWord, kOffWord};  // "not monitoring" is in it
  UnsureCounters counters_;

  std::unique_ptr<State> state_;
};

class UnsureMonitor::Quick {
 public:
  /// False: nothing is quick at present, and step() must not be called.
  bool usable() const noexcept { return usable_; }
  /// As UnsureMonitor::quick(); also true where the event does nothing to an instance that is
  /// certainly not monitoring. Without branches but for what is seldom: what an event finds cannot
  /// be foreseen.
  bool step(std::uint32_t aim) noexcept {
    const std::uint32_t place = place_of(aim);
    Slot& slot = slots_[place];
    const std::uint64_t word = slot.word;
    const std::uint8_t id = deeds_[(aim >> kPlaceBits) * std::size_t{256} + (word & 0xff)];
    if (id == 0) [[unlikely]]
      return false;
    if (had_holes_ && !knows_all_holes(place)) [[unlikely]]
      return false;
    slot.word = word << 8 | id;
    ++slot.events;
    static_assert(kOffId == 255);
    rested_ += (id + 1U) >> 8;  // whether it is kOffId
    return true;
  }

 private:
  friend class UnsureMonitor;
  bool knows_all_holes(std::uint32_t place) const noexcept {
    return more_[place].epoch == epoch_[place < idle_tasks_ ? 1 : 0];
  }

  const std::uint8_t* deeds_ = nullptr;
  Slot* slots_ = nullptr;
  const More* more_ = nullptr;
  std::uint64_t rested_ = 0;      // of the steps, those that did nothing
  std::uint32_t idle_tasks_ = 0;  // these have the first places
  bool usable_ = false;
  bool had_holes_ = false;
  std::array<std::uint64_t, 2> epoch_{};
};

inline std::uint32_t UnsureMonitor::place(InstanceKey key) const noexcept {
  const auto low = static_cast<std::uint32_t>(key.value());
  const std::size_t upper = key.value() >> 32 & 1;
  return low < limit_[upper] ? base_[upper] + low : nowhere();
}
inline UnsureMonitor::Quick UnsureMonitor::quick_view() const noexcept {
  Quick view;
  view.deeds_ = deeds_;
  view.slots_ = slots_;
  view.more_ = more_;
  view.idle_tasks_ = base_[0];
  view.usable_ = quick_;
  view.had_holes_ = (epoch_[0] | epoch_[1]) != 0;
  view.epoch_ = epoch_;
  return view;
}
inline void UnsureMonitor::count(const Quick& quick, std::uint64_t done) noexcept {
  counters_.events += done - quick.rested_;
}
inline bool UnsureMonitor::quick(InstanceKey key, EventId event) noexcept {
  const std::uint32_t at = place(key);
  if (at == nowhere()) return quick_elsewhere(key, event);
  if (!quick_) return false;
  Quick view = quick_view();
  const bool done = view.step(deed(event, true) + at);
  count(view, done ? 1 : 0);
  return done;
}

}  // namespace swerve
