#include "app/batch_reader.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "app/list_recording_test.h"

namespace swerve {
namespace {

bool never() { return false; }

ListedTrace numbered(std::uint64_t count) {
  ListedTrace trace;
  for (std::uint64_t i = 0; i < count; ++i) trace.events.push_back(woken(i, 1));
  trace.batch = 1;
  return trace;
}

class Reader : public testing::TestWithParam<bool> {};

TEST_P(Reader, GivesEveryBatchInOrderThenTheEnd) {
  const auto interest = std::make_shared<WantAll>();
  BatchReader reader(std::make_shared<ListRecording>(numbered(100), *interest), interest,
                     GetParam());
  std::uint64_t seen = 0;
  while (Batch* const batch = reader.take(never)) {
    for (const std::uint64_t time : batch->time) EXPECT_EQ(time, seen++);
    reader.give_back(batch);
  }
  EXPECT_EQ(seen, 100U);
  EXPECT_TRUE(reader.ended());
  EXPECT_FALSE(reader.error());
  EXPECT_EQ(reader.take(never), nullptr);
}

TEST_P(Reader, GivesTheErrorAfterEverythingBefore) {
  const auto interest = std::make_shared<WantAll>();
  ListedTrace trace = numbered(3);
  trace.error = Error(ErrorCode::invalid, "line 4: no");
  BatchReader reader(std::make_shared<ListRecording>(trace, *interest), interest, GetParam());
  std::size_t seen = 0;
  while (Batch* const batch = reader.take(never)) {
    seen += batch->size();
    reader.give_back(batch);
  }
  EXPECT_EQ(seen, 3U);
  ASSERT_TRUE(reader.error());
  EXPECT_EQ(reader.error()->message(), "line 4: no");
}

INSTANTIATE_TEST_SUITE_P(OnOneThreadAndOnTwo, Reader, testing::Bool());

TEST(BatchReader, ReadsAheadButNotWithoutEnd) {
  const auto interest = std::make_shared<WantAll>();
  ListedTrace trace = numbered(100);
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t batches = 0;
  trace.before_each = [&] {
    const std::lock_guard lock(mutex);
    ++batches;
    changed.notify_all();
  };
  BatchReader reader(std::make_shared<ListRecording>(trace, *interest), interest, true);
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return batches >= BatchReader::kTakenMost; });
  lock.unlock();
  for (std::size_t i = 0; i < BatchReader::kTakenMost; ++i) EXPECT_NE(reader.take(never), nullptr);
  lock.lock();
  EXPECT_LE(batches, BatchReader::kTakenMost + 2);
}

// A pipe whose writer sleeps must not keep Ctrl-C from ending the check.
TEST(BatchReader, LeavesAThreadBehindThatHangsInARead) {
  const auto interest = std::make_shared<WantAll>();
  struct Gate {
    std::mutex mutex;
    std::condition_variable changed;
    bool inside = false, open = false, through = false;
  };
  const auto gate = std::make_shared<Gate>();
  ListedTrace trace = numbered(1);
  trace.before_each = [gate] {
    std::unique_lock lock(gate->mutex);
    gate->inside = true;
    gate->changed.notify_all();
    gate->changed.wait(lock, [&] { return gate->open; });
    gate->through = true;
    gate->changed.notify_all();
  };
  {
    BatchReader reader(std::make_shared<ListRecording>(trace, *interest), interest, true);
    std::unique_lock lock(gate->mutex);
    gate->changed.wait(lock, [&] { return gate->inside; });
    lock.unlock();
    EXPECT_EQ(reader.take([] { return true; }), nullptr);
    EXPECT_FALSE(reader.ended());
  }
  std::unique_lock lock(gate->mutex);
  gate->open = true;
  gate->changed.notify_all();
  gate->changed.wait(lock, [&] { return gate->through; });
}

}  // namespace
}  // namespace swerve
