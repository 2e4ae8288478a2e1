#include "base/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>

#include "swerve/base/check.h"

namespace swerve {

namespace {
Result<> add_to(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    return Error::from_errno(errno, "watch a descriptor");
  }
  return {};
}
}  // namespace

Result<std::unique_ptr<Loop>> Loop::create() {
  std::unique_ptr<Loop> loop(new Loop);
  loop->epoll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!loop->epoll_) return Error::from_errno(errno, "make an epoll descriptor");
  loop->wake_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!loop->wake_) return Error::from_errno(errno, "make an event descriptor");
  SWERVE_TRY(add_to(loop->epoll_.get(), loop->wake_.get()));
  return loop;
}

Result<> Loop::watch(int fd, std::function<void()> readable) {
  SWERVE_TRY(add_to(epoll_.get(), fd));
  watched_[fd] = std::make_shared<std::function<void()>>(std::move(readable));
  return {};
}

void Loop::forget(int fd) {
  if (watched_.erase(fd) != 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Loop::post(std::function<void()> call) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(call));
  if (posted_.size() == 1) wake();
}

void Loop::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  wake();
}

void Loop::wake() {
  // It fails only where the counter is full: then it is readable anyway.
  [[maybe_unused]] const int failed = ::eventfd_write(wake_.get(), 1);
}

void Loop::run() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(stopped_, false)) return;
    }
    // One event at a time: of several, the second could be of a descriptor that the first one's
    // callback has closed, and whose number is another's by now. epoll takes turns.
    epoll_event event{};
    if (::epoll_wait(epoll_.get(), &event, 1, -1) != 1) {
      SWERVE_CHECK(errno == EINTR, "waiting for descriptors failed");
      continue;
    }
    if (event.data.fd == wake_.get()) {
      run_one_posted();
    } else if (const auto found = watched_.find(event.data.fd); found != watched_.end()) {
      const auto callback = found->second;  // lives on when it forgets itself
      (*callback)();
    }
  }
}

void Loop::run_one_posted() {
  std::function<void()> call;
  {
    const std::lock_guard lock(mutex_);
    if (posted_.empty()) {
      eventfd_t count;
      [[maybe_unused]] const int failed = ::eventfd_read(wake_.get(), &count);
      return;
    }
    call = std::move(posted_.front());
    posted_.pop_front();
  }
  call();
}

Result<Timer> Timer::create() {
  Timer timer;
  timer.fd_ = UniqueFd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer.fd_) return Error::from_errno(errno, "make a timer");
  return timer;
}

void Timer::set(TimeNs first, TimeNs period) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  const auto timespec_of = [](TimeNs time) {
    timespec t{};
    t.tv_sec = static_cast<time_t>(time.ns / kSecond);
    t.tv_nsec = static_cast<long>(time.ns % kSecond);
    return t;
  };
  itimerspec spec{};
  spec.it_value = timespec_of(first);
  spec.it_interval = timespec_of(period);
  const int failed = ::timerfd_settime(fd_.get(), 0, &spec, nullptr);
  SWERVE_CHECK(failed == 0, "a timer could not be set");
}

// For the kernel a time of 0 means "never".
void Timer::once(TimeNs after) { set({std::max<std::uint64_t>(after.ns, 1)}, {}); }
void Timer::every(TimeNs period) {
  period.ns = std::max<std::uint64_t>(period.ns, 1);
  set(period, period);
}
void Timer::clear() { set({}, {}); }

bool Timer::fired() {
  std::uint64_t times = 0;
  return ::read(fd_.get(), &times, sizeof times) == sizeof times;
}

}  // namespace swerve
