#include "kernel/assembler.h"

#include <limits>

#include "swerve/base/check.h"

namespace swerve {

namespace {
constexpr std::size_t kUnplaced = std::numeric_limits<std::size_t>::max();
}

Label Assembler::label() {
  places_.push_back(kUnplaced);
  return Label(static_cast<std::uint32_t>(places_.size() - 1));
}

void Assembler::place(Label label) { places_[static_cast<std::size_t>(label)] = code_.size(); }

void Assembler::constant(Reg dst, std::uint64_t value) {
  const auto small = static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
  if (static_cast<std::uint64_t>(static_cast<std::int64_t>(small)) == value) {
    mov(dst, small);
  } else {
    emit_wide(0, dst, static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32));
  }
}

void Assembler::map_value(Reg dst, int map_fd, std::uint32_t offset) {
  emit_wide(BPF_PSEUDO_MAP_VALUE, dst, static_cast<std::uint32_t>(map_fd), offset);
}

void Assembler::map(Reg dst, int map_fd) {
  emit_wide(BPF_PSEUDO_MAP_FD, dst, static_cast<std::uint32_t>(map_fd), 0);
}

void Assembler::call(Label function) {
  fixups_.push_back({code_.size(), function, true});
  code_.push_back({});
  code_.back().code = BPF_JMP | BPF_CALL;
  code_.back().src_reg = BPF_PSEUDO_CALL;
}

std::uint8_t Assembler::size_bits(unsigned bytes) {
  switch (bytes) {
    case 1:
      return BPF_B;
    case 2:
      return BPF_H;
    case 4:
      return BPF_W;
    case 8:
      return BPF_DW;
    default:
      SWERVE_CHECK(false, "a BPF access of a size that does not exist");
  }
}

void Assembler::emit(std::uint8_t code, Reg dst, Reg src, std::int16_t offset, std::int32_t value) {
  bpf_insn insn{};
  insn.code = code;
  insn.dst_reg = static_cast<std::uint8_t>(dst) & 0xfU;
  insn.src_reg = static_cast<std::uint8_t>(src) & 0xfU;
  insn.off = offset;
  insn.imm = value;
  code_.push_back(insn);
}

void Assembler::emit_wide(std::uint8_t pseudo, Reg dst, std::uint32_t low, std::uint32_t high) {
  emit(BPF_LD | BPF_DW | BPF_IMM, dst, Reg::r0, 0, static_cast<std::int32_t>(low));
  code_.back().src_reg = pseudo & 0xfU;
  emit(0, Reg::r0, Reg::r0, 0, static_cast<std::int32_t>(high));
}

void Assembler::branch(std::uint8_t code, Reg dst, Reg src, std::int32_t value, Label to) {
  fixups_.push_back({code_.size(), to, false});
  emit(code, dst, src, 0, value);
}

Result<std::vector<bpf_insn>> Assembler::finish() {
  for (const Fixup& f : fixups_) {
    const std::size_t target = places_[static_cast<std::size_t>(f.to)];
    SWERVE_CHECK(target != kUnplaced, "a jump to a label that was never placed");
    const std::int64_t distance =
        static_cast<std::int64_t>(target) - static_cast<std::int64_t>(f.at) - 1;
    if (f.is_call) {
      code_[f.at].imm = static_cast<std::int32_t>(distance);
    } else if (distance < std::numeric_limits<std::int16_t>::min() ||
               distance > std::numeric_limits<std::int16_t>::max()) {
      return Error(ErrorCode::exhausted,
                   "the program is too long: a jump does not reach its target");
    } else {
      code_[f.at].off = static_cast<std::int16_t>(distance);
    }
  }
  return std::move(code_);
}

}  // namespace swerve
