// An expression in the kernel gives what evaluate() gives.
//
// Random expressions are run by the kernel itself, over arguments that we choose: number(),
// jump_if_true() and jump_if_false() must each agree with the host's evaluate(). Then expressions
// that read the kernel's memory, over a tracepoint that we provoke: they must agree with /proc.
// SWERVE_TEST_SEED=N repeats a run.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <set>

#include "base/text.h"
#include "bind/expr_parser.h"
#include "kernel/bpf_object.h"
#include "kernel/catalog.h"
#include "kernel/expr_code.h"

namespace swerve {
namespace {
using Op = Expr::Op;

std::uint64_t base_seed() {
  const char* const set = std::getenv("SWERVE_TEST_SEED");
  return set != nullptr ? std::strtoull(set, nullptr, 0) : std::random_device()();
}

struct IntegerType {
  std::uint8_t bits;
  bool is_signed;
};
constexpr IntegerType kInt{32, true};

// Eight arguments: one of each type.
constexpr std::array<IntegerType, 8> kArguments = {{{8, true},
                                                    {8, false},
                                                    {16, true},
                                                    {16, false},
                                                    {32, true},
                                                    {32, false},
                                                    {64, true},
                                                    {64, false}}};
using Arguments = std::array<std::uint64_t, kArguments.size()>;

// What the binding language's contract (bind/expr.h) allows, and nothing else.
class ExprGenerator {
 public:
  explicit ExprGenerator(std::uint64_t seed) : random_(seed) {}

  ExprPtr any(int depth) { return of_type(any_type(), depth); }

  std::uint64_t raw_value() {
    static constexpr std::uint64_t kEdges[] = {0,
                                               1,
                                               2,
                                               3,
                                               7,
                                               31,
                                               32,
                                               33,
                                               63,
                                               64,
                                               65,
                                               0x7f,
                                               0x80,
                                               0xff,
                                               0x100,
                                               0x7fff,
                                               0x8000,
                                               0xffff,
                                               0x7fffffff,
                                               0x80000000,
                                               0xffffffff,
                                               0x100000000,
                                               0x7fffffffffffffff,
                                               0x8000000000000000};
    const std::uint64_t edge = kEdges[pick(std::size(kEdges))];
    switch (pick(5)) {
      case 0:
        return edge;
      case 1:
        return 0 - edge;
      case 2:
        return edge + pick(5) - 2;
      case 3:
        return pick(20);
      default:
        return random_();
    }
  }

 private:
  std::size_t pick(std::size_t below) { return random_() % below; }
  IntegerType any_type() { return kArguments[pick(kArguments.size())]; }
  IntegerType wide_type() { return kArguments[4 + pick(4)]; }

  static Expr node(Op op, IntegerType type) {
    Expr e;
    e.op = op;
    e.bits = type.bits;
    e.is_signed = type.is_signed;
    return e;
  }
  static ExprPtr done(Expr e) { return std::make_shared<const Expr>(std::move(e)); }

  ExprPtr leaf(IntegerType type) {
    const bool is_u32 = type.bits == 32 && !type.is_signed;
    if (is_u32 && pick(6) == 0) {
      Expr e = node(Op::builtin, type);
      e.builtin = pick(2) == 0 ? Expr::Builtin::pid : Expr::Builtin::tgid;
      return done(e);
    }
    if (pick(3) == 0) {
      Expr e = node(Op::constant, type);
      e.value = extend(raw_value(), type.bits, type.is_signed);
      return done(e);
    }
    Expr e = node(Op::argument, type);
    for (std::size_t i = 0; i < kArguments.size(); ++i) {
      if (kArguments[i].bits == type.bits && kArguments[i].is_signed == type.is_signed) e.value = i;
    }
    e.path = cat("arg", e.value);
    return done(e);
  }

  ExprPtr two(Op op, IntegerType type, IntegerType operands, int depth) {
    Expr e = node(op, type);
    e.a = of_type(operands, depth - 1);
    e.b = of_type(operands, depth - 1);
    return done(e);
  }

  ExprPtr of_type(IntegerType type, int depth) {
    if (depth <= 0 || pick(8) == 0) return leaf(type);
    if (type.bits < 32 || pick(6) == 0) {
      Expr e = node(Op::convert, type);
      e.a = of_type(any_type(), depth - 1);
      return done(e);
    }
    if (pick(6) == 0) {
      Expr e = node(Op::conditional, type);
      e.a = of_type(any_type(), depth - 1);
      e.b = of_type(type, depth - 1);
      e.c = of_type(type, depth - 1);
      return done(e);
    }
    if (type.bits == 32 && type.is_signed && pick(2) == 0) {  // what gives 0 or 1
      static constexpr Op kCompare[] = {Op::less,          Op::less_equal, Op::greater,
                                        Op::greater_equal, Op::equal,      Op::not_equal};
      switch (pick(4)) {
        case 0: {
          Expr e = node(Op::logical_not, kInt);
          e.a = of_type(any_type(), depth - 1);
          return done(e);
        }
        case 1: {
          Expr e = node(pick(2) == 0 ? Op::logical_and : Op::logical_or, kInt);
          e.a = of_type(any_type(), depth - 1);
          e.b = of_type(any_type(), depth - 1);
          return done(e);
        }
        default:
          return two(kCompare[pick(std::size(kCompare))], kInt, wide_type(), depth);
      }
    }
    static constexpr Op kArithmetic[] = {
        Op::multiply,   Op::divide,      Op::remainder,  Op::add,     Op::subtract,
        Op::shift_left, Op::shift_right, Op::bit_and,    Op::bit_xor, Op::bit_or,
        Op::divide,     Op::remainder,   Op::shift_left, Op::negate,  Op::complement};
    const Op op = kArithmetic[pick(std::size(kArithmetic))];
    if (op == Op::negate || op == Op::complement) {
      Expr e = node(op, type);
      e.a = of_type(type, depth - 1);
      return done(e);
    }
    return two(op, type, type, depth);
  }

  std::mt19937_64 random_;
};

class ArgumentOperands final : public Operands {
 public:
  ArgumentOperands(const Arguments& arguments, std::uint64_t pid_tgid)
      : arguments_(arguments), pid_tgid_(pid_tgid) {}
  std::uint64_t argument(std::uint64_t number) const override { return arguments_.at(number); }
  std::uint64_t builtin(Expr::Builtin which) const override {
    return which == Expr::Builtin::pid ? pid_tgid_ & 0xffffffff : pid_tgid_ >> 32;
  }
  std::uint64_t load(const Expr&) const override { return 0; }
  bool bytes(const Expr&, std::size_t, std::string&) const override { return false; }

 private:
  const Arguments& arguments_;
  std::uint64_t pid_tgid_;
};

// The cells that a program answers in.
struct Answer {
  std::uint64_t number, if_true, if_false;
};

// Code that answers what `e` is: as a number, and by both jumps. Leaves r6 to the caller.
void emit_answer(Assembler& a, ExprCode& code, const Signature& signature, const Expr& e,
                 int cells_fd) {
  const auto keep = [&](std::size_t offset) {
    a.map_value(Reg::r2, cells_fd, static_cast<std::uint32_t>(offset));
    a.store(8, Reg::r2, 0, Reg::r0);
  };
  code.begin(signature);
  code.number(e);
  keep(offsetof(Answer, number));
  for (const bool when : {true, false}) {
    const Label target = a.label(), done = a.label();
    code.begin(signature);
    if (when) {
      code.jump_if_true(e, target);
    } else {
      code.jump_if_false(e, target);
    }
    a.mov(Reg::r0, when ? 0 : 1);
    a.jump(done);
    a.place(target);
    a.mov(Reg::r0, when ? 1 : 0);
    a.place(done);
    keep(when ? offsetof(Answer, if_true) : offsetof(Answer, if_false));
  }
}

Signature eight_arguments() {
  Signature s{"test", {}};
  for (std::size_t i = 0; i < kArguments.size(); ++i)
    s.parameters.push_back({cat("arg", i), kVoid});
  return s;
}

// A program that can be run from here, over a context that we give.
struct Runnable {
  UniqueFd fd;
  std::string log;

  explicit Runnable(const std::vector<bpf_insn>& code) {
    fd = load(code, 0);
    if (!fd) {
      log.assign(1U << 20, '\0');
      fd = load(code, 1);
      log.resize(std::strlen(log.c_str()));
    }
  }
  bool run(const Arguments& arguments) const {
    LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = arguments.data(),
                .ctx_size_in = static_cast<std::uint32_t>(sizeof(Arguments)));
    return ::bpf_prog_test_run_opts(fd.get(), &opts) == 0;
  }

 private:
  UniqueFd load(const std::vector<bpf_insn>& code, std::uint32_t level) {
    LIBBPF_OPTS(bpf_prog_load_opts, opts);
    if (level != 0) {
      opts.log_buf = log.data();
      opts.log_size = static_cast<std::uint32_t>(log.size());
      opts.log_level = level;
    }
    return UniqueFd(::bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "swerve_test", "Dual BSD/GPL",
                                    code.data(), code.size(), &opts));
  }
};

std::uint64_t own_pid_tgid(const SharedMemory& cells) {
  Assembler a;
  a.call(BPF_FUNC_get_current_pid_tgid);
  a.map_value(Reg::r1, cells.fd(), 0);
  a.store(8, Reg::r1, 0, Reg::r0);
  a.mov(Reg::r0, 0);
  a.exit();
  const Runnable program(a.finish().value());
  EXPECT_TRUE(program.run({})) << program.log;
  return *cells.at<std::uint64_t>(0);
}

void kernel_equals_evaluate(std::size_t programs, bool careful) {
  auto cells = SharedMemory::create("swerve_test", sizeof(Answer));
  ASSERT_TRUE(cells) << cells.error().message();
  const std::uint64_t pid_tgid = own_pid_tgid(*cells);
  const Signature signature = eight_arguments();
  const std::uint64_t seed = base_seed();
  std::size_t too_big = 0;
  std::set<Op> seen;
  for (std::size_t i = 0; i < programs; ++i) {
    ExprGenerator generator(seed + i);
    const ExprPtr e = generator.any(static_cast<int>(1 + i % 6));
    seen.insert(e->op);
    SCOPED_TRACE(cat("SWERVE_TEST_SEED=", seed + i, ": ", to_text(*e)));
    const Reg context = ExprCode::calls_helper(*e, careful) ? Reg::r6 : Reg::r1;
    Assembler a;
    if (context != Reg::r1) a.mov(context, Reg::r1);
    ExprCode code(a, ArgumentSource{}, context, careful);
    emit_answer(a, code, signature, *e, cells->fd());
    a.mov(Reg::r0, 0);
    a.exit();
    if (!code.problem().empty()) {
      ++too_big;
      continue;
    }
    const Runnable program(a.finish().value());
    ASSERT_TRUE(program.fd) << program.log.substr(
        program.log.size() > 2000 ? program.log.size() - 2000 : 0);
    for (int set = 0; set < 8; ++set) {
      Arguments arguments;
      for (std::uint64_t& value : arguments) value = generator.raw_value();
      *cells->at<Answer>(0) = {0xdead, 0xdead, 0xdead};
      ASSERT_TRUE(program.run(arguments)) << std::strerror(errno);
      const Answer got = *cells->at<Answer>(0);
      const std::uint64_t want = evaluate(*e, ArgumentOperands(arguments, pid_tgid));
      std::string given;
      for (const std::uint64_t value : arguments) given += cat(" ", value);
      ASSERT_EQ(got.number, want) << "arguments" << given;
      ASSERT_EQ(got.if_true, want != 0 ? 1U : 0U) << "arguments" << given;
      ASSERT_EQ(got.if_false, want != 0 ? 1U : 0U) << "arguments" << given;
    }
  }
  EXPECT_LT(too_big, programs / 20);
  EXPECT_GE(seen.size(), 20U);
}

TEST(ExprCodeLive, AnExpressionInTheKernelGivesWhatEvaluateGives) {
  kernel_equals_evaluate(6000, false);
}

TEST(ExprCodeLive, ACarefulExpressionInTheKernelGivesWhatEvaluateGives) {
  kernel_equals_evaluate(1000, true);
}

// Expressions over tracepoint:task_rename(task, comm), which renaming our own thread provokes.
class KernelMemory : public testing::Test {
 protected:
  static constexpr const char* kOldName = "swerve old name";  // fills comm to its last byte

  void SetUp() override {
    auto catalog = KernelCatalog::load();
    ASSERT_TRUE(catalog) << catalog.error().message();
    catalog_ = std::move(catalog).value();
    auto cells = SharedMemory::create("swerve_test", sizeof(Answer));
    ASSERT_TRUE(cells) << cells.error().message();
    cells_ = std::move(cells).value();
    pid_tgid_ = own_pid_tgid(cells_);
    ASSERT_EQ(::prctl(PR_GET_NAME, before_), 0);
  }
  void TearDown() override { ::prctl(PR_SET_NAME, before_); }

  // What `text` is while a thread called `old_name` takes the name `new_name`.
  void ask(const std::string& text, bool careful, const std::string& old_name,
           const std::string& new_name, std::uint64_t& value) {
    SCOPED_TRACE(cat(text, careful ? ", carefully" : ""));
    const Probe probe{Probe::Kind::tracepoint, "", "task_rename"};
    const auto signature = catalog_->signature(probe);
    ASSERT_TRUE(signature) << signature.error().message();
    const TypedExpr typed =
        parse_expr({text, {"test", 1, 1}, {}}, *catalog_, &*signature, Promotion::to_64_bit);
    ASSERT_NE(typed.expr, nullptr)
        << (typed.diagnostics.empty() ? "" : typed.diagnostics[0].message);

    Assembler a;
    const Label out = a.label();
    a.mov(Reg::r6, Reg::r1);
    a.call(BPF_FUNC_get_current_pid_tgid);
    a.constant(Reg::r1, pid_tgid_);
    a.jump_if(BPF_JNE, Reg::r0, Reg::r1, out);
    ExprCode code(a, ArgumentSource{}, Reg::r6, careful);
    emit_answer(a, code, *signature, *typed.expr, cells_.fd());
    a.place(out);
    a.mov(Reg::r0, 0);
    a.exit();
    ASSERT_EQ(code.problem(), "");

    ASSERT_EQ(::prctl(PR_SET_NAME, old_name.c_str()), 0);
    std::string log;
    const auto program = load_program("swerve_test", probe.kind, *catalog_->attach_point(probe),
                                      a.finish().value(), log);
    ASSERT_TRUE(program) << log;
    const auto link = attach_program(*program, probe);
    ASSERT_TRUE(link) << link.error().message();
    *cells_.at<Answer>(0) = {0xdead, 0xdead, 0xdead};
    ASSERT_EQ(::prctl(PR_SET_NAME, new_name.c_str()), 0);
    const Answer got = *cells_.at<Answer>(0);
    ASSERT_EQ(got.if_true, got.number != 0 ? 1U : 0U);
    ASSERT_EQ(got.if_false, got.number != 0 ? 1U : 0U);
    value = got.number;
  }

  void expect(const std::string& text, std::uint64_t want) {
    for (const bool careful : {false, true}) {
      std::uint64_t got = 0;
      ask(text, careful, kOldName, "new", got);
      EXPECT_EQ(got, want) << text << (careful ? ", carefully" : "");
    }
  }

  std::unique_ptr<KernelCatalog> catalog_;
  SharedMemory cells_;
  std::uint64_t pid_tgid_ = 0;
  char before_[16] = {};
};

// A field of /proc/PID/stat, counting from 1 as in proc(5); from 4 on.
std::uint64_t stat_field(const std::string& file, int number) {
  const std::string text = read_file(file).value();
  std::size_t at = text.rfind(')') + 2;
  for (int i = 3; i < number; ++i) at = text.find(' ', at) + 1;
  return std::strtoull(text.c_str() + at, nullptr, 10);
}

TEST_F(KernelMemory, NumbersAreThoseOfProc) {
  const std::uint64_t tid = pid_tgid_ & 0xffffffff, tgid = pid_tgid_ >> 32;
  expect("task->pid", tid);
  expect("current->pid", tid);
  expect("current->tgid", tgid);
  expect("pid", tid);
  expect("tgid", tgid);
  expect("current->tgid == tgid && task->pid == pid", 1);
  expect("task->parent->tgid == current->real_parent->tgid", 1);
  expect("task->group_leader->pid", tgid);
  expect("task->prio - 100 - 20", stat_field("/proc/thread-self/stat", 19));
  expect("task->static_prio - 120", stat_field("/proc/thread-self/stat", 19));
  expect("task->signal->nr_threads", stat_field("/proc/thread-self/stat", 20));
  expect("task->cred->uid.val", ::getuid());
  if (static_cast<std::uint64_t>(::getpid()) ==
      tgid) {  // else /proc speaks of another pid namespace
    expect("task->real_parent->tgid", static_cast<std::uint64_t>(::getppid()));
  }
}

TEST_F(KernelMemory, PointersAreNumbersAndComparable) {
  expect("task == current", 1);
  expect("task != current", 0);
  expect("task == 0", 0);
  expect("task != 0", 1);
  expect("!task", 0);
  expect("task && 1", 1);
  expect("task->group_leader == current->group_leader", 1);
  expect("task->mm == 0", 0);
  expect("task->mm != 0", 1);
  expect("task->mm == current->mm", 1);
  expect("(u64)task == (u64)current", 1);
  expect("((u64)task >> 63) == 1", 1);
  expect("(u64)task->mm == (u64)current->active_mm", 1);
  expect("task->pi_blocked_on == 0", 1);
  expect("!task->pi_blocked_on", 1);
  expect("(u64)task->pi_blocked_on", 0);
}

// The members of a thread that is doing nothing special are null.
TEST_F(KernelMemory, WhatIsReadThroughANullPointerIsZero) {
  expect("task->pi_blocked_on->lock", 0);
  expect("task->pi_blocked_on->task->pid", 0);
  expect("task->pi_blocked_on->task->parent->pid", 0);
  expect("task->pi_blocked_on->task->pid == 0 && task->pid != 0", 1);
  expect("task->pi_blocked_on->task->comm == \"\"", 0);
  expect("task->pi_blocked_on->task == 0", 1);
  expect("task->pi_blocked_on->task->pid + 7", 7);
}

TEST_F(KernelMemory, BitFieldsAreTakenFromTheirBytes) {
  expect("task->signal->is_child_subreaper", 0);
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  expect("task->signal->is_child_subreaper", 1);
  expect("task->signal->is_child_subreaper == 1", 1);
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
  expect("task->signal->is_child_subreaper", 0);
}

TEST_F(KernelMemory, StringsAreEqualToTheLastByteOnly) {
  expect("task->comm == \"swerve old name\"", 1);
  expect("task->comm != \"swerve old name\"", 0);
  expect("task->comm == \"swerve old nam\"", 0);
  expect("task->comm == \"swerve old namf\"", 0);
  expect("task->comm == \"Swerve old name\"", 0);
  expect("task->comm == \"\"", 0);
  expect("\"swerve old name\" == current->comm", 1);
  expect("comm == \"new\"", 1);
  expect("comm == \"ne\"", 0);
  expect("comm == \"news\"", 0);
  expect("comm == \"\"", 0);
  expect("comm == \"new\" ? 3 : 4", 3);
}

}  // namespace
}  // namespace swerve
