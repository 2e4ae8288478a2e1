#include "app/caught_signals.h"

#include <sys/signalfd.h>

#include <cerrno>

namespace swerve {

Result<CaughtSignals> catch_signals(Children children) {
  CaughtSignals out;
  sigset_t caught;
  sigemptyset(&caught);
  for (const int number : {SIGINT, SIGTERM}) sigaddset(&caught, number);
  if (children == Children::heard) sigaddset(&caught, SIGCHLD);
  struct sigaction hangup {};
  if (::sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
    sigaddset(&caught, SIGHUP);  // under nohup it stays ignored
  (void)std::signal(SIGCHLD, SIG_DFL);
  if (::sigprocmask(SIG_BLOCK, &caught, &out.before) != 0)
    return Error::from_errno(errno, "block signals");
  out.fd = UniqueFd(::signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!out.fd) return Error::from_errno(errno, "signalfd");
  return out;
}

}  // namespace swerve
