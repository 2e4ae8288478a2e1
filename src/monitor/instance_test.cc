#include "swerve/monitor/instance.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <random>
#include <thread>

#include "base/text.h"
#include "monitor/naive_instance.h"
#include "monitor/reference_models.h"

namespace swerve {
namespace {

constexpr std::array kHandlers{Handler::event, Handler::start, Handler::start_run};

/// Events and handlers at random, to an owned and to a shared instance: outcome, state and path are
/// those of the naive one. Allowed events are taken more often, so that histories grow.
void expect_same_life(const Automaton& model, int length, std::mt19937& random) {
  if (model.events().empty()) return;
  const StepTable table(model);
  NaiveInstance naive;
  Instance owned;
  SharedInstance shared;
  for (int i = 0; i < length; ++i) {
    EventId event = EventId(random() % model.events().size());
    if (naive.state && random() % 16 != 0) {
      const auto allowed = model.allowed(*naive.state);
      if (!allowed.empty()) event = allowed[random() % allowed.size()];
    }
    const Handler handler = kHandlers[random() % 3];

    Stepping expected;
    expected.started = !naive.state && handler != Handler::event;
    NaiveInstance before = naive;
    if (expected.started) before.start();
    expected.outcome = naive.step(model, event, handler);

    const Stepping got = step(table, owned, event, handler);
    ASSERT_EQ(got.outcome, expected.outcome);
    ASSERT_EQ(got.started, expected.started);
    if (got.outcome == Outcome::stepped || got.outcome == Outcome::violated) {
      ASSERT_EQ(table.state(table.newest(got.from.word)), before.state);
      ASSERT_EQ(table.path(got.from), before.path());
    }
    ASSERT_EQ(table.state(table.newest(owned.word)), naive.state.value_or(kNoState));
    ASSERT_EQ(table.path(owned), naive.path());

    const Stepping same = shared.step(table, event, handler);
    ASSERT_EQ(same.outcome, got.outcome);
    ASSERT_EQ(same.started, got.started);
    ASSERT_EQ(table.path(same.from), table.path(got.from));
    ASSERT_EQ(shared.load().word, owned.word);
    ASSERT_EQ(table.path(shared.load()), naive.path());
  }
}

Automaton random_automaton(std::size_t states, std::size_t events, unsigned percent,
                           std::mt19937& random) {
  std::vector<Automaton::Edge> edges;
  for (std::size_t s = 0; s < states; ++s) {
    for (std::size_t e = 0; e < events; ++e) {
      if (random() % 100 < percent)
        edges.push_back({cat("s", s), cat("e", e), cat("s", random() % states)});
    }
  }
  return Automaton::make("random", "s0", edges).value();
}

TEST(Instance, LivesAsTheNaiveOneInTheKernelsModels) {
  std::mt19937 random(5);
  for (const ReferenceModel& m : reference_models()) {
    SCOPED_TRACE(m.name);
    expect_same_life(m.automaton(), 1000, random);
  }
}

RC_GTEST_PROP(Instance, LivesAsTheNaiveOneInAnyModel, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  expect_same_life(
      random_automaton(*rc::gen::inRange<std::size_t>(1, 10), *rc::gen::inRange<std::size_t>(0, 9),
                       *rc::gen::inRange(0U, 101U), random),
      200, random);
  RC_ASSERT(!testing::Test::HasFailure());
}

TEST(Instance, LivesAsTheNaiveOneInWideModels) {
  std::mt19937 random(6);
  expect_same_life(random_automaton(40, 40, 100, random), 3000, random);
  expect_same_life(random_automaton(40, 40, 50, random), 3000, random);
}

TEST(Instance, ObeysTheThreeHandlers) {
  const Automaton wwnr = reference_model("wwnr");
  const StepTable table(wwnr);
  const EventId in = wwnr.find_event("switch_in"), out = wwnr.find_event("switch_out");
  const Instance off, started{raw(table.started()), 0};

  Instance i = off;
  EXPECT_EQ(step(table, i, in, Handler::event), (Stepping{Outcome::ignored, false, {}}));
  EXPECT_EQ(i, off);
  // The start event is not processed: switch_out would violate in the initial state.
  EXPECT_EQ(step(table, i, out, Handler::start), (Stepping{Outcome::started, true, {}}));
  EXPECT_EQ(i, started);
  // On a monitoring instance it is an event like any other.
  EXPECT_EQ(step(table, i, out, Handler::start), (Stepping{Outcome::violated, false, started}));
  EXPECT_EQ(i, off);
  EXPECT_EQ(step(table, i, in, Handler::start_run), (Stepping{Outcome::stepped, true, started}));
  EXPECT_EQ(table.state(table.newest(i.word)), wwnr.find_state("running"));
  i = off;
  EXPECT_EQ(step(table, i, out, Handler::start_run), (Stepping{Outcome::violated, true, started}));
  EXPECT_EQ(i, off);
}

// Threads step one instance of a ring with one event. Each transition is taken once: as nobody
// violates, the state after all of it follows from the number of steps since the last start.
TEST(SharedInstance, LosesNoStepUnderContention) {
  for (const int states : {7, 400}) {  // narrow and wide
    std::vector<Automaton::Edge> edges;
    for (int s = 0; s < states; ++s)
      edges.push_back({cat("s", s), "go", cat("s", (s + 1) % states)});
    const Automaton ring = Automaton::make("ring", "s0", edges).value();
    const StepTable table(ring);
    ASSERT_EQ(table.wide(), states > 254);
    constexpr int kThreads = 4, kSteps = 20000;

    SharedInstance instance;
    std::atomic<std::uint64_t> stepped{0}, started{0}, raced{0}, ignored{0}, wrong{0};
    std::array<std::vector<std::uint64_t>, kThreads> left;  // how often each thread left each state
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        left[t].resize(states);
        for (int i = 0; i < kSteps; ++i) {
          const Stepping s = instance.step(table, EventId(0), Handler::start_run);
          started += s.started;
          switch (s.outcome) {
            case Outcome::stepped:
              ++stepped;
              ++left[t][std::stoul(
                  ring.states()[index(table.state(table.newest(s.from.word)))].name.substr(1))];
              // Whatever the path holds must hang together and end in the state.
              if (!table.path(s.from).empty() &&
                  table.path(s.from).back().to != table.state(table.newest(s.from.word))) {
                ++wrong;
              }
              break;
            case Outcome::raced:
              ++raced;
              break;
            default:
              ++ignored;
          }
        }
      });
    }
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(stepped + raced, kThreads * kSteps);
    EXPECT_EQ(ignored, 0U);
    EXPECT_EQ(wrong, 0U);
    EXPECT_LE(started, raced + 1);  // it stops by a race only
    // Every start leaves state 0 once, and from then on the states are left in turn: each at most
    // as often as the one before it, and less often only by the lives that ended there.
    std::vector<std::uint64_t> total(states, 0);
    for (const auto& l : left) {
      for (int s = 0; s < states; ++s) total[s] += l[s];
    }
    const auto [least, most] = std::minmax_element(total.begin(), total.end());
    EXPECT_LE(*most - *least, started + 1);
  }
}

// The event is never allowed after the first: each life ends in a violation, seen by many threads
// at once.
TEST(SharedInstance, TellsAViolationOnce) {
  for (const int more : {0, 300}) {  // narrow and wide
    std::vector<Automaton::Edge> edges{{"first", "go", "second"}};
    for (int i = 0; i < more; ++i) edges.push_back({"first", cat("other", i), "second"});
    const Automaton model = Automaton::make("", "first", edges).value();
    const StepTable table(model);
    const EventId go = model.find_event("go");
    constexpr int kThreads = 4, kSteps = 20000;

    SharedInstance instance;
    std::atomic<std::uint64_t> started{0}, stepped{0}, violated{0}, raced{0}, wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kSteps; ++i) {
          const Stepping s = instance.step(table, go, Handler::start_run);
          started += s.started;
          if (s.outcome == Outcome::stepped) ++stepped;
          if (s.outcome == Outcome::raced) ++raced;
          if (s.outcome == Outcome::violated) {
            ++violated;
            const auto path = table.path(s.from);
            if (path != std::vector<Transition>{{kInitial, go, StateId(1)}}) ++wrong;
          }
        }
      });
    }
    for (std::thread& t : threads) t.join();
    // A life is one step; it ends in one violation, or in a race, or is still there.
    EXPECT_EQ(stepped, started);
    EXPECT_LE(violated, started);
    EXPECT_LE(started, violated + raced + 1);
    EXPECT_EQ(stepped + violated + raced, kThreads * kSteps);
    EXPECT_EQ(wrong, 0U);
  }
}

}  // namespace
}  // namespace swerve
