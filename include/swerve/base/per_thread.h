// swerve/base/per_thread.h - a value of each thread, for whoever wants one, which its owner can see
// too.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "swerve/base/api.h"
#include "swerve/base/sections.h"

namespace swerve {

namespace detail {

/// PerThread without the type. Any thread, unless said otherwise.
class SWERVE_API PerThreadValues {
 public:
  /// `ends` is called for a thread's value when the thread ends, on that thread, and for all values
  /// when this is destroyed; one call at a time. It frees the value.
  explicit PerThreadValues(std::function<void(void*)> ends);
  /// Nobody may be using a value any more.
  ~PerThreadValues();
  PerThreadValues(const PerThreadValues&) = delete;
  PerThreadValues& operator=(const PerThreadValues&) = delete;

  void* find(const ThreadRecord& thread) const noexcept {
    const std::uint32_t number = number_;
    if (number < ThreadRecord::kDirectValues) [[likely]]
      return thread.values[number].load(std::memory_order_relaxed);
    return find_more(thread);
  }
  void* find_direct(const ThreadRecord& thread) const noexcept {
    const std::uint32_t number = number_;
    return number < ThreadRecord::kDirectValues
               ? thread.values[number].load(std::memory_order_relaxed)
               : nullptr;
  }
  /// The calling thread's, which has none yet.
  void set(ThreadRecord& thread, void* value);
  /// No thread ends meanwhile, and none gets a value; nor while `then` is called, after the last.
  void for_each(const std::function<void(void*)>& call, const std::function<void()>& then) const;

 private:
  void* find_more(const ThreadRecord& thread) const noexcept;
  std::uint32_t number_;
};

}  // namespace detail

/// A T for every thread that asks for one. Any thread for every call; two threads never share a T,
/// but for_each() sees those of others: what it reads or writes there must be atomic.
template <typename T>
class PerThread {
 public:
  /// `ends` is told of a thread's value, just before it is destroyed: at the end of the thread, on
  /// that thread, or when this is destroyed. One call at a time; it must not call this back.
  explicit PerThread(std::function<void(T&)> ends = {})
      : values_([ends = std::move(ends)](void* value) {
          if (ends) ends(*static_cast<T*>(value));
          delete static_cast<T*>(value);
        }) {}

  /// The calling thread's; null when it has not asked for one. Cost: three loads.
  T* find(const detail::ThreadRecord& thread) const noexcept {
    return static_cast<T*>(values_.find(thread));
  }
  /// The same, or null where find() takes longer.
  T* find_at_once(const detail::ThreadRecord& thread) const noexcept {
    return static_cast<T*>(values_.find_direct(thread));
  }
  /// The calling thread's. Made when it asks for the first time.
  T& here(detail::ThreadRecord& thread) {
    if (T* const found = find(thread)) [[likely]]
      return *found;
    T* const made = new T();
    values_.set(thread, made);
    return *made;
  }
  /// Each that there is. No thread ends meanwhile, nor while `then` is called, after the last.
  template <typename Call>
  void for_each(const Call& call, const std::function<void()>& then = {}) const {
    values_.for_each([&call](void* value) { call(*static_cast<T*>(value)); }, then);
  }

 private:
  detail::PerThreadValues values_;
};

}  // namespace swerve
