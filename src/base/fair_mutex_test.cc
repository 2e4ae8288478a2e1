#include "base/fair_mutex.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace swerve {
namespace {

TEST(FairMutex, LetsOneInAtATime) {
  FairMutex mutex;
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 1000; ++k) {
        const std::lock_guard lock(mutex);
        ++count;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(count, 4000);
}

// With std::mutex, who lets go and takes again at once keeps everybody else out.
TEST(FairMutex, WhoTakesItAgainAtOnceWaitsForTheOthers) {
  FairMutex mutex;
  std::atomic<bool> stop{false};
  std::thread greedy([&] {
    while (!stop) const std::lock_guard lock(mutex);
  });
  for (int i = 0; i < 1000; ++i) const std::lock_guard lock(mutex);
  stop = true;
  greedy.join();
}

}  // namespace
}  // namespace swerve
