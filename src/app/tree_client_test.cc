#include "app/tree_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "app/fake_tree_test.h"

namespace swerve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(TreeClient, KnowsTheMonitorsInTheirOrderAndWhichAreContainers) {
  FakeTree tree;
  tree.put("available_monitors", "sched\nsched:sco\nsched:nrp\nwwnr\n");
  tree.put("enabled_monitors", "sched:sco\nwwnr\n");
  const TreeClient client = TreeClient::at(tree.folder()).value();
  const std::vector<TreeMonitor> monitors = client.monitors().value();
  ASSERT_EQ(monitors.size(), 4U);
  EXPECT_TRUE(monitors[0].has_children);
  EXPECT_EQ(monitors[1].full_name(), "sched:sco");
  EXPECT_EQ(monitors[1].file("enable"), "monitors/sched/sco/enable");
  EXPECT_EQ(monitors[3].file("enable"), "monitors/wwnr/enable");
  EXPECT_FALSE(monitors[3].has_children);
  EXPECT_THAT(client.enabled().value(), ElementsAre("sched:sco", "wwnr"));
}

TEST(TreeClient, KnowsTheChosenReactor) {
  FakeTree tree;
  tree.put("monitors/wwnr/reactors", "nop\n[printk]\npanic\n");
  tree.put("monitors/odd/reactors", "nop\n");
  const TreeClient client = TreeClient::at(tree.folder()).value();
  EXPECT_EQ(client.reactor({"wwnr", "", false}).value(), "printk");
  EXPECT_FALSE(client.reactor({"odd", "", false}));
}

TEST(TreeClient, ARefusedWriteTellsTheReasonThatTheLogHasForIt) {
  FakeTree tree;
  tree.link("monitors/wwnr/enable", "/dev/full");
  tree.put("error_log",
           "[1.5] monitors/wwnr/enable: \"1\": an old reason\n"
           "[2.5] monitors/wwnr/enable: \"1\": it has two\n    lines of reason\n"
           "[3.5] monitors/wwnr/enable: \"2\": another one's\n");
  const TreeClient client = TreeClient::at(tree.folder()).value();
  const Result<> refused = client.write("monitors/wwnr/enable", "1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().os_errno(), ENOSPC);
  EXPECT_EQ(refused.error().message(),
            "write '1' to " + tree.folder() +
                "/monitors/wwnr/enable: No space left on device: it has two\n    lines of reason");
  tree.put("error_log", "");
  EXPECT_EQ(client.write("monitors/wwnr/enable", "1").error().message(),
            "write '1' to " + tree.folder() + "/monitors/wwnr/enable: No space left on device");
}

TEST(TreeClient, AFileThatIsNotThereIsAnErrorWithItsPath) {
  FakeTree tree;
  const TreeClient client = TreeClient::at(tree.folder()).value();
  const Result<std::string> none = client.read("monitors/wwnr/desc");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::not_found);
  EXPECT_EQ(none.error().message(),
            "open " + tree.folder() + "/monitors/wwnr/desc: No such file or directory");
}

TEST(TreeClient, OnlyAMountOfADaemonIsATree) {
  FakeTree tree;
  tree.put("available_monitors", "wwnr\n");
  const Result<TreeClient> plain = TreeClient::find(tree.folder());
  ASSERT_FALSE(plain);
  EXPECT_EQ(plain.error().code(), ErrorCode::not_found);
  EXPECT_THAT(plain.error().message(), HasSubstr("no daemon serves a control tree at"));
  EXPECT_EQ(TreeClient::find("/no/such/folder").error().code(), ErrorCode::not_found);
  EXPECT_FALSE(TreeClient::choose(tree.folder()));
}

TEST(TreeStats, AreReadByNameAndSubtracted) {
  const TreeStats before = parse_tree_stats("scope cpu\nevents 10\nviolations 2\ninstances 5\n");
  EXPECT_EQ(before.scope, Scope::cpu);
  EXPECT_EQ(before.stats.events, 10U);
  EXPECT_EQ(before.stats.lost, 0U);
  const TreeStats now = parse_tree_stats(
      "scope cpu\nevents 17\nviolations 2\ninstances 4\nlost 3\ncolour 7\nreactions 6\nfailed 1\n"
      "waiting 2\nlast_error kill: No such process\nnonsense\n\n");
  const TreeStats seen = since(before, now);
  EXPECT_EQ(seen.scope, Scope::cpu);
  EXPECT_EQ(seen.stats.events, 7U);
  EXPECT_EQ(seen.stats.violations, 0U);
  EXPECT_EQ(seen.stats.instances, 4U) << "what is now, not a difference";
  EXPECT_EQ(seen.stats.lost, 3U);
  EXPECT_EQ(seen.reactions.reactions, 6U);
  EXPECT_EQ(seen.reactions.failed, 1U);
  EXPECT_EQ(seen.reactions.waiting, 2U);
  EXPECT_EQ(seen.reactions.last_error, "kill: No such process");
  EXPECT_FALSE(parse_tree_stats("events 1\n").scope) << "a container has none";
}

}  // namespace
}  // namespace swerve
