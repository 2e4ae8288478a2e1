#include "base/loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace swerve {
namespace {

using std::chrono::steady_clock;

std::unique_ptr<Loop> make_loop() {
  auto loop = Loop::create();
  EXPECT_TRUE(loop);
  return std::move(loop).value();
}

struct Pipe {
  Pipe() {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    out = UniqueFd(fds[0]);
    in = UniqueFd(fds[1]);
  }
  void put() { EXPECT_EQ(::write(in.get(), "x", 1), 1); }
  bool take() {
    char c;
    return ::read(out.get(), &c, 1) == 1;
  }
  UniqueFd out, in;
};

TEST(Loop, CallsForWhatIsReadableUntilItIsNot) {
  const auto loop = make_loop();
  Pipe pipe;
  pipe.put();
  pipe.put();
  int calls = 0;
  ASSERT_TRUE(loop->watch(pipe.out.get(), [&] {
    ++calls;
    EXPECT_TRUE(pipe.take());
    if (calls == 2) loop->stop();
  }));
  loop->run();
  EXPECT_EQ(calls, 2);
  EXPECT_FALSE(pipe.take());
}

TEST(Loop, TellsThatTheOtherEndIsGone) {
  const auto loop = make_loop();
  Pipe pipe;
  pipe.in.reset();
  ASSERT_TRUE(loop->watch(pipe.out.get(), [&] { loop->stop(); }));
  loop->run();
  EXPECT_FALSE(pipe.take());
}

TEST(Loop, ADescriptorThatIsAlwaysReadableLeavesRoomForOthers) {
  const auto loop = make_loop();
  Pipe busy, other;
  busy.put();
  other.put();
  bool posted = false;
  bool seen = false;
  const auto stop_when_done = [&] {
    if (posted && seen) loop->stop();
  };
  ASSERT_TRUE(loop->watch(busy.out.get(), [&] { stop_when_done(); }));
  ASSERT_TRUE(loop->watch(other.out.get(), [&] { seen = other.take() || seen; }));
  loop->post([&] { posted = true; });
  loop->run();
  EXPECT_TRUE(posted && seen);
}

TEST(Loop, ACallbackMayForgetItself) {
  const auto loop = make_loop();
  Pipe pipe;
  pipe.put();
  // The callback owns what it uses, so it must outlive its own forgetting.
  const auto alive = std::make_shared<int>(0);
  int calls = 0;
  ASSERT_TRUE(loop->watch(pipe.out.get(), [&, keep = alive] {
    loop->forget(pipe.out.get());
    ++*keep;
    calls = *keep;
    loop->post([&] { loop->stop(); });
  }));
  loop->run();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(alive.use_count(), 1);
}

// Both are readable when the first one is called, which forgets and closes the other; the number
// is then another descriptor's, whose callback must not be called for what the old one had.
TEST(Loop, ACallbackMayCloseADescriptorThatIsReadableToo) {
  const auto loop = make_loop();
  Pipe a, b, fresh;
  a.put();
  b.put();
  int calls = 0;
  int wrong = 0;
  const auto replace = [&](Pipe& other) {
    ++calls;
    const int number = other.out.get();
    loop->forget(number);
    ASSERT_EQ(::dup3(fresh.out.get(), number, O_CLOEXEC), number);
    ASSERT_TRUE(loop->watch(number, [&] { ++wrong; }));
    loop->forget(&other == &a ? b.out.get() : a.out.get());
    loop->post([&] { loop->stop(); });
  };
  ASSERT_TRUE(loop->watch(a.out.get(), [&] { replace(b); }));
  ASSERT_TRUE(loop->watch(b.out.get(), [&] { replace(a); }));
  loop->run();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(wrong, 0);
}

TEST(Loop, ACallbackMayWatchMore) {
  const auto loop = make_loop();
  Pipe first, second;
  first.put();
  second.put();
  ASSERT_TRUE(loop->watch(first.out.get(), [&] {
    loop->forget(first.out.get());
    ASSERT_TRUE(loop->watch(second.out.get(), [&] { loop->stop(); }));
  }));
  loop->run();
  EXPECT_TRUE(first.take());
}

TEST(Loop, RefusesWhatCannotBeWatched) {
  const auto loop = make_loop();
  const auto closed = loop->watch(-1, [] {});
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().os_errno(), EBADF);
  Pipe pipe;
  ASSERT_TRUE(loop->watch(pipe.out.get(), [] {}));
  const auto twice = loop->watch(pipe.out.get(), [] {});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code(), ErrorCode::exists);
  loop->forget(pipe.out.get());
  loop->forget(pipe.out.get());  // forgotten already: nothing
  EXPECT_TRUE(loop->watch(pipe.out.get(), [] {}));
}

TEST(Loop, WhatWasPostedBeforeRunsInOrder) {
  const auto loop = make_loop();
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) loop->post([&, i] { order.push_back(i); });
  loop->post([&] { loop->stop(); });
  loop->run();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
}

TEST(Loop, PostsFromManyThreadsAllRunOnItsOwn) {
  const auto loop = make_loop();
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  int ran = 0;  // no lock: the loop's thread alone counts
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        loop->post([&] {
          if (++ran == kThreads * kEach) loop->stop();
        });
      }
    });
  }
  loop->run();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ran, kThreads * kEach);
}

TEST(Loop, APostedCallMayPost) {
  const auto loop = make_loop();
  int left = 100;
  std::function<void()> again = [&] {
    if (--left == 0) {
      loop->stop();
    } else {
      loop->post(again);
    }
  };
  loop->post(again);
  loop->run();
  EXPECT_EQ(left, 0);
}

TEST(Loop, StopsAfterTheCallbackThatRuns) {
  const auto loop = make_loop();
  bool second = false;
  loop->post([&] { loop->stop(); });
  loop->post([&] { second = true; });
  loop->run();
  EXPECT_FALSE(second);
  // And goes on where it was.
  loop->post([&] { loop->stop(); });
  loop->run();
  EXPECT_TRUE(second);
}

TEST(Loop, StoppedBeforeItRunsItReturnsAtOnceThatTime) {
  const auto loop = make_loop();
  Pipe pipe;
  pipe.put();
  int calls = 0;
  ASSERT_TRUE(loop->watch(pipe.out.get(), [&] {
    ++calls;
    loop->stop();
  }));
  loop->stop();
  loop->run();
  EXPECT_EQ(calls, 0);
  loop->run();
  EXPECT_EQ(calls, 1);
}

TEST(Loop, StopsFromAnotherThread) {
  const auto loop = make_loop();
  std::atomic<bool> running{false};
  loop->post([&] { running = true; });
  std::thread other([&] {
    while (!running) std::this_thread::yield();
    loop->stop();
  });
  loop->run();
  other.join();
  EXPECT_TRUE(running);
}

TEST(Loop, DropsWithItselfWhatNeverRan) {
  const auto alive = std::make_shared<int>(0);
  {
    const auto loop = make_loop();
    Pipe pipe;
    ASSERT_TRUE(loop->watch(pipe.out.get(), [alive] {}));
    loop->post([alive] {});
    EXPECT_EQ(alive.use_count(), 3);
  }
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(Loop, SleepsWhenThereIsNothingToDo) {
  const auto loop = make_loop();
  auto timer = Timer::create();
  ASSERT_TRUE(timer);
  ASSERT_TRUE(loop->watch(timer->fd(), [&] { loop->stop(); }));
  loop->post([] {});  // waking up once must not leave it awake
  timer->once({200'000'000});
  rusage before{}, after{};
  ::getrusage(RUSAGE_THREAD, &before);
  loop->run();
  ::getrusage(RUSAGE_THREAD, &after);
  const auto ns = [](const timeval& t) { return t.tv_sec * 1'000'000'000L + t.tv_usec * 1000L; };
  const long used =
      ns(after.ru_utime) + ns(after.ru_stime) - ns(before.ru_utime) - ns(before.ru_stime);
  EXPECT_LT(used, 20'000'000);
}

TEST(Timer, FiresOnceAfterItsTime) {
  const auto loop = make_loop();
  auto timer = Timer::create();
  ASSERT_TRUE(timer);
  EXPECT_FALSE(timer->fired());
  const auto begin = steady_clock::now();
  timer->once({20'000'000});
  ASSERT_TRUE(loop->watch(timer->fd(), [&] { loop->stop(); }));
  loop->run();
  EXPECT_GE(steady_clock::now() - begin, std::chrono::milliseconds(20));
  EXPECT_TRUE(timer->fired());
  EXPECT_FALSE(timer->fired());
}

TEST(Timer, FiresAgainAndAgain) {
  const auto loop = make_loop();
  auto timer = Timer::create();
  ASSERT_TRUE(timer);
  timer->every({1'000'000});
  int times = 0;
  ASSERT_TRUE(loop->watch(timer->fd(), [&] {
    EXPECT_TRUE(timer->fired());
    if (++times == 3) loop->stop();
  }));
  loop->run();
  EXPECT_EQ(times, 3);
}

TEST(Timer, NoTimeAtAllIsNow) {
  const auto loop = make_loop();
  auto timer = Timer::create();
  ASSERT_TRUE(timer);
  timer->once({0});
  ASSERT_TRUE(loop->watch(timer->fd(), [&] { loop->stop(); }));
  loop->run();
  EXPECT_TRUE(timer->fired());
}

TEST(Timer, ClearedItForgetsThatItFired) {
  const auto loop = make_loop();
  auto timer = Timer::create();
  ASSERT_TRUE(timer);
  ASSERT_TRUE(loop->watch(timer->fd(), [&] { loop->stop(); }));
  timer->once({1});
  loop->run();
  timer->clear();
  EXPECT_FALSE(timer->fired());
  // Cleared before its time it does not fire at all: the other one comes first.
  auto other = Timer::create();
  ASSERT_TRUE(other);
  ASSERT_TRUE(loop->watch(other->fd(), [&] { loop->stop(); }));
  timer->once({1'000'000});
  timer->clear();
  other->once({5'000'000});
  loop->run();
  EXPECT_TRUE(other->fired());
  EXPECT_FALSE(timer->fired());
}

}  // namespace
}  // namespace swerve
