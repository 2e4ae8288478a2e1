#include "monitor/columns.h"

#include <gtest/gtest.h>

#include "monitor/examples_for_test.h"

namespace swerve {
namespace {

// Widths, blanks and marks are those of the kernel's tool: scripts cut these lines at fixed places.
TEST(Columns, OfAMonitorWithAnId) {
  const Columns columns{true, false};
  EXPECT_EQ(
      columns.header(),
      "          <TASK>-PID      [CPU]  TYPE       ID "
      "                   STATE x EVENT                    -> NEXT_STATE               FINAL\n"
      "              |   |          |     |        |  "
      "                      |     |                           |                       |\n");
  EXPECT_EQ(columns.line(example_step()),
            "          worker-1234     [003] event     1234 "
            "                 running x switch_out               -> not_running              Y\n");
  EXPECT_EQ(columns.line(example_violation()),
            "       0 [003] error     1234                  running x wakeup\n");
}

TEST(Columns, OfAMonitorWithoutAnId) {
  const Columns columns{false, false};
  Step step = example_step();
  step.id = {Scope::cpu, 3};
  step.final = false;
  EXPECT_EQ(
      columns.header(),
      "          <TASK>-PID      [CPU]  TYPE "
      "                   STATE x EVENT                    -> NEXT_STATE               FINAL\n"
      "              |   |          |     |  "
      "                      |     |                           |                       |\n");
  EXPECT_EQ(columns.line(step),
            "          worker-1234     [003] event "
            "                 running x switch_out               -> not_running              N\n");
}

TEST(Columns, OfSeveralMonitorsNameEachAndLeaveTheIdBlankWhereThereIsNone) {
  const Columns columns{true, true};
  Step step = example_step();
  EXPECT_EQ(columns.line(step),
            "          worker-1234     [003] event_wwnr     1234 "
            "                 running x switch_out               -> not_running              Y\n");
  step.monitor = "sco";
  step.id = {Scope::cpu, 3};
  EXPECT_EQ(columns.line(step),
            "          worker-1234     [003] event_sco          "
            "                 running x switch_out               -> not_running              Y\n");
  EXPECT_EQ(columns.line(example_violation()),
            "       0 [003] error_wwnr     1234                  running x wakeup\n");
}

TEST(Columns, OfARecordingShowTheStatesThatAreNotCertainAndLeaveOutWhoIsNotKnown) {
  const Columns columns{true, false};
  Step step = example_step();
  step.by.tid = kUnknownThread;
  step.by.comm = "";
  step.states = {"running", std::nullopt};
  step.state = set_text(step.states);
  EXPECT_EQ(columns.line(step),
            "                -         [003] event     1234 "
            "             {running|-} x switch_out               -> not_running              Y\n");
  EXPECT_EQ(columns.line(example_inconclusive()),
            "         [003] maybe     1234              {running|-} x wakeup\n");
}

TEST(Columns, LetNoControlCharacterThrough) {
  Step step = example_step();
  step.by.comm = "\x1b[2J";
  EXPECT_EQ(Columns{}.line(step),
            "         \\x1b[2J-1234     [003] event "
            "                 running x switch_out               -> not_running              Y\n");
}

}  // namespace
}  // namespace swerve
