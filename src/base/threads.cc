// The records of threads: what sections.h and per_thread.h have in common.
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "swerve/base/check.h"
#include "swerve/base/per_thread.h"
#include "swerve/base/sections.h"

namespace swerve {

namespace detail {
constinit thread_local ThreadRecord* this_thread = nullptr;
std::atomic<bool> sections_fence{false};
}  // namespace detail

namespace {

using detail::ThreadRecord;

int membarrier(int command) { return static_cast<int>(::syscall(__NR_membarrier, command, 0, 0)); }

/// What there is once in the process. Never destroyed: threads may still run at its end.
struct Threads {
  // Over the list's growth, `in_use`, and all that PerThread has; never held while something is
  // waited for or called that may take another lock.
  std::mutex mutex;
  std::atomic<ThreadRecord*> first{nullptr};
  pthread_key_t at_end{};
  // By the number of a PerThread: what its values end with; none: the number is free.
  std::vector<std::function<void(void*)>> ends;
  std::atomic<std::uint64_t> forks{0};

  Threads();
};

Threads& threads() {
  static Threads& all = *new Threads();
  return all;
}

/// Where the value of that number is; null when there is no room for it yet. Under the lock, or by
/// the thread itself.
std::atomic<void*>* place_of(ThreadRecord& record, std::uint32_t number) {
  if (number < ThreadRecord::kDirectValues) return &record.values[number];
  number -= ThreadRecord::kDirectValues;
  if (number >= record.more_count.load(std::memory_order_relaxed)) return nullptr;
  return &record.more_values.load(std::memory_order_relaxed)[number];
}

void end_value(ThreadRecord& record, std::uint32_t number) {
  std::atomic<void*>* const place = place_of(record, number);
  if (place == nullptr) return;
  if (void* const value = place->exchange(nullptr)) threads().ends[number](value);
}

/// At the end of a thread, after the destructors of its thread_local objects. Later destructors of
/// pthread keys may emit: the thread is then enrolled anew, and this is called once more.
void thread_ends(void* record_of_thread) {
  auto& record = *static_cast<ThreadRecord*>(record_of_thread);
  detail::this_thread = nullptr;
  const std::lock_guard lock(threads().mutex);
  for (std::uint32_t i = 0; i < threads().ends.size(); ++i) end_value(record, i);
  record.in_use.store(false, std::memory_order_relaxed);
}

/// In the child of a fork() there is the calling thread alone.
void forked() {
  Threads& all = threads();
  all.forks.fetch_add(1);
  for (ThreadRecord* r = all.first.load(); r != nullptr; r = r->next) {
    if (r == detail::this_thread || !r->in_use.load()) continue;
    // Its values stay: their owners are those of the parent, and nobody uses them here.
    if (const std::uint64_t sections = r->sections.load(); sections & 1) r->sections = sections + 1;
  }
  if (detail::this_thread != nullptr) {
    detail::this_thread->tid = static_cast<std::uint32_t>(::gettid());
  }
  all.mutex.unlock();
}

Threads::Threads() {
  ::pthread_key_create(&at_end, thread_ends);
  ::pthread_atfork([] { threads().mutex.lock(); }, [] { threads().mutex.unlock(); }, forked);
  if (membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) != 0) detail::sections_fence = true;
}

/// Waits a little, more each time: a section is some nanoseconds long, or has a slow callback.
class Patience {
 public:
  void wait() {
    ++times_;
    if (times_ < 64) return;
    if (times_ < 128) {
      ::sched_yield();
      return;
    }
    std::this_thread::sleep_for(pause_);
    pause_ = std::min(pause_ * 2, std::chrono::microseconds(1000));
  }

 private:
  unsigned times_ = 0;
  std::chrono::microseconds pause_{10};
};

}  // namespace

void detail::barrier_everywhere() noexcept {
  if (sections_fence.load()) return;  // the other side has its own
  if (membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0) return;
  // The registration is missing: nobody has used Swerve's threads yet, or a system does not hand it
  // down to a child.
  (void)threads();
  if (membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0) return;
  (void)membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
  if (sections_fence.load() || membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0) return;
  SWERVE_CHECK(false, "membarrier(2) stopped working");
}

detail::ThreadRecord& detail::enroll_thread() noexcept {
  Threads& all = threads();
  ThreadRecord* record = nullptr;
  {
    const std::lock_guard lock(all.mutex);
    for (record = all.first.load(); record != nullptr; record = record->next) {
      if (!record->in_use.load(std::memory_order_relaxed)) break;
    }
    if (record == nullptr) {
      record = new ThreadRecord();
      record->next = all.first.load();
      all.first.store(record, std::memory_order_release);
    }
    record->in_use.store(true, std::memory_order_relaxed);
  }
  record->tid = static_cast<std::uint32_t>(::gettid());
  ::pthread_setspecific(all.at_end, record);
  this_thread = record;
  return *record;
}

bool inside_section() noexcept {
  const ThreadRecord* const thread = detail::this_thread;
  return thread != nullptr && detail::in_section(*thread);
}

bool wait_for_sections() noexcept {
  if (inside_section()) return false;
  // What the caller has unpublished, it has stored with seq_cst, or this orders it.
  detail::barrier_everywhere();
  for (ThreadRecord* r = threads().first.load(); r != nullptr; r = r->next) {
    const std::uint64_t seen = r->sections.load(std::memory_order_seq_cst);
    if ((seen & 1) == 0) continue;
    for (Patience patience; r->sections.load(std::memory_order_acquire) == seen;) patience.wait();
  }
  detail::barrier_everywhere();
  return true;
}

std::uint64_t fork_count() noexcept { return threads().forks.load(); }

namespace detail {

PerThreadValues::PerThreadValues(std::function<void(void*)> ends) {
  Threads& all = threads();
  const std::lock_guard lock(all.mutex);
  const auto free =
      std::find_if(all.ends.begin(), all.ends.end(), [](const auto& one) { return !one; });
  number_ = static_cast<std::uint32_t>(free - all.ends.begin());
  if (free == all.ends.end()) {
    all.ends.push_back(std::move(ends));
  } else {
    *free = std::move(ends);
  }
}

PerThreadValues::~PerThreadValues() {
  Threads& all = threads();
  const std::lock_guard lock(all.mutex);
  for (ThreadRecord* r = all.first.load(); r != nullptr; r = r->next) end_value(*r, number_);
  all.ends[number_] = nullptr;
}

void* PerThreadValues::find_more(const ThreadRecord& thread) const noexcept {
  const std::uint32_t number = number_ - ThreadRecord::kDirectValues;
  if (number >= thread.more_count.load(std::memory_order_relaxed)) return nullptr;
  return thread.more_values.load(std::memory_order_relaxed)[number].load(std::memory_order_relaxed);
}

void PerThreadValues::set(ThreadRecord& thread, void* value) {
  const std::lock_guard lock(threads().mutex);
  std::atomic<void*>* place = place_of(thread, number_);
  if (place == nullptr) {
    const std::uint32_t count = thread.more_count.load(std::memory_order_relaxed);
    const std::uint32_t more = std::max(2 * count, number_ - ThreadRecord::kDirectValues + 8);
    auto* const grown = new std::atomic<void*>[more]();
    std::atomic<void*>* const old = thread.more_values.load(std::memory_order_relaxed);
    for (std::uint32_t i = 0; i < count; ++i) grown[i].store(old[i].load());
    thread.more_values.store(grown, std::memory_order_relaxed);
    thread.more_count.store(more, std::memory_order_relaxed);
    delete[] old;  // others read it under the lock only
    place = place_of(thread, number_);
  }
  place->store(value, std::memory_order_relaxed);
}

void PerThreadValues::for_each(const std::function<void(void*)>& call,
                               const std::function<void()>& then) const {
  Threads& all = threads();
  const std::lock_guard lock(all.mutex);
  for (ThreadRecord* r = all.first.load(); r != nullptr; r = r->next) {
    std::atomic<void*>* const place = place_of(*r, number_);
    if (place == nullptr) continue;
    if (void* const value = place->load()) call(value);
  }
  if (then) then();
}

}  // namespace detail

}  // namespace swerve
