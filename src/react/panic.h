// react/panic.h - the reaction that stops the machine.
#pragma once

#include <string>
#include <utility>

#include "swerve/react/reactor.h"

namespace swerve {

/// Writes reaction_text() to the kernel's log and then crashes the kernel through sysrq, which
/// panics. Whether it reboots or dumps then is the kernel's setting.
class PanicReactor final : public Reactor {
 public:
  struct Options {
    std::string sysrq = "/proc/sysrq-trigger";
    std::string log = "/dev/kmsg";
  };
  explicit PanicReactor(Options options) : options_(std::move(options)) {}
  PanicReactor() : PanicReactor(Options()) {}

  std::string_view name() const override { return "panic"; }
  std::string_view description() const override {
    return "panic the system if an exception is found.";
  }
  /// Comes back with an error only: then there was no panic.
  Result<> react(const Reaction& reaction) override;

 private:
  const Options options_;
};

}  // namespace swerve
