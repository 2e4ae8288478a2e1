// The kernel's own verdicts, recorded beside the events: Swerve must come to the same ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "support.h"

namespace swerve::recorded_tests {
namespace {

/// What comes after the marker at which the kernel's monitor was switched on.
Rows after_the_switch(const Rows& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const auto& [name, value] : rows[i].fields) {
      const auto* const text = std::get_if<std::string>(&value);
      if (text != nullptr && text->find("monitoring_off") != std::string::npos) {
        return {rows.begin() + static_cast<std::ptrdiff_t>(i) + 1, rows.end()};
      }
    }
  }
  ADD_FAILURE() << "the marker is not there";
  return {};
}

Rows without(const Rows& rows, std::string_view what) {
  Rows out;
  for (const Row& row : rows) {
    if (row.name.find(what) == std::string::npos) out.push_back(row);
  }
  return out;
}

std::string trimmed(std::string text) {
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

/// "84 running wakeup" and "84 running switch_out not_running", sorted.
std::vector<std::string> of_kernel(const Rows& rows) {
  std::vector<std::string> out;
  for (const Row& row : rows) {
    if (row.name == "event_wwnr") {
      out.push_back(cat(row.number("id"), " ", row.text("state"), " ", row.text("event"), " ",
                        trimmed(row.text("next_state"))));
    } else if (row.name == "error_wwnr") {
      out.push_back(cat(row.number("id"), " ", row.text("state"), " ", row.text("event")));
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> of_swerve(const Answers& answers) {
  std::vector<std::string> out;
  for (const Answers::Said& said : answers.said) {
    EXPECT_TRUE(said.certain) << said.text;
    std::string rest = said.text.substr(said.text.find(": ") + 2);
    if (said.type == "violation") rest = rest.substr(0, rest.find(" allowed "));
    if (rest.ends_with(" final")) rest = rest.substr(0, rest.size() - 6);
    out.push_back(cat(said.id, " ", rest));
  }
  std::sort(out.begin(), out.end());
  return out;
}

class Streams : public testing::TestWithParam<std::pair<const char*, std::size_t>> {};

TEST_P(Streams, AreJudgedAsTheKernelDid) {
  const auto [name, verdicts] = GetParam();
  const std::string base = source_path(cat("tests/data/streams/", name));
  const Rows recorded = after_the_switch(read_rows(base + ".trace.dat"));
  const std::vector<std::string> expected = of_kernel(recorded);
  ASSERT_EQ(expected.size(), verdicts);

  const Answers from_file = check(without(recorded, "_wwnr"), "wwnr", true);
  EXPECT_EQ(from_file.error, "");
  EXPECT_EQ(of_swerve(from_file), expected);
  EXPECT_EQ(std::count_if(from_file.said.begin(), from_file.said.end(),
                          [](const Answers::Said& s) { return s.type == "violation"; }),
            1);

  // The text has microseconds, and letters for states.
  const Rows text = after_the_switch(read_rows(base + ".trace.txt.gz"));
  ASSERT_EQ(text.size(), recorded.size());
  const Folder folder;
  const Answers from_text =
      check(folder.put("t", as_ftrace_text(without(text, "_wwnr"))), "wwnr", true);
  EXPECT_EQ(from_text.error, "");
  EXPECT_EQ(from_text.not_understood, 0U);
  EXPECT_EQ(of_swerve(from_text), expected);
}

/// Without --plain-states S may be TASK_INTERRUPTIBLE | TASK_FREEZABLE too, for which wwnr does not
/// start: so it must never say with certainty what the kernel did not say.
TEST_P(Streams, NothingIsCertainThatTheKernelDidNotSay) {
  const auto [name, verdicts] = GetParam();
  const Rows recorded =
      after_the_switch(read_rows(source_path(cat("tests/data/streams/", name, ".trace.dat"))));
  std::vector<std::string> expected = of_kernel(recorded);
  const Answers answers = check(without(recorded, "_wwnr"), "wwnr", false);
  std::size_t unsure = 0;
  Answers certain;
  for (const Answers::Said& said : answers.said) {
    if (said.certain) {
      certain.said.push_back(said);
    } else {
      ++unsure;
    }
  }
  EXPECT_GT(unsure, 0U);
  const std::vector<std::string> said = of_swerve(certain);
  EXPECT_TRUE(std::includes(expected.begin(), expected.end(), said.begin(), said.end()));
}

INSTANTIATE_TEST_SUITE_P(All, Streams,
                         testing::Values(std::pair<const char*, std::size_t>("wwnr-b", 10044),
                                         std::pair<const char*, std::size_t>("wwnr-c", 14233)),
                         [](const auto& one) { return std::string(one.param.first).substr(5); });

}  // namespace
}  // namespace swerve::recorded_tests
