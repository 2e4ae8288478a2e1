// What the running kernel's BTF says, and how it is asked. Of the kernel's names only such are used
// as have been there from Linux 6.1 on.
#include <gtest/gtest.h>

#include <algorithm>

#include "kernel/catalog.h"

namespace swerve {
namespace {

class KernelCatalogLive : public testing::Test {
 protected:
  void SetUp() override {
    auto catalog = KernelCatalog::load();
    ASSERT_TRUE(catalog) << catalog.error().message();
    catalog_ = std::move(catalog).value();
  }
  std::string line(const std::string& pattern) const {
    const auto lines = catalog_->probes(pattern);
    return lines.empty() ? "none" : lines[0].text;
  }
  std::string problem(const std::string& probe) const {
    const auto s = catalog_->signature(parse_probe(probe).value());
    return s ? "no problem" : s.error().message();
  }
  Type type_of(const std::string& probe, std::size_t parameter) const {
    return catalog_->type(
        catalog_->signature(parse_probe(probe).value()).value().parameters.at(parameter).type);
  }
  std::unique_ptr<KernelCatalog> catalog_;
};

TEST_F(KernelCatalogLive, TracepointsHaveTheNamesAndTypesOfTheirArguments) {
  EXPECT_EQ(line("tracepoint:sched_switch"),
            "tracepoint:sched_switch(bool preempt, struct task_struct *prev, "
            "struct task_struct *next, unsigned int prev_state)");
  EXPECT_EQ(line("tracepoint:sched_wakeup"), "tracepoint:sched_wakeup(struct task_struct *p)");
  const Type flag = type_of("tracepoint:sched_switch", 0);
  EXPECT_EQ(flag.kind, Type::Kind::boolean);
  EXPECT_EQ(flag.bytes, 1U);
  const Type task = type_of("tracepoint:sched_switch", 1);
  EXPECT_EQ(task.kind, Type::Kind::pointer);
  EXPECT_EQ(task.target, catalog_->task_struct());
  EXPECT_FALSE(task.user);
  const Type state = type_of("tracepoint:sched_switch", 3);
  EXPECT_EQ(state.kind, Type::Kind::integer);
  EXPECT_EQ(state.bytes, 4U);
  EXPECT_FALSE(state.is_signed);
}

// It has no entry in tracefs.
TEST_F(KernelCatalogLive, BareTracepointsAreThere) {
  const Probe bare{Probe::Kind::tracepoint, "", "pelt_cfs_tp"};
  const auto s = catalog_->signature(bare);
  ASSERT_TRUE(s) << s.error().message();
  EXPECT_EQ(s->text(), "pelt_cfs_tp(cfs_rq)");
  const auto at = catalog_->attach_point(bare);
  ASSERT_TRUE(at);
  EXPECT_NE(at->btf_id, 0U);
  EXPECT_EQ(at->module, "");
}

TEST_F(KernelCatalogLive, SystemCallsHaveThemByTheirNames) {
  EXPECT_EQ(line("syscall:openat"),
            "syscall:openat(int dfd, char *filename, int flags, umode_t mode)");
  const Type filename = type_of("syscall:openat", 1);
  EXPECT_TRUE(filename.user);
  EXPECT_TRUE(catalog_->type(filename.target).is_char);
  const auto mode = type_of("syscall:openat", 3);
  EXPECT_EQ(mode.bytes, 2U);

  const auto at_exit = catalog_->signature(parse_probe("syscall:read:exit").value());
  ASSERT_TRUE(at_exit);
  EXPECT_EQ(at_exit->text(), "read(fd, buf, count, ret)");
  const Type ret = type_of("syscall:read:exit", 3);
  EXPECT_EQ(ret.bytes, 8U);
  EXPECT_TRUE(ret.is_signed);

  const auto at = catalog_->attach_point(parse_probe("syscall:read:exit").value());
  ASSERT_TRUE(at);
  EXPECT_EQ(at->syscall_nr, 0);
}

TEST_F(KernelCatalogLive, FunctionsGiveWhatTheyReturn) {
  EXPECT_EQ(line("fexit:vfs_read"),
            "fexit:vfs_read(struct file *file, char *buf, size_t count, loff_t *pos, ssize_t ret)");
  const auto entry = catalog_->signature(parse_probe("fentry:vfs_read").value());
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->parameters.size(), 4U);
}

TEST_F(KernelCatalogLive, AWrongNameGetsAHint) {
  EXPECT_EQ(problem("tracepoint:sched_swich"),
            "no tracepoint 'sched_swich' here; did you mean 'sched_switch'?");
  EXPECT_EQ(problem("syscall:opena"), "no system call 'opena'; did you mean 'open'?");
  EXPECT_EQ(problem("fentry:vfs_reed"),
            "no kernel function 'vfs_reed' here; did you mean 'vfs_read'?");
  EXPECT_EQ(problem("tracepoint:qqqqqqqqqqqq"), "no tracepoint 'qqqqqqqqqqqq' here");
  const auto at = catalog_->attach_point(parse_probe("tracepoint:sched_swich").value());
  ASSERT_FALSE(at);
  EXPECT_EQ(at.error().code(), ErrorCode::not_found);
}

TEST_F(KernelCatalogLive, ProbesAreFoundByPartsAndByWildcards) {
  const auto names = [&](const std::string& pattern) {
    std::vector<std::string> out;
    for (const ProbeLine& l : catalog_->probes(pattern)) out.push_back(l.probe.text());
    return out;
  };
  const auto has = [](const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  EXPECT_EQ(names("sched_switc?"), std::vector<std::string>{"tracepoint:sched_switch"});
  const auto wild = names("sched_wak*");
  EXPECT_TRUE(has(wild, "tracepoint:sched_waking") && has(wild, "tracepoint:sched_wakeup"));
  EXPECT_FALSE(has(wild, "tracepoint:sched_switch"));
  const auto part = names("openat");
  EXPECT_TRUE(has(part, "syscall:openat") && has(part, "syscall:openat:exit"));
  EXPECT_TRUE(names("no such thing").empty());
  // Functions are many; they come only when asked for.
  const auto all = names("");
  EXPECT_TRUE(has(all, "tracepoint:sched_switch") && has(all, "syscall:read"));
  EXPECT_FALSE(has(all, "fentry:vfs_read"));
  EXPECT_TRUE(has(names("fentry:vfs_re*"), "fentry:vfs_read"));
}

TEST_F(KernelCatalogLive, MembersAreFoundInsideOfUnnamedRecords) {
  const TypeId task = catalog_->task_struct();
  const auto pid = catalog_->member(task, "pid");
  ASSERT_TRUE(pid);
  EXPECT_EQ(catalog_->type(pid->type).bytes, 4U);
  EXPECT_TRUE(catalog_->type(pid->type).is_signed);
  EXPECT_EQ(pid->bit_size, 0U);
  EXPECT_FALSE(catalog_->member(task, "no_such_member"));
  EXPECT_FALSE(catalog_->member(task, ""));

  const auto comm = catalog_->member(task, "comm");
  ASSERT_TRUE(comm);
  const Type array = catalog_->type(comm->type);
  EXPECT_EQ(array.kind, Type::Kind::array);
  EXPECT_EQ(array.count, 16U);
  EXPECT_EQ(array.name, "char[16]");

  // struct page is made of unnamed unions of unnamed structs; `mapping` stands after `flags`.
  const auto mapping = catalog_->field("page", "mapping");
  ASSERT_TRUE(mapping);
  EXPECT_GE(mapping->bit_offset, 64U);
  const auto record = catalog_->field("task_struct", "se");
  const auto nested = catalog_->field("task_struct", "se.vruntime");
  ASSERT_TRUE(record && nested);
  EXPECT_EQ(nested->bit_offset,
            record->bit_offset + catalog_->member(record->type, "vruntime")->bit_offset);
  EXPECT_FALSE(catalog_->field("task_struct", "se.no_such"));
  EXPECT_FALSE(catalog_->field("no_such_struct", "x"));
}

TEST_F(KernelCatalogLive, BitFieldsHaveTheirSize) {
  const auto bit = catalog_->field("task_struct", "sched_reset_on_fork");
  ASSERT_TRUE(bit);
  EXPECT_EQ(bit->bit_size, 1U);
  const auto names = catalog_->member_names(catalog_->task_struct());
  EXPECT_NE(std::find(names.begin(), names.end(), "in_iowait"), names.end());
  EXPECT_NE(std::find(names.begin(), names.end(), "rcu_users"),
            names.end());  // in an unnamed union
}

TEST_F(KernelCatalogLive, EnumeratorsHaveTheirValue) {
  const auto hash = catalog_->enumerator("BPF_MAP_TYPE_HASH");
  ASSERT_TRUE(hash);
  EXPECT_EQ(hash->value, 1);
  EXPECT_EQ(catalog_->type(hash->type).kind, Type::Kind::enumeration);
  const auto restart = catalog_->enumerator("HRTIMER_RESTART");
  ASSERT_TRUE(restart);
  EXPECT_EQ(restart->value, 1);
  const auto big = catalog_->enumerator("BPF_F_CURRENT_CPU");  // in 64 bits
  ASSERT_TRUE(big);
  EXPECT_EQ(big->value, 0xffffffff);
  EXPECT_FALSE(catalog_->enumerator("NO_SUCH_ENUMERATOR"));
}

}  // namespace
}  // namespace swerve
