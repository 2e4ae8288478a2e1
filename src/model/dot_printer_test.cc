#include "swerve/model/dot_printer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "model/dot_agreement.h"
#include "swerve/model/dot_parser.h"

namespace swerve {
namespace {

TEST(ToDot, WritesTheKernelsStyle) {
  const Automaton a = Automaton::make("m", "off",
                                      {{"off", "start", "on"},
                                       {"on", "stop", "off"},
                                       {"on", "work", "on"},
                                       {"on", "rest", "on"}},
                                      {"on"})
                          .value();
  EXPECT_EQ(to_dot(a), R"(digraph m {
	{node [shape = plaintext, style=invis, label=""] "__init_off"};
	{node [shape = circle] "off"};
	{node [shape = doublecircle] "on"};
	"__init_off" -> "off";
	"off" [label = "off"];
	"off" -> "on" [ label = "start" ];
	"on" [label = "on", color = green3];
	"on" -> "off" [ label = "stop" ];
	"on" -> "on" [ label = "rest\nwork" ];
	{ rank = min ;
		"__init_off";
		"off";
	}
}
)");
}

TEST(ToDot, KeepsTheNameOfTheGraphWhereItCan) {
  const auto name_after = [](const char* name) {
    const Automaton a = Automaton::make(name, "a", {{"a", "e", "a"}}).value();
    return parse_dot(to_dot(a), "m.dot").automaton.value().name();
  };
  EXPECT_EQ(name_after("wip"), "wip");
  EXPECT_EQ(name_after(""), "state_automaton");
  EXPECT_EQ(name_after("Node"), "Node");
  EXPECT_EQ(name_after("two words; {"), "two words; {");
  EXPECT_EQ(name_after("\"\n\\"), "___");
}

// Any automaton with up to `most` states and events; names include words of the DOT language.
rc::Gen<Automaton> any_automaton() {
  return rc::gen::exec([] {
    const std::vector<std::string> states{"a",     "node", "digraph", "_",
                                          "Label", "init", "__init",  "z9"};
    const std::vector<std::string> events{"e", "edge", "n", "label", "strict", "e_1"};
    const auto state = [&] { return *rc::gen::elementOf(states); };
    std::vector<Automaton::Edge> edges;
    for (const std::string& from : states) {
      for (const std::string& event : events) {
        if (*rc::gen::inRange(0, 4) == 0) edges.push_back({from, event, state()});
      }
    }
    const auto finals = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(states));
    auto extra = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(states));
    extra.insert(extra.end(), finals.begin(), finals.end());
    return Automaton::make("m", state(), edges, finals, extra).value();
  });
}

RC_GTEST_PROP(ToDotProperty, WhatIsPrintedReadsTheSame, ()) {
  const Automaton a = *any_automaton();
  const ParsedAutomaton parsed = parse_dot(to_dot(a), "printed.dot");
  RC_ASSERT(parsed.automaton.has_value());
  RC_ASSERT(*parsed.automaton == a);
  RC_ASSERT(to_dot(*parsed.automaton) == to_dot(a));
  RC_ASSERT(disagreement(to_dot(a)) == "");
}

}  // namespace
}  // namespace swerve
