// Everything that may happen at the same time, at the same time. Bounded by counts; the sums at the
// end say whether an event got lost, or was counted twice.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "swerve/control/inproc/session.h"
#include "swerve/model/dot_parser.h"

namespace swerve {
namespace {

SWERVE_TRACEPOINT(work_switched, bool on);
SWERVE_TRACEPOINT(work_done, int key);
SWERVE_TRACEPOINT(work_nested, int key);
SWERVE_TRACEPOINT(work_forbidden, int key);

Automaton dot(std::string_view text) { return *parse_dot(text, "m.dot").automaton; }

/// Takes "up" and "down" in turn: a lost event of either is a violation.
const Automaton& turns() {
  static const Automaton model =
      dot("digraph t { __init_off -> off; off -> on [label = up]; on -> off [label = down]; }");
  return model;
}
/// Takes any number of "tick", and no "bad".
const Automaton& ticks() {
  static const Automaton model = dot(
      "digraph t { __init_a -> a; a -> a [label = tick]; a -> b [label = leave]; b -> b [label = "
      "bad]; }");
  return model;
}

MonitorSpec turning(std::string name) {
  MonitorSpec spec(std::move(name), turns(), Scope::task);
  spec.on(work_switched, "up", when([](bool on) { return on; }), start_run)
      .on(work_switched, "down", when([](bool on) { return !on; }));
  return spec;
}
MonitorSpec ticking(std::string name, Scope scope) {
  MonitorSpec spec(std::move(name), ticks(), scope);
  if (scope == Scope::object) {
    const auto itself = [](int of) { return of; };
    spec.on(work_done, "tick", key(itself), start_run).on(work_forbidden, "bad", key(itself));
  } else {
    spec.on(work_done, "tick", start_run).on(work_forbidden, "bad");
  }
  return spec;
}

constexpr int kEmitters = 4;
constexpr int kLives = 8;     // of each emitter: so many threads, one after the other
constexpr int kRounds = 250;  // of each life
constexpr int kChanges = 120;
constexpr std::uint64_t kEvents = std::uint64_t{kEmitters} * kLives * kRounds;

/// One thread's part: an equal number of "up", "down" and "tick".
void emit_for_a_life(int key) {
  for (int i = 0; i < kRounds; ++i) {
    SWERVE_EMIT(work_switched, true);
    SWERVE_EMIT(work_done, key);
    SWERVE_EMIT(work_switched, false);
  }
}

/// Threads that emit, die, and are born again.
std::vector<std::thread> emitters(const std::function<void(int)>& life) {
  std::vector<std::thread> out;
  for (int key = 0; key < kEmitters; ++key) {
    out.emplace_back([life, key] {
      for (int i = 0; i < kLives; ++i) std::thread(life, key).join();
    });
  }
  return out;
}

void join(std::vector<std::thread>& threads) {
  for (std::thread& thread : threads) thread.join();
}

TEST(Stress, NoEventIsLostOrCountedTwiceWhileEverythingElseChanges) {
  std::atomic<std::uint64_t> violations{0}, reactions{0};
  // Its monitors are on all along: they must see everything, exactly once.
  Session steady({.log = {}, .callback = [&](const Reaction&) { ++violations; }});
  Monitor by_thread = steady.add(turning("by_thread").reactor("callback")).value();
  Monitor of_all = steady.add(ticking("of_all", Scope::global).reactor("callback")).value();
  Monitor by_cpu = steady.add(ticking("by_cpu", Scope::cpu).reactor("callback")).value();
  Monitor by_key = steady.add(ticking("by_key", Scope::object).reactor("callback")).value();
  for (Monitor* one : {&by_thread, &of_all, &by_cpu, &by_key}) ASSERT_TRUE(one->enable());

  // This one's are switched and changed in every way, on the same tracepoints.
  Session restless(
      {.log = [](std::string_view) {}, .callback = [&](const Reaction&) { ++reactions; }});
  ASSERT_TRUE(restless.add_container("mine", "of this test"));
  ASSERT_TRUE(restless.add(turning("child").parent("mine").reactor("callback")));
  Monitor switched = restless.add(ticking("switched", Scope::task)).value();
  ASSERT_TRUE(switched.enable());
  Registry& registry = restless.registry();

  std::vector<std::thread> threads = emitters(emit_for_a_life);
  threads.emplace_back([&] {  // enables, disables, removes and adds again
    for (int i = 0; i < kChanges; ++i) {
      const Result<Monitor> added =
          restless.add(ticking("comes_and_goes", i % 2 == 0 ? Scope::object : Scope::cpu)
                           .parent("mine")
                           .reactor("callback"));
      ASSERT_TRUE(added) << added.error().message();
      ASSERT_TRUE(registry.enable("mine"));
      ASSERT_TRUE(registry.choose_reactor("comes_and_goes", i % 3 == 0 ? "log" : "nop"));
      ASSERT_TRUE(registry.disable("mine"));
      const std::uint64_t events = added->stats().events;
      const std::uint64_t of_child = registry.report("child").value().stats.events;
      std::this_thread::yield();
      EXPECT_EQ(added->stats().events, events);
      EXPECT_EQ(registry.report("child").value().stats.events, of_child);
      ASSERT_TRUE(restless.remove("comes_and_goes"));
    }
  });
  threads.emplace_back([&] {  // the switches
    for (int i = 0; i < kChanges; ++i) {
      ASSERT_TRUE(registry.set_reacting(i % 2 == 0));
      ASSERT_TRUE(registry.set_monitoring(false));
      const std::uint64_t events = switched.stats().events;
      std::this_thread::yield();
      EXPECT_EQ(switched.stats().events, events);
      ASSERT_TRUE(registry.set_monitoring(true));
    }
  });
  threads.emplace_back([] {  // attaches and detaches; what is detached is never called again
    for (int i = 0; i < kChanges; ++i) {
      const auto held = std::make_shared<std::atomic<int>>(0);
      std::atomic<bool> gone{false};
      Attachment first = work_done.attach([&gone, held](int) {
        EXPECT_FALSE(gone);
        held->fetch_add(1);
      });
      Attachment second = work_switched.attach_any(
          [&gone](const Emission&, std::span<const ArgumentValue>) { EXPECT_FALSE(gone); });
      std::this_thread::yield();
      ASSERT_TRUE(first.detach());
      ASSERT_TRUE(second.detach());
      EXPECT_EQ(held.use_count(), 1);
      gone = true;
    }
  });
  threads.emplace_back([&] {  // reads
    for (int i = 0; i < kChanges; ++i) {
      (void)registry.monitors();
      (void)restless.tree().open("monitors/mine/stats", {.read = true});
      (void)by_thread.stats();
      (void)find_tracepoints("work_done");
    }
  });
  join(threads);

  EXPECT_EQ(violations, 0U);
  const MonitorStats thread_stats = by_thread.stats();
  EXPECT_EQ(thread_stats.events, 2 * kEvents);
  EXPECT_EQ(thread_stats.instances, 0U);  // the threads have ended
  EXPECT_EQ(by_key.stats().events, kEvents);
  EXPECT_EQ(by_key.stats().instances, std::uint64_t{kEmitters});
  for (const Monitor* one : {&of_all, &by_cpu}) {
    const MonitorStats stats = one->stats();
    EXPECT_EQ(stats.events + stats.raced, kEvents) << one->name();
    EXPECT_EQ(stats.missed, 0U);
  }
}

TEST(Stress, EveryViolationIsToldOnceWhileCallbacksEmitAndThrow) {
  std::atomic<std::uint64_t> told{0};
  Session session({.log = {}, .callback = [&](const Reaction&) { ++told; }});
  Monitor by_key = session
                       .add(ticking("by_key", Scope::object)
                                .reactor("callback")
                                .reaction_limit(1'000'000'000, 1'000'000'000))
                       .value();
  MonitorSpec nested_spec("nested", ticks(), Scope::task);
  Monitor nested = session.add(std::move(nested_spec.on(work_nested, "tick", start_run))).value();
  ASSERT_TRUE(by_key.enable());
  ASSERT_TRUE(nested.enable());
  Attachment emits = work_done.attach([](int of) {
    SWERVE_EMIT(work_nested, of);
    SWERVE_EMIT(work_done, of);  // does not call itself
  });
  const Attachment throws = work_forbidden.attach([](int) { throw std::runtime_error("no"); });
  std::atomic<std::uint64_t> caught{0};
  std::vector<std::thread> threads = emitters([&](int of) {
    for (int i = 0; i < kRounds; ++i) {
      SWERVE_EMIT(work_done, of);
      try {
        SWERVE_EMIT(work_forbidden, of);  // each on a key of its own: one violation each time
      } catch (const std::runtime_error&) {
        ++caught;
      }
    }
  });
  join(threads);
  EXPECT_EQ(told, kEvents);
  EXPECT_EQ(caught, kEvents);
  EXPECT_EQ(by_key.stats().violations, kEvents);
  EXPECT_EQ(by_key.stats().events, kEvents);
  EXPECT_EQ(nested.stats().events, kEvents);
  EXPECT_EQ(emits.missed(), kEvents);
  // The monitor on work_done was left out as often as what emits it.
  EXPECT_EQ(by_key.stats().missed, kEvents);
  EXPECT_FALSE(inside_section());
}

TEST(Stress, OneObjectSteppedByAllThreadsIsNeitherSteppedTwiceNorLost) {
  Session session;
  Monitor monitor = session.add(ticking("by_key", Scope::object)).value();
  Monitor words =
      session.add(std::move(MonitorSpec("words", ticks(), Scope::object).keys<std::string>()))
          .value();
  ASSERT_TRUE(monitor.enable());
  ASSERT_TRUE(words.enable());
  const EventId tick = ticks().find_event("tick");
  std::vector<std::thread> threads = emitters([&](int) {
    for (int i = 0; i < kRounds; ++i) {
      EXPECT_EQ(monitor.step(1, tick), Outcome::stepped);
      EXPECT_EQ(words.step(std::string("one"), tick), Outcome::stepped);
      // These come and go, and hit each other.
      monitor.step(2 + i % 3, tick);
      if (i % 5 == 0) monitor.end(2 + i % 3);
    }
  });
  join(threads);
  EXPECT_EQ(monitor.stats().events, 2 * kEvents);
  EXPECT_EQ(words.stats().events, kEvents);
  EXPECT_EQ(words.stats().started, 1U);
}

}  // namespace
}  // namespace swerve
