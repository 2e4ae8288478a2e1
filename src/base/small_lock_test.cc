#include "base/small_lock.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace swerve {
namespace {

TEST(SmallLock, LetsOneInAtATimeHoweverManyWait) {
  constexpr int kThreads = 6, kTimes = 20000;
  SmallLock lock;
  std::uint64_t count = 0;  // no atomic: the lock is what keeps it right
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kTimes; ++n) {
        const std::lock_guard held(lock);
        const std::uint64_t before = count;
        if (n % 1000 == 0) std::this_thread::yield();  // while it is held: the others go to sleep
        count = before + 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, std::uint64_t{kThreads} * kTimes);
}

}  // namespace
}  // namespace swerve
