#include "app/child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"

namespace swerve {
namespace {

struct Pipe {
  UniqueFd read, write;
};

Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return Error::from_errno(errno, "make a pipe");
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

ssize_t read_retrying(int fd, void* buffer, std::size_t size) {
  ssize_t n;
  do n = ::read(fd, buffer, size);
  while (n < 0 && errno == EINTR);
  return n;
}

[[noreturn]] void child_main(Pipe& go, Pipe& failure, char* const* arguments,
                             const sigset_t& mask) {
  go.write.reset();  // so that its end is seen when the parent dies
  char byte;
  if (read_retrying(go.read.get(), &byte, 1) != 1) ::_exit(127);
  (void)std::signal(SIGPIPE, SIG_DFL);
  (void)::sigprocmask(SIG_SETMASK, &mask, nullptr);
  ::execvp(arguments[0], arguments);
  const int error = errno;
  (void)!::write(failure.write.get(), &error, sizeof error);
  ::_exit(error == ENOENT ? 127 : 126);
}

}  // namespace

Result<Child> Child::born(const std::vector<std::string>& command, const sigset_t& mask) {
  SWERVE_CHECK(!command.empty(), "a command has a name");
  SWERVE_TRY_ASSIGN(Pipe go, make_pipe());
  SWERVE_TRY_ASSIGN(Pipe failure, make_pipe());
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return Error::from_errno(errno, "fork");
  if (pid == 0) child_main(go, failure, arguments.data(), mask);
  return Child(pid, std::move(go.write), std::move(failure.read), command.front());
}

Child::~Child() {
  if (!go_) return;  // released, or moved from
  go_.reset();
  int status;
  while (!status_ && ::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
}

Result<> Child::release() {
  const char byte = 1;
  if (::write(go_.get(), &byte, 1) != 1) return Error::from_errno(errno, "start the command");
  go_.reset();
  int error = 0;
  const ssize_t n = read_retrying(failure_.get(), &error, sizeof error);
  failure_.reset();
  if (n == sizeof error) return Error::from_errno(error, escape(name_));
  return {};
}

std::optional<int> Child::ended() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return status_;
}

void Child::signal(int number) const {
  if (!status_) (void)::kill(pid_, number);
}

}  // namespace swerve
