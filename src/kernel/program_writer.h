// kernel/program_writer.h - writes one BPF program: the bindings of one probe of one monitor.
//
// compiler.h says what a program does. Here is the object that writes it: the way to the step, with
// the fast path, in program_writer.cc; the function with all the rules, behind it, in
// step_function.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/assembler.h"
#include "kernel/compiler.h"
#include "kernel/expr_code.h"
#include "kernel/layout.h"

namespace swerve {

/// Fields of the flags word that the step function takes: event | handler << 16 | end << 20.
inline constexpr int kHandlerShift = 16;
inline constexpr int kEndShift = 20;

inline constexpr std::int16_t kWordAt = offsetof(layout::Slot, word);
inline constexpr std::int16_t kCountAt = offsetof(layout::Slot, count);
inline constexpr std::int16_t kDisplacedAt = offsetof(layout::Slot, displaced);

/// The bindings of one program, and how it is entered.
struct Group {
  Probe probe;  // of the attach point; sys_enter and sys_exit for system calls
  AttachPoint at;
  std::vector<const Binding*> bindings;
};

inline bool is_syscall(const Probe& p) {
  return p.kind == Probe::Kind::syscall_enter || p.kind == Probe::Kind::syscall_exit;
}

/// Writes one program and is then used up.
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
  void find_place(const Label* if_steps);
  void fast_path(const Binding& b, Label slow, Label miss);
  void slow_path(const Binding& b);
  void call_step(const Binding& b, Handler handler, std::int16_t key_slot, std::int16_t end_slot);
  void dispatch_syscalls();
  void step_function();
  void find_for_step(Label have, Label out);
  void insert(Label have, Label out);
  void report(std::uint32_t kind);
  void signal_running_task();
  void forget_function();
  void count(std::size_t head_offset);
  void count_register(std::size_t head_offset, Reg amount);
  void require_armed(Label out);
  void require_watched(Label out, bool of_instance);
  void place_of_task(Reg task, Reg dst, Reg scratch, const Label* if_steps = nullptr);
  void leave_if_steps(Reg instances, Reg scratch, const Label* if_steps);
  std::int32_t field(std::string_view path);
  ExprCode& expr() { return *expr_; }
  bool in_place() const {
    return in_.steps != StepReports::always && !wide_ && scope_ != Scope::object &&
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

}  // namespace swerve
