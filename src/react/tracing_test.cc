// The two reactors on ftrace, on a folder that looks like tracefs.
#include <gtest/gtest.h>

#include "monitor/examples_for_test.h"
#include "react/folder_for_test.h"
#include "react/stop_tracing.h"
#include "react/trace_marker.h"

namespace swerve {
namespace {

class TracingReactors : public testing::Test, protected FolderForTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(path("instances/mine"));
    for (const char* const file : {"tracing_on", "trace_marker"}) {
      make(file);
      make(cat("instances/mine/", file));
    }
  }
};

TEST_F(TracingReactors, StopTheInstanceThatTheyAreFor) {
  EXPECT_TRUE(StopTracingReactor("mine", folder_).react({example_violation(), 0}));
  EXPECT_EQ(text("instances/mine/tracing_on"), "0");
  EXPECT_EQ(text("tracing_on"), "");
  EXPECT_TRUE(StopTracingReactor("", folder_).react({example_violation(), 0}));
  EXPECT_EQ(text("tracing_on"), "0");
}

TEST_F(TracingReactors, SayWhatIsMissing) {
  EXPECT_EQ(StopTracingReactor("other", folder_).react({example_violation(), 0}).error().message(),
            cat("open ", path("instances/other/tracing_on"), ": No such file or directory"));
  EXPECT_EQ(TraceMarkerReactor("other", folder_).react({example_violation(), 0}).error().message(),
            cat("open ", path("instances/other/trace_marker"), ": No such file or directory"));
}

TEST_F(TracingReactors, MarkWhomItWasAbout) {
  TraceMarkerReactor marker("mine", folder_);
  Violation violation = example_violation();
  EXPECT_TRUE(marker.react({violation, 0}));
  violation.task.reset();
  violation.id = {Scope::object, 77};
  EXPECT_TRUE(marker.react({violation, 0}));
  violation.id = {Scope::global, 0};
  violation.by = {5, 5, "a\nb"};
  EXPECT_TRUE(marker.react({violation, 0}));
  const std::string words = "rv: monitor wwnr does not allow event wakeup on state running";
  EXPECT_EQ(lines("instances/mine/trace_marker"),
            (std::vector<std::string>{words + " (task worker-1234; cpu 3, by swapper/3-0)",
                                      words + " (object 77; cpu 3, by swapper/3-0)",
                                      words + " (cpu 3, by a\\nb-5)"}));
  EXPECT_EQ(text("trace_marker"), "");
}

}  // namespace
}  // namespace swerve
