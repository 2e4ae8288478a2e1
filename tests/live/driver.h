// tests/live/driver.h - threads and processes that make a given list of system calls, one after the
// other over all of them or each at its own speed.
//
// The list stands in memory that all of them share. In order: a call is made when the turn is at
// it, by its worker. Worker 0 starts and joins the others.
#pragma once

#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <map>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "support.h"
#include "swerve/base/check.h"

namespace swerve::live {

inline constexpr std::uint32_t kMostWorkers = 128;
inline constexpr int kSeekable = 987;  // the descriptor of a file that every worker may seek in

struct Call {
  enum class Kind : std::uint32_t {
    // The first argument holds the mark (lseek: the upper half of the second), which makes the call
    // fail for that reason alone; the others may be anything.
    prctl,
    fadvise64,
    ioctl,
    sync_file_range,
    setpriority,
    lseek,
    // Worker arguments[0] begins as a thread or a process of worker 0; the caller ends; the end of
    // worker arguments[0] is waited for.
    start_thread,
    start_process,
    leave,
    join,
  };
  std::uint32_t worker = 0;
  Kind kind = Kind::prctl;
  std::uint64_t arguments[5] = {};
  std::int64_t ret = 0;  // what the kernel answered: a number, or -errno
};

struct CallShape {
  const char* name;
  long number;
  unsigned count;
};
/// Of Kind::prctl to Kind::lseek.
inline const CallShape& shape_of(Call::Kind kind) {
  static const CallShape shapes[] = {{"prctl", SYS_prctl, 5},
                                     {"fadvise64", SYS_fadvise64, 4},
                                     {"ioctl", SYS_ioctl, 3},
                                     {"sync_file_range", SYS_sync_file_range, 4},
                                     {"setpriority", SYS_setpriority, 3},
                                     {"lseek", SYS_lseek, 3}};
  return shapes[static_cast<std::size_t>(kind)];
}
inline bool is_marked(Call::Kind kind) { return kind <= Call::Kind::lseek; }

/// What a worker turned out to be.
struct WorkerInfo {
  std::uint64_t pid_tgid = 0;
  std::uint64_t leader_tid = 0;
  std::uint32_t cpu = 0;
  char comm[16] = {};
  char leader_comm[16] = {};
};

class Driver {
 public:
  /// The descriptor kSeekable becomes ours.
  Driver(const std::vector<Call>& calls, bool in_order, const KernelIds& ids) : ids_(ids) {
    const std::size_t bytes = sizeof(Shared) + calls.size() * sizeof(Call);
    void* const at =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    SWERVE_CHECK(at != MAP_FAILED, "no memory for a test");
    shared_ = new (at) Shared;
    shared_->count = static_cast<std::uint32_t>(calls.size());
    shared_->in_order = in_order;
    bytes_ = bytes;
    std::memcpy(list(), calls.data(), calls.size() * sizeof(Call));
    const UniqueFd file(::memfd_create("swerve-test", MFD_CLOEXEC));
    SWERVE_CHECK(::dup2(file.get(), kSeekable) == kSeekable, "no file to seek in");
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  ~Driver() {
    finish();
    ::close(kSeekable);
    ::munmap(shared_, bytes_);
  }

  /// A process of the caller that is worker `number` (0, or one that nobody starts).
  void begin(std::uint32_t number) {
    const pid_t pid = ::fork();
    SWERVE_CHECK(pid >= 0, "cannot fork");
    if (pid == 0) {
      ::alarm(100);  // a test that hangs must not leave anything behind
      run(number, 0, 0);
      ::_exit(0);
    }
    processes_.push_back(pid);
  }
  /// Until every call is made; the workers that did not leave are still there.
  void wait_done() {
    for (;;) {
      const std::uint32_t now = shared_->done.load();
      if (now == shared_->count) return;
      const timespec limit{90, 0};
      const long woken = ::syscall(SYS_futex, &shared_->done, FUTEX_WAIT, now, &limit, nullptr, 0);
      SWERVE_CHECK(woken == 0 || errno != ETIMEDOUT, "the driver of a test hangs");
    }
  }
  /// Lets the workers go, and waits for their end.
  void finish() {
    shared_->release.store(1);
    wake(shared_->release);
    for (const pid_t pid : processes_) ::waitpid(pid, nullptr, 0);
    processes_.clear();
  }

  const Call& call(std::size_t i) const { return list()[i]; }
  std::size_t size() const { return shared_->count; }
  const WorkerInfo& worker(std::uint32_t number) const { return shared_->workers[number]; }

 private:
  struct Shared {
    std::atomic<std::uint32_t> turn{0}, done{0}, release{0}, naming{0};
    std::uint32_t count = 0;
    bool in_order = true;
    WorkerInfo workers[kMostWorkers];
  };

  static void wait_while(std::atomic<std::uint32_t>& cell, std::uint32_t value) {
    ::syscall(SYS_futex, &cell, FUTEX_WAIT, value, nullptr, nullptr, 0);
  }
  static void wake(std::atomic<std::uint32_t>& cell) {
    ::syscall(SYS_futex, &cell, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
  }
  Call* list() const { return reinterpret_cast<Call*>(shared_ + 1); }

  void name_worker(std::uint32_t number, std::uint64_t leader_tid, const char* leader_comm) {
    WorkerInfo& info = shared_->workers[number];
    // The allowed CPUs in turn.
    cpu_set_t allowed;
    ::sched_getaffinity(0, sizeof allowed, &allowed);
    std::vector<std::uint32_t> cpus;
    for (std::uint32_t c = 0; c < CPU_SETSIZE; ++c) {
      if (CPU_ISSET(c, &all_cpus_)) cpus.push_back(c);
    }
    info.cpu = cpus[number % cpus.size()];
    CPU_ZERO(&allowed);
    CPU_SET(info.cpu, &allowed);
    ::sched_setaffinity(0, sizeof allowed, &allowed);
    std::snprintf(info.comm, sizeof info.comm, "worker %u", number);
    ::prctl(PR_SET_NAME, info.comm);
    std::uint32_t free = 0;
    while (!shared_->naming.compare_exchange_strong(free, 1)) {
      wait_while(shared_->naming, 1);
      free = 0;
    }
    info.pid_tgid = ids_.own();
    shared_->naming.store(0);
    wake(shared_->naming);
    info.leader_tid = leader_tid != 0 ? leader_tid : info.pid_tgid & 0xffffffff;
    std::memcpy(info.leader_comm, leader_tid != 0 ? leader_comm : info.comm, sizeof info.comm);
  }

  void run(std::uint32_t number, std::uint64_t leader_tid, const char* leader_comm) {
    name_worker(number, leader_tid, leader_comm);
    const WorkerInfo& info = shared_->workers[number];
    std::map<std::uint32_t, std::thread> threads;
    std::map<std::uint32_t, pid_t> children;
    const auto join = [&](std::uint32_t other) {
      if (const auto t = threads.find(other); t != threads.end()) {
        t->second.join();
        threads.erase(t);
      } else if (const auto p = children.find(other); p != children.end()) {
        ::waitpid(p->second, nullptr, 0);
        children.erase(p);
      }
    };
    bool left = false;
    for (std::uint32_t i = 0; i < shared_->count && !left; ++i) {
      Call& c = list()[i];
      if (c.worker != number) continue;
      for (std::uint32_t turn; shared_->in_order && (turn = shared_->turn.load()) != i;) {
        wait_while(shared_->turn, turn);
      }
      const auto other = static_cast<std::uint32_t>(c.arguments[0]);
      switch (c.kind) {
        case Call::Kind::start_thread:
          threads.emplace(other, std::thread([this, other, &info] {
                            run(other, info.leader_tid, info.leader_comm);
                          }));
          break;
        case Call::Kind::start_process: {
          const pid_t pid = ::fork();
          if (pid == 0) {
            ::alarm(100);
            run(other, 0, nullptr);
            ::_exit(0);
          }
          children.emplace(other, pid);
          break;
        }
        case Call::Kind::leave:
          left = true;
          break;
        case Call::Kind::join:
          join(other);
          break;
        default: {
          const std::uint64_t* const a = c.arguments;
          const long ret = ::syscall(shape_of(c.kind).number, a[0], a[1], a[2], a[3], a[4]);
          c.ret = ret == -1 ? -errno : ret;
        }
      }
      if (shared_->in_order) {
        shared_->turn.store(i + 1);
        wake(shared_->turn);
      }
      if (shared_->done.fetch_add(1) + 1 == shared_->count) wake(shared_->done);
    }
    while (!left && shared_->release.load() == 0) wait_while(shared_->release, 0);
    while (!threads.empty()) join(threads.begin()->first);
    while (!children.empty()) join(children.begin()->first);
  }

  const KernelIds& ids_;
  Shared* shared_ = nullptr;
  std::size_t bytes_ = 0;
  std::vector<pid_t> processes_;
  cpu_set_t all_cpus_ = [] {
    cpu_set_t all;
    ::sched_getaffinity(0, sizeof all, &all);
    return all;
  }();
};

}  // namespace swerve::live
