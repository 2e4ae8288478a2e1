#include "bind/toml/definition_parser.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "base/text.h"
#include "bind/expr_parser.h"
#include "bind/fake_catalog_test.h"
#include "swerve/model/dot_parser.h"

namespace swerve {
namespace {

std::string text_of(const Diagnostics& diagnostics) {
  std::string all;
  for (const Diagnostic& d : diagnostics) all += d.to_string() + "\n";
  return all;
}

Place at(unsigned line, unsigned column) { return {"m.toml", line, column}; }

TEST(DefinitionParser, ReadsEveryField) {
  const ParsedDefinition parsed = parse_definition(
      R"(# a comment
name          = "fd-lives"
description   = "a file is closed once \u2713"
scope         = "object"
model         = "models/fd.dot"
parent        = "files"
reactor       = "signal"
max_instances = 4096

[react.signal]
signal = "SIGTERM"
after  = 3
soft   = true
share  = 0.5

[[on]]
probe     = "syscall:openat:exit"
event     = "open"
key       = "tgid << 32 | ret"
when      = "ret >= 0"
start     = false
start_run = true

[[on]]
probe = "syscall:close"
event = "close"
key   = '(u64)tgid << 32 | fd'
end   = true
start = "false"
)",
      "m.toml");
  ASSERT_EQ(text_of(parsed.diagnostics), "");
  const Definition& d = parsed.definition.value();
  EXPECT_EQ(d.path, "m.toml");
  EXPECT_EQ(d.name, "fd-lives");
  EXPECT_EQ(d.description, "a file is closed once \xe2\x9c\x93");
  EXPECT_EQ(d.scope, Scope::object);
  EXPECT_EQ(d.model, "models/fd.dot");
  EXPECT_EQ(d.model_place, at(5, 17));
  EXPECT_EQ(d.parent, "files");
  EXPECT_FALSE(d.container);
  EXPECT_EQ(d.max_instances, 4096U);
  EXPECT_EQ(
      d.reaction,
      (ReactionSetting{
          "signal", {{"signal", "SIGTERM"}, {"after", "3"}, {"soft", "true"}, {"share", "0.5"}}}));
  ASSERT_EQ(d.on.size(), 2U);
  const BindingText& open = d.on[0];
  EXPECT_EQ(open.place, at(16, 1));
  EXPECT_EQ(open.probe, (Probe{Probe::Kind::syscall_exit, "", "openat"}));
  EXPECT_EQ(open.probe_place, at(17, 13));
  EXPECT_EQ(open.event, "open");
  EXPECT_EQ(open.event_place, at(18, 13));
  EXPECT_EQ(open.key, (ExprText{"tgid << 32 | ret", at(19, 14), {}}));
  EXPECT_EQ(open.when, (ExprText{"ret >= 0", at(20, 14), {}}));
  EXPECT_EQ(open.start, std::nullopt);
  EXPECT_EQ(open.start_run, (ExprText{"true", at(22, 13), {}}));
  EXPECT_EQ(open.task, std::nullopt);
  EXPECT_EQ(open.end, std::nullopt);
  const BindingText& close = d.on[1];
  EXPECT_EQ(close.key, (ExprText{"(u64)tgid << 32 | fd", at(27, 10), {}}));
  EXPECT_EQ(close.end, (ExprText{"true", at(28, 9), {}}));
  EXPECT_EQ(close.start, std::nullopt);
}

TEST(DefinitionParser, HasDefaults) {
  const ParsedDefinition parsed = parse_definition(
      "name='m'\nscope='cpu'\nmodel='m.dot'\non=[{probe='fentry:f',event='e'}]", "m.toml");
  ASSERT_EQ(text_of(parsed.diagnostics), "");
  const Definition& d = *parsed.definition;
  EXPECT_EQ(d.description, "");
  EXPECT_EQ(d.scope, Scope::cpu);
  EXPECT_EQ(d.parent, "");
  EXPECT_EQ(d.max_instances, kInstancesDefault);
  EXPECT_EQ(d.reaction, ReactionSetting());
  EXPECT_EQ(d.on.at(0).place, at(4, 5));
}

TEST(DefinitionParser, ReadsHowMuchToReact) {
  const ParsedDefinition parsed = parse_definition(
      "name='m'\ncontainer=true\nreactor='exec'\n[react]\ndry_run=true\nper_second=1\n"
      "burst=1000000\n[react.exec]\ncommand='true'",
      "m.toml");
  ASSERT_EQ(text_of(parsed.diagnostics), "");
  EXPECT_EQ(parsed.definition->reaction,
            (ReactionSetting{"exec", {{"command", "true"}}, true, 1, 1'000'000}));
  const ParsedDefinition nop =
      parse_definition("name='m'\ncontainer=true\nreact.dry_run=false\nreact.burst=7", "m.toml");
  ASSERT_EQ(text_of(nop.diagnostics), "");
  EXPECT_EQ(nop.definition->reaction, (ReactionSetting{"nop", {}, false, 100, 7}));
}

TEST(DefinitionParser, ReadsAContainer) {
  const ParsedDefinition parsed = parse_definition(
      "name='sched'\ndescription='many'\ncontainer=true\nreactor='printk'", "m.toml");
  ASSERT_EQ(text_of(parsed.diagnostics), "");
  EXPECT_TRUE(parsed.definition->container);
  EXPECT_EQ(parsed.definition->reaction.reactor, "printk");
  EXPECT_TRUE(parsed.definition->on.empty());
}

TEST(DefinitionParser, SkipsAByteOrderMark) {
  EXPECT_TRUE(parse_definition("\xef\xbb\xbfname='m'\ncontainer=true", "m.toml").definition);
}

TEST(DefinitionParser, LimitsAreInclusive) {
  const auto good = [](const std::string& name, std::string_view instances) {
    return parse_definition(cat("name='", name, "'\nscope='object'\nmodel='m'\nmax_instances=",
                                instances, "\n[[on]]\nprobe='fentry:f'\nevent='e'\nkey='1'\n"),
                            "m.toml")
        .definition.has_value();
  };
  EXPECT_TRUE(good(std::string(31, 'x'), "1"));
  EXPECT_TRUE(good("_0", "4194304"));
  EXPECT_FALSE(good(std::string(32, 'x'), "1"));
  EXPECT_FALSE(good("x", "4194305"));
  EXPECT_FALSE(good("x", "0"));
}

TEST(DefinitionParser, AllowsCharactersBeyondAsciiAfterALineEnd) {
  const ParsedDefinition parsed = parse_definition(
      "name='m'\ncontainer=true\ndescription=\"\"\"\xd1\x92 \\\n  \xd1\x92\"\"\"", "m.toml");
  ASSERT_EQ(text_of(parsed.diagnostics), "");
  EXPECT_EQ(parsed.definition->description, "\xd1\x92 \xd1\x92");
}

// --- Places inside of strings

class InsideStrings : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(InsideStrings, AnErrorPointsToItsCharacter) {
  const ParsedDefinition parsed =
      parse_definition(cat("name='m'\nscope='cpu'\nmodel='m'\n[[on]]\nprobe='tracepoint:sched_"
                           "switch'\nevent='e'\nstart=",
                           GetParam().first, "\n"),
                       "m.toml");
  ASSERT_EQ(text_of(parsed.diagnostics), "");
  const BindingText& on = parsed.definition->on[0];
  const fake::Catalog catalog;
  const Signature signature = catalog.signature(on.probe).value();
  EXPECT_EQ(text_of(parse_expr(on.start.value(), catalog, &signature).diagnostics),
            GetParam().second);
}

#define NO_ARGUMENT "no argument 'x' in sched_switch(preempt, prev, next, prev_state)\n"
INSTANTIATE_TEST_SUITE_P(
    Table, InsideStrings,
    testing::Values(
        std::pair("'cpu + x'", "m.toml:7:14: error: " NO_ARGUMENT),
        std::pair("\"cpu + x\"", "m.toml:7:14: error: " NO_ARGUMENT),
        std::pair(R"("prev->comm == \"a\\b\" && x")", "m.toml:7:34: error: " NO_ARGUMENT),
        std::pair(R"("prev->comm == \"a\" @")", "m.toml:7:28: error: unexpected character '@'\n"),
        std::pair(R"("\u0063pu + x")", "m.toml:7:19: error: " NO_ARGUMENT),
        std::pair(R"("\u00e9")", "m.toml:7:8: error: unexpected character '\xc3\xa9'\n"),
        std::pair("'\xc3\xa9'", "m.toml:7:8: error: unexpected character '\xc3\xa9'\n"),
        std::pair("''", "m.toml:7:8: error: the expression is empty\n"),
        std::pair("'''cpu + x'''", "m.toml:7:16: error: " NO_ARGUMENT),
        std::pair("'''\ncpu +\n  x'''", "m.toml:9:3: error: " NO_ARGUMENT),
        std::pair("'''\r\ncpu +\r\n  x'''", "m.toml:9:3: error: " NO_ARGUMENT),
        std::pair("\"\"\"cpu +\n\n x + x\"\"\"",
                  "m.toml:9:2: error: " NO_ARGUMENT "m.toml:9:6: error: " NO_ARGUMENT),
        std::pair("\"\"\"cpu \\\n\n   + x\"\"\"", "m.toml:9:6: error: " NO_ARGUMENT),
        std::pair("\"\"\"\ncpu +\"\"\"",
                  "m.toml:8:6: error: expected a value, found the end of the expression\n"),
        std::pair("'''\ncpu +\n'''",
                  "m.toml:8:6: error: expected a value, found the end of the expression\n"),
        std::pair("\"\"\"prev->comm == \"a\" || x\"\"\"", "m.toml:7:31: error: " NO_ARGUMENT),
        std::pair("\"\"\"prev->comm == \"a\"\"\"\"", ""),
        std::pair("\"\"\"x || \"a\"\"\"\"", "m.toml:7:10: error: " NO_ARGUMENT
                                            "m.toml:7:15: error: a string can only be compared, by "
                                            "== or !=, with a char array or a pointer to "
                                            "char\n"),
        std::pair(R"("\t@")", "m.toml:7:10: error: unexpected character '@'\n")),
    [](const auto& test) { return "_" + std::to_string(test.index); });

// --- What is refused, whole

struct BadDefinition {
  const char* name;
  std::string text;
  std::string diagnostics;
};
// NOLINTNEXTLINE(readability-identifier-naming): the name is GoogleTest's
void PrintTo(const BadDefinition& c, std::ostream* os) { *os << c.name; }

class DefinitionParserRejects : public testing::TestWithParam<BadDefinition> {};

TEST_P(DefinitionParserRejects, WithPlaceAndReason) {
  const ParsedDefinition parsed = parse_definition(GetParam().text, "m.toml");
  EXPECT_EQ(text_of(parsed.diagnostics), GetParam().diagnostics);
  EXPECT_FALSE(parsed.definition);
}

const std::string kOn = "[[on]]\nprobe='fentry:f'\nevent='e'\n";
// A good definition but for `top`, which stands on line 4, before the binding.
std::string with(std::string_view top) {
  return cat("name='m'\nscope='object'\nmodel='m.dot'\n", top, "\n", kOn, "key='1'\n");
}
// ... but for `more`, which stands on line 7, in the binding.
std::string binding(std::string_view more) {
  return cat("name='m'\nscope='object'\nmodel='m.dot'\n", kOn, more, "\n");
}
std::string repeated(std::string_view part, int count) {
  std::string all;
  for (int n = 0; n < count; ++n) all += part;
  return all;
}

INSTANTIATE_TEST_SUITE_P(
    Toml, DefinitionParserRejects,
    testing::Values(
        BadDefinition{"Value", "name = \nscope = 1",
                      "m.toml:1:8: error: TOML: in a key-value pair: expected value, saw '\\n'\n"},
        BadDefinition{"Twice", "name='a'\nname='b'",
                      "m.toml:2:6: error: TOML: in a key-value pair: cannot redefine existing "
                      "string 'name'\n"},
        BadDefinition{"OpenString", "name='a",
                      "m.toml:1:8: error: TOML: in a string: encountered end-of-file\n"},
        BadDefinition{"Utf8", "name='\xff'",
                      "m.toml:1:6: error: TOML: Encountered invalid utf-8 sequence\n"},
        BadDefinition{"ColumnsAreBytes", "\"\xc3\xa9\xc3\xa9\" = 1 2",
                      "m.toml:1:12: error: TOML: in a key-value pair: expected a comment or "
                      "whitespace, saw '2'\n"},
        BadDefinition{
            "Nul", std::string("na\0me", 5),
            "m.toml:1:3: error: TOML: in a key-value pair: expected '=', saw '\\u0000'\n"},
        // toml++ 3.3 has an assertion here
        BadDefinition{"HeaderOfNoKey", "[!x]",
                      "m.toml:1:2: error: TOML: in a key: expected bare key starting character or "
                      "string delimiter, saw "
                      "'!'\n"},
        BadDefinition{"HeaderOfThreeBrackets", "[[[on]]]",
                      "m.toml:1:3: error: TOML: in a key: expected bare key starting character or "
                      "string delimiter, saw "
                      "'['\n"},
        BadDefinition{"HeaderAtTheEnd", "[[",
                      "m.toml:1:3: error: TOML: in a table header: encountered end-of-file\n"},
        // where toml++ 3.3 looks for blanks and finds characters for which it has no answer
        BadDefinition{
            "NotAsciiKey", "n\xc3\xa9 = 1",
            "m.toml:1:2: error: TOML: in a key-value pair: expected '=', saw '\xc3\xa9'\n"},
        BadDefinition{"NotAsciiValue", "# \xd1\x92\nname = '\xd1\x92'\nmodel = \xd1\x92",
                      "m.toml:3:9: error: TOML: in a value: could not determine value type\n"},
        BadDefinition{"NotAsciiInValue", "a=0'\xc5\x8e'",
                      "m.toml:1:4: error: TOML: in a decimal integer: expected digit, saw '''\n"},
        BadDefinition{
            "NotAsciiEscaped", "name = \"\"\"\\\xd1\x92\"\"\"",
            "m.toml:1:12: error: TOML: in a string: unknown escape sequence '\\\xd1\x92'\n"},
        BadDefinition{
            "DeepArrays", "a = " + std::string(100'000, '['),
            "m.toml:1:37: error: TOML: in a value: exceeded maximum nested value depth of 32\n"},
        BadDefinition{
            "DeepTables", repeated("a={", 100'000),
            "m.toml:1:99: error: TOML: in a value: exceeded maximum nested value depth of 32\n"},
        BadDefinition{"DeepKey", "a" + repeated(".a", 300'000) + "=1",
                      "m.toml:1:32: error: a key with more than 16 parts\n"},
        BadDefinition{"DeepHeader", "[a" + repeated(" . 'a'", 300'000) + "]",
                      "m.toml:1:94: error: a key with more than 16 parts\n"},
        BadDefinition{"DeepHeaderBehindStrings",
                      "x='''\n'a.b''''\ny=\"\\\"\" # '''\n[[a" + repeated(".\"'\"", 300'000) + "]]",
                      "m.toml:4:64: error: a key with more than 16 parts\n"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Top, DefinitionParserRejects,
    testing::Values(
        BadDefinition{"Empty", "",
                      "m.toml: error: 'name' is missing\n"
                      "m.toml: error: 'scope' is missing (global, cpu, task, object)\n"
                      "m.toml: error: 'model' is missing\n"
                      "m.toml: error: no binding; a monitor needs at least one [[on]]\n"},
        BadDefinition{"UnknownKey", with("modle = 'x'"),
                      "m.toml:4:1: error: unknown key 'modle'; did you mean 'model'?\n"},
        BadDefinition{"UnknownTable", with("[whatever]\nx = 1"),
                      "m.toml:4:2: error: unknown key 'whatever'\n"},
        BadDefinition{"UnknownDotted", with("names.x = 1"),
                      "m.toml:4:1: error: unknown key 'names'; did you mean 'name'?\n"},
        BadDefinition{"UnknownHostile", with("\"a\\u001b[2J\" = 1"),
                      "m.toml:4:1: error: unknown key 'a\\x1b[2J'\n"},
        BadDefinition{"NameType", "name=1\ncontainer=true",
                      "m.toml:1:6: error: 'name' must be a string, not an integer\n"},
        BadDefinition{"NameForm", "name='a/b'\ncontainer=true",
                      "m.toml:1:6: error: 'name' must be of letters, digits, '_' and '-' (not "
                      "first); found 'a/b'\n"},
        BadDefinition{"NameEmpty", "name=''\ncontainer=true",
                      "m.toml:1:6: error: 'name' must be of letters, digits, '_' and '-' (not "
                      "first); found ''\n"},
        BadDefinition{"NameDash", "name='-r'\ncontainer=true",
                      "m.toml:1:6: error: 'name' must be of letters, digits, '_' and '-' (not "
                      "first); found '-r'\n"},
        BadDefinition{"NameLong", "name='abcdefghijklmnopqrstuvwxyz012345'\ncontainer=true",
                      "m.toml:1:6: error: 'name' has 32 bytes; at most 31 are allowed\n"},
        BadDefinition{"DescriptionLines", with("description = 'a'\nparent = \"b\\nc\""),
                      "m.toml:5:10: error: 'parent' must be one line without control characters\n"},
        BadDefinition{
            "DescriptionEscape", with("description = \"\\u001b[1m\""),
            "m.toml:4:15: error: 'description' must be one line without control characters\n"},
        BadDefinition{"Scope", "name='m'\nscope='tasks'\nmodel='m'\n" + kOn,
                      "m.toml:2:7: error: no scope 'tasks' (global, cpu, task, object); did you "
                      "mean 'task'?\n"},
        BadDefinition{"ScopeType", "name='m'\nscope=['cpu']\nmodel='m'\n" + kOn,
                      "m.toml:2:7: error: 'scope' must be a string, not an array\n"},
        BadDefinition{"ModelEmpty", "name='m'\nscope='cpu'\nmodel=''\n" + kOn,
                      "m.toml:3:7: error: 'model' is empty; it names the model's file\n"},
        BadDefinition{"ModelType", "name='m'\nscope='cpu'\nmodel=1.5\n" + kOn,
                      "m.toml:3:7: error: 'model' must be a string, not a floating-point number\n"},
        BadDefinition{"OwnParent", with("parent = 'm'"),
                      "m.toml:4:10: error: a monitor cannot be its own parent\n"},
        BadDefinition{"ContainerType", with("container = 'yes'"),
                      "m.toml:4:13: error: 'container' must be true or false, not a string\n"},
        BadDefinition{"ContainerWithMore",
                      with("container = true\nparent = 'p'\nmax_instances = 1"),
                      "m.toml:2:7: error: a container has no 'scope'\n"
                      "m.toml:3:7: error: a container has no 'model'\n"
                      "m.toml:5:10: error: a container has no 'parent'\n"
                      "m.toml:6:17: error: a container has no 'max_instances'\n"
                      "m.toml:7:1: error: a container has no 'on'\n"},
        BadDefinition{"InstancesZero", with("max_instances = 0"),
                      "m.toml:4:17: error: 'max_instances' must be from 1 to 4194304, not 0\n"},
        BadDefinition{
            "InstancesMany", with("max_instances = 4_194_305"),
            "m.toml:4:17: error: 'max_instances' must be from 1 to 4194304, not 4194305\n"},
        BadDefinition{"InstancesType", with("max_instances = '7'"),
                      "m.toml:4:17: error: 'max_instances' must be an integer, not a string\n"},
        BadDefinition{"InstancesScope", "name='m'\nscope='cpu'\nmodel='m'\nmax_instances=5\n" + kOn,
                      "m.toml:4:15: error: 'max_instances' is for scope \"object\"; this monitor's "
                      "is \"cpu\"\n"},
        BadDefinition{"ReactorType", with("reactor = true"),
                      "m.toml:4:11: error: 'reactor' must be a string, not a boolean\n"},
        BadDefinition{"ReactType", with("react = 'signal'"),
                      "m.toml:4:9: error: 'react' must be a table of tables, such as "
                      "[react.signal], not a string\n"},
        BadDefinition{
            "ReactOptionOutside", with("reactor='signal'\nreact.signal = 'SIGTERM'"),
            "m.toml:5:16: error: 'react.signal' must be a table of options, not a string\n"},
        BadDefinition{"ReactKey", with("[react]\ndry_rum = true"),
                      "m.toml:5:11: error: 'react.dry_rum' must be a table of options, not a "
                      "boolean; did you mean 'dry_run'?\n"},
        BadDefinition{
            "ReactDryRun", with("[react]\ndry_run = 1"),
            "m.toml:5:11: error: 'react.dry_run' must be true or false, not an integer\n"},
        BadDefinition{"ReactLimitType", with("[react.burst]\nsignal = 1"),
                      "m.toml:4:1: error: 'react.burst' must be an integer, not a table\n"},
        BadDefinition{"ReactLimit", with("[react]\nper_second = 0\nburst = 1000001"),
                      "m.toml:5:14: error: 'react.per_second' must be from 1 to 1000000, not 0\n"
                      "m.toml:6:9: error: 'react.burst' must be from 1 to 1000000, not 1000001\n"},
        BadDefinition{
            "ReactOther", with("reactor='printk'\n[react.signal]\nsignal='SIGTERM'"),
            "m.toml:5:8: error: options of the reactor 'signal', but this monitor's is 'printk'\n"},
        BadDefinition{
            "ReactWithoutReactor", with("[react.signal]\nsignal='SIGTERM'"),
            "m.toml:4:8: error: options of the reactor 'signal', but this monitor's is 'nop'\n"},
        BadDefinition{
            "ReactOptionType", with("reactor='x'\n[react.x]\na=[1]\nb=1979-05-27\nc={}"),
            "m.toml:6:3: error: 'react.x.a' must be a string, a number or a boolean, not an array\n"
            "m.toml:7:3: error: 'react.x.b' must be a string, a number or a boolean, not a date or "
            "time\n"
            "m.toml:8:3: error: 'react.x.c' must be a string, a number or a boolean, not a "
            "table\n"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Bindings, DefinitionParserRejects,
    testing::Values(
        BadDefinition{"OneBracket",
                      "name='m'\nscope='cpu'\nmodel='m'\n[on]\nprobe='fentry:f'\nevent='e'",
                      "m.toml:4:1: error: bindings are written [[on]], an array of tables; this is "
                      "a table\n"},
        BadDefinition{"NoTable", "name='m'\nscope='cpu'\nmodel='m'\non=['x']",
                      "m.toml:4:5: error: a binding is a table ([[on]]), not a string\n"},
        BadDefinition{"EmptyArray", "name='m'\nscope='cpu'\nmodel='m'\non=[]",
                      "m.toml:4:4: error: no binding; a monitor needs at least one [[on]]\n"},
        BadDefinition{"EmptyBinding", "name='m'\nscope='cpu'\nmodel='m'\n[[on]]",
                      "m.toml:4:1: error: this binding needs 'probe'\n"
                      "m.toml:4:1: error: this binding needs 'event'\n"},
        BadDefinition{"UnknownKeyInBinding", binding("whn = 'x'\nmodel = 'x'"),
                      "m.toml:7:1: error: unknown key 'whn' in a binding; did you mean 'when'?\n"
                      "m.toml:8:1: error: unknown key 'model' in a binding\n"},
        BadDefinition{"ProbeForm",
                      "name='m'\nscope='cpu'\nmodel='m'\n[[on]]\nprobe='sched_switch'\nevent='e'",
                      "m.toml:5:7: error: a probe is written KIND:NAME, such as "
                      "tracepoint:sched_switch; found "
                      "'sched_switch'\n"},
        BadDefinition{"ProbeKind",
                      "name='m'\nscope='cpu'\nmodel='m'\n[[on]]\nprobe='sycall:f'\nevent='e'",
                      "m.toml:5:7: error: no kind of probe 'sycall' (tracepoint, fentry, fexit, "
                      "syscall, inproc); did you mean "
                      "'syscall'?\n"},
        BadDefinition{"ProbeType", "name='m'\nscope='cpu'\nmodel='m'\n[[on]]\nprobe=5\nevent='e'",
                      "m.toml:5:7: error: 'probe' must be a string, not an integer\n"},
        BadDefinition{
            "EventForm", "name='m'\nscope='cpu'\nmodel='m'\n[[on]]\nprobe='fentry:f'\nevent='a b'",
            "m.toml:6:7: error: 'event' must be the name of an event of the model, found 'a b'\n"},
        BadDefinition{"WhenType", binding("when = 1"),
                      "m.toml:7:8: error: 'when' must be true, false or a condition (a string), "
                      "not an integer\n"},
        BadDefinition{"StartType", binding("start = ['x']"),
                      "m.toml:7:9: error: 'start' must be true, false or a condition (a string), "
                      "not an array\n"},
        BadDefinition{"KeyType", binding("key = true"),
                      "m.toml:7:7: error: 'key' must be an expression (a string), not a boolean\n"},
        BadDefinition{
            "TaskType", binding("task = 5"),
            "m.toml:7:8: error: 'task' must be an expression (a string), not an integer\n"},
        BadDefinition{
            "AllInFileOrder",
            "nam='m'\nscope='cpus'\n[[on]]\nprobe='f'\nevnt='e'\n[[on]]\nprobe='fentry:f'\nevent="
            "1\nend=1",
            "m.toml: error: 'name' is missing\n"
            "m.toml: error: 'model' is missing\n"
            "m.toml:1:1: error: unknown key 'nam'; did you mean 'name'?\n"
            "m.toml:2:7: error: no scope 'cpus' (global, cpu, task, object); did you mean 'cpu'?\n"
            "m.toml:3:1: error: this binding needs 'event'\n"
            "m.toml:4:7: error: a probe is written KIND:NAME, such as tracepoint:sched_switch; "
            "found 'f'\n"
            "m.toml:5:1: error: unknown key 'evnt' in a binding; did you mean 'event'?\n"
            "m.toml:8:7: error: 'event' must be a string, not an integer\n"
            "m.toml:9:5: error: 'end' must be true, false or a condition (a string), not an "
            "integer\n"}),
    [](const auto& test) { return test.param.name; });

TEST(DefinitionParserRejects, CountsWhatIsTooMuch) {
  std::string text = with("");
  for (int i = 0; i < 1000; ++i) text += cat("unknown", i, "=1\n");
  const ParsedDefinition parsed = parse_definition(text, "m.toml");
  ASSERT_EQ(parsed.diagnostics.size(), 101U);
  EXPECT_EQ(parsed.diagnostics.back().to_string(), "m.toml: error: and 900 more problems");
}

// --- Files

TEST(LoadDefinition, SaysWhyAFileCannotBeRead) {
  const Result<ParsedDefinition> none = load_definition("/nowhere/m.toml");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::not_found);
  EXPECT_FALSE(load_definition("/"));
}

TEST(LoadDefinition, RefusesAFileOfMoreThanOneMegabyte) {
  const std::string path = cat("/tmp/swerve-definition-", ::getpid(), ".toml");
  std::FILE* const file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  const std::string content((1 << 20) + 1, '#');
  std::fwrite(content.data(), 1, content.size(), file);
  std::fclose(file);
  const Result<ParsedDefinition> loaded = load_definition(path);
  ::unlink(path.c_str());
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), ErrorCode::exhausted);
}

// The shipped definitions, on a kernel that has their probes.
BindOutcome bound(const std::string& name) {
  const std::string folder = cat(SWERVE_SOURCE_DIR "/monitors/", name, "/");
  const Result<ParsedDefinition> parsed = load_definition(folder + name + ".toml");
  EXPECT_TRUE(parsed);
  EXPECT_EQ(text_of(parsed->diagnostics), "");
  const Result<std::string> model = read_file(folder + parsed->definition->model);
  EXPECT_TRUE(model);
  const ParsedAutomaton automaton = parse_dot(*model, "model");
  EXPECT_EQ(text_of(automaton.diagnostics), "");
  BindOutcome outcome = bind(*parsed->definition, *automaton.automaton, fake::Catalog());
  EXPECT_EQ(text_of(outcome.diagnostics), "");
  return outcome;
}

TEST(ShippedDefinitions, Wwnr) {
  const BindOutcome outcome = bound("wwnr");
  ASSERT_TRUE(outcome.monitor);
  const BoundMonitor& m = *outcome.monitor;
  EXPECT_EQ(m.definition.name, "wwnr");
  EXPECT_EQ(m.definition.scope, Scope::task);
  EXPECT_EQ(m.model, Automaton::make("", "not_running",
                                     {{"not_running", "switch_in", "running"},
                                      {"not_running", "wakeup", "not_running"},
                                      {"running", "switch_out", "not_running"}})
                         .value());
  ASSERT_EQ(m.bindings.size(), 3U);
  EXPECT_EQ(to_text(*m.bindings[0].start), "(prev_state == 1u)");
}

TEST(ShippedDefinitions, Wip) {
  const BindOutcome outcome = bound("wip");
  ASSERT_TRUE(outcome.monitor);
  const BoundMonitor& m = *outcome.monitor;
  EXPECT_EQ(m.definition.scope, Scope::cpu);
  EXPECT_EQ(m.model, Automaton::make("", "preemptive",
                                     {{"preemptive", "preempt_disable", "non_preemptive"},
                                      {"non_preemptive", "preempt_enable", "preemptive"},
                                      {"non_preemptive", "sched_waking", "non_preemptive"}})
                         .value());
  ASSERT_EQ(m.bindings.size(), 3U);
  EXPECT_TRUE(is_always(m.bindings[1].start));
}

}  // namespace
}  // namespace swerve
