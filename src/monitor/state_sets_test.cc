#include "monitor/state_sets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/text.h"
#include "monitor/reference_models.h"

namespace swerve {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

constexpr May kAll{May::kEvent | May::kStart | May::kStartRun};

TEST(StateSets, NumbersASetOnce) {
  const Automaton model = reference_model("sts");
  StateSets sets(model, std::vector<May>(model.events().size(), kAll), false);
  const StateId a{1}, b{5};
  const SetId both = sets.both(sets.one(b), sets.one(a));
  EXPECT_EQ(both, sets.both(sets.one(a), sets.one(b)));
  EXPECT_THAT(sets.members(both), ElementsAre(a, b));
  EXPECT_THAT(sets.members(sets.both(both, kOffSet)), ElementsAre(a, b, kNotMonitoring));
  EXPECT_EQ(sets.both(both, sets.one(a)), both);
  EXPECT_EQ(sets.one(kNotMonitoring), kOffSet);
  EXPECT_EQ(sets.one(a), sets.one(a));
}

TEST(StateSets, SaysWhatAnEventMayDo) {
  const Automaton model = reference_model("wwnr");
  const EventId in = model.find_event("switch_in"), wakeup = model.find_event("wakeup");
  const StateId off = kNotMonitoring, running = model.find_state("running");
  StateSets sets(model, std::vector<May>(3, kAll), false);
  const auto expect = [&](SetId from, EventId event, std::uint8_t may, std::vector<StateId> next,
                          const char* flags, std::vector<StateId> violating) {
    const StateSets::Outcome o = sets.stepped(from, event, {may});
    EXPECT_THAT(sets.members(o.next), ElementsAreArray(next));
    EXPECT_EQ(cat(o.violates ? "v" : "", o.steps ? "s" : "", o.rests ? "r" : "", o.open ? "o" : ""),
              flags);
    EXPECT_EQ(sets.violating(from, event, {may}), violating);
  };
  const SetId is_running = sets.one(running), any = sets.both(sets.one(kInitial), is_running),
              perhaps = sets.both(is_running, kOffSet);
  expect(kOffSet, in, May::kEvent, {off}, "r", {});
  expect(kOffSet, in, May::kEvent | May::kNothing, {off}, "r", {});
  expect(kOffSet, in, May::kStart, {kInitial}, "r", {});
  expect(kOffSet, in, May::kStartRun, {running}, "s", {});
  expect(kOffSet, in, May::kEvent | May::kStart | May::kStartRun, {kInitial, running, off}, "sro",
         {});
  expect(is_running, in, May::kEvent, {off}, "v", {running});
  expect(is_running, in, May::kEvent | May::kStart, {off}, "v", {running});
  expect(is_running, in, May::kEvent | May::kNothing, {running, off}, "vro", {running});
  expect(any, in, May::kEvent, {running, off}, "vs", {running});
  expect(perhaps, wakeup, May::kStart, {kInitial, off}, "vr", {running});
  expect(perhaps, wakeup, May::kNothing, {running, off}, "r", {});
  expect(perhaps, wakeup, 0, {running, off}, "r", {});
}

TEST(StateSets, WidensByWhatMayHappen) {
  const Automaton model = reference_model("wwnr");
  const StateId off = kNotMonitoring, running = model.find_state("running");
  const auto widened = [&](std::vector<May> may_happen, bool can_stop, StateId from) {
    StateSets sets(model, std::move(may_happen), can_stop);
    const SetId out = sets.widened(sets.one(from));
    EXPECT_EQ(sets.widened(out), out);
    return std::vector<StateId>(sets.members(out).begin(), sets.members(out).end());
  };
  const May none{May::kNothing}, event{May::kEvent}, start{May::kStart}, run{May::kStartRun};
  // switch_in, switch_out, wakeup
  EXPECT_THAT(widened({none, none, none}, false, running), ElementsAre(running));
  EXPECT_THAT(widened({none, none, none}, true, running), ElementsAre(running, off));
  EXPECT_THAT(widened({event, event, event}, true, off), ElementsAre(off));
  EXPECT_THAT(widened({none, event, none}, false, running), ElementsAre(kInitial, running, off));
  EXPECT_THAT(widened({none, none, event}, false, kInitial), ElementsAre(kInitial));
  EXPECT_THAT(widened({none, none, start}, false, off), ElementsAre(kInitial, off));
  EXPECT_THAT(widened({run, none, none}, false, off), ElementsAre(running, off));
  EXPECT_THAT(widened({none, run, none}, false, off), ElementsAre(off));  // it only violates
}

TEST(StateSets, HasEverythingForASetForWhichThereIsNoRoom) {
  std::vector<Automaton::Edge> edges;
  for (int s = 0; s < 40; ++s) edges.push_back({cat("s", s), "go", cat("s", (s + 1) % 40)});
  const Automaton model = Automaton::make("", "s0", edges).value();
  StateSets sets(model, {May{May::kEvent}}, false);
  std::mt19937 random(1);
  SetId last = kOffSet;
  for (std::size_t n = 0; n < 2 * StateSets::kSetsMost && sets.members(last).size() < 41; ++n) {
    last = kOffSet;
    for (int i = 0; i < 6; ++i) last = sets.both(last, sets.one(StateId(random() % 39)));
  }
  EXPECT_EQ(sets.members(last).size(), 41U);
  EXPECT_THAT(sets.members(sets.one(StateId(39))), ElementsAre(StateId(39)));  // ones always fit
  EXPECT_EQ(sets.widened(last), last);
}

}  // namespace
}  // namespace swerve
