// The function behind the fast path: all the rules, for every scope. And what goes with it: finding
// and inserting instances, reports, and forgetting a task.
#include <cerrno>

#include "kernel/program_writer.h"

namespace swerve {

namespace {
using layout::Head;
using layout::Record;

constexpr int kTries = 3;  // the kernel's MAX_DA_RETRY_RACING_EVENTS

// The step function's stack, from r10.
constexpr std::int16_t kKeySlot = -8, kTriesSlot = -16, kTidSlot = -24, kNextSlot = -32,
                       kOldSlot = -40, kOlderSlot = -48, kCountSlot = -56, kValueSlot = -120,
                       kReactedSlot = -128;
}  // namespace

void ProgramWriter::require_armed(Label out) {
  a_.map_value(Reg::r1, in_.memory_fd, offsetof(Head, armed));
  a_.load(8, Reg::r1, Reg::r1, 0);
  a_.jump_if(BPF_JEQ, Reg::r1, 0, out);
}
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
    find_place(nullptr);  // leaves r3
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
  if (in_.steps == StepReports::switched) {
    a_.map_value(Reg::r1, in_.memory_fd, offsetof(Head, steps));
    a_.load(8, Reg::r1, Reg::r1, 0);
    a_.jump_if(BPF_JEQ, Reg::r1, 0, out);
  }
  if (in_.steps != StepReports::never) report(Record::kStep);
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
  signal_running_task();  // before the report: a full ring must not keep it back
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

// The reaction "signal", where the task that it is for is running here now: the slot gets what came
// of it, as Record::reacted. Uses up r8.
void ProgramWriter::signal_running_task() {
  if (!in_.signal) return;
  const Label out = a_.label(), sent = a_.label(), keep = a_.label();
  a_.store(8, Reg::r10, kReactedSlot, 0);
  if (scope_ == Scope::task) {
    a_.call(BPF_FUNC_get_current_task);
    a_.jump_if(BPF_JNE, Reg::r0, Reg::r7, out);
  }
  a_.call(BPF_FUNC_get_current_pid_tgid);
  a_.alu(BPF_RSH, Reg::r0, 32);
  a_.jump_if(BPF_JEQ, Reg::r0, static_cast<std::int32_t>(in_.self_tgid), out);
  a_.map_value(Reg::r8, in_.memory_fd, 0);
  a_.load(8, Reg::r1, Reg::r8, offsetof(Head, signals_sent));
  a_.load(8, Reg::r2, Reg::r8, offsetof(Head, signals_allowed));
  a_.jump_if(BPF_JGE, Reg::r1, Reg::r2, out);
  a_.mov(Reg::r1, 1);
  a_.atomic_add(8, Reg::r8, offsetof(Head, signals_sent), Reg::r1);
  a_.mov(Reg::r1, in_.signal->number);
  a_.call(in_.signal->whole_process ? BPF_FUNC_send_signal : BPF_FUNC_send_signal_thread);
  a_.jump_if(BPF_JEQ, Reg::r0, 0, sent);
  a_.jump(keep);
  a_.place(sent);
  a_.mov(Reg::r0, Record::kSignalled);
  a_.place(keep);
  a_.store(8, Reg::r10, kReactedSlot, Reg::r0);
  a_.place(out);
}

// One record into the ring. Uses up r8.
void ProgramWriter::report(std::uint32_t kind) {
  const Label lost = a_.label(), done = a_.label();
  const bool violation = kind == Record::kViolation;
  const bool stack = violation && in_.stacks;
  // Announced only when many wait: steps, and where there always are steps, violations too.
  const bool in_bulk = !violation || in_.steps == StepReports::always;
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
  if (violation && in_.signal) {
    copy_slot(kReactedSlot, offsetof(Record, reacted), 4);
  } else {
    a_.store(4, Reg::r8, at(offsetof(Record, reacted)), 0);
  }
  a_.store(4, Reg::r8, at(offsetof(Record, serial)), static_cast<std::int32_t>(in_.serial));
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
  if (in_bulk) {
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
  a_.mov(Reg::r2, 0);  // exchanged: a reset may take the count at the same time
  a_.exchange(Reg::r7, kCountAt, Reg::r2);
  count_register(offsetof(Head, events_gone), Reg::r2);
  a_.store(8, Reg::r7, kWordAt, 0);
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
  a_.load(8, Reg::r8, Reg::r0, kCountAt);
  a_.map(Reg::r1, in_.keyed_fd);
  a_.mov(Reg::r2, Reg::r10);
  a_.alu(BPF_ADD, Reg::r2, -8);
  a_.call(BPF_FUNC_map_delete_elem);
  a_.jump_if(BPF_JNE, Reg::r0, 0, out);  // a reset was faster, and has counted it
  a_.mov(Reg::r2, Reg::r8);
  count_register(offsetof(Head, events_gone), Reg::r2);
  a_.mov(Reg::r1, -1);
  a_.atomic_add(4, Reg::r7, kDisplacedAt, Reg::r1);
  a_.place(out);
  a_.mov(Reg::r0, 0);
  a_.exit();
}

}  // namespace swerve
