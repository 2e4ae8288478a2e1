// swerve/base/sections.h - stretches of a thread's run that others can wait for.
//
// A section is a stretch of a thread's run in which it uses what another thread may take away: the
// callbacks of a tracepoint, the switches of a monitor. Who takes it away unpublishes it, then
// calls wait_for_sections(): when that returns, every section that could still see it has ended.
// That is what the kernel's tracepoint_synchronize_unregister() does, and the scheme is the "memb"
// flavour of user-space RCU (Desnoyers, McKenney and others, "User-Level Implementations of
// Read-Copy Update", IEEE TPDS 23(2), 2012): entering a section is a plain store, because the
// waiting side makes every other thread execute a full barrier with membarrier(2).
//
//   a section                                the waiting side
//   1 store "I am inside"                    1 store the new pointer
//   2 (compiler barrier)                     2 membarrier: a full barrier in every running thread
//   3 load the pointer                       3 load each thread's "I am inside"
//
// If 3 on the left saw the old pointer, then 1 on the left came before the barrier, and 3 on the
// right sees it and waits. Where the kernel has no membarrier, 1 on the left is a full barrier
// itself. (ThreadSanitizer needs no help: every path on which something is freed goes through a
// section's last store, a release, and the waiting side's load, an acquire.)
#pragma once

#include <atomic>
#include <cstdint>

#include "swerve/base/api.h"

namespace swerve {

struct Emission;  // source/tracepoint.h

namespace detail {

/// One thread. Made at its first use of Swerve, used again by a later thread after its end, never
/// freed. Fields without another word: the thread itself only.
struct alignas(64) ThreadRecord {
  static constexpr std::uint32_t kDirectValues = 24;

  // Odd: inside a section. Only ever grows, so a waiting thread need not see the moment between two
  // sections. Written by the thread itself, read by any.
  std::atomic<std::uint64_t> sections{0};
  const Emission* innermost = nullptr;  // the emission whose callbacks are running
  // The values of PerThread, by its number: the first here, the others in an array that the thread
  // itself replaces, under the lock of all records. A value is taken away by its owner, while no
  // section can use it.
  std::atomic<void*> values[kDirectValues] = {};
  std::atomic<std::atomic<void*>*> more_values{nullptr};
  std::atomic<std::uint32_t> more_count{0};
  std::uint32_t tid = 0;            // of the thread that has it now
  ThreadRecord* next = nullptr;     // all records; does not change
  std::atomic<bool> in_use{false};  // under the lock of all records
};

/// The record of the calling thread; null before its first use of Swerve. Eight bytes of static
/// TLS.
extern constinit thread_local SWERVE_API ThreadRecord* this_thread
    __attribute__((tls_model("initial-exec")));
/// Makes it. Never fails: without memory the process ends.
SWERVE_API ThreadRecord& enroll_thread() noexcept;

inline ThreadRecord& thread_record() noexcept {
  ThreadRecord* const record = this_thread;
  return record != nullptr ? *record : enroll_thread();
}

/// Whether the cheap sides must make full barriers themselves (no membarrier here).
extern SWERVE_API std::atomic<bool> sections_fence;
/// A full barrier in every thread of this process that runs; of the others it is one anyway.
SWERVE_API void barrier_everywhere() noexcept;

/// Whether the calling thread, whose record it is, is inside a section.
inline bool in_section(const ThreadRecord& thread) noexcept {
  return (thread.sections.load(std::memory_order_relaxed) & 1) != 0;
}
/// `inside` is the value of `sections` from here on.
inline void enter_section(ThreadRecord& thread, std::uint64_t inside) noexcept {
  if (sections_fence.load(std::memory_order_relaxed)) [[unlikely]] {
    thread.sections.exchange(inside, std::memory_order_seq_cst);
  } else {
    thread.sections.store(inside, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
}

/// As Section, where the thread is in none. Cost: two plain stores.
class OutermostSection {
 public:
  explicit OutermostSection(ThreadRecord& thread) noexcept
      : thread_(thread), inside_(thread.sections.load(std::memory_order_relaxed) + 1) {
    enter_section(thread, inside_);
  }
  ~OutermostSection() { thread_.sections.store(inside_ + 1, std::memory_order_release); }
  OutermostSection(const OutermostSection&) = delete;
  OutermostSection& operator=(const OutermostSection&) = delete;

 private:
  ThreadRecord& thread_;
  const std::uint64_t inside_;
};

}  // namespace detail

/// While it lives, the calling thread is inside a section. May be nested; the outermost counts.
/// Cost: two plain stores.
class Section {
 public:
  /// Of the calling thread, whose record that is.
  explicit Section(detail::ThreadRecord& thread) noexcept
      : thread_(thread), before_(thread.sections.load(std::memory_order_relaxed)) {
    detail::enter_section(thread, before_ | 1);  // the same, when it is nested
  }
  Section() noexcept : Section(detail::thread_record()) {}
  ~Section() {
    // One that is nested leaves it as it was; the outermost, even again, goes on by two.
    thread_.sections.store(before_ + 2 - 2 * (before_ & 1), std::memory_order_release);
  }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

 private:
  detail::ThreadRecord& thread_;
  const std::uint64_t before_;
};

/// Whether the calling thread is inside a section: in a callback of a tracepoint, or in what one
/// called. There, nothing can be waited for.
SWERVE_API bool inside_section() noexcept;

/// Returns when every section has ended that was running when it was called, in whatever thread,
/// and answers true. Others go on meanwhile, and may begin new ones. From inside a section it waits
/// for nothing, since two threads could wait for each other, and answers false. Any thread. Cost:
/// one membarrier (some microseconds), then as long as the longest section still takes.
SWERVE_API bool wait_for_sections() noexcept;

/// How often this process is the child of a fork() since it first used Swerve. In the child no
/// other thread is left, so what they held stays held: whoever has locks and threads of his own
/// compares this with the number of when he was made.
SWERVE_API std::uint64_t fork_count() noexcept;

}  // namespace swerve
