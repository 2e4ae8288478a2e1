// react/reactor.h - what is done about a violation, and which ways of doing there are.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "monitor/reaction.h"
#include "monitor/verdict.h"

namespace swerve {

/// A reaction to violations.
///
/// react() is called by the one thread that takes the verdicts from the engines, for one violation
/// after the other. It must not block: while it runs, verdicts wait and rings fill. What it cannot
/// do at once it drops and counts. A failure is the caller's to count and show; it does not stop
/// the monitor.
class Reactor {
 public:
  virtual ~Reactor() = default;
  /// At most 31 bytes; unique in a ReactorSet.
  virtual std::string_view name() const = 0;
  /// One line for people.
  virtual std::string_view description() const = 0;
  virtual Result<> react(const Violation& violation) = 0;
};

/// The reactors that monitors can choose from, in the order in which they were added. One thread.
class ReactorSet {
 public:
  using Options = std::map<std::string, std::string>;
  /// Makes a reactor from the options of a definition. Errors: invalid (an option it does not know,
  /// or a bad value), denied, unsupported.
  using Maker = std::function<Result<std::shared_ptr<Reactor>>(const Options&)>;

  struct Kind {
    std::string name;
    std::string description;
    Maker make;
  };

  /// The kernel's: nop, printk. All monitors that print share one printk reactor, and so its limit.
  static ReactorSet standard();

  /// Errors: exists (the name is taken), invalid (longer than 31 bytes, or empty).
  Result<> add(Kind kind);
  /// A reactor that takes no options, and is the same one for everybody.
  Result<> add(std::shared_ptr<Reactor> reactor);

  const std::vector<Kind>& kinds() const noexcept { return kinds_; }
  /// The reactor that `setting` wants.
  /// Errors: not_found (with a near-miss hint), and those of its Maker.
  Result<std::shared_ptr<Reactor>> make(const ReactionSetting& setting) const;

 private:
  std::vector<Kind> kinds_;
};

/// Does nothing.
class NopReactor final : public Reactor {
 public:
  std::string_view name() const override { return "nop"; }
  std::string_view description() const override { return "no-operation reactor: do nothing."; }
  Result<> react(const Violation&) override { return {}; }
};

}  // namespace swerve
