// One trace in every format gives the same verdicts; out of order within the window, too.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "source/binary.h"
#include "support.h"

namespace swerve::recorded_tests {
namespace {

const std::string kTrace = "tests/data/streams/wwnr-b.trace.dat";

/// The scheduler's events, with times that are all different.
const Rows& scheduler_rows() {
  static const Rows rows = [] {
    Rows out;
    std::uint64_t last = 0;
    for (const Row& row : read_rows(source_path(kTrace))) {
      if (row.name != "sched_switch" && row.name != "sched_wakeup") continue;
      out.push_back(row);
      out.back().time = last = std::max(row.time, last + 1);
    }
    return out;
  }();
  return rows;
}

Answers expected(bool plain) { return check(scheduler_rows(), "wwnr", plain); }

/// The texts do not say who runs while a CPU is idle.
std::vector<Answers::Said> bare(const Answers& answers) {
  std::vector<Answers::Said> out = answers.said;
  for (Answers::Said& said : out) said.text = said.text.substr(said.text.find(": "));
  return out;
}

class Formats : public testing::TestWithParam<bool> {
 protected:
  void same(const std::string& path) {
    const bool plain = GetParam();
    const Answers answers = check(path, "wwnr", plain);
    EXPECT_EQ(answers.error, "");
    EXPECT_EQ(answers.not_understood, 0U);
    EXPECT_EQ(answers.late, 0U);
    const auto is = bare(answers), should_be = bare(expected(plain));
    ASSERT_EQ(is.size(), should_be.size());
    for (std::size_t i = 0; i < is.size(); ++i) {
      ASSERT_EQ(is[i], should_be[i])
          << i << ": " << is[i].type << " " << is[i].time << is[i].text << "\n"
          << should_be[i].type << " " << should_be[i].time << should_be[i].text;
    }
  }
  Folder folder_;
};

TEST_P(Formats, FtraceText) { same(folder_.put("t", as_ftrace_text(scheduler_rows()))); }
TEST_P(Formats, TraceCmdReportRaw) {
  same(folder_.put("t", as_trace_cmd_report(scheduler_rows())));
}
TEST_P(Formats, PerfScript) { same(folder_.put("t", as_perf_text(scheduler_rows()))); }
TEST_P(Formats, JsonLines) { same(folder_.put("t", as_json_lines(scheduler_rows()))); }
TEST_P(Formats, Csv) { same(folder_.put("t", as_csv(scheduler_rows()))); }

TEST_P(Formats, OurOwnMadeOfEachOther) {
  const std::vector<std::string> sources = {
      folder_.put("text", as_ftrace_text(scheduler_rows())),
      folder_.put("json", as_json_lines(scheduler_rows())),
      folder_.put("csv", as_csv(scheduler_rows())),
  };
  for (const std::string& source : sources) {
    const WantAll all;
    auto from = open_recording(source, all, {});
    ASSERT_TRUE(from) << from.error().message();
    const std::string path = source + ".swerve";
    auto to = BinaryWriter::create(path, (*from)->clock());
    ASSERT_TRUE(to) << to.error().message();
    Batch batch;
    for (;;) {
      const Result<bool> more = (*from)->next(batch);
      ASSERT_TRUE(more) << more.error().message();
      if (!*more) break;
      ASSERT_TRUE(to->put(batch, **from));
    }
    ASSERT_TRUE(to->finish());
    same(path);
  }
}

INSTANTIATE_TEST_SUITE_P(States, Formats, testing::Bool(),
                         [](const auto& one) { return one.param ? "Plain" : "AsRecorded"; });

/// Each event stands at most so many places from where it belongs.
Rows shuffled(Rows rows, const std::vector<std::size_t>& swaps, std::size_t distance) {
  for (const std::size_t swap : swaps) {
    const std::size_t a = swap % rows.size();
    const std::size_t b = std::min(rows.size() - 1, a + 1 + swap / rows.size() % distance);
    std::swap(rows[a], rows[b]);
  }
  return rows;
}

RC_GTEST_PROP(Order, WithinTheWindowItDoesNotMatter, ()) {
  const Rows& rows = scheduler_rows();
  const auto swaps =
      *rc::gen::container<std::vector<std::size_t>>(200, rc::gen::arbitrary<std::size_t>());
  const Folder folder;
  ReadOptions options;
  options.window.ns = 60'000'000'000;
  const Answers answers =
      check(folder.put("t", as_json_lines(shuffled(rows, swaps, 500))), "wwnr", true, options);
  RC_ASSERT(answers.error.empty());
  RC_ASSERT(answers.late == 0U);
  RC_ASSERT(answers.said == expected(true).said);
}

}  // namespace
}  // namespace swerve::recorded_tests
