#include "bind/recorded/plan.h"

#include <algorithm>

#include "base/text.h"

namespace swerve {

namespace {

using Op = Expr::Op;

ExprPtr share(Expr e) { return std::make_shared<const Expr>(std::move(e)); }

/// The id of the thread that a pointer to a task points to.
ExprPtr thread_of(const Expr& task) {
  Expr out;
  switch (task.op) {
    case Op::convert:
      return thread_of(*task.a);
    case Op::conditional:
      out = task;
      out.is_pointer = false;
      out.bits = 32;
      out.is_signed = false;
      out.b = thread_of(*task.b);
      out.c = thread_of(*task.c);
      return share(std::move(out));
    case Op::builtin:
      out.op = Op::builtin;
      out.builtin = Expr::Builtin::pid;
      out.is_signed = false;
      return share(std::move(out));
    default:
      out.op = Op::load;
      out.path = to_text(task) + "->pid";
      out.load_bytes = 4;
      out.is_signed = false;
      out.a = share(task);
      return share(std::move(out));
  }
}

class Planner {
 public:
  Planner(const BoundMonitor& monitor, const std::vector<EntryCall>& calls, const TypeSource& types,
          const RecordedKind& kind)
      : monitor_(monitor), calls_(calls), types_(types), kind_(kind) {}

  Plan run() {
    for (const Binding& binding : monitor_.bindings) {
      if (is_of_probe(kind_, binding.probe)) plan_.on.push_back(planned(binding));
    }
    for (std::size_t i = 0; i < calls_.size(); ++i) plan_entry(i);
    plan_new_task();
    return std::move(plan_);
  }

 private:
  PlannedBinding planned(const Binding& binding) {
    binding_ = &binding;
    PlannedBinding out;
    out.event = binding.event;
    const auto formula = [&](const ExprPtr& e) {
      return e == nullptr ? std::optional<Formula>() : std::optional<Formula>(make(*e));
    };
    out.when = formula(binding.when);
    out.start = formula(binding.start);
    out.start_run = formula(binding.start_run);
    out.end = formula(binding.end);
    if (monitor_.definition.scope == Scope::task && binding.task != nullptr) {
      const ExprPtr thread = thread_of(*binding.task);
      out.key = make(*thread);
      if (binding.task->op != Op::conditional) {
        const std::string task = to_text(*binding.task);
        out.tgid = optional_leaf(task + "->tgid", false);
        out.comm = optional_leaf(task + "->comm", true);
      }
    }
    if (monitor_.definition.scope == Scope::object) {
      out.key_text = text_key(binding.key);
      if (out.key_text < 0) out.key = formula(binding.key);
    }
    for (const auto* const f : {&out.when, &out.start, &out.start_run}) {
      if (*f) {
        out.condition_leaves.insert(out.condition_leaves.end(), (*f)->leaves().begin(),
                                    (*f)->leaves().end());
      }
    }
    std::sort(out.condition_leaves.begin(), out.condition_leaves.end());
    out.condition_leaves.erase(
        std::unique(out.condition_leaves.begin(), out.condition_leaves.end()),
        out.condition_leaves.end());
    return out;
  }

  /// The leaf of a key that is a field alone and no number in the recording; -1: it is none.
  int text_key(const ExprPtr& key) {
    if (key == nullptr || key->op != Op::argument || !key->as_text) return -1;
    std::optional<Leaf> leaf = find(key->path, true, nullptr);
    if (!leaf || leaf->source.from != FieldSource::From::field) return -1;
    leaf->or_number = true;
    return add(*leaf);
  }

  Formula make(const Expr& e) {
    return Formula(e, [this](const Expr& leaf, bool text) { return leaf_of(leaf, text); });
  }

  /// The number of a leaf's column.
  int leaf_of(const Expr& e, bool text) {
    if (e.op == Op::builtin) {
      switch (e.builtin) {
        case Expr::Builtin::cpu:
          return add({{FieldSource::From::cpu}});
        case Expr::Builtin::current:
          return add({{FieldSource::From::somewhere}});
        case Expr::Builtin::pid:
          return add({{FieldSource::From::thread}});
        case Expr::Builtin::tgid:
          return add({{FieldSource::From::process}});
        case Expr::Builtin::now:
          return add({{FieldSource::From::time}});
      }
    }
    std::string why;
    if (const std::optional<Leaf> found = find(e.path, text, &why)) return add(*found);
    const std::string line = cat(kind_.name, " has no field for ", e.path, why);
    if (std::find(plan_.lacking.begin(), plan_.lacking.end(), line) == plan_.lacking.end()) {
      plan_.lacking.push_back(line);
    }
    return add({{FieldSource::From::missing}});
  }

  std::optional<Leaf> find(const std::string& path, bool text, std::string* why) {
    Leaf leaf;
    leaf.text = text;
    if (binding_->probe.kind == Probe::Kind::syscall_exit) {
      for (const EntryCall& call : calls_) {
        if (call.name != binding_->probe.name || kind_.field(path) >= 0) continue;
        const int slot = call.slot(path, text);
        if (slot < 0) continue;
        leaf.source.from = FieldSource::From::entry_field;
        leaf.entry_slot = slot;
        plan_.exit_of = static_cast<int>(&call - calls_.data());
        return leaf;
      }
    }
    const std::optional<FieldSource> source =
        find_field(path, binding_->probe, binding_->signature, types_, kind_, nullptr);
    if (!source) return std::nullopt;
    leaf.source = *source;
    if (leaf.source.from == FieldSource::From::thread_name) leaf.text = true;
    if (leaf.source.from == FieldSource::From::thread_name && !text) return std::nullopt;
    if (leaf.source.from == FieldSource::From::field && !readable(leaf.source, text, why)) {
      return std::nullopt;
    }
    return leaf;
  }

  /// Whether a field can be had as it is needed.
  bool readable(const FieldSource& source, bool text, std::string* why) const {
    const RecordedField& field = kind_.fields[static_cast<std::size_t>(source.field)];
    const bool state = source.task_state || source.preempt;
    const char* is = nullptr;
    switch (field.form) {
      case RecordedField::Form::integer:
        if (text) is = "a number";
        break;
      case RecordedField::Form::text:
        if (!text && !state) is = "a text";
        break;
      case RecordedField::Form::word:
        break;
      case RecordedField::Form::other:
        is = "nothing that can be read";
        break;
    }
    if (is == nullptr) return true;
    if (why != nullptr) *why = cat(" as it is needed (", field.name, " is recorded as ", is, ")");
    return false;
  }

  int optional_leaf(const std::string& path, bool text) {
    const std::optional<Leaf> found = find(path, text, nullptr);
    return found && found->source.from == FieldSource::From::field ? add(*found) : -1;
  }

  int add(const Leaf& leaf) {
    const auto at = std::find(plan_.leaves.begin(), plan_.leaves.end(), leaf);
    if (at != plan_.leaves.end()) return static_cast<int>(at - plan_.leaves.begin());
    plan_.leaves.push_back(leaf);
    return static_cast<int>(plan_.leaves.size()) - 1;
  }

  void plan_entry(std::size_t number) {
    const EntryCall& call = calls_[number];
    const Probe probe{Probe::Kind::syscall_enter, "", call.name};
    if (!is_of_probe(kind_, probe)) return;
    PlannedEntry entry;
    entry.call = number;
    for (std::size_t slot = 0; slot < call.arguments.size(); ++slot) {
      Leaf leaf;
      leaf.text = call.text[slot];
      leaf.source.field = kind_.field(call.arguments[slot]);
      std::string why;
      if (leaf.source.field < 0 || !readable(leaf.source, leaf.text, &why)) {
        plan_.lacking.push_back(cat(kind_.name, " has no field for ", call.arguments[slot], why));
        leaf.source.from = FieldSource::From::missing;
      }
      entry.leaves.push_back(add(leaf));
    }
    plan_.entry = std::move(entry);
  }

  void plan_new_task() {
    if (monitor_.definition.scope != Scope::task) return;
    const auto is = [&](const char* tracepoint) {
      return is_of_probe(kind_, {Probe::Kind::tracepoint, "", tracepoint});
    };
    const bool fork = is("sched_process_fork");
    if (!fork && !is("task_newtask")) return;
    int field = kind_.field(fork ? "child->pid" : "task->pid");
    if (field < 0) field = kind_.field(fork ? "child_tid" : "tid");
    if (field < 0) field = kind_.field(fork ? "child_pid" : "pid");
    if (field < 0) return;
    Leaf leaf;
    leaf.source.field = field;
    if (!readable(leaf.source, false, nullptr)) return;
    plan_.new_task = add(leaf);
    plan_.fork = fork;
  }

  const BoundMonitor& monitor_;
  const std::vector<EntryCall>& calls_;
  const TypeSource& types_;
  const RecordedKind& kind_;
  const Binding* binding_ = nullptr;
  Plan plan_;
};

void collect_paths(const ExprPtr& e, bool text, std::vector<std::pair<std::string, bool>>& out) {
  if (e == nullptr) return;
  if (e->op == Op::argument) {
    out.emplace_back(e->path, text);
    return;
  }
  const bool compared = e->op == Op::string_equal || (text && e->op == Op::convert);
  collect_paths(e->a, compared, out);
  collect_paths(e->b, false, out);
  collect_paths(e->c, false, out);
}

}  // namespace

std::vector<Want> Plan::wants(const RecordedKind& kind) const {
  if (empty()) return {};
  std::vector<Want> out(std::max<std::size_t>(kind.fields.size(), 1), Want::nothing);
  for (const Leaf& leaf : leaves) {
    if (leaf.source.from != FieldSource::From::field || leaf.source.field < 0) continue;
    const auto at = static_cast<std::size_t>(leaf.source.field);
    const RecordedField::Form form = kind.fields[at].form;
    const bool state = leaf.source.task_state || leaf.source.preempt;
    // A word that is read in both ways is had as text: a number can be read from that.
    const bool text = leaf.text || (state && form == RecordedField::Form::word) ||
                      form == RecordedField::Form::text;
    out[at] = std::max(out[at], leaf.or_number ? Want::either : text ? Want::text : Want::integer);
  }
  return out;
}

std::vector<EntryCall> entry_calls(const BoundMonitor& monitor) {
  std::vector<EntryCall> out;
  for (const Binding& binding : monitor.bindings) {
    if (binding.probe.kind != Probe::Kind::syscall_exit) continue;
    std::vector<std::pair<std::string, bool>> paths;
    for (const ExprPtr* const e : {&binding.key, &binding.when, &binding.start, &binding.start_run,
                                   &binding.end, &binding.task}) {
      collect_paths(*e, false, paths);
    }
    for (const auto& [path, text] : paths) {
      if (path == "ret") continue;
      auto call = std::find_if(out.begin(), out.end(),
                               [&](const EntryCall& c) { return c.name == binding.probe.name; });
      if (call == out.end()) call = out.insert(out.end(), EntryCall{binding.probe.name, {}, {}});
      if (call->slot(path, text) >= 0) continue;
      call->arguments.push_back(path);
      call->text.push_back(text);
    }
  }
  return out;
}

Plan make_plan(const BoundMonitor& monitor, const std::vector<EntryCall>& calls,
               const TypeSource& types, const RecordedKind& kind) {
  return Planner(monitor, calls, types, kind).run();
}

}  // namespace swerve
