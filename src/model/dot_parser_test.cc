#include "swerve/model/dot_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "model/dot_agreement.h"
#include "swerve/model/dot_printer.h"

namespace swerve {
namespace {

using Edges = std::vector<Automaton::Edge>;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> texts(const Diagnostics& diagnostics) {
  std::vector<std::string> out;
  for (const Diagnostic& d : diagnostics) out.push_back(d.to_string());
  return out;
}

Automaton make(std::string_view initial, const Edges& edges,
               const std::vector<std::string>& finals = {},
               const std::vector<std::string>& extra_states = {}) {
  return Automaton::make("m", initial, edges, finals, extra_states).value();
}

// ---- what is refused

// Each case: a minimal input, and the diagnostics it must give, whole. Whole, so that a change of
// wording or column is seen in review as a change of this table.
struct Input {
  const char* name;
  std::string text;
  std::vector<std::string> diagnostics;
};
void PrintTo(const Input& c, std::ostream* os) { *os << c.name; }

class DotParserRejects : public testing::TestWithParam<Input> {};

TEST_P(DotParserRejects, WithPlaceAndReason) {
  const ParsedAutomaton parsed = parse_dot(GetParam().text, "m.dot");
  EXPECT_EQ(texts(parsed.diagnostics), GetParam().diagnostics);
  EXPECT_FALSE(parsed.automaton.has_value());
  EXPECT_EQ(disagreement(GetParam().text), "");
}

INSTANTIATE_TEST_SUITE_P(
    Syntax, DotParserRejects,
    testing::Values(
        Input{"Empty", "", {"m.dot:1:1: error: expected 'digraph', found the end of the file"}},
        Input{"OnlyAComment",
              "// nothing\n",
              {"m.dot:2:1: error: expected 'digraph', found the end of the file"}},
        Input{"SomethingElse",
              "name = \"wip\"\n[[on]]\n",
              {"m.dot:1:1: error: expected 'digraph', found 'name'"}},
        Input{"MisspeltDigraph",
              "diagraph g { __init_a -> a; }",
              {"m.dot:1:1: error: expected 'digraph', found 'diagraph'; did you mean 'digraph'?"}},
        Input{"NameOfTwoWords",
              "digraph my model { __init_a -> a; }",
              {"m.dot:1:12: error: expected '{', found 'model'"}},
        Input{"NotClosed",
              "digraph g {\n __init_a -> a;\n",
              {"m.dot:3:1: error: expected '}' for the '{' at m.dot:1:11, found the end of the "
               "file"}},
        Input{"GroupNotClosed",
              "digraph g {\n { __init_a -> a;\n }\n",
              {"m.dot:4:1: error: expected '}' for the '{' at m.dot:1:11, found the end of the "
               "file"}},
        Input{"TwoGraphs",
              "digraph g { __init_a -> a; }\ndigraph h { __init_b -> b; }",
              {"m.dot:2:1: error: expected the end of the file, found 'digraph'; a file holds one "
               "model"}},
        Input{"NoTarget",
              "digraph g {\n __init_a -> a;\n a -> ;\n a -> a [label=e];\n}",
              {"m.dot:3:7: error: expected the state that the edge leads to, found ';'"}},
        Input{"NoTargetAndNoSemicolon",
              "digraph g {\n __init_a -> a\n a -> [label=e]\n a -> a [label=e]\n}",
              {"m.dot:3:7: error: expected the state that the edge leads to, found '['"}},
        Input{"TwoSlipsTwoMessages",
              "digraph g {\n __init_a -> a;\n a -> ;\n -> b;\n}",
              {"m.dot:3:7: error: expected the state that the edge leads to, found ';'",
               "m.dot:4:2: error: expected a state, an edge or '}', found '->'"}},
        Input{
            "Undirected",
            "graph g {\n __init_a -> a;\n a -- a [label=e];\n}",
            {"m.dot:3:4: error: expected '->', found '--': the edges of a model have a direction"}},
        Input{"Port",
              "digraph g { __init_a -> a; a:n -> a:f:s [label=e]; }",
              {"m.dot:1:29: error: ports are not supported: a state is one point",
               "m.dot:1:36: error: ports are not supported: a state is one point"}},
        Input{"HtmlString",
              "digraph g { __init_a -> a;\n a -> a [label=<<b>e</b>>]; a -> a [label=f]; }",
              {"m.dot:2:16: error: HTML strings are not supported; write a quoted string"}},
        Input{"HtmlStringNotClosed",
              "digraph g { __init_a -> a;\n a -> a [label=<b];\n}",
              {"m.dot:2:16: error: HTML strings are not supported; write a quoted string"}},
        Input{"StringNotClosed",
              "digraph g {\n __init_a -> a;\n a -> a [label=\"e];\n a -> a [label=\"f\"];\n}",
              {"m.dot:3:16: error: the string is not closed with '\"' on its line"}},
        Input{"CommentNotClosed",
              "digraph g {\n __init_a -> a; /* and so on\n}",
              {"m.dot:2:17: error: the comment is not closed with '*/'"}},
        Input{"JoinedStrings",
              "digraph g { __init_a -> a; a -> a [label=\"e\" + \"f\"]; }",
              {"m.dot:1:46: error: joining strings with '+' is not supported; write one string"}},
        Input{"ListNotClosed",
              "digraph g {\n __init_a -> a;\n a [label=a\n a -> a [label=e];\n}",
              {"m.dot:4:2: error: expected ']' for the '[' at m.dot:3:4, found 'a'"}},
        Input{"ListNotClosedAtTheEnd",
              "digraph g {\n __init_a -> a;\n a [label=a\n}",
              {"m.dot:4:1: error: expected ']' for the '[' at m.dot:3:4, found '}'"}},
        Input{"AttributeWithoutEquals",
              "digraph g {\n __init_a -> a;\n a -> a [label \"e\"];\n a -> a [label=f];\n}",
              {"m.dot:3:16: error: expected '=' after 'label', found \"e\""}},
        Input{"AttributeWithoutValue",
              "digraph g {\n __init_a -> a;\n a -> a [label=, color=red];\n}",
              {"m.dot:3:16: error: expected a value for 'label', found ','"}},
        Input{"StrayCharacterInAList",
              "digraph g {\n __init_a -> a;\n a -> a [\n  label=e,\n  @color=red\n ];\n}",
              {"m.dot:5:3: error: expected an attribute or ']', found '@'"}},
        Input{"NodeWithoutList",
              "digraph g {\n __init_a -> a;\n node shape=circle;\n a -> a [label=e];\n}",
              {"m.dot:3:7: error: expected '[' after 'node', found 'shape'"}},
        Input{"SubgraphWithoutBody",
              "digraph g { __init_a -> a; subgraph s; }",
              {"m.dot:1:38: error: expected '{' after 'subgraph', found ';'"}},
        Input{"KeywordAsState",
              "digraph g { __init_a -> a; digraph h; }",
              {"m.dot:1:28: error: expected a state, an edge or '}', found 'digraph'"}},
        Input{"EdgeToAGroup",
              "digraph g { __init_a -> a; a -> { b; c } [label=e]; a -> a [label=f]; }",
              {"m.dot:1:33: error: an edge leads from one state to one state, not to a group"}},
        Input{"EdgeFromAGroup",
              "digraph g { __init_a -> a; { a b } -> c [label=e]; a -> a [label=f]; }",
              {"m.dot:1:28: error: an edge leads from one state to one state, not from a group"}},
        Input{"ControlCharactersAreEscaped",
              std::string("digraph g { \x1b[31m }"),
              {"m.dot:1:13: error: expected a state, an edge or '}', found '\\x1b'"}}),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Meaning, DotParserRejects,
    testing::Values(
        Input{"NoInitialState",
              "digraph g { a -> a [label=e]; }",
              {"m.dot:1:1: error: the model has no initial state; mark it with a node "
               "\"__init_STATE\""}},
        Input{"NoInitialStateButNearlyOne",
              "digraph g {\n _init_a;\n a -> a [label=e];\n}",
              {"m.dot:1:1: error: the model has no initial state; mark it with a node "
               "\"__init_STATE\"; did you mean '__init_a' by '_init_a'?"}},
        Input{"EmptyGraph",
              "strict digraph {}",
              {"m.dot:1:8: error: the model has no initial state; mark it with a node "
               "\"__init_STATE\""}},
        Input{"TwoInitialStates",
              "digraph g {\n __init_a -> a;\n __init_b -> b;\n a -> b [label=e];\n b -> a "
              "[label=e];\n}",
              {"m.dot:3:2: error: a second initial state 'b'; the first is 'a', at m.dot:2:2"}},
        Input{"TwoEdgesFromAnInitialMarkWithoutAName",
              "digraph g {\n __init_ -> a;\n __init_ -> b;\n a -> b [label=e];\n b -> a "
              "[label=e];\n}",
              {"m.dot:3:13: error: a second initial state 'b'; the first is 'a', at m.dot:2:13"}},
        Input{"InitialMarkAndItsEdgeDisagree",
              "digraph g {\n __init_a -> b;\n a -> b [label=e];\n b -> a [label=e];\n}",
              {"m.dot:2:14: error: '__init_a' marks the state 'a', but its edge leads to 'b'"}},
        Input{"MisspeltInitialState",
              "digraph g {\n __init_runing;\n running -> ready [label=e];\n ready -> running "
              "[label=f];\n}",
              {"m.dot:2:2: error: the initial state 'runing' does not stand elsewhere in the "
               "model; did "
               "you mean 'running'?"}},
        Input{"MisspeltInitialStateWithEdge",
              "digraph g {\n __init_runing -> runing;\n running -> running [label=e];\n {rank=min; "
              "runing;}\n}",
              {"m.dot:2:2: error: the initial state 'runing' does not stand elsewhere in the "
               "model; did "
               "you mean 'running'?"}},
        Input{"InitialStateOutOfNowhere",
              "digraph g {\n __init_x;\n running -> running [label=e];\n}",
              {"m.dot:2:2: error: the initial state 'x' does not stand elsewhere in the model"}},
        Input{"MisspeltInitialMark",
              "digraph g {\n _init_a -> a;\n a -> a [label=e];\n}",
              {"m.dot:2:2: error: the edge from '_init_a' to 'a' needs a label that names its "
               "event; did "
               "you mean '__init_a'?"}},
        Input{"EdgeToTheInitialMark",
              "digraph g {\n __init_a -> a;\n a -> __init_a [label=e];\n}",
              {"m.dot:3:7: error: no edge can lead to '__init_a': it marks the initial state"}},
        Input{"OneEventToTwoStates",
              "digraph g {\n __init_a -> a;\n a -> b [label=\"e\"];\n b -> a [label=\"e\"];\n a -> "
              "a [label=\"f\\ne\"];\n}",
              {"m.dot:5:20: error: 'e' leads from 'a' to 'a' here, and to 'b' at m.dot:3:17"}},
        Input{"OneEventToTwoStatesInAChain",
              "digraph g {\n __init_a -> a;\n a -> a -> b [label=e];\n}",
              {"m.dot:3:12: error: 'e' leads from 'a' to 'b' here, and to 'a' at m.dot:3:7"}},
        Input{"OneEventToTwoStatesByDefault",
              "digraph g {\n __init_a -> a;\n edge [label=e];\n a -> a;\n a -> b;\n}",
              {"m.dot:5:7: error: 'e' leads from 'a' to 'b' here, and to 'a' at m.dot:4:7"}},
        Input{"EdgeWithoutLabel",
              "digraph g {\n __init_a -> a;\n a -> b [color=red];\n b -> a [label=e];\n}",
              {"m.dot:3:2: error: the edge from 'a' to 'b' needs a label that names its event"}},
        Input{"EmptyLabel",
              "digraph g {\n __init_a -> a;\n a -> b [label=\" \"];\n b -> a [label=e];\n}",
              {"m.dot:3:16: error: the label is empty; it must name the event of the edge"}},
        Input{"MisspeltLabel",
              "digraph g {\n __init_a -> a;\n a [lable=a];\n a -> a [label=e];\n}",
              {"m.dot:3:5: error: unknown attribute 'lable'; did you mean 'label'?"}},
        Input{"MisspeltShapeInDefaults",
              "digraph g {\n __init_a -> a;\n {node [shpae=ellipse] a};\n a -> a [label=e];\n}",
              {"m.dot:3:9: error: unknown attribute 'shpae'; did you mean 'shape'?"}},
        Input{"UpperCaseLabel",
              "digraph g {\n __init_a -> a;\n a -> a [label=e, Label=f];\n}",
              {"m.dot:3:19: error: unknown attribute 'Label'; did you mean 'label'?"}},
        Input{"StateIsNoName",
              "digraph g {\n __init_a -> a;\n a -> \"b-1\" [label=e];\n \"b-1\" -> a [label=e];\n}",
              {"m.dot:3:7: error: the state 'b-1' is not a name: letters, digits and '_', no digit "
               "first"}},
        Input{"StateIsANumber",
              "digraph g { __init_0 -> 0; 0 -> 0 [label=e]; }",
              {"m.dot:1:25: error: the state '0' is not a name: letters, digits and '_', no digit "
               "first"}},
        Input{"LoneStateIsANumber",
              "digraph g { __init_0 -> 0; }",
              {"m.dot:1:13: error: the state '0' is not a name: letters, digits and '_', no digit "
               "first"}},
        Input{"EventIsNoName",
              "digraph g { __init_a -> a; a -> a [label=\"2nd\"]; }",
              {"m.dot:1:43: error: the event '2nd' is not a name: letters, digits and '_', no "
               "digit first"}},
        Input{
            "EventsSeparatedByBlanks",
            "digraph g { __init_a -> a; a -> a [label=\"e, f\"]; }",
            {"m.dot:1:43: error: the event 'e, f' is not a name: letters, digits and '_', no digit "
             "first; several events of one edge are separated by \\n"}},
        Input{"EventInBadUtf8",
              "digraph g { __init_a -> a; a -> a [label=\"e\xff\"]; }",
              {"m.dot:1:43: error: the event 'e\\xff' is not a name: letters, digits and '_', no "
               "digit "
               "first"}},
        Input{"VeryLongName",
              "digraph g { __init_a -> a; a -> a [label=\"" + std::string(5000, '+') + "\"]; }",
              {"m.dot:1:43: error: the event '" + std::string(80, '+') +
               "...' is not a name: letters, digits and '_', no digit first"}},
        Input{
            "LabelAndNameDisagree",
            "digraph g {\n __init_s0 -> s0;\n s0 [label=\"idle\"];\n s0 -> s0 [label=e];\n}",
            {"m.dot:3:12: error: the label 'idle' is not the name of the state 's0'; the two must "
             "agree"}},
        Input{
            "SeveralMistakesInFileOrder",
            "digraph g {\n __init_a -> a;\n a [label=b];\n a -> a;\n a -> ;\n a -> a [label=\"x "
            "y\"];\n}",
            {"m.dot:3:11: error: the label 'b' is not the name of the state 'a'; the two must "
             "agree",
             "m.dot:4:2: error: the edge from 'a' to 'a' needs a label that names its event",
             "m.dot:5:7: error: expected the state that the edge leads to, found ';'",
             "m.dot:6:17: error: the event 'x y' is not a name: letters, digits and '_', no digit "
             "first; several events of one edge are separated by \\n"}}),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(
    TimedModels, DotParserRejects,
    testing::Values(
        Input{"Guard",
              "digraph g { __init_a -> a; a -> a [label=\"e;clk<5\"]; }",
              {"m.dot:1:45: error: timed models are not supported yet: 'clk<5' is a guard"}},
        Input{"Reset",
              "digraph g { __init_a -> a; a -> a [label=\"e; reset(clk)\"]; }",
              {"m.dot:1:46: error: timed models are not supported yet: 'reset(clk)' is a reset"}},
        Input{"ResetWithoutEvent",
              "digraph g { __init_a -> a; a -> a [label=\"e\\nreset(clk)\"]; }",
              {"m.dot:1:46: error: timed models are not supported yet: 'reset(clk)' is a reset"}},
        Input{"GuardAndResetOfTheSecondEvent",
              "digraph g { __init_a -> a; a -> a [label=\"e\\nf;clk>=5 ms && x==1;reset(clk)\"]; }",
              {"m.dot:1:48: error: timed models are not supported yet: 'clk>=5 ms && "
               "x==1;reset(clk)' "
               "is a guard"}},
        Input{"Invariant",
              "digraph g {\n __init_a -> a;\n a [label=\"a\\nclk < bound_ns\"];\n a -> a "
              "[label=e];\n}",
              {"m.dot:3:15: error: timed models are not supported yet: 'clk < bound_ns' is an "
               "invariant "
               "of the state 'a'"}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(DotParser, RefusesDeepNestingWithoutDeepRecursion) {
  const std::string text = "digraph g { __init_a -> a; " + std::string(100'000, '{') +
                           std::string(100'000, '}') + " a -> a [label=e]; }";
  const ParsedAutomaton parsed = parse_dot(text, "m.dot");
  EXPECT_THAT(texts(parsed.diagnostics),
              ElementsAre("m.dot:1:128: error: groups are nested deeper than 100"));
  EXPECT_EQ(disagreement(text), "");
}

TEST(DotParser, RefusesTextsOverTheLimitUnread) {
  const ParsedAutomaton parsed = parse_dot(std::string((4U << 20) + 1, ' '), "m.dot");
  EXPECT_THAT(texts(parsed.diagnostics),
              ElementsAre("m.dot: error: the model is longer than the limit of 4194304 bytes"));
  EXPECT_EQ(disagreement(std::string((4U << 20) + 1, ' ')), "");
}

TEST(DotParser, RefusesModelsWhoseTableWouldBeHuge) {
  std::string text = "digraph g { __init_a -> a;\n";
  for (int i = 0; i < 5000; ++i) text += cat("a -> s", i, " [label=e", i, "];\n");
  const ParsedAutomaton parsed = parse_dot(text + "}", "m.dot");
  EXPECT_THAT(
      texts(parsed.diagnostics),
      ElementsAre("m.dot:1:1: error: too large: 5001 states times 5000 events; the limit of "
                  "the table is 16777216 cells"));
  EXPECT_EQ(disagreement(text + "}"), "");
}

TEST(DotParser, CountsTheMessagesOverAHundred) {
  std::string text = "digraph g {\n__init_a -> a;\n";
  for (int i = 0; i < 150; ++i) text += "a -> ;\n";
  const ParsedAutomaton parsed = parse_dot(text + "}", "m.dot");
  ASSERT_THAT(parsed.diagnostics, SizeIs(101));
  EXPECT_EQ(parsed.diagnostics.back().to_string(), "m.dot: error: and 50 messages more");
  EXPECT_FALSE(parsed.automaton.has_value());
  EXPECT_EQ(disagreement(text + "}"), "");
}

// ---- what is read, with a warning

class DotParserWarns : public testing::TestWithParam<Input> {};

TEST_P(DotParserWarns, AndReadsIt) {
  const ParsedAutomaton parsed = parse_dot(GetParam().text, "m.dot");
  EXPECT_EQ(texts(parsed.diagnostics), GetParam().diagnostics);
  EXPECT_TRUE(parsed.automaton.has_value());
  EXPECT_EQ(disagreement(GetParam().text), "");
}

INSTANTIATE_TEST_SUITE_P(
    Table, DotParserWarns,
    testing::Values(
        Input{"UnreachableState",
              "digraph g {\n __init_a -> a;\n a -> a [label=e];\n b -> a [label=e];\n}",
              {"m.dot:4:2: warning: no sequence of events leads to the state 'b'"}},
        Input{"UnreachableStateAndItsEvent",
              "digraph g {\n __init_a -> a;\n a -> a [label=e];\n b -> b [label=f];\n}",
              {"m.dot:4:2: warning: no sequence of events leads to the state 'b'",
               "m.dot:4:16: warning: no state that can be reached allows the event 'f'"}},
        Input{"DeadEnd",
              "digraph g {\n __init_a -> a;\n a -> b [label=e];\n}",
              {"m.dot:3:7: warning: no event leaves the state 'b': whatever comes there is a "
               "violation"}},
        Input{"OneStateAndNoEvent",
              "digraph g {\n __init_a -> a;\n}",
              {"m.dot:2:14: warning: no event leaves the state 'a': whatever comes there is a "
               "violation"}},
        Input{"CommasInNames",
              "digraph g {\n \"__init_a,b\" -> \"a,b\";\n \"a,b\" [label=\"a,b\"];\n \"a,b\" -> "
              "\"a,b\" [label=\"e,f\"];\n}",
              {"m.dot:2:2: warning: '__init_a,b' is read as '__init_a_b'",
               "m.dot:2:18: warning: 'a,b' is read as 'a_b'",
               "m.dot:4:25: warning: 'e,f' is read as 'e_f'; several events of one edge are "
               "separated "
               "by \\n"}},
        Input{
            "LateShape",
            "digraph g {\n node [shape=circle];\n __init_a -> a;\n a -> a [label=e];\n a "
            "[shape=doublecircle];\n}",
            {"m.dot:5:11: warning: the shape 'doublecircle' of 'a' is passed over: it got 'circle' "
             "first, at m.dot:2:14"}},
        Input{"LateLabel",
              "digraph g {\n __init_a -> a;\n a [label=a];\n a [label=b];\n a -> a [label=e];\n}",
              {"m.dot:4:11: warning: the label 'b' of 'a' is passed over: it got 'a' first, at "
               "m.dot:3:11"}},
        Input{"TwoLabelsInOneStatement",
              "digraph g {\n __init_a -> a;\n a -> a [label=e, label=f];\n}",
              {"m.dot:3:19: warning: the first 'label' counts, at m.dot:3:16; this one is passed "
               "over"}},
        Input{"LabelledInitialEdge",
              "digraph g {\n __init_a -> a [label=\"start\"];\n a -> a [label=e];\n}",
              {"m.dot:2:23: warning: the label of the edge from '__init_a' is passed over: it "
               "marks the "
               "initial state and is no transition"}}),
    [](const auto& test) { return std::string(test.param.name); });

// ---- what is read

Automaton read(const std::string& text) {
  ParsedAutomaton parsed = parse_dot(text, "m.dot");
  EXPECT_THAT(texts(parsed.diagnostics), IsEmpty());
  EXPECT_EQ(disagreement(text), "");
  return parsed.automaton ? *parsed.automaton : make("nothing_was_read", {});
}

TEST(DotParser, ReadsTheNameOfTheGraph) {
  EXPECT_EQ(read("digraph wip { __init_a -> a; a -> a [label=e]; }").name(), "wip");
  EXPECT_EQ(read("digraph \"a name\" { __init_a -> a; a -> a [label=e]; }").name(), "a name");
  EXPECT_EQ(read("digraph { __init_a -> a; a -> a [label=e]; }").name(), "");
}

TEST(DotParser, ReadsOneStateInEachWayOfNamingTheInitialOne) {
  const Automaton expected = make("a", {{"a", "e", "a"}});
  EXPECT_EQ(read("digraph g { __init_a; a -> a [label=e]; }"), expected);
  EXPECT_EQ(read("digraph g { \"__init_a\" -> \"a\"; a -> a [label=e]; }"), expected);
  EXPECT_EQ(read("digraph g { a -> a [label=e]; __init_ -> a }"), expected);
  EXPECT_EQ(
      read("digraph g { __init_a [label=\"\"]; __init_a -> a [color=red]; a -> a [label=e] }"),
      expected);
  EXPECT_EQ(read("digraph g { {node [label=\"\"] __init_a}; edge [label=e]; __init_a -> a -> a }"),
            expected);
}

TEST(DotParser, ReadsWhatTheKernelsParserRefuses) {
  EXPECT_EQ(read("\xef\xbb\xbf# made by hand\n"
                 "/* a model\n of two states */\r\n"
                 "STRICT DiGraph \"g\" { // here\n"
                 "  size = 7; ratio=-.5 rankdir=LR\n"
                 "  GRAPH [label=\"any text; at all\"]; Node [fontsize=12] EDGE [len=1.5];\n"
                 "  __init_a->a\n"
                 "  a->b[color=red][label=e;weight=2,style=\"dashed\"];;\n"
                 "  b -> a -> b [\n    label = \"f\"\n  ]\n"
                 "  subgraph cluster_0 { subgraph { b [label=\"\\N\"] } }\n"
                 "};\n"),
            make("a", {{"a", "e", "b"}, {"b", "f", "a"}, {"a", "f", "b"}}));
}

TEST(DotParser, TakesAllEventsOfALabelAndOfParallelEdges) {
  EXPECT_EQ(
      read("digraph g { __init_a -> a; a -> a [label=\"e\\n f \\lg\\r\\n\"]; a -> a [label=h];"
           " a -> a [label=e] }"),
      make("a", {{"a", "e", "a"}, {"a", "f", "a"}, {"a", "g", "a"}, {"a", "h", "a"}}));
}

TEST(DotParser, DefaultsHoldForWhatFollowsInTheirScope) {
  const std::string edges = " __init_a; a -> b [label=e]; b -> c [label=e]; c -> a [label=e]; }";
  const Edges ring{{"a", "e", "b"}, {"b", "e", "c"}, {"c", "e", "a"}};
  EXPECT_EQ(read("digraph g { { node [shape=doublecircle]; { b } } c;" + edges),
            make("a", ring, {"b"}));
  EXPECT_EQ(read("digraph g { c; node [shape=ellipse] b; node [shape=box]" + edges),
            make("a", ring, {"b"}));
  EXPECT_EQ(
      read("digraph g { b [shape=doublecircle, label=b]; node [shape=ellipse] c [shape=circle] "
           "node [shape=box]" +
           edges),
      make("a", ring, {"b"}));
}

TEST(DotParser, TheInitialStateIsFinalWhereNoneIsMarked) {
  EXPECT_EQ(read("digraph g { __init_a; a -> b [label=e]; b -> a [label=e]; }"),
            make("a", {{"a", "e", "b"}, {"b", "e", "a"}}, {"a"}));
  EXPECT_EQ(read("digraph g { __init_a; b [shape=ellipse]; a -> b [label=e]; b -> a [label=e]; }"),
            make("a", {{"a", "e", "b"}, {"b", "e", "a"}}, {"b"}));
}

TEST(DotParser, NodesWithAnEmptyLabelOrOnlyInTheLayoutAreNoStates) {
  EXPECT_EQ(
      read("digraph g { __init_a; a -> a [label=e]; space [label=\"\"]; {rank = same; a; other} }"),
      make("a", {{"a", "e", "a"}}));
}

// ---- the kernel's models

struct Model {
  const char* name;
  const char* initial;
  Edges edges;
  std::vector<std::string> finals;
};
void PrintTo(const Model& m, std::ostream* os) { *os << m.name; }

class DotParserReadsTheModel : public testing::TestWithParam<Model> {};

TEST_P(DotParserReadsTheModel, AsItsTable) {
  const Model& m = GetParam();
  const std::string file = cat("tests/golden/model/", m.name, ".dot");
  const ParsedAutomaton parsed = parse_dot(read_file(file).value(), file);
  EXPECT_THAT(texts(parsed.diagnostics), IsEmpty());
  ASSERT_TRUE(parsed.automaton.has_value());
  const Automaton expected = make(m.initial, m.edges, m.finals);
  EXPECT_EQ(*parsed.automaton, expected);
  EXPECT_EQ(disagreement(read_file(file).value()), "");
  EXPECT_EQ(parse_dot(to_dot(expected), "printed.dot").automaton, expected);
}

INSTANTIATE_TEST_SUITE_P(
    Kernel, DotParserReadsTheModel,
    testing::Values(Model{"wip",
                          "preemptive",
                          {{"preemptive", "preempt_disable", "non_preemptive"},
                           {"non_preemptive", "preempt_enable", "preemptive"},
                           {"non_preemptive", "sched_waking", "non_preemptive"}},
                          {"preemptive"}},
                    Model{"wwnr",
                          "not_running",
                          {{"not_running", "switch_in", "running"},
                           {"not_running", "wakeup", "not_running"},
                           {"running", "switch_out", "not_running"}},
                          {"not_running"}},
                    Model{"sts",
                          "can_sched",
                          {{"can_sched", "irq_disable", "cant_sched"},
                           {"can_sched", "schedule_entry", "scheduling"},
                           {"cant_sched", "irq_enable", "can_sched"},
                           {"cant_sched", "irq_entry", "cant_sched"},
                           {"disable_to_switch", "irq_enable", "enable_to_exit"},
                           {"disable_to_switch", "irq_entry", "in_irq"},
                           {"disable_to_switch", "sched_switch", "switching"},
                           {"enable_to_exit", "irq_disable", "enable_to_exit"},
                           {"enable_to_exit", "irq_enable", "enable_to_exit"},
                           {"enable_to_exit", "irq_entry", "enable_to_exit"},
                           {"enable_to_exit", "schedule_exit", "can_sched"},
                           {"in_irq", "irq_enable", "scheduling"},
                           {"in_irq", "irq_entry", "in_irq"},
                           {"scheduling", "irq_disable", "disable_to_switch"},
                           {"switching", "irq_enable", "enable_to_exit"}},
                          {"can_sched"}},
                    Model{"nrp",
                          "preempt_irq",
                          {{"preempt_irq", "irq_entry", "preempt_irq"},
                           {"preempt_irq", "sched_need_resched", "preempt_irq"},
                           {"preempt_irq", "schedule_entry", "nested_preempt"},
                           {"preempt_irq", "schedule_entry_preempt", "nested_preempt"},
                           {"any_thread_running", "irq_entry", "any_thread_running"},
                           {"any_thread_running", "sched_need_resched", "rescheduling"},
                           {"any_thread_running", "schedule_entry", "any_thread_running"},
                           {"nested_preempt", "irq_entry", "nested_preempt"},
                           {"nested_preempt", "sched_need_resched", "preempt_irq"},
                           {"nested_preempt", "schedule_entry", "any_thread_running"},
                           {"nested_preempt", "schedule_entry_preempt", "any_thread_running"},
                           {"rescheduling", "irq_entry", "preempt_irq"},
                           {"rescheduling", "sched_need_resched", "rescheduling"},
                           {"rescheduling", "schedule_entry", "any_thread_running"},
                           {"rescheduling", "schedule_entry_preempt", "any_thread_running"}},
                          {"any_thread_running"}},
                    Model{"sssw",
                          "runnable",
                          {{"runnable", "sched_set_state_runnable", "runnable"},
                           {"runnable", "sched_set_state_sleepable", "sleepable"},
                           {"runnable", "sched_switch_blocking", "sleeping"},
                           {"runnable", "sched_switch_in", "runnable"},
                           {"runnable", "sched_switch_preempt", "runnable"},
                           {"runnable", "sched_switch_yield", "runnable"},
                           {"runnable", "sched_wakeup", "runnable"},
                           {"runnable", "signal_deliver", "runnable"},
                           {"signal_wakeup", "sched_set_state_sleepable", "sleepable"},
                           {"signal_wakeup", "sched_switch_in", "signal_wakeup"},
                           {"signal_wakeup", "sched_switch_preempt", "signal_wakeup"},
                           {"signal_wakeup", "sched_switch_yield", "signal_wakeup"},
                           {"signal_wakeup", "sched_wakeup", "signal_wakeup"},
                           {"signal_wakeup", "signal_deliver", "runnable"},
                           {"sleepable", "sched_set_state_runnable", "runnable"},
                           {"sleepable", "sched_set_state_sleepable", "sleepable"},
                           {"sleepable", "sched_switch_blocking", "sleeping"},
                           {"sleepable", "sched_switch_in", "sleepable"},
                           {"sleepable", "sched_switch_preempt", "sleepable"},
                           {"sleepable", "sched_switch_suspend", "sleeping"},
                           {"sleepable", "sched_switch_yield", "signal_wakeup"},
                           {"sleepable", "sched_wakeup", "runnable"},
                           {"sleepable", "signal_deliver", "sleepable"},
                           {"sleeping", "sched_wakeup", "runnable"}},
                          {"runnable"}}),
    [](const auto& test) { return std::string(test.param.name); });

// ---- any text

RC_GTEST_PROP(DotParserProperty, AnyTextGivesAnAutomatonOrAnError, ()) {
  // Pieces of the language in any order: random bytes alone hardly get past "digraph".
  const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "{", "}", "[", "]", ";", ",", "=", "->", "--", ":", "+", "<", ">", "\"", "\n", " ", "\\n",
      "a", "b", "__init_a", "node", "edge", "subgraph", "label", "shape", "ellipse", "rank", "/*",
      "//", "#", "\xff", "a -> b [label=e];", "__init_a -> a;", "{node [shape=ellipse] \"a\"};"));
  const ParsedAutomaton parsed = parse_dot("digraph g {" + join(pieces, " ") + "}", "m.dot");
  RC_ASSERT(parsed.automaton.has_value() == !has_errors(parsed.diagnostics));
  RC_ASSERT(disagreement("digraph g {" + join(pieces, " ") + "}") == "");
}

}  // namespace
}  // namespace swerve
