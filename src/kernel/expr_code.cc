#include "kernel/expr_code.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/text.h"
#include "swerve/base/check.h"

namespace swerve {

namespace {
using Op = Expr::Op;
constexpr std::uint32_t kLongestString = kTextMax + 1;  // bytes that one comparison reads
constexpr int kMostStack =
    320;  // BPF allows 512 in all; the function behind the fast path has its share

bool is_comparison(Op op) {
  switch (op) {
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::equal:
    case Op::not_equal:
      return true;
    default:
      return false;
  }
}

// A direct access reaches 32 KB far.
bool reads_by_helper(const Expr& load, bool careful) {
  return careful || load.offset + load.load_bytes > 0x7fff;
}

// pointer == 0 and pointer != 0 need no number.
bool is_null_test(const Expr& e) {
  return (e.op == Op::equal || e.op == Op::not_equal) && e.a->is_pointer &&
         e.b->op == Op::constant && e.b->value == 0;
}

bool fits_imm(const Expr& e) {
  return e.op == Op::constant && static_cast<std::int64_t>(e.value) ==
                                     static_cast<std::int32_t>(static_cast<std::uint32_t>(e.value));
}
}  // namespace

bool ExprCode::calls_helper(const Expr& e, bool careful) {
  if (e.op == Op::builtin || e.op == Op::string_equal) return true;
  if (e.op == Op::load && reads_by_helper(e, careful)) return true;
  // A pointer as a number has to be read through a helper.
  const auto pointer_as_number = [&](const ExprPtr& p) {
    return p != nullptr && p->is_pointer && p->op != Op::constant;
  };
  if (is_comparison(e.op) && !is_null_test(e) &&
      (pointer_as_number(e.a) || pointer_as_number(e.b))) {
    return true;
  }
  if ((e.op == Op::convert || e.op == Op::conditional) &&
      (pointer_as_number(e.a) || pointer_as_number(e.b) || pointer_as_number(e.c))) {
    return true;
  }
  for (const ExprPtr& child : {e.a, e.b, e.c}) {
    if (child != nullptr && calls_helper(*child, careful)) return true;
  }
  return false;
}

// A value that can be made in any one register without touching another.
bool ExprCode::is_simple(const Expr& e) {
  return e.op == Op::constant || (e.op == Op::argument && !e.is_pointer);
}

std::int16_t ExprCode::block(std::uint32_t bytes) {
  depth_ += static_cast<int>((bytes + 7) / 8 * 8);
  if (depth_ > kMostStack) {
    problem_ = "the expression needs more stack than a BPF program has; make it simpler";
    depth_ = kMostStack;
  }
  return static_cast<std::int16_t>(-depth_);
}

std::int16_t ExprCode::slot() { return block(8); }

void ExprCode::argument_raw(std::uint64_t number, Reg dst) {
  const bool enter = arguments_.kind == Probe::Kind::syscall_enter;
  const bool leave = arguments_.kind == Probe::Kind::syscall_exit;
  if (!enter && !leave) {
    out_.load(8, dst, context_, static_cast<std::int16_t>(8 * number));
  } else if (leave && number + 1 == arguments_.parameter_count) {
    out_.load(8, dst, context_, 8);  // what the call returned
  } else {
    SWERVE_CHECK(number < 6, "a system call with more than six arguments");
    out_.load(8, dst, context_, 0);
    out_.load(8, dst, dst, arguments_.registers[number]);
  }
}

void ExprCode::extend(Reg reg, const Expr& type) {
  if (type.bits >= 64) return;
  if (type.bits == 32 && !type.is_signed) {
    out_.mov32(reg, reg);
  } else if (!type.is_signed) {
    out_.alu(BPF_AND, reg, static_cast<std::int32_t>((1U << type.bits) - 1));
  } else {
    out_.alu(BPF_LSH, reg, 64 - type.bits);
    out_.alu(BPF_ARSH, reg, 64 - type.bits);
  }
}

void ExprCode::bit_field(const Expr& e, Reg reg) {
  const unsigned width = e.bit_size != 0 ? e.bit_size : e.load_bytes * 8U;
  if (width == 64) return;
  if (e.bit_size == 0) {
    extend(reg, e);  // the type's width is the access's
    return;
  }
  out_.alu(BPF_LSH, reg, static_cast<std::int32_t>(64 - e.bit_shift - width));
  out_.alu(e.is_signed ? BPF_ARSH : BPF_RSH, reg, static_cast<std::int32_t>(64 - width));
}

void ExprCode::pointer(const Expr& e, Reg dst) {
  switch (e.op) {
    case Op::argument:
      argument_raw(e.value, dst);
      return;
    case Op::builtin:
      SWERVE_CHECK(e.builtin == Expr::Builtin::current, "a built-in that is no pointer");
      out_.call(BPF_FUNC_get_current_task_btf);
      if (dst != Reg::r0) out_.mov(dst, Reg::r0);
      return;
    case Op::load: {
      if (reads_by_helper(e, careful_)) {
        const std::int16_t at = slot();
        read_memory(*e.a, e.offset, 8, at);
        out_.load(8, dst, Reg::r10, at);
        return;
      }
      pointer(*e.a, dst);
      const Label readable = out_.label(), done = out_.label();
      out_.jump_if(BPF_JNE, dst, 0, readable);
      out_.mov(dst, 0);
      out_.jump(done);
      out_.place(readable);
      out_.load(8, dst, dst, static_cast<std::int16_t>(e.offset));
      out_.place(done);
      return;
    }
    case Op::constant:
      out_.constant(dst, e.value);
      return;
    default:  // a conditional, a converted number
      number(e);
      if (dst != Reg::r0) out_.mov(dst, Reg::r0);
      return;
  }
}

// Copies `bytes` bytes at the pointer `place` + offset to r10 + to; zeroes where they cannot be
// read. r0 is then not 0.
void ExprCode::read_memory(const Expr& place, std::uint32_t offset, std::uint32_t bytes,
                           std::int16_t to) {
  pointer(place, Reg::r3);
  const Label readable = out_.label(), done = out_.label();
  out_.jump_if(BPF_JNE, Reg::r3, 0, readable);
  for (std::uint32_t i = 0; i < bytes; i += 8) {
    out_.store(8, Reg::r10, static_cast<std::int16_t>(to + static_cast<std::int16_t>(i)), 0);
  }
  out_.mov(Reg::r0, -1);
  out_.jump(done);
  out_.place(readable);
  if (offset != 0) out_.alu(BPF_ADD, Reg::r3, static_cast<std::int32_t>(offset));
  out_.mov(Reg::r1, Reg::r10);
  out_.alu(BPF_ADD, Reg::r1, to);
  out_.mov(Reg::r2, static_cast<std::int32_t>(bytes));
  out_.call(BPF_FUNC_probe_read_kernel);
  out_.place(done);
}

void ExprCode::load(const Expr& e) {
  if (reads_by_helper(e, careful_)) {
    const int before = depth_;
    const std::int16_t at = slot();
    out_.store(8, Reg::r10, at, 0);
    read_memory(*e.a, e.offset, e.load_bytes, at);
    out_.load(e.load_bytes, Reg::r0, Reg::r10, at);
    depth_ = before;
    bit_field(e, Reg::r0);
    return;
  }
  pointer(*e.a, Reg::r0);
  const Label readable = out_.label(), done = out_.label();
  out_.jump_if(BPF_JNE, Reg::r0, 0, readable);
  out_.mov(Reg::r0, 0);
  out_.jump(done);
  out_.place(readable);
  out_.load(e.load_bytes, Reg::r0, Reg::r0, static_cast<std::int16_t>(e.offset));
  bit_field(e, Reg::r0);
  out_.place(done);
}

void ExprCode::number(const Expr& e) {
  switch (e.op) {
    case Op::constant:
      out_.constant(Reg::r0, e.value);
      return;
    case Op::argument:
      if (!e.is_pointer || arguments_.kind == Probe::Kind::syscall_enter ||
          arguments_.kind == Probe::Kind::syscall_exit) {
        argument_raw(e.value, Reg::r0);
        extend(Reg::r0, e);
        return;
      }
      {
        // The verifier will not compute with its typed pointers; the context itself holds the same
        // eight bytes as plain memory.
        const int before = depth_;
        const std::int16_t at = slot();
        out_.mov(Reg::r1, Reg::r10);
        out_.alu(BPF_ADD, Reg::r1, at);
        out_.mov(Reg::r2, 8);
        out_.mov(Reg::r3, context_);
        out_.alu(BPF_ADD, Reg::r3, static_cast<std::int32_t>(8 * e.value));
        out_.call(BPF_FUNC_probe_read_kernel);
        out_.load(8, Reg::r0, Reg::r10, at);
        depth_ = before;
      }
      return;
    case Op::builtin:
      switch (e.builtin) {
        case Expr::Builtin::cpu:
          out_.call(BPF_FUNC_get_smp_processor_id);
          break;
        case Expr::Builtin::current:
          out_.call(BPF_FUNC_get_current_task);
          break;
        case Expr::Builtin::pid:
          out_.call(BPF_FUNC_get_current_pid_tgid);
          break;
        case Expr::Builtin::tgid:
          out_.call(BPF_FUNC_get_current_pid_tgid);
          out_.alu(BPF_RSH, Reg::r0, 32);
          break;
        case Expr::Builtin::now:
          out_.call(BPF_FUNC_ktime_get_ns);
          break;
      }
      extend(Reg::r0, e);
      return;
    case Op::load:
      if (e.is_pointer) {
        const int before = depth_;
        const std::int16_t at = slot();
        read_memory(*e.a, e.offset, 8, at);
        out_.load(8, Reg::r0, Reg::r10, at);
        depth_ = before;
      } else {
        load(e);
      }
      return;
    case Op::string_equal:
      string_equal(e);
      return;
    case Op::member_bytes:
      SWERVE_CHECK(false, "a char array outside of a comparison");
    case Op::negate:
      number(*e.a);
      out_.negate(Reg::r0);
      extend(Reg::r0, e);
      return;
    case Op::complement:
      number(*e.a);
      out_.alu(BPF_XOR, Reg::r0, -1);
      extend(Reg::r0, e);
      return;
    case Op::convert:
      number(*e.a);
      if (convert_changes(e)) extend(Reg::r0, e);
      return;
    case Op::conditional: {
      const Label otherwise = out_.label(), done = out_.label();
      jump_if_false(*e.a, otherwise);
      number(*e.b);
      out_.jump(done);
      out_.place(otherwise);
      number(*e.c);
      out_.place(done);
      return;
    }
    case Op::logical_not:
    case Op::logical_and:
    case Op::logical_or:
      truth(e);
      return;
    default:
      if (is_comparison(e.op)) {
        truth(e);
      } else {
        binary(e);
      }
      return;
  }
}

void ExprCode::truth(const Expr& e) {
  const Label yes = out_.label(), done = out_.label();
  jump_if_true(e, yes);
  out_.mov(Reg::r0, 0);
  out_.jump(done);
  out_.place(yes);
  out_.mov(Reg::r0, 1);
  out_.place(done);
}

void ExprCode::operands(const Expr& e) {
  number(*e.a);
  if (is_simple(*e.b)) {
    if (e.b->op == Op::constant) {
      out_.constant(Reg::r2, e.b->value);
    } else {
      argument_raw(e.b->value, Reg::r2);
      extend(Reg::r2, *e.b);
    }
    return;
  }
  const int before = depth_;
  const std::int16_t at = slot();
  out_.store(8, Reg::r10, at, Reg::r0);
  number(*e.b);
  out_.mov(Reg::r2, Reg::r0);
  out_.load(8, Reg::r0, Reg::r10, at);
  depth_ = before;
}

void ExprCode::binary(const Expr& e) {
  const bool is_shift = e.op == Op::shift_left || e.op == Op::shift_right;
  if (e.op == Op::divide || e.op == Op::remainder) {
    divide(e);
    return;
  }
  operands(e);
  if (is_shift) out_.alu(BPF_AND, Reg::r2, e.bits - 1);
  switch (e.op) {
    case Op::multiply:
      out_.alu(BPF_MUL, Reg::r0, Reg::r2);
      break;
    case Op::add:
      out_.alu(BPF_ADD, Reg::r0, Reg::r2);
      break;
    case Op::subtract:
      out_.alu(BPF_SUB, Reg::r0, Reg::r2);
      break;
    case Op::shift_left:
      out_.alu(BPF_LSH, Reg::r0, Reg::r2);
      break;
    case Op::shift_right:
      out_.alu(e.is_signed ? BPF_ARSH : BPF_RSH, Reg::r0, Reg::r2);
      break;
    case Op::bit_and:
      out_.alu(BPF_AND, Reg::r0, Reg::r2);
      break;
    case Op::bit_xor:
      out_.alu(BPF_XOR, Reg::r0, Reg::r2);
      break;
    case Op::bit_or:
      out_.alu(BPF_OR, Reg::r0, Reg::r2);
      break;
    default:
      SWERVE_CHECK(false, "an operator that the compiler does not know");
  }
  extend(Reg::r0, e);
}

// BPF divides unsigned numbers alone; x / 0 is 0 there, and x % 0 is x, as the language has it.
void ExprCode::divide(const Expr& e) {
  const AluOp op = e.op == Op::divide ? BPF_DIV : BPF_MOD;
  operands(e);
  if (!e.is_signed) {
    out_.alu(op, Reg::r0, Reg::r2);
    return;
  }
  // r4: whether the result is to be negated. A quotient's sign is the product of both, a
  // remainder's that of the dividend.
  const Label a_positive = out_.label(), b_positive = out_.label(), done = out_.label();
  out_.mov(Reg::r4, 0);
  out_.jump_if(BPF_JSGE, Reg::r0, 0, a_positive);
  out_.negate(Reg::r0);
  out_.mov(Reg::r4, 1);
  out_.place(a_positive);
  out_.jump_if(BPF_JSGE, Reg::r2, 0, b_positive);
  out_.negate(Reg::r2);
  if (e.op == Op::divide) out_.alu(BPF_XOR, Reg::r4, 1);
  out_.place(b_positive);
  out_.alu(op, Reg::r0, Reg::r2);
  out_.jump_if(BPF_JEQ, Reg::r4, 0, done);
  out_.negate(Reg::r0);
  out_.place(done);
  extend(Reg::r0, e);
}

void ExprCode::string_equal(const Expr& e) {
  const std::string& text = e.text;
  const int before = depth_;
  const Label differs = out_.label(), done = out_.label();
  const Expr& place = *e.a;
  std::uint32_t compared = static_cast<std::uint32_t>(text.size()) + 1;  // with the NUL...
  if (place.op == Op::member_bytes && compared > place.count)
    compared = place.count;  // ...if there is room
  if (compared > kLongestString) {
    problem_ = cat("the kernel path compares strings of up to ", kLongestString - 1,
                   " bytes; this one has ", text.size());
    compared = kLongestString;
  }
  const std::uint32_t room = (compared + 1 + 7) / 8 * 8;
  const std::int16_t at = block(room);
  const auto offset_of = [&](std::uint32_t i) {
    return static_cast<std::int16_t>(at + static_cast<std::int16_t>(i));
  };
  for (std::uint32_t i = 0; i < room; i += 8) out_.store(8, Reg::r10, offset_of(i), 0);
  if (place.op == Op::member_bytes) {
    read_memory(*place.a, place.offset, compared, at);
    out_.jump_if(BPF_JNE, Reg::r0, 0, differs);
  } else {
    pointer(place, Reg::r3);
    const Label readable = out_.label();
    out_.jump_if(BPF_JNE, Reg::r3, 0, readable);
    out_.jump(differs);
    out_.place(readable);
    out_.mov(Reg::r1, Reg::r10);
    out_.alu(BPF_ADD, Reg::r1, at);
    out_.mov(Reg::r2,
             static_cast<std::int32_t>(compared + 1));  // one more, to see that it is longer
    out_.call(place.user ? BPF_FUNC_probe_read_user_str : BPF_FUNC_probe_read_kernel_str);
    out_.jump_if(BPF_JNE, Reg::r0, static_cast<std::int32_t>(compared), differs);
  }
  std::vector<char> want(room, 0);
  std::memcpy(want.data(), text.data(), std::min<std::size_t>(text.size(), compared));
  for (std::uint32_t i = 0; i < compared; i += 8) {
    std::uint64_t chunk = 0;
    std::memcpy(&chunk, want.data() + i, 8);
    out_.load(8, Reg::r0, Reg::r10, offset_of(i));
    out_.constant(Reg::r2, chunk);
    out_.jump_if(BPF_JNE, Reg::r0, Reg::r2, differs);
  }
  out_.mov(Reg::r0, 1);
  out_.jump(done);
  out_.place(differs);
  out_.mov(Reg::r0, 0);
  out_.place(done);
  depth_ = before;
}

void ExprCode::compare_jump(const Expr& e, Label target, bool when) {
  JumpOp op = 0, inverse = 0;
  const bool is_signed = e.a->is_signed && !e.a->is_pointer;
  switch (e.op) {
    case Op::equal:
      op = BPF_JEQ, inverse = BPF_JNE;
      break;
    case Op::not_equal:
      op = BPF_JNE, inverse = BPF_JEQ;
      break;
    case Op::less:
      op = is_signed ? BPF_JSLT : BPF_JLT, inverse = is_signed ? BPF_JSGE : BPF_JGE;
      break;
    case Op::less_equal:
      op = is_signed ? BPF_JSLE : BPF_JLE, inverse = is_signed ? BPF_JSGT : BPF_JGT;
      break;
    case Op::greater:
      op = is_signed ? BPF_JSGT : BPF_JGT, inverse = is_signed ? BPF_JSLE : BPF_JLE;
      break;
    default:
      op = is_signed ? BPF_JSGE : BPF_JGE, inverse = is_signed ? BPF_JSLT : BPF_JLT;
      break;
  }
  if (fits_imm(*e.b)) {
    if (is_null_test(e)) {
      pointer(*e.a, Reg::r0);
    } else {
      number(*e.a);
    }
    out_.jump_if(when ? op : inverse, Reg::r0, static_cast<std::int32_t>(e.b->value), target);
    return;
  }
  operands(e);
  out_.jump_if(when ? op : inverse, Reg::r0, Reg::r2, target);
}

void ExprCode::jump_if_false(const Expr& e, Label target) {
  if (is_comparison(e.op)) {
    compare_jump(e, target, false);
  } else if (e.op == Op::logical_not) {
    jump_if_true(*e.a, target);
  } else if (e.op == Op::logical_and) {
    jump_if_false(*e.a, target);
    jump_if_false(*e.b, target);
  } else if (e.op == Op::logical_or) {
    const Label yes = out_.label();
    jump_if_true(*e.a, yes);
    jump_if_false(*e.b, target);
    out_.place(yes);
  } else {
    if (e.is_pointer) {
      pointer(e, Reg::r0);
    } else {
      number(e);
    }
    out_.jump_if(BPF_JEQ, Reg::r0, 0, target);
  }
}

void ExprCode::jump_if_true(const Expr& e, Label target) {
  if (is_comparison(e.op)) {
    compare_jump(e, target, true);
  } else if (e.op == Op::logical_not) {
    jump_if_false(*e.a, target);
  } else if (e.op == Op::logical_and) {
    const Label no = out_.label();
    jump_if_false(*e.a, no);
    jump_if_true(*e.b, target);
    out_.place(no);
  } else if (e.op == Op::logical_or) {
    jump_if_true(*e.a, target);
    jump_if_true(*e.b, target);
  } else {
    if (e.is_pointer) {
      pointer(e, Reg::r0);
    } else {
      number(e);
    }
    out_.jump_if(BPF_JNE, Reg::r0, 0, target);
  }
}

}  // namespace swerve
