#include "bind/host_engine.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "bind/expr.h"

namespace swerve {

namespace {

using Op = Expr::Op;

/// A pointer that is there, and of which nothing else is known.
constexpr std::uint64_t kSomePointer = 1;

/// The values of one event, for the expressions of one binding.
class EventOperands final : public Operands {
 public:
  EventOperands(const Event& event, const Signature& signature)
      : event_(event), signature_(signature) {}

  std::uint64_t argument(std::uint64_t number) const override {
    if (number < event_.arguments.size()) return event_.arguments[number];
    if (number >= signature_.parameters.size()) return 0;
    return integer(signature_.parameters[number].name).value_or(0);
  }

  std::uint64_t builtin(Expr::Builtin which) const override {
    switch (which) {
      case Expr::Builtin::cpu:
        return event_.cpu;
      case Expr::Builtin::current:
        return integer("current").value_or(kSomePointer);
      case Expr::Builtin::pid:
        return event_.current.tid;
      case Expr::Builtin::tgid:
        return event_.current.tgid;
      case Expr::Builtin::now:
        return event_.time.ns;
    }
    return 0;
  }

  std::uint64_t load(const Expr& load) const override {
    const std::uint64_t value = integer(name_of(load)).value_or(0);
    if (load.bit_size == 0 || load.bit_size >= 64) return value;
    return (value & ((std::uint64_t{1} << load.bit_size) - 1)) << load.bit_shift;
  }

  bool bytes(const Expr& place, std::size_t count, std::string& out) const override {
    const std::optional<std::string_view> found = text(name_of(place));
    if (found) out = found->substr(0, std::min(count, found->find('\0')));
    return found.has_value();
  }

  /// The task that a pointer points to; none when the event does not tell.
  std::optional<TaskView> task(const Expr& pointer) const {
    const std::string name = name_of(pointer);
    const std::optional<std::uint64_t> tid = integer(name + "->pid");
    if (!tid) return std::nullopt;
    const Thread& current = event_.current;
    TaskView task{static_cast<std::uint32_t>(*tid), 0, {}};
    if (task.tid == current.tid) task = {current.tid, current.tgid, current.comm};
    if (const auto tgid = integer(name + "->tgid")) task.tgid = static_cast<std::uint32_t>(*tgid);
    if (const auto comm = text(name + "->comm")) task.comm = *comm;
    return task;
  }
  TaskView current() const {
    return {event_.current.tid, event_.current.tgid, event_.current.comm};
  }

 private:
  std::optional<std::uint64_t> integer(std::string_view name) const {
    if (const auto* field = event_.field(name)) {
      const auto* const value = std::get_if<std::uint64_t>(field);
      return value != nullptr ? std::optional(*value) : std::nullopt;
    }
    if (name == "current->pid") return event_.current.tid;
    if (name == "current->tgid") return event_.current.tgid;
    return std::nullopt;
  }

  std::optional<std::string_view> text(std::string_view name) const {
    if (const auto* field = event_.field(name)) {
      const auto* const value = std::get_if<std::string>(field);
      return value != nullptr ? std::optional<std::string_view>(*value) : std::nullopt;
    }
    if (name == "current->comm") return event_.current.comm;
    return std::nullopt;
  }

  /// The name of what is read or pointed to, as the event's fields have it. That is the path which
  /// the node carries, unless it goes through a choice: "(x ? prev : next)->pid" is then one of the
  /// two.
  std::string name_of(const Expr& e) const {
    switch (e.op) {
      case Op::argument:
        return e.path;
      case Op::builtin:
        return e.builtin == Expr::Builtin::current ? "current" : "";
      case Op::convert:
        return name_of(*e.a);
      case Op::conditional:
        return name_of(evaluate(*e.a, *this) != 0 ? *e.b : *e.c);
      case Op::load:
      case Op::member_bytes: {
        const std::string base = to_text(*e.a), name = name_of(*e.a);
        if (name == base || !e.path.starts_with(base)) return e.path;
        return name + e.path.substr(base.size());
      }
      default:
        return {};
    }
  }

  const Event& event_;
  const Signature& signature_;
};

bool holds(const ExprPtr& condition, const Operands& operands) {
  return condition != nullptr && evaluate(*condition, operands) != 0;
}

/// Whether an event of `happened` is one of `bound`. A category counts where both have one.
bool same_probe(const Probe& bound, const Probe& happened) {
  return bound.kind == happened.kind && bound.name == happened.name &&
         (bound.category.empty() || happened.category.empty() ||
          bound.category == happened.category);
}

}  // namespace

Result<HostEngine> HostEngine::make(const BoundMonitor& monitor, VerdictSink& sink,
                                    Options options) {
  const std::size_t transitions = monitor.model.transitions().size();
  if (transitions > StepTable::kTransitionsMost) {
    return Error(ErrorCode::exhausted,
                 cat(escape(monitor.definition.name), ": the model has ", transitions,
                     " transitions; the limit is ", StepTable::kTransitionsMost));
  }
  return HostEngine(monitor, sink, options);
}

HostEngine::HostEngine(const BoundMonitor& monitor, VerdictSink& sink, Options options)
    : monitor_(monitor.definition.name, monitor.model, monitor.definition.scope, sink,
               {monitor.definition.max_instances, options.every_step}),
      bindings_(monitor.bindings) {}

const HostEngine::Concern& HostEngine::concern(const std::string& probe) {
  const auto found = concerns_.find(probe);
  if (found != concerns_.end()) return found->second;
  Concern concern;
  if (const Result<Probe> happened = parse_probe(probe)) {
    for (std::size_t i = 0; i < bindings_.size(); ++i) {
      if (same_probe(bindings_[i].probe, *happened)) concern.bindings.push_back(i);
    }
    concern.new_task = same_probe({Probe::Kind::tracepoint, "task", "task_newtask"}, *happened);
  }
  return concerns_.emplace(probe, std::move(concern)).first->second;
}

void HostEngine::feed(const Event& event) {
  const Concern& concern = this->concern(event.probe);
  if (concern.new_task) {
    const auto* const tid = event.field("task->pid");
    if (tid != nullptr && std::holds_alternative<std::uint64_t>(*tid)) {
      monitor_.task_new(static_cast<std::uint32_t>(std::get<std::uint64_t>(*tid)));
    }
  }
  for (const std::size_t i : concern.bindings) {
    const Binding& binding = bindings_[i];
    const EventOperands operands(event, binding.signature);
    if (binding.when != nullptr && !holds(binding.when, operands)) continue;

    Circumstances circumstances{event.time, event.cpu, operands.current(), std::nullopt};
    InstanceKey key = InstanceKey::global();
    switch (monitor_.scope()) {
      case Scope::global:
        break;
      case Scope::cpu:
        key = InstanceKey::cpu(event.cpu);
        break;
      case Scope::task:
        circumstances.task =
            binding.task != nullptr ? operands.task(*binding.task) : operands.current();
        if (!circumstances.task) {
          ++unknown_tasks_;
          continue;
        }
        key = InstanceKey::task(circumstances.task->tid, event.cpu);
        break;
      case Scope::object:
        key = InstanceKey::object(binding.key != nullptr ? evaluate(*binding.key, operands) : 0);
        break;
    }

    const Handler handler = holds(binding.start_run, operands) ? Handler::start_run
                            : holds(binding.start, operands)   ? Handler::start
                                                               : Handler::event;
    monitor_.step(key, binding.event, handler, circumstances);
    if (holds(binding.end, operands)) monitor_.end(key);
  }
}

}  // namespace swerve
