#include "react/signal.h"

#include <limits.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "base/text.h"
#include "base/unique_fd.h"

namespace swerve {

namespace {

// What the kernel calls them; both are fixed for ever.
constexpr std::string_view kFirstPidNamespace = "pid:[4026531836]";
constexpr std::uint64_t kKernelThread = 0x200000;  // PF_KTHREAD

std::uint64_t clock_ns(clockid_t clock) {
  timespec t{};
  (void)::clock_gettime(clock, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(t.tv_nsec);
}

/// An instant as /proc counts them: in ticks since boot, time asleep included.
std::uint64_t boot_ticks(TimeNs time) {
  const std::uint64_t asleep = clock_ns(CLOCK_BOOTTIME) - clock_ns(CLOCK_MONOTONIC);
  const std::uint64_t tick_ns = 1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return (time.ns + asleep) / tick_ns;
}

struct TaskStat {
  std::uint64_t flags = 0;
  std::uint64_t started = 0;  // in ticks since boot
};

/// From /proc/.../stat. A task's name may hold anything, but what follows holds no ')'.
Result<TaskStat> task_stat(const std::string& path) {
  SWERVE_TRY_ASSIGN(const std::string text, read_file(path, 4096));
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  TaskStat stat;
  std::string skipped;
  for (int field = 3; field <= 22; ++field) {
    if (field == 9) {
      fields >> stat.flags;
    } else if (field == 22) {
      fields >> stat.started;
    } else {
      fields >> skipped;
    }
  }
  if (!fields) return Error(ErrorCode::io, cat("read ", path, ": it is not as expected"));
  return stat;
}

std::string task_text(const TaskInfo& task) { return cat(escape(task.comm), "-", task.tid); }

Error refused(const TaskInfo& task, std::string_view why) {
  return Error(ErrorCode::denied, cat("no signal to ", task_text(task), ": ", why), EPERM);
}

Error ended(const TaskInfo& task) {
  return Error(ErrorCode::not_found, cat("no signal to ", task_text(task), ": it has ended"),
               ESRCH);
}

}  // namespace

Result<std::shared_ptr<Reactor>> SignalReactor::make(const ReactorSet::Options& options,
                                                     ReactorRights rights) {
  SWERVE_TRY_ASSIGN(const SignalReaction signal, signal_reaction(options));
  if (!rights.signal) {
    return Error(ErrorCode::denied, "the reactor 'signal' needs --allow-signal", EPERM);
  }
  char space[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/ns/pid", space, sizeof space);
  if (size < 0) return Error::from_errno(errno, "read /proc/self/ns/pid");
  if (std::string_view(space, static_cast<std::size_t>(size)) != kFirstPidNamespace) {
    return Error(ErrorCode::unsupported,
                 "the reactor 'signal' cannot be used in a pid namespace other than the first");
  }
  return std::shared_ptr<Reactor>(std::make_shared<SignalReactor>(signal));
}

Result<> SignalReactor::react(const Reaction& reaction) {
  const Violation& violation = reaction.violation;
  const TaskInfo& task = violation.task ? *violation.task : violation.by;
  if (task.tid == 0) return refused(task, "it is the idle task");
  if (task.tgid <= 1) return refused(task, "the machine needs process 1");

  // What this descriptor refers to stays the same process, so the look at its start is about the
  // one that gets the signal.
  const auto pid = static_cast<pid_t>(task.tgid), tid = static_cast<pid_t>(task.tid);
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process) {
    const int err = errno;
    if (err == ESRCH) return ended(task);
    return Error::from_errno(err, cat("pidfd_open ", pid));
  }
  std::string folder = cat("/proc/", pid);
  if (!signal_.whole_process) folder += cat("/task/", tid);
  const Result<TaskStat> stat = task_stat(folder + "/stat");
  if (!stat && (stat.error().code() == ErrorCode::not_found || stat.error().os_errno() == ESRCH)) {
    return ended(task);
  }
  if (!stat) return stat.error();
  if ((stat->flags & kKernelThread) != 0) return refused(task, "it is a thread of the kernel");
  if (stat->started > boot_ticks(violation.time)) return ended(task);  // its number is another's

  const long sent = signal_.whole_process ? ::syscall(SYS_pidfd_send_signal, process.get(),
                                                      signal_.number, nullptr, 0)
                                          : ::tgkill(pid, tid, signal_.number);
  if (sent == 0) return {};
  const int err = errno;
  if (err == ESRCH) return ended(task);
  return Error::from_errno(err, cat("signal ", task_text(task)));
}

}  // namespace swerve
