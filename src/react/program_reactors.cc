#include "swerve/react/program_reactors.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "swerve/monitor/violation_text.h"

namespace swerve {

namespace {

class LogReactor final : public Reactor {
 public:
  LogReactor(ReportMaker report, std::function<void(std::string_view)> log)
      : report_(std::move(report)), log_(std::move(log)) {}
  std::string_view name() const override { return "log"; }
  std::string_view description() const override { return "logs the report on the violation."; }
  bool at_event() const override { return true; }
  Result<> react(const Reaction& reaction) override {
    log_(report_(reaction.violation));
    return {};
  }

 private:
  const ReportMaker report_;
  const std::function<void(std::string_view)> log_;
};

class AbortReactor final : public Reactor {
 public:
  explicit AbortReactor(ReportMaker report) : report_(std::move(report)) {}
  std::string_view name() const override { return "abort"; }
  std::string_view description() const override {
    return "writes the report to standard error and aborts the program.";
  }
  bool at_event() const override { return true; }
  Result<> react(const Reaction& reaction) override {
    const std::string report = report_(reaction.violation);
    for (std::string_view rest = report; !rest.empty();) {
      const ::ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
      if (written <= 0) break;
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    std::abort();
  }

 private:
  const ReportMaker report_;
};

class ThrowReactor final : public Reactor {
 public:
  std::string_view name() const override { return "throw"; }
  std::string_view description() const override {
    return "throws an exception where the violating event was emitted.";
  }
  bool at_event() const override { return true; }
  Result<> react(const Reaction& reaction) override { throw ViolationError(reaction.violation); }
};

class CallbackReactor final : public Reactor {
 public:
  CallbackReactor(std::string name, std::function<void(const Reaction&)> callback)
      : name_(std::move(name)), callback_(std::move(callback)) {}
  std::string_view name() const override { return name_; }
  std::string_view description() const override { return "calls a function of the program."; }
  bool at_event() const override { return true; }
  Result<> react(const Reaction& reaction) override {
    callback_(reaction);
    return {};
  }

 private:
  const std::string name_;
  const std::function<void(const Reaction&)> callback_;
};

}  // namespace

ViolationError::ViolationError(Violation violation)
    : std::runtime_error(violation_sentence(violation)),
      violation_(std::make_shared<const Violation>(std::move(violation))) {}

ViolationError::~ViolationError() = default;

std::shared_ptr<Reactor> log_reactor(ReportMaker report,
                                     std::function<void(std::string_view)> log) {
  return std::make_shared<LogReactor>(std::move(report), std::move(log));
}
std::shared_ptr<Reactor> abort_reactor(ReportMaker report) {
  return std::make_shared<AbortReactor>(std::move(report));
}
std::shared_ptr<Reactor> throw_reactor() { return std::make_shared<ThrowReactor>(); }
std::shared_ptr<Reactor> callback_reactor(std::string name,
                                          std::function<void(const Reaction&)> callback) {
  return std::make_shared<CallbackReactor>(std::move(name), std::move(callback));
}

}  // namespace swerve
