#include "react/kernel_file.h"

#include <gtest/gtest.h>

#include "react/folder_for_test.h"

namespace swerve {
namespace {

TEST(KernelLine, IsOneLineThatTheKernelTakes) {
  EXPECT_EQ(kernel_line("a"), "a\n");
  EXPECT_EQ(kernel_line("a\n<0>b\x1b[2J\xff"), "a\\n<0>b\\x1b[2J\\xff\n");
  EXPECT_EQ(kernel_line(std::string(900, 'e')), std::string(900, 'e') + "\n");
  EXPECT_EQ(kernel_line(std::string(901, 'e')), std::string(897, 'e') + "...\n");
  std::string umlauts = "x";
  for (int i = 0; i < 1000; ++i) umlauts += "\xc3\xa4";
  const std::string line = kernel_line(umlauts);
  EXPECT_GE(line.size(), 899U);
  EXPECT_LE(line.size(), 901U);
  EXPECT_EQ(escape(line.substr(0, line.size() - 1)) + "\n", line);  // no half of a character
}

class KernelFile : public testing::Test, protected FolderForTest {};

TEST_F(KernelFile, SaysWhichFileItCannotOpenOrWrite) {
  EXPECT_EQ(open_kernel_file(path("none")).error().message(),
            cat("open ", path("none"), ": No such file or directory"));
  const UniqueFd full = open_kernel_file("/dev/full").value();
  EXPECT_EQ(write_kernel_file(full, "x", "/dev/full").error().message(),
            "write /dev/full: No space left on device");
}

TEST(TracefsPath, IsThatOfAnInstanceOrOfTheTop) {
  EXPECT_EQ(tracefs_path("/t", "", "tracing_on"), "/t/tracing_on");
  EXPECT_EQ(tracefs_path("/t", "mine", "tracing_on"), "/t/instances/mine/tracing_on");
  EXPECT_TRUE(tracefs_path("", "", "trace").starts_with("/sys/kernel/"));
}

TEST(InstanceOption, IsTheNameOfOneFolder) {
  EXPECT_EQ(instance_option("r", {}).value(), "");
  EXPECT_EQ(instance_option("r", {{"instance", "mine"}}).value(), "mine");
  for (const char* const bad : {"", ".", "..", "a/b", "/"}) {
    EXPECT_EQ(instance_option("r", {{"instance", bad}}).error().message(),
              cat("'instance' is the name of an ftrace instance, not '", bad, "'"));
  }
  EXPECT_EQ(instance_option("r", {{"instanse", "x"}}).error().message(),
            "the reactor 'r' has no option 'instanse'; did you mean 'instance'?");
}

}  // namespace
}  // namespace swerve
