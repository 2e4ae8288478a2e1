// The control room while events flow: an instrumentation whose own threads handle events and hand
// out verdicts, as an engine's programs and its ring do. Under the thread sanitizer it also shows
// that whoever resets instances has waited for the events before.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <random>

#include "control/fakes_test.h"
#include "swerve/control/tree.h"

namespace swerve {
namespace {

constexpr MonitorHandle kSlots = 6;
std::string name_of(MonitorHandle slot) { return cat("m", slot); }
MonitorHandle slot_of(std::string_view name) {
  return static_cast<MonitorHandle>(name.back() - '0');
}

/// When the time comes from which on nothing may happen any more.
class Silence {
 public:
  void begin() { since_ = monotonic_now().ns; }
  void end() { since_ = 0; }
  bool broken() const { return since_ != 0; }
  /// The same for what may have been at the door as the silence began.
  bool broken_for(TimeNs grace) const {
    const std::uint64_t since = since_;
    return since != 0 && monotonic_now().ns > since + grace.ns;
  }

 private:
  std::atomic<std::uint64_t> since_{0};
};

/// Two threads make events for all monitors, whether they are attached or not; a third one drains
/// what they put into the ring.
class Machine final : public Instrumentation {
 public:
  explicit Machine(VerdictSink& sink, std::function<void(const std::string&)> lost)
      : sink_(sink), lost_(std::move(lost)) {
    for (MonitorHandle slot = 0; slot < kSlots; ++slot) slots_[slot].name = name_of(slot);
    for (unsigned cpu = 0; cpu < kCpus; ++cpu) threads_.emplace_back([this, cpu] { run(cpu); });
    threads_.emplace_back([this] {
      while (!end_) {
        drain();
        ++drained_;
        std::this_thread::sleep_for(kPause);  // so that there is something to drain at a switch
      }
    });
  }
  ~Machine() override {
    end_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

  Result<> attach(MonitorHandle monitor, const ReactionSetting&, bool on) override {
    EXPECT_FALSE(slots_[monitor].attached);
    slots_[monitor].attached = true;
    slots_[monitor].monitoring = false;
    slots_[monitor].on = on;
    return {};
  }
  Result<> detach(std::span<const MonitorHandle> monitors) override {
    for (const MonitorHandle monitor : monitors) {
      EXPECT_TRUE(slots_[monitor].attached);
      slots_[monitor].attached = false;
    }
    return switch_off(monitors);
  }
  Result<> reset(std::span<const MonitorHandle> monitors) override {
    for (const MonitorHandle monitor : monitors) slots_[monitor].monitoring = false;
    return {};
  }
  Result<> switch_on(std::span<const MonitorHandle> monitors) override {
    for (const MonitorHandle monitor : monitors) slots_[monitor].on = true;
    return {};
  }
  Result<> switch_off(std::span<const MonitorHandle> monitors) override {
    for (const MonitorHandle monitor : monitors) slots_[monitor].on = false;
    for (const auto& inside : inside_) {  // until each has left the event that it was at
      const std::uint64_t before = inside;
      while (before % 2 != 0 && inside == before) std::this_thread::yield();
    }
    drain();
    return {};
  }
  Result<> set_reacting(bool) override { return {}; }
  MonitorStats stats(MonitorHandle monitor) const override {
    MonitorStats stats;
    stats.events = slots_[monitor].handled;
    return stats;
  }

  std::uint64_t handled(MonitorHandle slot) const { return slots_[slot].handled; }
  /// How often the threads have made an event for each monitor, in all.
  std::uint64_t passes() const { return (inside_[0] + inside_[1]) / 2; }
  /// Returns when every thread has had time to do what it should not.
  void let_all_run() const {
    std::array<std::uint64_t, kCpus> passes;
    for (unsigned cpu = 0; cpu < kCpus; ++cpu) passes[cpu] = inside_[cpu];
    const std::uint64_t drained = drained_;
    for (unsigned cpu = 0; cpu < kCpus; ++cpu)
      EXPECT_TRUE(fake::eventually([&] { return inside_[cpu] > passes[cpu] + 40; }));
    EXPECT_TRUE(fake::eventually([&] { return drained_ > drained + 2; }));
  }

  std::array<Silence, kSlots> silence;
  std::atomic<std::uint64_t> late_events{0};
  std::atomic<std::uint64_t> not_anew{0};  // instances that went on after events were missed

 private:
  static constexpr unsigned kCpus = 2;
  static constexpr std::size_t kRing = 64;
  static constexpr std::chrono::microseconds kPause{100};
  struct Slot {
    std::string name;
    bool attached = false;  // the registry's alone
    std::atomic<bool> on{false};
    std::atomic<std::uint64_t> handled{0};
    // The instance, for the one thread that has this slot's events, or for whoever resets it.
    bool monitoring = false;
    std::uint64_t last = 0;
  };

  void run(unsigned cpu) {
    for (std::uint64_t number = 1; !end_; ++number) {
      ++inside_[cpu];
      for (MonitorHandle slot = cpu; slot < kSlots; slot += kCpus) event(slot, number);
      ++inside_[cpu];
      std::this_thread::yield();
    }
  }
  void event(MonitorHandle number_of_slot, std::uint64_t number) {
    Slot& slot = slots_[number_of_slot];
    if (!slot.on) return;
    if (number % 8 == 0) std::this_thread::sleep_for(kPause);  // so that a switch finds it inside
    if (silence[number_of_slot].broken()) ++late_events;
    if (slot.monitoring && slot.last + 1 != number) ++not_anew;
    slot.last = number;
    ++slot.handled;
    const bool violates = slot.monitoring && number % 16 == 0;
    slot.monitoring = !violates;
    const std::lock_guard lock(ring_mutex_);
    if (ring_.size() == kRing) {
      ++lost_reports_[number_of_slot];
      return;
    }
    ring_.push_back({number_of_slot, violates});
  }
  void drain() {
    const std::lock_guard draining(drain_mutex_);
    std::deque<Record> records;
    std::array<std::uint64_t, kSlots> lost{};
    {
      const std::lock_guard lock(ring_mutex_);
      records.swap(ring_);
      std::swap(lost, lost_reports_);
    }
    for (const Record& record : records) {
      if (record.violation) {
        sink_.on_violation(fake::violation_of(slots_[record.slot].name));
      } else {
        Step step;
        step.monitor = slots_[record.slot].name;
        sink_.on_step(step);
      }
    }
    for (MonitorHandle slot = 0; slot < kSlots; ++slot)
      if (lost[slot] != 0) lost_(slots_[slot].name);
  }

  struct Record {
    MonitorHandle slot;
    bool violation;
  };

  VerdictSink& sink_;
  std::function<void(const std::string&)> lost_;
  std::array<Slot, kSlots> slots_;
  std::array<std::atomic<std::uint64_t>, kCpus> inside_{};  // odd: at an event
  std::atomic<std::uint64_t> drained_{0};
  std::mutex drain_mutex_;  // what detaches waits for who drains
  std::mutex ring_mutex_;
  std::deque<Record> ring_;
  std::array<std::uint64_t, kSlots> lost_reports_{};
  std::atomic<bool> end_{false};
  std::vector<std::thread> threads_;
};

/// Everything, put together as the daemon does it.
class FlowTest : public testing::Test, public VerdictSink, public MonitorLoader {
 protected:
  /// Takes its time, so that reactions wait when they are switched off.
  class SlowReactor final : public Reactor {
   public:
    explicit SlowReactor(FlowTest& test) : test_(test) {}
    std::string_view name() const override { return "slow"; }
    std::string_view description() const override { return "for tests"; }
    Result<> react(const Reaction& reaction) override {
      // A thread that was about to call this when the silence began may still come here.
      constexpr TimeNs kGrace{5'000'000};
      if (test_.reacting_silence.broken_for(kGrace) ||
          test_.machine->silence[slot_of(reaction.violation.monitor)].broken_for(kGrace))
        ++test_.late_reactions;
      ++test_.reacted;
      std::this_thread::sleep_for(test_.reaction_takes);
      return {};
    }

   private:
    FlowTest& test_;
  };

  FlowTest() : registry_(reactors(), reactions_) {
    machine = std::make_unique<Machine>(
        *this, [this](const std::string& monitor) { streams_.on_lost(monitor, 1); });
    MonitorEntry box;
    box.name = "box";
    box.container = true;
    EXPECT_TRUE(registry_.register_monitor(std::move(box)));
    for (MonitorHandle slot = 0; slot < kSlots; ++slot) EXPECT_TRUE(load(name_of(slot)));
  }
  void TearDown() override { EXPECT_TRUE(registry_.disable_all()); }  // no verdict comes later
  ReactorSet reactors() {
    ReactorSet set;
    EXPECT_TRUE(set.add(std::make_shared<NopReactor>()));
    EXPECT_TRUE(set.add(std::make_shared<SlowReactor>(*this)));
    return set;
  }

  void on_step(const Step& step) override {
    late(step.monitor);
    streams_.on_step(step);
  }
  void on_violation(const Violation& violation) override {
    late(violation.monitor);
    streams_.on_violation(violation);
    reactions_.on_violation(violation);
  }
  void late(std::string_view monitor) {
    if (machine->silence[slot_of(monitor)].broken()) ++late_verdicts;
  }

  /// The last two are in the box.
  Result<> load(const std::string& path) override {
    MonitorEntry entry;
    entry.handle = slot_of(path);
    entry.name = name_of(entry.handle);
    if (entry.handle >= kSlots - 2) entry.parent = "box";
    entry.instrumentation = machine.get();
    entry.reaction.per_second = entry.reaction.burst = 1'000'000;
    return registry_.register_monitor(std::move(entry));
  }
  Result<> unload(const std::string& name) override { return registry_.unregister_monitor(name); }

  /// Whether the write was taken.
  bool write(const std::string& path, const std::string& text, bool truncate = false) {
    const auto file = tree_.open(path, {.write = true, .truncate = truncate});
    return file && (*file)->write(text).has_value();
  }
  std::string read(const std::string& path) {
    const auto file = tree_.open(path, {.read = true});
    if (!file) return "";
    const Result<std::string> text = (*file)->read(0, 1U << 20);
    return text ? *text : "";
  }
  std::string folder_of(MonitorHandle slot) const {
    return cat("monitors/", slot >= kSlots - 2 ? "box/" : "", name_of(slot));
  }

  std::chrono::microseconds reaction_takes{2000};
  Silence reacting_silence;
  std::atomic<std::uint64_t> late_verdicts{0}, late_reactions{0}, reacted{0};
  VerdictStreams streams_;
  std::unique_ptr<Machine> machine;
  Reactions reactions_{Reactions::Options{
      .queue_most = 200}};  // ends after the registry has switched everything off
  Registry registry_;
  ControlTree tree_{registry_, streams_, this};
};

TEST_F(FlowTest, NothingHappensAnyMoreWhenASwitchHasReturned) {
  struct Way {
    std::string what, file, text;
    std::vector<MonitorHandle> silent;  // none: reactions alone
  };
  const std::vector<Way> ways{
      {"enable 0", folder_of(0) + "/enable", "0", {0}},
      {"!name", "enabled_monitors", "!m0", {0}},
      {"truncation", "enabled_monitors", "\n", {0, 4, 5}},
      {"monitoring_on 0", "monitoring_on", "0", {0, 4, 5}},
      {"reacting_on 0", "reacting_on", "0", {}},
      {"a container's enable 0", "monitors/box/enable", "0", {4, 5}},
      {"unload", "unload", "m0", {0}},
  };
  const std::vector<MonitorHandle> used{0, 4, 5};
  const auto waiting = [&](const std::vector<MonitorHandle>& slots) {
    std::uint64_t sum = 0;
    for (const MonitorHandle slot : slots) sum += reactions_.counts(name_of(slot)).waiting;
    return sum;
  };
  std::uint64_t cancelled = 0;
  constexpr int kRounds = 4;
  for (int round = 0; round < kRounds; ++round) {
    // Waiting for reactions would give late events and verdicts time to pass unseen.
    const bool reacts = round % 2 == 0;
    for (const Way& way : ways) {
      SCOPED_TRACE(way.what);
      ASSERT_TRUE(write("monitoring_on", "1"));
      ASSERT_TRUE(write("reacting_on", "1"));
      for (const MonitorHandle slot : used) {
        ASSERT_TRUE(write(folder_of(slot) + "/reactors", reacts ? "slow" : "nop"));
        ASSERT_TRUE(write(folder_of(slot) + "/enable", "1"));
        const std::uint64_t handled = machine->handled(slot);
        ASSERT_TRUE(fake::eventually([&] { return machine->handled(slot) > handled + 50; }));
      }
      // More than can be done while a switch is patient.
      ASSERT_TRUE(fake::eventually([&] { return !reacts || waiting(used) > 20; }));

      ASSERT_TRUE(write(way.file, way.text, way.what == "truncation"));
      for (const MonitorHandle slot : way.silent) machine->silence[slot].begin();
      if (way.silent.empty()) reacting_silence.begin();

      machine->let_all_run();
      const std::vector<MonitorHandle>& concerned = way.silent.empty() ? used : way.silent;
      EXPECT_TRUE(fake::eventually([&] { return waiting(concerned) == 0; }));
      for (const MonitorHandle slot : concerned)
        cancelled += reactions_.counts(name_of(slot)).cancelled;
      EXPECT_EQ(machine->late_events, 0U);
      EXPECT_EQ(late_verdicts, 0U);
      EXPECT_EQ(late_reactions, 0U);
      for (Silence& silence : machine->silence) silence.end();
      reacting_silence.end();
      if (way.what == "unload") {
        ASSERT_TRUE(write("load", "/m0"));
      }
    }
  }
  EXPECT_GT(cancelled, 0U) << "no reaction ever waited: this showed nothing";
}

TEST_F(FlowTest, InstancesStartAnewAfterEventsWereMissed) {
  ASSERT_TRUE(write("enabled_monitors", "m0"));
  ASSERT_TRUE(write("enabled_monitors", "box"));
  const auto all_handle = [&] {
    for (const MonitorHandle slot : {0, 4, 5}) {
      const std::uint64_t before = machine->handled(slot);
      EXPECT_TRUE(fake::eventually([&] { return machine->handled(slot) > before + 3; }));
    }
  };
  for (int i = 0; i < 30; ++i) {
    all_handle();
    ASSERT_TRUE(write("monitoring_on", "0"));
    machine->let_all_run();
    ASSERT_TRUE(write("monitoring_on", "1"));
    all_handle();
    ASSERT_TRUE(write("monitors/box/enable", "0"));
    machine->let_all_run();
    ASSERT_TRUE(write("monitors/box/enable", "1"));
    all_handle();
    ASSERT_TRUE(registry_.reset("m0"));
  }
  EXPECT_EQ(machine->not_anew, 0U);
}

TEST_F(FlowTest, ManyThreadsWriteReadLoadAndUnloadWhileEventsFlow) {
  constexpr int kThreads = 4, kOperations = 2500;  // each
  reaction_takes = std::chrono::microseconds(1);
  std::atomic<int> taken{0}, refused{0};
  const auto operate = [&](std::mt19937& random) {
    const auto any = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
    const MonitorHandle slot = any(kSlots);
    const std::string folder = folder_of(slot);
    const std::string boolean = any(2) == 0 ? "0" : "1";
    bool done = true;
    switch (any(12)) {
      case 0:
      case 1:
        done = write(folder + "/enable", boolean);
        break;
      case 2:
        done = write("enabled_monitors", cat(any(2) == 0 ? "!" : "", name_of(slot)));
        break;
      case 3:
        done = write("monitors/box/enable", boolean);
        break;
      case 4:
        done = write(any(2) == 0 ? "monitoring_on" : "reacting_on", boolean);
        break;
      case 5:
        done = write(folder + "/reactors", any(2) == 0 ? "nop" : "slow");
        break;
      case 6:
        done = write(any(8) == 0 ? "monitors/box/dry_run" : folder + "/dry_run", boolean);
        break;
      case 7:
        done = any(2) == 0 ? write("load", "/" + name_of(slot)) : write("unload", name_of(slot));
        break;
      case 8:
        done = any(4) == 0 ? write("enabled_monitors", "\n", true)
                           : registry_.reset(name_of(slot)).has_value();
        break;
      case 9: {
        const std::array files{"/stats", "/status", "/reactors", "/desc", "/model"};
        (void)read(folder + files[any(files.size())]);
        break;
      }
      case 10: {
        const std::array files{"available_monitors", "enabled_monitors", "error_log",
                               "available_reactors", "monitoring_on"};
        (void)read(files[any(files.size())]);
        (void)tree_.list("monitors/box");
        break;
      }
      default: {
        const std::array files{"trace_pipe", "trace_pipe_json", "violations", "violations_json"};
        const std::string file = files[any(files.size())];
        const auto pipe = tree_.open(any(2) == 0 ? file : folder + "/" + file, {.read = true});
        if (!pipe) break;
        std::atomic<int> told{0};
        (*pipe)->when_readable([&] { ++told; });
        std::this_thread::yield();
        EXPECT_TRUE((*pipe)->read(0, 1000));
        break;  // closing it ends the calls
      }
    }
    ++(done ? taken : refused);
  };
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      for (int i = 0; i < kOperations; ++i) {
        operate(random);
        const std::uint64_t passes = machine->passes();  // some events between operations
        EXPECT_TRUE(fake::eventually([&] { return machine->passes() >= passes + 2; }));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken + refused, kThreads * kOperations);
  EXPECT_GT(taken, refused);
  for (MonitorHandle slot = 0; slot < kSlots; ++slot) EXPECT_GT(machine->handled(slot), 0U);
  // Whatever the threads have left behind: there are reactions again when all is switched on.
  (void)write("load", "/" + name_of(0));  // unless it is loaded
  ASSERT_TRUE(write(folder_of(0) + "/reactors", "slow"));
  ASSERT_TRUE(write("monitors/box/dry_run", "0"));
  ASSERT_TRUE(write(folder_of(0) + "/dry_run", "0"));
  ASSERT_TRUE(write("reacting_on", "1"));
  ASSERT_TRUE(write("monitoring_on", "1"));
  ASSERT_TRUE(write(folder_of(0) + "/enable", "1"));
  EXPECT_TRUE(fake::eventually([&] { return reacted > 0U; }));

  ASSERT_TRUE(write("enabled_monitors", "\n", true));
  for (Silence& silence : machine->silence) silence.begin();
  machine->let_all_run();
  EXPECT_EQ(machine->late_events, 0U);
  EXPECT_EQ(late_verdicts, 0U);
  EXPECT_EQ(late_reactions, 0U);
  EXPECT_EQ(machine->not_anew, 0U);
  EXPECT_EQ(read("enabled_monitors"), "");
  EXPECT_FALSE(streams_.wants_steps());
}

}  // namespace
}  // namespace swerve
