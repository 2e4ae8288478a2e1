#include "model/describe.h"

#include <gtest/gtest.h>

#include "model/json_printer.h"

namespace swerve {
namespace {

Automaton wwnr() {
  return Automaton::make("wwnr", "not_running",
                         {{"not_running", "switch_in", "running"},
                          {"not_running", "wakeup", "not_running"},
                          {"running", "switch_out", "not_running"}})
      .value();
}

TEST(Describe, ShowsATable) {
  EXPECT_EQ(describe(wwnr()), R"(model:   wwnr, 2 states, 3 events, 3 transitions
states:  not_running (initial, final), running
events:  switch_in, switch_out, wakeup

             switch_in  switch_out   wakeup
not_running  running    .            not_running
running      .          not_running  .
)");
}

TEST(Describe, BreaksLongLinesAndListsTransitionsWhereTheTableWouldBeTooWide) {
  const std::string wide(46, 'e');
  const Automaton a =
      Automaton::make("", "a", {{"a", wide + "1", "a"}, {"a", wide + "2", "b"}, {"a", "f", "a"}},
                      {"b"})
          .value();
  EXPECT_EQ(describe(a), R"(model:   (no name), 2 states, 3 events, 3 transitions
states:  a (initial), b (final)
events:  eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee1,
         eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee2, f

a (initial)
  eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee1  -> a
  eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee2  -> b
  f                                                -> a
b (final)
  no event is allowed here
)");
}

TEST(Describe, EscapesTheName) {
  EXPECT_EQ(describe(Automaton::make("\x1b[31m", "a", {}).value()),
            "model:   \\x1b[31m, 1 state, 0 events, 0 transitions\n"
            "states:  a (initial, final)\n"
            "events:  none\n");
}

TEST(ToJson, IsOneObjectOnOneLine) {
  EXPECT_EQ(to_json(wwnr()), R"({"name":"wwnr","states":["not_running","running"],)"
                             R"("events":["switch_in","switch_out","wakeup"],)"
                             R"("initial":"not_running","final":["not_running"],"transitions":[)"
                             R"({"from":"not_running","event":"switch_in","to":"running"},)"
                             R"({"from":"not_running","event":"wakeup","to":"not_running"},)"
                             R"({"from":"running","event":"switch_out","to":"not_running"}]})");
}

TEST(ToJson, HasEmptyListsForTheSmallestModel) {
  EXPECT_EQ(
      to_json(Automaton::make("", "a", {}).value()),
      R"({"name":"","states":["a"],"events":[],"initial":"a","final":["a"],"transitions":[]})");
}

}  // namespace
}  // namespace swerve
