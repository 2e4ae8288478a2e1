#include "react/trace_marker.h"

#include <cerrno>

#include "base/text.h"
#include "react/kernel_file.h"

namespace swerve {

namespace {

/// As ftrace writes tasks.
std::string task_text(const TaskInfo& task) { return cat(task.comm, "-", task.tid); }

/// " (task bash-1234; cpu 2, by kworker/2:1-77)"
std::string who(const Violation& v) {
  std::string text = " (";
  if (v.task) text += cat("task ", task_text(*v.task), "; ");
  if (v.id.scope == Scope::object) text += cat("object ", escape(key_text(v)), "; ");
  return text + cat("cpu ", v.cpu, ", by ", task_text(v.by), ")");
}

}  // namespace

Result<std::shared_ptr<Reactor>> TraceMarkerReactor::make(const ReactorSet::Options& options) {
  SWERVE_TRY_ASSIGN(std::string instance, instance_option("trace_marker", options));
  return std::shared_ptr<Reactor>(std::make_shared<TraceMarkerReactor>(std::move(instance)));
}

Result<> TraceMarkerReactor::react(const Reaction& reaction) {
  const Violation& violation = reaction.violation;
  const std::string path = tracefs_path(tracefs_, instance_, "trace_marker");
  SWERVE_TRY_ASSIGN(const UniqueFd file, open_kernel_file(path));
  Result<> written =
      write_kernel_file(file, kernel_line(reaction_text(violation) + who(violation)), path);
  if (!written && written.error().os_errno() == EBADF) {
    return Error(ErrorCode::unsupported, cat("write ", path, ": tracing is off"), EBADF);
  }
  return written;
}

}  // namespace swerve
