// swerve/react/reactor.h - what is done about a violation, and which ways of doing there are.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "swerve/base/api.h"
#include "swerve/base/result.h"
#include "swerve/monitor/reaction.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

/// A violation that asks for a reaction.
struct Reaction {
  Violation violation;           // complete in itself
  std::uint64_t suppressed = 0;  // of this monitor, by its limit, since its last reaction
};

/// A way to react; derive from it for one of your own.
///
/// react() is called on a thread of this reactor's own, for one reaction after the other, so it may
/// take its time: events, verdicts and other reactors do not wait for it. What comes meanwhile is
/// queued, then dropped and counted. A failure is counted and shown; it does not stop the monitor.
/// A reactor may outlive the one who chose it, while a call of react() still runs. Signals are
/// blocked on its threads.
///
/// One whose at_event() is true is called by the thread that found the violation instead, before
/// that goes on: for monitors of this program (control/inproc/session.h) the one where the event
/// happened. Then several threads may call it at the same time, there is no queue, and it may
/// throw: the exception goes on to whoever emitted the event.
class SWERVE_API Reactor {
 public:
  virtual ~Reactor() = default;
  /// At most 31 bytes; unique in a ReactorSet.
  virtual std::string_view name() const = 0;
  /// One line for people.
  virtual std::string_view description() const = 0;
  /// Does it. An error is counted as a failure, and its text is shown.
  virtual Result<> react(const Reaction& reaction) = 0;
  /// How many calls of react() may run at one time, each on its own thread; always the same number.
  virtual unsigned at_once() const { return 1; }
  /// Always the same.
  virtual bool at_event() const { return false; }
};

/// What the person who started Swerve allows, since a wrong model could do harm with it.
struct ReactorRights {
  bool panic = false;   // --allow-panic
  bool signal = false;  // --allow-signal
};

/// The reactors that monitors can choose from, in the order in which they were added. One thread.
class SWERVE_API ReactorSet {
 public:
  /// Names and values of [react.NAME] in a definition.
  using Options = std::map<std::string, std::string>;
  /// Makes a reactor from the options of a definition. Errors: invalid (an option it does not know,
  /// or a bad value), denied (says what would allow it), unsupported.
  using Maker = std::function<Result<std::shared_ptr<Reactor>>(const Options&)>;

  /// One way to react that can be chosen.
  struct Kind {
    std::string name;         // at most 31 bytes
    std::string description;  // one line for people
    Maker make;               // called for each monitor that chooses it
  };

  /// The kernel's, nop, printk and panic; then signal, stop_tracing, exec and trace_marker.
  /// `rights` are asked when one is made. All monitors that print share one printk reactor.
  static ReactorSet standard(ReactorRights rights = {});

  /// Errors: exists (the name is taken), invalid (longer than 31 bytes, or empty).
  Result<> add(Kind kind);
  /// A reactor that takes no options, and is the same one for everybody.
  Result<> add(std::shared_ptr<Reactor> reactor);
  /// Errors: not_found.
  Result<> remove(std::string_view name);

  /// Those there are, in the order in which they were added.
  const std::vector<Kind>& kinds() const noexcept { return kinds_; }
  /// The reactor that `setting` wants.
  /// Errors: not_found (with a near-miss hint), and those of its Maker.
  Result<std::shared_ptr<Reactor>> make(const ReactionSetting& setting) const;

 private:
  std::vector<Kind> kinds_;
};

/// Does nothing.
class SWERVE_API NopReactor final : public Reactor {
 public:
  std::string_view name() const override { return "nop"; }
  std::string_view description() const override { return "no-operation reactor: do nothing."; }
  /// Nothing.
  Result<> react(const Reaction&) override { return {}; }
};

}  // namespace swerve
