#include "swerve/monitor/step_table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "base/text.h"
#include "monitor/naive_instance.h"
#include "monitor/reference_models.h"

namespace swerve {
namespace {

/// A model with `states` states and `events` events, in which a cell is set with `percent` chance.
Automaton random_automaton(std::size_t states, std::size_t events, unsigned percent,
                           std::mt19937& random) {
  std::vector<Automaton::Edge> edges;
  std::vector<std::string> names;
  for (std::size_t s = 0; s < states; ++s) names.push_back(cat("s", s));
  for (std::size_t s = 0; s < states; ++s) {
    for (std::size_t e = 0; e < events; ++e) {
      if (random() % 100 < percent)
        edges.push_back({names[s], cat("e", e), names[random() % states]});
    }
  }
  return Automaton::make("random", "s0", edges, {}, names).value();
}

/// Every id that is used must say what the model says.
void expect_consistent(const Automaton& model) {
  const StepTable table(model);
  EXPECT_EQ(table.state(kOff), kNoState);
  EXPECT_EQ(table.state(table.started()), kInitial);
  EXPECT_EQ(table.transition(table.started()), std::nullopt);
  std::size_t used = 0;
  for (std::size_t raw_id = 0; raw_id < table.id_count(); ++raw_id) {
    const StepId id{static_cast<std::uint16_t>(raw_id)};
    const StateId state = table.state(id);
    if (const auto t = table.transition(id)) {
      ++used;
      EXPECT_EQ(t->to, state);
      EXPECT_EQ(model.next(t->from, t->event), t->to);
      EXPECT_EQ(table.id_of(t->from, t->event), id);
    }
    if (state != kNoState && table.one_hot()) {
      EXPECT_EQ(raw_id & ((1U << model.states().size()) - 1), 1U << index(state));
    }
    for (std::size_t e = 0; e < model.events().size(); ++e) {
      const StepId next = table.next(id, EventId(e));
      if (state == kNoState) {
        EXPECT_EQ(next, kOff);
      } else {
        EXPECT_EQ(table.state(next), model.next(state, EventId(e)));
        EXPECT_EQ(next, table.id_of(state, EventId(e)));
      }
    }
  }
  EXPECT_EQ(used, model.transitions().size());
  EXPECT_EQ(table.narrow().size(), table.wide() ? 0 : 256 * model.events().size());
}

/// A walk of `length` allowed events (it starts anew where none is allowed): state and path stay
/// those of the naive instance.
void expect_same_walk(const Automaton& model, int length, std::mt19937& random) {
  const StepTable table(model);
  NaiveInstance naive;
  naive.start();
  Instance instance{raw(table.started()), 0};
  for (int i = 0; i < length; ++i) {
    const std::vector<EventId> allowed = model.allowed(*naive.state);
    if (allowed.empty() || random() % 64 == 0) {
      naive.start();
      instance = {raw(table.started()), 0};
    } else {
      const EventId event = allowed[random() % allowed.size()];
      naive.step(model, event, Handler::event);
      instance = table.shifted(instance, table.next(table.newest(instance.word), event));
    }
    ASSERT_EQ(table.state(table.newest(instance.word)), naive.state);
    ASSERT_EQ(table.path(instance), naive.path());
  }
}

TEST(StepTable, HoldsTheTablesOfTheKernelsMonitors) {
  std::mt19937 random(1);
  for (const ReferenceModel& m : reference_models()) {
    SCOPED_TRACE(m.name);
    const Automaton model = m.automaton();
    for (std::size_t s = 0; s < m.states.size(); ++s) {
      ASSERT_EQ(model.states()[s].name, m.states[s]);
      for (std::size_t e = 0; e < m.events.size(); ++e) {
        ASSERT_EQ(model.events()[e], m.events[e]);
        EXPECT_EQ(model.next(StateId(s), EventId(e)),
                  m.next[s][e] < 0 ? kNoState : StateId(m.next[s][e]));
      }
    }
    EXPECT_FALSE(StepTable(model).wide());
    expect_consistent(model);
    expect_same_walk(model, 500, random);
  }
}

TEST(StepTable, HoldsAModelWithoutEvents) {
  const Automaton model = Automaton::make("", "a", {}).value();
  const StepTable table(model);
  EXPECT_TRUE(table.one_hot());
  EXPECT_EQ(table.state(table.started()), kInitial);
  EXPECT_TRUE(table.path({raw(table.started()), 0}).empty());
  EXPECT_TRUE(table.path({}).empty());
}

RC_GTEST_PROP(StepTable, IsTheModelForSmallAutomata, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const Automaton model =
      random_automaton(*rc::gen::inRange<std::size_t>(1, 10), *rc::gen::inRange<std::size_t>(0, 9),
                       *rc::gen::inRange(0U, 101U), random);
  expect_consistent(model);
  expect_same_walk(model, 100, random);
  RC_ASSERT(!testing::Test::HasFailure());
}

TEST(StepTable, IsTheModelForWideAutomata) {
  std::mt19937 random(2);
  for (const std::size_t states : {16, 17, 40, 300}) {
    const Automaton model = random_automaton(states, 40, states == 16 ? 41 : 100, random);
    ASSERT_GT(model.transitions().size(), 200U);
    expect_consistent(model);
    expect_same_walk(model, 2000, random);
  }
}

// 8-bit ids hold 254 transitions: 0 is "off", one is "started".
TEST(StepTable, WidensAfter254Transitions) {
  std::mt19937 random(3);
  for (const int transitions : {253, 254, 255, 256}) {
    std::vector<Automaton::Edge> edges;
    for (int i = 0; i < transitions; ++i) {
      edges.push_back({cat("s", i % 16), cat("e", i / 16), cat("s", (i * 7 + 1) % 16)});
    }
    const Automaton model = Automaton::make("", "s0", edges).value();
    EXPECT_EQ(StepTable(model).wide(), transitions > 254) << transitions;
    expect_consistent(model);
    expect_same_walk(model, 500, random);
  }
}

// With n states, 8 - n bits number the transitions into a state (for the initial one, "started"
// too).
TEST(StepTable, IsOneHotWhileTheIdsOfEveryStateFit) {
  std::mt19937 random(4);
  for (std::size_t states = 1; states <= 8; ++states) {
    const std::size_t room = 256U >> states;
    for (const bool into_initial : {true, false}) {
      if (states == 1 && !into_initial) continue;
      for (int more = -1; more <= 1; ++more) {
        // How many transitions into one state fit, and so many more.
        const int count = static_cast<int>(room) - (into_initial ? 1 : 0) + more;
        if (count < 0) continue;
        std::vector<Automaton::Edge> edges;
        std::vector<std::string> names;
        for (std::size_t s = 0; s < states; ++s) names.push_back(cat("s", s));
        for (int i = 0; i < count; ++i) {
          const std::size_t from = static_cast<std::size_t>(i) % states;
          edges.push_back(
              {names[from], cat("e", i / static_cast<int>(states)), into_initial ? "s0" : "s1"});
        }
        const Automaton model = Automaton::make("", "s0", edges, {}, names).value();
        EXPECT_EQ(StepTable(model).one_hot(), states < 8 && more <= 0)
            << states << " states, " << more;
        expect_consistent(model);
        expect_same_walk(model, 100, random);
      }
    }
  }
}

// The two words of a shared wide instance are not written at once, so the older one may be of
// another time.
TEST(StepTable, LeavesOutOlderTransitionsThatDoNotFit) {
  std::vector<Automaton::Edge> edges;
  for (int s = 0; s < 300; ++s) edges.push_back({cat("s", s), "go", cat("s", (s + 1) % 300)});
  const Automaton model = Automaton::make("", "s0", edges).value();
  const StepTable table(model);
  Instance instance{raw(table.started()), 0}, early;
  for (int i = 0; i < 20; ++i) {
    if (i == 9) early = instance;
    instance = table.shifted(instance, table.next(table.newest(instance.word), EventId(0)));
  }
  EXPECT_EQ(table.path(instance).size(), 8U);
  const auto whole = table.path(instance);
  EXPECT_EQ(table.path({instance.word, early.older}),
            std::vector<Transition>(whole.begin() + 4, whole.end()));
}

}  // namespace
}  // namespace swerve
