// base/small_lock.h - a lock of eight bytes, for a few instructions at a time.
#pragma once

#include <atomic>
#include <cstdint>

#include "swerve/base/sections.h"

namespace swerve {

/// Works with std::lock_guard. While nobody waits, taking it is one locked instruction and letting
/// go of it none: who has to wait makes the barrier that the other side is without (see
/// sections.h), then sleeps.
class SmallLock {
 public:
  void lock() noexcept {
    if (taken_.exchange(1, std::memory_order_acquire) != 0) [[unlikely]]
      wait();
  }
  void unlock() noexcept {
    if (detail::sections_fence.load(std::memory_order_relaxed)) [[unlikely]] {
      taken_.exchange(0, std::memory_order_seq_cst);
    } else {
      taken_.store(0, std::memory_order_release);
      std::atomic_signal_fence(std::memory_order_seq_cst);
    }
    if (waiting_.load(std::memory_order_seq_cst) != 0) [[unlikely]] {
      // notify_one() asks by a plain load whether anybody sleeps: that must come after the store
      // above, or who is just going to sleep is overlooked by it and overlooks the store.
      waiting_.fetch_add(0, std::memory_order_seq_cst);
      taken_.notify_one();
    }
  }

 private:
  void wait() noexcept {
    waiting_.fetch_add(1, std::memory_order_seq_cst);
    // Either who has it sees that somebody waits, or what follows sees that it is free.
    detail::barrier_everywhere();
    while (taken_.exchange(1, std::memory_order_acquire) != 0) {
      taken_.wait(1, std::memory_order_relaxed);
    }
    waiting_.fetch_sub(1, std::memory_order_relaxed);
  }

  std::atomic<std::uint32_t> taken_{0};
  std::atomic<std::uint32_t> waiting_{0};
};

}  // namespace swerve
