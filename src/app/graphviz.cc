#include "app/graphviz.h"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/text.h"
#include "base/unique_fd.h"

extern char** environ;

namespace swerve {
namespace {

Result<UniqueFd> memory_file() {
  UniqueFd fd(::memfd_create("swerve-dot", MFD_CLOEXEC));
  if (!fd) return Error::from_errno(errno, "memfd_create");
  return fd;
}

Result<> fill(int fd, const std::string& text) {
  if (::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::lseek(fd, 0, SEEK_SET) != 0)
    return Error::from_errno(errno, "write to memory");
  return {};
}

Result<std::string> content(int fd) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) return Error::from_errno(errno, "read from memory");
  std::string text(static_cast<std::size_t>(about.st_size), '\0');
  if (::pread(fd, text.data(), text.size(), 0) != about.st_size)
    return Error::from_errno(errno, "read from memory");
  return text;
}

}  // namespace

Result<std::string> draw_svg(const std::string& dot, unsigned cpu_seconds) {
  SWERVE_TRY_ASSIGN(const UniqueFd input, memory_file());
  SWERVE_TRY_ASSIGN(const UniqueFd output, memory_file());
  SWERVE_TRY(fill(input.get(), dot));
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output.get(), STDOUT_FILENO);
  char program[] = "dot", form[] = "-Tsvg";
  char* const arguments[] = {program, form, nullptr};
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, program, &actions, nullptr, arguments, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT)
    return Error(ErrorCode::not_found, "there is no program 'dot' (Debian: apt install graphviz)");
  if (error != 0) return Error::from_errno(error, "run dot");
  if (cpu_seconds != 0) {
    const rlimit limit{cpu_seconds, cpu_seconds + 1};
    (void)::prlimit(pid, RLIMIT_CPU, &limit, nullptr);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return Error::from_errno(errno, "wait for dot");
  if (cpu_seconds != 0 && WIFSIGNALED(status) &&
      (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
    return Error(ErrorCode::exhausted, cat("dot took longer than ", cpu_seconds, " s"));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return Error(ErrorCode::io,
                 cat("dot failed with status ",
                     WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)));
  return content(output.get());
}

}  // namespace swerve
