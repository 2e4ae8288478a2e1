#include "react/exec.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/text.h"
#include "base/unique_fd.h"
#include "monitor/verdict_json.h"

namespace swerve {

namespace {

constexpr unsigned kAtOnceMost = 64;
constexpr const char* kShell = "/bin/sh";

std::vector<std::string> variables(const Reaction& reaction) {
  const Violation& v = reaction.violation;
  std::vector<std::string> all;
  const auto set = [&all](std::string_view name, std::string_view text) {
    all.push_back(cat("SWERVE_", name, "=", escape(text)));
  };
  set("MONITOR", v.monitor);
  set("EVENT", v.event);
  set("STATE", v.state);
  set("EXPECTED", join(v.expected, " "));
  set("SCOPE", scope_name(v.id.scope));
  if (v.id.scope != Scope::global) set("ID", key_text(v));
  if (v.task) {
    set("TID", cat(v.task->tid));
    set("TGID", cat(v.task->tgid));
    set("COMM", v.task->comm);
  }
  set("CPU", cat(v.cpu));
  set("TIME_NS", cat(v.time.ns));
  set("SUPPRESSED", cat(reaction.suppressed));
  set("MESSAGE", reaction_text(v));
  return all;
}

/// A file in memory: whoever does not read it holds nobody up.
Result<UniqueFd> input_of(std::string_view text) {
  UniqueFd file(::memfd_create("swerve violation", MFD_CLOEXEC));
  if (!file) return Error::from_errno(errno, "make the input of a command");
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno != EINTR)
      return Error::from_errno(errno, "write the input of a command");
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0)
    return Error::from_errno(errno, "rewind the input of a command");
  return file;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

Result<pid_t> spawn(const std::vector<std::string>& arguments,
                    const std::vector<std::string>& environment, int input) {
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t files;
  int err = ::posix_spawnattr_init(&attributes);
  if (err != 0) return Error::from_errno(err, "start a command");
  err = ::posix_spawn_file_actions_init(&files);
  if (err != 0) {
    ::posix_spawnattr_destroy(&attributes);
    return Error::from_errno(err, "start a command");
  }
  const auto try_to = [&err](int answer) { err = err != 0 ? err : answer; };
  try_to(::posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));
  try_to(::posix_spawnattr_setsigmask(&attributes, &none));
  try_to(::posix_spawnattr_setsigdefault(&attributes, &all));
  try_to(::posix_spawnattr_setpgroup(&attributes, 0));
  try_to(::posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO));
  try_to(::posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1));
  pid_t pid = -1;
  if (err == 0) {
    err = ::posix_spawn(&pid, kShell, &files, &attributes, pointers(arguments).data(),
                        pointers(environment).data());
  }
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (err != 0) return Error::from_errno(err, cat("start ", kShell));
  return pid;
}

/// Waits until the process has ended; false when the time is over.
Result<bool> ends_within(const UniqueFd& process, TimeNs timeout) {
  const TimeNs begin = monotonic_now();
  for (;;) {
    const std::uint64_t passed = monotonic_now().ns - begin.ns;
    if (passed >= timeout.ns) return false;
    const std::uint64_t left = timeout.ns - passed;
    const timespec wait{static_cast<time_t>(left / 1'000'000'000),
                        static_cast<long>(left % 1'000'000'000)};
    pollfd one{process.get(), POLLIN, 0};
    const int ready = ::ppoll(&one, 1, &wait, nullptr);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return Error::from_errno(errno, "wait for the command");
  }
}

Result<int> reap(pid_t pid) {
  int status = 0;
  pid_t reaped;
  do {
    reaped = ::waitpid(pid, &status, 0);
  } while (reaped < 0 && errno == EINTR);
  if (reaped < 0) return Error::from_errno(errno, "wait for the command");
  return status;
}

std::string seconds(TimeNs time) {
  std::string text = seconds_text(time);
  text.resize(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text + "s";
}

}  // namespace

ExecReactor::ExecReactor(Options options) : options_(std::move(options)) {
  for (char** one = environ; *one != nullptr; ++one) {
    if (!std::string_view(*one).starts_with("SWERVE_")) environment_.emplace_back(*one);
  }
}

Result<std::shared_ptr<Reactor>> ExecReactor::make(const ReactorSet::Options& options) {
  SWERVE_TRY(check_options("exec", options, {"command", "at_once", "timeout"}));
  Options parsed;
  const auto command = options.find("command");
  if (command == options.end())
    return Error(ErrorCode::invalid, "the reactor 'exec' needs the option 'command'");
  if (command->second.empty() || command->second.find('\0') != std::string::npos)
    return Error(ErrorCode::invalid,
                 cat("'command' is a line for the shell, not '", escape(command->second), "'"));
  parsed.command = command->second;
  if (const auto found = options.find("at_once"); found != options.end()) {
    const std::string& text = found->second;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), parsed.at_once);
    if (error != std::errc() || end != text.data() + text.size() || parsed.at_once < 1 ||
        parsed.at_once > kAtOnceMost) {
      return Error(ErrorCode::invalid, cat("'at_once' is a number from 1 to ", kAtOnceMost,
                                           ", not '", escape(text), "'"));
    }
  }
  if (const auto found = options.find("timeout"); found != options.end()) {
    Result<TimeNs> timeout = parse_duration(found->second);
    if (!timeout) return std::move(timeout).error().within("'timeout'");
    parsed.timeout = *timeout;
  }
  return std::shared_ptr<Reactor>(std::make_shared<ExecReactor>(std::move(parsed)));
}

Result<> ExecReactor::react(const Reaction& reaction) {
  SWERVE_TRY_ASSIGN(const UniqueFd input, input_of(violation_json(reaction.violation)));
  std::vector<std::string> environment = environment_;
  for (std::string& one : variables(reaction)) environment.push_back(std::move(one));
  SWERVE_TRY_ASSIGN(const pid_t pid,
                    spawn({kShell, "-c", options_.command}, environment, input.get()));

  // Not yet reaped, so its number is its own until we do it.
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const int err = errno;
  if (!process && err == ESRCH)  // SIGCHLD is ignored here, so somebody else was told
    return Error::from_errno(err, "watch the command");
  Result<bool> ended = process ? ends_within(process, options_.timeout)
                               : Error::from_errno(err, "watch the command");
  if (!ended || !*ended) (void)::kill(-pid, SIGKILL);
  const Result<int> status = reap(pid);
  if (!ended) return std::move(ended).error();
  if (!*ended) {
    return Error(ErrorCode::io,
                 cat("the command took more than ", seconds(options_.timeout), " and was killed"));
  }
  if (!status) return status.error();
  if (WIFSIGNALED(*status)) {
    const int number = WTERMSIG(*status);
    const char* const name = ::sigabbrev_np(number);
    return Error(ErrorCode::io, cat("the command was ended by signal ",
                                    name != nullptr ? cat("SIG", name) : std::to_string(number)));
  }
  if (WEXITSTATUS(*status) != 0) {
    return Error(ErrorCode::io, cat("the command ended with status ", WEXITSTATUS(*status)));
  }
  return {};
}

}  // namespace swerve
