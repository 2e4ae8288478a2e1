// Threads that write, read, load and unload while live events flow; and that what is switched off
// is quiet: no event handled, no verdict to come, no reaction begun.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <map>
#include <random>
#include <sstream>

#include "base/loop.h"
#include "control/fuse/tree_mount.h"
#include "live_tree.h"

namespace swerve::live {
namespace {

constexpr int kThreads = 4;
// The thread sanitizer makes a verdict fifty times as slow: with it, violations alone, and fewer.
#ifdef __SANITIZE_THREAD__
constexpr int kOperations = 60;  // of each thread
constexpr std::chrono::milliseconds kPause(10);
const std::string kStream = "violations";
#else
constexpr int kOperations = 250;
constexpr std::chrono::milliseconds kPause(0);
const std::string kStream = "trace_pipe";
#endif
const char* const kMonitors[] = {"of_task", "of_all", "of_object"};
const char* const kScopes[] = {"task", "global", "object"};

/// Where operations go: the plain tree, or its mount. An answer is 0 or an errno.
struct Way {
  std::function<int(const std::string& path, const std::string& text, bool truncate)> write;
  std::function<int(const std::string& path)> read;
};

Way plain(LiveTree& live) {
  const auto number = [](const auto& result) { return result ? 0 : result.error().os_errno(); };
  return {[&live, number](const std::string& path, const std::string& text, bool truncate) {
            return number(live.write(path, text, truncate));
          },
          [&live, number](const std::string& path) { return number(live.read(path)); }};
}

Way mounted(const std::string& root) {
  return {
      [root](const std::string& path, const std::string& text, bool truncate) {
        const UniqueFd fd(::open((root + "/" + path).c_str(),
                                 O_WRONLY | O_CLOEXEC | (truncate ? O_TRUNC : O_APPEND)));
        if (!fd) return errno;
        return ::write(fd.get(), text.data(), text.size()) < 0 ? errno : 0;
      },
      [root](const std::string& path) {
        const UniqueFd fd(::open((root + "/" + path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        if (!fd) return errno;
        char text[4096];
        return ::read(fd.get(), text, sizeof text) < 0 ? errno : 0;
      }};
}

/// One thread's part.
void operate(const Way& way, const TrustedFolder& definitions, unsigned seed) {
  std::mt19937 draw(seed);
  const auto upto = [&](int n) { return static_cast<int>(draw() % static_cast<unsigned>(n)); };
  for (int i = 0; i < kOperations; ++i) {
    const std::string name = kMonitors[upto(3)];
    const std::string folder = "monitors/" + name + "/";
    int answer = 0;
    switch (upto(12)) {
      case 0:
        answer = way.write("enabled_monitors", name + "\n", upto(8) == 0);
        break;
      case 1:
        answer = way.write("enabled_monitors", "!" + name, false);
        break;
      case 2:
      case 3:
        answer = way.write(folder + "enable", upto(2) == 0 ? "0\n" : "1\n", false);
        break;
      case 4:
        answer = way.write(upto(2) == 0 ? "monitoring_on" : "reacting_on", upto(3) == 0 ? "0" : "1",
                           false);
        break;
      case 5:
        answer = way.write(folder + "reactors", upto(2) == 0 ? "count" : "nop", false);
        break;
      case 6:
        answer = way.write("unload", name, false);
        break;
      case 7:
        answer = way.write("load", definitions.path(name + ".toml"), false);
        break;
      case 8:
        answer = way.read("enabled_monitors");
        break;
      case 9:
        answer = way.read(folder + (upto(2) == 0 ? "stats" : "status"));
        break;
      case 10:
        answer = way.read(upto(2) == 0 ? kStream : "violations_json");
        break;
      default:
        answer = way.read(folder + (upto(2) == 0 ? kStream + "_json" : "reactors"));
    }
    // What a monitor that has just been unloaded, or loaded by another thread, answers.
    const bool right =
        answer == 0 || answer == EINVAL || answer == ENOENT || answer == EEXIST || answer == EAGAIN;
    EXPECT_TRUE(right) << name << ": " << std::strerror(answer);
  }
}

void load_all(LiveTree& live) {
  for (int i = 0; i < 3; ++i) {
    const std::string path = live.define(kMonitors[i], kScopes[i]);
    const Result<> loaded = live.write("load", path);
    ASSERT_TRUE(loaded) << loaded.error().message();
  }
}

/// Everything is as if nothing had happened: loaded, off, the switches on.
void settle_all(LiveTree& live) {
  ASSERT_TRUE(live.write("monitoring_on", "1"));
  ASSERT_TRUE(live.write("reacting_on", "1"));
  ASSERT_TRUE(live.write("enabled_monitors", "\n", true));
  EXPECT_EQ(live.read("enabled_monitors").value(), "");
}

std::map<std::string, std::uint64_t> stats_of(LiveTree& live, const std::string& monitor) {
  std::istringstream text(live.read(cat("monitors/", monitor, "/stats")).value());
  std::map<std::string, std::uint64_t> out;
  std::string key, value;
  while (text >> key && std::getline(text, value)) {
    if (value.find_first_not_of(" 0123456789") == std::string::npos) out[key] = std::stoull(value);
  }
  return out;
}

void operate_in_many_threads(const Way& way, const TrustedFolder& definitions) {
  on_threads(kThreads, [&](int i) { operate(way, definitions, static_cast<unsigned>(i) + 1); });
}

/// While events flow, `operations` runs; then everything is counted.
void while_events_flow(LiveTree& live, const std::function<void()>& operations) {
  Hammer hammer(2, kPause);
  operations();
  settle_all(live);
  // It works as on the first day.
  for (const char* const name : kMonitors) (void)live.write("unload", name);
  load_all(live);
  for (const char* const name : kMonitors) ASSERT_TRUE(live.write("enabled_monitors", name));
  ASSERT_TRUE(hammer.turn_around());
  settle_all(live);
  for (const char* const name : kMonitors) {
    std::map<std::string, std::uint64_t> stats = stats_of(live, name);
    EXPECT_GT(stats["violations"], 0U) << name;
    EXPECT_EQ(stats["violations"] - stats["lost"],
              stats["reactions"] + stats["suppressed"] + stats["dropped"] + stats["cancelled"] +
                  stats["silenced"] + stats["dry_run"] + stats["waiting"])
        << name;
  }
}

TEST(ManyThreads, OnThePlainTree) {
  const TrustedFolder definitions;
  LiveTree live(definitions);
  load_all(live);
  while_events_flow(live, [&] { operate_in_many_threads(plain(live), definitions); });
}

// The threads are those of another process: one that serves a mount and waits for it as well cannot
// be ended.
TEST(ManyThreads, OnARealMount) {
  const TrustedFolder definitions;
  const std::string root = cat("/tmp/swerve-mount-", ::getpid());
  int begin[2];
  ASSERT_EQ(::pipe2(begin, O_CLOEXEC), 0);
  const UniqueFd read_end(begin[0]);
  UniqueFd write_end(begin[1]);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    write_end.reset();
    ::alarm(100);
    char byte;
    if (::read(read_end.get(), &byte, 1) == 1) {
      operate_in_many_threads(mounted(root), definitions);
    }
    ::_exit(HasFailure() ? 1 : 0);
  }

  LiveTree live(definitions);
  load_all(live);
  auto loop = Loop::create();
  ASSERT_TRUE(loop) << loop.error().message();
  auto mount = TreeMount::mount(*live.tree, **loop, root, {}, [] {});
  ASSERT_TRUE(mount) << mount.error().message();
  std::thread serving([&] { (*loop)->run(); });
  while_events_flow(live, [&] {
    ASSERT_EQ(::write(write_end.get(), "", 1), 1);
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  });
  (*loop)->stop();
  serving.join();
}

/// What would show that something goes on.
struct Activity {
  MonitorStats stats;
  std::uint64_t violations, steps;
  friend bool operator==(const Activity&, const Activity&) = default;
};
Activity activity(LiveTree& live, const std::string& monitor) {
  return {live.registry->report(monitor)->stats, live.verdicts.violations, live.verdicts.steps};
}
// A reaction that has begun may still be at its first line when the switch returns.
constexpr std::uint64_t kBegun = 1;

TEST(Quiet, AfterEveryWayToSwitchOff) {
  constexpr int kRounds = 10;
  const TrustedFolder definitions;
  LiveTree live(definitions);
  load_all(live);
  // Every verdict comes out, so that one too late is seen.
  const auto reader = live.tree->open(kStream, {true, false, false});
  ASSERT_TRUE(reader);
  Hammer hammer(2, kPause);
  const struct {
    const char* path;
    const char* text;
    const char* back;
  } kWays[] = {{"monitors/of_task/enable", "0", "1"},
               {"monitoring_on", "0", "1"},
               {"enabled_monitors", "!of_task", "of_task"}};
  ASSERT_TRUE(live.write("enabled_monitors", "of_task"));
  for (int round = 0; round < kRounds; ++round) {
    for (const auto& way : kWays) {
      ASSERT_TRUE(hammer.turn_around());
      const Activity before = activity(live, "of_task");
      ASSERT_TRUE(live.write(way.path, way.text));
      const Activity at_return = activity(live, "of_task");
      const std::uint64_t reactions = live.counting->done;
      ASSERT_TRUE(hammer.turn_around());
      EXPECT_EQ(activity(live, "of_task"), at_return) << way.path << ", round " << round;
      EXPECT_LE(live.counting->done, reactions + kBegun) << way.path << ", round " << round;
      EXPECT_EQ(at_return.stats.instances, 0U);
      EXPECT_GE(at_return.violations, before.violations);
      ASSERT_TRUE(live.write(way.path, way.back));
    }
  }
  EXPECT_GT(live.verdicts.violations, 0U);
  EXPECT_EQ(live.verdicts.steps > 0, kStream == "trace_pipe");
  EXPECT_GT(live.counting->done, 0U);
}

TEST(Quiet, NoReactionStartsAfterReactingIsOff) {
  constexpr int kRounds = 20;
  const TrustedFolder definitions;
  LiveTree live(definitions);
  load_all(live);
  Hammer hammer(2, kPause);
  ASSERT_TRUE(live.write("enabled_monitors", "of_object"));
  std::uint64_t seen = 0;
  for (int round = 0; round < kRounds; ++round) {
    // The limit is a second's: wait for a reaction, whenever it comes.
    ASSERT_TRUE(becomes_true([&] { return live.counting->done > seen; }));
    ASSERT_TRUE(live.write("reacting_on", "0"));
    seen = live.counting->done;
    const std::uint64_t violations = live.verdicts.violations;
    ASSERT_TRUE(hammer.turn_around());
    EXPECT_TRUE(becomes_true([&] { return live.verdicts.violations > violations; }))
        << "violations are found all the same";
    EXPECT_LE(live.counting->done, seen + kBegun) << "round " << round;
    seen = live.counting->done;
    ASSERT_TRUE(live.write("reacting_on", "1"));
  }
}

// Once, what still stood in the ring when reacting was switched on again was reacted to.
TEST(Quiet, WhatHappensWhileReactingIsOffIsNeverReactedTo) {
  constexpr int kViolations = 1000;  // more than are drained at once
  const TrustedFolder definitions;
  LiveTree live(definitions);
  load_all(live);
  ASSERT_TRUE(live.write("enabled_monitors", "of_all"));
  ASSERT_TRUE(live.write("reacting_on", "0"));
  {
    const std::lock_guard nobody_drains(live.draining);
    for (int i = 0; i < kViolations; ++i) {
      say(Mark::begin);
      say(Mark::bad);
    }
    ASSERT_TRUE(live.write("reacting_on", "1"));
  }
  std::map<std::string, std::uint64_t> stats = stats_of(live, "of_all");
  EXPECT_EQ(stats["silenced"] + stats["lost"], static_cast<std::uint64_t>(kViolations));
  EXPECT_EQ(live.counting->done, 0U);
  say(Mark::begin);
  say(Mark::bad);
  EXPECT_TRUE(becomes_true([&] { return live.counting->done == 1; }));
}

// Events that were missed while monitoring was off could have led anywhere.
TEST(Reset, AfterMonitoringWasOffInstancesStartAnew) {
  const TrustedFolder definitions;
  LiveTree live(definitions);
  load_all(live);
  ASSERT_TRUE(live.write("enabled_monitors", "of_all"));
  say(Mark::begin);
  ASSERT_TRUE(live.write("monitoring_on", "0"));
  say(Mark::step);
  ASSERT_TRUE(live.write("monitoring_on", "1"));
  const MonitorStats on_again = live.registry->report("of_all")->stats;
  EXPECT_EQ(on_again.instances, 0U);
  say(Mark::bad);  // a violation, were it still in `on`
  EXPECT_EQ(live.registry->report("of_all")->stats, on_again);
  say(Mark::begin);
  say(Mark::bad);
  EXPECT_EQ(live.registry->report("of_all")->stats.violations, on_again.violations + 1);
}

}  // namespace
}  // namespace swerve::live
