#include "react/panic.h"

#include <gtest/gtest.h>

#include "monitor/examples_for_test.h"
#include "react/folder_for_test.h"

namespace swerve {
namespace {

// With files in place of the kernel's. What really happens is for the reference kernel.
class PanicReactorTest : public testing::Test, protected FolderForTest {
 protected:
  std::string failure() {
    PanicReactor panic({path("sysrq"), path("log")});
    const Result<> done = panic.react({example_violation(), 0});
    return done ? "panicked" : done.error().message();
  }
};

TEST_F(PanicReactorTest, SaysWhyAndThenCrashes) {
  make("sysrq");
  make("log");
  EXPECT_EQ(failure(),
            cat("no panic: ", path("sysrq"), " took the command, and the kernel goes on"));
  EXPECT_EQ(text("log"), "rv: monitor wwnr does not allow event wakeup on state running\n");
  EXPECT_EQ(text("sysrq"), "c");
}

TEST_F(PanicReactorTest, CrashesWithoutALogToo) {
  make("sysrq");
  (void)failure();
  EXPECT_EQ(text("sysrq"), "c");
}

TEST_F(PanicReactorTest, AnnouncesNoPanicWhereThereIsNoSysrq) {
  make("log");
  EXPECT_EQ(failure(), cat("no panic: this needs root and a kernel with sysrq: open ",
                           path("sysrq"), ": No such file or directory"));
  EXPECT_EQ(text("log"), "");
}

}  // namespace
}  // namespace swerve
