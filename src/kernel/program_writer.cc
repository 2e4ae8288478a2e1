#include "kernel/program_writer.h"

#include <bit>
#include <map>
#include <set>

#include "base/text.h"
#include "bind/syscalls.h"
#include "swerve/base/check.h"

namespace swerve {

namespace {
using layout::Head;

// One step tests its state by a chain of bit tests up to this many states, else by the table.
constexpr std::size_t kLongestChain = 3;
constexpr std::int32_t kTsCompat = 2;  // x86: this system call came in as a 32-bit one

std::int32_t flags_of(EventId event, Handler handler) {
  return static_cast<std::int32_t>(index(event)) | static_cast<std::int32_t>(handler)
                                                       << kHandlerShift;
}

}  // namespace

std::int32_t ProgramWriter::field(std::string_view path) {
  const auto member = in_.catalog->field("task_struct", path);
  if (!member) {
    problem_ = cat("this kernel's task_struct has no ", path);
    return 0;
  }
  return static_cast<std::int32_t>(member->bit_offset / 8);
}

// Where steps are reported on demand: goes to `if_steps` while they are. `instances` points to the
// first instance.
void ProgramWriter::leave_if_steps(Reg instances, Reg scratch, const Label* if_steps) {
  if (if_steps == nullptr || in_.steps != StepReports::switched) return;
  constexpr auto kBack = static_cast<std::int16_t>(static_cast<int>(offsetof(Head, steps)) -
                                                   static_cast<int>(layout::kInstancesAt));
  a_.load(8, scratch, instances, kBack);
  a_.jump_if(BPF_JNE, scratch, 0, *if_steps);
}

// dst = the place in the table for the task in `task`: layout::task_slot(). Six instructions, on
// every task event.
void ProgramWriter::place_of_task(Reg task, Reg dst, Reg scratch, const Label* if_steps) {
  const auto stride_bits = static_cast<unsigned>(std::countr_zero(stride_));
  const auto mask = static_cast<std::int32_t>(((1U << in_.slot_bits) - 1) << stride_bits);
  a_.mov32(scratch, task);  // the low half of an address; the verifier allows this, and no more
  a_.alu32(BPF_MUL, scratch, static_cast<std::int32_t>(layout::kGolden));
  a_.alu32(BPF_RSH, scratch, static_cast<std::int32_t>(32 - in_.slot_bits - stride_bits));
  a_.alu32(BPF_AND, scratch, mask);
  a_.map_value(dst, in_.memory_fd, layout::kInstancesAt);
  leave_if_steps(dst, Reg::r5, if_steps);
  a_.alu(BPF_ADD, dst, scratch);
}

// r3 = the instance's place; for tasks r2 must be the task. Uses up r4 and r5.
void ProgramWriter::find_place(const Label* if_steps) {
  switch (scope_) {
    case Scope::task:
      place_of_task(Reg::r2, Reg::r3, Reg::r4, if_steps);
      return;
    case Scope::cpu:
      a_.call(BPF_FUNC_get_smp_processor_id);
      a_.alu(BPF_AND, Reg::r0, static_cast<std::int32_t>((1U << in_.slot_bits) - 1));
      a_.alu(BPF_LSH, Reg::r0, std::countr_zero(stride_));
      a_.map_value(Reg::r3, in_.memory_fd, layout::kInstancesAt);
      leave_if_steps(Reg::r3, Reg::r5, if_steps);
      a_.alu(BPF_ADD, Reg::r3, Reg::r0);
      return;
    case Scope::global:
      a_.map_value(Reg::r3, in_.memory_fd, layout::kInstancesAt);
      leave_if_steps(Reg::r3, Reg::r5, if_steps);
      return;
    case Scope::object:
      SWERVE_CHECK(false, "objects live in a map of their own");
  }
}

// The step in place: r3 is the place. Goes to `slow` for all but an allowed event on an instance
// that is monitoring, to `miss` when the place belongs to another task.
void ProgramWriter::fast_path(const Binding& b, Label slow, Label miss) {
  if (scope_ == Scope::task) {
    a_.load(8, Reg::r4, Reg::r3, 0);
    a_.jump_if(BPF_JNE, Reg::r4, Reg::r2, miss);
  }
  a_.load(8, Reg::r0, Reg::r3, kWordAt);

  std::vector<Transition> taken;
  for (const Transition& t : in_.monitor->model.transitions()) {
    if (t.event == b.event) taken.push_back(t);
  }
  const auto shift_in = [&](std::int32_t id) {
    a_.mov(Reg::r4, Reg::r0);
    a_.alu(BPF_LSH, Reg::r4, 8);
    a_.alu(BPF_OR, Reg::r4, id);
  };
  if (in_.table->one_hot() && taken.size() <= kLongestChain) {
    const Label swap = a_.label();
    for (std::size_t i = 0; i < taken.size(); ++i) {
      const auto in_state = static_cast<std::int32_t>(1U << index(taken[i].from));
      const auto id = static_cast<std::int32_t>(raw(in_.table->id_of(taken[i].from, b.event)));
      const Label fits = a_.label(), next = a_.label();
      if (i + 1 == taken.size()) {
        // The last one falls through: what does not fit goes away.
        a_.jump_if(BPF_JSET, Reg::r0, in_state, fits);
        a_.jump(slow);
        a_.place(fits);
        shift_in(id);
      } else {
        a_.jump_if(BPF_JSET, Reg::r0, in_state, fits);
        a_.jump(next);
        a_.place(fits);
        shift_in(id);
        a_.jump(swap);
        a_.place(next);
      }
    }
    if (taken.empty()) {
      a_.jump(slow);
      return;
    }
    a_.place(swap);
  } else {
    a_.mov(Reg::r4, Reg::r0);
    a_.alu(BPF_AND, Reg::r4, 0xff);
    a_.map_value(Reg::r5, in_.tables_fd, static_cast<std::uint32_t>(index(b.event) * 256));
    a_.alu(BPF_ADD, Reg::r5, Reg::r4);
    a_.load(1, Reg::r5, Reg::r5, 0);
    a_.jump_if(BPF_JEQ, Reg::r5, 0, slow);
    a_.mov(Reg::r4, Reg::r0);
    a_.alu(BPF_LSH, Reg::r4, 8);
    a_.alu(BPF_OR, Reg::r4, Reg::r5);
  }
  if (one_owner_) {
    a_.store(8, Reg::r3, kWordAt, Reg::r4);
    a_.load(8, Reg::r4, Reg::r3, kCountAt);
    a_.alu(BPF_ADD, Reg::r4, 1);
    a_.store(8, Reg::r3, kCountAt, Reg::r4);
    return;
  }
  a_.mov(Reg::r5, Reg::r0);
  a_.compare_exchange(Reg::r3, kWordAt, Reg::r4);
  a_.jump_if(BPF_JNE, Reg::r0, Reg::r5, slow);
  a_.mov(Reg::r5, 1);
  a_.atomic_add(8, Reg::r3, kCountAt, Reg::r5);
}

void ProgramWriter::binding(const Binding& b) {
  ranges_.emplace_back(a_.size(), cat(b.place.file, ":", b.place.line, " (",
                                      in_.monitor->model.events()[index(b.event)], ")"));
  const Later later{&b, a_.label(), a_.label(), a_.label()};
  expr().begin(b.signature);
  if (b.when != nullptr) expr().jump_if_false(*b.when, later.next);
  uses_step_function_ = true;
  if (!in_place()) {
    slow_path(b);
    a_.place(later.next);
    return;
  }
  if (scope_ == Scope::task) {
    if (b.task != nullptr) {
      expr().pointer(*b.task, Reg::r2);
    } else {
      a_.call(BPF_FUNC_get_current_task_btf);
      a_.mov(Reg::r2, Reg::r0);
    }
  }
  find_place(&later.slow);
  fast_path(b, later.slow, later.miss);
  a_.place(later.next);
  later_.push_back(later);
}

void ProgramWriter::call_step(const Binding& b, Handler handler, std::int16_t key_slot,
                              std::int16_t end_slot) {
  if (scope_ == Scope::object) {
    a_.load(8, Reg::r2, Reg::r10, key_slot);
  } else if (scope_ != Scope::task) {
    a_.mov(Reg::r2, 0);
  } else if (b.task != nullptr) {
    expr().pointer(*b.task, Reg::r2);
  } else {
    a_.call(BPF_FUNC_get_current_task_btf);
    a_.mov(Reg::r2, Reg::r0);
  }
  a_.mov(Reg::r3, flags_of(b.event, handler));
  if (b.end != nullptr) {
    a_.load(8, Reg::r4, Reg::r10, end_slot);
    a_.alu(BPF_OR, Reg::r3, Reg::r4);
  }
  if (context_ != Reg::r1) a_.mov(Reg::r1, context_);
  a_.call(step_function_);
  if (context_ == Reg::r1) a_.mov(Reg::r1, Reg::r0);  // it answers with the context
}

void ProgramWriter::slow_path(const Binding& b) {
  const Label run = a_.label(), start = a_.label(), done = a_.label();
  std::int16_t key_slot = 0, end_slot = 0;
  if (scope_ == Scope::object) {
    key_slot = expr().slot();
    expr().number(*b.key);
    a_.store(8, Reg::r10, key_slot, Reg::r0);
  }
  if (b.end != nullptr) {
    const Label no = a_.label();
    end_slot = expr().slot();
    a_.store(8, Reg::r10, end_slot, 0);
    expr().jump_if_false(*b.end, no);
    a_.store(8, Reg::r10, end_slot, 1 << kEndShift);
    a_.place(no);
  }
  const bool can_run = !is_never(b.start_run), can_start = !is_never(b.start);
  const bool always_run = can_run && is_always(b.start_run);
  const bool always_start = can_start && is_always(b.start);
  if (can_run && !always_run) expr().jump_if_true(*b.start_run, run);
  if (can_start && !always_start && !always_run) expr().jump_if_true(*b.start, start);
  if (!always_run && !always_start) {
    call_step(b, Handler::event, key_slot, end_slot);
    if (can_run || can_start) a_.jump(done);
  }
  if (can_start && !always_run) {
    a_.place(start);
    call_step(b, Handler::start, key_slot, end_slot);
    if (can_run) a_.jump(done);
  }
  if (can_run) {
    a_.place(run);
    call_step(b, Handler::start_run, key_slot, end_slot);
  }
  a_.place(done);
}

void ProgramWriter::count_register(std::size_t head_offset, Reg amount) {
  a_.map_value(Reg::r1, in_.memory_fd, static_cast<std::uint32_t>(head_offset));
  a_.atomic_add(8, Reg::r1, 0, amount);
}

void ProgramWriter::count(std::size_t head_offset) {
  a_.mov(Reg::r2, 1);
  count_register(head_offset, Reg::r2);
}
// One program sees every system call: first which one it is, then its bindings.
void ProgramWriter::dispatch_syscalls() {
  const bool enter = group_.probe.kind == Probe::Kind::syscall_enter;
  std::map<std::int32_t, std::vector<const Binding*>> by_number;
  std::set<std::int32_t> compat_numbers;
  for (const Binding* b : group_.bindings) {
    const Syscall* call = find_syscall(b->probe.name);
    SWERVE_CHECK(call != nullptr, "a system call that was found before is gone");
    by_number[call->number].push_back(b);
    if (call->compat_number >= 0) compat_numbers.insert(call->compat_number);
  }
  std::map<std::int32_t, Label> labels;
  for (const auto& [number, bindings] : by_number) labels.emplace(number, a_.label());
  for (const std::int32_t number : compat_numbers) {
    if (labels.count(number) == 0) labels.emplace(number, a_.label());
  }
  const Label out = a_.label();
  if (enter) {
    a_.load(8, Reg::r2, context_, 8);
  } else {
    const auto at = in_.catalog->field("pt_regs", "orig_ax");
    if (!at) problem_ = "this kernel's pt_regs has no orig_ax";
    a_.load(8, Reg::r2, context_, 0);
    a_.load(8, Reg::r2, Reg::r2, static_cast<std::int16_t>(at ? at->bit_offset / 8 : 0));
  }
  for (const auto& [number, label] : labels) a_.jump_if(BPF_JEQ, Reg::r2, number, label);
  a_.place(out);
  a_.mov(Reg::r0, 0);
  a_.exit();
  const std::int32_t status_at = field("thread_info.status");
  for (const auto& [number, label] : labels) {
    a_.place(label);
    // The same number is another call when a 32-bit program makes it.
    const Label native = a_.label();
    a_.call(BPF_FUNC_get_current_task_btf);
    a_.load(4, Reg::r1, Reg::r0, static_cast<std::int16_t>(status_at));
    a_.alu(BPF_AND, Reg::r1, kTsCompat);
    a_.jump_if(BPF_JEQ, Reg::r1, 0, native);
    if (compat_numbers.count(number) != 0) count(offsetof(Head, compat));
    a_.jump(out);
    a_.place(native);
    const auto bindings = by_number.find(number);
    if (bindings != by_number.end()) {
      for (const Binding* b : bindings->second) binding(*b);
    }
    a_.jump(out);
  }
}

Result<Program> ProgramWriter::write() {
  one_owner_ = has_one_owner(*in_.monitor);
  ArgumentSource source;
  source.kind = group_.probe.kind;
  bool helpers = scope_ == Scope::cpu || scope_ == Scope::object || is_syscall(group_.probe);
  for (const Binding* b : group_.bindings) {
    for (const ExprPtr& e : {b->when, b->start, b->start_run, b->end, b->key, b->task}) {
      if (e != nullptr) helpers = helpers || ExprCode::calls_helper(*e, in_.careful);
    }
    if (scope_ == Scope::task && b->task == nullptr) helpers = true;
  }
  const bool is_birth = scope_ == Scope::task && group_.probe.kind == Probe::Kind::tracepoint &&
                        group_.probe.name == "task_newtask";
  const bool is_death = scope_ == Scope::task && group_.probe.kind == Probe::Kind::tracepoint &&
                        group_.probe.name == "sched_process_free";
  forgets_ = is_birth || is_death;
  if (helpers || forgets_) context_ = Reg::r6;
  if (is_syscall(group_.probe)) {
    static constexpr const char* kRegisters[] = {"di", "si", "dx", "r10", "r8", "r9"};
    for (std::size_t i = 0; i < 6; ++i) {
      const auto at = in_.catalog->field("pt_regs", kRegisters[i]);
      if (!at) return Error(ErrorCode::unsupported, "this kernel's pt_regs is not that of x86-64");
      source.registers[i] = static_cast<std::int16_t>(at->bit_offset / 8);
    }
  }
  if (context_ != Reg::r1) a_.mov(context_, Reg::r1);
  expr_.emplace(a_, source, context_, in_.careful);
  if (is_birth) {
    a_.load(8, Reg::r1, context_, 0);
    a_.call(forget_function_);
  }
  if (is_syscall(group_.probe)) {
    dispatch_syscalls();
  } else {
    for (const Binding* b : group_.bindings) binding(*b);
    if (is_death) {
      a_.load(8, Reg::r1, context_, 0);
      a_.call(forget_function_);
    }
    a_.mov(Reg::r0, 0);
    a_.exit();
  }
  for (const Later& l : later_) {
    ranges_.emplace_back(a_.size(), cat(l.binding->place.file, ":", l.binding->place.line, " (",
                                        in_.monitor->model.events()[index(l.binding->event)], ")"));
    expr().begin(l.binding->signature);
    a_.place(l.miss);
    if (scope_ == Scope::task && is_never(l.binding->start) && is_never(l.binding->start_run)) {
      a_.load(4, Reg::r4, Reg::r3, kDisplacedAt);
      a_.jump_if(BPF_JEQ, Reg::r4, 0, l.next);
    }
    a_.place(l.slow);
    slow_path(*l.binding);
    a_.jump(l.next);
  }
  if (uses_step_function_) step_function();
  if (forgets_) forget_function();
  if (!expr().problem().empty()) return Error(ErrorCode::unsupported, expr().problem());
  if (!problem_.empty()) return Error(ErrorCode::unsupported, problem_);
  Program program;
  program.probe = group_.probe;
  program.at = group_.at;
  SWERVE_TRY_ASSIGN(program.code, a_.finish());
  program.ranges = std::move(ranges_);
  return program;
}

}  // namespace swerve
