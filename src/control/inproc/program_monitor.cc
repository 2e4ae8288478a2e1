#include "swerve/control/inproc/program_monitor.h"

#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "control/inproc/stack_trace.h"
#include "control/inproc/this_task.h"

namespace swerve {

TaskInfo this_task() {
  char comm[17] = {};
  (void)::prctl(PR_GET_NAME, comm);
  return {detail::thread_record().tid, static_cast<std::uint32_t>(::getpid()), comm};
}

Outcome ProgramMonitor::happen_at_length(detail::ThreadRecord& thread, const SourceLocation& where,
                                         EventId event, Handler handler) {
  ConcurrentMonitor::Happening happening;
  switch (monitor_->scope()) {
    case Scope::task:
      happening = monitor_->step_thread(thread, event, handler);
      break;
    case Scope::cpu:
      happening = monitor_->step_cpu(thread, event, handler);
      break;
    case Scope::global:
      happening = monitor_->step_global(thread, event, handler);
      break;
    case Scope::object:
      break;
  }
  if (to_be_told(happening)) tell(where, event, happening, 0, {});
  return happening.stepping.outcome;
}

Outcome ProgramMonitor::happen_to_number(detail::ThreadRecord& thread, const SourceLocation& where,
                                         std::uint64_t key, EventId event, Handler handler,
                                         bool end) {
  const auto happening = monitor_->step_object(thread, key, event, handler);
  if (end) monitor_->end_object(key);
  if (to_be_told(happening)) tell(where, event, happening, key, {});
  return happening.stepping.outcome;
}

void ProgramMonitor::tell(const SourceLocation& where, EventId event,
                          const ConcurrentMonitor::Happening& happening, std::uint64_t key,
                          std::string object) {
  Occurrence about;
  about.time = monotonic_now();
  about.by = this_task();
  about.cpu = static_cast<std::uint32_t>(std::max(0, ::sched_getcpu()));
  about.id = {monitor_->scope(), key};
  about.object = std::move(object);
  switch (monitor_->scope()) {
    case Scope::task:
      about.id.key = about.by.tid;
      about.task = about.by;
      break;
    case Scope::cpu:
      about.id.key = about.cpu = happening.cpu;
      break;
    case Scope::global:
    case Scope::object:
      break;
  }
  if (happening.stepping.outcome == Outcome::stepped) {
    surroundings_.sink->on_step(monitor_->step(std::move(about), event, happening));
    return;
  }
  Violation violation = monitor_->violation(std::move(about), event, happening);
  violation.source = cat(where.file, ":", where.line);
  if (surroundings_.stacks) violation.stack = stack_trace(1);
  surroundings_.sink->on_violation(violation);
}

}  // namespace swerve
