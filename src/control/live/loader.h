// control/live/loader.h - definitions from files into the registry, stepped in the kernel.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "control/live/kernel_instrumentation.h"
#include "kernel/catalog.h"
#include "swerve/control/registry.h"
#include "swerve/control/tree.h"
#include "swerve/control/verdict_streams.h"

namespace swerve {

/// `load` and `unload` of the control tree. All must outlive it. Any thread.
class LiveLoader final : public MonitorLoader {
 public:
  LiveLoader(const KernelCatalog& catalog, KernelInstrumentation& instrumentation,
             Registry& registry, VerdictStreams& streams);
  ~LiveLoader() override;

  /// Reads only what nobody but root can change: the definition and its model are owned by root and
  /// writable by nobody else, and so are the folders that hold them (trusted_file.h). The
  /// kernel's verifier has seen its programs when this returns. Errors: as MonitorLoader.
  Result<> load(const std::string& path) override;
  Result<> unload(const std::string& name) override;

  /// A definition of the folders that the daemon was started with: whoever started it chose them,
  /// so they may be anybody's. One that is right in itself but cannot run on this machine is
  /// registered all the same, and says why in `status`.
  Result<> add(const std::string& path);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace swerve
