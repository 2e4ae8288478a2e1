// The real kernel log. Needs root.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>

#include "base/text.h"
#include "react/printk.h"

namespace swerve {
namespace {

TEST(PrintkReactorLive, LosesNoLineOfABurst) {
  const UniqueFd log(::open("/dev/kmsg", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!log)
    GTEST_SKIP() << "this kernel lacks a log that can be written: /dev/kmsg: "
                 << std::strerror(errno);
  ASSERT_GE(::lseek(log.get(), 0, SEEK_END), 0);

  constexpr int kLines = 50;
  PrintkReactor printk;
  std::set<std::string> missing;
  const std::string mark = cat("test", ::getpid());
  for (int i = 0; i < kLines; ++i) {
    Violation v;
    v.monitor = mark;
    v.event = cat("event", i);
    v.state = "waiting";
    missing.insert(reaction_text(v));
    ASSERT_TRUE(printk.react({v, 0}));
  }

  // A record is "PRIORITY,NUMBER,TIME,FLAGS;TEXT\n"; EPIPE says that some were overwritten.
  char record[8192];
  std::set<std::string> levels;
  for (;;) {
    const ssize_t n = ::read(log.get(), record, sizeof record);
    if (n < 0 && errno == EPIPE) continue;
    if (n < 0) {
      ASSERT_EQ(errno, EAGAIN);
      break;
    }
    const std::string text(record, static_cast<std::size_t>(n));
    const std::size_t at = text.find(';');
    ASSERT_NE(at, std::string::npos);
    if (missing.erase(text.substr(at + 1, text.find('\n', at) - at - 1)) != 0) {
      levels.insert(text.substr(0, text.find(',')));
    }
  }
  EXPECT_EQ(missing, std::set<std::string>());
  // All at one level, a user's (facility 1) of the kernel's default.
  ASSERT_EQ(levels.size(), 1U);
  EXPECT_EQ(std::stoi(*levels.begin()) >> 3, 1);
}

}  // namespace
}  // namespace swerve
