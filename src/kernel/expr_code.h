// kernel/expr_code.h - typed expressions to BPF instructions.
//
// The contract of bind/expr.h, in the kernel: every value is held in 64 bits, extended from its
// type. Values are made in r0; operands wait on the stack; r0 and r2-r5 are used up, and r1 too
// when the expression calls a helper. The program's context stays where it is.
#pragma once

#include <cstdint>

#include "bind/expr.h"
#include "bind/probe.h"
#include "kernel/assembler.h"
#include "swerve/base/result.h"

namespace swerve {

/// How a program finds the arguments of its probe.
struct ArgumentSource {
  Probe::Kind kind = Probe::Kind::tracepoint;
  // System calls: where struct pt_regs has the arguments.
  std::int16_t registers[6] = {};
  std::size_t parameter_count = 0;  // of the signature; a system call's `ret` is the last one
};

class ExprCode {
 public:
  /// `context` is the register that holds the program's context: r1 when no expression of the
  /// program calls a helper, else r6. With `careful` all memory is read by the helper that cannot
  /// fail instead of directly: slower, for what the verifier will not let a program read directly.
  ExprCode(Assembler& out, ArgumentSource arguments, Reg context, bool careful)
      : out_(out), arguments_(arguments), context_(context), careful_(careful) {}

  /// Whether code for `e` calls a helper, and so loses r1-r5.
  static bool calls_helper(const Expr& e, bool careful);

  /// r0 = the value of `e`. A pointer comes as a plain number.
  void number(const Expr& e);
  /// dst = the pointer `e`, as the verifier's typed pointer where it has one. dst is r0 or r2-r5;
  /// uses dst alone when no helper is called.
  void pointer(const Expr& e, Reg dst);
  /// Goes to `target` when `e` is (not) 0, else falls through.
  void jump_if_false(const Expr& e, Label target);
  void jump_if_true(const Expr& e, Label target);

  /// From here on expressions are over the parameters of `signature`; slots are free again.
  void begin(const Signature& signature) {
    arguments_.parameter_count = signature.parameters.size();
    depth_ = 0;
  }
  /// Room for a value on the stack, until the next begin(). The offset from r10.
  std::int16_t slot();

  /// Set when an expression asked for more than BPF has: more stack, a string that is too long.
  const std::string& problem() const { return problem_; }

 private:
  static bool is_simple(const Expr& e);
  void argument_raw(std::uint64_t number, Reg dst);
  void extend(Reg reg, const Expr& type);
  void load(const Expr& e);
  void bit_field(const Expr& e, Reg reg);
  void read_memory(const Expr& place, std::uint32_t offset, std::uint32_t bytes, std::int16_t to);
  void string_equal(const Expr& e);
  void binary(const Expr& e);
  void operands(const Expr& e);  // r0 = a, r2 = b
  void divide(const Expr& e);
  void truth(const Expr& e);  // 0 or 1 by jumps
  void compare_jump(const Expr& e, Label target, bool when);
  std::int16_t block(std::uint32_t bytes);

  Assembler& out_;
  ArgumentSource arguments_;
  Reg context_;
  bool careful_;
  int depth_ = 0;  // bytes of stack in use
  std::string problem_;
};

}  // namespace swerve
