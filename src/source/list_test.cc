#include "source/list.h"

#include <gtest/gtest.h>

namespace swerve {
namespace {

TEST(ListSource, PlaysItsEventsAndThenNothing) {
  Event a, b;
  a.probe = "tracepoint:sched_switch";
  a.fields = {{"prev->pid", 12U}, {"prev->comm", "bash"}};
  b.probe = "tracepoint:sched_wakeup";
  ListSource source({a, b});
  EXPECT_EQ(source.next().value(), a);
  EXPECT_EQ(source.next().value(), b);
  EXPECT_EQ(source.next().value(), std::nullopt);
  EXPECT_EQ(source.next().value(), std::nullopt);
}

TEST(Event, FindsAFieldByItsWholeName) {
  Event e;
  e.fields = {{"prev->pid", 12U}, {"prev", 1U}};
  ASSERT_NE(e.field("prev"), nullptr);
  EXPECT_EQ(std::get<std::uint64_t>(*e.field("prev")), 1U);
  EXPECT_EQ(e.field("prev->p"), nullptr);
}

}  // namespace
}  // namespace swerve
