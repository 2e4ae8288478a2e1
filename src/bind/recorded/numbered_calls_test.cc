#include "bind/recorded/numbered_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "bind/recorded/fake_recording_test.h"

namespace swerve {
namespace {

using fake::FakeRecording;
using fake::Happened;
using fake::number;
using fake::Unknown;
using fake::word;
using testing::ElementsAre;
using testing::IsEmpty;

/// Wants the kinds of some names, whole.
class Names final : public Interest {
 public:
  Names(std::initializer_list<std::string> names) : names_(names) {}
  std::vector<Want> wants(const RecordedKind& kind) const override {
    return names_.count(kind.name) != 0 ? WantAll().wants(kind) : std::vector<Want>();
  }

 private:
  std::set<std::string> names_;
};

RecordedKind raw_enter() {
  RecordedKind kind{"raw_syscalls", "sys_enter", {number("id", 8), fake::other("args")}};
  for (int i = 0; i < 6; ++i) kind.fields.push_back(number(cat("args[", i, "]"), 8, false));
  return kind;
}
RecordedKind raw_exit() {
  return {"raw_syscalls", "sys_exit", {number("id", 8), number("ret", 8)}};
}

Happened enter(std::uint64_t time, std::uint64_t id, std::uint64_t a, std::uint64_t b) {
  return {"raw_syscalls:sys_enter", time, 0, 7, {{"id", id}, {"args[0]", a}, {"args[1]", b}}};
}
Happened leave(std::uint64_t time, std::uint64_t id, std::uint64_t ret) {
  return {"raw_syscalls:sys_exit", time, 0, 7, {{"id", id}, {"ret", ret}}};
}

/// Each event as "time syscalls/sys_enter_close fd=3", a mark as "{" or "}".
std::vector<std::string> seen(const Interest& interest, std::vector<Happened> list,
                              std::vector<RecordedKind> kinds, std::size_t batch = 100) {
  const auto opened = open_with_named_calls(interest, [&](const Interest& asked) {
                        auto made = std::make_unique<FakeRecording>(list, kinds);
                        made->deliver(asked, batch);
                        return Result<std::unique_ptr<Recording>>(std::move(made));
                      }).value();
  std::vector<std::string> out;
  Batch now;
  while (opened->next(now).value()) {
    std::size_t hole = 0;
    for (std::size_t i = 0; i <= now.size(); ++i) {
      for (; hole < now.holes.size() && now.holes[hole].before == i; ++hole)
        out.push_back(cat(now.holes[hole].opens ? "{" : "}", now.holes[hole].cpu));
      if (i == now.size()) break;
      const RecordedKind& kind = now.kinds->at(now.kind[i]);
      std::string one = cat(now.time[i], " ", kind.system, "/", kind.name);
      const Batch::Table& table = now.tables.at(now.kind[i]);
      EXPECT_LT(now.row[i], table.rows);
      for (std::size_t f = 0; f < table.columns.size(); ++f) {
        const Batch::Column& column = table.columns[f];
        if (column.form == Want::nothing) continue;
        EXPECT_EQ(column.cells.size(), table.rows);
        const bool unknown = !column.unknown.empty() && column.unknown.at(now.row[i]) != 0;
        const std::uint64_t cell = column.cells.at(now.row[i]);
        one += cat(" ", kind.fields.at(f).name, "=",
                   unknown                     ? "?"
                   : column.form == Want::text ? std::string(now.text(cell))
                                               : cat(cell));
      }
      out.push_back(std::move(one));
    }
    EXPECT_EQ(hole, now.holes.size());
    EXPECT_TRUE(now.cpu.size() == now.size() && now.tid.size() == now.size());
  }
  return out;
}

TEST(NumberedCalls, HaveTheNamesOfTheCalls) {
  const std::vector<Happened> list = {
      enter(1, 3, 5, 99),  // close(5)
      {"sched:sched_wakeup", 2, 0, 7, {{"pid", 8U}}},
      enter(3, 0, 5, 1000),  // read(5, ...): nobody asked for it
      leave(4, 3, 0),
      enter(5, 257, 0xffffff9c, 1234),  // openat
      leave(6, 257, 6),
  };
  const Names interest{"sys_enter_close", "sys_exit_close", "sys_enter_openat", "sched_wakeup"};
  const std::vector<std::string> expected = {
      "1 syscalls/sys_enter_close fd=5",
      "2 sched/sched_wakeup pid=8",
      "4 syscalls/sys_exit_close ret=0",
      "5 syscalls/sys_enter_openat dfd=4294967196 filename=1234 flags=? mode=?",
  };
  // However they are divided, and where kinds are known only when their first event comes.
  for (const std::size_t batch : {1U, 2U, 100U})
    EXPECT_EQ(seen(interest, list, {raw_enter(), raw_exit()}, batch), expected) << batch;
}

TEST(NumberedCalls, LeaveMarksWhereTheyAre) {
  EXPECT_THAT(seen(Names{"sys_enter_close"},
                   {fake::hole_opens(1), enter(1, 0, 5, 6), fake::hole_closes(1), enter(2, 3, 5, 6),
                    fake::hole_opens(2), enter(3, 0, 5, 6), fake::hole_closes(2)},
                   {raw_enter()}),
              ElementsAre("{1", "}1", "2 syscalls/sys_enter_close fd=5", "{2", "}2"));
}

TEST(NumberedCalls, ANumberThatCannotBeReadIsAHole) {
  RecordedKind kind{"raw_syscalls", "sys_exit", {word("id"), word("ret")}};
  EXPECT_THAT(seen(Names{"sys_exit_close"},
                   {{"raw_syscalls:sys_exit", 1, 3, 7, {{"id", Unknown()}, {"ret", 0U}}},
                    {"raw_syscalls:sys_exit", 2, 3, 7, {{"id", 3U}, {"ret", 4U}}},
                    {"raw_syscalls:sys_exit", 3, 3, 7, {{"id", 9999U}, {"ret", 4U}}}},
                   {kind}),
              ElementsAre("{3", "}3", "2 syscalls/sys_exit_close ret=4"));
}

TEST(NumberedCalls, StayAsTheyAreForWhomWantsThemRaw) {
  EXPECT_THAT(seen(Names{"sys_exit", "sys_exit_close"}, {leave(1, 3, 4)}, {raw_exit()}),
              ElementsAre("1 raw_syscalls/sys_exit id=3 ret=4"));
}

TEST(NumberedCalls, AreNotReadWhereNobodyWantsThem) {
  EXPECT_THAT(
      seen(Names{"sched_wakeup"}, {leave(1, 3, 4), enter(2, 3, 4, 5)}, {raw_enter(), raw_exit()}),
      IsEmpty());
}

TEST(NumberedCalls, AreAmongTheKindsOfARecordingThatDescribesItself) {
  const Names interest{"sys_enter_close"};
  const auto opened = open_with_named_calls(interest, [](const Interest&) {
                        return Result<std::unique_ptr<Recording>>(std::make_unique<FakeRecording>(
                            std::vector<Happened>(), std::vector{raw_enter()}));
                      }).value();
  std::set<std::string> names;
  for (const RecordedKind& kind : opened->all_kinds()) names.insert(kind.name);
  EXPECT_TRUE(names.count("sys_enter") != 0 && names.count("sys_enter_close") != 0 &&
              names.count("sys_enter_openat") != 0);
  EXPECT_EQ(names.count("sys_exit_close"), 0U);
}

}  // namespace
}  // namespace swerve
