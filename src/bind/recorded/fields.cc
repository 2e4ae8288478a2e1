#include "bind/recorded/fields.h"

#include <array>

#include "base/text.h"

namespace swerve {

namespace {

/// Tracepoints to which LTTng gives another name than the kernel.
struct OtherName {
  std::string_view kernel, lttng;
};
constexpr std::array kOtherNames{
    OtherName{"hrtimer_start", "timer_hrtimer_start"},
    OtherName{"hrtimer_cancel", "timer_hrtimer_cancel"},
    OtherName{"hrtimer_init", "timer_hrtimer_init"},
    OtherName{"hrtimer_expire_entry", "timer_hrtimer_expire_entry"},
    OtherName{"hrtimer_expire_exit", "timer_hrtimer_expire_exit"},
    OtherName{"cpu_idle", "power_cpu_idle"},
    OtherName{"cpu_frequency", "power_cpu_frequency"},
    OtherName{"kmalloc", "kmem_kmalloc"},
    OtherName{"kfree", "kmem_kfree"},
    OtherName{"mm_page_alloc", "kmem_mm_page_alloc"},
    OtherName{"mm_page_free", "kmem_mm_page_free"},
};

bool is_syscall(const Probe& probe) {
  return probe.kind == Probe::Kind::syscall_enter || probe.kind == Probe::Kind::syscall_exit;
}

/// A path of one step, "prev->pid": what stands on both sides. Empty: it is none.
struct Step {
  std::string_view base, member;
};
Step split(std::string_view path) {
  const std::size_t arrow = path.rfind("->");
  const std::size_t dot = path.rfind('.');
  if (arrow == std::string_view::npos && dot == std::string_view::npos) return {};
  if (dot == std::string_view::npos || (arrow != std::string_view::npos && arrow > dot)) {
    return {path.substr(0, arrow), path.substr(arrow + 2)};
  }
  return {path.substr(0, dot), path.substr(dot + 1)};
}

/// The name of a path as one word: "a->b.c" is "a_b_c".
std::string joined(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '-' && i + 1 < path.size() && path[i + 1] == '>') ++i;
    out += path[i] == '>' || path[i] == '.' ? '_' : path[i];
  }
  return out;
}

/// The argument that an event is about: the first that points to a task, else the first that points
/// to a record at all.
std::string_view subject(const Signature& signature, const TypeSource& types) {
  std::string_view record;
  for (const Parameter& parameter : signature.parameters) {
    const Type type = types.type(parameter.type);
    if (type.kind != Type::Kind::pointer || type.user) continue;
    const Type target = types.type(type.target);
    if (target.kind != Type::Kind::record) continue;
    if (target.name == "struct task_struct") return parameter.name;
    if (record.empty()) record = parameter.name;
  }
  return record;
}

/// The field of a member, where `prefix` stands before its name ("prev_" or nothing).
int member_field(const RecordedKind& kind, const std::string& prefix, std::string_view member) {
  const int tid = kind.field(prefix + "tid");
  if (member == "pid" && tid >= 0) return tid;
  if (member == "tgid" && tid >= 0 && kind.field(prefix + "tgid") < 0) {
    return kind.field(prefix + "pid");  // LTTng's pid is the process
  }
  return kind.field(prefix + std::string(member));
}

std::optional<FieldSource> of_current(std::string_view member) {
  if (member == "pid") return FieldSource{FieldSource::From::thread};
  if (member == "tgid") return FieldSource{FieldSource::From::process};
  if (member == "comm") return FieldSource{FieldSource::From::thread_name};
  return std::nullopt;
}

FieldSource at(int field, FieldSource::From from = FieldSource::From::field) {
  FieldSource out;
  out.from = from;
  out.field = field;
  return out;
}

}  // namespace

bool is_of_probe(const RecordedKind& kind, const Probe& probe) {
  if (kind.name == probe.text()) return true;  // formats that write a definition's own names
  switch (probe.kind) {
    case Probe::Kind::tracepoint:
      if (!probe.category.empty() && !kind.system.empty() && kind.system != probe.category) {
        return false;
      }
      if (kind.name == probe.name) return true;
      for (const OtherName& other : kOtherNames) {
        if (probe.name == other.kernel && kind.name == other.lttng) return true;
      }
      return false;
    case Probe::Kind::syscall_enter:
      return kind.name == "sys_enter_" + probe.name || kind.name == "syscall_entry_" + probe.name;
    case Probe::Kind::syscall_exit:
      return kind.name == "sys_exit_" + probe.name || kind.name == "syscall_exit_" + probe.name;
    case Probe::Kind::fentry:
    case Probe::Kind::fexit:
      return false;
    case Probe::Kind::inproc:
      return kind.name == probe.name;
  }
  return false;
}

std::vector<EventName> events_to_record(const Probe& probe) {
  switch (probe.kind) {
    case Probe::Kind::tracepoint:
      return {{probe.category, probe.name}};
    case Probe::Kind::syscall_enter:
      return {{"syscalls", "sys_enter_" + probe.name}};
    case Probe::Kind::syscall_exit:
      return {{"syscalls", "sys_enter_" + probe.name}, {"syscalls", "sys_exit_" + probe.name}};
    case Probe::Kind::fentry:
    case Probe::Kind::fexit:
    case Probe::Kind::inproc:
      return {};
  }
  return {};
}

std::optional<FieldSource> find_field(std::string_view path, const Probe& probe,
                                      const Signature& signature, const TypeSource& types,
                                      const RecordedKind& kind, const RecordedKind* entry) {
  if (path.starts_with("arg")) {  // arg0, arg1, ...: the same by its name
    for (std::size_t i = 0; i < signature.parameters.size(); ++i) {
      if (path == cat("arg", i) && !signature.parameters[i].name.empty()) {
        path = signature.parameters[i].name;
      }
    }
  }
  if (const int field = kind.field(path); field >= 0) {
    FieldSource found = at(field);
    found.task_state = kind.name == "sched_switch" && path == "prev_state";
    return found;
  }
  if (path == "current") return FieldSource{FieldSource::From::somewhere};

  const Step step = split(path);
  if (step.base == "current") return of_current(step.member);
  const bool is_switch = probe.kind == Probe::Kind::tracepoint && probe.name == "sched_switch";
  if (step.base.empty()) {
    if (is_switch && path == "preempt") {
      if (const int state = kind.field("prev_state"); state >= 0) {
        FieldSource found = at(state);
        found.preempt = true;
        return found;
      }
    }
    if (is_syscall(probe) && entry != nullptr) {
      if (const int field = entry->field(path); field >= 0) {
        return at(field, FieldSource::From::entry_field);
      }
    }
    return std::nullopt;
  }
  if (const int field = kind.field(joined(path)); field >= 0 && step.member != "pid")
    return at(field);
  if (const int field = member_field(kind, joined(step.base) + "_", step.member); field >= 0) {
    return at(field);
  }
  if (is_switch && step.base == "prev") {  // it is the one that still runs
    if (const std::optional<FieldSource> found = of_current(step.member)) return found;
  }
  if (!step.base.empty() && step.base == subject(signature, types)) {
    if (const int field = member_field(kind, "", step.member); field >= 0) return at(field);
  }
  return std::nullopt;
}

}  // namespace swerve
