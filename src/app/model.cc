// app/model.cc - `swerve model`: reads, checks and prints a model.
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "app/commands.h"
#include "app/output.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "model/describe.h"
#include "model/dot_parser.h"
#include "model/dot_printer.h"
#include "model/json_printer.h"

extern char** environ;

namespace swerve {
namespace {

constexpr int kFailed = 2;

/// A file in memory that holds `text`, to be read from its start.
Result<UniqueFd> memory_file(const std::string& text) {
  UniqueFd fd(::memfd_create("swerve-dot", MFD_CLOEXEC));
  if (!fd) return Error::from_errno(errno, "memfd_create");
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::lseek(fd.get(), 0, SEEK_SET) != 0)
    return Error::from_errno(errno, "write to memory");
  return fd;
}

/// Has Graphviz draw `dot` on standard output; no shell is between. Returns its exit status.
Result<int> draw(const std::string& dot) {
  SWERVE_TRY_ASSIGN(const UniqueFd input, memory_file(dot));
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  char program[] = "dot", form[] = "-Tsvg";
  char* const arguments[] = {program, form, nullptr};
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, program, &actions, &attributes, arguments, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error == ENOENT)
    return Error(ErrorCode::not_found,
                 "--svg needs Graphviz: there is no program 'dot' (Debian: apt install graphviz)");
  if (error != 0) return Error::from_errno(error, "run dot");
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return Error::from_errno(errno, "wait for dot");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int run_model(const ModelOptions& options) {
  const Result<std::string> text = read_file(options.file);
  if (!text) {
    complain(escape(text.error().message()));
    return kFailed;
  }
  const ParsedAutomaton parsed = parse_dot(*text, options.file);
  show(parsed.diagnostics);
  if (!parsed.automaton) return kFailed;
  switch (options.form) {
    case ModelOptions::Form::text:
      return finish(describe(*parsed.automaton), 0);
    case ModelOptions::Form::dot:
      return finish(to_dot(*parsed.automaton), 0);
    case ModelOptions::Form::json:
      return finish(to_json(*parsed.automaton) + "\n", 0);
    case ModelOptions::Form::svg:
      break;
  }
  const Result<int> drawn = draw(to_dot(*parsed.automaton));
  if (!drawn) {
    complain(drawn.error().message());
    return kFailed;
  }
  if (*drawn != 0) complain(cat("dot failed with status ", *drawn));
  return *drawn == 0 ? 0 : kFailed;
}

}  // namespace swerve
