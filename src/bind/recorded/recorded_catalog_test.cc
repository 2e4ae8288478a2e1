#include "bind/recorded/recorded_catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bind/expr_parser.h"
#include "bind/fake_catalog_test.h"
#include "bind/recorded/definitions_test.h"
#include "bind/recorded/fake_recording_test.h"

namespace swerve {
namespace {

using fake::bound;
using fake::errors_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Probe probe(const char* text) { return parse_probe(text).value(); }

/// How an expression is typed: "s32", "u64", "pointer", or what is wrong with it.
std::string type_of(const char* expr, const char* of, const ProbeCatalog& catalog) {
  const Result<Signature> signature = catalog.signature(probe(of));
  if (!signature) return signature.error().message();
  const TypedExpr typed = parse_expr({expr, {"x", 1, 1}, {}}, catalog, &*signature);
  if (typed.expr == nullptr) return typed.diagnostics.at(0).message;
  if (typed.expr->is_pointer) return typed.expr->user ? "user pointer" : "pointer";
  return cat(typed.expr->is_signed ? "s" : "u", unsigned{typed.expr->bits});
}

TEST(RecordedCatalog, NeedsNoKernelForTheMonitorsThatAreShipped) {
  const RecordedCatalog catalog(nullptr, {});
  EXPECT_THAT(errors_of(Scope::task, fake::kWwnr, fake::kWwnrBindings, catalog), IsEmpty());
  EXPECT_THAT(errors_of(Scope::task, fake::kRwfs, fake::kRwfsBindings, catalog), IsEmpty());
  EXPECT_THAT(
      errors_of(Scope::cpu,
                {{"preemptive", "preempt_disable", "non_preemptive"},
                 {"non_preemptive", "preempt_enable", "preemptive"},
                 {"non_preemptive", "sched_waking", "non_preemptive"}},
                {{.probe = "tracepoint:preempt_disable", .event = "preempt_disable"},
                 {.probe = "tracepoint:preempt_enable", .event = "preempt_enable", .start = "true"},
                 {.probe = "tracepoint:sched_waking", .event = "sched_waking"}},
                catalog),
      IsEmpty());
}

TEST(RecordedCatalog, TypesCommonEventsAsTheKernelDoes) {
  const RecordedCatalog catalog(nullptr, {});
  const char* const sched_switch = "tracepoint:sched_switch";
  EXPECT_EQ(type_of("prev_state", sched_switch, catalog), "u32");
  EXPECT_EQ(type_of("preempt", sched_switch, catalog), "u8");
  EXPECT_EQ(type_of("prev", sched_switch, catalog), "pointer");
  EXPECT_EQ(type_of("prev->pid", sched_switch, catalog), "s32");
  EXPECT_EQ(type_of("next->prio", sched_switch, catalog), "s32");
  EXPECT_EQ(type_of("arg3", sched_switch, catalog), "u32");
  EXPECT_EQ(type_of("prev->comm == \"bash\"", sched_switch, catalog), "s32");
  EXPECT_EQ(type_of("current->tgid == tgid", sched_switch, catalog), "s32");
  EXPECT_EQ(type_of("clone_flags", "tracepoint:task_newtask", catalog), "u64");
  EXPECT_EQ(type_of("prev->pdi", sched_switch, catalog),
            "no member 'pdi' in struct task_struct; did you mean 'pid'?");
  EXPECT_EQ(
      type_of("prev_sate", sched_switch, catalog),
      "no argument 'prev_sate' in sched_switch(preempt, prev, next, prev_state); did you mean "
      "'prev_state'?");
  EXPECT_EQ(type_of("dfd", "syscall:openat", catalog), "s32");
  EXPECT_EQ(type_of("filename", "syscall:openat", catalog), "user pointer");
  EXPECT_EQ(type_of("filename == \"x\"", "syscall:openat", catalog), "s32");
  EXPECT_EQ(type_of("mode", "syscall:openat", catalog), "u16");
  EXPECT_EQ(type_of("count", "syscall:write", catalog), "u64");
  EXPECT_EQ(type_of("fd", "syscall:write", catalog), "u32");
  EXPECT_EQ(type_of("offset", "syscall:lseek", catalog), "s64");
  EXPECT_EQ(type_of("ret", "syscall:openat:exit", catalog), "s64");
  EXPECT_THAT(type_of("ret", "syscall:openat", catalog), HasSubstr("no argument 'ret'"));
}

TEST(RecordedCatalog, KnowsEventsOfTheRecordingByTheirFields) {
  const std::vector<RecordedKind> kinds{
      {"mine",
       "my_event",
       {fake::number("s8", 1, true), fake::number("u8", 1, false), fake::number("s16", 2, true),
        fake::number("u16", 2, false), fake::number("s32", 4, true), fake::number("u32", 4, false),
        fake::number("s64", 8, true), fake::number("u64", 8, false), fake::text("name"),
        fake::word("word"), fake::other("array")}},
      {"mine", "my_event", {fake::number("s8", 1, true), fake::number("more", 4, false)}}};
  const RecordedCatalog catalog(nullptr, kinds);
  EXPECT_EQ(catalog.signature(probe("tracepoint:my_event")).value().text(),
            "my_event(s8, u8, s16, u16, s32, u32, s64, u64, name, word, more)");
  for (const char* const field : {"s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64"}) {
    EXPECT_EQ(type_of(field, "tracepoint:my_event", catalog), field);
  }
  EXPECT_EQ(type_of("more", "tracepoint:my_event", catalog), "u32");
  // A word is what the definition takes it for.
  EXPECT_EQ(type_of("word", "tracepoint:my_event", catalog), "s64");
  EXPECT_EQ(type_of("word + 1", "tracepoint:my_event", catalog), "s64");
  EXPECT_EQ(type_of("word == \"x\"", "tracepoint:my_event", catalog), "s32");
  EXPECT_EQ(type_of("\"x\" != word && word > 3", "tracepoint:my_event", catalog), "s32");
  EXPECT_EQ(type_of("word < \"x\"", "tracepoint:my_event", catalog),
            "a string is compared by == and != only, not by '<'");
  EXPECT_EQ(
      type_of("word + 1 == \"x\"", "tracepoint:my_event", catalog),
      "'(word + 1l)' is a long; only a char array or a pointer to char can be compared with a "
      "string");
  EXPECT_EQ(type_of("s8 == \"x\"", "tracepoint:my_event", catalog),
            "'s8' is a char; only a char array or a pointer to char can be compared with a string");
  EXPECT_THAT(type_of("name + 1", "tracepoint:my_event", catalog), HasSubstr("'name' is a char *"));
  EXPECT_EQ(type_of("name == \"x\"", "tracepoint:my_event", catalog), "s32");
  EXPECT_EQ(type_of("s16 + 1", "tracepoint:mine:my_event", catalog), "s32");
  EXPECT_EQ(type_of("s8", "tracepoint:other:my_event", catalog),
            "no event 'tracepoint:other:my_event' in the recording; did you mean 'my_event'?");
  EXPECT_EQ(type_of("array", "tracepoint:my_event", catalog),
            "no argument 'array' in my_event(s8, u8, s16, u16, s32, u32, s64, u64, name, word, "
            "more)");
}

// CTF has integers of any number of bits.
TEST(RecordedCatalog, TypesNumbersOfOddWidthsSoThatTheyFit) {
  for (const auto& [bytes, type] : {std::pair{1, "32"},
                                    {2, "32"},
                                    {3, "32"},
                                    {4, "32"},
                                    {5, "64"},
                                    {6, "64"},
                                    {7, "64"},
                                    {8, "64"}}) {
    SCOPED_TRACE(bytes);
    const RecordedCatalog catalog(nullptr,
                                  {{"",
                                    "e",
                                    {fake::number("s", static_cast<std::uint8_t>(bytes), true),
                                     fake::number("u", static_cast<std::uint8_t>(bytes), false)}}});
    EXPECT_EQ(type_of("+s", "tracepoint:e", catalog), cat("s", type));
    const std::string plain = type_of("u", "tracepoint:e", catalog);
    EXPECT_TRUE(plain.starts_with('u') && std::stoi(plain.substr(1)) >= 8 * bytes) << plain;
    const std::string with_sign = type_of("s", "tracepoint:e", catalog);
    EXPECT_TRUE(with_sign.starts_with('s') && std::stoi(with_sign.substr(1)) >= 8 * bytes)
        << with_sign;
  }
}

TEST(RecordedCatalog, KnowsProbesThatARecordingNamesAsADefinitionDoes) {
  const RecordedCatalog catalog(nullptr, {{"", "fentry:vfs_open", {fake::number("flags")}}});
  EXPECT_EQ(type_of("flags", "fentry:vfs_open", catalog), "s32");
  EXPECT_EQ(type_of("flags", "fexit:vfs_open", catalog),
            "no event 'fexit:vfs_open' in the recording");
}

TEST(RecordedCatalog, SaysWhatIsNear) {
  const RecordedCatalog catalog(nullptr, {{"sched", "sched_wakeup_special", {}}});
  const auto error = [&](const char* of) { return catalog.signature(probe(of)).error(); };
  EXPECT_EQ(error("tracepoint:sched_wakeup_specail").code(), ErrorCode::not_found);
  EXPECT_EQ(error("tracepoint:sched_wakeup_specail").message(),
            "no event 'tracepoint:sched_wakeup_specail' in the recording; did you mean "
            "'sched_wakeup_special'?");
  EXPECT_EQ(error("syscall:opnat").message(), "no system call 'opnat'; did you mean 'openat'?");
  EXPECT_EQ(error("syscall:opnat:exit").message(),
            "no system call 'opnat'; did you mean 'openat'?");
  // Of what the recording need not have, too.
  EXPECT_EQ(error("tracepoint:sched_swich").message(),
            "no event 'tracepoint:sched_swich' in the recording; did you mean 'sched_switch'?");
}

TEST(RecordedCatalog, AsksTheKernelOfThisMachineFirst) {
  const fake::Catalog base;
  const std::vector<RecordedKind> kinds{
      {"sched", "sched_switch", {fake::number("prev_pid"), fake::number("mine")}},
      {"", "numbers", {fake::text("i")}},
      {"", "unreachable", {fake::number("x", 8, false)}}};
  const RecordedCatalog catalog(&base, kinds);
  EXPECT_EQ(catalog.task_struct(), base.task_struct());
  // The kernel's members and types, not those of the table or of the recording.
  EXPECT_EQ(type_of("prev->se.vruntime", "tracepoint:sched_switch", catalog), "u64");
  EXPECT_EQ(type_of("i", "tracepoint:numbers", catalog), "s32");
  EXPECT_THAT(type_of("mine", "tracepoint:sched_switch", catalog),
              HasSubstr("no argument 'mine' in sched_switch"));
  EXPECT_EQ(type_of("POLICY_FIFO", "tracepoint:numbers", catalog), "s32");
  // What it does not know is in the table, and then in the recording.
  EXPECT_EQ(type_of("child->pid", "tracepoint:sched_process_fork", catalog), "s32");
  EXPECT_EQ(type_of("current == child", "tracepoint:sched_process_fork", catalog), "s32");
  EXPECT_EQ(type_of("child->se.vruntime", "tracepoint:sched_process_fork", catalog),
            "no member 'se' in struct task_struct");
  EXPECT_EQ(type_of("ret", "syscall:fsync:exit", catalog), "s64");
  // A kernel that has it but cannot give it is no hindrance.
  EXPECT_EQ(type_of("x", "tracepoint:unreachable", catalog), "u64");
}

// The kernel's catalog makes up ids for what BTF lacks, such as the type of a system call's `ret`;
// they were once taken for those of the table, and had no type.
TEST(RecordedCatalog, LeavesTheIdsThatABaseHasMadeUpToTheBase) {
  class Base final : public ProbeCatalog {
   public:
    Type type(TypeId id) const override {
      return {id == TypeId(0xfff00003) ? Type::Kind::integer : Type::Kind::other, "long", 8, true};
    }
    std::optional<Member> member(TypeId, std::string_view) const override { return std::nullopt; }
    std::vector<std::string> member_names(TypeId) const override { return {}; }
    std::optional<Enumerator> enumerator(std::string_view) const override { return std::nullopt; }
    TypeId task_struct() const override { return kVoid; }
    Result<Signature> signature(const Probe& of) const override {
      return Signature{of.name, {{"ret", TypeId(0xfff00003)}}};
    }
  };
  const Base base;
  EXPECT_EQ(type_of("ret", "syscall:close:exit", RecordedCatalog(&base, {})), "s64");
}

TEST(RecordedCatalog, TasksOfTheTableAndOfTheKernelAreBothTasks) {
  const fake::Catalog base;
  const RecordedCatalog catalog(&base, {});
  EXPECT_THAT(errors_of(Scope::task, {{"a", "e", "a"}},
                        {{.probe = "tracepoint:sched_process_fork",
                          .event = "e",
                          .task = "child",
                          .start = "true"},
                         {.probe = "tracepoint:sched_switch", .event = "e", .task = "prev"},
                         {.probe = "tracepoint:sched_switch", .event = "e", .task = "current"}},
                        catalog),
              IsEmpty());
}

TEST(RecordedCatalog, TellsWhatItKnowsWithoutTheRecording) {
  const RecordedCatalog catalog(nullptr, {{"", "my_event", {}}});
  EXPECT_TRUE(catalog.knows(probe("tracepoint:sched_switch")));
  EXPECT_TRUE(catalog.knows(probe("tracepoint:sched:sched_switch")));
  EXPECT_TRUE(catalog.knows(probe("syscall:openat:exit")));
  EXPECT_FALSE(catalog.knows(probe("tracepoint:my_event")));
  EXPECT_FALSE(catalog.knows(probe("tracepoint:numbers")));
  EXPECT_FALSE(catalog.knows(probe("fentry:sched_switch")));
  const fake::Catalog base;
  EXPECT_TRUE(RecordedCatalog(&base, {}).knows(probe("tracepoint:numbers")));
}

TEST(RecordedCatalog, ListsTheMembersItKnows) {
  const RecordedCatalog catalog(nullptr, {});
  EXPECT_THAT(catalog.member_names(catalog.task_struct()),
              testing::IsSupersetOf({"pid", "tgid", "comm", "prio"}));
  EXPECT_EQ(catalog.type(catalog.task_struct()).name, "struct task_struct");
  EXPECT_EQ(catalog.type(TypeId(7)).kind, Type::Kind::nothing);
  EXPECT_FALSE(catalog.enumerator("POLICY_FIFO"));
}

}  // namespace
}  // namespace swerve
