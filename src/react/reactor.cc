#include "swerve/react/reactor.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/text.h"
#include "react/exec.h"
#include "react/panic.h"
#include "react/printk.h"
#include "react/signal.h"
#include "react/stop_tracing.h"
#include "react/trace_marker.h"
#include "swerve/base/diagnostic.h"

namespace swerve {

namespace {
constexpr std::size_t kNameMost = 31;
}  // namespace

ReactorSet ReactorSet::standard(ReactorRights rights) {
  ReactorSet set;
  // The name and the description are those of `like`; every one that is made is its own.
  const auto add = [&set](const Reactor& like, Maker make) {
    const Result<> added =
        set.add({std::string(like.name()), std::string(like.description()), std::move(make)});
    SWERVE_CHECK(added.has_value(), "a reactor of ours was refused");
  };
  SWERVE_CHECK(
      set.add(std::make_shared<NopReactor>()) && set.add(std::make_shared<PrintkReactor>()),
      "a reactor of ours was refused");
  add(PanicReactor(), [rights](const Options& options) -> Result<std::shared_ptr<Reactor>> {
    SWERVE_TRY(check_options("panic", options, {}));
    if (!rights.panic)
      return Error(ErrorCode::denied, "the reactor 'panic' needs --allow-panic", EPERM);
    return std::shared_ptr<Reactor>(std::make_shared<PanicReactor>());
  });
  add(SignalReactor({}),
      [rights](const Options& options) { return SignalReactor::make(options, rights); });
  add(StopTracingReactor(), StopTracingReactor::make);
  add(ExecReactor({}), ExecReactor::make);
  add(TraceMarkerReactor(), TraceMarkerReactor::make);
  return set;
}

Result<> ReactorSet::add(Kind kind) {
  if (kind.name.empty() || kind.name.size() > kNameMost) {
    return Error(ErrorCode::invalid, cat("a reactor's name has 1 to ", kNameMost, " bytes, '",
                                         escape(kind.name), "' has ", kind.name.size()));
  }
  const bool taken =
      std::any_of(kinds_.begin(), kinds_.end(), [&](const Kind& k) { return k.name == kind.name; });
  if (taken)
    return Error(ErrorCode::exists, cat("there is a reactor '", escape(kind.name), "' already"));
  kinds_.push_back(std::move(kind));
  return {};
}

Result<> ReactorSet::add(std::shared_ptr<Reactor> reactor) {
  Kind kind{std::string(reactor->name()), std::string(reactor->description()), nullptr};
  kind.make = [reactor =
                   std::move(reactor)](const Options& options) -> Result<std::shared_ptr<Reactor>> {
    SWERVE_TRY(check_options(reactor->name(), options, {}));
    return reactor;
  };
  return add(std::move(kind));
}

Result<> ReactorSet::remove(std::string_view name) {
  const auto removed = std::erase_if(kinds_, [&](const Kind& kind) { return kind.name == name; });
  if (removed != 0) return {};
  return Error(ErrorCode::not_found, cat("no reactor '", escape(name), "'"));
}

Result<std::shared_ptr<Reactor>> ReactorSet::make(const ReactionSetting& setting) const {
  std::vector<std::string> names;
  for (const Kind& kind : kinds_) {
    if (kind.name == setting.reactor) return kind.make(setting.options);
    names.push_back(kind.name);
  }
  return Error(ErrorCode::not_found, cat("no reactor '", escape(setting.reactor), "' (",
                                         join(names), ")", near_miss(setting.reactor, names)));
}

}  // namespace swerve
