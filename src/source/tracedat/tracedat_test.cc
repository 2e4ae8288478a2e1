#include "source/tracedat/tracedat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/text.h"
#include "source/tracedat/built_file_test.h"
#include "source/tracedat/compare_test.h"

namespace swerve {
namespace {

using namespace compare;  // NOLINT(google-build-using-namespace)
using built::Buffer;
using built::File;
using built::Page;
using built::Sample;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

std::string data(const std::string& name) {
  return std::string(SWERVE_SOURCE_DIR) + "/tests/data/" + name;
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Real recordings.

class RealFile : public testing::TestWithParam<const char*> {};

TEST_P(RealFile, IsReadAsTraceCmdReadsIt) {
  const std::string path = data(GetParam());
  const Read ours = read_path(path);
  expect_as_trace_cmd(ours, trace_cmd_report(path));
  EXPECT_THAT(ours.holes, IsEmpty());
  EXPECT_EQ(ours.events_read, ours.events.size());
  EXPECT_EQ(ours.not_understood, 0U);
  EXPECT_EQ(ours.bytes_read, ours.recording->total_bytes());
  EXPECT_EQ(ours.recording->format(), "trace.dat version 7");
  EXPECT_EQ(ours.recording->clock(), "global");
  EXPECT_TRUE(ours.recording->describes_itself());
}

TEST_P(RealFile, IsTheSameInEveryForm) {
  const std::string path = data(GetParam());
  const Report theirs = trace_cmd_report(path);
  for (const std::string form : {"--compression none", "--compression zstd", "--file-version 6"}) {
    SCOPED_TRACE(form);
    const TemporaryFile converted("");
    output_of("trace-cmd convert " + form + " -i " + path + " -o " + converted.path() +
              " 2>&1 > /dev/null");
    const Read ours = read_path(converted.path());
    expect_as_trace_cmd(ours, theirs);
    EXPECT_EQ(ours.recording->clock(), "global");
    EXPECT_EQ(ours.recording->format(),
              form == "--file-version 6" ? "trace.dat version 6" : "trace.dat version 7");
  }
}

TEST_P(RealFile, CanComeThroughAPipe) {
  const std::string bytes = content(data(GetParam()));
  const Read whole = read_bytes(bytes);
  const Read piped = read_with(memory_input(bytes, false), want_all);
  EXPECT_EQ(piped.error, "");
  EXPECT_EQ(times(piped), times(whole));
}

INSTANTIATE_TEST_SUITE_P(TraceDat, RealFile,
                         testing::Values("streams/wwnr-b.trace.dat", "streams/wwnr-c.trace.dat"));

// Built files.

File with_streams(File file, std::vector<std::string> streams) {
  Buffer buffer;
  for (std::uint32_t cpu = 0; cpu < streams.size(); ++cpu) {
    buffer.streams.emplace_back(cpu, std::move(streams[cpu]));
  }
  file.buffers.push_back(std::move(buffer));
  return file;
}

/// A file with these pages on CPU 0.
Read read_stream(std::string stream, const File& file = {}) {
  return read_bytes(with_streams(file, {std::move(stream)}).str());
}

struct Shape {
  int version;
  bool big;
  int commit_bytes;
  const char* packing;
  friend void PrintTo(const Shape& s, std::ostream* out) {
    *out << "version " << s.version << (s.big ? " big" : " little") << " endian, long "
         << s.commit_bytes << ", " << s.packing;
  }
};

class Shaped : public testing::TestWithParam<Shape> {
 protected:
  static File shaped() {
    File file;
    file.version = GetParam().version;
    file.big = GetParam().big;
    file.commit_bytes = GetParam().commit_bytes;
    file.packing = GetParam().packing;
    return file;
  }
};

TEST_P(Shaped, FieldsOfEveryFormAreRead) {
  File file = shaped();
  const Sample sample{.task = 77,
                      .comm = "a b=c",
                      .tiny = -3,
                      .flag = 1,
                      .small = -300,
                      .pid = -70000,
                      .count = 4000000000,
                      .mode = 0100644,
                      .where = 0xffff888100000010,
                      .path = "/etc/passwd",
                      .name = "second"};
  Page page(file, 1000);
  page.event(5, sample).event(0, Sample{.path = std::string(300, 'p')});
  file = with_streams(file, {page.str()});
  const Read read = read_bytes(file.str());
  ASSERT_EQ(read.open_error + read.error, "");
  ASSERT_THAT(read.events, SizeIs(2));
  const Seen& seen = read.events[0];
  EXPECT_EQ(seen.time, 1005U);
  EXPECT_EQ(seen.cpu, 0U);
  EXPECT_EQ(seen.tid, 77U);
  EXPECT_EQ(seen.name, "sample");
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"comm", "a b=c"},       {"tiny", "-3"},
      {"flag", "1"},           {"small", "-300"},
      {"pid", "-70000"},       {"count", "4000000000"},
      {"mode", "33188"},       {"where", std::to_string(0xffff888100000010)},
      {"path", "/etc/passwd"}, {"name", "second"},
      {"args", "nothing"},     {"args[0]", "0"},
      {"args[1]", "0"},
  };
  EXPECT_EQ(seen.fields, expected);
  EXPECT_EQ(read.events[1].field("path"), std::string(300, 'p'));
  EXPECT_EQ(read.recording->clock(), "mono");
  EXPECT_EQ(read.recording->comm(1), "task");
  EXPECT_EQ(read.recording->comm(2), "");
}

TEST_P(Shaped, IsReadAsTraceCmdReadsIt) {
  if (std::string_view(GetParam().packing) == "zlib") return;  // Debian's trace-cmd cannot
  File file = shaped();
  std::vector<std::string> streams;
  for (std::uint32_t cpu = 0; cpu < 3; ++cpu) {
    std::string stream;
    for (int number = 0; number < 5; ++number) {
      const std::uint64_t begin = 5'000'000'000 + 1000 * number;
      Page page(file, begin);
      page.event(1, {.task = 1, .comm = "first", .pid = number, .path = "a"});
      page.padding(3, 24).event(100 * cpu, {.task = 2, .comm = "second", .path = "b", .name = "c"});
      page.extend(0x1'0000'0001).long_event(0, Sample{.count = cpu}.bytes(file.big));
      page.stamp(begin + 0x2'0000'0000).event(7, {.tiny = -1, .name = "last"});
      stream += page.str();
    }
    streams.push_back(std::move(stream));
  }
  const TemporaryFile written(with_streams(file, streams).str());
  const Read ours = read_path(written.path());
  EXPECT_THAT(ours.events, SizeIs(3 * 5 * 4));
  expect_as_trace_cmd(ours, trace_cmd_report(written.path()));
}

TEST_P(Shaped, EveryCutIsAnErrorOrLosesNothing) {
  File file = shaped();
  file.page_size = 256;
  const std::string page = Page(file, 10).event(1, Sample{}).str();
  const std::string later = Page(file, 20).event(1, Sample{}).missed(3).str();
  const std::string whole = with_streams(file, {page + later, page}).str();
  const Read all = read_bytes(whole);
  ASSERT_EQ(all.open_error + all.error, "");
  ASSERT_THAT(all.events, SizeIs(3));
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const Read read = read_bytes(whole.substr(0, size));
    EXPECT_TRUE(!read.open_error.empty() || !read.error.empty() || times(read) == times(all))
        << "cut at " << size << " of " << whole.size();
  }
}

TEST_P(Shaped, EveryChangedByteIsSurvived) {
  File file = shaped();
  file.page_size = 256;
  const std::string page = Page(file, 10).event(1, Sample{}).str();
  const std::string later = Page(file, 20).event(1, Sample{}).padding(1, 16).missed(3).str();
  const std::string whole = with_streams(file, {page + later, page}).str();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int mask : {0x01, 0x80, 0xff}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ mask);
      const Read read = read_bytes(std::move(changed));
      // A record takes at least eight bytes.
      EXPECT_LE(read.events_read, 3 * 256U / 8) << "byte " << at;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(TraceDat, Shaped,
                         testing::Values(Shape{7, false, 8, "none"}, Shape{7, false, 8, "zstd"},
                                         Shape{7, false, 8, "zlib"}, Shape{7, false, 4, "none"},
                                         Shape{7, true, 8, "none"}, Shape{7, true, 4, "zstd"},
                                         Shape{6, false, 8, "none"}, Shape{6, false, 4, "none"},
                                         Shape{6, true, 8, "none"}, Shape{6, true, 4, "none"}));

TEST(TraceDat, TellsItsFiles) {
  EXPECT_TRUE(is_tracedat(File{}.str()));
  EXPECT_TRUE(is_tracedat(content(data("streams/wwnr-b.trace.dat"))));
  EXPECT_FALSE(is_tracedat(""));
  EXPECT_FALSE(is_tracedat("\x17\x08\x44tracin"));
  EXPECT_FALSE(is_tracedat("# tracer: nop\n"));
}

TEST(TraceDat, DescribesItsKinds) {
  const Read read = read_stream("");
  ASSERT_NE(read.recording, nullptr) << read.open_error;
  const std::vector<RecordedKind> kinds = read.recording->all_kinds();
  ASSERT_THAT(kinds, SizeIs(1));
  using Form = RecordedField::Form;
  const RecordedKind expected{"test",
                              "sample",
                              {{"comm", Form::text, 8, false, "char[16]"},
                               {"tiny", Form::integer, 1, true, "s8"},
                               {"flag", Form::integer, 1, false, "bool"},
                               {"small", Form::integer, 2, true, "short"},
                               {"pid", Form::integer, 4, true, "pid_t"},
                               {"count", Form::integer, 4, false, "unsigned int"},
                               {"mode", Form::integer, 2, false, "umode_t"},
                               {"where", Form::integer, 8, false, "const char *"},
                               {"path", Form::text, 8, false, "__data_loc char[]"},
                               {"name", Form::text, 8, false, "__rel_loc char[]"},
                               {"args", Form::other, 8, false, "unsigned long[2]"},
                               {"args[0]", Form::integer, 8, false, "unsigned long"},
                               {"args[1]", Form::integer, 8, false, "unsigned long"}}};
  EXPECT_EQ(kinds[0], expected);
  for (std::size_t i = 0; i < kinds[0].fields.size(); ++i) {
    EXPECT_EQ(kinds[0].fields[i], expected.fields[i])
        << kinds[0].fields[i].name << ": " << kinds[0].fields[i].type;
  }
}

// Times.

TEST(TraceDat, TimesAddUpOverThePage) {
  const File file;
  const std::uint64_t high = std::uint64_t{3} << 59;
  EXPECT_THAT(times(read_stream(Page(file, 100).event(0, Sample{}).event(7, Sample{}).str())),
              ElementsAre(100, 107));
  EXPECT_THAT(times(read_stream(Page(file, 100).extend(1ULL << 40).event(7, Sample{}).str())),
              ElementsAre(100 + (1ULL << 40) + 7));
  EXPECT_THAT(
      times(read_stream(Page(file, 100).event(5, Sample{}).stamp(90).event(1, Sample{}).str())),
      ElementsAre(105, 91));
  EXPECT_THAT(times(read_stream(Page(file, 100).padding(9, 16).event(1, Sample{}).str())),
              ElementsAre(110));
  // A stamp has 59 bits: those above are of the time before, or one more.
  EXPECT_THAT(times(read_stream(Page(file, high + 5).stamp(8).event(1, Sample{}).str())),
              ElementsAre(high + 9));
  EXPECT_THAT(times(read_stream(Page(file, high + 5).stamp(3).event(1, Sample{}).str())),
              ElementsAre(high + (1ULL << 59) + 4));
  // Each page begins anew.
  EXPECT_THAT(times(read_stream(Page(file, 100).event(7, Sample{}).str() +
                                Page(file, 50).event(7, Sample{}).str())),
              ElementsAre(107, 57));
}

TEST(TraceDat, TimesAreShiftedAsTraceCmdDoesIt) {
  const std::string stream = Page(File{}, 12'345'678'901).event(9, Sample{}).str();
  const std::string tsc = built::Bytes(false).u32(1'500'000).u32(22).u64(777).out;
  struct Case {
    std::vector<std::pair<std::uint16_t, std::string>> options;
    std::string clock;
  };
  for (const Case& c :
       {Case{{{1, std::string("0x123456\0", 9)}}, "unix"},
        Case{{{7, std::string("-5000\0", 6)}}, ""},
        Case{{{7, std::string("100000000000\0", 13)}}, ""}, Case{{{14, tsc}}, "mono"},
        Case{{{14, tsc}, {7, std::string("12\0", 3)}}, ""}}) {
    File file;
    file.options = c.options;
    const TemporaryFile written(with_streams(file, {stream}).str());
    const Read ours = read_path(written.path());
    EXPECT_THAT(ours.events, SizeIs(1));
    expect_as_trace_cmd(ours, trace_cmd_report(written.path()));
    EXPECT_EQ(ours.recording->clock(), c.clock);
  }
}

TEST(TraceDat, CpusAreMergedByTimeTheLowerFirst) {
  const File file;
  const auto stream = [&](std::vector<std::uint32_t> deltas, std::int32_t task) {
    Page page(file, 100);
    for (const std::uint32_t delta : deltas) page.event(delta, Sample{.task = task});
    return page.str();
  };
  const Read read = read_bytes(
      with_streams(file, {stream({0, 5, 5}, 1), stream({1, 4, 0, 9}, 2), "", stream({0, 5}, 3)})
          .str());
  std::vector<std::tuple<std::uint64_t, std::uint32_t, std::uint32_t>> order;
  for (const Seen& s : read.events) order.emplace_back(s.time, s.cpu, s.tid);
  EXPECT_THAT(order,
              ElementsAre(std::tuple(100, 0, 1), std::tuple(100, 3, 3), std::tuple(101, 1, 2),
                          std::tuple(105, 0, 1), std::tuple(105, 1, 2), std::tuple(105, 1, 2),
                          std::tuple(105, 3, 3), std::tuple(110, 0, 1), std::tuple(114, 1, 2)));
}

TEST(TraceDat, ManyCpusAreMergedByTime) {
  const File file;
  std::vector<std::string> streams;
  for (std::uint32_t cpu = 0; cpu < 40; ++cpu) {
    Page page(file, 0);
    for (std::uint32_t i = 0; i < 40; ++i) page.event((cpu * 7 + i * 13) % 50, Sample{});
    streams.push_back(page.str());
  }
  const Read read = read_bytes(with_streams(file, streams).str());
  EXPECT_EQ(read.events.size(), 40U * 40U);
  for (std::size_t i = 1; i < read.events.size(); ++i) {
    EXPECT_LE(std::tuple(read.events[i - 1].time, read.events[i - 1].cpu),
              std::tuple(read.events[i].time, read.events[i].cpu));
  }
}

// Pages.

TEST(TraceDat, PagesMayBeEmptyFullOrShort) {
  const File file;
  const std::string one = Page(file, 100).event(1, Sample{}).str();
  const std::string empty = Page(file, 150).str();
  const std::string zeros(4096, '\0');
  EXPECT_THAT(times(read_stream(empty + one + zeros + empty + one + zeros)), ElementsAre(101, 101));
  EXPECT_THAT(times(read_stream(empty)), IsEmpty());
  // What ftrace makes of the rest of a page: a padding, or one word where that has no room.
  Page full(file, 100);
  while (full.room() > 200) full.event(1, Sample{});
  full.padding(1, static_cast<std::uint32_t>(full.room()));
  EXPECT_EQ(full.room(), 0U);
  EXPECT_EQ(read_stream(full.str()).error, "");
  Page word(file, 100);
  word.padding(1, static_cast<std::uint32_t>(word.room()) - 4).head(29, 0);
  EXPECT_EQ(word.room(), 0U);
  EXPECT_EQ(read_stream(word.str()).error, "");
  // The last page may have been cut behind what is committed.
  EXPECT_THAT(times(read_stream(one + one.substr(0, 200))), ElementsAre(101, 101));
}

TEST(TraceDat, PagesMayLieAcrossChunks) {
  for (const char* const packing : {"zstd", "zlib"}) {
    File file;
    file.packing = packing;
    std::string stream;
    for (std::uint64_t i = 0; i < 10; ++i) stream += Page(file, i).event(0, Sample{}).str();
    file = with_streams(file, {stream});
    const std::vector<std::uint64_t> expected = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    EXPECT_EQ(times(read_bytes(file.str())), expected);
    file.count_in_size = true;
    EXPECT_EQ(times(read_bytes(file.str())), expected);
    // The chunks are of 3 pages of 4096 bytes; the buffer's pages have 2048.
    File small = file;
    small.page_size = 2048;
    small.buffers.clear();
    stream.clear();
    for (std::uint64_t i = 0; i < 10; ++i) stream += Page(small, i).event(0, Sample{}).str();
    EXPECT_EQ(times(read_bytes(with_streams(small, {stream}).str())), expected);
  }
}

// Lost events.

TEST(TraceDat, AMarkIsAHoleFromTheEventBeforeToTheEventAfter) {
  const File file;
  const std::string cpu0 = Page(file, 100).event(0, Sample{}).event(10, Sample{}).str() +
                           Page(file, 200).missed(5).event(0, Sample{}).str() +
                           Page(file, 300).missed().event(0, Sample{}).str();
  const std::string cpu1 = Page(file, 105).event(0, Sample{}).event(10, Sample{}).str() +
                           Page(file, 250).event(0, Sample{}).str();
  const Read read = read_bytes(with_streams(file, {cpu0, cpu1}).str());
  EXPECT_THAT(times(read), ElementsAre(100, 105, 110, 115, 200, 250, 300));
  EXPECT_THAT(read.holes, ElementsAre(Mark{3, true, 0, 0, 110}, Mark{4, false, 0, 5, 200},
                                      Mark{5, true, 0, 0, 200}, Mark{6, false, 0, 0, 300}));
}

TEST(TraceDat, MarksAreFoundByTraceCmdToo) {
  for (const bool big : {false, true}) {
    for (const int commit_bytes : {4, 8}) {
      File file;
      file.big = big;
      file.commit_bytes = commit_bytes;
      const std::string cpu0 = Page(file, 100).event(0, Sample{}).str() +
                               Page(file, 200).missed(5).event(0, Sample{}).str();
      const TemporaryFile written(with_streams(file, {cpu0}).str());
      const Read ours = read_path(written.path());
      EXPECT_THAT(ours.holes, ElementsAre(Mark{1, true, 0, 0, 100}, Mark{1, false, 0, 5, 200}));
      const Report theirs = trace_cmd_report(written.path());
      expect_as_trace_cmd(ours, theirs);
      EXPECT_THAT(theirs.lost, ElementsAre(std::pair(0, std::vector<std::uint64_t>{5})));
    }
  }
}

TEST(TraceDat, TheFlagOfAMarkMayHaveASignOrNot) {
  const File file;
  const std::string first = Page(file, 100).event(0, Sample{}).str();
  Page marked(file, 200);
  marked.event(0, Sample{});
  for (const std::uint64_t flag : {std::uint64_t{1} << 31, ~std::uint64_t{0} << 31}) {
    const Read read = read_stream(first + marked.commit(marked.size() + flag).str());
    EXPECT_EQ(read.error, "");
    EXPECT_THAT(read.holes, ElementsAre(Mark{1, true, 0, 0, 100}, Mark{1, false, 0, 0, 200}));
  }
}

TEST(TraceDat, AMarkBeforeTheFirstEventIsAHoleFromTheBeginning) {
  const File file;
  const std::string cpu0 = Page(file, 100).event(0, Sample{}).str();
  const std::string cpu1 = Page(file, 200).missed(9).event(0, Sample{}).str();
  const Read read = read_bytes(with_streams(file, {cpu0, cpu1}).str());
  EXPECT_THAT(read.holes, ElementsAre(Mark{0, true, 1, 0, 100}, Mark{1, false, 1, 9, 200}));
}

TEST(TraceDat, AMarkBehindTheLastEventIsAHoleToTheEnd) {
  const File file;
  const std::string cpu0 = Page(file, 100).event(0, Sample{}).str() +
                           Page(file, 150).missed(9).str() + Page(file, 160).str();
  const std::string cpu1 = Page(file, 200).event(0, Sample{}).str();
  const Read read = read_bytes(with_streams(file, {cpu0, cpu1}).str());
  EXPECT_THAT(read.events, SizeIs(2));
  EXPECT_THAT(read.holes, ElementsAre(Mark{1, true, 0, 0, 100}));
}

TEST(TraceDat, MarksWithoutEventsBetweenThemAreOneHole) {
  const File file;
  const std::string first = Page(file, 100).event(0, Sample{}).str();
  const std::string last = Page(file, 300).missed(3).event(0, Sample{}).str();
  EXPECT_THAT(read_stream(first + Page(file, 200).missed(4).str() + last).holes,
              ElementsAre(Mark{1, true, 0, 0, 100}, Mark{1, false, 0, 7, 300}));
  EXPECT_THAT(read_stream(first + Page(file, 200).missed().str() + last).holes,
              ElementsAre(Mark{1, true, 0, 0, 100}, Mark{1, false, 0, 0, 300}));
}

/// What the kernel says in per_cpu/cpuN/stats.
std::pair<std::uint16_t, std::string> cpu_stat(int cpu, int overrun, int commit_overrun,
                                               int dropped) {
  return {2, cat("CPU: ", cpu, "\nentries: 0\noverrun: ", overrun, "\ncommit overrun: ",
                 commit_overrun, "\nbytes: 0\noldest event ts:  1.000001\nnow ts:  2.000001\n",
                 "dropped events: ", dropped, "\nread events: 17\n\n", '\0')};
}

TEST(TraceDat, OverwrittenEventsAreAHoleAtTheBeginning) {
  for (const int version : {6, 7}) {
    File file;
    file.version = version;
    file.options = {cpu_stat(0, 0, 0, 0), cpu_stat(1, 12, 0, 0)};
    const std::string cpu0 = Page(file, 100).event(0, Sample{}).str();
    const std::string cpu1 =
        Page(file, 200).event(0, Sample{}).str() + Page(file, 300).event(0, Sample{}).str();
    const Read read = read_bytes(with_streams(file, {cpu0, cpu1}).str());
    EXPECT_THAT(read.holes, ElementsAre(Mark{0, true, 1, 0, 100}, Mark{1, false, 1, 0, 200}));
  }
}

TEST(TraceDat, DroppedEventsAreAHoleThroughout) {
  for (const auto& option : {cpu_stat(0, 0, 0, 3), cpu_stat(0, 0, 1, 0), cpu_stat(0, 1, 0, 3)}) {
    File file;
    file.options = {option};
    const std::string cpu0 = Page(file, 100).event(0, Sample{}).str() +
                             Page(file, 300).missed(2).event(0, Sample{}).str();
    const Read read = read_bytes(with_streams(file, {cpu0}).str());
    EXPECT_THAT(read.events, SizeIs(2));
    EXPECT_THAT(read.holes, ElementsAre(Mark{0, true, 0, 0, 100}));
  }
}

TEST(TraceDat, ACpuOfWhichNothingIsLeftIsAHole) {
  File file;
  file.options = {cpu_stat(5, 1, 0, 0)};
  const Read read =
      read_bytes(with_streams(file, {Page(file, 100).event(0, Sample{}).str()}).str());
  EXPECT_THAT(read.holes, ElementsAre(Mark{0, true, 5, 0, 100}));
  const Read nothing = read_bytes(with_streams(file, {}).str());
  EXPECT_THAT(nothing.holes, ElementsAre(Mark{0, true, 5, 0, 0}));
}

TEST(TraceDat, CountersBelongToTheirBuffer) {
  File file;
  file.options = {cpu_stat(0, 5, 0, 0),
                  {2, std::string("\nBuffer: mine\n\n\0", 16)},
                  cpu_stat(0, 0, 0, 0),
                  cpu_stat(1, 5, 0, 0)};
  const std::string stream = Page(file, 100).event(0, Sample{}).str();
  file.buffers = {{"", "mono", {{0, stream}, {1, stream}}},
                  {"mine", "x86-tsc", {{0, stream}, {1, stream}}}};
  const Read top = read_bytes(file.str());
  EXPECT_THAT(top.holes, ElementsAre(Mark{0, true, 0, 0, 100}, Mark{0, false, 0, 0, 100}));
  const Read mine = read_bytes(file.str(), "mine");
  EXPECT_THAT(mine.holes, ElementsAre(Mark{0, true, 1, 0, 100}, Mark{1, false, 1, 0, 100}));
}

// Buffers.

TEST(TraceDat, BuffersAreFoundByName) {
  for (const int version : {6, 7}) {
    File file;
    file.version = version;
    const auto stream = [&](std::uint64_t time) {
      return Page(file, time).event(0, Sample{}).str();
    };
    file.buffers = {{"one", "global", {{0, stream(1)}}},
                    {"", "mono", {{0, stream(2)}}},
                    {"two", "boot", {{0, stream(3)}}}};
    EXPECT_THAT(times(read_bytes(file.str())), ElementsAre(2));
    EXPECT_THAT(times(read_bytes(file.str(), "one")), ElementsAre(1));
    const Read two = read_bytes(file.str(), "two");
    EXPECT_THAT(times(two), ElementsAre(3));
    EXPECT_EQ(two.recording->format(), cat("trace.dat version ", version, ", buffer 'two'"));
    EXPECT_EQ(read_bytes(file.str()).recording->format(),
              cat("trace.dat version ", version, ", the top buffer (there is also 'one', 'two')"));
    EXPECT_EQ(read_bytes(file.str(), "three").open_error,
              version == 6 ? "no buffer 'three'; there is 'one', 'two', the top buffer"
                           : "no buffer 'three'; there is 'one', the top buffer, 'two'");
  }
}

/// A recording of an instance with the clock "mono" was said to be "local": `trace-cmd extract -B`
/// writes for every buffer the clock of the top one.
TEST(TraceDat, OnlyTheClockOfTheTopBufferIsKnown) {
  for (const int version : {6, 7}) {
    File file;
    file.version = version;
    const std::string stream = Page(file, 5).event(0, Sample{}).str();
    file.buffers = {{"", "boot", {{0, stream}}}, {"mine", "boot", {{0, stream}}}};
    EXPECT_EQ(read_bytes(file.str()).recording->clock(), "boot");
    EXPECT_EQ(read_bytes(file.str(), "mine").recording->clock(), "");
  }
}

TEST(TraceDat, TheOnlyBufferWithEventsNeedsNoName) {
  for (const int version : {6, 7}) {
    File file;
    file.version = version;
    const std::string stream = Page(file, 5).event(0, Sample{}).str();
    file.options = {{2, std::string("\nBuffer: one\n\n\0", 15)}, cpu_stat(0, 5, 0, 0)};
    file.buffers = {{"", "mono", {}}, {"one", "global", {{0, stream}}}, {"two", "boot", {}}};
    const Read read = read_bytes(file.str());
    EXPECT_THAT(times(read), ElementsAre(5));
    EXPECT_EQ(read.recording->format(), cat("trace.dat version ", version, ", buffer 'one'"));
    EXPECT_THAT(read.holes, SizeIs(2)) << "its counters are looked at";
    file.buffers[2].streams = {{0, stream}};
    EXPECT_EQ(read_bytes(file.str()).open_error,
              "the top buffer is empty; name the one that you mean: 'one', 'two'");
    EXPECT_THAT(times(read_bytes(file.str(), "two")), ElementsAre(5));
    file.buffers.resize(1);
    const Read nothing = read_bytes(file.str());
    EXPECT_EQ(nothing.open_error + nothing.error, "");
    EXPECT_THAT(nothing.events, IsEmpty());
  }
}

TEST(TraceDat, ALatencyTracersTextIsRefused) {
  for (const int version : {6, 7}) {
    File file;
    file.version = version;
    file.buffers = {{.name = "", .is_text = true}};
    EXPECT_THAT(read_bytes(file.str()).open_error, HasSubstr("text of a latency tracer"));
  }
}

// What is wanted.

class WantSome final : public Interest {
 public:
  explicit WantSome(std::map<std::string, std::vector<Want>> some) : some_(std::move(some)) {}
  std::vector<Want> wants(const RecordedKind& kind) const override {
    ++asked;
    const auto found = some_.find(kind.name);
    return found == some_.end() ? std::vector<Want>() : found->second;
  }
  mutable int asked = 0;

 private:
  std::map<std::string, std::vector<Want>> some_;
};

std::string renamed(std::string format, const std::string& name, const std::string& id) {
  format.replace(format.find("sample"), 6, name);
  format.replace(format.find("300"), 3, id);
  return format;
}

TEST(TraceDat, OnlyWhatIsWantedIsDecoded) {
  File file;
  file.formats.push_back({"test", renamed(built::kSampleFormat, "other", "301")});
  Page page(file, 100);
  page.event(1, Sample{}).event(1, Sample{.type = 301}).event(1, Sample{.pid = 5, .path = "p"});
  const std::string lost = Page(file, 200).missed(2).event(0, Sample{.type = 301}).str();
  file = with_streams(file, {page.str() + lost});
  // The forms that are asked for do not matter: an integer is an integer.
  std::vector<Want> wants(9, Want::nothing);
  wants[4] = Want::text;
  wants[8] = Want::integer;
  const WantSome some({{"sample", wants}});
  const Read read = read_with(memory_input(file.str()), some);
  EXPECT_EQ(some.asked, 2);
  EXPECT_THAT(times(read), ElementsAre(101, 103));
  EXPECT_EQ(read.events[1].field("pid"), "5");
  EXPECT_EQ(read.events[1].field("path"), "p");
  EXPECT_EQ(read.events[1].field("comm"), "nothing");
  EXPECT_EQ(read.events[1].field("name"), "nothing");
  EXPECT_EQ(read.events_read, 4U);
  EXPECT_THAT(read.holes, ElementsAre(Mark{2, true, 0, 0, 103}, Mark{2, false, 0, 2, 200}));
}

TEST(TraceDat, EventsOfAKindThatNobodyDescribesAreCounted) {
  const File file;
  Page page(file, 100);
  page.event(1, Sample{.type = 999}).event(1, Sample{});
  const Read read = read_stream(page.str());
  EXPECT_EQ(read.error, "");
  EXPECT_THAT(times(read), ElementsAre(102));
  EXPECT_EQ(read.events_read, 2U);
  EXPECT_EQ(read.not_understood, 1U);
}

TEST(TraceDat, AFileWithoutFormatsHasEventsAllTheSame) {
  File file;
  file.formats = {};
  const Read read = read_stream(Page(file, 100).event(1, Sample{}).str(), file);
  EXPECT_EQ(read.open_error + read.error, "");
  EXPECT_EQ(read.events_read, 1U);
  EXPECT_EQ(read.not_understood, 1U);
  Page page(file, 100);
  page.padding(1, static_cast<std::uint32_t>(page.room()) - 8).head(0, 1).word(4);
  EXPECT_THAT(read_stream(page.str(), file).error, HasSubstr("an event of 0 bytes"));
}

TEST(TraceDat, FieldsBeyondTheRecordAreUnknown) {
  const File file;
  Sample sample{.pid = 7, .path = "path", .name = "name"};
  Page page(file, 100);
  page.event(1, sample).event(1, sample.bytes(false).substr(0, 32));
  // Where the texts are is wrong: behind the record, or too long.
  std::string wrong = sample.bytes(false);
  wrong.replace(48, 4, built::Bytes(false).u32(4 << 16 | 5000).out);
  wrong.replace(52, 4, built::Bytes(false).u32(5000U << 16 | 16).out);
  page.event(1, wrong).event(1, sample);
  const Read read = read_stream(page.str());
  ASSERT_THAT(read.events, SizeIs(4));
  for (const std::size_t i : {std::size_t{0}, std::size_t{3}}) {
    EXPECT_EQ(read.events[i].field("path"), "path");
    EXPECT_EQ(read.events[i].field("name"), "name");
  }
  EXPECT_EQ(read.events[1].field("pid"), "7");
  EXPECT_EQ(read.events[1].field("count"), "?");
  EXPECT_EQ(read.events[1].field("path"), "?");
  EXPECT_EQ(read.events[2].field("path"), "?");
  EXPECT_EQ(read.events[2].field("name"), "?");
  EXPECT_EQ(read.events[2].field("count"), "0");
}

TEST(TraceDat, FormatsThatMakeNoSenseAreLeftOut) {
  const std::string good = built::kSampleFormat;
  const auto with_field = [](const std::string& line) {
    std::string text = renamed(built::kSampleFormat, "other", "301");
    text.insert(text.find("\tfield:char comm"), "\tfield:" + line + "\n");
    return text;
  };
  for (const std::string& bad :
       {std::string(), std::string("name: other\n"), std::string(5000, 'x'), good.substr(0, 150),
        renamed(good, "o ther", "301"), renamed(good, "other", "-301"),
        renamed(good, "other", "99999"), renamed(good, "other", "301x")}) {
    File file;
    file.formats = {{"test", bad}, {"test", good}};
    const Read read =
        read_bytes(with_streams(file, {Page(file, 1).event(0, Sample{}).str()}).str());
    EXPECT_EQ(read.open_error + read.error, "") << bad;
    ASSERT_THAT(read.events, SizeIs(1));
    EXPECT_THAT(read.recording->all_kinds(), SizeIs(1));
  }
  for (const std::string& line :
       {"int " + std::string(2000, 'x') + ";\toffset:8;\tsize:4;\tsigned:1;",
        std::string("int \x01;\toffset:8;\tsize:4;\tsigned:1;"), std::string("int"),
        std::string("int i;\toffset:-8;\tsize:4;\tsigned:1;"),
        std::string("int i;\toffset:8;\tsize:4;\tsigned:1; x"),
        std::string("int i;\toffset:8;\tsize:99999999999;\tsigned:1;"),
        std::string("integer;\toffset:8;\tsize:4;\tsigned:1;"),
        std::string("*i;\toffset:8;\tsize:4;\tsigned:1;"),
        std::string("char[] i;\toffset:8;\tsize:4;\tsigned:1;"),
        std::string("int i];\toffset:8;\tsize:4;\tsigned:1;"),
        std::string("int i[2;\toffset:8;\tsize:4;\tsigned:1;"),
        std::string("int i[2][3];\toffset:8;\tsize:4;\tsigned:1;"),
        std::string("int i~;\toffset:8;\tsize:4;\tsigned:1;")}) {
    File file;
    file.formats = {{"test", with_field(line)}};
    const Read read = read_bytes(with_streams(file, {}).str());
    ASSERT_EQ(read.open_error, "") << line;
    ASSERT_THAT(read.recording->all_kinds(), SizeIs(1)) << line;
    EXPECT_THAT(read.recording->all_kinds()[0].fields, SizeIs(13)) << line;
  }
  // Fields that cannot be had.
  for (const std::string line :
       {"struct x y;\toffset:8;\tsize:8;\tsigned:0;", "double d;\toffset:8;\tsize:8;\tsigned:0;",
        "int i;\toffset:8;\tsize:3;\tsigned:1;", "u8 mac[6];\toffset:8;\tsize:6;\tsigned:0;",
        "__data_loc u32[] a;\toffset:8;\tsize:4;\tsigned:0;",
        "int i;\toffset:4294967295;\tsize:4;\tsigned:1;",
        "int i;\toffset:8;\tsize:4294967292;\tsigned:1;"}) {
    File file;
    file.formats = {{"test", with_field(line)}};
    const Read read = read_bytes(with_streams(file, {}).str());
    ASSERT_EQ(read.open_error, "") << line;
    ASSERT_THAT(read.recording->all_kinds(), SizeIs(1)) << line;
    ASSERT_THAT(read.recording->all_kinds()[0].fields, SizeIs(14)) << line;
    EXPECT_EQ(read.recording->all_kinds()[0].fields.at(0).form, RecordedField::Form::other) << line;
  }
  File none;
  none.formats = {{"test", "nothing"}};
  EXPECT_THAT(read_bytes(with_streams(none, {}).str()).open_error, HasSubstr("event formats"));
}

TEST(TraceDat, ATextToTheEndOfTheRecordIsRead) {
  File file;
  file.formats = {{"ftrace",
                   "name: print\nID: 5\nformat:\n"
                   "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
                   "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
                   "\tfield:unsigned long ip;\toffset:8;\tsize:8;\tsigned:0;\n"
                   "\tfield:char buf[];\toffset:16;\tsize:0;\tsigned:1;\n\n"
                   "print fmt: \"%ps: %s\", (void *)REC->ip, REC->buf\n"}};
  const std::string record = built::Bytes(false).u16(5).u16(0).u32(1).u64(2).text("hello").out;
  const Read read = read_bytes(with_streams(file, {Page(file, 1).event(0, record).str()}).str());
  ASSERT_THAT(read.events, SizeIs(1));
  EXPECT_EQ(read.events[0].field("buf"), "hello");
  EXPECT_EQ(read.recording->all_kinds()[0].system, "ftrace");
}

TEST(TraceDat, TgidsAreReadWhereTheyAre) {
  File file;
  file.options = {{32, "12 10\n13 10\n"}};
  const Read read = read_bytes(with_streams(file, {}).str());
  ASSERT_NE(read.recording, nullptr);
  EXPECT_EQ(read.recording->tgid(13), 10U);
  EXPECT_EQ(read.recording->tgid(14), kNoProcess);
}

// Damage.

TEST(TraceDat, DamagedPagesAreToldWithTheirPlace) {
  const File file;
  const std::string good = Page(file, 100).event(1, Sample{}).str();
  struct Case {
    const char* says;
    std::string page;
    std::size_t events;
  };
  const auto page = [&] { return std::move(Page(file, 200).event(1, Sample{})); };
  for (const Case& c : std::vector<Case>{
           {"byte 8: the commit size 5000 is larger than the page", page().commit(5000).str(), 0},
           {"byte 8: the commit size 268435536 is larger", page().commit(80 | 1U << 28).str(), 0},
           {"byte 8: the commit size 18446744069414584400 is larger",
            page().commit(0xffffffff00000050).str(), 0},
           {"a record of 80 bytes, but only 40 are committed", page().commit(40).str(), 0},
           {"4 bytes are no record", page().commit(page().size() + 4).str(), 1},
           {"2 bytes are no record", page().commit(page().size() + 2).str(), 1},
           {"a record of 0 bytes", page().commit(page().size() + 8).str(), 1},
           {"a record of 104 bytes, but only 8", page().head(25, 1).word(0).str(), 1},
           {"a record of 4294967300 bytes", page().head(0, 1).word(0xfffffffd).str(), 1},
           {"a padding to the end of the page", page().head(29, 0).word(4).str(), 1},
           {"a padding of 6 bytes", page().head(29, 1).word(6).word(0).str(), 1},
           {"a padding of 0 bytes", page().head(29, 1).word(0).str(), 1},
           {"an event of 4 bytes", page().head(1, 1).word(300).str(), 1},
       }) {
    const std::string whole = with_streams(file, {good + c.page + good}).str();
    const Read read = read_bytes(whole);
    const std::string at = cat("CPU 0, page at 0x", "");
    EXPECT_THAT(read.error, AllOf(StartsWith(at), HasSubstr(c.says))) << c.says;
    EXPECT_THAT(read.events, SizeIs(1 + c.events)) << c.says;
    // What follows on this CPU is unknown.
    EXPECT_THAT(read.holes,
                ElementsAre(Mark{1 + c.events, true, 0, 0, c.events == 0 ? 101U : 201U}))
        << c.says;
  }
}

TEST(TraceDat, TheOtherCpusOfADamagedFileAreReadToTheEnd) {
  const File file;
  const std::string good = Page(file, 100).event(1, Sample{}).str();
  const std::string bad = Page(file, 50).commit(9999).str();
  const Read read = read_bytes(with_streams(file, {bad, good + good, good + bad + good}).str());
  EXPECT_THAT(times(read), ElementsAre(101, 101, 101));
  EXPECT_THAT(read.error, StartsWith("CPU 0, page at 0x"));
  EXPECT_THAT(read.holes, ElementsAre(Mark{0, true, 0, 0, 101}, Mark{3, true, 2, 0, 101}));
}

TEST(TraceDat, TheErrorSaysWhere) {
  const File file;
  const std::string good = Page(file, 100).event(1, Sample{}).str();
  const std::string whole =
      with_streams(file, {good, good + good + Page(file, 200).commit(5000).str()}).str();
  const std::size_t bad_at = whole.find(Page(file, 200).commit(5000).str());
  char offset[32];
  std::snprintf(offset, sizeof offset, "0x%zx", bad_at);
  EXPECT_EQ(read_bytes(whole).error, cat("CPU 1, page at ", offset,
                                         ", byte 8: the commit size 5000 is larger than the page"));
}

TEST(TraceDat, DamagedChunksAreTold) {
  File file;
  file.packing = "zstd";
  file.pages_in_chunk = 1;
  const std::string page = Page(file, 100).event(1, Sample{}).str();
  const std::string whole = with_streams(file, {page + page + page}).str();
  const std::size_t second = whole.find("\x28\xb5\x2f\xfd", whole.rfind(file.packed(page)) - 9) - 8;
  ASSERT_LT(second, whole.size());
  const auto changed = [&](std::size_t at, std::uint32_t value) {
    std::string out = whole;
    return out.replace(at, 4, built::Bytes(false).u32(value).out);
  };
  struct Case {
    const char* says;
    std::string bytes;
  };
  for (const Case& c : std::vector<Case>{
           {"a chunk of 4294967295 bytes, but the file ends", changed(second, 0xffffffff)},
           {"a chunk of 4294967295 bytes, uncompressed", changed(second + 4, 0xffffffff)},
           {"it holds 4096 bytes and not the 8192", changed(second + 4, 8192)},
           {"zstd: Destination buffer is too small", changed(second + 4, 4095)},
           {"zstd: ", changed(second + 8, 0)},
       }) {
    const Read read = read_bytes(c.bytes);
    EXPECT_THAT(read.error, AllOf(StartsWith("CPU 0, at 0x"), HasSubstr(c.says))) << c.says;
    EXPECT_THAT(read.events, SizeIs(2)) << c.says;
  }
}

RC_GTEST_PROP(TraceDatDamage, ARealFileWithChangedBytesIsReadOrRefused, ()) {
  static const std::string whole = content(data("streams/wwnr-b.trace.dat"));
  std::string changed = whole;
  for (int i = *rc::gen::inRange(1, 20); i > 0; --i) {
    changed[*rc::gen::inRange(std::size_t{0}, whole.size())] = *rc::gen::arbitrary<char>();
  }
  if (*rc::gen::inRange(0, 4) == 0) changed.resize(*rc::gen::inRange(std::size_t{0}, whole.size()));
  const Read read = read_bytes(std::move(changed));
  RC_ASSERT(read.events.size() + read.not_understood <= 2 * 20172U);
  RC_ASSERT(read.error.find('\n') == std::string::npos);
}

TEST(TraceDat, FilesThatCannotBeReadSayWhy) {
  const File file = with_streams(File{}, {Page(File{}, 1).event(0, Sample{}).str()});
  const std::string whole = file.str();
  const auto changed = [&](std::size_t at, std::string_view to) {
    return std::string(whole).replace(at, to.size(), to);
  };
  File lzma = file;
  lzma.packing = "lzma";
  File twice = file;
  twice.buffers[0].streams.push_back(twice.buffers[0].streams[0]);
  File big_page = file;
  big_page.page_size = 4096;
  File shift = file;
  shift.options = {{14, built::Bytes(false).u32(1).u32(64).u64(0).out}};
  File many_cpus;
  many_cpus.version = 6;
  many_cpus.version_6_cpus = 8193;
  File high_cpu = file;
  high_cpu.buffers[0].streams[0].first = 8192;
  File many_buffers = file;
  many_buffers.buffers.resize(300);
  const std::size_t none = whole.find("none") + 6;  // where the place of the options stands
  struct Case {
    const char* says;
    std::string bytes;
  };
  for (const Case& c : std::vector<Case>{
           {"at 0x0: the magic takes 10 bytes", "\x17"},
           {"not a trace.dat", changed(0, "x")},
           {"it holds no buffer with events", File{}.str()},
           {"version 8 of trace.dat is not known", changed(10, "8")},
           {"no endianness has number 7", changed(12, "\x07")},
           {"a long of 5 bytes", changed(13, "\x05")},
           {"a page of 0 bytes", changed(14, std::string(4, '\0'))},
           {"a page of 4294967295 bytes", changed(14, std::string(4, '\xff'))},
           {"compressed with lzma", lzma.str()},
           {"the options lead to no header_page", changed(none, std::string(8, '\0'))},
           {"section", changed(none, std::string("\1\0\0\0\0\0\0\0", 8))},
           {"CPU 0 is there twice", twice.str()},
           {"a shift of 64 bits", shift.str()},
           {"8193 CPUs", many_cpus.str()},
           {"a CPU of number 8192", high_cpu.str()},
           {"too many buffers", many_buffers.str()},
           {"no header_page stands here", changed(whole.find("header_page"), "x")},
           {"a header_page that is none", changed(whole.find("timestamp"), "x")},
           {"section 17 stands where 16 should", changed(none + 8, std::string("\x11", 1))},
       }) {
    EXPECT_THAT(read_bytes(c.bytes).open_error, HasSubstr(c.says));
  }
}

TEST(TraceDat, OptionsThatLeadInACircleEnd) {
  const std::string whole = with_streams(File{}, {}).str();
  // The last options lead to where the first ones are.
  const std::size_t start = whole.find("none") + 6;
  std::string changed = whole;
  changed.replace(whole.size() - 8, 8, whole.substr(start, 8));
  EXPECT_THAT(read_bytes(changed).open_error, HasSubstr("the options lead in a circle"));
}

TEST(TraceDat, AnInputThatFailsIsTold) {
  class Failing final : public PeekableInput {
   public:
    const std::string& name() const override { return name_; }
    bool can_rewind() const override { return false; }
    std::uint64_t taken() const override { return 0; }
    std::uint64_t total() const override { return 0; }

   private:
    Result<std::size_t> pull(char*, std::size_t) override {
      return Error(ErrorCode::invalid, "the zstd data are broken");
    }
    Result<> restart() override { return Error(ErrorCode::unsupported, "a pipe"); }
    std::string name_ = "failing";
  };
  EXPECT_EQ(read_with(std::make_unique<Failing>(), want_all).open_error,
            "the zstd data are broken");
}

}  // namespace
}  // namespace swerve
