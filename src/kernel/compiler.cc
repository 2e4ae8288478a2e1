#include "kernel/compiler.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "kernel/program_writer.h"

namespace swerve {

namespace {
// What two bindings must have in common to share a program.
std::string program_key(const Probe& probe) {
  switch (probe.kind) {
    case Probe::Kind::syscall_enter:
      return "syscall enter";
    case Probe::Kind::syscall_exit:
      return "syscall exit";
    case Probe::Kind::fentry:
      return "fentry " + probe.name;
    case Probe::Kind::fexit:
      return "fexit " + probe.name;
    case Probe::Kind::inproc:  // refused by the catalog
    case Probe::Kind::tracepoint:
      break;
  }
  return "tracepoint " + probe.name;
}
}  // namespace

bool has_one_owner(const BoundMonitor& monitor) {
  return monitor.definition.scope == Scope::task &&
         std::all_of(monitor.bindings.begin(), monitor.bindings.end(), [](const Binding& b) {
           const bool current = b.task == nullptr || (b.task->op == Expr::Op::builtin &&
                                                      b.task->builtin == Expr::Builtin::current);
           return is_syscall(b.probe) && current;
         });
}

std::vector<std::uint8_t> table_bytes(const StepTable& table) {
  if (!table.wide()) return table.narrow();
  std::vector<std::uint8_t> out;
  const auto put = [&](std::size_t value) {
    out.push_back(static_cast<std::uint8_t>(value & 0xff));
    out.push_back(static_cast<std::uint8_t>(value >> 8 & 0xff));
  };
  for (const StateId s : table.states()) put(index(s));
  for (const StepId id : table.by_state()) put(raw(id));
  return out;
}

Result<std::vector<Program>> compile(const CompilerInput& input) {
  std::vector<Group> groups;
  std::map<std::string, std::size_t> by_key;
  const auto group_of = [&](const Probe& probe) -> Result<Group*> {
    const auto [at, is_new] = by_key.emplace(program_key(probe), groups.size());
    if (is_new) {
      Group g;
      g.probe = probe;
      SWERVE_TRY_ASSIGN(g.at, input.catalog->attach_point(probe));
      groups.push_back(std::move(g));
    }
    return &groups[at->second];
  };
  if (input.monitor->definition.scope == Scope::task) {
    // First, so that a task is forgotten before anyone else hears of the one that follows.
    for (const char* name : {"task_newtask", "sched_process_free"}) {
      SWERVE_TRY(group_of({Probe::Kind::tracepoint, "", name}));
    }
  }
  for (const Binding& b : input.monitor->bindings) {
    SWERVE_TRY_ASSIGN(Group * g, group_of(b.probe));
    g->bindings.push_back(&b);
  }
  std::vector<Program> programs;
  for (const Group& g : groups) {
    SWERVE_TRY_ASSIGN(Program p, ProgramWriter(input, g).write());
    std::vector<std::string> places;
    for (const Binding* b : g.bindings) places.push_back(cat(b->place.file, ":", b->place.line));
    p.what = places.empty() ? g.probe.text() : cat(g.probe.text(), ", bound at ", join(places));
    programs.push_back(std::move(p));
  }
  return programs;
}

}  // namespace swerve
