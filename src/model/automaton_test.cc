#include "swerve/model/automaton.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/analysis.h"

namespace swerve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Automaton, PutsTheInitialStateFirstAndSortsTheRest) {
  const Automaton a =
      Automaton::make("m", "m", {{"z", "f", "a"}, {"m", "e", "z"}}, {"z"}, {"b"}).value();
  EXPECT_THAT(a.states(), ElementsAre(State{"m", false}, State{"a", false}, State{"b", false},
                                      State{"z", true}));
  EXPECT_THAT(a.events(), ElementsAre("e", "f"));
  EXPECT_THAT(a.transitions(), ElementsAre(Transition{StateId{0}, EventId{0}, StateId{3}},
                                           Transition{StateId{3}, EventId{1}, StateId{1}}));
  EXPECT_THAT(a.allowed(StateId{3}), ElementsAre(EventId{1}));
  EXPECT_THAT(a.allowed(StateId{1}), IsEmpty());
  EXPECT_EQ(a.next(StateId{0}, EventId{1}), kNoState);
}

TEST(Automaton, FindsEveryNameAndNoOther) {
  const Automaton a = Automaton::make("m", "m", {{"z", "f", "a"}, {"m", "e", "z"}}).value();
  for (std::size_t s = 0; s < a.states().size(); ++s) {
    EXPECT_EQ(a.find_state(a.states()[s].name), StateId(s));
  }
  for (std::size_t e = 0; e < a.events().size(); ++e)
    EXPECT_EQ(a.find_event(a.events()[e]), EventId(e));
  EXPECT_EQ(a.find_state("e"), kNoState);
  EXPECT_EQ(a.find_state(""), kNoState);
  EXPECT_EQ(a.find_event("zz"), kNoEvent);
}

TEST(Automaton, IsEqualWhateverTheOrderAndTheNameOfTheGraph) {
  EXPECT_EQ(Automaton::make("m", "a", {{"a", "e", "b"}, {"b", "e", "a"}}).value(),
            Automaton::make("n", "a", {{"b", "e", "a"}, {"a", "e", "b"}, {"a", "e", "b"}}, {"a"})
                .value());
  EXPECT_FALSE(Automaton::make("m", "a", {{"a", "e", "b"}}, {"a"}).value() ==
               Automaton::make("m", "a", {{"a", "e", "b"}}, {"b"}).value());
}

std::string refusal(const Result<Automaton>& made) {
  return made ? "made" : made.error().message();
}

TEST(Automaton, RefusesWhatBreaksItsInvariants) {
  EXPECT_EQ(refusal(Automaton::make("m", "", {})),
            "the state '' is not a name: letters, digits and '_', no digit first");
  EXPECT_EQ(refusal(Automaton::make("m", "a", {{"a", "e\n", "a"}})),
            "the event 'e\\n' is not a name: letters, digits and '_', no digit first");
  EXPECT_EQ(refusal(Automaton::make("m", "a", {{"a", "e", "__init_a"}})),
            "'__init_a' cannot be a state: names with '__init_' mark the initial state");
  EXPECT_EQ(refusal(Automaton::make("m", "a", {{"a", "e", "a"}, {"a", "e", "b"}})),
            "'e' leads from 'a' to both 'a' and 'b'");
  EXPECT_EQ(refusal(Automaton::make("m", "a", {{"a", "e", "a"}}, {"b"})),
            "the final state 'b' does not exist");
}

TEST(Automaton, RefusesWhatDoesNotFit) {
  std::vector<std::string> states;
  for (int i = 0; i < 65534; ++i) states.push_back("s" + std::to_string(i));
  const Result<Automaton> too_many = Automaton::make("m", "a", {}, {}, states);
  EXPECT_EQ(refusal(too_many), "too many: 65535 states and 0 events; the limit of each is 65534");
  EXPECT_EQ(too_many.error().code(), ErrorCode::exhausted);
  states.pop_back();
  EXPECT_EQ(refusal(Automaton::make("m", "a", {}, {}, states)), "made");

  std::vector<Automaton::Edge> edges;
  for (int i = 0; i < 257; ++i) edges.push_back({"a", "e" + std::to_string(i), "a"});
  EXPECT_EQ(refusal(Automaton::make("m", "a", edges, {}, states)),
            "too large: 65534 states times 257 events; the limit of the table is 16777216 cells");
}

TEST(IsCIdentifier, TakesLettersDigitsAndUnderscores) {
  EXPECT_TRUE(is_c_identifier("_a9Z"));
  for (const char* bad : {"", "9a", "a-b", "a b", "\xc3\xa4", "a\n"})
    EXPECT_FALSE(is_c_identifier(bad));
}

TEST(Analysis, FindsWhatCannotHappen) {
  // a -e-> b -e-> c, and d -f-> a, which nothing reaches; c is a dead end.
  const Automaton a =
      Automaton::make("m", "a", {{"a", "e", "b"}, {"b", "e", "c"}, {"d", "f", "a"}}).value();
  EXPECT_THAT(reachable_states(a), ElementsAre(true, true, true, false));
  EXPECT_THAT(unreachable_states(a), ElementsAre(a.find_state("d")));
  EXPECT_THAT(dead_end_states(a), ElementsAre(a.find_state("c")));
  EXPECT_THAT(never_allowed_events(a), ElementsAre(a.find_event("f")));
}

TEST(Analysis, FindsNothingInASoundModel) {
  const Automaton a = Automaton::make("m", "a", {{"a", "e", "b"}, {"b", "f", "a"}}).value();
  EXPECT_THAT(unreachable_states(a), IsEmpty());
  EXPECT_THAT(dead_end_states(a), IsEmpty());
  EXPECT_THAT(never_allowed_events(a), IsEmpty());
}

}  // namespace
}  // namespace swerve
