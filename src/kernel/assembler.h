// kernel/assembler.h - writes BPF instructions, with labels for what is not known yet.
//
// A thin layer: one call, one instruction (two for 64-bit constants). Registers are r0 to r10 as in
// the BPF documentation: r0 result, r1-r5 arguments and lost in a call, r6-r9 kept, r10 the frame.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <vector>

#include "swerve/base/result.h"

namespace swerve {

enum class Reg : std::uint8_t { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10 };

/// A place in a program. Made by Assembler::label(), placed by Assembler::place().
enum class Label : std::uint32_t {};

/// BPF_JEQ and the like, without class and source bits.
using JumpOp = std::uint8_t;
/// BPF_ADD and the like.
using AluOp = std::uint8_t;

class Assembler {
 public:
  Label label();
  void place(Label label);
  Label here() {
    const Label l = label();
    place(l);
    return l;
  }

  void mov(Reg dst, Reg src) { emit(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0); }
  void mov(Reg dst, std::int32_t value) {
    emit(BPF_ALU64 | BPF_MOV | BPF_K, dst, Reg::r0, 0, value);
  }
  /// The low half; the upper one becomes 0.
  void mov32(Reg dst, Reg src) { emit(BPF_ALU | BPF_MOV | BPF_X, dst, src, 0, 0); }
  /// Any 64-bit constant: one instruction where it fits, else two.
  void constant(Reg dst, std::uint64_t value);
  /// The address of byte `offset` of a map with one element.
  void map_value(Reg dst, int map_fd, std::uint32_t offset);
  /// The map itself, for helpers.
  void map(Reg dst, int map_fd);

  void alu(AluOp op, Reg dst, Reg src) {
    emit(static_cast<std::uint8_t>(BPF_ALU64 | op | BPF_X), dst, src, 0, 0);
  }
  void alu(AluOp op, Reg dst, std::int32_t value) {
    emit(static_cast<std::uint8_t>(BPF_ALU64 | op | BPF_K), dst, Reg::r0, 0, value);
  }
  void alu32(AluOp op, Reg dst, Reg src) {
    emit(static_cast<std::uint8_t>(BPF_ALU | op | BPF_X), dst, src, 0, 0);
  }
  void alu32(AluOp op, Reg dst, std::int32_t value) {
    emit(static_cast<std::uint8_t>(BPF_ALU | op | BPF_K), dst, Reg::r0, 0, value);
  }
  void negate(Reg dst) { emit(BPF_ALU64 | BPF_NEG, dst, Reg::r0, 0, 0); }

  /// dst = *(bytes *)(src + offset); bytes is 1, 2, 4 or 8.
  void load(unsigned bytes, Reg dst, Reg src, std::int16_t offset) {
    emit(static_cast<std::uint8_t>(BPF_LDX | BPF_MEM | size_bits(bytes)), dst, src, offset, 0);
  }
  void store(unsigned bytes, Reg dst, std::int16_t offset, Reg src) {
    emit(static_cast<std::uint8_t>(BPF_STX | BPF_MEM | size_bits(bytes)), dst, src, offset, 0);
  }
  void store(unsigned bytes, Reg dst, std::int16_t offset, std::int32_t value) {
    emit(static_cast<std::uint8_t>(BPF_ST | BPF_MEM | size_bits(bytes)), dst, Reg::r0, offset,
         value);
  }
  /// *(bytes *)(dst + offset) += src, in one piece; bytes is 4 or 8.
  void atomic_add(unsigned bytes, Reg dst, std::int16_t offset, Reg src) {
    emit(static_cast<std::uint8_t>(BPF_STX | BPF_ATOMIC | size_bits(bytes)), dst, src, offset,
         BPF_ADD);
  }
  /// If *(u64 *)(dst + offset) is r0, it becomes src; r0 becomes what was there.
  void compare_exchange(Reg dst, std::int16_t offset, Reg src) {
    emit(BPF_STX | BPF_ATOMIC | BPF_DW, dst, src, offset, BPF_CMPXCHG);
  }

  /// *(u64 *)(dst + offset) becomes src, and src what was there.
  void exchange(Reg dst, std::int16_t offset, Reg src) {
    emit(BPF_STX | BPF_ATOMIC | BPF_DW, dst, src, offset, BPF_XCHG);
  }

  void jump(Label to) { branch(BPF_JMP | BPF_JA, Reg::r0, Reg::r0, 0, to); }
  void jump_if(JumpOp op, Reg a, Reg b, Label to) {
    branch(static_cast<std::uint8_t>(BPF_JMP | op | BPF_X), a, b, 0, to);
  }
  void jump_if(JumpOp op, Reg a, std::int32_t b, Label to) {
    branch(static_cast<std::uint8_t>(BPF_JMP | op | BPF_K), a, Reg::r0, b, to);
  }

  void call(std::int32_t helper) { emit(BPF_JMP | BPF_CALL, Reg::r0, Reg::r0, 0, helper); }
  /// Calls a function of the same program.
  void call(Label function);
  void exit() { emit(BPF_JMP | BPF_EXIT, Reg::r0, Reg::r0, 0, 0); }

  std::size_t size() const noexcept { return code_.size(); }
  /// The program, with all jumps resolved. Errors: exhausted, when a jump is too long for BPF.
  Result<std::vector<bpf_insn>> finish();

 private:
  static std::uint8_t size_bits(unsigned bytes);
  void emit(std::uint8_t code, Reg dst, Reg src, std::int16_t offset, std::int32_t value);
  void emit_wide(std::uint8_t pseudo, Reg dst, std::uint32_t low, std::uint32_t high);
  void branch(std::uint8_t code, Reg dst, Reg src, std::int32_t value, Label to);

  struct Fixup {
    std::size_t at;
    Label to;
    bool is_call;
  };
  std::vector<bpf_insn> code_;
  std::vector<std::size_t> places_;  // by label
  std::vector<Fixup> fixups_;
};

}  // namespace swerve
