// bind() - from a definition as written to one whose names are found and whose expressions are
// typed.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "bind/definition.h"
#include "bind/expr_parser.h"

namespace swerve {

namespace {
class Binder {
 public:
  Binder(const Definition& definition, const Automaton& model, const ProbeCatalog& catalog)
      : definition_(definition), model_(model), catalog_(catalog) {}

  std::vector<Binding> run() {
    std::vector<Binding> bindings;
    bindings.reserve(definition_.on.size());
    for (const BindingText& on : definition_.on) bindings.push_back(binding(on));
    if (definition_.on.empty()) {
      complain(Place{definition_.path}, "no binding; a monitor needs at least one [[on]]");
    } else {
      check_start();
      check_events();
    }
    sort_by_place(diagnostics_);
    return bindings;
  }

  void check_whole_ones() {
    for (const BindingText& on : definition_.on) {
      if (on.whole) (void)binding(on);
    }
    sort_by_place(diagnostics_);
  }

  Binding binding(const BindingText& on);

  Diagnostics diagnostics_;

 private:
  void complain(const Place& place, std::string message, Severity severity = Severity::error) {
    diagnostics_.push_back({severity, place, std::move(message)});
  }

  EventId event(const BindingText& on) {
    const EventId id = model_.find_event(on.event);
    if (id != kNoEvent) {
      given_.insert(on.event);
      return id;
    }
    const std::vector<std::string> events(model_.events().begin(), model_.events().end());
    complain(on.event_place, cat("no event '", escape(on.event), "' in the model",
                                 events.size() <= 12 ? cat(" (", join(events), ")") : std::string(),
                                 near_miss(on.event, events)));
    given_.insert(nearest_name(on.event, events));  // one slip, one message
    return kNoEvent;
  }

  ExprPtr expr(const std::optional<ExprText>& text, const Signature* signature,
               Promotion promotion = Promotion::to_int) {
    if (!text) return nullptr;
    TypedExpr typed = parse_expr(*text, catalog_, signature, promotion);
    diagnostics_.insert(diagnostics_.end(), typed.diagnostics.begin(), typed.diagnostics.end());
    return std::move(typed.expr);
  }

  void complain_scope(const Place& place, std::string_view what, std::string_view of) {
    complain(place, cat("'", what, "' is for scope \"", of, "\"; this monitor's is \"",
                        scope_name(definition_.scope), "\""));
  }

  ExprPtr task(const BindingText& on, const Signature* signature) {
    ExprPtr typed = expr(on.task, signature);
    if (on.task && definition_.scope != Scope::task) complain_scope(on.task->place, "task", "task");
    if (typed == nullptr) return nullptr;
    const Type target = typed->is_pointer ? catalog_.type(typed->target) : Type();
    const bool is_task =
        target.kind == Type::Kind::record &&
        (typed->target == catalog_.task_struct() || target.name == "struct task_struct");
    if (!is_task) {
      complain(on.task->place,
               typed->is_pointer
                   ? cat("'task' must be a pointer to struct task_struct; this one points to ",
                         target.name.empty() ? "void" : target.name)
                   : "'task' must be a pointer to struct task_struct; this is a number");
      return nullptr;
    }
    if (typed->user) {
      complain(on.task->place,
               "'task' must be a task of the kernel; this pointer is one of the user's process");
      return nullptr;
    }
    if (typed->op == Expr::Op::constant) {
      complain(on.task->place, "'task' is always the null pointer");
      return nullptr;
    }
    return typed;
  }

  ExprPtr key(const BindingText& on, const Signature* signature) {
    ExprPtr typed = expr(on.key, signature, Promotion::to_64_bit);
    if (on.key && definition_.scope != Scope::object)
      complain_scope(on.key->place, "key", "object");
    if (!on.key && definition_.scope == Scope::object) {
      complain(on.place, "this binding needs a 'key': the scope is \"object\"");
    }
    return typed;
  }

  ExprPtr end(const BindingText& on, const Signature* signature) {
    if (on.end && definition_.scope != Scope::object)
      complain_scope(on.end->place, "end", "object");
    return expr(on.end, signature);
  }

  void check_start() {
    if (can_start_) return;
    complain(Place{definition_.path},
             "nothing starts this monitor; at least one binding needs 'start' or 'start_run'");
  }

  void check_events() {
    std::vector<std::string> missing;
    for (const std::string& event : model_.events()) {
      if (!given_.contains(event)) missing.push_back(cat("'", event, "'"));
    }
    if (missing.empty()) return;
    complain(definition_.model_place,
             cat("no binding gives the event", missing.size() == 1 ? " " : "s ", join(missing),
                 " of the model"));
  }

  const Definition& definition_;
  const Automaton& model_;
  const ProbeCatalog& catalog_;
  std::set<std::string> given_;
  bool can_start_ = false;
};

Binding Binder::binding(const BindingText& on) {
  Binding bound;
  bound.probe = on.probe;
  bound.place = on.place;
  bound.event = event(on);

  const Result<Signature> signature = catalog_.signature(on.probe);
  if (signature) {
    bound.signature = *signature;
  } else {
    complain(on.probe_place, signature.error().message());
  }
  const Signature* const known = signature ? &*signature : nullptr;

  bound.task = task(on, known);
  bound.key = key(on, known);
  bound.when = expr(on.when, known);
  bound.start = expr(on.start, known);
  bound.start_run = expr(on.start_run, known);
  bound.end = end(on, known);

  const bool may_happen = bound.when == nullptr || !is_never(bound.when);
  if (!may_happen) {
    complain(on.when->place, "this condition is never true, so the binding does nothing",
             Severity::warning);
  }
  if (is_always(bound.start) && is_always(bound.start_run)) {
    complain(on.start->place,
             "'start' and 'start_run' are both always true; a binding is one or the other");
  }
  // An expression with errors may well start the monitor.
  for (const auto& [text, typed] :
       {std::pair(&on.start, &bound.start), {&on.start_run, &bound.start_run}}) {
    if (*text && (*typed == nullptr || (may_happen && !is_never(*typed)))) can_start_ = true;
  }
  if (is_always(bound.when)) bound.when = nullptr;
  for (ExprPtr* const e : {&bound.start, &bound.start_run, &bound.end}) {
    if (is_never(*e)) *e = nullptr;
  }
  return bound;
}
}  // namespace

std::optional<Binding> bind_one(const Definition& definition, const Automaton& model,
                                const BindingText& on, const ProbeCatalog& catalog) {
  Binder binder(definition, model, catalog);
  Binding bound = binder.binding(on);
  return has_errors(binder.diagnostics_) ? std::nullopt : std::optional(std::move(bound));
}

Diagnostics check_bindings(const Definition& draft, const Automaton& model,
                           const ProbeCatalog& catalog) {
  Binder binder(draft, model, catalog);
  binder.check_whole_ones();
  return std::move(binder.diagnostics_);
}

BindOutcome bind(Definition definition, Automaton model, const ProbeCatalog& catalog) {
  Binder binder(definition, model, catalog);
  std::vector<Binding> bindings = binder.run();
  BindOutcome outcome;
  outcome.diagnostics = std::move(binder.diagnostics_);
  if (!has_errors(outcome.diagnostics)) {
    outcome.monitor = BoundMonitor{std::move(definition), std::move(model), std::move(bindings)};
  }
  return outcome;
}

}  // namespace swerve
