#include "bind/expr_parser.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "bind/fake_catalog_test.h"

namespace swerve {
namespace {

Signature signature_of(const fake::Catalog& catalog, std::string_view probe) {
  return catalog.signature(parse_probe(probe).value()).value();
}

TypedExpr parse(std::string text, std::string_view probe, Promotion promotion = Promotion::to_int) {
  static const fake::Catalog catalog;
  const Signature signature = signature_of(catalog, probe);
  return parse_expr({std::move(text), {"m.toml", 1, 1}, {}}, catalog, &signature, promotion);
}

std::string diagnostics_text(const Diagnostics& diagnostics) {
  std::string all;
  for (const Diagnostic& d : diagnostics) all += d.to_string() + "\n";
  return all;
}

// --- What C makes of it, the expression makes of it: both sides of each case are the same
// characters.

class AsTheCompiler : public testing::Test {
 protected:
  AsTheCompiler() {
    std::memset(static_cast<void*>(&parent), 0, sizeof parent);
    std::memset(static_cast<void*>(&task), 0, sizeof task);
    parent.pid = 1;
    parent.comm[0] = 'P';
    parent.se.load.weight = 0xfedc'ba98'7654'3210;
    task.parent = &parent;
    task.pid = -17;
    task.prio = 120;
    task.state = 0x8000'0001;
    task.se.vruntime = 0x1234'5678'9abc'def0;
    task.se.load = {77, 0xffff'fffe};
    task.se.nested[0] = -3;
    task.se.nested[1] = 4;
    task.flags.one = 1;
    task.flags.three = 5;
    task.flags.five = -16;
    task.flags.twenty = 0xfffff;
    task.flags.forty = 0xff'ffff'ffff;
    task.flags.minus = -500000;
    task.as_int = -2;
    task.numbers[0] = -1;
    task.numbers[2] = 1L << 40;
    task.nice = -20;
    task.priority = 200;
    task.little = -300;
    task.unsigned_little = 65000;
    task.on_cpu = true;
    task.policy = fake::POLICY_HUGE;
    task.balance = fake::BALANCE_LEFT;
    task.comm[0] = 'a';
    task.comm[1] = '\xe4';
    event.readable = {{&task, sizeof task}, {&parent, sizeof parent}};
  }

  template <typename T>
  static std::uint64_t raw(T value) {
    return static_cast<std::uint64_t>(value);
  }

  // `T` is the expression's type in C++, after promotion; `value` is what the compiler computed.
  template <typename T>
  void same(const char* text, T value) {
    event.arguments = {raw(i), raw(u),  raw(l), raw(ul), raw(c),  raw(uc),
                       raw(s), raw(us), raw(b), raw(e),  raw(be), fake::Event::address(t)};
    event.builtins = {{Expr::Builtin::cpu, cpu},
                      {Expr::Builtin::pid, pid},
                      {Expr::Builtin::tgid, tgid},
                      {Expr::Builtin::now, now},
                      {Expr::Builtin::current, fake::Event::address(current)}};
    const TypedExpr typed = parse(text, "tracepoint:numbers");
    ASSERT_TRUE(typed.expr) << text << "\n" << diagnostics_text(typed.diagnostics);
    const std::uint64_t got = evaluate(*typed.expr, event);
    EXPECT_EQ(got, static_cast<std::uint64_t>(value)) << text << "\n" << to_text(*typed.expr);
    if (typed.expr->bits >= 32) {  // else a lone variable, which C++'s unary + has promoted
      EXPECT_EQ(unsigned{typed.expr->bits}, sizeof(T) * 8) << text << "\n" << to_text(*typed.expr);
      if (typed.expr->bit_size == 0) {
        EXPECT_EQ(typed.expr->is_signed, std::is_signed_v<T>) << text;
      }
    }
    // Its text, read again, is the same.
    const TypedExpr again = parse(to_text(*typed.expr), "tracepoint:numbers");
    ASSERT_TRUE(again.expr) << to_text(*typed.expr) << "\n" << diagnostics_text(again.diagnostics);
    EXPECT_EQ(to_text(*again.expr), to_text(*typed.expr)) << text;
    EXPECT_EQ(evaluate(*again.expr, event), got) << text;
  }

  fake::Task task, parent;
  fake::Event event;
  int i = -5;
  unsigned u = 0xffff'fff0;
  long l = -7'000'000'000;
  unsigned long ul = 0xffff'ffff'ffff'fff0;
  signed char c = -100;
  unsigned char uc = 250;
  short s = -30000;
  unsigned short us = 60000;
  bool b = true;
  fake::Policy e = fake::POLICY_FIFO;
  fake::Balance be = fake::BALANCE_LEFT;
  const fake::Task* t = &task;
  const fake::Task* current = &parent;
  unsigned cpu = 3, pid = 4'000'000'000, tgid = 42;
  unsigned long now = 0x1'0000'0000;
};

// The test compares what C's rules say, and they surprise: so the warnings about them are off here.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wparentheses"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wbool-operation"
#pragma GCC diagnostic ignored "-Wint-in-bool-context"
#pragma GCC diagnostic ignored "-Wpedantic"
// NOLINTBEGIN(modernize-use-nullptr,bugprone-signed-char-misuse)
#define SAME(expression) same(#expression, +(expression))

TEST_F(AsTheCompiler, Literals) {
  SAME(0);
  SAME(2147483647);
  SAME(2147483648);
  SAME(4294967295);
  SAME(9223372036854775807);
  SAME(0x7fffffff);
  SAME(0x80000000);
  SAME(0xffffffff);
  SAME(0x100000000);
  SAME(0x7fffffffffffffff);
  SAME(0x8000000000000000);
  SAME(0XFFffFFffFFffFFff);
  SAME(0777);
  SAME(020000000000);
  SAME(00);
  SAME(0b101);
  SAME(0B11111111111111111111111111111111);
  SAME(1u);
  SAME(1U);
  SAME(4294967296u);
  SAME(1l);
  SAME(1L);
  SAME(1ul);
  SAME(1LU);
  SAME(1ll);
  SAME(18446744073709551615ull);
  SAME('a');
  SAME('\n');
  SAME('\0');
  SAME('\x7f');
  SAME('\xff');
  SAME('\377');
  SAME('\\');
  SAME('\'');
  SAME('"');
  SAME(true);
  SAME(false);
  SAME(-2147483648);
  SAME(-1u);
}

TEST_F(AsTheCompiler, PromotionsAndConversions) {
  SAME(c + uc);
  SAME(s * us);
  SAME(uc << 4);
  SAME(b + b);
  SAME(~uc);
  SAME(~us);
  SAME(~b);
  SAME(-uc);
  SAME(+c);
  SAME(!c);
  SAME(!0);
  SAME(i + u);
  SAME(i < u);
  SAME(u > i);
  SAME(i + l);
  SAME(u + l);
  SAME(u < l);
  SAME(l < ul);
  SAME(l + ul);
  SAME(i == u);
  SAME(c == uc);
  SAME(i + 1u);
  SAME(i + 1l);
  SAME(u + 1ul);
  SAME(-1 < 0u);
  SAME(-1 < 0l);
  SAME(-1l < 0u);
  SAME(-1 < 0ul);
  SAME(u - ul);
  SAME(b ? i : u);
  SAME(b ? c : uc);
  SAME(b ? l : u);
  SAME(0 ? i : ul);
  SAME(e + 0);
  SAME(e - 2 < 0);
  SAME(be < 0);
  SAME(be + u);
  SAME(us - uc);
  SAME(c >> 2);
  SAME(u >> 4);
  SAME(ul >> 60);
  SAME(1 << 4l);
  SAME(1l << 40);
  SAME(1ul << b);
  SAME(us << 16u);
  SAME(u % 7);
  SAME(i % 3);
  SAME(i / 2);
  SAME(i / 2u);
  SAME(l / 3);
  SAME(ul / 3);
  SAME(u * u);
  SAME(ul * 3);
  SAME((u + 1) * 2);
}

TEST_F(AsTheCompiler, Precedence) {
  SAME(1 + 2 * 3);
  SAME((1 + 2) * 3);
  SAME(20 - 5 - 3);
  SAME(100 / 5 / 2);
  SAME(100 / 5 * 2);
  SAME(7 % 4 * 3);
  SAME(1 << 2 + 1);
  SAME(64 >> 2 >> 1);
  SAME(i & 6 == 6);
  SAME((i & 6) == 6);
  SAME(1 < 2 == 1);
  SAME(3 > 2 > 1);
  SAME(i | 1 ^ 3 & 2);
  SAME(u & 0xf0 | uc & 0x0f);
  SAME(0 || 1 && 0);
  SAME(1 || 0 && 0);
  SAME(0 == 1 && 1 | 0);
  SAME(!i == 0);
  SAME(~i + 1);
  SAME(-i * -i);
  SAME(- -i);
  SAME(!!i);
  SAME(i ? u ? 1 : 2 : 3);
  SAME(0 ? 1 : i ? 2 : 3);
  SAME(0 ? 1 : 0 ? 2 : 3);
  SAME(i || u ? l : 0);
  SAME(1 ? 2 : 3 + 4);
  SAME(i < 0 ? -i : i);
  SAME(1 == 2 < 3);
  SAME(5 & 3 << 1);
}

TEST_F(AsTheCompiler, Casts) {
  typedef unsigned char u8;
  typedef unsigned short u16;
  typedef unsigned int u32;
  typedef unsigned long u64;
  typedef signed char s8;
  typedef short s16;
  typedef int s32;
  typedef long s64;
  SAME((u8)i);
  SAME((s8)uc);
  SAME((u16)i);
  SAME((s16)us);
  SAME((u32)i);
  SAME((s32)u);
  SAME((u64)i);
  SAME((s64)u);
  SAME((u64)u);
  SAME((s64)ul);
  SAME((unsigned)l);
  SAME((unsigned int)l);
  SAME((int)l);
  SAME((long)u);
  SAME((long int)u);
  SAME((unsigned long)i);
  SAME((unsigned long int)i);
  SAME((long unsigned)i);
  SAME((long long)i);
  SAME((unsigned long long)i);
  SAME((short)i);
  SAME((unsigned short int)i);
  SAME((char)uc);
  SAME((signed char)uc);
  SAME((unsigned char)c);
  SAME((signed)u);
  SAME((bool)u);
  SAME((bool)0);
  SAME((bool)t);
  SAME((bool)256);
  SAME((u8)256);
  SAME((u8)-1);
  SAME((s8)200 + 1);
  SAME((u8)i + (u8)i);
  SAME((u64)i << 1);
  SAME((int)(u8)(int)c);
  SAME((u8)(s32)(u64)l);
  SAME((s64)(u32)l);
  SAME((int8_t)i);
  SAME((uint64_t)i);
  SAME((size_t)i);
  SAME(-(u8)1);
  SAME((u32)-i / 2);
  SAME((u64)t != 0);
  SAME((u64)t & 7);
  SAME((u32)(u64)t);
}

TEST_F(AsTheCompiler, Members) {
  SAME(t->pid);
  SAME(t->state);
  SAME(t->parent->pid);
  SAME(t->parent->se.load.weight);
  SAME(t->se.vruntime);
  SAME(t->se.load.weight + t->se.load.inverse);
  SAME((t->se).load.inverse);
  SAME(t->se.nested[0]);
  SAME(t->se.nested[1] * 2);
  SAME(t->se.nested[2 - 1]);
  SAME(t->numbers[0]);
  SAME(t->numbers[2]);
  SAME(t->numbers['\2']);
  SAME(t->as_int);
  SAME(t->as_unsigned);
  SAME(t->nice);
  SAME(t->priority);
  SAME(t->little);
  SAME(t->unsigned_little);
  SAME(t->on_cpu);
  SAME(t->on_cpu == true);
  SAME(t->nice < 0);
  SAME(t->comm[0]);
  SAME(t->comm[1]);
  SAME(t->comm[0] == 'a');
  SAME(t->names[1][7]);
  SAME(current->pid);
  SAME((b ? t : current)->pid);
  SAME((b ? current : t)->parent == 0);
  SAME((i ? t->parent : 0)->pid);
  SAME(t->policy);
  SAME(t->balance);
  SAME(t->policy + 1);
}

TEST_F(AsTheCompiler, BitFields) {
  SAME(t->flags.one);
  SAME(t->flags.three);
  SAME(t->flags.five);
  SAME(t->flags.twenty);
  SAME(t->flags.minus);
  SAME(t->flags.three - 6);
  SAME(t->flags.three - 6 < 0);
  SAME(t->flags.five * 2);
  SAME(t->flags.twenty + 1u);
  SAME(~t->flags.one);
  SAME(t->flags.three << 30);
  SAME(t->flags.five < t->flags.one);
  SAME(t->flags.three ? 1 : 2);
  SAME((unsigned char)t->flags.five);
}

// C++ and C differ about fields longer than an int (C lets the compiler choose); ours have the type
// that they are declared with.
TEST_F(AsTheCompiler, LongBitFields) {
  same("t->flags.forty", 0xff'ffff'ffffUL);
  same("t->flags.forty + 1", 0x100'0000'0000UL);
  same("t->flags.forty << 24", 0xffff'ffff'ff00'0000UL);
}

TEST_F(AsTheCompiler, Pointers) {
  SAME(t == t);
  SAME(t != current);
  SAME(t->parent == current);
  SAME(t == 0);
  SAME(0 == t);
  SAME(0 != t->file);
  SAME(t->file == 0);
  SAME(!t);
  SAME(!t->file);
  SAME(t && t->pid);
  SAME(t->file || t);
  SAME(t->file && 1);
  SAME(t ? 1 : 2);
  SAME(t->file ? 1 : 2);
  SAME((b ? t : 0) == t);
  SAME((b ? 0 : t) == 0);
}

TEST_F(AsTheCompiler, Builtins) {
  SAME(cpu);
  SAME(cpu - 4);
  SAME(pid);
  SAME(pid > -1);
  SAME(pid + tgid);
  SAME(now);
  SAME(now - 1);
  SAME(tgid == 42 && cpu != 2);
}
// NOLINTEND(modernize-use-nullptr,bugprone-signed-char-misuse)
#pragma GCC diagnostic pop

// --- Values that are not C's, or that C++ cannot write

struct GoodExpr {
  const char* text;
  const char* probe;
  std::uint64_t value;
  const char* printed;
};

class ExprParser : public testing::TestWithParam<GoodExpr> {};

TEST_P(ExprParser, GivesValueAndText) {
  fake::Task task, parent;
  std::memset(static_cast<void*>(&task), 0, sizeof task);
  std::memset(static_cast<void*>(&parent), 0, sizeof parent);
  char name[] = "a name";
  task.parent = &parent;
  task.pid = 7;
  task.name = name;
  task.user_name = name;
  std::memcpy(task.comm, "bash\0junk", 10);
  std::memcpy(parent.comm, "0123456789abcdef", 16);
  std::memcpy(task.names[1], "second", 7);
  std::memcpy(task.tail, "x", 1);
  parent.parent = reinterpret_cast<fake::Task*>(8);  // not readable
  fake::Event event;
  event.readable = {{&task, sizeof task}, {&parent, sizeof parent}, {name, sizeof name}};
  const std::string probe = GetParam().probe;
  if (probe == "tracepoint:sched_switch") {
    event.arguments = {1, fake::Event::address(&task), fake::Event::address(&parent), 0x2001};
  } else if (probe == "syscall:openat:exit") {
    event.arguments = {static_cast<std::uint64_t>(-100), fake::Event::address(name),
                       O_RDWR | O_CREAT, 0644, static_cast<std::uint64_t>(-ENOENT)};
  } else {
    event.arguments = {0, 0, 0, 0, 8, 55, fake::Event::address(&task), 66, 77};
  }
  event.builtins = {{Expr::Builtin::pid, 99}, {Expr::Builtin::cpu, 2}};

  const TypedExpr typed = parse(GetParam().text, GetParam().probe);
  ASSERT_TRUE(typed.expr) << diagnostics_text(typed.diagnostics);
  EXPECT_EQ(evaluate(*typed.expr, event), GetParam().value);
  EXPECT_EQ(to_text(*typed.expr), GetParam().printed);
  const TypedExpr again = parse(to_text(*typed.expr), GetParam().probe);
  ASSERT_TRUE(again.expr) << diagnostics_text(again.diagnostics);
  EXPECT_EQ(to_text(*again.expr), GetParam().printed);
}

constexpr const char *kSwitch = "tracepoint:sched_switch", *kOpen = "syscall:openat:exit",
                     *kOdd = "fentry:odd";

INSTANTIATE_TEST_SUITE_P(
    Strings, ExprParser,
    testing::Values(
        GoodExpr{"prev->comm == \"bash\"", kSwitch, 1, "(prev->comm == \"bash\")"},
        GoodExpr{"\"bash\" == prev->comm", kSwitch, 1, "(prev->comm == \"bash\")"},
        GoodExpr{"prev->comm != \"bash\"", kSwitch, 0, "(!(prev->comm == \"bash\"))"},
        GoodExpr{"prev->comm == \"bas\"", kSwitch, 0, "(prev->comm == \"bas\")"},
        GoodExpr{"prev->comm == \"bashful\"", kSwitch, 0, "(prev->comm == \"bashful\")"},
        GoodExpr{"prev->comm == \"\"", kSwitch, 0, "(prev->comm == \"\")"},
        GoodExpr{"prev->names[0] == \"\"", kSwitch, 1, "(prev->names[0] == \"\")"},
        GoodExpr{"prev->names[1] == \"second\"", kSwitch, 1, "(prev->names[1] == \"second\")"},
        GoodExpr{"next->comm == \"0123456789abcdef\"", kSwitch, 1,
                 "(next->comm == \"0123456789abcdef\")"},
        GoodExpr{"next->comm == \"0123456789abcde\"", kSwitch, 0,
                 "(next->comm == \"0123456789abcde\")"},
        GoodExpr{"prev->tail == \"x\"", kSwitch, 1, "(prev->tail == \"x\")"},
        GoodExpr{"prev->name == \"a name\"", kSwitch, 1, "(prev->name == \"a name\")"},
        GoodExpr{"prev->name == \"a nam\"", kSwitch, 0, "(prev->name == \"a nam\")"},
        GoodExpr{"prev->user_name != \"a\"", kSwitch, 1, "(!(prev->user_name == \"a\"))"},
        GoodExpr{"filename == \"a name\" && flags & O_CREAT", kOpen, 1,
                 "((filename == \"a name\") && (flags & 64))"},
        GoodExpr{R"(prev->comm == "\"\\\t\x41\101\e")", kSwitch, 0,
                 R"((prev->comm == "\"\\\011AA\033"))"},
        // what cannot be read equals nothing, not even the empty string
        GoodExpr{"next->parent->comm == \"\"", kSwitch, 0, "(next->parent->comm == \"\")"},
        GoodExpr{"next->name != \"\"", kSwitch, 1, "(!(next->name == \"\"))"},
        GoodExpr{"(true ? 0 : prev)->comm == \"\"", kSwitch, 0, "0"}),
    [](const auto& test) { return "_" + std::to_string(test.index); });

INSTANTIATE_TEST_SUITE_P(
    Names, ExprParser,
    testing::Values(
        GoodExpr{"prev_state == TASK_INTERRUPTIBLE", kSwitch, 0, "(prev_state == 1u)"},
        GoodExpr{"prev_state & TASK_FREEZABLE", kSwitch, 0x2000, "(prev_state & 8192u)"},
        GoodExpr{"preempt", kSwitch, 1, "preempt"},
        GoodExpr{"preempt == true", kSwitch, 1, "(((s32)preempt) == 1)"},
        GoodExpr{"arg0", kSwitch, 1, "preempt"}, GoodExpr{"arg1->pid", kSwitch, 7, "prev->pid"},
        GoodExpr{"arg3 != 0", kSwitch, 1, "(prev_state != 0u)"},
        GoodExpr{"prev->policy == POLICY_FIFO", kSwitch, 0, "(prev->policy == 1u)"},
        GoodExpr{"POLICY_HUGE", kSwitch, 0xffff'ffff, "4294967295u"},
        GoodExpr{"BALANCE_LEFT", kSwitch, ~std::uint64_t{0}, "(-1)"},
        GoodExpr{"WIDE_MOST", kSwitch, ~std::uint64_t{0}, "18446744073709551615ul"},
        GoodExpr{"ret == -ENOENT", kOpen, 1, "(ret == (-2l))"},
        GoodExpr{"ret < 0 && dfd == AT_FDCWD", kOpen, 1, "((ret < 0l) && (dfd == (-100)))"},
        GoodExpr{"mode == 0644", kOpen, 1, "(((s32)mode) == 420)"},
        GoodExpr{"CLONE_IO", kSwitch, 0x8000'0000, "2147483648u"},
        // an argument wins over a built-in and over a type
        GoodExpr{"pid", kOdd, 77, "pid"}, GoodExpr{"(u32)", kOdd, 66, "u32"},
        GoodExpr{"(u32) + 1", kOdd, 67, "(u32 + 1u)"}, GoodExpr{"arg5", kOdd, 55, "arg5"},
        GoodExpr{"arg6->pid", kOdd, 7, "arg6->pid"}, GoodExpr{"any == 0", kOdd, 0, "(any == 0)"},
        GoodExpr{"any == arg6", kOdd, 0, "(any == arg6)"},
        GoodExpr{"filename == 0", kOpen, 0, "(filename == 0)"}, GoodExpr{"pid", kSwitch, 99, "pid"},
        GoodExpr{"cpu", kSwitch, 2, "cpu"}),
    [](const auto& test) { return "_" + std::to_string(test.index); });

INSTANTIATE_TEST_SUITE_P(
    EdgeCases, ExprParser,
    testing::Values(
        GoodExpr{"1 / 0", kSwitch, 0, "0"}, GoodExpr{"7 % 0", kSwitch, 7, "7"},
        GoodExpr{"prev->pid / 0", kSwitch, 0, "(prev->pid / 0)"},
        GoodExpr{"prev->pid % 0", kSwitch, 7, "(prev->pid % 0)"},
        GoodExpr{"(-2147483647 - 1) / -1", kSwitch, extend(0x8000'0000, 32, true),
                 "((s32)2147483648ul)"},
        GoodExpr{"(-2147483647 - 1) % -1", kSwitch, 0, "0"},
        GoodExpr{"2147483647 + 1", kSwitch, extend(0x8000'0000, 32, true), "((s32)2147483648ul)"},
        GoodExpr{"-9223372036854775807 - 1", kSwitch, std::uint64_t{1} << 63,
                 "((s64)9223372036854775808ul)"},
        GoodExpr{"1 << 33", kSwitch, 2, "2"},
        GoodExpr{"1 << -1", kSwitch, extend(0x8000'0000, 32, true), "((s32)2147483648ul)"},
        GoodExpr{"1 << 0x100000001", kSwitch, 2, "2"}, GoodExpr{"1l << 65", kSwitch, 2, "2l"},
        GoodExpr{"-8 >> 33", kSwitch, static_cast<std::uint64_t>(-4), "(-4)"},
        GoodExpr{"prev->pid << 64", kSwitch, 7, "(prev->pid << 64)"},
        GoodExpr{"next->parent->pid", kSwitch, 0, "next->parent->pid"},
        GoodExpr{"next->parent->parent->pid == 0", kSwitch, 1, "(next->parent->parent->pid == 0)"},
        GoodExpr{"next->parent->flags.five", kSwitch, 0, "next->parent->flags.five"},
        GoodExpr{"prev->pid && 0", kSwitch, 0, "0"}, GoodExpr{"1 || prev->pid", kSwitch, 1, "1"},
        GoodExpr{"0 ? prev->pid : 9l", kSwitch, 9, "9l"},
        GoodExpr{"(u8)300", kSwitch, 44, "((u8)44)"},
        GoodExpr{"(s8)200", kSwitch, static_cast<std::uint64_t>(-56), "((s8)-56)"},
        GoodExpr{"(true ? prev : 0) == prev", kSwitch, 1, "(prev == prev)"}),
    [](const auto& test) { return "_" + std::to_string(test.index); });

// --- Keys

TEST(KeyExpr, IsPromotedTo64Bits) {
  fake::Event event;
  event.arguments = {0xffff'ffff'0000'0005};
  event.builtins = {{Expr::Builtin::tgid, 0x1234'5678}};
  const std::pair<const char*, std::uint64_t> cases[] = {
      {"tgid << 32 | fd", 0x1234'5678'0000'0005},
      {"fd", 5},
      {"1 << 40", std::uint64_t{1} << 40},
      {"fd - 6", ~std::uint64_t{0}},
      {"~fd", ~std::uint64_t{5}},
      {"(u32)(fd - 6)", 0xffff'ffff},
      {"(u32)fd << 32", std::uint64_t{5} << 32},
      {"fd == 5", 1},
      {"(s8)(fd + 0x80)", static_cast<std::uint64_t>(-123)},
  };
  for (const auto& [text, value] : cases) {
    const TypedExpr typed = parse(text, "syscall:close", Promotion::to_64_bit);
    ASSERT_TRUE(typed.expr) << diagnostics_text(typed.diagnostics);
    EXPECT_EQ(typed.expr->bits, 64) << text;
    EXPECT_EQ(evaluate(*typed.expr, event), value) << text;
  }
  const TypedExpr plain = parse("tgid << 32 | fd", "syscall:close");
  EXPECT_EQ(evaluate(*plain.expr, event), 0x1234'567dU);  // C's own rule: the shift is by 0
}

TEST(KeyExpr, MayBeAPointer) {
  const TypedExpr typed = parse("prev->parent", kSwitch, Promotion::to_64_bit);
  ASSERT_TRUE(typed.expr);
  EXPECT_TRUE(typed.expr->is_pointer);
}

// --- The contract of the tree

void check_contract(const Expr& e) {
  using Op = Expr::Op;
  const bool binary = e.op >= Op::multiply && e.op <= Op::bit_or;
  if (binary) {
    ASSERT_EQ(e.a->bits, e.b->bits) << to_text(e);
    ASSERT_EQ(e.a->is_signed, e.b->is_signed) << to_text(e);
    ASSERT_TRUE(e.a->bits == 32 || e.a->bits == 64) << to_text(e);
    const bool comparison = e.op >= Op::less && e.op <= Op::not_equal;
    if (!comparison) {
      ASSERT_EQ(e.a->bits, e.bits) << to_text(e);
      ASSERT_EQ(e.a->is_signed, e.is_signed) << to_text(e);
    }
  }
  if (e.op == Op::load) {
    ASSERT_TRUE(e.a->is_pointer) << to_text(e);
    ASSERT_EQ(e.offset % e.load_bytes, 0U) << to_text(e);
    ASSERT_LE(e.bit_shift + e.bit_size, e.load_bytes * 8) << to_text(e);
  }
  ASSERT_TRUE(!e.is_pointer || (e.bits == 64 && !e.is_signed));
  for (const ExprPtr& child : {e.a, e.b, e.c}) {
    if (child) check_contract(*child);
  }
}

TEST(ExprContract, HoldsForAMixOfEverything) {
  for (const char* const text :
       {"c + uc * l << us % 3 | b", "t->flags.three + t->flags.five < t->se.nested[1]",
        "(b ? t : current)->parent == t && t->comm == \"x\" || !t->file",
        "(u8)l / (s16)u - ~e ^ -be", "t->flags.forty > 5 ? t->flags.minus : t->flags.twenty"}) {
    for (const Promotion promotion : {Promotion::to_int, Promotion::to_64_bit}) {
      const TypedExpr typed = parse(text, "tracepoint:numbers", promotion);
      ASSERT_TRUE(typed.expr) << diagnostics_text(typed.diagnostics);
      check_contract(*typed.expr);
    }
  }
}

TEST(ExprContract, LoadsOfBitFieldsAreSmallAndAligned) {
  const auto load = [](const char* text) {
    TypedExpr typed = parse(text, kSwitch);
    ExprPtr e = typed.expr;
    while (e->op != Expr::Op::load) e = e->a;
    return e;
  };
  const std::uint32_t flags = offsetof(fake::Task, flags);
  const ExprPtr three = load("prev->flags.three");
  EXPECT_EQ(three->offset, flags);
  EXPECT_EQ(three->load_bytes, 1);
  EXPECT_EQ(three->bit_shift, 1);
  EXPECT_EQ(three->bit_size, 3);
  EXPECT_EQ(three->path, "prev->flags.three");
  const ExprPtr five = load("prev->flags.five");
  EXPECT_EQ(five->load_bytes, 2);
  EXPECT_EQ(five->bit_shift, 4);
  EXPECT_FALSE(five->is_signed);
  const ExprPtr forty = load("prev->flags.forty");
  EXPECT_EQ(forty->offset, flags + 8);
  EXPECT_EQ(forty->load_bytes, 8);
  const ExprPtr minus = load("prev->flags.minus");
  EXPECT_EQ(minus->offset, flags + 12);
  EXPECT_EQ(minus->load_bytes, 4);
  EXPECT_EQ(minus->bit_shift, 8);
}

TEST(ExprContract, UserPointersStayMarked) {
  const TypedExpr typed = parse("filename == \"/etc\"", kOpen);
  ASSERT_TRUE(typed.expr);
  EXPECT_EQ(typed.expr->op, Expr::Op::string_equal);
  EXPECT_TRUE(typed.expr->a->user);
  EXPECT_EQ(typed.expr->text, "/etc");
}

// --- What is refused, whole

struct BadExpr {
  const char* name;
  std::string text;
  const char* probe;
  std::string diagnostics;  // without "m.toml:"
};
// NOLINTNEXTLINE(readability-identifier-naming): the name is GoogleTest's
void PrintTo(const BadExpr& c, std::ostream* os) { *os << c.name; }

class ExprParserRejects : public testing::TestWithParam<BadExpr> {};

TEST_P(ExprParserRejects, WithPlaceAndReason) {
  const TypedExpr typed = parse(GetParam().text, GetParam().probe);
  EXPECT_EQ(typed.expr, nullptr);
  std::string got;
  for (const Diagnostic& d : typed.diagnostics)
    got += d.to_string().substr(std::strlen("m.toml:1:")) + "\n";
  if (!got.empty()) got.pop_back();
  EXPECT_EQ(got, GetParam().diagnostics);
}

const std::string kParens(300, '('), kNots(300, '!');
std::string repeated(std::string_view part, int count) {
  std::string all;
  for (int n = 0; n < count; ++n) all += part;
  return all;
}

#define IN_SWITCH "sched_switch(preempt, prev, next, prev_state)"
INSTANTIATE_TEST_SUITE_P(
    Names, ExprParserRejects,
    testing::Values(
        BadExpr{"Argument", "prv", kSwitch,
                "1: error: no argument 'prv' in " IN_SWITCH "; did you mean 'prev'?"},
        BadExpr{"ArgumentNoHint", "whatever", kSwitch,
                "1: error: no argument 'whatever' in " IN_SWITCH},
        BadExpr{"ArgumentNumber", "arg4 == 0", kSwitch,
                "1: error: no argument 'arg4' in " IN_SWITCH},
        BadExpr{"ArgumentNumberForm", "arg01", kSwitch,
                "1: error: no argument 'arg01' in " IN_SWITCH},
        BadExpr{"Builtin", "cpuu == 1", kSwitch,
                "1: error: no argument 'cpuu' in " IN_SWITCH "; did you mean 'cpu'?"},
        BadExpr{"Constant", "prev_state == TASK_INTERUPTIBLE", kSwitch,
                "15: error: no constant 'TASK_INTERUPTIBLE'; did you mean 'TASK_INTERRUPTIBLE'?"},
        BadExpr{"Member", "prev->pidd == 1", kSwitch,
                "7: error: no member 'pidd' in struct task_struct; did you mean 'pid'?"},
        BadExpr{"MemberInUnion", "prev->as_itn", kSwitch,
                "7: error: no member 'as_itn' in struct task_struct; did you mean 'as_int'?"},
        BadExpr{"MemberNested", "prev->se.load.wieght", kSwitch,
                "15: error: no member 'wieght' in struct weight; did you mean 'weight'?"},
        BadExpr{"MemberOfHidden", "prev->hidden->x", kSwitch,
                "15: error: no member 'x' in struct hidden; its members are not known here"},
        BadExpr{"AllOfThem", "prv->pid == nxt->pid && prev->x || cpuu", kSwitch,
                "1: error: no argument 'prv' in " IN_SWITCH "; did you mean 'prev'?\n"
                "13: error: no argument 'nxt' in " IN_SWITCH "; did you mean 'next'?\n"
                "31: error: no member 'x' in struct task_struct\n"
                "36: error: no argument 'cpuu' in " IN_SWITCH "; did you mean 'cpu'?"},
        BadExpr{"Unnamed", "arg9", kOdd,
                "1: error: no argument 'arg9' in odd(real, huge, whole, nothing, any, arg5, arg6, "
                "u32, pid); "
                "did you mean 'arg5'?"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Types, ExprParserRejects,
    testing::Values(
        BadExpr{"Record", "prev->se", kSwitch,
                "1: error: 'prev->se' is a struct entity, not a value; name one of its members"},
        BadExpr{
            "RecordInOperator", "1 + prev->se.load", kSwitch,
            "5: error: 'prev->se.load' is a struct weight, not a value; name one of its members"},
        BadExpr{"Array", "prev->numbers == 0", kSwitch,
                "1: error: 'prev->numbers' is an array (long[3]), not a value; name one of its "
                "elements"},
        BadExpr{"CharArray", "!prev->comm", kSwitch,
                "2: error: 'prev->comm' is an array (char[16]), not a value; compare it with a "
                "string (== or !=) "
                "or name one of its elements"},
        BadExpr{"ArrowOnRecord", "prev->se->load", kSwitch,
                "9: error: 'prev->se' is a struct entity, not a pointer; use '.'"},
        BadExpr{"DotOnPointer", "prev.pid", kSwitch, "5: error: 'prev' is a pointer; use '->'"},
        BadExpr{"ArrowOnNumber", "prev->pid->x", kSwitch,
                "10: error: 'prev->pid' is an int, which has no members"},
        BadExpr{"DotOnNumber", "prev_state.x", kSwitch,
                "11: error: 'prev_state' is an unsigned int, which has no members"},
        BadExpr{"ArrowOnPlainPointer", "prev->counter->x", kSwitch,
                "14: error: 'prev->counter' is an int *, which has no members"},
        BadExpr{"ArrowOnVoid", "any->x", kOdd, "4: error: 'any' is a void *, which has no members"},
        BadExpr{"MemberOfArray", "prev->names.x", kSwitch,
                "1: error: 'prev->names' is an array (char[2][8]), not a value; name one of its "
                "elements"},
        BadExpr{"UserMember", "prev->user_task->pid", kSwitch,
                "16: error: 'prev->user_task' points into the memory of the user's process, where "
                "a probe cannot "
                "read members; only the pointer itself can be used"},
        BadExpr{"Double", "prev->real > 1", kSwitch,
                "7: error: 'prev->real' is a double, which an expression cannot use"},
        BadExpr{"DoubleArgument", "real", kOdd,
                "1: error: the argument 'real' is a double, which an expression cannot use"},
        BadExpr{"HugeArgument", "huge == 1", kOdd,
                "1: error: the argument 'huge' is a __int128, which an expression cannot use"},
        BadExpr{
            "RecordArgument", "whole.weight", kOdd,
            "1: error: the argument 'whole' is a struct weight, which an expression cannot use"},
        BadExpr{"VoidArgument", "nothing", kOdd,
                "1: error: the argument 'nothing' is a void, which an expression cannot use"},
        BadExpr{"TornField", "prev->flags.torn", kSwitch,
                "13: error: the bit field 'prev->flags.torn' does not lie in one word and cannot "
                "be read"},
        BadExpr{"PointerPlus", "prev + 1", kSwitch,
                "6: error: '+' does not work on a pointer ('prev' is a struct task_struct *); cast "
                "it to u64 to "
                "calculate with it"},
        BadExpr{"PointerMinusPointer", "prev - next", kSwitch,
                "6: error: '-' does not work on a pointer ('prev' is a struct task_struct *); cast "
                "it to u64 to "
                "calculate with it"},
        BadExpr{"PointerComplement", "~prev", kSwitch,
                "1: error: '~' does not work on a pointer ('prev' is a struct task_struct *); cast "
                "it to u64 to "
                "calculate with it"},
        BadExpr{"PointerLess", "prev < next", kSwitch,
                "6: error: pointers are compared by == and != only; cast them to u64 to use '<'"},
        BadExpr{"PointerAndNumber", "prev == 1", kSwitch,
                "6: error: a pointer can be compared with a pointer or 0; '1' is an int; cast the "
                "pointer to u64"},
        BadExpr{"NumberAndPointer", "prev_state != prev", kSwitch,
                "12: error: a pointer can be compared with a pointer or 0; 'prev_state' is an "
                "unsigned int; cast the "
                "pointer to u64"},
        BadExpr{"PointersToOthers", "prev == prev->file", kSwitch,
                "6: error: 'prev' is a struct task_struct * and 'prev->file' a struct file *; they "
                "cannot be "
                "compared"},
        BadExpr{"ConditionalMix", "preempt ? prev : 1", kSwitch,
                "9: error: one side of ':' is a struct task_struct *, the other an int"},
        BadExpr{"ConditionalUser", "preempt ? prev : prev->user_task", kSwitch,
                "9: error: one side of ':' is a struct task_struct *, the other a struct "
                "task_struct *"},
        BadExpr{"Index", "prev->numbers[3]", kSwitch,
                "15: error: the index 3 is outside of 'prev->numbers' (long[3])"},
        BadExpr{"IndexNegative", "prev->numbers[-1]", kSwitch,
                "15: error: the index -1 is outside of 'prev->numbers' (long[3])"},
        BadExpr{"IndexVariable", "prev->numbers[cpu]", kSwitch,
                "15: error: an index must be a constant"},
        BadExpr{"IndexPointer", "prev->counter[0]", kSwitch,
                "1: error: 'prev->counter' is an int *; only arrays can be indexed"},
        BadExpr{"IndexNumber", "prev->pid[0]", kSwitch, "1: error: 'prev->pid' is not an array"},
        BadExpr{"StringAlone", "\"x\"", kSwitch,
                "1: error: a string can only be compared, by == or !=, with a char array or a "
                "pointer to char"},
        BadExpr{"StringInAnd", "1 && \"x\"", kSwitch,
                "6: error: a string can only be compared, by == or !=, with a char array or a "
                "pointer to char"},
        BadExpr{"StringLess", "prev->comm < \"x\"", kSwitch,
                "12: error: a string is compared by == and != only, not by '<'"},
        BadExpr{"StringNumber", "prev->pid == \"x\"", kSwitch,
                "14: error: 'prev->pid' is an int; only a char array or a pointer to char can be "
                "compared with a "
                "string"},
        BadExpr{"StringPointer", "prev == \"x\"", kSwitch,
                "9: error: 'prev' is a struct task_struct *; only a char array or a pointer to "
                "char can be compared "
                "with a string"},
        BadExpr{"StringArray", "prev->numbers == \"x\"", kSwitch,
                "18: error: 'prev->numbers' is an array (long[3]); only a char array can be "
                "compared with a string"},
        BadExpr{"StringRecord", "prev->se == \"x\"", kSwitch,
                "1: error: 'prev->se' is a struct entity, not a value; name one of its members"},
        BadExpr{"StringString", "\"x\" == \"x\"", kSwitch,
                "5: error: two strings; one side must be a char array or a pointer to char"},
        BadExpr{"StringTooLong", "prev->comm == \"0123456789abcdefg\"", kSwitch,
                "15: error: the string has 17 bytes and 'prev->comm' (char[16]) has room for 16; "
                "they are never "
                "equal"},
        BadExpr{"StringVeryLong", "prev->name == \"" + std::string(256, 'x') + "\"", kSwitch,
                "15: error: the string has 256 bytes; at most 255 are compared"},
        BadExpr{"StringNul", "prev->comm == \"a\\0b\"", kSwitch,
                "15: error: a string ends at its first NUL; one with a NUL inside is never equal"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Grammar, ExprParserRejects,
    testing::Values(
        BadExpr{"Empty", "", kSwitch, "1: error: the expression is empty"},
        BadExpr{"Blank", "  ", kSwitch, "1: error: the expression is empty"},
        BadExpr{"NoOperand", "1 +", kSwitch,
                "4: error: expected a value, found the end of the expression"},
        BadExpr{"NoOperandBlanks", "1 +  ", kSwitch,
                "4: error: expected a value, found the end of the expression"},
        BadExpr{"TwoOperands", "1 2", kSwitch, "3: error: expected an operator, found '2'"},
        BadExpr{"Word", "preempt and prev", kSwitch, "9: error: expected an operator, found 'and'"},
        BadExpr{"OpenParenthesis", "(1", kSwitch,
                "3: error: expected ')', found the end of the expression"},
        BadExpr{"CloseParenthesis", "1)", kSwitch, "2: error: expected an operator, found ')'"},
        BadExpr{"EmptyParentheses", "()", kSwitch, "2: error: expected a value, found ')'"},
        BadExpr{"OpenIndex", "prev->numbers[1", kSwitch,
                "16: error: expected ']', found the end of the expression"},
        BadExpr{"NoMember", "prev->", kSwitch,
                "7: error: expected the name of a member, found the end of the expression"},
        BadExpr{"NumberMember", "prev->1", kSwitch,
                "7: error: expected the name of a member, found '1'"},
        BadExpr{"NoColon", "1 ? 2", kSwitch,
                "6: error: expected ':', found the end of the expression"},
        BadExpr{"Assign", "prev_state = 1", kSwitch, "12: error: '=' would assign; '==' compares"},
        BadExpr{"AddAssign", "prev_state += 1", kSwitch,
                "12: error: '+=' would assign; an expression changes nothing"},
        BadExpr{"ShiftAssign", "prev_state <<= 1", kSwitch,
                "12: error: '<<=' would assign; an expression changes nothing"},
        BadExpr{"Increment", "prev_state++", kSwitch,
                "11: error: there is no '++'; an expression changes nothing"},
        BadExpr{"Decrement", "--prev_state", kSwitch,
                "1: error: there is no '--'; an expression changes nothing"},
        BadExpr{"Comma", "1, 2", kSwitch, "2: error: there is no ',' operator"},
        BadExpr{"Call", "strlen(prev->comm)", kSwitch,
                "1: error: 'strlen' is called; there are no functions"},
        BadExpr{"CallOfMember", "prev->file(1)", kSwitch,
                "7: error: 'file' is called; there are no functions"},
        BadExpr{"Sizeof", "sizeof(int)", kSwitch, "1: error: there is no 'sizeof'"},
        BadExpr{"AddressOf", "&prev", kSwitch,
                "1: error: there is no unary '&': nothing has an address here"},
        BadExpr{"Dereference", "*prev", kSwitch,
                "1: error: there is no unary '*'; members are read with '->'"},
        BadExpr{"PointerCast", "(char *)prev", kSwitch,
                "2: error: a cast to a pointer is not possible"},
        BadExpr{
            "RecordCast", "(struct file *)prev", kSwitch,
            "2: error: a cast goes to an integer type, such as (u32), (int) or (unsigned long)"},
        BadExpr{
            "DoubleCast", "(double)1", kSwitch,
            "2: error: a cast goes to an integer type, such as (u32), (int) or (unsigned long)"},
        BadExpr{
            "TypeMix", "(unsigned char int)1", kSwitch,
            "2: error: a cast goes to an integer type, such as (u32), (int) or (unsigned long)"},
        BadExpr{
            "TypeOfThree", "(long long long)1", kSwitch,
            "2: error: a cast goes to an integer type, such as (u32), (int) or (unsigned long)"},
        BadExpr{
            "UnsignedU32", "(unsigned u32)1", kSwitch,
            "2: error: a cast goes to an integer type, such as (u32), (int) or (unsigned long)"},
        BadExpr{"CastOfNothing", "(u8)", kSwitch,
                "5: error: expected a value, found the end of the expression"},
        BadExpr{"CastOfRecord", "(u8)prev->se", kSwitch,
                "5: error: 'prev->se' is a struct entity, not a value; name one of its members"},
        BadExpr{"Character", "prev @ 1", kSwitch, "6: error: unexpected character '@'"},
        BadExpr{"NotAscii", "prev == \xc3\xa9", kSwitch,
                "9: error: unexpected character '\xc3\xa9'"},
        BadExpr{"Control", "1 \x1b 2", kSwitch, "3: error: unexpected character '\\x1b'"},
        BadExpr{"Comment", "1 /* x */", kSwitch,
                "3: error: there are no comments in an expression"},
        BadExpr{"Semicolon", "1;", kSwitch, "2: error: expected an operator, found ';'"},
        BadExpr{"Floating", "1.5 > 1", kSwitch,
                "1: error: '1.5' is not an integer; expressions have no floating point"},
        BadExpr{"FloatingDot", ".5", kSwitch,
                "1: error: '.5' is not an integer; expressions have no floating point"},
        BadExpr{"Exponent", "1e6", kSwitch,
                "1: error: '1e6' is not an integer; expressions have no floating point"},
        BadExpr{"Suffix", "1uu", kSwitch, "1: error: '1uu' is not a number"},
        BadExpr{"SuffixWord", "10ms", kSwitch, "1: error: '10ms' is not a number"},
        BadExpr{"NoHexDigits", "0x", kSwitch, "1: error: '0x' is not a number"},
        BadExpr{"Octal", "089", kSwitch,
                "1: error: '089' starts with 0, so it is octal, where no digit is above 7"},
        BadExpr{"Binary", "0b12", kSwitch, "1: error: '0b12' is binary, where digits are 0 and 1"},
        BadExpr{"TooGreat", "18446744073709551616", kSwitch,
                "1: error: '18446744073709551616' does not fit 64 bits"},
        BadExpr{"TooGreatSigned", "9223372036854775808", kSwitch,
                "1: error: '9223372036854775808' does not fit a signed 64-bit integer; the suffix "
                "u makes it "
                "unsigned"},
        BadExpr{"OpenString", "prev->comm == \"x", kSwitch,
                "15: error: a string without its closing \""},
        BadExpr{"OpenCharacter", "'x", kSwitch, "1: error: a character without its closing '"},
        BadExpr{"EmptyCharacter", "''", kSwitch, "1: error: no character between the quotes"},
        BadExpr{"TwoCharacters", "'ab'", kSwitch,
                "1: error: more than one character between single quotes; a string has \""},
        BadExpr{"Escape", "prev->comm == \"a\\q\"", kSwitch, "17: error: no escape sequence '\\q'"},
        BadExpr{"EscapeHex", "'\\x'", kSwitch, "2: error: '\\x' needs hexadecimal digits"},
        BadExpr{"EscapeGreat", "'\\x100'", kSwitch,
                "2: error: the escape sequence is above 255, the greatest byte"},
        BadExpr{"EscapeOctalGreat", "'\\777'", kSwitch,
                "2: error: the escape sequence is above 255, the greatest byte"},
        BadExpr{"DeepParentheses", kParens, kSwitch,
                "201: error: the expression is nested more than 200 levels deep"},
        BadExpr{"DeepNots", kNots + "1", kSwitch,
                "201: error: the expression is nested more than 200 levels deep"},
        BadExpr{"DeepCasts", repeated("(u8)", 300) + "1", kSwitch,
                "801: error: the expression is nested more than 200 levels deep"},
        BadExpr{"DeepConditions", repeated("1?", 300) + "1", kSwitch,
                "401: error: the expression is nested more than 200 levels deep"},
        BadExpr{"LongSum", repeated("cpu+", 300) + "1", kSwitch,
                "804: error: the expression is nested more than 200 levels deep"},
        BadExpr{"LongPath", "prev" + repeated("->parent", 300) + "->pid", kSwitch,
                "1607: error: the expression is nested more than 200 levels deep"}),
    [](const auto& test) { return test.param.name; });

// --- Unknown probes and places

TEST(ExprParserUnknownProbe, PassesNamesAndReportsTheRest) {
  const fake::Catalog catalog;
  const auto check = [&](const char* text) {
    return diagnostics_text(parse_expr({text, {"m.toml", 3, 9}, {}}, catalog, nullptr).diagnostics);
  };
  EXPECT_EQ(check("prev->pid == 1 && nonsense"), "");
  EXPECT_EQ(check("prev->pid =="),
            "m.toml:3:21: error: expected a value, found the end of the expression\n");
  EXPECT_EQ(check("x && current->pidd"),
            "m.toml:3:23: error: no member 'pidd' in struct task_struct; did you mean 'pid'?\n");
}

TEST(PlaceAt, FollowsTheJumps) {
  const ExprText text{"abcdef", {"f", 3, 10}, {{2, {"f", 3, 13}}, {4, {"f", 5, 1}}}};
  const unsigned columns[] = {10, 11, 13, 14, 1, 2, 3};
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_EQ(place_at(text, i), (Place{"f", i < 4 ? 3U : 5U, columns[i]})) << i;
  }
}

}  // namespace
}  // namespace swerve
