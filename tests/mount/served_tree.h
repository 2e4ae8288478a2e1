// tests/mount/served_tree.h - a control tree on a real mount, over an instrumentation that attaches
// nothing; and the system calls that ask it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/loop.h"
#include "base/text.h"
#include "control/fakes_test.h"
#include "control/fuse/tree_mount.h"
#include "swerve/control/registry.h"
#include "swerve/control/tree.h"

namespace swerve::mounted {

/// A folder of the test's own under /tmp, removed with what it holds (but for mounts).
class Scratch {
 public:
  Scratch() {
    char name[] = "/tmp/swerve-mount-XXXXXX";
    path_ = ::mkdtemp(name);
    // Whoever is let into the mount must be able to come as far as to it.
    EXPECT_EQ(::chmod(path_.c_str(), 0755), 0);
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// A registry with `wip` and `wwnr`, and its tree.
struct Tree {
  Tree() {
    add("wip", "wakeup in preemptive per-cpu testing monitor.");
    add("wwnr", "wakeup while not running per-task testing model.");
  }
  void add(const std::string& name, const std::string& description = "for tests") {
    MonitorEntry entry;
    entry.name = name;
    entry.description = description;
    entry.instrumentation = &instrumentation;
    entry.handle = ++last;
    const auto added = registry.register_monitor(std::move(entry));
    EXPECT_TRUE(added) << added.error().message();
  }

  fake::Instrumentation instrumentation;
  fake::Reactors reactors;
  Reactions reactions;
  Registry registry{reactors.set(), reactions};
  VerdictStreams streams;
  ControlTree tree{registry, streams, nullptr};
  MonitorHandle last = 0;
};

/// A tree that is mounted and served by a thread of its own, until stop().
class Served {
 public:
  explicit Served(std::string folder, std::optional<unsigned> group = {})
      : root(std::move(folder)), loop(std::move(Loop::create()).value()) {
    auto mounted = TreeMount::mount(tree.tree, *loop, root, {group}, [this] { gone = true; });
    if (!mounted) {
      ADD_FAILURE() << mounted.error().message();
      return;
    }
    mount = std::move(mounted).value();
    go_on();
  }
  ~Served() { stop(); }

  /// No request is answered any more; the mount stands.
  void pause() {
    loop->stop();
    if (thread.joinable()) thread.join();
  }
  void go_on() {
    thread = std::thread([this] { loop->run(); });
  }
  void stop() {
    pause();
    mount.reset();
  }

  std::string operator/(const std::string& path) const { return root + "/" + path; }

  const std::string root;
  Tree tree;
  std::unique_ptr<Loop> loop;
  std::atomic<bool> gone{false};
  std::unique_ptr<TreeMount> mount;
  std::thread thread;
};

/// The errno of a call that answers -1, else 0.
template <typename Number>
int errno_after(Number answer) {
  return answer < 0 ? errno : 0;
}

inline UniqueFd open_file(const std::string& path, int flags) {
  return UniqueFd(::open(path.c_str(), flags | O_CLOEXEC));
}

/// Until the end; an error is its name.
inline std::string read_all(int fd) {
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) != 0;) {
    if (n < 0) return ::strerrorname_np(errno);
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}
inline std::string read_file(const std::string& path) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  if (!fd) return cat("open ", ::strerrorname_np(errno));
  return read_all(fd.get());
}
/// One read.
inline std::string read_once(int fd, std::size_t most = 65536) {
  std::string text(most, '\0');
  const ssize_t n = ::read(fd, text.data(), most);
  if (n < 0) return ::strerrorname_np(errno);
  text.resize(static_cast<std::size_t>(n));
  return text;
}

/// As `echo >>` does; what write(2) said.
inline int append(const std::string& path, const std::string& text) {
  const UniqueFd fd = open_file(path, O_WRONLY | O_APPEND);
  if (!fd) return errno;
  return errno_after(::write(fd.get(), text.data(), text.size()));
}

/// Whether this thread is, or comes to be, asleep in read(2).
inline bool comes_to_wait(const std::atomic<int>& tid) {
  return fake::eventually([&] {
    if (tid == 0) return false;
    std::ifstream file(cat("/proc/self/task/", tid.load(), "/syscall"));
    int call = -1;
    file >> call;  // "running" is no number
    return file && call == 0;
  });
}

/// A thread that reads once.
class Reader {
 public:
  explicit Reader(int fd)
      : thread_([this, fd] {
          tid_ = ::gettid();
          got_ = read_once(fd);
          done_ = true;
        }) {}
  bool waits() { return comes_to_wait(tid_) && !done_; }
  bool done() const { return done_; }
  void interrupt() { ::pthread_kill(thread_.native_handle(), SIGUSR1); }
  /// What it read; waits for it.
  std::string got() {
    thread_.join();
    return got_;
  }

 private:
  std::atomic<int> tid_{0};
  std::atomic<bool> done_{false};
  std::string got_;
  std::jthread thread_;
};

/// A process that runs `body`, then exits with what it answers.
class Process {
 public:
  template <typename Body>
  explicit Process(Body body) : pid_(::fork()) {
    if (pid_ == 0) ::_exit(body());
  }
  ~Process() { kill(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  void signal(int number) const { ::kill(pid_, number); }
  /// Its exit status; -1 when a signal ended it.
  int wait() {
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void kill() {
    if (pid_ <= 0) return;
    signal(SIGKILL);
    wait();
  }

 private:
  pid_t pid_;
};

/// A process that serves a tree on a folder until it is killed.
class OtherServer {
 public:
  explicit OtherServer(const std::string& folder) : process_([&] { return serve(folder); }) {
    char c = 0;
    in_.reset();
    EXPECT_EQ(::read(out_.get(), &c, 1), 1) << "it does not serve";
  }
  Process& process() { return process_; }

 private:
  int serve(const std::string& folder) {
    Tree tree;
    auto loop = Loop::create();
    auto mount = TreeMount::mount(tree.tree, **loop, folder, {}, [] {});
    if (!mount) return 1;
    (*loop)->post([&] { (void)!::write(in_.get(), "x", 1); });
    (*loop)->run();
    return 0;
  }
  struct Ends {
    Ends() { EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0); }
    int fds[2];
  } ends_;
  UniqueFd out_{ends_.fds[0]}, in_{ends_.fds[1]};
  Process process_;
};

/// "TYPE SOURCE OPTIONS" of the topmost mount on `path`; empty: none. Touches nothing of it.
inline std::string mounted_on(const std::string& path) {
  std::ifstream mounts("/proc/self/mounts");
  std::string source, point, type, options, rest, found;
  while (mounts >> source >> point >> type >> options && std::getline(mounts, rest)) {
    if (point == path) found = cat(type, " ", source, " ", options);
  }
  return found;
}

/// Fails what is asked of the test's mounts when that takes too long. A process that waits for an
/// answer which it should give itself cannot even be killed.
class Watchdog {
 public:
  explicit Watchdog(std::string folder)
      : thread_([this, below = std::move(folder)] {
          std::unique_lock lock(mutex_);
          if (changed_.wait_for(lock, std::chrono::seconds(60), [this] { return over_; })) return;
          ADD_FAILURE() << "no end after a minute";
          std::ifstream mounts("/proc/self/mounts");
          std::string source, point, rest;
          while (mounts >> source >> point && std::getline(mounts, rest)) {
            if (point.starts_with(below)) ::umount2(point.c_str(), MNT_FORCE);
          }
        }) {}
  ~Watchdog() {
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::jthread thread_;
};

/// The base of the suites here: they need root and FUSE.
class MountTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
    if (::access("/dev/fuse", R_OK | W_OK) != 0) GTEST_SKIP() << "this kernel has no /dev/fuse";
    // Interrupts a system call, and does nothing else.
    struct sigaction action {};
    action.sa_handler = [](int) {};
    ASSERT_EQ(::sigaction(SIGUSR1, &action, nullptr), 0);
  }
  Scratch scratch;
  Watchdog watchdog{scratch / ""};
};

}  // namespace swerve::mounted
