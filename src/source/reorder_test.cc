#include "source/reorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "base/text.h"

namespace swerve {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

/// An event or a mark, in the order of the recording.
struct Entry {
  std::uint64_t time = 0;
  std::uint32_t cpu = 0;
  std::uint64_t number = 0;  // the value of its field
  std::uint32_t kind = 0;
  std::string text;
  bool unknown = false;
  bool mark = false, opens = false;
  std::uint64_t lost = 0;
};
Entry event(std::uint64_t time, std::uint64_t number = 0, std::uint32_t cpu = 0) {
  return {time, cpu, number, 0, cat("text ", number)};
}
Entry opens(std::uint64_t time, std::uint32_t cpu) {
  return {.time = time, .cpu = cpu, .mark = true, .opens = true};
}
Entry closes(std::uint64_t time, std::uint32_t cpu, std::uint64_t lost = 0) {
  return {.time = time, .cpu = cpu, .mark = true, .lost = lost};
}

std::string shown(const Entry& e) {
  if (e.mark) return cat(e.opens ? "{" : "}", e.cpu, " @", e.time, " lost ", e.lost);
  return cat(e.time, " [", e.cpu, "] kind ", e.kind, " ", e.unknown ? "?" : cat(e.number), " ",
             e.text);
}

/// Plays entries, in batches of those sizes (the last one for all that are left).
class Played final : public Recording {
 public:
  Played(std::vector<Entry> entries, std::vector<std::size_t> sizes)
      : entries_(std::move(entries)), sizes_(std::move(sizes)) {
    kinds_ = std::make_shared<std::vector<RecordedKind>>();
    const std::vector<RecordedField> fields = {{"number", RecordedField::Form::integer},
                                               {"not_wanted", RecordedField::Form::integer},
                                               {"text", RecordedField::Form::text}};
    for (const char* name : {"a", "b", "c"}) kinds_->push_back({"test", name, fields});
  }
  Result<bool> next(Batch& out) override {
    out.clear();
    if (at_ == entries_.size()) {
      if (error) return *error;
      return false;
    }
    const std::size_t size = sizes_.empty()           ? Batch::kMost
                             : batch_ < sizes_.size() ? sizes_[batch_]
                                                      : sizes_.back();
    const std::size_t end = std::min(entries_.size(), at_ + size);
    for (; at_ < end; ++at_) put(entries_[at_], out);
    out.kinds = kinds_;
    out.bytes_read = 10 * at_;
    out.events_read = at_;
    out.not_understood = ++batch_;
    return true;
  }
  std::string format() const override { return "played"; }
  std::string clock() const override { return "mono"; }
  std::string_view comm(std::uint32_t tid) const override { return tid == 7 ? "seven" : ""; }
  std::uint64_t total_bytes() const override { return 10 * entries_.size(); }

  /// How many entries it was asked for.
  std::size_t given() const { return at_; }
  std::optional<Error> error;
  bool names_in_batches = false;

 private:
  void put(const Entry& e, Batch& out) {
    if (e.mark) {
      out.holes.push_back({static_cast<std::uint32_t>(out.size()), e.opens, e.cpu, e.lost, e.time});
      return;
    }
    out.time.push_back(e.time);
    out.cpu.push_back(e.cpu);
    out.tid.push_back(7);
    if (names_in_batches && batch_ % 2 == 0) {
      out.tgid.push_back(static_cast<std::uint32_t>(e.number));
      out.comm.push_back(Batch::text_cell(out.bytes.size(), 3));
      out.bytes += "own";
    }
    out.kind.push_back(e.kind);
    if (out.tables.size() <= e.kind) out.tables.resize(e.kind + 1);
    Batch::Table& table = out.tables[e.kind];
    out.row.push_back(table.rows++);
    table.columns.resize(3);
    table.columns[0].form = Want::integer;
    table.columns[0].cells.push_back(e.number);
    if (e.unknown || !table.columns[0].unknown.empty()) {
      table.columns[0].unknown.resize(table.rows - 1, 0);
      table.columns[0].unknown.push_back(e.unknown);
    }
    table.columns[2].form = Want::text;
    table.columns[2].cells.push_back(Batch::text_cell(out.bytes.size(), e.text.size()));
    out.bytes += e.text;
  }

  std::vector<Entry> entries_;
  std::vector<std::size_t> sizes_;
  std::size_t at_ = 0, batch_ = 0;
  std::shared_ptr<std::vector<RecordedKind>> kinds_;
};

/// What a recording delivers.
struct Delivered {
  std::vector<std::string> all;
  std::vector<std::size_t> sizes;
  std::uint64_t late = 0, events_read = 0, bytes_read = 0, not_understood = 0;
  std::string error;
};
Delivered delivered(Recording& recording) {
  Delivered out;
  Batch batch;
  for (;;) {
    const Result<bool> more = recording.next(batch);
    if (!more) {
      out.error = more.error().message();
      EXPECT_FALSE(recording.next(batch));  // an error stays
      return out;
    }
    if (!*more) {
      EXPECT_FALSE(recording.next(batch).value());
      return out;
    }
    EXPECT_LE(batch.size(), Batch::kMost);
    EXPECT_EQ(batch.cpu.size(), batch.size());
    EXPECT_EQ(batch.tid.size(), batch.size());
    EXPECT_TRUE(batch.tgid.empty() || batch.tgid.size() == batch.size());
    EXPECT_TRUE(batch.comm.empty() || batch.comm.size() == batch.size());
    EXPECT_TRUE(out.late <= batch.late && out.events_read <= batch.events_read &&
                out.bytes_read <= batch.bytes_read && out.not_understood <= batch.not_understood);
    out.late = batch.late;
    out.events_read = batch.events_read;
    out.bytes_read = batch.bytes_read;
    out.not_understood = batch.not_understood;
    out.sizes.push_back(batch.size());
    std::size_t hole = 0;
    for (std::size_t i = 0; i <= batch.size(); ++i) {
      for (; hole < batch.holes.size() && batch.holes[hole].before == i; ++hole) {
        const Batch::Hole& h = batch.holes[hole];
        out.all.push_back(
            shown({.time = h.time, .cpu = h.cpu, .mark = true, .opens = h.opens, .lost = h.lost}));
      }
      if (i == batch.size()) break;
      EXPECT_EQ(batch.kinds->at(batch.kind[i]).system, "test");
      const Batch::Table& table = batch.tables.at(batch.kind[i]);
      const std::uint32_t row = batch.row[i];
      EXPECT_LT(row, table.rows);
      EXPECT_EQ(table.columns.at(1).form, Want::nothing);
      const Batch::Column& number = table.columns.at(0);
      EXPECT_EQ(number.cells.size(), table.rows);
      EXPECT_TRUE(number.unknown.empty() || number.unknown.size() == table.rows);
      Entry e{batch.time[i], batch.cpu[i], number.cells[row], batch.kind[i],
              std::string(batch.text(table.columns.at(2).cells.at(row)))};
      e.unknown = !number.unknown.empty() && number.unknown[row] != 0;
      EXPECT_TRUE(batch.tgid.empty() || batch.tgid[i] == e.number || batch.tgid[i] == 0);
      if (!batch.comm.empty()) {
        const std::string_view comm = batch.text(batch.comm[i]);
        EXPECT_TRUE(comm == "own" || comm == "seven") << comm;
      }
      out.all.push_back(shown(e));
    }
    EXPECT_EQ(hole, batch.holes.size());
  }
}
Delivered reordered(std::vector<Entry> entries, std::vector<std::size_t> sizes,
                    Reorder::Window window) {
  Reorder reorder(std::make_unique<Played>(std::move(entries), std::move(sizes)), window);
  return delivered(reorder);
}
std::vector<std::string> shown(const std::vector<Entry>& entries) {
  std::vector<std::string> out;
  for (const Entry& e : entries) out.push_back(shown(e));
  return out;
}

TEST(Reorder, IsWhatItIsMadeOf) {
  Reorder reorder(std::make_unique<Played>(std::vector<Entry>(3), std::vector<std::size_t>{}), {});
  EXPECT_EQ(reorder.format(), "played");
  EXPECT_EQ(reorder.clock(), "mono");
  EXPECT_EQ(reorder.total_bytes(), 30U);
  EXPECT_EQ(reorder.comm(7), "seven");
  EXPECT_FALSE(reorder.describes_itself());
}

TEST(Reorder, DeliversNothingOfNothing) {
  const Delivered d = reordered({}, {}, {});
  EXPECT_TRUE(d.all.empty());
  EXPECT_TRUE(d.sizes.empty());
}

TEST(Reorder, PassesOnBatchesThatAreInOrder) {
  std::vector<Entry> entries;
  for (std::uint64_t i = 0; i < 5000; ++i) entries.push_back(event(1000 + i / 3, i));
  const Delivered d = reordered(entries, {1000}, {.ns = 100});
  EXPECT_EQ(d.all, shown(entries));
  EXPECT_THAT(d.sizes, ElementsAre(1000, 1000, 1000, 1000, 1000));
  EXPECT_EQ(d.events_read, 5000U);
  EXPECT_EQ(d.bytes_read, 50000U);
  EXPECT_EQ(d.not_understood, 5U);
}

TEST(Reorder, PutsSmallBatchesTogether) {
  std::vector<Entry> entries;
  for (std::uint64_t i = 0; i < 2000; ++i) entries.push_back(event(1000 + i, i));
  const Delivered d = reordered(entries, {1}, {.ns = 1000});
  EXPECT_EQ(d.all, shown(entries));
  EXPECT_LE(d.sizes.size(), 5U);
}

// What was put together was held back until there were 512 of it, however old it was: a live trace
// with few events was not answered for minutes.
TEST(Reorder, HoldsSmallBatchesBackForNoLongerThanTheWindow) {
  auto played = std::make_unique<Played>(
      std::vector<Entry>{event(100, 1), event(90, 2), event(150, 3), event(195, 4), event(205, 5)},
      std::vector<std::size_t>{1});
  Played& from = *played;
  Reorder reorder(std::move(played), {.ns = 100});
  Batch batch;
  ASSERT_TRUE(reorder.next(batch).value());
  EXPECT_EQ(batch.time, std::vector<std::uint64_t>{90});  // 195 is more than the window newer
  EXPECT_EQ(from.given(), 4U);
  ASSERT_TRUE(reorder.next(batch).value());
  EXPECT_EQ(batch.time, std::vector<std::uint64_t>{100});
  EXPECT_EQ(from.given(), 5U);
}

TEST(Reorder, DoesNotKeepFewEventsWaitingForTheNewestOfThem) {
  auto played = std::make_unique<Played>(
      std::vector<Entry>{event(100, 1), event(110, 2), event(250, 3), event(400, 4)},
      std::vector<std::size_t>{3, 1});
  Played& from = *played;
  Reorder reorder(std::move(played), {.ns = 100});
  Batch batch;
  ASSERT_TRUE(reorder.next(batch).value());
  EXPECT_EQ(batch.time, (std::vector<std::uint64_t>{100, 110}));
  EXPECT_EQ(from.given(), 3U);
  ASSERT_TRUE(reorder.next(batch).value());
  EXPECT_EQ(batch.time, std::vector<std::uint64_t>{250});
}

TEST(Reorder, TellsOfItsProgressWhenNothingIsWanted) {
  const Delivered d = reordered({event(5)}, {0, 0, 1}, {});
  EXPECT_EQ(d.all.size(), 1U);
  EXPECT_THAT(d.sizes, ElementsAre(0, 0, 1));
  EXPECT_EQ(d.not_understood, 3U);
}

TEST(Reorder, PutsEventsOfAWindowInOrder) {
  const Delivered d = reordered(
      {event(100, 1), event(90, 2), event(110, 3), event(95, 4), event(110, 5)}, {2}, {.ns = 20});
  EXPECT_EQ(d.all,
            shown({event(90, 2), event(95, 4), event(100, 1), event(110, 3), event(110, 5)}));
  EXPECT_EQ(d.late, 0U);
}

// More than a small batch, so that what is old enough goes before the end.
std::vector<Entry> many(std::uint64_t from, std::uint64_t count) {
  std::vector<Entry> out;
  for (std::uint64_t i = 0; i < count; ++i) out.push_back(event(from + i, i));
  return out;
}

TEST(Reorder, LeavesOutWhatComesTooLateAndMarksIt) {
  std::vector<Entry> entries = many(1000, 1000);
  std::vector<Entry> second = many(3000, 1000);
  second[500] = event(500, 1, 3);
  second[501] = event(2900, 1, 3);  // before the batch, but not before what was delivered
  entries.insert(entries.end(), second.begin(), second.end());
  const Delivered d = reordered(entries, {1000}, {.ns = 0});
  EXPECT_EQ(d.late, 1U);
  std::vector<Entry> expected = many(1000, 1000);
  expected.push_back(opens(500, 3));
  expected.push_back(closes(500, 3, 1));
  expected.push_back(second[501]);
  second.erase(second.begin() + 500, second.begin() + 502);
  expected.insert(expected.end(), second.begin(), second.end());
  EXPECT_EQ(d.all, shown(expected));
}

TEST(Reorder, PutsMarksWhereTheirTimesSay) {
  const std::vector<Entry> in_order = {opens(0, 9),     event(10, 1),     opens(10, 0),
                                       event(12, 2, 1), closes(20, 0, 5), event(20, 3),
                                       opens(20, 2)};
  EXPECT_EQ(reordered(in_order, {}, {}).all, shown(in_order));
  // The marks of CPU 0 stand in front of an event that belongs before them.
  const std::vector<Entry> entries = {event(100, 1),   opens(100, 0),    closes(200, 0, 2),
                                      event(50, 2, 1), event(150, 3, 1), event(200, 4)};
  for (const std::size_t size : {1U, 2U, 3U, 6U}) {
    EXPECT_EQ(reordered(entries, {size}, {}).all,
              shown({event(50, 2, 1), event(100, 1), opens(100, 0), event(150, 3, 1),
                     closes(200, 0, 2), event(200, 4)}));
  }
}

TEST(Reorder, ClosesNoHoleBeforeItOpened) {
  // Times that contradict each other, or are not known.
  EXPECT_EQ(reordered({event(10, 1), opens(10, 0), closes(5, 0), event(20, 2)}, {}, {}).all,
            shown({event(10, 1), opens(10, 0), closes(5, 0), event(20, 2)}));
  EXPECT_EQ(
      reordered({event(10, 1), opens(10, 0), event(5, 3), closes(0, 0), event(20, 2)}, {}, {}).all,
      shown({event(5, 3), event(10, 1), opens(10, 0), closes(0, 0), event(20, 2)}));
  EXPECT_EQ(reordered({event(10, 1), opens(10, 0), closes(0, 0)}, {}, {}).all,
            shown({event(10, 1), opens(10, 0), closes(0, 0)}));
}

TEST(Reorder, HoldsNoMarkBackForLongerThanTheWindow) {
  std::vector<Entry> entries = many(1000, 600);
  entries.push_back(closes(std::numeric_limits<std::uint64_t>::max(), 0));
  const std::vector<Entry> second = many(2000, 600);
  entries.insert(entries.end(), second.begin(), second.end());
  const Delivered d = reordered(entries, {601}, {.ns = 50});
  // Behind the last event before it by the window at most.
  const auto mark = std::find_if(d.all.begin(), d.all.end(),
                                 [](const std::string& s) { return s.front() == '}'; });
  EXPECT_EQ(mark - d.all.begin(), 600);
}

TEST(Reorder, DeliversWhatWasReadBeforeAnError) {
  auto played = std::make_unique<Played>(
      std::vector<Entry>{event(30, 1), event(20, 2), event(40, 3)}, std::vector<std::size_t>{2});
  played->error = Error(ErrorCode::invalid, "broken at 7");
  Reorder reorder(std::move(played), {});
  const Delivered d = delivered(reorder);
  EXPECT_EQ(d.all, shown({event(20, 2), event(30, 1), event(40, 3)}));
  EXPECT_EQ(d.error, "broken at 7");
}

TEST(Reorder, KeepsTimesAtTheEndOfTime) {
  constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(reordered({event(last, 1), opens(last, 0), event(last - 1, 2), event(0, 3)}, {1},
                      {.ns = last})
                .all,
            shown({event(0, 3), event(last - 1, 2), event(last, 1), opens(last, 0)}));
}

// What is held back is bounded by its number, and then the oldest goes.
TEST(Reorder, HoldsBackABoundedNumber) {
  for (const bool in_order : {true, false}) {
    std::vector<Entry> entries = many(1000, 20000);
    if (!in_order) {
      for (std::size_t i = 0; i + 1 < entries.size(); i += 7) std::swap(entries[i], entries[i + 1]);
    }
    entries.push_back(event(500, 1, 2));
    Reorder reorder(std::make_unique<Played>(std::move(entries), std::vector<std::size_t>{1000}),
                    {.ns = 1'000'000, .events = 5000});
    Batch batch;
    std::uint64_t events = 0;
    while (reorder.next(batch).value()) {
      events += batch.size();
      EXPECT_LE(batch.events_read, events + 6000);
    }
    EXPECT_EQ(events, 20000U);
    EXPECT_EQ(batch.late, 1U);
  }
}

// ... and by the room that it takes.
TEST(Reorder, HoldsBackABoundedAmountOfText) {
  std::vector<Entry> entries = many(1000, 200);
  for (Entry& e : entries) e.text = std::string(1'000'000, 'x');
  Batch batch;
  Reorder reorder(std::make_unique<Played>(std::move(entries), std::vector<std::size_t>{10}), {});
  std::uint64_t events = 0;
  while (reorder.next(batch).value()) {
    events += batch.size();
    EXPECT_LE(batch.events_read - events, 100U);
  }
  EXPECT_EQ(events, 200U);
}

RC_GTEST_PROP(Reorder, PutsAnyStreamInOrder, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const std::size_t count = *rc::gen::inRange<std::size_t>(0, 12000);
  const bool distinct = *rc::gen::arbitrary<bool>();
  std::vector<Entry> sorted;
  std::uint64_t time = 1000;
  for (std::size_t i = 0; i < count; ++i) {
    time += random() % 20 + (distinct ? 1 : 0);
    Entry e = event(time, i, static_cast<std::uint32_t>(random()) % 4);
    e.kind = static_cast<std::uint32_t>(random()) % 3;
    e.unknown = random() % 8 == 0;
    sorted.push_back(e);
  }
  // Each comes later than it should, by this at most.
  const std::uint64_t by = *rc::gen::inRange(0U, 3000U);
  std::vector<std::pair<std::uint64_t, Entry>> moved;
  for (const Entry& e : sorted) moved.emplace_back(e.time + (by == 0 ? 0 : random() % by), e);
  std::stable_sort(moved.begin(), moved.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Entry> entries;
  for (const auto& [when, entry] : moved) entries.push_back(entry);
  // How many that should be behind it are in front of one.
  std::size_t most = 0;
  std::vector<std::uint64_t> seen;
  for (const Entry& e : entries) {
    const auto behind = std::upper_bound(seen.begin(), seen.end(), e.time);
    most = std::max(most, static_cast<std::size_t>(seen.end() - behind));
    seen.insert(behind, e.time);
  }
  std::vector<std::size_t> sizes;
  const std::size_t size = *rc::gen::elementOf(std::vector<std::size_t>{1, 10, 600, 4096});
  for (std::size_t i = 0; i < 50; ++i) sizes.push_back(random() % size + 1);

  // Equal times keep the order in which they come.
  std::vector<Entry> expected = entries;
  std::stable_sort(expected.begin(), expected.end(),
                   [](const Entry& a, const Entry& b) { return a.time < b.time; });
  auto played = std::make_unique<Played>(entries, sizes);
  played->names_in_batches = *rc::gen::arbitrary<bool>();
  const bool by_time = *rc::gen::arbitrary<bool>();
  Reorder reorder(std::move(played),
                  by_time ? Reorder::Window{.ns = by, .events = count}
                          : Reorder::Window{.ns = ~std::uint64_t{0}, .events = most});
  const Delivered d = delivered(reorder);
  RC_ASSERT(d.all == shown(expected));
  RC_ASSERT(d.late == 0U);
  RC_ASSERT(d.events_read == count);
  RC_ASSERT(!testing::Test::HasFailure());
}

// With a window that is too small: what is delivered is in order, and everything is delivered or
// marked where it is missing.
RC_GTEST_PROP(Reorder, AccountsForEveryEvent, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const std::uint64_t span = *rc::gen::inRange(1U, 20000U);
  std::vector<Entry> entries;
  for (std::uint64_t i = 0; i < 6000; ++i) {
    if (random() % 200 == 0) {
      entries.push_back(random() % 2 == 0 ? opens(i + random() % span, 1)
                                          : closes(i + random() % span, 1, 0));
    } else {
      entries.push_back(event(i + random() % span, i, 2));
    }
  }
  const Delivered d = reordered(
      entries, {*rc::gen::inRange<std::size_t>(1, 3000)},
      {.ns = *rc::gen::inRange(0U, 10000U), .events = *rc::gen::inRange<std::size_t>(1, 8000)});
  std::vector<std::string> all, expected = shown(entries);
  std::uint64_t last = 0, marks = 0, closed = 0;
  for (const std::string& s : d.all) {
    if (s.front() != '{' && s.front() != '}') {
      const std::uint64_t time = std::stoull(s);
      RC_ASSERT(time >= last);
      last = time;
      all.push_back(s);
    } else if (s.substr(1, 1) == "2") {
      closed += s.front() == '}' && s.ends_with("lost 1");
    } else {
      ++marks;
      all.push_back(s);
    }
  }
  RC_ASSERT(closed == d.late);
  RC_ASSERT(all.size() + d.late == entries.size());
  std::sort(all.begin(), all.end());
  std::sort(expected.begin(), expected.end());
  RC_ASSERT(std::includes(expected.begin(), expected.end(), all.begin(), all.end()));
}

}  // namespace
}  // namespace swerve
