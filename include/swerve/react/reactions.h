// swerve/react/reactions.h - from violations to reactors: which monitor has which, its limit, and
// what came of it.
//
//   a violation while reacting is off -> silenced
//               in a dry run          -> dry_run
//               over the limit        -> suppressed
//               the queue is full     -> dropped
//               else                  -> waiting -> react(), on the reactor's thread: reactions
//                                                -> settled before its turn: cancelled
//   with a reactor that is for the event itself, instead of the last three: react(), at once
//
// Every violation of a monitor with a reactor other than nop ends in exactly one of the counts; nop
// counts nothing. A violation that the engine has reacted to (Violation::reacted) goes past all of
// it: it is a reaction, and spends from the limit.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "swerve/base/api.h"
#include "swerve/base/time.h"
#include "swerve/monitor/reaction.h"
#include "swerve/monitor/verdict.h"
#include "swerve/react/reactor.h"

namespace swerve {

/// What came of the violations of one monitor.
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

/// Any thread, for every call, but not from inside react(). No call waits for a reactor, but
/// settle() and the destructor for a while.
class SWERVE_API Reactions {
 public:
  /// How much may wait, and which clock the limits go by.
  struct Options {
    std::size_t queue_most = 1024;                // reactions that wait for one reactor
    std::function<TimeNs()> now = monotonic_now;  // any thread
  };
  /// No monitor has a reaction yet, and reacting is on.
  explicit Reactions(Options options);
  /// With the usual options.
  Reactions() : Reactions(Options()) {}
  /// Cancels what waits, and gives what runs a fifth of a second in all. A reactor that hangs is
  /// left to itself.
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
  /// Whether reacting is on.
  bool reacting() const;

  /// Takes a violation; a monitor that was never named here has no reaction. Never blocks, and
  /// throws nothing, but for what a reactor does that is called at the event.
  void on_violation(const Violation& violation);

  /// Gives what waits for these monitors up to `patience` to be started, then cancels the rest:
  /// after it none of their reactions starts, until another violation of theirs is taken. One
  /// patience for all of them together.
  void settle(std::span<const std::string> monitors, TimeNs patience);

  /// Those of a monitor since it was first named here; all 0 for one that never was.
  ReactionCounts counts(std::string_view monitor) const;
  /// How many reactions the limit allows `monitor` at this moment; 0 while reacting is off, for a
  /// dry run, and for a monitor without a reaction. For engines that react themselves.
  std::uint64_t allowance(std::string_view monitor) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace swerve
