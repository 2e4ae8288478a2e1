#include "react/stop_tracing.h"

#include "react/kernel_file.h"

namespace swerve {

Result<std::shared_ptr<Reactor>> StopTracingReactor::make(const ReactorSet::Options& options) {
  SWERVE_TRY_ASSIGN(std::string instance, instance_option("stop_tracing", options));
  return std::shared_ptr<Reactor>(std::make_shared<StopTracingReactor>(std::move(instance)));
}

Result<> StopTracingReactor::react(const Reaction&) {
  const std::string path = tracefs_path(tracefs_, instance_, "tracing_on");
  SWERVE_TRY_ASSIGN(const UniqueFd file, open_kernel_file(path));
  return write_kernel_file(file, "0", path);
}

}  // namespace swerve
