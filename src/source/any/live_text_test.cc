// A text that is still being written: what has come is answered, and not when the pipe is full.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "base/text.h"
#include "source/any/open_recording.h"

namespace swerve {
namespace {

/// A text of each kind: what stands before its events, and an event at a time in microseconds.
struct Text {
  const char* name;
  std::string_view head;
  std::string (*event)(int microseconds);
  friend void PrintTo(const Text& text, std::ostream* out) { *out << text.name; }
};

std::string seconds(int microseconds) {
  const std::string digits = std::to_string(1'000'000 + microseconds);
  return cat("1.", digits.substr(1));
}

constexpr Text kTexts[] = {
    {"ftrace", "",
     [](int at) {
       return cat("            bash-7       [001] d..2.  ", seconds(at),
                  ": sched_wakeup: comm=sh pid=8 prio=120 target_cpu=001\n");
     }},
    {"perf", "",
     [](int at) {
       return cat("bash     7/7     [001]  ", seconds(at),
                  ":       sched:sched_wakeup: sh:8 [120] CPU:001\n");
     }},
    {"csv", "ts,cpu,event,pid\n", [](int at) { return cat(seconds(at), ",1,sched_wakeup,8\n"); }},
    {"json", "",
     [](int at) {
       return cat("{\"ts\":", seconds(at),
                  ",\"cpu\":1,\"event\":\"sched_wakeup\",\"fields\":{\"pid\":8}}\n");
     }},
};

class LiveText : public testing::TestWithParam<Text> {};

// The first 64 KiB had to be there before the format was known, and then blocks of 1 MiB.
TEST_P(LiveText, IsGivenWhenAnEventIsAWindowOld) {
  int ends[2] = {};
  ASSERT_EQ(::pipe(ends), 0);
  const auto write = [&](std::string_view text) {
    ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  };
  ReadOptions options;
  options.window.ns = 100'000;
  // Half a line is no reason to think that it is something else.
  const std::string first = cat(GetParam().head, GetParam().event(100));
  write(first);
  write(GetParam().event(150));
  write(GetParam().event(250).substr(0, 20));
  const WantAll all{};
  auto opened = open_recording(cat("/proc/self/fd/", ends[0]), all, options);
  ASSERT_TRUE(opened) << opened.error().message();
  ::close(ends[0]);
  write(GetParam().event(250).substr(20));
  // Nothing more is written: who waited for more would wait for ever.
  Batch batch;
  ASSERT_TRUE((*opened)->next(batch).value());
  EXPECT_EQ(batch.time, (std::vector<std::uint64_t>{1'000'100'000, 1'000'150'000}));
  write(GetParam().event(400));
  ASSERT_TRUE((*opened)->next(batch).value());
  EXPECT_EQ(batch.time, std::vector<std::uint64_t>{1'000'250'000});
  ::close(ends[1]);
  ASSERT_TRUE((*opened)->next(batch).value());
  EXPECT_EQ(batch.time, std::vector<std::uint64_t>{1'000'400'000});
  EXPECT_FALSE((*opened)->next(batch).value());
}

INSTANTIATE_TEST_SUITE_P(OfEachKind, LiveText, testing::ValuesIn(kTexts),
                         [](const auto& text) { return text.param.name; });

}  // namespace
}  // namespace swerve
