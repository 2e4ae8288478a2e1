#include "react/printk.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "base/text.h"

namespace swerve {
namespace {

/// A printk reactor that writes to a file.
class PrintkReactorTest : public testing::Test {
 protected:
  void SetUp() override { std::ofstream(path_).close(); }
  void TearDown() override { std::remove(path_.c_str()); }

  static Reaction violation(std::string event = "wakeup", std::uint64_t suppressed = 0) {
    Violation v;
    v.monitor = "wwnr";
    v.event = std::move(event);
    v.state = "running";
    return {v, suppressed};
  }
  std::vector<std::string> lines() const {
    std::ifstream in(path_);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }

  std::string path_ = testing::TempDir() + "/swerve_printk_" + std::to_string(::getpid());
};

constexpr const char* kLine = "rv: monitor wwnr does not allow event wakeup on state running";

TEST_F(PrintkReactorTest, WritesTheKernelsTextOnALine) {
  PrintkReactor printk(path_);
  ASSERT_TRUE(printk.react(violation()));
  EXPECT_EQ(read_file(path_).value(), std::string(kLine) + "\n");
}

TEST_F(PrintkReactorTest, SaysHowManyTheLimitSuppressed) {
  PrintkReactor printk(path_);
  ASSERT_TRUE(printk.react(violation("wakeup", 1)));
  ASSERT_TRUE(printk.react(violation("wakeup", 1234)));
  ASSERT_TRUE(printk.react(violation()));
  EXPECT_EQ(lines(), (std::vector<std::string>{"rv: monitor wwnr: 1 reaction was suppressed", kLine,
                                               "rv: monitor wwnr: 1234 reactions were suppressed",
                                               kLine, kLine}));
}

TEST_F(PrintkReactorTest, MakesNoSecondLineOfATextFromOutside) {
  PrintkReactor printk(path_);
  ASSERT_TRUE(printk.react(violation("e\n<0>rv: \x1b[2J\xff")));
  EXPECT_EQ(lines(), (std::vector<std::string>{"rv: monitor wwnr does not allow event "
                                               "e\\n<0>rv: \\x1b[2J\\xff on state running"}));
}

TEST_F(PrintkReactorTest, CutsALineThatTheLogWouldRefuse) {
  PrintkReactor printk(path_);
  ASSERT_TRUE(printk.react(violation(std::string(5000, 'e'))));
  ASSERT_TRUE(printk.react(violation("x" + [] {
    std::string umlauts;
    for (int i = 0; i < 1000; ++i) umlauts += "\xc3\xa4";
    return umlauts;
  }())));
  const auto got = lines();
  ASSERT_EQ(got.size(), 2U);
  for (const std::string& line : got) {
    EXPECT_GE(line.size(), 899U);
    EXPECT_LE(line.size(), 900U);
    EXPECT_TRUE(line.ends_with("..."));
    EXPECT_EQ(escape(line), line);  // no half of a character
  }
}

// The kernel keeps ten lines of each open file, so each opening may be used for ten.
TEST_F(PrintkReactorTest, OpensTheDeviceAnewAfterTenLines) {
  PrintkReactor printk(path_);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(printk.react(violation()));
  std::remove(path_.c_str());  // what is open stays usable; what is opened is another file
  std::ofstream(path_).close();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(printk.react(violation()));
  EXPECT_EQ(lines().size(), 10U);
  std::remove(path_.c_str());
  EXPECT_EQ(printk.react(violation()).error().message(),
            "open " + path_ + ": No such file or directory");
  std::ofstream(path_).close();
  ASSERT_TRUE(printk.react(violation()));
  EXPECT_EQ(lines().size(), 1U);
}

TEST_F(PrintkReactorTest, DoesNotWaitForAReaderOfAPipe) {
  std::remove(path_.c_str());
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  PrintkReactor printk(path_);
  EXPECT_FALSE(printk.react(violation()));  // nobody reads
  const UniqueFd reader(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(reader);
  int failed = 0;
  for (int i = 0; i < 5000; ++i) failed += !printk.react(violation());
  EXPECT_GT(failed, 0);  // full: an error, and no wait
  EXPECT_LT(failed, 5000);
}

}  // namespace
}  // namespace swerve
