// What this kernel records, read by the reader and by trace-cmd.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/unique_fd.h"
#include "source/tracedat/built_file_test.h"
#include "source/tracedat/compare_test.h"

namespace swerve {
namespace {

using namespace compare;  // NOLINT(google-build-using-namespace)
using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::IsEmpty;
using testing::Not;

const std::string kTracing = "/sys/kernel/tracing/";

/// An ftrace instance of the test's own.
class Instance {
 public:
  Instance() { EXPECT_TRUE(std::filesystem::create_directory(path(""))); }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance() {
    std::error_code error;  // `trace-cmd extract -B` has removed it
    if (std::filesystem::exists(path(""), error)) ::rmdir(path("").c_str());
  }
  std::string name() const { return name_; }
  std::string path(const std::string& file) const {
    return kTracing + "instances/" + name_ + (file.empty() ? "" : "/" + file);
  }
  void write(const std::string& file, const std::string& text) const {
    std::ofstream out(path(file));
    out << text << std::flush;
    EXPECT_TRUE(out.good()) << file;
  }

 private:
  std::string name_ = "swerve-tracedat-" + std::to_string(::getpid());
};

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void system_calls(int count) {
  for (int i = 0; i < count; ++i) ::syscall(SYS_getppid);
}

TEST(TraceDatLive, ManyKindsAreReadAsTraceCmdReadsThem) {
  const Instance instance;
  for (const char* const system : {"sched", "syscalls", "raw_syscalls", "irq", "timer", "task"}) {
    instance.write(cat("events/", system, "/enable"), "1");
  }
  instance.write("tracing_on", "1");
  output_of("ls -lR /usr/include/linux > /dev/null; grep -r swerve /etc/passwd || true");
  instance.write("tracing_on", "0");
  const TemporaryFile file("");
  output_of("trace-cmd extract -B " + instance.name() + " -o " + file.path() + " > /dev/null 2>&1");
  const Read ours = read_path(file.path(), instance.name());
  const Report theirs = trace_cmd_report(file.path(), instance.name());
  EXPECT_GT(ours.events.size(), 1000U);
  EXPECT_EQ(ours.not_understood, 0U);
  expect_as_trace_cmd(ours, theirs);
}

TEST(TraceDatLive, OverwrittenEventsAreAHoleAtTheBeginning) {
  const Instance instance;
  instance.write("buffer_size_kb", "16");
  instance.write("events/raw_syscalls/sys_enter/enable", "1");
  instance.write("set_event_pid", std::to_string(::getpid()));
  instance.write("tracing_on", "1");
  system_calls(20000);
  instance.write("tracing_on", "0");
  const TemporaryFile file("");
  output_of("trace-cmd extract -B " + instance.name() + " -o " + file.path() + " > /dev/null 2>&1");
  const Read ours = read_path(file.path(), instance.name());
  const Report theirs = trace_cmd_report(file.path(), instance.name());
  expect_as_trace_cmd(ours, theirs);
  EXPECT_LT(ours.events.size(), 20000U);
  EXPECT_THAT(theirs.lost, Not(IsEmpty()));
  for (const auto& [cpu, lost] : theirs.lost) {
    EXPECT_THAT(ours.holes, Contains(AllOf(Field(&Mark::cpu, cpu), Field(&Mark::opens, true),
                                           Field(&Mark::before, 0U))));
    EXPECT_THAT(ours.holes, Contains(AllOf(Field(&Mark::cpu, cpu), Field(&Mark::opens, false),
                                           Field(&Mark::lost, lost.at(0)))));
  }
}

/// What a recorder does that falls behind: it reads pages while the kernel overwrites others.
TEST(TraceDatLive, EventsThatAreOverwrittenWhileOneReadsAreHoles) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  const int cpu = ::sched_getcpu();
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(cpu, &here);
  ASSERT_EQ(::sched_setaffinity(0, sizeof here, &here), 0);

  const Instance instance;
  const std::string event = "events/raw_syscalls/sys_enter/";
  instance.write("buffer_size_kb", "16");
  instance.write("set_event_pid", std::to_string(::getpid()));
  const UniqueFd raw(::open(instance.path(cat("per_cpu/cpu", cpu, "/trace_pipe_raw")).c_str(),
                            O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(raw);
  std::string stream;
  const auto read_pages = [&](int most) {
    char page[4096];
    while (most-- > 0 && ::read(raw.get(), page, sizeof page) == sizeof page) {
      stream.append(page, sizeof page);
    }
  };
  instance.write(event + "enable", "1");
  instance.write("tracing_on", "1");
  for (const int count : {100, 5000, 3000}) {
    system_calls(count);
    read_pages(2);
  }
  instance.write("tracing_on", "0");
  read_pages(1000);
  ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);

  built::File file;
  file.formats = {{"raw_syscalls", text_of(instance.path(event + "format"))}};
  file.buffers = {{"", "local", {{static_cast<std::uint32_t>(cpu), stream}}}};
  const TemporaryFile written(file.str());
  const Read ours = read_path(written.path());
  const Report theirs = trace_cmd_report(written.path());
  expect_as_trace_cmd(ours, theirs);
  std::vector<std::uint64_t> lost;
  for (const Mark& mark : ours.holes) {
    if (!mark.opens) lost.push_back(mark.lost);
  }
  EXPECT_GE(lost.size(), 2U);
  EXPECT_EQ(lost, theirs.lost.at(static_cast<std::uint32_t>(cpu)));
  EXPECT_LT(ours.events.size(), 8100U);
}

}  // namespace
}  // namespace swerve
