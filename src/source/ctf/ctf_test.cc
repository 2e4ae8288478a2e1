#include "source/ctf/ctf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "base/text.h"
#include "source/ctf/trace_for_test.h"

namespace swerve {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kSwitchFields =
    "char_t _prev_comm[16]; int32_t _prev_tid; int32_t _prev_prio; int64_t _prev_state; "
    "char_t _next_comm[16]; int32_t _next_tid; int32_t _next_prio;";
constexpr const char* kWakeupFields =
    "char_t _comm[16]; int32_t _tid; int32_t _prio; int32_t _target_cpu;";

Metadata sched() {
  return Metadata().event(0, "sched_switch", kSwitchFields).event(1, "sched_wakeup", kWakeupFields);
}

Bytes switching(const char* prev_comm, std::int32_t prev, std::int64_t state, const char* next_comm,
                std::int32_t next) {
  return Bytes()
      .name(prev_comm)
      .number(prev)
      .number(std::int32_t{120})
      .number(state)
      .name(next_comm)
      .number(next)
      .number(std::int32_t{120});
}

Bytes waking(const char* comm, std::int32_t tid) {
  return Bytes().name(comm).number(tid).number(std::int32_t{120}).number(std::int32_t{1});
}

std::string cpu_text(std::uint32_t cpu) {
  return cpu == kEveryCpu ? "every CPU" : cat("cpu ", cpu);
}

/// A line an event and a line a mark of a hole, in the order in which they came.
std::vector<std::string> lines(const Batch& batch) {
  std::vector<std::string> out;
  std::size_t hole = 0;
  const auto holes = [&](std::size_t before) {
    for (; hole < batch.holes.size() && batch.holes[hole].before <= before; ++hole) {
      const Batch::Hole& mark = batch.holes[hole];
      out.push_back(mark.opens ? cat(mark.time, " ", cpu_text(mark.cpu), " lost {")
                               : cat(mark.time, " ", cpu_text(mark.cpu), " } ", mark.lost));
    }
  };
  for (std::size_t i = 0; i < batch.size(); ++i) {
    holes(i);
    const RecordedKind& kind = (*batch.kinds)[batch.kind[i]];
    std::string line = cat(batch.time[i], " ", cpu_text(batch.cpu[i]), " ",
                           batch.comm.empty() ? "" : batch.text(batch.comm[i]), "-",
                           batch.tid[i] == kNoThread ? "?" : cat(batch.tid[i]));
    if (!batch.tgid.empty()) line += cat("(", batch.tgid[i], ")");
    line += cat(" ", kind.system, kind.system.empty() ? "" : ":", kind.name, ":");
    const Batch::Table& table = batch.tables[batch.kind[i]];
    for (std::size_t f = 0; f < table.columns.size(); ++f) {
      const Batch::Column& column = table.columns[f];
      if (column.form == Want::nothing) continue;
      const std::uint64_t cell = column.cells.at(batch.row[i]);
      const RecordedField& field = kind.fields[f];
      line += cat(" ", field.name, "=",
                  column.form == Want::text ? std::string(batch.text(cell))
                  : field.is_signed         ? cat(static_cast<std::int64_t>(cell))
                                            : cat(cell));
    }
    out.push_back(line);
  }
  holes(batch.size());
  return out;
}

struct Read {
  std::vector<std::string> lines;
  std::string clock;
  std::vector<RecordedKind> kinds;
  std::uint64_t events = 0;
  std::string error;  // empty: it was read to its end
};

Read read(const std::filesystem::path& folder, const Interest& interest = WantAll()) {
  Read out;
  auto opened = open_ctf(folder.string(), interest);
  if (!opened) {
    out.error = opened.error().message();
    return out;
  }
  Recording& recording = **opened;
  out.clock = recording.clock();
  out.kinds = recording.all_kinds();
  Batch batch;
  while (true) {
    const Result<bool> more = recording.next(batch);
    if (!more) out.error = more.error().message();
    if (!more || !*more) break;
    for (std::string& line : lines(batch)) out.lines.push_back(std::move(line));
    out.events = batch.events_read;
  }
  return out;
}

class Ctf : public testing::Test {
 protected:
  void metadata(const Metadata& text, const char* trace = "kernel") {
    write_file(folder_.path() / trace / "metadata", text.str());
  }
  void stream(const char* name, const std::vector<Packet>& packets, const char* trace = "kernel") {
    std::string all;
    for (const Packet& packet : packets) all += packet.str();
    write_file(folder_.path() / trace / name, all);
  }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  Folder folder_;
};

TEST_F(Ctf, EventsOfAllStreamsComeInTheOrderOfTheirTimes) {
  metadata(sched());
  stream("channel0_0", {Packet{.begin = 100, .end = 400}
                            .event(0, 100, switching("swapper/0", 0, 0, "sh", 7))
                            .event(0, 300, switching("sh", 7, 1, "swapper/0", 0))});
  stream("channel0_1",
         {Packet{.begin = 150, .end = 250, .cpu = 1}.event(1, 200, waking("bash", 9))});
  const Read it = read(path());
  EXPECT_EQ(it.error, "");
  EXPECT_EQ(it.clock, "mono");
  EXPECT_EQ(it.events, 3u);
  EXPECT_THAT(it.lines,
              ElementsAre("100 cpu 0 swapper/0-0 sched_switch: prev_comm=swapper/0 prev_tid=0 "
                          "prev_prio=120 prev_state=0 next_comm=sh next_tid=7 next_prio=120",
                          "200 cpu 1 -? sched_wakeup: comm=bash tid=9 prio=120 target_cpu=1",
                          "300 cpu 0 sh-7 sched_switch: prev_comm=sh prev_tid=7 prev_prio=120 "
                          "prev_state=1 next_comm=swapper/0 next_tid=0 next_prio=120"));
}

TEST_F(Ctf, KindsAreKnownBeforeTheFirstEvent) {
  metadata(sched().event(2, "mixed",
                         "uint8_t _small; enum : int32_t { A = 1 } _which; uint16_t _list[3]; "
                         "string { encoding = UTF8; } _path; struct { uint8_t x; } _inner; "
                         "floating_point { exp_dig = 8; mant_dig = 24; align = 8; } _real; "
                         "uint32_t __length; char_t _bytes[__length];"));
  stream("channel0_0", {Packet{.begin = 5, .end = 5}.event(2, 5,
                                                           Bytes()
                                                               .number(std::uint8_t{200})
                                                               .number(std::int32_t{-1})
                                                               .raw(std::string(6, '\1'))
                                                               .raw(std::string("/tmp\0", 5))
                                                               .number(std::uint8_t{3})
                                                               .number(std::uint32_t{0})
                                                               .number(std::uint32_t{4})
                                                               .raw(std::string("ab\0d", 4)))});
  const Read it = read(path());
  EXPECT_EQ(it.error, "");
  using Form = RecordedField::Form;
  ASSERT_EQ(it.kinds.size(), 3u);
  EXPECT_EQ(it.kinds[2].name, "mixed");
  EXPECT_THAT(it.kinds[2].fields,
              ElementsAre(RecordedField{"small", Form::integer, 1, false, ""},
                          RecordedField{"which", Form::integer, 4, true, ""},
                          RecordedField{"list", Form::other}, RecordedField{"path", Form::text},
                          RecordedField{"inner", Form::other}, RecordedField{"real", Form::other},
                          RecordedField{"_length", Form::integer, 4, false, ""},
                          RecordedField{"bytes", Form::text}));
  EXPECT_THAT(it.lines, ElementsAre("5 cpu 0 -? mixed: small=200 which=-1 path=/tmp _length=4 "
                                    "bytes=ab"));
}

}  // namespace
}  // namespace swerve
