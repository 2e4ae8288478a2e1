// base/loop.h - one thread that waits for descriptors: the daemon's.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "base/unique_fd.h"
#include "swerve/base/result.h"
#include "swerve/base/time.h"

namespace swerve {

/// Calls back when a descriptor is readable, over epoll. Everything is for the thread that calls
/// run(), but post() and stop(). Callbacks may watch and forget descriptors, their own too. With
/// nothing to do it sleeps: no CPU is used.
class Loop {
 public:
  static Result<std::unique_ptr<Loop>> create();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// `readable` is called whenever `fd` is readable, or its other end is gone (level-triggered).
  /// The descriptor stays the caller's, who forgets it before closing it.
  Result<> watch(int fd, std::function<void()> readable);
  void forget(int fd);

  /// `call` runs on the loop's thread, soon, in the order of posting. Any thread; also before
  /// run(). What has not run when the loop ends never does.
  void post(std::function<void()> call);

  /// Until stop().
  void run();
  /// run() returns after the callback that is running. Any thread; also before run(), which then
  /// returns at once. A signal handler: no.
  void stop();

 private:
  Loop() = default;
  void wake();
  void run_one_posted();

  UniqueFd epoll_,
      wake_;  // wake_ is readable while there is something posted, or stop() was called
  std::map<int, std::shared_ptr<std::function<void()>>> watched_;
  std::mutex mutex_;  // over what follows
  std::deque<std::function<void()>> posted_;
  bool stopped_ = false;
};

/// A descriptor that becomes readable when a time has passed.
class Timer {
 public:
  static Result<Timer> create();
  int fd() const { return fd_.get(); }
  void once(TimeNs after);
  void every(TimeNs period);
  void clear();
  /// Whether it has fired since it was set or asked last.
  bool fired();

 private:
  void set(TimeNs first, TimeNs period);
  UniqueFd fd_;
};

}  // namespace swerve
