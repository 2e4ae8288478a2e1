#include "source/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "source/shown_test.h"

namespace swerve {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> read(std::string text, bool seekable = true) {
  const WantAll all;
  auto recording = open_csv(memory_input(std::move(text), seekable), all);
  return shown(**recording).all;
}

TEST(Csv, AnEventALine) {
  EXPECT_THAT(read("ts,cpu,pid,comm,event,prev_pid,prev_state\n"
                   "100,1,7,sh,sched_switch,7,R+\n"
                   "200,0,8,\"a,b\",sched_switch,8,S\n"),
              ElementsAre("100 [1] 7 sh sched_switch prev_pid=7 prev_state=R+",
                          "200 [0] 8 a,b sched_switch prev_pid=8 prev_state=S"));
}

TEST(Csv, EmptyCellsAreFieldsThatAreNotThere) {
  EXPECT_THAT(read("ts,event,pid,cpu,comm,tgid,a,b\n"
                   "1,e,,,,,,\n"
                   "2,e,5,3,x,4,1,\n"
                   "3,e,5,3,x,4,\"\",2\n"
                   "4,e,5,3,x,4,1,2\n"),
              ElementsAre("1 [0] 4294967295 ? e", "2 [3] 5/4 x e a=1", "3 [3] 5/4 x e b=2",
                          "4 [3] 5/4 x e a=1 b=2"));
}

TEST(Csv, WordsAreNumbersWhereTheyAreWanted) {
  const WantNumbers numbers;
  auto recording = open_csv(memory_input("ts,event,a\n1,e,-5\n2,e,0x10\n3,e,S\n"), numbers);
  EXPECT_THAT(shown(**recording).all,
              ElementsAre("1 [0] 4294967295 ? e a=#-5", "2 [0] 4294967295 ? e a=#16",
                          "3 [0] 4294967295 ? e a=?"));
}

TEST(Csv, Dialects) {
  const std::vector<std::string> right = {"1 [0] 4294967295 ? e a=x", "2 [0] 4294967295 ? f a=y"};
  for (const char* text : {
           "ts,event,a\n1,e,x\n2,f,y\n",
           "ts,event,a\n1,e,x\n2,f,y",                // no end of the last line
           "ts,event,a\r\n1,e,x\r\n2,f,y\r\n",        // ends of lines as RFC 4180 has them
           "\xef\xbb\xbfts,event,a\n1,e,x\n2,f,y\n",  // a mark of the byte order
           "ts;event;a\n1;e;x\n2;f;y\n",
           "ts\tevent\ta\n1\te\tx\n2\tf\ty\n",
           "\"ts\",\"event\",\"a\"\n\"1\",\"e\",\"x\"\n\"2\",\"f\",\"y\"\n",
           "a,event,time\nx,e,1\ny,f,2\n",
           "time_ns,event,a\n1,e,x\n2,f,y\n",
           "timestamp,event,a\n0.000000001,e,x\n2e-9,f,y\n",
           ",ts,event,a\n0,1,e,x\n1,2,f,y\n",  // a column without a name, as some tables have it
           "ts,event,a\n\n1,e,x\n\n2,f,y\n\n",
       }) {
    EXPECT_TRUE(is_csv(text)) << text;
    EXPECT_EQ(read(text), right) << text;
    EXPECT_EQ(read(text, false), right) << text;
  }
}

TEST(Csv, Quotes) {
  EXPECT_THAT(
      read("ts,event,a\n"
           "1,e,\"x,\"\"y\"\"\"\n"
           "2,e,\"\"\"\"\n"
           "3,e,\"one\ntwo\n\nfour\"\n"
           "4,e,\"\"\"a\"\"b\"\"\"\n"),
      ElementsAre("1 [0] 4294967295 ? e a=x,\"y\"", "2 [0] 4294967295 ? e a=\"",
                  "3 [0] 4294967295 ? e a=one\ntwo\n\nfour", "4 [0] 4294967295 ? e a=\"a\"b\""));
}

TEST(Csv, ThreadsAndProcesses) {
  EXPECT_THAT(read("ts,event,tid,pid\n1,e,5,4\n"), ElementsAre("1 [0] 5/4 ? e"));
  EXPECT_THAT(read("ts,event,tid,pid,tgid\n1,e,5,4,3\n"), ElementsAre("1 [0] 5/3 ? e pid=4"));
  EXPECT_THAT(read("ts,event,pid\n1,e,5\n"), ElementsAre("1 [0] 5 ? e"));
}

TEST(Csv, WhatIsWrongIsToldWithItsLine) {
  struct Case {
    const char* line;  // the third
    const char* error;
  };
  const std::vector<Case> cases = {
      {"2,e,1", "line 3: 3 cells, but the header has 4"},
      {"2,e,1,2,3", "line 3: 5 cells, but the header has 4"},
      {"2,,1,2", "line 3: no event"},
      {",e,1,2", "line 3: '' is no time"},
      {"-2,e,1,2", "line 3: '-2' is no time"},
      {"x\x1b,e,1,2", "line 3: 'x\\x1b' is no time"},
      {"nan,e,1,2", "line 3: 'nan' is no time"},
      {"18446744073709551616,e,1,2", "line 3: '18446744073709551616' is no time"},
      {"1e300,e,1,2", "line 3: '1e300' is no time"},
      {"2,e,x,2", "line 3: 'x' is no number of a CPU"},
      {"2,e,-1,2", "line 3: '-1' is no number of a CPU"},
      {"2,e,4294967295,2", "line 3: '4294967295' is no number of a CPU"},
      {"2,e,1,1.5", "line 3: '1.5' is no number of a thread"},
      {"2,e,1,a\"b\"", "line 3: a quote inside a cell without quotes"},
      {"2,e,1,\"a\"b", "line 3: text behind a cell in quotes"},
      {"2,e,1,\"a\nb\n", "line 3: a quote that is not closed"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(read(cat("ts,event,cpu,pid\n1,e,1,2\n", c.line)),
                ElementsAre("1 [1] 2 ? e", cat("error: ", c.error)));
  }
  EXPECT_THAT(read(std::string("ts,event\n1,e\n2,\0\n", 17)),
              ElementsAre("1 [0] 4294967295 ? e", "error: line 3: a NUL byte"));
  EXPECT_THAT(read("ts,event\n1,e\n" + std::string(2 << 20, 'x')),
              ElementsAre("1 [0] 4294967295 ? e", "error: line 3: longer than 1 MiB"));
  std::string lines = "ts,event\n1,e\n2,\"";
  for (int i = 0; i < 30000; ++i) lines += std::string(99, 'x') + "\n";
  EXPECT_THAT(read(lines), ElementsAre("1 [0] 4294967295 ? e",
                                       "error: line 3: a record longer than 1 MiB, or a quote that "
                                       "is not closed"));
  EXPECT_THAT(read("time_ns,event\n1.5,e\n"), ElementsAre("error: line 2: '1.5' is no time"));
  EXPECT_THAT(read("a,b\n"), ElementsAre("error: line 1: no header with a column 'event' and one "
                                         "of ts, time_ns, time, timestamp"));
  EXPECT_THAT(read(""), ElementsAre());
}

TEST(Csv, AnErrorEndsTheRecording) {
  const WantAll all;
  auto recording = open_csv(memory_input("ts,event\n1,e\nx,e\n2,e\n"), all);
  Batch batch;
  EXPECT_TRUE(*(*recording)->next(batch));
  EXPECT_EQ(batch.size(), 1);
  EXPECT_FALSE((*recording)->next(batch).has_value());
  const Result<bool> again = (*recording)->next(batch);
  EXPECT_TRUE(again.has_value() && !*again);
}

TEST(Csv, IsToldByItsHeader) {
  EXPECT_TRUE(is_csv("ts,event\n"));
  EXPECT_TRUE(is_csv("event,timestamp"));
  EXPECT_FALSE(is_csv("event\n"));
  EXPECT_FALSE(is_csv("ts\n1\n"));
  EXPECT_FALSE(is_csv("ts,events\n"));
  EXPECT_FALSE(is_csv("\nts,event\n"));
  EXPECT_FALSE(is_csv("\"ts,event\n"));
  EXPECT_FALSE(is_csv(""));
}

RC_GTEST_PROP(CsvProperty, AnyTextSurvivesQuotes, ()) {
  const char delimiter = *rc::gen::element(',', ';', '\t');
  std::string text = cat("ts", delimiter, "event", delimiter, "a\n");
  std::vector<std::string> right;
  const int rows = *rc::gen::inRange(0, 10);
  for (int i = 0; i < rows; ++i) {
    const auto value = *rc::gen::nonEmpty(
        rc::gen::container<std::string>(rc::gen::element('a', ',', ';', '\t', '"', '\n', ' ')));
    std::string cell = "\"";
    for (const char c : value) cell += c == '"' ? "\"\"" : std::string(1, c);
    text += cat(i, delimiter, "e", delimiter, cell, "\"\n");
    right.push_back(cat(i, " [0] 4294967295 ? e a=", value));
  }
  RC_ASSERT(read(text) == right);
}

}  // namespace
}  // namespace swerve
