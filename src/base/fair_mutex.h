// base/fair_mutex.h - a mutex that goes to those who wait for it in the order of their coming.
#pragma once

#include <atomic>
#include <cstdint>

namespace swerve {

/// For a lock that one thread takes again as soon as it has let go of it (the one that drains a
/// ring which fills faster): with std::mutex the others may wait for ever. Tickets, as at a
/// counter (Mellor-Crummey and Scott, 1991, section 2.2). Works with std::lock_guard.
class FairMutex {
 public:
  void lock() {
    const std::uint32_t mine = next_.fetch_add(1, std::memory_order_relaxed);
    for (std::uint32_t now; (now = serving_.load(std::memory_order_acquire)) != mine;) {
      serving_.wait(now, std::memory_order_acquire);
    }
  }
  void unlock() {
    serving_.fetch_add(1, std::memory_order_release);
    serving_.notify_all();
  }

 private:
  std::atomic<std::uint32_t> next_{0}, serving_{0};
};

}  // namespace swerve
