#include "kernel/assembler.h"

#include <gtest/gtest.h>

namespace swerve {
namespace {

std::vector<bpf_insn> finished(Assembler& a) {
  auto code = a.finish();
  EXPECT_TRUE(code);
  return code ? std::move(code).value() : std::vector<bpf_insn>();
}

TEST(Assembler, AConstantTakesOneInstructionWhereItFits) {
  struct {
    std::uint64_t value;
    std::size_t instructions;
  } const cases[] = {{0, 1},
                     {1, 1},
                     {0x7fffffff, 1},
                     {0x80000000, 2},  // would be extended to a negative number
                     {0xffffffff, 2},
                     {0x100000000, 2},
                     {0xffffffff80000000, 1},
                     {0xffffffff7fffffff, 2},
                     {~std::uint64_t{0}, 1}};
  for (const auto& c : cases) {
    Assembler a;
    a.constant(Reg::r3, c.value);
    const auto code = finished(a);
    ASSERT_EQ(code.size(), c.instructions) << c.value;
    EXPECT_EQ(code[0].dst_reg, 3);
    const auto low = static_cast<std::uint32_t>(code[0].imm);
    if (c.instructions == 1) {
      EXPECT_EQ(static_cast<std::uint64_t>(std::int64_t{code[0].imm}), c.value);
    } else {
      EXPECT_EQ(low | std::uint64_t{static_cast<std::uint32_t>(code[1].imm)} << 32, c.value);
    }
  }
}

TEST(Assembler, JumpsCountInstructionsFromTheNextOne) {
  Assembler a;
  const Label back = a.here(), ahead = a.label();
  a.jump_if(BPF_JEQ, Reg::r1, 7, ahead);        // 0
  a.constant(Reg::r2, std::uint64_t{1} << 40);  // 1, 2
  a.jump_if(BPF_JNE, Reg::r1, Reg::r2, back);   // 3
  a.jump(ahead);                                // 4
  a.place(ahead);
  a.exit();  // 5
  const auto code = finished(a);
  ASSERT_EQ(code.size(), 6U);
  EXPECT_EQ(code[0].off, 4);
  EXPECT_EQ(code[0].imm, 7);
  EXPECT_EQ(code[0].code, BPF_JMP | BPF_JEQ | BPF_K);
  EXPECT_EQ(code[3].off, -4);
  EXPECT_EQ(code[3].src_reg, 2);
  EXPECT_EQ(code[3].code, BPF_JMP | BPF_JNE | BPF_X);
  EXPECT_EQ(code[4].off, 0);
}

TEST(Assembler, ACallOfAFunctionIsRelativeToo) {
  Assembler a;
  const Label function = a.label();
  a.call(BPF_FUNC_ktime_get_ns);  // 0
  a.call(function);               // 1
  a.exit();                       // 2
  a.place(function);
  a.exit();  // 3
  const auto code = finished(a);
  EXPECT_EQ(code[0].src_reg, 0);
  EXPECT_EQ(code[0].imm, BPF_FUNC_ktime_get_ns);
  EXPECT_EQ(code[1].src_reg, BPF_PSEUDO_CALL);
  EXPECT_EQ(code[1].imm, 1);
}

TEST(Assembler, MapsAreNamedByTheirDescriptors) {
  Assembler a;
  a.map(Reg::r1, 5);
  a.map_value(Reg::r2, 6, 4096);
  const auto code = finished(a);
  ASSERT_EQ(code.size(), 4U);
  EXPECT_EQ(code[0].code, BPF_LD | BPF_DW | BPF_IMM);
  EXPECT_EQ(code[0].src_reg, BPF_PSEUDO_MAP_FD);
  EXPECT_EQ(code[0].imm, 5);
  EXPECT_EQ(code[1].imm, 0);
  EXPECT_EQ(code[2].src_reg, BPF_PSEUDO_MAP_VALUE);
  EXPECT_EQ(code[2].imm, 6);
  EXPECT_EQ(code[3].imm, 4096);
}

TEST(Assembler, AccessesSayTheirSize) {
  Assembler a;
  a.load(1, Reg::r0, Reg::r1, 3);
  a.load(2, Reg::r0, Reg::r1, 3);
  a.store(4, Reg::r10, -8, Reg::r1);
  a.store(8, Reg::r10, -16, 9);
  a.atomic_add(8, Reg::r1, 24, Reg::r2);
  a.compare_exchange(Reg::r1, 8, Reg::r2);
  a.exchange(Reg::r1, 16, Reg::r2);
  const auto code = finished(a);
  EXPECT_EQ(code[0].code, BPF_LDX | BPF_MEM | BPF_B);
  EXPECT_EQ(code[0].off, 3);
  EXPECT_EQ(code[1].code, BPF_LDX | BPF_MEM | BPF_H);
  EXPECT_EQ(code[2].code, BPF_STX | BPF_MEM | BPF_W);
  EXPECT_EQ(code[2].off, -8);
  EXPECT_EQ(code[3].code, BPF_ST | BPF_MEM | BPF_DW);
  EXPECT_EQ(code[3].imm, 9);
  EXPECT_EQ(code[4].code, BPF_STX | BPF_ATOMIC | BPF_DW);
  EXPECT_EQ(code[4].imm, BPF_ADD);
  EXPECT_EQ(code[5].imm, BPF_CMPXCHG);
  EXPECT_EQ(code[6].imm, BPF_XCHG);
}

TEST(Assembler, AJumpThatIsTooLongIsAnError) {
  const auto with = [](int between) {
    Assembler a;
    const Label end = a.label();
    a.jump(end);
    for (int i = 0; i < between; ++i) a.mov(Reg::r0, 0);
    a.place(end);
    a.exit();
    return a.finish();
  };
  EXPECT_TRUE(with(32767));
  const auto too_long = with(32768);
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code(), ErrorCode::exhausted);
  EXPECT_EQ(too_long.error().message(),
            "the program is too long: a jump does not reach its target");
}

}  // namespace
}  // namespace swerve
