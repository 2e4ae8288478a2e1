#include "swerve/model/dot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/text.h"
#include "model/dot_agreement.h"
#include "swerve/model/automaton.h"

namespace swerve {
namespace {

using testing::ElementsAre;

constexpr auto kDoor = dot(R"(digraph door {
  {node [shape = doublecircle] "closed"};
  __init_closed -> closed;
  closed -> open [label = "open"];
  open -> closed [label = "close\nslam,shut"];
  closed -> locked [label = "lock"];
  locked -> closed [label = "unlock"];
})");

// All of it in constant expressions.
static_assert(kDoor.name() == "door");
static_assert(kDoor.state_count() == 3 && kDoor.event_count() == 5);
static_assert(kDoor.name(kInitial) == "closed");
static_assert(kDoor.next(kInitial, kDoor["open"]) == kDoor.state("open"));
static_assert(kDoor.next(kDoor.state("open"), kDoor.event("slam_shut")) == kInitial);
static_assert(kDoor.next(kDoor.state("open"), kDoor["lock"]) == kNoState);
static_assert(kDoor.is_final(kInitial) && !kDoor.is_final(kDoor.state("locked")));
static_assert(kDoor.find_event("knock") == kNoEvent && kDoor.find_state("ajar") == kNoState);
static_assert(kDoor.transitions().size() == 5);
static_assert(kDoor.transitions()[0] == Transition{kInitial, kDoor["lock"], kDoor.state("locked")});
static_assert([] {
  Stepper<kDoor> door;
  return door.step(kDoor["open"]) && !door.step(kDoor["open"]) &&
         door.state() == kDoor.state("open") && door.step(kDoor["close"]) && door.is_final();
}());
static_assert(sizeof(Stepper<kDoor>) == 2);

std::vector<std::string> listed(const ModelNames& names) {
  std::vector<std::string> out;
  for (const std::string_view name : names) out.emplace_back(name);
  return out;
}

TEST(StaticModel, ListsTheInitialStateFirstAndTheRestByName) {
  EXPECT_THAT(listed(kDoor.states()), ElementsAre("closed", "locked", "open"));
  EXPECT_THAT(listed(kDoor.events()), ElementsAre("close", "lock", "open", "slam_shut", "unlock"));
}

TEST(StaticModel, KeepsItsText) {
  EXPECT_TRUE(kDoor.text().starts_with("digraph door {\n"));
  EXPECT_TRUE(kDoor.text().ends_with("\"unlock\"];\n}"));
  EXPECT_EQ(parse_dot(kDoor.text(), "door.dot").automaton, to_automaton(kDoor));
}

TEST(StaticModel, BecomesTheAutomatonOfItsText) {
  const Automaton automaton = to_automaton(kDoor);
  EXPECT_EQ(automaton.name(), "door");
  EXPECT_EQ(automaton, Automaton::make("door", "closed",
                                       {{"closed", "open", "open"},
                                        {"open", "close", "closed"},
                                        {"open", "slam_shut", "closed"},
                                        {"closed", "lock", "locked"},
                                        {"locked", "unlock", "closed"}},
                                       {"closed"})
                           .value());
}

TEST(StaticModel, MayBeLocalToAFunction) {
  static constexpr auto kLocal = dot("digraph { __init_a -> a; a -> b [label = e] }");
  constexpr auto kAutomatic = dot("digraph { __init_a -> a; a -> b [label = e] }");
  Stepper<kLocal> stepper;
  EXPECT_TRUE(stepper.step(kAutomatic["e"]));
  EXPECT_EQ(stepper.state(), kLocal.state("b"));
}

TEST(StaticModel, MayHaveNoEvent) {
  static constexpr auto kLone = dot("digraph { __init_a -> a }");
  static_assert(kLone.event_count() == 0 && kLone.transitions().empty());
  EXPECT_EQ(to_automaton(kLone), Automaton::make("", "a", {}).value());
  EXPECT_EQ(Stepper<kLone>().state(), kInitial);
}

TEST(StaticModel, OfACharacterArrayThatDoesNotEndInZero) {
  static constexpr char kText[] = {'d', 'i', 'g', 'r', 'a', 'p', 'h', ' ', '{', '_', '_',
                                   'i', 'n', 'i', 't', '_', 'a', '-', '>', 'a', '}'};
  constexpr auto kModel = dot(kText);
  static_assert(kModel.text().size() == sizeof(kText));
  static_assert(kModel.name(kInitial) == "a");
}

TEST(DenseTable, SaysWhatTheModelSays) {
  for (std::size_t s = 0; s < kDoor.state_count(); ++s) {
    for (std::size_t e = 0; e < kDoor.event_count(); ++e) {
      EXPECT_EQ(DenseTable<kDoor>::next(StateId(s), EventId(e)),
                kDoor.next(StateId(s), EventId(e)));
    }
  }
}

TEST(Stepper, StaysWhereAnEventIsNotAllowedAndStartsAgainAfterReset) {
  Stepper<kDoor> door;
  EXPECT_TRUE(door.step(kDoor["lock"]));
  EXPECT_FALSE(door.step(kDoor["open"]));
  EXPECT_EQ(door.state(), kDoor.state("locked"));
  EXPECT_FALSE(door.is_final());
  door.reset();
  EXPECT_EQ(door.state(), kInitial);
  EXPECT_TRUE(door.step(kDoor["open"]));
}

TEST(ReadDot, GivesTheModelOrTheProblemWithItsPlace) {
  const auto good = read_dot<100>("digraph g { __init_a -> a }");
  EXPECT_FALSE(good.problem);
  EXPECT_EQ(good.model.name(kInitial), "a");
  const auto bad = read_dot<100>("digraph g {\n __init_a -> a;\n a -> a;\n}");
  EXPECT_EQ(bad.problem.kind, ModelProblem::Kind::edge_without_event);
  EXPECT_EQ(bad.problem.line, 3U);
  EXPECT_EQ(bad.problem.column, 2U);
}

// The one thing that parse_dot() accepts and dot() does not, told apart from a wrong model.
TEST(ReadDot, HoldsNoMoreTransitionsThanHalfTheTextsCharacters) {
  std::string text = "digraph { __init_s0; edge [label=\"";
  for (int e = 0; e < 30; ++e) text += cat("e", e, "\\n");
  text += "\"]; s0";
  for (int s = 1; s <= 50; ++s) text += cat("->s", s);
  text += " }";
  ASSERT_TRUE(parse_dot(text, "m.dot").automaton.has_value());
  ASSERT_LT(text.size(), 500U);
  EXPECT_EQ(read_dot<500>(text).problem.kind, ModelProblem::Kind::too_large_at_compile_time);
  EXPECT_FALSE(read_dot<3000>(text).problem);
}

TEST(ReadDot, AgreesWithParseDotOnTheShippedModels) {
  std::size_t models = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator("monitors")) {
    if (file.path().extension() != ".dot") continue;
    ++models;
    EXPECT_EQ(disagreement(read_file(file.path().string()).value()), "") << file.path();
  }
  EXPECT_GE(models, 3U);
}

}  // namespace
}  // namespace swerve
