#include "control/live/availability.h"

#include <set>

#include "base/text.h"
#include "kernel/engine.h"
#include "kernel/rights.h"

namespace swerve {
namespace {

/// The first error in words, and how many there are besides.
std::string first_error(const Diagnostics& diagnostics) {
  std::string text;
  std::size_t others = 0;
  std::set<std::string> seen;  // one missing probe may stand in several bindings
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != Severity::error || !seen.insert(diagnostic.message).second) continue;
    if (text.empty())
      text = escape(diagnostic.message);
    else
      ++others;
  }
  if (others != 0) text += cat(" (and ", others, " more)");
  return text;
}

}  // namespace

Availability::Availability() {
  Result<std::unique_ptr<KernelCatalog>> catalog = KernelCatalog::load();
  if (!catalog) {
    why_no_catalog_ = catalog.error().message();
    return;
  }
  own_catalog_ = *std::move(catalog);
  catalog_ = own_catalog_.get();
}

std::string Availability::why_not(const Probe& probe) {
  if (catalog_ == nullptr) return why_no_catalog_;
  // Tracepoints and system calls are all of one kind; each function answers for itself.
  std::string key;
  switch (probe.kind) {
    case Probe::Kind::tracepoint:
      key = "tracepoint";
      break;
    case Probe::Kind::syscall_enter:
    case Probe::Kind::syscall_exit:
      key = "syscall";
      break;
    case Probe::Kind::inproc:
    case Probe::Kind::fentry:
    case Probe::Kind::fexit:
      key = probe.text();
      break;
  }
  const auto [it, fresh] = tried_.try_emplace(key);
  if (fresh) {
    if (const Result<> tried = try_probe(*catalog_, probe); !tried)
      it->second = tried.error().message();
  }
  return it->second;
}

std::string Availability::why_not(const ReadMonitor& monitor) {
  if (has_errors(monitor.diagnostics)) return first_error(monitor.diagnostics);
  if (!monitor.definition) return "it has no definition";
  if (monitor.definition->container) return "";
  if (catalog_ == nullptr) return why_no_catalog_;
  return why_not(bind_read(monitor, *catalog_));
}

std::string Availability::why_not(const BindOutcome& bound) {
  if (!bound.monitor) return first_error(bound.diagnostics);
  const std::vector<std::string> missing = missing_rights();
  if (!missing.empty()) return cat("needs ", join(missing, " and "), ": run as root");
  for (const Binding& binding : bound.monitor->bindings)
    if (std::string why = why_not(binding.probe); !why.empty()) return why;
  return "";
}

}  // namespace swerve
