// control/live/availability.h - whether a monitor can run on this machine, and if not, why, in one
// line.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "bind/toml/monitor_reader.h"
#include "kernel/catalog.h"

namespace swerve {

/// Holds the kernel's catalog and what was tried on it already.
class Availability {
 public:
  Availability();
  /// With a catalog that is there already, and outlives it.
  explicit Availability(const KernelCatalog& catalog) : catalog_(&catalog) {}

  /// Null when the kernel tells nothing (no BTF); then why_no_catalog() says so.
  const KernelCatalog* catalog() const { return catalog_; }
  const std::string& why_no_catalog() const { return why_no_catalog_; }

  /// Why the monitor cannot run here; empty when it can. Binds it against the catalog.
  std::string why_not(const ReadMonitor& monitor);
  /// The same for one that was bound already (or is a container). Loads an empty program for each
  /// kind of probe that it needs (for each function, with fentry and fexit).
  std::string why_not(const BindOutcome& bound);
  /// The same for one probe.
  std::string why_not(const Probe& probe);

 private:
  std::unique_ptr<KernelCatalog> own_catalog_;
  const KernelCatalog* catalog_ = nullptr;
  std::string why_no_catalog_;
  std::map<std::string, std::string> tried_;  // what was tried -> why not
};

}  // namespace swerve
