// A GoogleTest that uses a monitor as its oracle: whatever the code under test does, and in
// whatever order its threads do it, the model must allow it.
#include <gtest/gtest.h>

#include <mutex>
#include <thread>
#include <vector>

#include "swerve/swerve.h"

SWERVE_TRACEPOINT(queue_pushed, const void* queue);
SWERVE_TRACEPOINT(queue_popped, const void* queue);

namespace {

// The code under test: a queue of at most two.
class Queue {
 public:
  bool push(int value) {
    const std::lock_guard lock(mutex_);
    if (values_.size() == 2) return false;
    values_.push_back(value);
    SWERVE_EMIT(queue_pushed, this);
    return true;
  }
  bool pop() {
    const std::lock_guard lock(mutex_);
    if (values_.empty()) return false;
    values_.pop_back();
    SWERVE_EMIT(queue_popped, this);
    return true;
  }
  void broken_clear() { SWERVE_EMIT(queue_popped, this); }  // says so even when it is empty

 private:
  std::mutex mutex_;
  std::vector<int> values_;
};

constexpr auto bounded = swerve::dot(R"(digraph bounded {
  __init_empty -> empty;
  empty -> one [label = "push"]; one -> two [label = "push"];
  two -> one [label = "pop"]; one -> empty [label = "pop"];
})");

class QueueTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto queue = swerve::key([](const void* which) { return which; });
    monitor_.emplace(session_
                         .add(swerve::MonitorSpec("bounded", bounded, swerve::Scope::object)
                                  .on(queue_pushed, bounded["push"], queue, swerve::start_run)
                                  .on(queue_popped, bounded["pop"], queue, swerve::start_run)
                                  .reactor("callback"))
                         .value());
    monitor_->enable().value();
  }

  std::vector<swerve::Violation> found_;
  std::mutex mutex_;
  swerve::Session session_{{.log = {},
                            .callback =
                                [this](const swerve::Reaction& reaction) {
                                  const std::lock_guard lock(mutex_);
                                  found_.push_back(reaction.violation);
                                },
                            .stacks = false}};
  std::optional<swerve::Monitor> monitor_;
};

TEST_F(QueueTest, KeepsItsBoundWithTwoThreads) {
  Queue queue;
  std::thread pushing([&] {
    for (int i = 0; i < 10000; ++i) queue.push(i);
  });
  for (int i = 0; i < 10000; ++i) queue.pop();
  pushing.join();
  EXPECT_TRUE(found_.empty());
  EXPECT_GT(monitor_->stats().events, 0U);
}

TEST_F(QueueTest, TheOracleSeesAQueueThatLies) {
  Queue queue;
  queue.broken_clear();
  ASSERT_EQ(found_.size(), 1U);
  EXPECT_EQ(found_[0].state, "empty");
}

}  // namespace
