// tests/live/marks.h - events that a test makes itself, and monitors of them.
//
// Tasks say what they do by prctl() with an option that the kernel does not have and the event's
// number after it.
#pragma once

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support.h"

namespace swerve::live {

// Of no prctl(), and of no other test that runs at the same time.
inline const std::uint64_t kOption = 0x40000000 | static_cast<std::uint64_t>(::getpid());
enum class Mark : std::uint64_t { begin = 1, step, bad };

inline void say(Mark mark, std::uint64_t key = 0) {
  ::syscall(SYS_prctl, kOption, mark, key, 0, 0);
}
inline std::string said(Mark mark) {
  return cat("option == ", kOption, " && arg2 == ", static_cast<std::uint64_t>(mark));
}

/// `begin` starts; then any number of `begin` and `step`; `bad` is a violation.
inline Automaton steps() {
  return Automaton::make("steps", "off",
                         {{"off", "begin", "on"},
                          {"on", "begin", "on"},
                          {"on", "step", "on"},
                          {"off", "bad", "off"}})
      .value();
}
inline std::optional<BoundMonitor> steps_monitor(const std::string& name, Scope scope,
                                                 const std::string& extra = "") {
  const std::string key = scope == Scope::object ? "arg3" : "";
  const char* const probe = "syscall:prctl";
  return make_monitor(
      name, scope, steps(),
      {{.probe = probe,
        .event = "begin",
        .key = key,
        .when = said(Mark::begin),
        .start_run = "true"},
       {.probe = probe, .event = "step", .key = key, .when = said(Mark::step) + extra},
       {.probe = probe, .event = "bad", .key = key, .when = said(Mark::bad)}});
}

/// Until `what` answers true.
inline bool becomes_true(const std::function<bool()>& what, int seconds = 5) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!what()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

/// Threads that make events until they are let go.
class Hammer {
 public:
  enum class Mode { all, steps_only };
  /// After each turn of its calls a thread pauses.
  explicit Hammer(unsigned threads, std::chrono::milliseconds pause = {})
      : pause_(pause), turns_(threads) {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this, i] { run(i); });
  }
  ~Hammer() {
    stop_ = true;
    for (std::thread& t : threads_) t.join();
  }
  /// From when it returns no thread does anything of the old mode any more.
  bool set(Mode mode) {
    mode_ = mode;
    return turn_around();
  }
  /// Every thread makes all of its calls at least once from now on.
  bool turn_around() {
    std::vector<std::uint64_t> before;
    for (const auto& t : turns_) before.push_back(t.load());
    return becomes_true(
        [&] {
          for (std::size_t i = 0; i < turns_.size(); ++i) {
            if (turns_[i].load() < before[i] + 2) return false;
          }
          return true;
        },
        30);
  }

 private:
  void run(unsigned number) {
    while (!stop_) {
      const bool all = mode_ == Mode::all;
      for (int i = 0; i < 50; ++i) {
        if (all && i % 10 == 0) say(Mark::begin, number);
        say(Mark::step, number);
        if (all && i % 10 == 7) say(Mark::bad, number);
      }
      ++turns_[number];
      if (pause_.count() != 0) std::this_thread::sleep_for(pause_);
    }
  }
  const std::chrono::milliseconds pause_;
  std::atomic<bool> stop_{false};
  std::atomic<Mode> mode_{Mode::all};
  std::vector<std::atomic<std::uint64_t>> turns_;
  std::vector<std::thread> threads_;
};

}  // namespace swerve::live
