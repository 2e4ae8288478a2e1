// trace_pipe and its likes through the mount: waiting, polling, interrupting, ending.
#include <poll.h>
#include <sys/epoll.h>
#include <time.h>

#include "served_tree.h"

namespace swerve::mounted {
namespace {

class Streams : public MountTest {
 protected:
  void SetUp() override {
    MountTest::SetUp();
    if (!IsSkipped()) served.emplace(scratch / "rv");
  }
  UniqueFd open(int more = 0) const {
    return open_file(*served / "violations_json", O_RDONLY | more);
  }
  /// One line more in every stream; it has the number that violations() finds in it. All are
  /// equally long.
  void violate() {
    Violation violation = fake::violation_of("wwnr");
    violation.event = cat("number", 100'000 + ++count);
    served->tree.streams.on_violation(violation);
  }
  static std::vector<int> violations(const std::string& text) {
    std::vector<int> numbers;
    constexpr std::string_view kMark = "\"event\":\"number";
    for (std::size_t at = 0; (at = text.find(kMark, at)) != std::string::npos;) {
      at += kMark.size();
      numbers.push_back(std::stoi(text.substr(at, 6)) - 100'000);
    }
    return numbers;
  }
  std::optional<Served> served;
  int count = 0;
};

using Numbers = std::vector<int>;

TEST_F(Streams, AReadWaitsForTheNextVerdict) {
  const UniqueFd fd = open();
  Reader reader(fd.get());
  ASSERT_TRUE(reader.waits());
  violate();
  EXPECT_EQ(violations(reader.got()), Numbers{1});
}

TEST_F(Streams, WhatIsThereIsReadAtOnceAndInPieces) {
  const UniqueFd fd = open();
  violate();
  std::string text = read_once(fd.get(), 3);
  EXPECT_EQ(text.size(), 3U);
  text += read_once(fd.get());
  EXPECT_EQ(violations(text), Numbers{1});
  EXPECT_TRUE(text.ends_with("}\n")) << text;
}

// The kernel cuts a long read into requests. Here the first one is exactly as long as what there
// is; when it was answered in full, the kernel asked for more, and the reader waited.
TEST_F(Streams, ALongReadReturnsWithWhatThereIs) {
  constexpr std::size_t kRequest = 1U << 20;
  constexpr std::size_t kPage = 4096;
  const UniqueFd fd = open();
  violate();
  const std::size_t line = read_once(fd.get()).size();
  ASSERT_LT(line, kPage);
  const std::size_t lines = kRequest / line;
  for (std::size_t i = 0; i < lines; ++i) violate();
  // A request ends at the end of a page, so it is shorter by as much as it begins inside of one.
  std::vector<char> buffer(4 * kRequest);
  const std::size_t page = kPage - reinterpret_cast<std::uintptr_t>(buffer.data()) % kPage;
  const std::size_t inside = kRequest - lines * line;
  EXPECT_GT(::read(fd.get(), buffer.data() + page + inside, 2 * kRequest), 0);
}

TEST_F(Streams, EveryOpenFileIsItsOwn) {
  const UniqueFd first = open();
  violate();
  const UniqueFd second = open();
  violate();
  EXPECT_EQ(violations(read_once(first.get())), (Numbers{1, 2}));
  EXPECT_EQ(violations(read_once(second.get())), Numbers{2});
}

TEST_F(Streams, TwoReadersOfOneOpenFileShareIt) {
  const UniqueFd fd = open();
  Reader first(fd.get());
  Reader second(fd.get());
  ASSERT_TRUE(first.waits());
  ASSERT_TRUE(second.waits());
  violate();
  ASSERT_TRUE(fake::eventually([&] { return first.done() || second.done(); }));
  EXPECT_FALSE(first.done() && second.done());
  const bool first_was_first = first.done();
  violate();
  EXPECT_EQ(violations(first.got()), Numbers{first_was_first ? 1 : 2});
  EXPECT_EQ(violations(second.got()), Numbers{first_was_first ? 2 : 1});
}

TEST_F(Streams, AnInterruptedReadTakesNothing) {
  const UniqueFd fd = open();
  Reader stays(fd.get());
  Reader interrupted(fd.get());
  ASSERT_TRUE(stays.waits());
  ASSERT_TRUE(interrupted.waits());
  interrupted.interrupt();
  EXPECT_EQ(interrupted.got(), "EINTR");
  EXPECT_FALSE(stays.done());
  violate();
  EXPECT_EQ(violations(stays.got()), Numbers{1});
}

TEST_F(Streams, AProcessThatWaitsCanBeKilled) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd out(ends[0]);
  UniqueFd in(ends[1]);
  Process process([&] {
    const UniqueFd fd = open();
    (void)!::write(in.get(), "x", 1);
    read_once(fd.get());
    return 0;
  });
  in.reset();
  char c = 0;
  ASSERT_EQ(::read(out.get(), &c, 1), 1);
  process.kill();  // and is waited for
  EXPECT_EQ(read_file(*served / "monitoring_on"), "1\n");
  EXPECT_TRUE(fake::eventually([&] { return !served->tree.streams.wants_steps(); }));
}

TEST_F(Streams, WithoutWaitingThereIsNothingYet) {
  const UniqueFd fd = open(O_NONBLOCK);
  EXPECT_EQ(read_once(fd.get()), "EAGAIN");
  violate();
  EXPECT_EQ(violations(read_once(fd.get())), Numbers{1});
  EXPECT_EQ(read_once(fd.get()), "EAGAIN");
  // As the file is set at the moment of the read.
  ASSERT_EQ(::fcntl(fd.get(), F_SETFL, 0), 0);
  Reader reader(fd.get());
  ASSERT_TRUE(reader.waits());
  violate();
  EXPECT_EQ(violations(reader.got()), Numbers{2});
}

TEST_F(Streams, HaveNoPlaces) {
  const UniqueFd fd = open();
  EXPECT_EQ(errno_after(::lseek(fd.get(), 0, SEEK_SET)), ESPIPE);
  char c;
  EXPECT_EQ(errno_after(::pread(fd.get(), &c, 1, 0)), ESPIPE);
  const UniqueFd to_write = open_file(*served / "violations_json", O_WRONLY);
  EXPECT_EQ(errno_after(::write(to_write.get(), "x", 1)), EINVAL);
}

TEST_F(Streams, PollWaitsForTheNextVerdict) {
  const UniqueFd fd = open();
  pollfd asked{fd.get(), POLLIN, 0};
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(::poll(&asked, 1, 0), 0);
    std::atomic<int> tid{0};
    std::jthread polling([&] {
      tid = ::gettid();
      EXPECT_EQ(::poll(&asked, 1, 30'000), 1);
    });
    violate();
    polling.join();
    EXPECT_EQ(asked.revents, POLLIN);
    EXPECT_EQ(violations(read_once(fd.get())), Numbers{count});
  }
}

TEST_F(Streams, EpollHearsOfEachOneToo) {
  for (const std::uint32_t how : {0U, static_cast<std::uint32_t>(EPOLLET)}) {
    const UniqueFd fd = open(O_NONBLOCK);
    const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{};
    event.events = EPOLLIN | how;
    ASSERT_EQ(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd.get(), &event), 0);
    for (int round = 0; round < 3; ++round) {
      EXPECT_EQ(::epoll_wait(epoll.get(), &event, 1, 0), 0);
      violate();
      ASSERT_EQ(::epoll_wait(epoll.get(), &event, 1, 30'000), 1) << round;
      EXPECT_EQ(violations(read_once(fd.get())), Numbers{count});
      EXPECT_EQ(read_once(fd.get()), "EAGAIN");
    }
  }
}

TEST_F(Streams, ASlowReaderLosesForItselfAloneAndIsTold) {
  const UniqueFd slow = open(O_NONBLOCK);
  const UniqueFd quick = open(O_NONBLOCK);
  const auto read_what_is_there = [](int fd) {
    std::vector<char> piece(1U << 20);
    std::string text;
    for (ssize_t n; (n = ::read(fd, piece.data(), piece.size())) > 0;)
      text.append(piece.data(), static_cast<std::size_t>(n));
    EXPECT_EQ(errno, EAGAIN);
    return text;
  };
  std::string of_quick;
  while (of_quick.size() < 2 * VerdictStream::kBytesMost) {
    for (int i = 0; i < 1000; ++i) violate();
    of_quick += read_what_is_there(quick.get());
  }
  EXPECT_EQ(violations(of_quick).size(), static_cast<std::size_t>(count));
  EXPECT_EQ(of_quick.find("lost"), std::string::npos);
  const std::string of_slow = read_what_is_there(slow.get());
  constexpr std::string_view kMark = "\"type\":\"lost\",\"lines\":";
  const std::size_t told = of_slow.find(kMark);
  ASSERT_NE(told, std::string::npos);
  const std::size_t lost = std::stoul(of_slow.substr(told + kMark.size(), 20));
  EXPECT_GT(lost, 0U);
  EXPECT_EQ(violations(of_slow).size() + lost, static_cast<std::size_t>(count));
}

TEST_F(Streams, EndWhenTheyAreClosed) {
  EXPECT_FALSE(served->tree.streams.wants_steps());
  UniqueFd fd = open_file(*served / "trace_pipe", O_RDONLY);
  EXPECT_TRUE(served->tree.streams.wants_steps());
  fd.reset();
  EXPECT_TRUE(fake::eventually([&] { return !served->tree.streams.wants_steps(); }));
}

TEST_F(Streams, EndWithTheMount) {
  const UniqueFd fd = open();
  const UniqueFd polled = open();
  Reader reader(fd.get());
  ASSERT_TRUE(reader.waits());
  std::atomic<bool> polling{false};
  std::jthread poller([&] {
    pollfd asked{polled.get(), POLLIN, 0};
    polling = true;
    EXPECT_EQ(::poll(&asked, 1, 30'000), 1);
    EXPECT_NE(asked.revents & (POLLERR | POLLHUP), 0);
  });
  ASSERT_TRUE(fake::eventually([&] { return polling.load(); }));
  const auto begin = monotonic_now();
  served->stop();
  EXPECT_LT(monotonic_now().ns - begin.ns, 1'000'000'000U);
  EXPECT_EQ(reader.got(), "");
  poller.join();
  // What is still open leads nowhere; to close it is no error, also for who has closed nothing
  // there before.
  EXPECT_EQ(read_once(fd.get()), "ENOTCONN");
  EXPECT_EQ(::close(::dup(fd.get())), 0);
}

TEST_F(Streams, WaitingCostsNothing) {
  const UniqueFd fd = open();
  Reader reader(fd.get());
  ASSERT_TRUE(reader.waits());
  clockid_t clock;
  ASSERT_EQ(::pthread_getcpuclockid(served->thread.native_handle(), &clock), 0);
  const auto used = [&] {
    timespec t{};
    ::clock_gettime(clock, &t);
    return t.tv_sec * 1'000'000'000L + t.tv_nsec;
  };
  const long before = used();
  ::poll(nullptr, 0, 300);
  EXPECT_LT(used() - before, 15'000'000);
  violate();
}

}  // namespace
}  // namespace swerve::mounted
