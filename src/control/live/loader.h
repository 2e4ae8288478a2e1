// control/live/loader.h - definitions from files into the registry, stepped in the kernel.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "control/live/kernel_instrumentation.h"
#include "control/registry.h"
#include "control/tree.h"
#include "control/verdict_streams.h"
#include "kernel/catalog.h"

namespace swerve {

/// `load` and `unload` of the control tree. All must outlive it. Any thread.
class LiveLoader final : public MonitorLoader {
 public:
  LiveLoader(const KernelCatalog& catalog, KernelInstrumentation& instrumentation,
             Registry& registry, VerdictStreams& streams);
  ~LiveLoader() override;

  /// Reads only what nobody but root can change: the definition and its model are owned by root and
  /// writable by nobody else, and so are the folders that hold them (read_trusted_file()). The
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

/// The text of a file that only root can change: a regular file, owned by root, not writable by
/// group or others, in folders that are so too, up to the root (above the folder that holds it, one
/// that all may write is right if it is sticky, as /tmp). Symbolic links are followed, and the
/// target is asked. Looked at and read through one descriptor each, so nothing can be exchanged in
/// between. Errors: denied (EPERM, says what is wrong), and those of opening and reading.
Result<std::string> read_trusted_file(const std::string& path, std::size_t limit);

}  // namespace swerve
