// The two reactors on ftrace, in an instance of the test's own. Needs root.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "monitor/examples_for_test.h"
#include "react/kernel_file.h"
#include "react/stop_tracing.h"
#include "react/trace_marker.h"

namespace swerve {
namespace {

class TracingReactorsLive : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::mkdir(folder_.c_str(), 0750), 0)
        << folder_ << ": " << std::strerror(errno) << " (tracefs must be mounted)";
  }
  void TearDown() override { ::rmdir(folder_.c_str()); }
  std::string file(const char* name) { return read_file(tracefs_path("", name_, name)).value(); }

  const std::string name_ = cat("swerve_test_", ::getpid());
  const std::string folder_ = tracefs_path("", "", cat("instances/", name_));
};

TEST_F(TracingReactorsLive, MarkUntilTracingIsStopped) {
  TraceMarkerReactor marker(name_);
  StopTracingReactor stop(name_);
  Violation violation = example_violation();
  ASSERT_TRUE(marker.react({violation, 0}));
  violation.event = std::string(5000, 'e');
  violation.by.comm = "\n";
  ASSERT_TRUE(marker.react({violation, 0}));
  EXPECT_EQ(file("tracing_on"), "1\n");

  ASSERT_TRUE(stop.react({violation, 0}));
  EXPECT_EQ(file("tracing_on"), "0\n");
  ASSERT_TRUE(stop.react({violation, 0}));  // stopped already
  violation.event = "too_late";
  EXPECT_EQ(marker.react({violation, 0}).error().message(),
            cat("write ", tracefs_path("", name_, "trace_marker"), ": tracing is off"));

  const std::string trace = file("trace");
  EXPECT_NE(trace.find("rv: monitor wwnr does not allow event wakeup on state running "
                       "(task worker-1234; cpu 3, by swapper/3-0)\n"),
            std::string::npos)
      << trace;
  EXPECT_NE(trace.find("eeee...\n"), std::string::npos) << trace;
  EXPECT_EQ(trace.find("too_late"), std::string::npos);
}

}  // namespace
}  // namespace swerve
