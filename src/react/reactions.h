// react/reactions.h - from violations to reactors: which monitor has which, its limit, and what
// came of it.
//
//   violation --> reacting on? --> dry run? --> within the limit? --> queue of the reactor -->
//   thread
//                     |               |               |                  |    of the reactor:
//                     react()
//                  silenced        dry_run        suppressed          dropped (the queue is full)
//                                                                     cancelled (settled before its
//                                                                     turn)
//
// Every violation of a monitor with a reactor other than nop ends in exactly one of the counts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "monitor/reaction.h"
#include "monitor/verdict.h"
#include "react/reactor.h"

namespace swerve {

struct ReactionCounts {
  std::uint64_t reactions = 0;   // done, well or badly
  std::uint64_t failed = 0;      // of these
  std::uint64_t suppressed = 0;  // over the monitor's limit
  std::uint64_t dropped = 0;     // the reactor's queue was full: it hangs, or is slow
  std::uint64_t cancelled = 0;   // a switch or a disable came before their turn
  std::uint64_t silenced = 0;    // reacting was off
  std::uint64_t dry_run = 0;     // would have been done
  std::uint64_t waiting = 0;     // queued now, or being done
  std::string last_error;        // of the last one that failed
};

/// Any thread, for every call. No call waits for a reactor, but settle() for a while.
class Reactions {
 public:
  struct Options {
    std::size_t queue_most = 1024;  // reactions that wait for one reactor
    std::function<TimeNs()> now = monotonic_now;
  };
  explicit Reactions(Options options);
  Reactions() : Reactions(Options()) {}
  /// Cancels what waits. A reactor that hangs is left to itself.
  ~Reactions();
  Reactions(const Reactions&) = delete;
  Reactions& operator=(const Reactions&) = delete;

  /// From now on violations of `monitor` get this reaction; its limit begins anew, its counts go
  /// on.
  void choose(const std::string& monitor, std::shared_ptr<Reactor> reactor,
              const ReactionSetting& setting);
  /// The monitor is no more; what waits for it is cancelled.
  void forget(std::string_view monitor);

  /// Off: what waits is cancelled, and no reaction starts from the return on.
  void set_reacting(bool on);
  bool reacting() const;

  /// Takes a violation; a monitor that was never named here has no reaction. Never blocks.
  void on_violation(const Violation& violation);

  /// Gives what waits for these monitors up to `patience` to be started, then cancels the rest:
  /// after it none of their reactions starts, until another violation of theirs is taken. One
  /// patience for all of them together.
  void settle(std::span<const std::string> monitors, TimeNs patience);

  ReactionCounts counts(std::string_view monitor) const;
  /// How many reactions the limit allows `monitor` at this moment; 0 while reacting is off, for a
  /// dry run, and for a monitor without a reaction. For engines that react themselves.
  std::uint64_t allowance(std::string_view monitor) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace swerve
