#include "kernel/compiler.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "base/check.h"
#include "base/text.h"
#include "kernel/assembler.h"
#include "kernel/expr_code.h"
#include "kernel/layout.h"
#include "kernel/syscalls.h"

namespace swerve {

namespace {
using layout::Head;
using layout::Record;
using layout::Slot;

// Fields of the flags word that the step function takes: event | handler << 16 | end << 20.
constexpr int kHandlerShift = 16;
constexpr int kEndShift = 20;
// One step tests its state by a chain of bit tests up to this many states, else by the table.
constexpr std::size_t kLongestChain = 3;
constexpr int kTries = 3;              // the kernel's MAX_DA_RETRY_RACING_EVENTS
constexpr std::int32_t kTsCompat = 2;  // x86: this system call came in as a 32-bit one

constexpr std::int16_t kWordAt = offsetof(Slot, word);
constexpr std::int16_t kCountAt = offsetof(Slot, count);
constexpr std::int16_t kDisplacedAt = offsetof(Slot, displaced);

std::int32_t flags_of(EventId event, Handler handler) {
  return static_cast<std::int32_t>(index(event)) | static_cast<std::int32_t>(handler)
                                                       << kHandlerShift;
}

unsigned log2_of(std::uint32_t power_of_two) {
  unsigned bits = 0;
  while ((1U << bits) < power_of_two) ++bits;
  return bits;
}

// The bindings of one program, and how it is entered.
struct Group {
  Probe probe;  // of the attach point; sys_enter and sys_exit for system calls
  AttachPoint at;
  std::vector<const Binding*> bindings;
};

bool is_syscall(const Probe& p) {
  return p.kind == Probe::Kind::syscall_enter || p.kind == Probe::Kind::syscall_exit;
}

class ProgramWriter {
 public:
  ProgramWriter(const CompilerInput& in, const Group& group)
      : in_(in),
        group_(group),
        scope_(in.monitor->definition.scope),
        wide_(in.table->wide()),
        stride_(slot_bytes(scope_, wide_)),
        step_function_(a_.label()),
        forget_function_(a_.label()) {}

  Result<Program> write();

 private:
  void binding(const Binding& b);
  void find_place();
  void fast_path(const Binding& b, Label slow, Label miss);
  void slow_path(const Binding& b);
  void call_step(const Binding& b, Handler handler, std::int16_t key_slot, std::int16_t end_slot);
  void dispatch_syscalls();
  void step_function();
  void find_for_step(Label have, Label out);
  void insert(Label have, Label out);
  void report(std::uint32_t kind);
  void forget_function();
  void count(std::size_t head_offset);
  void count_register(std::size_t head_offset, Reg amount);
  void require_armed(Label out);
  void require_watched(Label out, bool of_instance);
  void place_of_task(Reg task, Reg dst, Reg scratch);
  std::int32_t field(std::string_view path);
  ExprCode& expr() { return *expr_; }
  bool in_place() const {
    return !in_.every_step && !wide_ && scope_ != Scope::object &&
           !(in_.only_watched && scope_ != Scope::task);
  }

  const CompilerInput& in_;
  const Group& group_;
  Scope scope_;
  bool wide_;
  std::uint32_t stride_;
  bool one_owner_ = false;
  Assembler a_;
  Reg context_ = Reg::r1;
  std::optional<ExprCode> expr_;
  Label step_function_, forget_function_;
  bool uses_step_function_ = false;
  bool forgets_ = false;
  std::vector<std::pair<std::size_t, std::string>> ranges_;
  struct Later {
    const Binding* binding;
    Label slow, miss, next;
  };
  std::vector<Later> later_;
  std::string problem_;
};

std::int32_t ProgramWriter::field(std::string_view path) {
  const auto member = in_.catalog->field("task_struct", path);
  if (!member) {
    problem_ = cat("this kernel's task_struct has no ", path);
    return 0;
  }
  return static_cast<std::int32_t>(member->bit_offset / 8);
}

// dst = the place in the table for the task in `task`. Six instructions, on every task event.
void ProgramWriter::place_of_task(Reg task, Reg dst, Reg scratch) {
  constexpr auto kGolden = static_cast<std::int32_t>(0x9e3779b1U);  // Knuth's multiplicative hash
  const unsigned stride_bits = log2_of(stride_);
  const auto mask = static_cast<std::int32_t>(((1U << in_.slot_bits) - 1) << stride_bits);
  a_.mov32(scratch, task);  // the low half of an address; the verifier allows this, and no more
  a_.alu32(BPF_MUL, scratch, kGolden);
  a_.alu32(BPF_RSH, scratch, static_cast<std::int32_t>(32 - in_.slot_bits - stride_bits));
  a_.alu32(BPF_AND, scratch, mask);
  a_.map_value(dst, in_.memory_fd, layout::kInstancesAt);
  a_.alu(BPF_ADD, dst, scratch);
}

// r3 = the instance's place; for tasks r2 must be the task.
void ProgramWriter::find_place() {
  switch (scope_) {
    case Scope::task:
      place_of_task(Reg::r2, Reg::r3, Reg::r4);
      return;
    case Scope::cpu:
      a_.call(BPF_FUNC_get_smp_processor_id);
      a_.alu(BPF_AND, Reg::r0, static_cast<std::int32_t>((1U << in_.slot_bits) - 1));
      a_.alu(BPF_LSH, Reg::r0, static_cast<std::int32_t>(log2_of(stride_)));
      a_.map_value(Reg::r3, in_.memory_fd, layout::kInstancesAt);
      a_.alu(BPF_ADD, Reg::r3, Reg::r0);
      return;
    case Scope::global:
      a_.map_value(Reg::r3, in_.memory_fd, layout::kInstancesAt);
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
  find_place();
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

void ProgramWriter::require_armed(Label out) {
  a_.map_value(Reg::r1, in_.memory_fd, offsetof(Head, armed));
  a_.load(8, Reg::r1, Reg::r1, 0);
  a_.jump_if(BPF_JEQ, Reg::r1, 0, out);
}

// The step function's stack, from r10.
constexpr std::int16_t kKeySlot = -8, kTriesSlot = -16, kTidSlot = -24, kNextSlot = -32,
                       kOldSlot = -40, kOlderSlot = -48, kCountSlot = -56, kValueSlot = -120;

// Goes to `out` unless the instance's task (or the running one) is watched.
void ProgramWriter::require_watched(Label out, bool of_instance) {
  if (!in_.only_watched) return;
  if (of_instance) {
    a_.mov(Reg::r1, Reg::r10);
    a_.alu(BPF_ADD, Reg::r1, kTidSlot);
    a_.mov(Reg::r2, 4);
    a_.mov(Reg::r3, Reg::r7);
    a_.alu(BPF_ADD, Reg::r3, field("pid"));
    a_.call(BPF_FUNC_probe_read_kernel);
  } else {
    a_.call(BPF_FUNC_get_current_pid_tgid);
    a_.store(4, Reg::r10, kTidSlot, Reg::r0);
  }
  a_.map(Reg::r1, in_.watched_fd);
  a_.mov(Reg::r2, Reg::r10);
  a_.alu(BPF_ADD, Reg::r2, kTidSlot);
  a_.call(BPF_FUNC_map_lookup_elem);
  a_.jump_if(BPF_JEQ, Reg::r0, 0, out);
}

// Puts the instance of r7 into the keyed map (for tasks: the overflow). r8 = its place.
void ProgramWriter::insert(Label have, Label out) {
  const Label present = a_.label(), full = a_.label();
  const bool task = scope_ == Scope::task;
  const std::uint32_t bytes = wide_ ? layout::kWideSlotBytes : layout::kSlotBytes;
  for (std::uint32_t i = 0; i < bytes; i += 8) {
    a_.store(8, Reg::r10, static_cast<std::int16_t>(kValueSlot + static_cast<std::int16_t>(i)), 0);
  }
  a_.store(8, Reg::r10, kValueSlot, Reg::r7);
  if (task) {  // first, so that whoever looks the task up from now on looks there as well
    a_.mov(Reg::r1, 1);
    a_.atomic_add(4, Reg::r8, kDisplacedAt, Reg::r1);
  }
  a_.map(Reg::r1, in_.keyed_fd);
  a_.mov(Reg::r2, Reg::r10);
  a_.alu(BPF_ADD, Reg::r2, kKeySlot);
  a_.mov(Reg::r3, Reg::r10);
  a_.alu(BPF_ADD, Reg::r3, kValueSlot);
  a_.mov(Reg::r4, BPF_NOEXIST);
  a_.call(BPF_FUNC_map_update_elem);
  a_.jump_if(BPF_JEQ, Reg::r0, 0, present);
  if (task) {
    a_.mov(Reg::r1, -1);
    a_.atomic_add(4, Reg::r8, kDisplacedAt, Reg::r1);
  }
  a_.jump_if(BPF_JNE, Reg::r0, -EEXIST, full);
  a_.place(present);
  a_.map(Reg::r1, in_.keyed_fd);
  a_.mov(Reg::r2, Reg::r10);
  a_.alu(BPF_ADD, Reg::r2, kKeySlot);
  a_.call(BPF_FUNC_map_lookup_elem);
  a_.jump_if(BPF_JEQ, Reg::r0, 0, full);  // came and went in between
  a_.mov(Reg::r8, Reg::r0);
  a_.jump(have);
  a_.place(full);
  count(offsetof(Head, refused));
  a_.jump(out);
}

// r8 = the place of the instance of r7, or out. Inserts it where this event may start it.
void ProgramWriter::find_for_step(Label have, Label out) {
  const Label absent = a_.label();
  const auto may_start = [&](Label otherwise) {
    a_.mov(Reg::r1, Reg::r9);
    a_.alu(BPF_RSH, Reg::r1, kHandlerShift);
    a_.alu(BPF_AND, Reg::r1, 3);
    a_.jump_if(BPF_JEQ, Reg::r1, static_cast<std::int32_t>(Handler::event), otherwise);
    require_armed(otherwise);
  };
  const auto lookup = [&] {
    a_.map(Reg::r1, in_.keyed_fd);
    a_.mov(Reg::r2, Reg::r10);
    a_.alu(BPF_ADD, Reg::r2, kKeySlot);
    a_.call(BPF_FUNC_map_lookup_elem);
    a_.jump_if(BPF_JEQ, Reg::r0, 0, absent);
    a_.mov(Reg::r8, Reg::r0);
    a_.jump(have);
  };
  if (scope_ == Scope::task) {
    a_.jump_if(BPF_JEQ, Reg::r7, 0, out);
    place_of_task(Reg::r7, Reg::r8, Reg::r1);
    a_.load(8, Reg::r1, Reg::r8, 0);
    a_.jump_if(BPF_JEQ, Reg::r1, Reg::r7, have);
    a_.load(4, Reg::r1, Reg::r8, kDisplacedAt);
    a_.jump_if(BPF_JEQ, Reg::r1, 0, absent);
    lookup();
    a_.place(absent);
    may_start(out);
    require_watched(out, true);
    a_.mov(Reg::r0, 0);
    a_.compare_exchange(Reg::r8, 0, Reg::r7);
    a_.jump_if(BPF_JEQ, Reg::r0, 0, have);
    a_.jump_if(BPF_JEQ, Reg::r0, Reg::r7, have);
    insert(have, out);
  } else if (scope_ == Scope::object) {
    lookup();
    a_.place(absent);
    may_start(out);
    insert(have, out);
  } else {
    find_place();  // leaves r3
    a_.mov(Reg::r8, Reg::r3);
  }
}

// r1 context, r2 task or key, r3 flags; returns the context. All the rules, for every scope:
// r6 context, r7 task or key, r8 the instance's place, r9 flags.
void ProgramWriter::step_function() {
  const Label out = a_.label(), have = a_.label(), again = a_.label(), running = a_.label(),
              violation = a_.label(), next_try = a_.label(), gave_up = a_.label();
  const bool object = scope_ == Scope::object;
  ranges_.emplace_back(a_.size(), "the step function");
  a_.place(step_function_);
  a_.mov(Reg::r6, Reg::r1);
  a_.mov(Reg::r7, Reg::r2);
  a_.mov(Reg::r9, Reg::r3);
  a_.store(8, Reg::r10, kKeySlot, Reg::r7);
  a_.store(8, Reg::r10, kTriesSlot, 0);
  if (scope_ != Scope::task) require_watched(out, false);
  find_for_step(have, out);
  a_.place(have);

  const auto delete_keyed = [&] {
    a_.map(Reg::r1, in_.keyed_fd);
    a_.mov(Reg::r2, Reg::r10);
    a_.alu(BPF_ADD, Reg::r2, kKeySlot);
    a_.call(BPF_FUNC_map_delete_elem);
  };

  // One try. r0 = the word.
  a_.place(again);
  a_.load(8, Reg::r0, Reg::r8, kWordAt);
  a_.mov(Reg::r1, Reg::r0);
  a_.alu(BPF_AND, Reg::r1, wide_ ? 0xffff : 0xff);
  a_.jump_if(BPF_JNE, Reg::r1, 0, running);
  // Not monitoring: start it, if this event may.
  a_.mov(Reg::r1, Reg::r9);
  a_.alu(BPF_RSH, Reg::r1, kHandlerShift);
  a_.alu(BPF_AND, Reg::r1, 3);
  a_.jump_if(BPF_JEQ, Reg::r1, static_cast<std::int32_t>(Handler::event), out);
  if (object) a_.jump_if(BPF_JNE, Reg::r0, 0, next_try);  // it is just being removed
  require_armed(out);
  a_.mov(Reg::r1, static_cast<std::int32_t>(raw(in_.table->started())));
  if (object) {  // an event that starts its object and ends it, too, leaves nothing behind
    const Label stays = a_.label();
    a_.mov(Reg::r2, Reg::r9);
    a_.alu(BPF_RSH, Reg::r2, kHandlerShift);
    a_.jump_if(BPF_JNE, Reg::r2,
               static_cast<std::int32_t>(Handler::start) | 1 << (kEndShift - kHandlerShift), stays);
    a_.constant(Reg::r1, layout::kDying);
    a_.place(stays);
  }
  a_.compare_exchange(Reg::r8, kWordAt, Reg::r1);
  a_.jump_if(BPF_JNE, Reg::r0, 0, next_try);
  count(offsetof(Head, started));
  // The transitions that it counts are those since the start.
  a_.mov(Reg::r2, 0);
  a_.exchange(Reg::r8, kCountAt, Reg::r2);
  count_register(offsetof(Head, events_gone), Reg::r2);
  a_.mov(Reg::r1, Reg::r9);
  a_.alu(BPF_RSH, Reg::r1, kHandlerShift);
  if (object) {
    const Label stays = a_.label();
    a_.jump_if(BPF_JNE, Reg::r1,
               static_cast<std::int32_t>(Handler::start) | 1 << (kEndShift - kHandlerShift), stays);
    delete_keyed();
    a_.jump(out);
    a_.place(stays);
  }
  a_.alu(BPF_AND, Reg::r1, 3);
  a_.jump_if(BPF_JEQ, Reg::r1, static_cast<std::int32_t>(Handler::start), out);
  // Straight on: going back to `again` is what Linux 6.1 takes for an endless loop.
  a_.mov(Reg::r0, static_cast<std::int32_t>(raw(in_.table->started())));
  a_.mov(Reg::r1, Reg::r0);

  // Monitoring: r1 = its newest id.
  a_.place(running);
  a_.store(8, Reg::r10, kOldSlot, Reg::r0);
  a_.load(8, Reg::r2, Reg::r8, kCountAt);
  a_.store(8, Reg::r10, kCountSlot, Reg::r2);
  if (wide_) {
    a_.load(8, Reg::r2, Reg::r8, layout::kOlderAt);
    a_.store(8, Reg::r10, kOlderSlot, Reg::r2);
  }
  a_.mov(Reg::r2, Reg::r9);
  a_.alu(BPF_AND, Reg::r2, 0xffff);  // the event
  if (!wide_) {
    a_.alu(BPF_LSH, Reg::r2, 8);
    a_.alu(BPF_OR, Reg::r2, Reg::r1);
    a_.map_value(Reg::r3, in_.tables_fd, 0);
    const auto last = static_cast<std::int32_t>(in_.table->narrow().size()) - 1;
    a_.jump_if(BPF_JGT, Reg::r2, last, out);  // never: for the verifier
    a_.alu(BPF_ADD, Reg::r3, Reg::r2);
    a_.load(1, Reg::r3, Reg::r3, 0);
  } else {
    // states: u16 by id; then by_state: u16 by state * events + event.
    const auto ids = static_cast<std::int32_t>(in_.table->id_count());
    const auto cells = static_cast<std::int32_t>(in_.table->by_state().size());
    a_.jump_if(BPF_JGE, Reg::r1, ids, out);  // never: for the verifier
    a_.alu(BPF_LSH, Reg::r1, 1);
    a_.map_value(Reg::r3, in_.tables_fd, 0);
    a_.alu(BPF_ADD, Reg::r3, Reg::r1);
    a_.load(2, Reg::r3, Reg::r3, 0);
    a_.alu(BPF_MUL, Reg::r3, static_cast<std::int32_t>(in_.monitor->model.events().size()));
    a_.alu(BPF_ADD, Reg::r2, Reg::r3);
    a_.jump_if(BPF_JGE, Reg::r2, cells, out);
    a_.alu(BPF_LSH, Reg::r2, 1);
    a_.map_value(Reg::r3, in_.tables_fd, static_cast<std::uint32_t>(2 * ids));
    a_.alu(BPF_ADD, Reg::r3, Reg::r2);
    a_.load(2, Reg::r3, Reg::r3, 0);
  }
  a_.jump_if(BPF_JEQ, Reg::r3, 0, violation);
  a_.store(8, Reg::r10, kNextSlot, Reg::r3);
  a_.mov(Reg::r1, Reg::r0);
  a_.alu(BPF_LSH, Reg::r1, wide_ ? 16 : 8);
  a_.alu(BPF_OR, Reg::r1, Reg::r3);
  if (object) {  // an event that ends its object leaves nothing behind
    const Label stays = a_.label();
    a_.mov(Reg::r2, Reg::r9);
    a_.alu(BPF_RSH, Reg::r2, kEndShift);
    a_.jump_if(BPF_JEQ, Reg::r2, 0, stays);
    a_.constant(Reg::r1, layout::kDying);
    a_.place(stays);
  }
  a_.compare_exchange(Reg::r8, kWordAt, Reg::r1);
  a_.load(8, Reg::r1, Reg::r10, kOldSlot);
  a_.jump_if(BPF_JNE, Reg::r0, Reg::r1, next_try);
  if (object) {
    // A place of the objects' map may be given to another object while we hold it. If that happened
    // just now, the step went to the wrong one: say so.
    const Label ours = a_.label();
    a_.load(8, Reg::r2, Reg::r8, 0);
    a_.jump_if(BPF_JEQ, Reg::r2, Reg::r7, ours);
    count(offsetof(Head, raced));
    a_.place(ours);
  }
  a_.mov(Reg::r2, 1);
  a_.atomic_add(8, Reg::r8, kCountAt, Reg::r2);
  if (wide_) {
    a_.load(8, Reg::r1, Reg::r10, kOldSlot);
    a_.alu(BPF_RSH, Reg::r1, 48);
    a_.load(8, Reg::r2, Reg::r10, kOlderSlot);
    a_.alu(BPF_LSH, Reg::r2, 16);
    a_.alu(BPF_OR, Reg::r2, Reg::r1);
    a_.store(8, Reg::r8, layout::kOlderAt, Reg::r2);
  }
  const auto remove_object = [&](int extra_events) {
    a_.load(8, Reg::r2, Reg::r10, kCountSlot);
    if (extra_events != 0) a_.alu(BPF_ADD, Reg::r2, extra_events);
    count_register(offsetof(Head, events_gone), Reg::r2);
    delete_keyed();
  };
  if (object) {
    const Label stays = a_.label();
    a_.mov(Reg::r2, Reg::r9);
    a_.alu(BPF_RSH, Reg::r2, kEndShift);
    a_.jump_if(BPF_JEQ, Reg::r2, 0, stays);
    remove_object(1);
    a_.place(stays);
  }
  if (in_.every_step) report(Record::kStep);
  a_.jump(out);

  a_.place(violation);
  if (object) {
    a_.constant(Reg::r1, layout::kDying);
  } else {
    a_.mov(Reg::r1, 0);
  }
  a_.compare_exchange(Reg::r8, kWordAt, Reg::r1);
  a_.load(8, Reg::r1, Reg::r10, kOldSlot);
  a_.jump_if(BPF_JNE, Reg::r0, Reg::r1, next_try);
  count(offsetof(Head, violations));
  if (object) remove_object(0);
  a_.store(8, Reg::r10, kNextSlot, 0);
  report(Record::kViolation);
  a_.jump(out);

  a_.place(next_try);
  a_.load(8, Reg::r1, Reg::r10, kTriesSlot);
  a_.alu(BPF_ADD, Reg::r1, 1);
  a_.store(8, Reg::r10, kTriesSlot, Reg::r1);
  a_.jump_if(BPF_JGE, Reg::r1, kTries, gave_up);
  a_.jump(again);
  a_.place(gave_up);
  if (!object) a_.store(8, Reg::r8, kWordAt, 0);
  count(offsetof(Head, raced));

  a_.place(out);
  a_.mov(Reg::r0, Reg::r6);
  a_.exit();
}

// One record into the ring. Uses up r8.
void ProgramWriter::report(std::uint32_t kind) {
  const Label lost = a_.label(), done = a_.label();
  const bool stack = kind == Record::kViolation && in_.stacks;
  constexpr std::int32_t kStackBytes = layout::kStackDepth * 8;
  const auto at = [](std::size_t offset) { return static_cast<std::int16_t>(offset); };
  const auto copy_slot = [&](std::int16_t slot, std::size_t offset, unsigned bytes) {
    a_.load(8, Reg::r1, Reg::r10, slot);
    a_.store(bytes, Reg::r8, at(offset), Reg::r1);
  };
  const auto read_task = [&](std::size_t offset, std::int32_t bytes, std::string_view member) {
    a_.mov(Reg::r1, Reg::r8);
    a_.alu(BPF_ADD, Reg::r1, static_cast<std::int32_t>(offset));
    a_.mov(Reg::r2, bytes);
    a_.mov(Reg::r3, Reg::r7);
    a_.alu(BPF_ADD, Reg::r3, field(member));
    a_.call(BPF_FUNC_probe_read_kernel);
  };
  a_.map(Reg::r1, in_.ring_fd);
  a_.mov(Reg::r2, static_cast<std::int32_t>(sizeof(Record)) + (stack ? kStackBytes : 0));
  a_.mov(Reg::r3, 0);
  a_.call(BPF_FUNC_ringbuf_reserve);
  a_.jump_if(BPF_JEQ, Reg::r0, 0, lost);
  a_.mov(Reg::r8, Reg::r0);
  a_.call(BPF_FUNC_ktime_get_ns);
  a_.store(8, Reg::r8, at(offsetof(Record, time_ns)), Reg::r0);
  a_.store(4, Reg::r8, at(offsetof(Record, kind)), static_cast<std::int32_t>(kind));
  a_.store(4, Reg::r8, at(offsetof(Record, monitor)), static_cast<std::int32_t>(in_.number));
  if (scope_ == Scope::object) {
    a_.store(8, Reg::r8, at(offsetof(Record, key)), Reg::r7);
  } else {
    a_.store(8, Reg::r8, at(offsetof(Record, key)), 0);
  }
  copy_slot(kOldSlot, offsetof(Record, word), 8);
  if (wide_) {
    copy_slot(kOlderSlot, offsetof(Record, older), 8);
  } else {
    a_.store(8, Reg::r8, at(offsetof(Record, older)), 0);
  }
  copy_slot(kCountSlot, offsetof(Record, count), 8);
  copy_slot(kNextSlot, offsetof(Record, next), 4);
  a_.mov(Reg::r1, Reg::r9);
  a_.alu(BPF_AND, Reg::r1, 0xffff);
  a_.store(4, Reg::r8, at(offsetof(Record, event)), Reg::r1);
  a_.call(BPF_FUNC_get_smp_processor_id);
  a_.store(4, Reg::r8, at(offsetof(Record, cpu)), Reg::r0);
  a_.mov(Reg::r1, Reg::r8);
  a_.alu(BPF_ADD, Reg::r1, static_cast<std::int32_t>(offsetof(Record, by_comm)));
  a_.mov(Reg::r2, 16);
  a_.call(BPF_FUNC_get_current_comm);
  if (scope_ == Scope::task) {
    read_task(offsetof(Record, tid), 4, "pid");
    read_task(offsetof(Record, tgid), 4, "tgid");
    read_task(offsetof(Record, comm), 16, "comm");
  } else {
    a_.store(8, Reg::r8, at(offsetof(Record, tid)), 0);
    a_.store(8, Reg::r8, at(offsetof(Record, comm)), 0);
    a_.store(8, Reg::r8, at(offsetof(Record, comm) + 8), 0);
  }
  if (stack) {
    a_.mov(Reg::r1, Reg::r6);
    a_.mov(Reg::r2, Reg::r8);
    a_.alu(BPF_ADD, Reg::r2, static_cast<std::int32_t>(sizeof(Record)));
    a_.mov(Reg::r3, kStackBytes);
    a_.mov(Reg::r4, 0);
    a_.call(BPF_FUNC_get_stack);
    a_.store(4, Reg::r8, at(offsetof(Record, stack_bytes)), Reg::r0);
  } else {
    a_.store(4, Reg::r8, at(offsetof(Record, stack_bytes)), 0);
  }
  a_.call(BPF_FUNC_get_current_pid_tgid);
  a_.store(8, Reg::r8, at(offsetof(Record, by)), Reg::r0);
  // Reading makes events too; it must not wake itself up. So what our own process does is never
  // announced, and single steps only when many wait.
  const Label submit = a_.label();
  a_.store(8, Reg::r10, kNextSlot, BPF_RB_NO_WAKEUP);
  a_.alu(BPF_RSH, Reg::r0, 32);
  a_.jump_if(BPF_JEQ, Reg::r0, static_cast<std::int32_t>(in_.self_tgid), submit);
  if (in_.every_step) {
    a_.map(Reg::r1, in_.ring_fd);
    a_.mov(Reg::r2, BPF_RB_AVAIL_DATA);
    a_.call(BPF_FUNC_ringbuf_query);
    a_.jump_if(BPF_JLT, Reg::r0, static_cast<std::int32_t>(in_.ring_bytes / 4), submit);
    a_.store(8, Reg::r10, kNextSlot, BPF_RB_FORCE_WAKEUP);
  } else {
    a_.store(8, Reg::r10, kNextSlot, 0);
  }
  a_.place(submit);
  a_.load(8, Reg::r2, Reg::r10, kNextSlot);
  a_.mov(Reg::r1, Reg::r8);
  a_.call(BPF_FUNC_ringbuf_submit);
  a_.jump(done);
  a_.place(lost);
  count(offsetof(Head, lost));
  a_.place(done);
}

// r1 task: its instance is forgotten, wherever it is.
void ProgramWriter::forget_function() {
  const Label elsewhere = a_.label(), out = a_.label();
  ranges_.emplace_back(a_.size(), "forgetting a task");
  a_.place(forget_function_);
  a_.mov(Reg::r6, Reg::r1);
  a_.jump_if(BPF_JEQ, Reg::r6, 0, out);
  place_of_task(Reg::r6, Reg::r7, Reg::r1);
  a_.load(8, Reg::r1, Reg::r7, 0);
  a_.jump_if(BPF_JNE, Reg::r1, Reg::r6, elsewhere);
  a_.load(8, Reg::r2, Reg::r7, kCountAt);
  count_register(offsetof(Head, events_gone), Reg::r2);
  a_.store(8, Reg::r7, kWordAt, 0);
  a_.store(8, Reg::r7, kCountAt, 0);
  if (wide_) a_.store(8, Reg::r7, layout::kOlderAt, 0);
  a_.store(8, Reg::r7, 0, 0);  // the tag last: from here on the place is free
  a_.place(elsewhere);
  a_.load(4, Reg::r1, Reg::r7, kDisplacedAt);
  a_.jump_if(BPF_JEQ, Reg::r1, 0, out);
  a_.store(8, Reg::r10, -8, Reg::r6);
  a_.map(Reg::r1, in_.keyed_fd);
  a_.mov(Reg::r2, Reg::r10);
  a_.alu(BPF_ADD, Reg::r2, -8);
  a_.call(BPF_FUNC_map_lookup_elem);
  a_.jump_if(BPF_JEQ, Reg::r0, 0, out);
  a_.load(8, Reg::r2, Reg::r0, kCountAt);
  count_register(offsetof(Head, events_gone), Reg::r2);
  a_.map(Reg::r1, in_.keyed_fd);
  a_.mov(Reg::r2, Reg::r10);
  a_.alu(BPF_ADD, Reg::r2, -8);
  a_.call(BPF_FUNC_map_delete_elem);
  a_.jump_if(BPF_JNE, Reg::r0, 0, out);
  a_.mov(Reg::r1, -1);
  a_.atomic_add(4, Reg::r7, kDisplacedAt, Reg::r1);
  a_.place(out);
  a_.mov(Reg::r0, 0);
  a_.exit();
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
