// base/signals_blocked.h - begins a thread that no signal is delivered to.
#pragma once

#include <pthread.h>

#include <csignal>

namespace swerve {

/// While it lives, a new thread begins with all signals blocked: handlers are for others.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace swerve
