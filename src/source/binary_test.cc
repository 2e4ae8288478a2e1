#include "source/binary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <utility>
#include <variant>

#include "base/text.h"
#include "source/batch_builder.h"
#include "source/binary_format.h"

namespace swerve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using F = RecordedField;

/// An event as a test writes it, with all its fields.
struct TestEvent {
  std::uint64_t time = 0;
  std::uint32_t cpu = 0;
  std::uint32_t tid = kNoThread;
  std::uint32_t tgid = kNoProcess;
  std::string comm;
  std::uint32_t kind = 0;
  /// A field each; monostate: unknown.
  std::vector<std::variant<std::monostate, std::uint64_t, std::string>> values;
  std::vector<Batch::Hole> holes_before;
};

/// A recording as WantAll sees it.
struct TestTrace {
  std::vector<RecordedKind> kinds;
  std::vector<TestEvent> events;
  std::vector<Batch::Hole> holes_after;
  bool has_tgid = false, has_comm = false;
};

void put_hole(Batch& batch, Batch::Hole hole) {
  hole.before = static_cast<std::uint32_t>(batch.size());
  batch.holes.push_back(hole);
}

std::uint64_t put_text(Batch& batch, std::string_view text) {
  batch.bytes += text;
  return Batch::text_cell(batch.bytes.size() - text.size(), text.size());
}

/// The events in batches of so many.
std::vector<Batch> batches(const TestTrace& trace, std::size_t most) {
  const auto kinds = std::make_shared<const std::vector<RecordedKind>>(trace.kinds);
  std::vector<Batch> out(1);
  for (const TestEvent& event : trace.events) {
    if (out.back().size() == most) out.emplace_back();
    Batch& batch = out.back();
    batch.kinds = kinds;
    batch.tables.resize(kinds->size());
    for (const Batch::Hole& hole : event.holes_before) put_hole(batch, hole);
    batch.time.push_back(event.time);
    batch.cpu.push_back(event.cpu);
    batch.tid.push_back(event.tid);
    if (trace.has_tgid) batch.tgid.push_back(event.tgid);
    if (trace.has_comm) batch.comm.push_back(put_text(batch, event.comm));
    batch.kind.push_back(event.kind);
    Batch::Table& table = batch.tables[event.kind];
    const std::vector<RecordedField>& fields = (*kinds)[event.kind].fields;
    const std::vector<Want> wants = WantAll().wants((*kinds)[event.kind]);
    table.columns.resize(fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      Batch::Column& column = table.columns[i];
      column.form = wants[i];
      if (wants[i] == Want::nothing) continue;
      if (std::holds_alternative<std::monostate>(event.values[i])) {
        column.unknown.resize(table.rows + 1);
        column.unknown.back() = 1;
        column.cells.push_back(0);
      } else if (const auto* text = std::get_if<std::string>(&event.values[i])) {
        column.cells.push_back(put_text(batch, *text));
      } else {
        column.cells.push_back(std::get<std::uint64_t>(event.values[i]));
      }
      if (!column.unknown.empty()) column.unknown.resize(table.rows + 1);
    }
    batch.row.push_back(table.rows++);
  }
  for (const Batch::Hole& hole : trace.holes_after) put_hole(out.back(), hole);
  return out;
}

std::string line(const Batch::Hole& hole) {
  return cat(hole.opens ? "hole opens" : "hole closes", " cpu ", hole.cpu, " lost ", hole.lost,
             " at ", hole.time);
}

/// What an interest should see of a trace, an event or a mark a line.
std::vector<std::string> expected(const TestTrace& trace, const Interest& interest) {
  std::vector<std::string> out;
  for (const TestEvent& event : trace.events) {
    for (const Batch::Hole& hole : event.holes_before) out.push_back(line(hole));
    const RecordedKind& kind = trace.kinds[event.kind];
    const std::vector<Want> wants = interest.wants(kind);
    if (wants.empty()) continue;
    std::string text = cat(event.time, " cpu ", event.cpu, " tid ", event.tid, " tgid ",
                           trace.has_tgid ? event.tgid : kNoProcess, " ",
                           trace.has_comm ? event.comm : "", " ", kind.name);
    for (std::size_t i = 0; i < kind.fields.size(); ++i) {
      const F::Form form = kind.fields[i].form;
      if (wants[i] == Want::nothing || form == F::Form::other) continue;
      text += cat(" ", kind.fields[i].name, "=");
      std::uint64_t number = 0;
      const auto* const word = std::get_if<std::string>(&event.values[i]);
      if (const auto* known = std::get_if<std::uint64_t>(&event.values[i])) {
        text += cat(*known);
      } else if (word == nullptr) {
        text += "?";
      } else if (form == F::Form::text || wants[i] == Want::text) {
        text += cat("'", *word, "'");
      } else {
        text += word_as_integer(*word, number) ? cat(number) : "?";
      }
    }
    out.push_back(text);
  }
  for (const Batch::Hole& hole : trace.holes_after) out.push_back(line(hole));
  return out;
}

/// What is in a batch, in the same words. Checks that the batch is as recording.h has it.
void append_lines(const Batch& batch, std::vector<std::string>& out) {
  const std::size_t size = batch.size();
  EXPECT_LE(size, Batch::kMost);
  for (const auto* const column : {&batch.cpu, &batch.tid, &batch.kind, &batch.row}) {
    EXPECT_EQ(column->size(), size);
  }
  EXPECT_TRUE(batch.tgid.empty() || batch.tgid.size() == size);
  EXPECT_TRUE(batch.comm.empty() || batch.comm.size() == size);
  for (const Batch::Table& table : batch.tables) {
    for (const Batch::Column& column : table.columns) {
      EXPECT_EQ(column.cells.size(), column.form == Want::nothing ? 0 : table.rows);
      EXPECT_TRUE(column.unknown.empty() || column.unknown.size() == table.rows);
    }
  }
  auto hole = batch.holes.begin();
  for (std::size_t i = 0; i < size; ++i) {
    for (; hole != batch.holes.end() && hole->before <= i; ++hole) out.push_back(line(*hole));
    const RecordedKind& kind = batch.kinds->at(batch.kind[i]);
    const Batch::Table& table = batch.tables.at(batch.kind[i]);
    EXPECT_LT(batch.row[i], table.rows);
    std::string text = cat(batch.time[i], " cpu ", batch.cpu[i], " tid ", batch.tid[i], " tgid ",
                           batch.tgid.empty() ? kNoProcess : batch.tgid[i], " ",
                           batch.comm.empty() ? "" : batch.text(batch.comm[i]), " ", kind.name);
    for (std::size_t f = 0; f < kind.fields.size(); ++f) {
      const Batch::Column& column = table.columns.at(f);
      if (column.form == Want::nothing) continue;
      const std::uint64_t cell = column.cells.at(batch.row[i]);
      const bool unknown = !column.unknown.empty() && column.unknown.at(batch.row[i]) != 0;
      text += cat(" ", kind.fields[f].name, "=",
                  unknown                     ? "?"
                  : column.form == Want::text ? cat("'", batch.text(cell), "'")
                                              : cat(cell));
    }
    out.push_back(text);
  }
  for (; hole != batch.holes.end(); ++hole) out.push_back(line(*hole));
}

struct ReadBack {
  std::vector<std::string> lines;
  std::string error;
  std::uint64_t events_read = 0;
  std::unique_ptr<Recording> recording;
};

ReadBack read(std::string bytes, const Interest& interest, bool as_pipe = false) {
  ReadBack out;
  auto opened = open_binary(memory_input(std::move(bytes), !as_pipe), interest);
  if (!opened) {
    out.error = opened.error().message();
    return out;
  }
  out.recording = *std::move(opened);
  Batch batch;
  for (;;) {
    const Result<bool> more = out.recording->next(batch);
    if (!more) out.error = more.error().message();
    out.events_read = batch.events_read;
    if (!more || !*more) break;
    append_lines(batch, out.lines);
  }
  // From then on it is at its end.
  const Result<bool> again = out.recording->next(batch);
  EXPECT_TRUE(again.has_value() && !*again);
  return out;
}

/// Where a trace comes from, as far as a writer asks.
class Names final : public Recording {
 public:
  Result<bool> next(Batch&) override { return false; }
  std::string format() const override { return "a test's list"; }
  bool describes_itself() const override { return !all.empty(); }
  std::vector<RecordedKind> all_kinds() const override { return all; }
  std::string_view comm(std::uint32_t tid) const override {
    return tid == 7 ? "seven" : tid == 9 ? "nine" : "";
  }
  std::uint32_t tgid(std::uint32_t tid) const override { return tid == 7 ? 70 : kNoProcess; }
  std::vector<RecordedKind> all;
};

/// A folder of its own, gone with the test.
class Folder {
 public:
  Folder() : path_(::testing::TempDir() + "binary_test.XXXXXX") {
    EXPECT_NE(::mkdtemp(path_.data()), nullptr);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::string path_;
};

std::string written(const std::vector<Batch>& all, const Recording& names = Names()) {
  const Folder folder;
  const std::string path = folder.file("recording");
  auto writer = BinaryWriter::create(path, "mono");
  EXPECT_TRUE(writer.has_value());
  for (const Batch& batch : all) {
    const Result<> put = writer->put(batch, names);
    EXPECT_TRUE(put.has_value()) << put.error().message();
  }
  const Result<> finished = writer->finish();
  EXPECT_TRUE(finished.has_value()) << finished.error().message();
  auto bytes = read_file(path);
  EXPECT_TRUE(bytes.has_value());
  return *std::move(bytes);
}

std::string written(const TestTrace& trace) { return written(batches(trace, Batch::kMost)); }

/// Wants what a number says: each field nothing, integer or text, or a kind not at all.
class SomeInterest final : public Interest {
 public:
  explicit SomeInterest(std::uint64_t which) : which_(which) {}
  std::vector<Want> wants(const RecordedKind& kind) const override {
    std::uint64_t bits = which_ ^ std::hash<std::string>()(kind.name);
    if (bits % 3 == 0) return {};
    std::vector<Want> out(std::max<std::size_t>(kind.fields.size(), 1));
    for (Want& want : out) {
      static constexpr Want kWants[] = {Want::nothing, Want::integer, Want::integer, Want::text};
      want = kWants[(bits = bits * 0x9e3779b97f4a7c15 + 1) >> 60 & 3];
    }
    return out;
  }

 private:
  std::uint64_t which_;
};

RecordedKind sched_switch() {
  return {"sched",
          "sched_switch",
          {{"prev_comm", F::Form::text, 8, false, "char[16]"},
           {"prev_pid", F::Form::integer, 4, true, "pid_t"},
           {"prev_state", F::Form::integer, 8, true, "long"},
           {"next_pid", F::Form::integer, 4, true, "pid_t"}}};
}
RecordedKind said() { return {"", "said", {{"word", F::Form::word}, {"list", F::Form::other}}}; }
RecordedKind tick() { return {"timer", "tick", {}}; }

TestTrace small_trace() {
  TestTrace trace;
  trace.kinds = {sched_switch(), said(), tick()};
  using Values = decltype(TestEvent::values);
  trace.events = {
      {1000,
       0,
       7,
       70,
       "a",
       0,
       Values{"a", std::uint64_t{7}, std::uint64_t{1}, std::uint64_t{9}},
       {}},
      {1001, 1, 9, 0, "b", 1, Values{"S", std::monostate()}, {}},
      {1001, 3, 9, 0, "b", 2, Values{}, {{0, true, 3, 0, 1000}, {0, false, 3, 12, 1001}}},
      {999,
       0,
       kNoThread,
       0,
       "",
       0,
       Values{"", ~std::uint64_t{0}, std::monostate(), std::uint64_t{0}},
       {}},
  };
  trace.holes_after = {{0, true, kEveryCpu, 0, 1002}};
  return trace;
}

TEST(Binary, EventsComeBackAsTheyWereWritten) {
  const TestTrace trace = small_trace();
  const std::string bytes = written(trace);
  EXPECT_TRUE(is_binary(bytes));
  const ReadBack back = read(bytes, WantAll());
  EXPECT_EQ(back.error, "");
  EXPECT_EQ(back.events_read, 4);
  EXPECT_THAT(
      back.lines,
      ElementsAre("1000 cpu 0 tid 7 tgid 0  sched_switch prev_comm='a' prev_pid=7 "
                  "prev_state=1 next_pid=9",
                  "1001 cpu 1 tid 9 tgid 0  said word='S'", "hole opens cpu 3 lost 0 at 1000",
                  "hole closes cpu 3 lost 12 at 1001", "1001 cpu 3 tid 9 tgid 0  tick",
                  "999 cpu 0 tid 4294967295 tgid 0  sched_switch prev_comm='' "
                  "prev_pid=18446744073709551615 prev_state=? next_pid=0",
                  "hole opens cpu 4294967295 lost 0 at 1002"));
}

TEST(Binary, WhatIsKnownApartFromEventsComesBack) {
  const ReadBack back = read(written(small_trace()), WantAll());
  const Recording& recording = *back.recording;
  EXPECT_EQ(recording.clock(), "mono");
  EXPECT_EQ(recording.format(), "Swerve's recording, version 1, of a test's list");
  EXPECT_EQ(recording.comm(7), "seven");
  EXPECT_EQ(recording.tgid(7), 70);
  EXPECT_EQ(recording.comm(9), "nine") << "also for a thread of which only a field tells";
  EXPECT_EQ(recording.comm(8), "");
  EXPECT_EQ(recording.tgid(9), kNoProcess);
  EXPECT_FALSE(recording.describes_itself());
}

TEST(Binary, AllKindsAreThereFromTheStartWhereTheSourceKnewThem) {
  Names names;
  names.all = {tick(), said(), sched_switch()};
  const std::string bytes = written(batches(small_trace(), 4096), names);
  const WantAll all;
  auto recording = open_binary(memory_input(bytes), all);
  ASSERT_TRUE(recording.has_value());
  EXPECT_TRUE((*recording)->describes_itself());
  EXPECT_EQ((*recording)->all_kinds(), names.all);
  EXPECT_EQ(read(bytes, WantAll()).lines, expected(small_trace(), WantAll()));
}

TEST(Binary, KindsOfABatchGrow) {
  TestTrace trace;
  for (std::uint32_t i = 0; i < 100; ++i) {
    trace.kinds.push_back({"", cat("kind", i), {{"x", F::Form::integer}}});
  }
  for (std::uint32_t i = 0; i < 100; ++i) {
    trace.events.push_back({i, 0, 1, 0, "", i, {std::uint64_t{i} << i % 64}, {}});
  }
  EXPECT_EQ(read(written(batches(trace, 10)), WantAll()).lines, expected(trace, WantAll()));
}

TEST(Binary, SmallBatchesBecomeLargeBlocks) {
  TestTrace trace;
  trace.kinds = {tick()};
  for (std::uint64_t i = 0; i < 10000; ++i) trace.events.push_back({i, 0, 1, 0, "", 0, {}, {}});
  const std::string bytes = written(batches(trace, 7));
  EXPECT_LT(bytes.size(), 25000);
  const WantAll all;
  auto recording = open_binary(memory_input(bytes), all);
  Batch batch;
  std::vector<std::size_t> sizes;
  while (*(*recording)->next(batch)) sizes.push_back(batch.size());
  EXPECT_THAT(sizes, ElementsAre(4096, 4096, 1808));
}

TEST(Binary, AnEmptyRecordingIsOne) {
  const ReadBack back = read(written(std::vector<Batch>()), WantAll());
  EXPECT_EQ(back.error, "");
  EXPECT_THAT(back.lines, IsEmpty());
}

TEST(Binary, EventsThatNobodyWantsAreCounted) {
  class NoSwitches final : public Interest {
   public:
    std::vector<Want> wants(const RecordedKind& kind) const override {
      return kind.name == "sched_switch" ? std::vector<Want>() : WantAll().wants(kind);
    }
  };
  const ReadBack back = read(written(small_trace()), NoSwitches());
  EXPECT_EQ(back.events_read, 4);
  EXPECT_THAT(
      back.lines,
      ElementsAre("1001 cpu 1 tid 9 tgid 0  said word='S'", "hole opens cpu 3 lost 0 at 1000",
                  "hole closes cpu 3 lost 12 at 1001", "1001 cpu 3 tid 9 tgid 0  tick",
                  "hole opens cpu 4294967295 lost 0 at 1002"));
}

TEST(Binary, WordsAreReadAsIntegersAndAsText) {
  struct AsIntegers final : Interest {
    std::vector<Want> wants(const RecordedKind& kind) const override {
      return std::vector<Want>(kind.fields.size(), Want::integer);
    }
  };
  struct EitherWay final : Interest {
    std::vector<Want> wants(const RecordedKind& kind) const override {
      return std::vector<Want>(kind.fields.size(), Want::either);
    }
  };
  const std::vector<std::vector<std::string>> columns = {
      {"1", "2", "18446744073709551615"},  // are written as numbers
      {"-1", "5", "-9223372036854775808", "9223372036854775807"},
      {"-1", "18446744073709551615"},  // no one kind of number has both
      {"1", "01"},
      {"1", "+1"},
      {"0x10", "16"},
      {"-0", "0"},
      {"", "0"},
      {"S", "R+", "0"},
      {"18446744073709551616", "-9223372036854775809"},
  };
  for (const auto& column : columns) {
    TestTrace trace;
    trace.kinds = {said()};
    for (const std::string& word : column) {
      trace.events.push_back({1, 0, 1, 0, "", 0, {word, std::monostate()}, {}});
      trace.events.push_back({1, 0, 1, 0, "", 0, {std::monostate(), std::monostate()}, {}});
    }
    const std::string bytes = written(trace);
    EXPECT_EQ(read(bytes, WantAll()).lines, expected(trace, WantAll())) << column[0];
    EXPECT_EQ(read(bytes, AsIntegers()).lines, expected(trace, AsIntegers())) << column[0];
    const bool as_numbers = &column - columns.data() < 2;
    EXPECT_EQ(read(bytes, EitherWay()).lines,
              as_numbers ? expected(trace, AsIntegers()) : expected(trace, WantAll()))
        << column[0];
  }
}

TEST(Binary, FieldsThatWereNotDeliveredAreUnknown) {
  class Nothing final : public Interest {
   public:
    std::vector<Want> wants(const RecordedKind& kind) const override {
      return std::vector<Want>(kind.fields.size() + 1, Want::nothing);
    }
  };
  const TestTrace trace = small_trace();
  const Nothing nothing;
  auto recording = open_binary(memory_input(written(trace)), nothing);
  std::vector<Batch> all(1);
  while (*(*recording)->next(all.back())) all.emplace_back();
  all.pop_back();
  EXPECT_THAT(read(written(all, **recording), WantAll()).lines.at(0),
              "1000 cpu 0 tid 7 tgid 0  sched_switch prev_comm=? prev_pid=? prev_state=? "
              "next_pid=?");
}

TEST(Binary, LongTextsAndManyFieldsAreSplitIntoBlocks) {
  TestTrace trace;
  trace.kinds = {{"", "long", {{"text", F::Form::text}}}, {"", "wide", {}}};
  for (int i = 0; i < 5000; ++i) trace.kinds[1].fields.push_back({cat("f", i)});
  for (std::uint64_t i = 0; i < 300; ++i) {
    trace.events.push_back(
        {i, 0, 1, 0, "", 0, {std::string(100000, static_cast<char>('a' + i % 26)) + cat(i)}, {}});
    trace.events.push_back({i, 0, 1, 0, "", 1, {}, {}});
    trace.events.back().values.assign(5000, i);
  }
  const std::string bytes = written(batches(trace, 50));
  EXPECT_TRUE(read(bytes, WantAll()).lines == expected(trace, WantAll()));
}

TEST(Binary, AnEventThatIsTooLargeIsRefused) {
  TestTrace trace;
  trace.kinds = {{"", "long", {{"text", F::Form::text}}}};
  trace.events = {{1, 0, 1, 0, "", 0, {std::string(17U << 20, 'x')}, {}}};
  const Folder folder;
  {
    auto writer = BinaryWriter::create(folder.file("recording"), "");
    ASSERT_TRUE(writer->put(batches(trace, 1)[0], Names()).has_value());
    const Result<> finished = writer->finish();
    ASSERT_FALSE(finished.has_value());
    EXPECT_EQ(finished.error().message(), "an event is larger than a recording can have");
  }
  EXPECT_EQ(folder.files(), 0);
}

TEST(Binary, AFileIsThereWhenItIsWhole) {
  const Folder folder;
  const std::string path = folder.file("recording");
  {
    auto writer = BinaryWriter::create(path, "");
    ASSERT_TRUE(writer->put(batches(small_trace(), 4096)[0], Names()).has_value());
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  EXPECT_EQ(folder.files(), 0);
  auto writer = BinaryWriter::create(path, "");
  ASSERT_TRUE(writer->put(batches(small_trace(), 4096)[0], Names()).has_value());
  ASSERT_TRUE(writer->finish().has_value());
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_EQ(folder.files(), 1);
  EXPECT_EQ(BinaryWriter::create(folder.file("none/recording"), "").error().code(),
            ErrorCode::not_found);
}

// A file is mapped, and what it no longer has is read as zeros.
TEST(Binary, AFileThatIsCutShortWhileItIsReadIsAnError) {
  TestTrace trace = small_trace();
  const std::vector<TestEvent> some = trace.events;
  for (int i = 0; i < 3000; ++i) trace.events.insert(trace.events.end(), some.begin(), some.end());
  const Folder folder;
  const std::string path = folder.file("recording");
  auto writer = BinaryWriter::create(path, "");
  for (const Batch& one : batches(trace, Batch::kMost)) {
    ASSERT_TRUE(writer->put(one, Names()).has_value());
  }
  ASSERT_TRUE(writer->finish().has_value());
  const WantAll all;
  auto recording = open_binary(open_input(path).value(), all);
  ASSERT_TRUE(recording.has_value());
  Batch batch;
  ASSERT_TRUE((*recording)->next(batch).value());
  ASSERT_EQ(::truncate(path.c_str(), 100), 0);
  Result<bool> more = true;
  while (more && *more) more = (*recording)->next(batch);
  ASSERT_FALSE(more.has_value());
  EXPECT_THAT(more.error().message(), HasSubstr("the file was cut short while it was read"));
}

TEST(Binary, AFullDiskIsAnError) {
  auto writer = BinaryWriter::create("/dev/full", "");
  ASSERT_TRUE(writer.has_value());
  ASSERT_TRUE(writer->put(batches(small_trace(), 4096)[0], Names()).has_value());
  const Result<> finished = writer->finish();
  ASSERT_FALSE(finished.has_value());
  EXPECT_THAT(finished.error().message(), HasSubstr("No space left"));
}

// What follows is about files that are not as the writer makes them.

/// Makes blocks with right sums, whatever is in them.
class Forger {
 public:
  Forger() {
    bytes = binary::kMagic;
    binary::append(bytes, binary::kVersion);
    binary::append(bytes, std::uint32_t{0});
  }
  void block(std::string_view type, std::string front, std::string_view columns = {}) {
    front.resize(binary::padded(front.size()));
    binary::append(bytes, binary::type_of(type));
    binary::append(bytes, static_cast<std::uint32_t>(front.size()));
    binary::append(bytes, static_cast<std::uint32_t>(columns.size()));
    binary::append(bytes, binary::check_of_front(front, blocks++, binary::type_of(type),
                                                 static_cast<std::uint32_t>(columns.size())));
    bytes += front;
    bytes += columns;
  }
  std::string bytes;
  std::uint64_t blocks = 0;
};

template <typename... T>
std::string numbers(T... values) {
  std::string out;
  (binary::append(out, values), ...);
  return out;
}

TEST(Binary, OtherFilesAndVersionsAreRefused) {
  const std::string good = written(small_trace());
  EXPECT_FALSE(is_binary(good.substr(0, 7)));
  EXPECT_EQ(read("abc", WantAll()).error,
            "byte 0: the recording was cut off: it ends at byte 3, without its end mark");
  EXPECT_EQ(read(std::string(100, 'x'), WantAll()).error, "byte 0: not one of Swerve's recordings");
  std::string newer = good;
  newer[8] = 2;
  EXPECT_EQ(read(newer, WantAll()).error,
            "byte 0: version 2 of the format, but this swerve reads version 1");
  EXPECT_THAT(read(good + "x", WantAll()).error,
              HasSubstr("something follows the end of the recording"));
  EXPECT_EQ(read(good + "x", WantAll()).lines, expected(small_trace(), WantAll()));
}

/// A block of events as a forger likes it; at first it is right: two events of kind 0, which has
/// one text.
struct ForgedEvents {
  struct Column {
    std::uint8_t form = 1, width = 0, unknown = 0, in_table = 0;
    std::uint64_t base = 0;
    std::string data = {};
  };
  std::uint32_t events = 2, texts = 1, text_bytes = 3, flags = 0;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> tables = {{0, 2}};  // kind, rows
  std::vector<Batch::Hole> holes;
  Column text_sizes{1, 0, 0, 0, 3, {}}, text{1, 1, 0, 0, 0, std::string("abc\0\0\0\0\0", 8)};
  Column time, cpu, tid, kind, tgid, comm;
  std::vector<Column> fields = {{4, 0, 0, 0, 0, {}}};

  void add_to(Forger& out) const {
    std::string front =
        numbers(events, static_cast<std::uint32_t>(holes.size()),
                static_cast<std::uint32_t>(tables.size()), texts, text_bytes, flags);
    for (const Batch::Hole& h : holes) {
      front += numbers(h.before, h.cpu, std::uint64_t{h.opens}, h.lost, h.time);
    }
    for (const auto& [number, rows] : tables) front += numbers(number, rows);
    std::string bytes;
    std::uint64_t at = 0;
    const auto add = [&](const Column& c) {
      front += numbers(c.form, c.width, c.unknown, c.in_table,
                       binary::check_of(c.data, binary::place(out.blocks, at++)), c.base);
      bytes += c.data;
    };
    for (const Column* c : {&text_sizes, &text, &time, &cpu, &tid, &kind}) add(*c);
    if ((flags & 1) != 0) add(tgid);
    if ((flags & 2) != 0) add(comm);
    for (const Column& c : fields) add(c);
    out.block("EVNT", front, bytes);
  }
};

std::string string16(std::string_view text) {
  return numbers(static_cast<std::uint16_t>(text.size())) + std::string(text);
}

/// A column of bytes.
std::string padded(std::vector<char> values) {
  values.resize(binary::padded(values.size()));
  return {values.begin(), values.end()};
}

/// A file with kinds 0 (one text), 1 (nothing) and 2 (nothing), and those events.
ReadBack forged(const ForgedEvents& events, std::uint64_t in_all = 2) {
  Forger out;
  out.block("HEAD", numbers(std::uint32_t{0}) + string16("mono") + string16("x"));
  out.block("KIND", numbers(std::uint32_t{3}) + string16("") + string16("say") +
                        numbers(std::uint32_t{1}) + string16("text") + string16("") +
                        numbers(std::uint8_t{1}, std::uint8_t{8}, std::uint8_t{0}) + string16("") +
                        string16("one") + numbers(std::uint32_t{0}) + string16("") +
                        string16("two") + numbers(std::uint32_t{0}));
  events.add_to(out);
  out.block("DONE", numbers(in_all, std::uint64_t{events.holes.size()}));
  return read(out.bytes, WantAll());
}

TEST(Binary, ForgedBlocksOfEventsAreRefused) {
  const ReadBack right = forged(ForgedEvents());
  EXPECT_EQ(right.error, "");
  EXPECT_THAT(right.lines, ElementsAre("0 cpu 0 tid 0 tgid 0  say text='abc'",
                                       "0 cpu 0 tid 0 tgid 0  say text='abc'"));
  EXPECT_THAT(forged(ForgedEvents(), 3).error,
              HasSubstr("the end mark counts other events than there were"));

  struct Case {
    const char* error;
    void (*forge)(ForgedEvents&);
  };
  static constexpr Case kCases[] = {
      {"a wrong block of events", [](ForgedEvents& e) { e.events = 4097; }},
      {"a wrong block of events", [](ForgedEvents& e) { e.texts = (1U << 20) + 1; }},
      {"a wrong block of events",
       [](ForgedEvents& e) {
         e.tables.assign(3, {0, 1});
       }},
      {"a wrong mark of lost events",
       [](ForgedEvents& e) {
         e.holes = {{3, true, 0, 0, 0}};
       }},
      {"a wrong mark of lost events",
       [](ForgedEvents& e) {
         e.holes = {{2, true, 0, 0, 0}, {1, false, 0, 0, 0}};
       }},
      {"a wrong table of events",
       [](ForgedEvents& e) {
         e.tables = {{3, 2}};
       }},
      {"a wrong table of events",
       [](ForgedEvents& e) {
         e.tables = {{0, 0}, {1, 2}};
       }},
      {"a wrong table of events",
       [](ForgedEvents& e) {
         e.tables = {{0, 1}, {0, 1}};
       }},
      {"a wrong table of events",
       [](ForgedEvents& e) {
         e.tables = {{1, 1}, {0, 1}};
       }},
      {"wrong tables of events",
       [](ForgedEvents& e) {
         e.tables = {{0, 1}};
       }},
      {"wrong tables of events",
       [](ForgedEvents& e) {
         e.tables = {{0, 0xfffffffe}, {1, 4}};
       }},
      {"wrong columns", [](ForgedEvents& e) { e.fields.clear(); }},
      {"wrong columns", [](ForgedEvents& e) { e.fields.emplace_back(); }},
      {"wrong columns", [](ForgedEvents& e) { e.time.width = 3; }},
      {"wrong columns", [](ForgedEvents& e) { e.time.width = 8; }},
      {"wrong columns",
       [](ForgedEvents& e) {
         e.time.data = padded({0, 1});
       }},
      {"wrong columns", [](ForgedEvents& e) { e.time.form = 0; }},
      {"wrong columns", [](ForgedEvents& e) { e.fields[0].form = 5; }},
      {"wrong columns", [](ForgedEvents& e) { e.fields[0].unknown = 2; }},
      {"wrong columns", [](ForgedEvents& e) { e.flags = 2; }},  // comm must be texts
      {"a wrong list of texts", [](ForgedEvents& e) { e.text_sizes.base = 4; }},
      {"a wrong list of texts", [](ForgedEvents& e) { e.text_sizes.base = ~std::uint64_t{0}; }},
      {"a wrong list of texts", [](ForgedEvents& e) { e.text.width = 2, e.text_bytes = 4; }},
      {"a text that is not in the list", [](ForgedEvents& e) { e.fields[0].base = 1; }},
      {"a text that is not in the list", [](ForgedEvents& e) { e.texts = 0; }},
      {"a column of the wrong form for text", [](ForgedEvents& e) { e.fields[0].form = 1; }},
      {"a column of the wrong form for text", [](ForgedEvents& e) { e.fields[0].form = 2; }},
      {"the kinds of the events do not fit", [](ForgedEvents& e) { e.kind.base = 1; }},
      {"the kinds of the events do not fit", [](ForgedEvents& e) { e.kind.base = 1U << 31; }},
      {"the kinds of the events do not fit",
       [](ForgedEvents& e) {
         e.kind.width = 1, e.kind.data = padded({0, 1});
       }},
      {"the kinds of the events do not fit",
       [](ForgedEvents& e) {
         e.tables = {{1, 1}, {2, 1}};
         e.fields.clear();
         e.kind.base = 1;
       }},
      {"the kinds of the events do not fit",
       [](ForgedEvents& e) {
         e.events = 3;
         e.tables = {{0, 1}, {1, 1}, {2, 1}};
         e.kind.width = 1;
         e.kind.data = padded({2, 2});
       }},
  };
  for (const Case& c : kCases) {
    ForgedEvents events;
    c.forge(events);
    const ReadBack back = forged(events);
    EXPECT_THAT(back.error, HasSubstr(c.error)) << "case " << &c - kCases;
    EXPECT_THAT(back.lines, IsEmpty());
  }
}

// A small file can have many values, and a batch keeps its memory from block to block.
TEST(Binary, ManyKindsOfManyFieldsStayInBoundedMemory) {
  constexpr std::uint32_t kKinds = 30, kFields = 250;
  Forger out;
  out.block("HEAD", numbers(std::uint32_t{0}) + string16("") + string16(""));
  for (std::uint32_t k = 0; k < kKinds; ++k) {
    std::string kind =
        numbers(std::uint32_t{1}) + string16("") + string16(cat(k)) + numbers(kFields);
    for (std::uint32_t f = 0; f < kFields; ++f) {
      kind += string16(cat(f)) + string16("") +
              numbers(std::uint8_t{0}, std::uint8_t{8}, std::uint8_t{0});
    }
    out.block("KIND", kind);
    ForgedEvents events;
    events.events = 4096;
    events.tables = {{k, 4096}};
    events.kind.base = k;
    events.fields.assign(kFields, {});
    events.add_to(out);
  }
  EXPECT_LT(out.bytes.size(), 300'000);
  const WantAll all;
  auto recording = open_binary(memory_input(out.bytes), all);
  Batch batch;
  std::size_t events = 0;
  while (*(*recording)->next(batch)) {
    events += batch.size();
    std::size_t cells = 0;
    for (const Batch::Table& table : batch.tables) {
      for (const Batch::Column& column : table.columns) cells += column.cells.capacity();
    }
    ASSERT_LE(cells, 5 * binary::kMostCells);
    if (events == kKinds * 4096) break;  // there is no end mark
  }
  EXPECT_EQ(events, kKinds * 4096);
}

TEST(Binary, ForgedBlocksOfOtherTypesAreRefused) {
  const std::string head = numbers(std::uint32_t{0}) + string16("") + string16("");
  const auto kind = [](std::uint32_t fields, std::uint8_t form, std::uint8_t bytes) {
    return numbers(std::uint32_t{1}) + string16("") + string16("k") + numbers(fields) +
           string16("f") + string16("") + numbers(form, bytes, std::uint8_t{0});
  };
  struct Case {
    const char* error;
    const char* type;
    std::string front;
  };
  const std::vector<Case> cases = {
      {"a block of a type that is not known", "WHAT", ""},
      {"a block of a type that is not known", "HEAD", head},
      {"a wrong field of k", "KIND", kind(1, 4, 8)},
      {"a wrong field of k", "KIND", kind(1, 0, 9)},
      {"a wrong field of k", "KIND", kind(1, 0, 0)},
      {"a wrong field of k", "KIND", kind(9, 0, 8)},
      {"wrong kinds of events, or more", "KIND", kind(0xffffffff, 0, 8)},
      {"wrong kinds of events, or more", "KIND", numbers(std::uint32_t{1}, std::uint16_t{9999})},
      {"wrong kinds of events, or more", "KIND",
       numbers(std::uint32_t{20000}) + std::string(20000 * 8, '\0')},
      {"a wrong list of threads", "TASK", numbers(std::uint32_t{2}, 1, 1, std::uint16_t{0})},
      {"a wrong block of events", "EVNT", ""},
      {"the end mark counts other events", "DONE", ""},
  };
  for (const Case& c : cases) {
    Forger out;
    out.block("HEAD", head);
    out.block(c.type, c.front);
    EXPECT_THAT(read(out.bytes, WantAll()).error, HasSubstr(c.error))
        << "case " << &c - cases.data();
  }
  Forger headless;
  headless.block("KIND", numbers(std::uint32_t{0}));
  EXPECT_EQ(read(headless.bytes, WantAll()).error, "byte 16: the first block is not the head");
  Forger without_kinds;
  without_kinds.block("HEAD", numbers(std::uint32_t{1}) + string16("") + string16(""));
  without_kinds.block("DONE", numbers(std::uint64_t{0}, std::uint64_t{0}));
  EXPECT_THAT(read(without_kinds.bytes, WantAll()).error,
              HasSubstr("the kinds of all events do not come first"));
  Forger large;
  large.block("HEAD", head);
  large.bytes += numbers(binary::kDone, 0xfffffff8, 8, 0);
  EXPECT_THAT(read(large.bytes, WantAll(), true).error, HasSubstr("no block has such a size"));
}

/// Any trace: several kinds with fields of all forms, some values unknown, marks of lost events.
rc::Gen<TestTrace> any_trace() {
  using rc::gen::arbitrary;
  return rc::gen::exec([] {
    TestTrace trace;
    const auto below = [](int most) { return *rc::gen::inRange(0, most); };
    const std::vector<std::string> texts = {
        "",  "sh", "bash", "a b", "\xff\n", "0", "1", "-5", "17", "0x1f", "18446744073709551615",
        "R+"};
    const int kinds = below(5) + 1;
    for (int k = 0; k < kinds; ++k) {
      RecordedKind kind{k % 2 == 0 ? "sys" : "", cat("kind", k), {}};
      const int fields = below(4);
      for (int f = 0; f < fields; ++f) {
        kind.fields.push_back({cat("f", f), static_cast<F::Form>(below(4)),
                               static_cast<std::uint8_t>(below(8) + 1), below(2) == 0, "type"});
      }
      trace.kinds.push_back(kind);
    }
    trace.has_tgid = below(2) == 0;
    trace.has_comm = below(2) == 0;
    const std::uint64_t spread = std::uint64_t{1} << below(64);
    const bool words_are_numbers = below(2) == 0, some_unknown = below(2) == 0;
    const int events = below(60);
    for (int i = 0; i < events; ++i) {
      TestEvent event;
      event.time = *arbitrary<std::uint64_t>() % spread;
      event.cpu = static_cast<std::uint32_t>(below(3));
      event.tid = below(9) == 0 ? kNoThread : static_cast<std::uint32_t>(below(300));
      event.tgid = static_cast<std::uint32_t>(below(4));
      event.comm = texts[static_cast<std::size_t>(below(4))];
      event.kind = static_cast<std::uint32_t>(below(kinds));
      for (const RecordedField& field : trace.kinds[event.kind].fields) {
        if (field.form == F::Form::other || (some_unknown && below(5) == 0)) {
          event.values.emplace_back();
        } else if (field.form == F::Form::integer) {
          event.values.emplace_back(*arbitrary<std::uint64_t>() % spread - (below(2) == 0 ? 1 : 0));
        } else if (field.form == F::Form::word && words_are_numbers) {
          event.values.emplace_back(cat(below(1000) - 500));
        } else {
          event.values.emplace_back(texts[static_cast<std::size_t>(below(12))]);
        }
      }
      if (below(20) == 0) event.holes_before = {{0, below(2) == 0, 1, 5, 7}, {0, false, 2, 0, 9}};
      trace.events.push_back(event);
    }
    if (below(3) == 0) trace.holes_after = {{0, true, 1, 0, 7}};
    return trace;
  });
}

RC_GTEST_PROP(BinaryProperty, WhatIsWrittenIsReadBackForAnyInterest, ()) {
  const TestTrace trace = *any_trace();
  const std::string bytes =
      written(batches(trace, static_cast<std::size_t>(*rc::gen::inRange(1, 40))));
  const bool as_pipe = *rc::gen::arbitrary<bool>();
  const ReadBack all = read(bytes, WantAll(), as_pipe);
  RC_ASSERT(all.error == "");
  RC_ASSERT(all.lines == expected(trace, WantAll()));
  const SomeInterest some(*rc::gen::arbitrary<std::uint64_t>());
  const ReadBack part = read(bytes, some, as_pipe);
  RC_ASSERT(part.error == "");
  RC_ASSERT(part.lines == expected(trace, some));
  RC_ASSERT(part.events_read == trace.events.size());
}

RC_GTEST_PROP(BinaryProperty, DamageIsNoticedAndNeverMakesOtherEvents, ()) {
  // Blocks of five events: what is known of one and not of the next does not go into one block.
  TestTrace trace = *any_trace();
  trace.has_tgid = true;
  for (std::size_t i = 0; i < trace.events.size(); ++i) {
    if (i / 5 % 2 == 1) trace.events[i].tgid = kNoProcess;
  }
  std::vector<Batch> all_batches = batches(trace, 5);
  for (std::size_t i = 1; i < all_batches.size(); i += 2) all_batches[i].tgid.clear();
  std::string bytes = written(all_batches);
  const auto at = static_cast<std::size_t>(*rc::gen::inRange<std::size_t>(0, bytes.size()));
  const bool cut = *rc::gen::inRange(0, 4) == 0;
  if (cut) {
    bytes.resize(at);
  } else {
    bytes[at] = static_cast<char>(bytes[at] ^ 1 << *rc::gen::inRange(0, 8));
  }
  const ReadBack all = read(bytes, WantAll());
  RC_ASSERT(all.error != "");
  const auto is_prefix = [](const std::vector<std::string>& a, const std::vector<std::string>& b) {
    return a.size() <= b.size() && std::equal(a.begin(), a.end(), b.begin());
  };
  RC_ASSERT(is_prefix(all.lines, expected(trace, WantAll())));
  // Columns that nobody wants are not looked at.
  const SomeInterest some(*rc::gen::arbitrary<std::uint64_t>());
  const ReadBack part = read(bytes, some);
  const std::vector<std::string> right = expected(trace, some);
  RC_ASSERT((part.error.empty() ? part.lines == right : is_prefix(part.lines, right)));
}
}  // namespace
}  // namespace swerve
