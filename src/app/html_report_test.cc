#include "app/html_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cctype>
#include <cstdlib>
#include <functional>

#include "app/html_examples_for_test.h"
#include "app/html_text.h"
#include "base/text.h"
#include "react/folder_for_test.h"

namespace swerve {
namespace {

using testing::HasSubstr;
using testing::Not;

/// While it lives there is no program dot.
class NoGraphviz {
 public:
  NoGraphviz() : path_(std::getenv("PATH")) { ::setenv("PATH", "/nowhere", 1); }
  ~NoGraphviz() { ::setenv("PATH", path_.c_str(), 1); }

 private:
  std::string path_;
};

/// The page of what `tell` tells.
std::string page(const std::function<void(HtmlReport&)>& tell,
                 std::vector<HtmlReport::Monitor> monitors = example_monitors()) {
  const FolderForTest folder;
  const auto report = HtmlReport::make(folder.path("page.html"), std::move(monitors)).value();
  tell(*report);
  const Result<> finished = report->finish();
  EXPECT_TRUE(finished) << (finished ? "" : finished.error().message());
  return folder.text("page.html");
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t out = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size()))
    ++out;
  return out;
}

void a_small_run(HtmlReport& report) {
  ExampleRun run(report);
  run.switch_in(100);
  run.switch_out(100);
  run.wakeup(100);
  run.switch_in(100);
  run.violation(100);
  run.wakeup(100);
  run.switch_in(201);
  run.inconclusive(201);
  run.unsure_switch_in(201);
  CheckedTrace trace = example_trace(run);
  trace.late = 2;
  trace.not_understood = 1;
  trace.missing = {{1, {12'345'000'000'100}, {12'345'000'400'100}, 17}, {kEveryCpu, {1}, {2}, 0}};
  trace.holes = {{1, 4, 17}, {kEveryCpu, 1, 0}};
  trace.monitors[0].never_met = {"tracepoint:sched_waking"};
  trace.monitors[0].counters.started = 2;
  trace.monitors[0].counters.instances = 1;
  report.end_trace(std::move(trace));
}

/// The page without what is the same in every page, and without the drawings, which are not the
/// same from one version of Graphviz to the next.
std::string normalised(std::string text) {
  const auto cut = [&](std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos;) {
      at += from.size();
      const std::size_t end = text.find(to, at);
      if (end == std::string::npos) return;
      text.replace(at, end - at, "...");
    }
  };
  cut("<style>", "</style>");
  cut("<script>", "</script>");
  cut("script-src 'sha256-", "'");
  cut("<div class=\"pan\">", "</div>");
  cut("<svg class=\"small model\" ", " aria-hidden");
  return text;
}

TEST(HtmlReport, IsThisPageForASmallRun) {
  const std::string is = normalised(page(a_small_run));
  const std::string file = "tests/golden/html/small.html";
  const Result<std::string> wanted = read_file(file);
  if (wanted && is == *wanted) return;
  const std::string seen = testing::TempDir() + "small.html";
  std::ofstream(seen) << is;
  ADD_FAILURE() << "not as in " << file << "; what it is stands in " << seen
                << ": look at it, and copy it if it is right";
}

TEST(HtmlReport, DrawsTheModelWithHowOftenATransitionWasTaken) {
  const std::string text = page([](HtmlReport& report) {
    ExampleRun run(report);
    for (int i = 0; i < 1234; ++i) run.switch_in(100 + i % 3);
    run.violation(100);
    run.violation(100);
    run.inconclusive(100);
    report.end_trace(example_trace(run));
  });
  EXPECT_THAT(text, HasSubstr("switch_in ×1,234"));
  EXPECT_THAT(text, HasSubstr("1,234 visits"));
  EXPECT_EQ(count(text, "class=\"edge never"), 2U);  // two pairs of states; one edge each
  // What was refused is an edge to a cross, with how often it was.
  EXPECT_EQ(count(text, "class=\"edge refused"), 1U);
  EXPECT_THAT(text, HasSubstr("wakeup ×2"));
}

TEST(HtmlReport, SaysBetweenWhichNumbersACountIsWhereStepsAreNotCertain) {
  const std::string text = page([](HtmlReport& report) {
    ExampleRun run(report);
    run.switch_in(100);
    for (int i = 0; i < 3; ++i) run.unsure_switch_in(100);
    report.end_trace(example_trace(run));
  });
  EXPECT_THAT(text, HasSubstr("switch_in ×1–4"));
  EXPECT_THAT(text, HasSubstr("1–4 visits"));
  EXPECT_THAT(text, HasSubstr("<td class=\"n\">1–4</td>"));
}

TEST(HtmlReport, ShowsATableWhereThereIsNoGraphviz) {
  const NoGraphviz none;
  const std::string text = page(a_small_run);
  EXPECT_THAT(text, HasSubstr("The model is not drawn: there is no program &#39;dot&#39;"));
  EXPECT_THAT(text, HasSubstr("<details class=\"transitions\" open>"));
  EXPECT_THAT(text, HasSubstr("not allowed in"));
}

TEST(HtmlReport, SaysHowAllEnded) {
  const NoGraphviz none;
  const auto head = [](const std::string& text) {
    const std::size_t at = text.find("<div class=\"verdict ");
    return text.substr(at, text.find("</div>", at) - at);
  };
  EXPECT_THAT(
      head(page([](HtmlReport& report) { report.end_trace(example_trace(ExampleRun(report))); })),
      HasSubstr("good\"><b>No violation</b><span>1 monitor over 12,345 events"));
  EXPECT_THAT(head(page([](HtmlReport& report) {
                ExampleRun run(report);
                run.inconclusive(1);
                report.end_trace(example_trace(run));
              })),
              HasSubstr("maybe\"><b>Cannot be told</b>"));
  EXPECT_THAT(
      head(page([](HtmlReport& report) {
        ExampleRun run(report);
        run.violation(1);
        CheckedTrace trace = example_trace(run);
        trace.error = "at offset 7: nonsense";
        report.end_trace(std::move(trace));
      })),
      testing::AllOf(HasSubstr("bad\"><b>1 violation</b>"), HasSubstr("not wholly checked"),
                     HasSubstr("exit status 2"), HasSubstr("not wholly read: at offset 7")));
}

// A trace with holes and no violation was "No violation", while the command ended with 2.
TEST(HtmlReport, IsGreenOnlyWhereTheExitStatusIsZero) {
  const NoGraphviz none;
  const auto of = [](const std::function<void(CheckedTrace&)>& change) {
    return page([&](HtmlReport& report) {
      CheckedTrace trace = example_trace(ExampleRun(report));
      change(trace);
      report.end_trace(std::move(trace));
    });
  };
  const auto cannot_be_told = [](std::string_view why) {
    return testing::AllOf(HasSubstr("<title>Cannot be told in "),
                          HasSubstr("<div class=\"verdict maybe\"><b>Cannot be told</b>"),
                          HasSubstr("<span class=\"status\">exit status 2</span>"),
                          HasSubstr(cat("<li>", why)), Not(HasSubstr("chip good")),
                          Not(HasSubstr("No violation")));
  };
  EXPECT_THAT(of([](CheckedTrace& t) {
                t.holes = {{1, 2, 17}, {3, 1, 1000}};
              }),
              testing::AllOf(cannot_be_told("2 holes in the events of CPU 1 (17 lost)"),
                             HasSubstr("; 1,017 events were lost<")));
  EXPECT_THAT(of([](CheckedTrace& t) { t.late = 1; }), cannot_be_told("1 event came too late"));
  EXPECT_THAT(of([](CheckedTrace& t) { t.not_understood = 1; }),
              cannot_be_told("1 line was not understood"));
  EXPECT_THAT(of([](CheckedTrace& t) { t.error = "at offset 7: nonsense"; }),
              cannot_be_told("not wholly read: at offset 7: nonsense"));
  EXPECT_THAT(of([](CheckedTrace& t) { t.monitors[0].error = "it lacks pid"; }),
              cannot_be_told("wwnr was not checked to the end: it lacks pid"));
  EXPECT_THAT(of([](CheckedTrace& t) { t.monitors[0].none_met = true; }),
              cannot_be_told("no event that wwnr is about was met"));
  EXPECT_THAT(of([](CheckedTrace& t) { t.monitors[0].counters.refused = 1; }),
              cannot_be_told("1 instance of wwnr found no room"));
  // What is only remarkable leaves it as it is.
  EXPECT_THAT(of([](CheckedTrace& t) { t.monitors[0].never_met = {"x"}; }),
              testing::AllOf(HasSubstr("good\"><b>No violation</b>"), HasSubstr("exit status 0"),
                             HasSubstr("no event of x was met")));
}

TEST(HtmlReport, TheWorstOfSeveralTracesCounts) {
  const NoGraphviz none;
  const std::string text = page([](HtmlReport& report) {
    const ExampleRun run(report);
    report.end_trace(example_trace(run));
    CheckedTrace trace = example_trace(run);
    trace.file = "second.dat";
    trace.holes = {{1, 1, 17}};
    report.end_trace(std::move(trace));
  });
  EXPECT_THAT(text, HasSubstr("<b>Cannot be told</b>"));
  EXPECT_THAT(text, HasSubstr("<li>second.dat: 1 hole in the events of CPU 1 (17 lost)</li>"));
}

TEST(HtmlReport, NamesTheFirstReasonsAndCountsTheOthers) {
  const NoGraphviz none;
  const std::string text = page([](HtmlReport& report) {
    CheckedTrace trace = example_trace(ExampleRun(report));
    for (std::uint32_t cpu = 0; cpu < 100; ++cpu) trace.holes.push_back({cpu, 1, 1});
    report.end_trace(std::move(trace));
  });
  EXPECT_EQ(count(text, "in the events of CPU"), 8U);
  EXPECT_THAT(text, HasSubstr("<li>and 92 more</li>"));
}

TEST(HtmlReport, SaysWhichMonitorWasNotChecked) {
  const NoGraphviz none;
  std::vector<HtmlReport::Monitor> monitors = example_monitors();
  monitors.push_back({"wip", "", example_model("wip"), Scope::cpu});
  const std::string text = page(
      [](HtmlReport& report) {
        CheckedTrace trace = example_trace(ExampleRun(report));
        CheckedMonitor& wip = trace.monitors.emplace_back();
        wip.monitor = "wip";
        wip.error = "there is no event <preempt_disable>";
        report.end_trace(std::move(trace));
      },
      std::move(monitors));
  EXPECT_THAT(text, HasSubstr("maybe\"><b>Cannot be told</b>"));
  EXPECT_THAT(text, HasSubstr("<h2>wwnr</h2><span class=\"chip good\">No violation</span>"));
  EXPECT_THAT(text, HasSubstr("<h2>wip</h2><span class=\"chip maybe\">Not wholly checked</span>"));
  EXPECT_THAT(text, HasSubstr("Not checked to the end: there is no event &lt;preempt_disable&gt;"));
}

TEST(HtmlReport, CountsWhatItDoesNotShow) {
  const NoGraphviz none;
  const std::string text = page([](HtmlReport& report) {
    ExampleRun run(report);
    for (std::uint32_t i = 0; i < 1700; ++i) run.violation(1000 + i);
    for (std::uint32_t i = 0; i < 300; ++i) run.inconclusive(1000 + i);
    report.end_trace(example_trace(run));
  });
  EXPECT_EQ(count(text, "<tbody id=\"m0-v"), 500U);
  EXPECT_EQ(count(text, "<tbody id=\"m0-i"), 200U);
  EXPECT_THAT(text, HasSubstr("The first 500 are shown; 1,200 more are only counted."));
  EXPECT_THAT(text, HasSubstr("The first 200 are shown; 100 more are only counted."));
  EXPECT_THAT(text, HasSubstr("1,700 violations, 300 inconclusive"));
}

TEST(HtmlReport, ManyMonitorsShareTheRoom) {
  const NoGraphviz none;
  std::vector<HtmlReport::Monitor> monitors;
  for (int i = 0; i < 100; ++i)
    monitors.push_back({cat("w", i), "", example_model("wwnr"), Scope::global});
  const std::string text = page(
      [](HtmlReport& report) {
        Violation v;
        v.state = "running";
        v.event = "wakeup";
        for (int i = 0; i < 2000; ++i) {
          v.monitor = cat("w", i % 100);
          report.on_violation(v);
        }
        report.end_trace({});
      },
      std::move(monitors));
  EXPECT_EQ(count(text, "class=\"violation"), 1000U);
  EXPECT_THAT(text, HasSubstr("<tbody id=\"m99-v10\""));
}

TEST(HtmlReport, KeepsTheLastStepsOfAnInstanceAndThoseAfter) {
  const NoGraphviz none;
  const std::string text = page([](HtmlReport& report) {
    ExampleRun run(report);
    for (int i = 0; i < 50; ++i) {
      run.switch_in(7);
      run.switch_out(7);
      run.switch_in(8);  // another one's steps are its own
    }
    run.violation(7);
    for (int i = 0; i < 50; ++i) run.wakeup(7);
    report.end_trace(example_trace(run));
  });
  const std::string list = text.substr(text.find("<details class=\"steps\">"));
  EXPECT_EQ(count(list.substr(0, list.find("</details>")), "<tr"), 1U + 16 + 1 + 4);
}

TEST(HtmlReport, ForgetsInstancesThatWereNotSeenForLong) {
  const NoGraphviz none;
  const std::string text = page([](HtmlReport& report) {
    ExampleRun run(report);
    run.switch_in(1);
    for (std::uint32_t i = 0; i < 20000; ++i) run.switch_in(2 + i);
    run.violation(1);
    run.violation(20001);
    report.end_trace(example_trace(run));
  });
  const auto steps = [&](std::string_view finding) {
    const std::string from = text.substr(text.find(finding));
    return count(from.substr(0, from.find("</tbody></table>")), "class=\"moment step\"");
  };
  EXPECT_EQ(steps("<tbody id=\"m0-v1\""), 0U);
  EXPECT_EQ(steps("<tbody id=\"m0-v2\""), 1U);
  // The way that the violation itself tells is shown in any case.
  EXPECT_THAT(text.substr(text.find("<tbody id=\"m0-v1\"")), HasSubstr("<ol class=\"way\">"));
}

TEST(HtmlReport, ShowsSeveralTracesEachWithItsOwn) {
  const NoGraphviz none;
  const std::string text = page([](HtmlReport& report) {
    ExampleRun run(report);
    run.switch_in(1);
    run.violation(1);
    CheckedTrace trace = example_trace(run);
    trace.file = "first.dat";
    report.end_trace(trace);
    run.violation(1);  // not with the steps of the first
    trace.file = "second.dat";
    report.end_trace(trace);
  });
  EXPECT_THAT(text, HasSubstr("<title>2 violations in 2 traces</title>"));
  EXPECT_THAT(text, HasSubstr("<th>Trace</th>"));
  EXPECT_EQ(count(text, "<td>first.dat</td>"), 1U);
  EXPECT_EQ(count(text, "<td>second.dat</td>"), 1U);
  EXPECT_EQ(count(text.substr(text.find("<td>second.dat</td>")), "class=\"moment step\""), 0U);
}

TEST(HtmlReport, LeavesNothingWhenItIsNotFinished) {
  const FolderForTest folder;
  HtmlReport::make(folder.path("page.html"), example_monitors()).value().reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder.folder_));
}

TEST(HtmlReport, SaysWhenThereCanBeNoFile) {
  const auto report = HtmlReport::make("/nowhere/page.html", example_monitors());
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message(), HasSubstr("/nowhere/page.html"));
}

TEST(HtmlReport, SaysWhereItIsNotRecordedWhoRan) {
  const NoGraphviz none;
  const std::string text = page([](HtmlReport& report) {
    Violation violation;
    violation.monitor = "wwnr";
    violation.state = "running";
    violation.event = "wakeup";
    violation.by.tid = kUnknownThread;
    report.on_violation(violation);
    report.end_trace({});
  });
  EXPECT_THAT(text, HasSubstr("<td><span class=\"soft\">not recorded</span></td>"));
}

TEST(HtmlReport, TakesVerdictsThatFitNoModel) {
  const NoGraphviz none;
  const std::string text = page([](HtmlReport& report) {
    Step step;
    step.monitor = "wwnr";
    step.state = "nowhere";
    step.event = "nothing";
    step.next = "{a|b}";
    step.nexts = {"a", "b"};
    report.on_step(step);
    Violation violation;
    violation.monitor = "wwnr";
    violation.state = "nowhere";
    violation.event = "nothing";
    violation.path = {{"x", "y", "z"}};
    report.on_violation(violation);
    violation.monitor = "another";
    report.on_violation(violation);
    report.end_trace({});
  });
  EXPECT_EQ(count(text, "<tbody id=\""), 1U);
}

/// The elements of a page, in their order, without what they hold: "<p class><b></b></p>". The
/// places where a line may be broken are left out. Fails on what is no well-formed page.
std::string structure(std::string_view text) {
  std::string out;
  std::vector<std::string> open;
  const auto name_at = [&](std::size_t at) {
    std::size_t end = at;
    while (end < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '-'))
      ++end;
    return std::string(text.substr(at, end - at));
  };
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '&') {
      const std::size_t end = text.find(';', i);
      RC_ASSERT(end != std::string_view::npos && end - i < 8);
      i = end + 1;
    } else if (text[i] != '<') {
      RC_ASSERT(static_cast<unsigned char>(text[i]) >= 0x20 || text[i] == '\n');
      ++i;
    } else if (text.substr(i).starts_with("<!DOCTYPE html>")) {
      i += 15;
    } else if (text.substr(i).starts_with("</")) {
      const std::string name = name_at(i + 2);
      RC_ASSERT(!open.empty() && open.back() == name);
      open.pop_back();
      out += cat("</", name, ">");
      i += name.size() + 3;
    } else {
      const std::string name = name_at(i + 1);
      RC_ASSERT(!name.empty());
      std::string tag = "<" + name;
      i += 1 + name.size();
      bool closed = false;
      while (text[i] != '>') {
        if (text[i] == ' ' || text[i] == '\n') {
          ++i;
        } else if (text[i] == '/') {
          closed = true;
          ++i;
        } else {
          const std::string attribute = name_at(i);
          RC_ASSERT(!attribute.empty());
          tag += " " + attribute;
          i += attribute.size();
          if (text[i] != '=') continue;
          RC_ASSERT(text[i + 1] == '"');
          const std::size_t end = text.find('"', i + 2);
          RC_ASSERT(end != std::string_view::npos);
          RC_ASSERT(text.substr(i, end - i).find('<') == std::string_view::npos);
          i = end + 1;
        }
      }
      ++i;
      if (name != "wbr") out += tag + ">";
      if (name == "script" || name == "style") {
        i = text.find("</", i);
        open.push_back(name);
      } else if (!closed && name != "meta" && name != "wbr" && name != "br") {
        open.push_back(name);
      }
    }
  }
  RC_ASSERT(open.empty());
  return out;
}

/// A page in which every text that may come from outside is from `next`.
std::string page_with(const std::function<std::string()>& next) {
  return page(
      [&](HtmlReport& report) {
        Violation v;
        v.monitor = "wwnr";
        v.id = {Scope::task, 7};
        v.task = TaskInfo{7, 7, next()};
        v.by = {8, 8, next()};
        v.state = next();
        v.event = next();
        v.expected = {next(), next()};
        v.path = {{next(), next(), next()}};
        report.on_violation(v);
        Inconclusive i;
        static_cast<Occurrence&>(i) = v;
        i.states = {next(), std::nullopt};
        i.violating = {next()};
        i.why = Doubt::value;
        report.on_inconclusive(i);
        CheckedTrace trace;
        trace.file = next();
        trace.format = next();
        trace.clock = next();
        trace.error = next();
        CheckedMonitor& wwnr = trace.monitors.emplace_back();
        wwnr.monitor = next();
        wwnr.error = next();
        wwnr.never_met = {next(), next()};
        report.end_trace(std::move(trace));
      },
      {{"wwnr", next(), example_model("wwnr"), Scope::task}});
}

RC_GTEST_PROP(HtmlReport, TextsFromOutsideAreTextsAndNothingElse, ()) {
  const NoGraphviz none;
  static const std::string harmless = structure(page_with([] { return "x"; }));
  const auto piece = rc::gen::element<std::string>(
      "<script>", "</script>", "<b>", "</td>", "\"", "'", "&", "&amp;", "<!--", "-->", "]]>", "\n",
      "\x1b", "\xff", "é", "_", "|", "x", "</style>", " onload=", "\\");
  const std::string hostile = page_with([&] {
    std::string out = "x";
    for (const std::string& part : *rc::gen::container<std::vector<std::string>>(piece))
      out += part;
    for (const char c : *rc::gen::arbitrary<std::string>())
      if (c != '\0') out += c;
    return out;
  });
  RC_ASSERT(structure(hostile) == harmless);
}

TEST(HtmlText, IsEscaped) {
  EXPECT_EQ(html("a<b>&\"'\n\xff"), "a&lt;b&gt;&amp;&quot;&#39;\\n\\xff");
}

TEST(HtmlText, IsShortenedBetweenCharacters) {
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("abcd", 3), "abc…");
  EXPECT_EQ(shortened("aéé", 2), "a…");
  EXPECT_EQ(shortened("\x80\x80\x80", 1), "…");
}

TEST(HtmlText, NumbersAndTimes) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(duration_text(0), "0 ns");
  EXPECT_EQ(duration_text(999), "999 ns");
  EXPECT_EQ(duration_text(1'050), "1.05 µs");
  EXPECT_EQ(duration_text(12'345'678), "12.3 ms");
  EXPECT_EQ(duration_text(971'878'000), "972 ms");
  EXPECT_EQ(duration_text(999'999'999), "1,000 ms");
  EXPECT_EQ(range_text(1234, 1234), "1,234");
  EXPECT_EQ(range_text(0, 1234), "0–1,234");
  EXPECT_EQ(duration_text(86'400'000'000'000), "86,400 s");
  EXPECT_EQ(offset_text({5}, {5}), "0");
  EXPECT_EQ(offset_text({5'000}, {1'000}), "+4.00 µs");
  EXPECT_EQ(offset_text({1'000}, {5'000}), "−4.00 µs");
}

}  // namespace
}  // namespace swerve
