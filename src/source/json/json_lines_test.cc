#include "source/json/json_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "source/shown_test.h"

namespace swerve {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> read(std::string text, const Interest& interest = WantAll()) {
  auto recording = open_json_lines(memory_input(std::move(text)), interest);
  return shown(**recording).all;
}

TEST(JsonLines, AnEventALine) {
  const std::string text =
      R"({"ts":100,"cpu":1,"pid":7,"comm":"sh","event":"sched_switch","fields":{"prev_pid":7,"prev_state":"R+"}})"
      "\n"
      R"( { "event" : "x" , "ts" : 0.000000200 } )"
      "\r\n\n"
      R"({"event":"sched_switch","fields":{"prev_pid":-1,"prev_state":1},"ts":300})";
  EXPECT_THAT(read(text), ElementsAre("100 [1] 7 sh sched_switch prev_pid=7 prev_state=R+",
                                      "200 [0] 4294967295 ? x",
                                      "300 [0] 4294967295 ? sched_switch prev_pid=-1 "
                                      "prev_state=1"));
  EXPECT_THAT(
      read("\xef\xbb\xbf" + text, WantNumbers()),
      ElementsAre("100 [1] 7 sh sched_switch prev_pid=#7 prev_state=?", "200 [0] 4294967295 ? x",
                  "300 [0] 4294967295 ? sched_switch prev_pid=#-1 prev_state=#1"));
}

TEST(JsonLines, Values) {
  struct Case {
    const char* json;
    const char* text;
    const char* number;
  };
  const std::vector<Case> cases = {
      {"0", " a=0", " a=#0"},
      {"-5", " a=-5", " a=#-5"},
      {"18446744073709551615", " a=18446744073709551615", " a=#-1"},
      {"-9223372036854775808", " a=-9223372036854775808", " a=#-9223372036854775808"},
      {"true", " a=1", " a=#1"},
      {"false", " a=0", " a=#0"},
      {R"("S")", " a=S", " a=?"},
      {R"("0x1f")", " a=0x1f", " a=#31"},
      {R"("")", " a=", " a=?"},
      {R"("\u00e4\n\"\\")", " a=\xc3\xa4\n\"\\", " a=?"},
      {R"("a\u0000b")", " a=a", " a=?"},
      {"null", "", ""},
      // What cannot be had is a field all the same.
      {"1.5", "", ""},
      {"1e3", "", ""},
      {"18446744073709551616", "", ""},
      {"[1,{\"a\":2}]", "", ""},
      {"{\"a\":{\"ts\":7,\"b\":[]}}", "", ""},
  };
  for (const Case& c : cases) {
    const std::string line = cat(R"({"ts":1,"event":"e","fields":{"a":)", c.json, R"(},"pid":3})");
    EXPECT_THAT(read(line), ElementsAre(cat("1 [0] 3 ? e", c.text))) << c.json;
    EXPECT_THAT(read(line, WantNumbers()), ElementsAre(cat("1 [0] 3 ? e", c.number))) << c.json;
  }
}

TEST(JsonLines, Members) {
  struct Case {
    const char* members;
    const char* event;
  };
  const std::vector<Case> cases = {
      {R"("ts":1,"pid":5)", "1 [0] 5 ? e"},
      {R"("ts":1,"tid":5)", "1 [0] 5 ? e"},
      {R"("ts":1,"tid":5,"pid":4)", "1 [0] 5/4 ? e"},
      {R"("ts":1,"pid":5,"tgid":4)", "1 [0] 5/4 ? e"},
      {R"("ts":1,"tid":5,"pid":4,"tgid":3)", "1 [0] 5/3 ? e"},
      {R"("time":1.5)", "1500000000 [0] 4294967295 ? e"},
      {R"("time_ns":15)", "15 [0] 4294967295 ? e"},
      {R"("ts":"12345678901234567")", "12345678901234567 [0] 4294967295 ? e"},
      {R"("ts":12345678.901234567)", "12345678901234567 [0] 4294967295 ? e"},
      {R"("ts":1e0)", "1000000000 [0] 4294967295 ? e"},
      {R"("ts":2,"time":1)", "2 [0] 4294967295 ? e"},
      {R"("ts":1,"more":{"ts":[2],"fields":{"a":1}},"fields":[1],"cpu":2)", "1 [2] 4294967295 ? e"},
      {R"("ts":1,"cpu":null,"comm":null,"lost":3)", "1 [0] 4294967295 ? e"},
      {R"("ts":1,"fields":{"a":1,"a":2},"comm":"x y")", "1 [0] 4294967295 x y e a=1 a=2"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(read(cat("{", c.members, R"(,"event":"e"})")), ElementsAre(c.event)) << c.members;
  }
}

TEST(JsonLines, Holes) {
  EXPECT_THAT(read(R"({"ts":10,"event":"e"})"
                   "\n"
                   R"({"ts":20,"cpu":1,"lost":12,"since":15})"
                   "\n"
                   R"({"ts":0.00000003,"lost":0})"
                   "\n"),
              ElementsAre("10 [0] 4294967295 ? e", "{1 @15", "}1 @20 lost 12", "{* @0", "}* @30"));
}

TEST(JsonLines, WhatIsWrongIsToldWithItsLine) {
  std::string deep = R"({"ts":1,"event":"e","x":)";
  deep += std::string(100000, '[') + std::string(100000, ']') + "}";
  struct Case {
    std::string line;  // the second
    const char* error;
  };
  const std::vector<Case> cases = {
      {"{", "column 2: this is not JSON"},
      {R"({"ts":1,"event":"e"},)", "column 21: this is not JSON"},
      {R"({"ts":1,"event":"e"}{})", "column 21: this is not JSON"},
      {R"({"ts":1,"event":"\xff"})", "column 19: this is not JSON"},
      {"{\"ts\":1,\"event\":\"\xff\"}", "column 18: this is not JSON"},
      {"5", "no JSON object"},
      {"null", "no JSON object"},
      {"[]", "no JSON object"},
      {"\"a\"", "no JSON object"},
      {"{}", "no ts"},
      {R"({"event":"e"})", "no ts"},
      {R"({"ts":null,"event":"e"})", "no ts"},
      {R"({"ts":-1,"event":"e"})", "'-1' is no time"},
      {R"({"ts":-0.5,"event":"e"})", "'-0.5' is no time"},
      {R"({"ts":"x","event":"e"})", "'x' is no time"},
      {R"({"ts":{},"event":"e"})", "'' is no time"},
      {R"({"ts":18446744073709551616,"event":"e"})", "'18446744073709551616' is no time"},
      {R"({"ts":1e400,"event":"e"})", "column 11: this is not JSON"},
      {R"({"time_ns":1.5,"event":"e"})", "'1.5' is no time"},
      {R"({"ts":1})", "no event"},
      {R"({"ts":1,"event":""})", "no event"},
      {R"({"ts":1,"event":["e"]})", "no event"},
      {R"({"ts":1,"event":"e","cpu":-1})", "'-1' is no number of a CPU"},
      {R"({"ts":1,"event":"e","cpu":4294967295})", "'4294967295' is no number of a CPU"},
      {R"({"ts":1,"event":"e","cpu":[]})", "'' is no number of a CPU"},
      {R"({"ts":1,"event":"e","pid":1.0})", "'1.0' is no number of a thread"},
      {R"({"ts":1,"event":"e","tid":1,"pid":"x"})", "'x' is no number of a process"},
      {R"({"ts":1,"event":"e","tgid":"x"})", "'x' is no number of a process"},
      {R"({"ts":1,"lost":-1})", "'-1' is no number of lost events"},
      {R"({"ts":1,"lost":"many"})", "'many' is no number of lost events"},
      {R"({"ts":1,"lost":1,"cpu":1.5})", "'1.5' is no number of a CPU"},
      {R"({"ts":1,"lost":1,"since":2})", "'2' is no time before that"},
      {deep, "nested deeper than 32 levels"},
      {std::string(2 << 20, ' '), "longer than 1 MiB"},
      {std::string("{\0}", 3), "a NUL byte"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(read(cat(R"({"ts":1,"event":"e"})", "\n", c.line)),
                ElementsAre("1 [0] 4294967295 ? e", cat("error: line 2: ", c.error)))
        << c.line.substr(0, 100);
  }
  EXPECT_THAT(read(""), ElementsAre());
}

TEST(JsonLines, AreToldByTheirFirstLine) {
  EXPECT_TRUE(is_json_lines(R"({"ts":1,"event":"e"})"));
  EXPECT_TRUE(is_json_lines(R"({"ts":1,"lost":2})"));
  EXPECT_TRUE(is_json_lines("\xef\xbb\xbf \r\n {\"event\" :"));
  EXPECT_FALSE(is_json_lines(R"({"a":1})"));
  EXPECT_FALSE(is_json_lines("{\n\"ts\":1}"));
  EXPECT_FALSE(is_json_lines(R"(["ts"])"));
  EXPECT_FALSE(is_json_lines(""));
  EXPECT_FALSE(is_json_lines(" \n"));
}

RC_GTEST_PROP(JsonLinesProperty, AnyEventSurvives, ()) {
  std::string text;
  std::vector<std::string> right;
  const int lines = *rc::gen::inRange(0, 8);
  for (int i = 0; i < lines; ++i) {
    const auto time = *rc::gen::arbitrary<std::uint64_t>();
    const auto id = static_cast<std::uint32_t>(*rc::gen::inRange(0, 1 << 30));
    const auto number = *rc::gen::arbitrary<std::int64_t>();
    std::string word;
    for (const int c : *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 0x80))) {
      word += static_cast<char>(c);
    }
    text += JsonObject()
                .number("ts", time)
                .number("pid", id)
                .text("event", "e")
                .raw("fields", JsonObject().integer("n", number).text("w", word).str())
                .str() +
            "\n";
    right.push_back(cat(time, " [0] ", id, " ? e n=", number, " w=", word));
  }
  RC_ASSERT(read(text) == right);
}

}  // namespace
}  // namespace swerve
