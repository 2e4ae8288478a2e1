// Events that are missing never turn a right verdict into a wrong one.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "support.h"

namespace swerve::recorded_tests {
namespace {

const Rows& rows_of(const std::string& stream) {
  static std::map<std::string, Rows> all;
  const auto [at, fresh] = all.try_emplace(stream);
  if (fresh) {
    for (const Row& row :
         read_rows(source_path(cat("tests/data/streams/", stream, ".trace.dat")))) {
      if (row.name == "sched_switch" || row.name == "sched_wakeup") at->second.push_back(row);
    }
  }
  return at->second;
}

struct Punched {
  Rows rows;
  std::vector<Batch::Hole> holes;
  std::set<std::uint64_t> missing;  // numbers of rows of the whole
};

/// The events of one CPU are missing from the row `from` on, `length` rows long.
Punched punched(const Rows& rows, std::uint32_t cpu, std::size_t from, std::size_t length) {
  Punched out;
  const auto mark = [&](bool opens) {
    Batch::Hole hole;
    hole.before = static_cast<std::uint32_t>(out.rows.size());
    hole.opens = opens;
    hole.cpu = cpu;
    out.holes.push_back(hole);
  };
  // It opens right after the last event of the CPU before, and closes in front of the first one
  // after it.
  std::size_t opens = 0;
  for (std::size_t i = 0; i < from; ++i) {
    if (rows[i].cpu == cpu) opens = i + 1;
  }
  const std::size_t until = std::min(rows.size(), from + length);
  bool open = false;
  for (std::size_t i = 0; i <= rows.size(); ++i) {
    if (i == opens) {
      mark(true);
      open = true;
    }
    if (i == rows.size()) break;
    const bool ours = rows[i].cpu == cpu;
    if (ours && i >= from && i < until) {
      out.missing.insert(i);
      continue;
    }
    if (ours && i >= until && open) {
      mark(false);
      open = false;
    }
    out.rows.push_back(rows[i]);
  }
  return out;
}

/// Verdicts about events, by who, what and when; steps by what is certain of them.
std::multiset<std::string> violations(const Answers& answers) {
  std::multiset<std::string> out;
  for (const Answers::Said& said : answers.said) {
    if (said.type != "violation") continue;
    // Without the states: a violation may be certain while the state before is not.
    out.insert(cat(said.time, " ", said.id, " ", said.text.substr(0, said.text.find(": "))));
  }
  return out;
}

std::multiset<std::string> doubtful(const Answers& answers) {
  std::multiset<std::string> out;
  for (const Answers::Said& said : answers.said) {
    if (said.type == "inconclusive") {
      out.insert(cat(said.time, " ", said.id, " ", said.text.substr(0, said.text.find(": "))));
    }
  }
  return out;
}

std::multiset<std::string> certain_steps(const Answers& answers) {
  std::multiset<std::string> out;
  for (const Answers::Said& said : answers.said) {
    if (said.type == "step" && said.certain)
      out.insert(cat(said.time, " ", said.id, " ", said.text));
  }
  return out;
}

RC_GTEST_PROP(Holes, NeverTurnARightVerdictIntoAWrongOne, ()) {
  const bool plain = *rc::gen::arbitrary<bool>();
  const Rows& rows = rows_of(*rc::gen::element<std::string>("wwnr-b", "wwnr-c"));
  const auto cpu = *rc::gen::inRange<std::uint32_t>(0, 4);
  const auto from = *rc::gen::inRange<std::size_t>(0, rows.size());
  const auto length = *rc::gen::inRange<std::size_t>(1, 3000);
  const Punched with_hole = punched(rows, cpu, from, length);

  const Answers whole = check(rows, "wwnr", plain);
  const Answers less = check(with_hole.rows, "wwnr", plain, with_hole.holes);

  // What is certain with the hole is so without it.
  const auto known = violations(whole), steps = certain_steps(whole);
  for (const std::string& v : violations(less)) RC_ASSERT(known.count(v) > 0);
  const auto sure = certain_steps(less);
  RC_ASSERT(std::includes(steps.begin(), steps.end(), sure.begin(), sure.end()));
  // And what is a violation without it is one with it, or doubtful, unless its event is missing.
  std::set<std::uint64_t> missing_times;
  for (const std::uint64_t i : with_hole.missing) missing_times.insert(rows[i].time);
  const auto found = violations(less), maybe = doubtful(less);
  for (const std::string& v : known) {
    const bool gone = missing_times.contains(std::stoull(v));
    RC_ASSERT(gone || found.count(v) > 0 || maybe.count(v) > 0);
  }
}

TEST(Holes, OneAtTheOnlyViolationIsNotSilent) {
  const Rows& rows = rows_of("wwnr-b");
  const Answers whole = check(rows, "wwnr", true);
  ASSERT_EQ(violations(whole).size(), 1U);
  const auto at = std::find_if(whole.said.begin(), whole.said.end(),
                               [](const Answers::Said& s) { return s.type == "violation"; });
  // The switch that took the task in is missing: it may not have run at all.
  std::size_t number = 0;
  while (rows[number].time != at->time) ++number;
  std::size_t before = number;
  while (rows[before].name != "sched_switch" || rows[before].number("next_pid") != at->id) --before;
  const Punched with_hole = punched(rows, rows[before].cpu, before, 1);
  const Answers less = check(with_hole.rows, "wwnr", true, with_hole.holes);
  EXPECT_TRUE(violations(less).empty());
  EXPECT_GT(doubtful(less).count(*violations(whole).begin()), 0U);
}

}  // namespace
}  // namespace swerve::recorded_tests
