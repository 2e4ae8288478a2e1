// Where a tree may be mounted, and what becomes of the folder: also after the worst.
#include <sys/mount.h>

#include <algorithm>

#include "served_tree.h"

namespace swerve::mounted {
namespace {

using Mounting = MountTest;

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

/// What mounting on `folder` is refused with.
Error refusal(const std::string& folder) {
  Tree tree;
  auto loop = Loop::create();
  auto mount = TreeMount::mount(tree.tree, **loop, folder, {}, [] {});
  if (mount) {
    ADD_FAILURE() << folder << " was not refused";
    return Error(ErrorCode::io, "");
  }
  return mount.error();
}

TEST_F(Mounting, MakesTheFolderAndTakesItAway) {
  const std::string folder = scratch / "run/swerve";
  {
    const Served served(folder);
    EXPECT_EQ(read_file(served / "monitoring_on"), "1\n");
  }
  EXPECT_EQ(mounted_on(folder), "");
  EXPECT_FALSE(exists(folder));
  EXPECT_TRUE(exists(scratch / "run"));
}

TEST_F(Mounting, LeavesAFolderThatWasThere) {
  const std::string folder = scratch / "rv";
  ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  for (int round = 0; round < 3; ++round) {
    const Served served(folder + "/");
    EXPECT_EQ(read_file(served / "monitoring_on"), "1\n");
  }
  EXPECT_EQ(mounted_on(folder), "");
  EXPECT_TRUE(exists(folder));
}

TEST_F(Mounting, TakesAnyName) {
  const std::string folder = scratch / "a b\n\\040c";
  {
    const Served served(folder);
    EXPECT_EQ(read_file(served / "monitoring_on"), "1\n");
    EXPECT_EQ(refusal(folder).code(), ErrorCode::busy);
  }
  EXPECT_FALSE(exists(folder));
}

TEST_F(Mounting, RefusesWhatIsNoEmptyFolderOfItsOwn) {
  const std::string folder = scratch / "rv";
  ASSERT_EQ(::mkdir(folder.c_str(), 0755), 0);
  ASSERT_EQ(::mkdir((folder + "/something").c_str(), 0755), 0);
  EXPECT_EQ(refusal(folder).code(), ErrorCode::invalid);
  EXPECT_NE(refusal(folder).message().find("not empty"), std::string::npos);
  ASSERT_EQ(::symlink(folder.c_str(), (scratch / "link").c_str()), 0);
  EXPECT_EQ(refusal(scratch / "link").code(), ErrorCode::invalid);
  { std::ofstream(scratch / "file") << "text"; }
  EXPECT_EQ(refusal(scratch / "file").code(), ErrorCode::invalid);
  EXPECT_EQ(refusal(scratch / "file/below").os_errno(), ENOTDIR);
  EXPECT_EQ(refusal("").code(), ErrorCode::invalid);
  EXPECT_EQ(refusal("/").code(), ErrorCode::invalid);
  EXPECT_EQ(refusal(scratch / "..").code(), ErrorCode::invalid);
  // Nothing was left behind.
  EXPECT_EQ(mounted_on(folder), "");
  EXPECT_TRUE(exists(folder + "/something"));
}

TEST_F(Mounting, RefusesWhereSomethingElseIsMounted) {
  const std::string folder = scratch / "rv";
  ASSERT_EQ(::mkdir(folder.c_str(), 0755), 0);
  ASSERT_EQ(::mount("nothing", folder.c_str(), "tmpfs", 0, nullptr), 0);
  const Error error = refusal(folder);
  EXPECT_EQ(error.code(), ErrorCode::busy);
  EXPECT_NE(error.message().find("tmpfs"), std::string::npos) << error.message();
  EXPECT_TRUE(mounted_on(folder).starts_with("tmpfs"));
  ASSERT_EQ(::umount2(folder.c_str(), 0), 0);
}

TEST_F(Mounting, RefusesWhereOneServesAlready) {
  const std::string folder = scratch / "rv";
  const Served served(folder);
  EXPECT_EQ(refusal(folder).code(), ErrorCode::busy);
  OtherServer other(scratch / "other");
  const Error error = refusal(scratch / "other");
  EXPECT_EQ(error.code(), ErrorCode::busy);
  EXPECT_NE(error.message().find("another swerve serves"), std::string::npos) << error.message();
  // Neither was disturbed.
  EXPECT_EQ(read_file(served / "monitoring_on"), "1\n");
  EXPECT_EQ(read_file(scratch / "other/monitoring_on"), "1\n");
  other.process().kill();
  EXPECT_EQ(::umount2((scratch / "other").c_str(), MNT_DETACH), 0);
}

TEST_F(Mounting, RefusesAtOnceWhereAStoppedOneServes) {
  const std::string folder = scratch / "rv";
  OtherServer other(folder);
  other.process().signal(SIGSTOP);
  const auto begin = monotonic_now();
  const Error error = refusal(folder);
  EXPECT_LT(monotonic_now().ns - begin.ns, 1'000'000'000U);
  EXPECT_EQ(error.code(), ErrorCode::busy) << error.message();
  other.process().kill();
  const Served served(folder);
  EXPECT_EQ(read_file(served / "monitoring_on"), "1\n");
}

TEST_F(Mounting, TakesOverWhatAKilledOneLeft) {
  const std::string folder = scratch / "rv";
  for (int round = 0; round < 3; ++round) {
    OtherServer other(folder);
    const UniqueFd open_before = open_file(folder + "/violations", O_RDONLY);
    ASSERT_TRUE(open_before);
    other.process().kill();
    EXPECT_EQ(read_file(folder + "/monitoring_on"), "open ENOTCONN");
    {
      const Served served(folder);
      EXPECT_EQ(read_file(served / "monitoring_on"), "1\n");
      EXPECT_EQ(read_once(open_before.get()), "ENOTCONN");
    }
    EXPECT_EQ(mounted_on(folder), "");
  }
}

TEST_F(Mounting, OfManyThatStartAtOnceOneServes) {
  constexpr int kRounds = 20;
  constexpr int kThreads = 4;
  const std::string folder = scratch / "rv";
  for (int round = 0; round < kRounds; ++round) {
    Tree trees[kThreads];
    std::unique_ptr<Loop> loops[kThreads];
    std::unique_ptr<TreeMount> mounts[kThreads];
    std::atomic<int> refused{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      loops[i] = std::move(Loop::create()).value();
      threads.emplace_back([&, i] {
        auto mounted = TreeMount::mount(trees[i].tree, *loops[i], folder, {}, [] {});
        if (mounted) {
          mounts[i] = std::move(mounted).value();
        } else {
          EXPECT_EQ(mounted.error().code(), ErrorCode::busy) << mounted.error().message();
          ++refused;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(refused, kThreads - 1);
    for (int i = 0; i < kThreads; ++i) {
      if (mounts[i] == nullptr) continue;
      std::jthread serving([&] { loops[i]->run(); });
      EXPECT_EQ(read_file(folder + "/monitoring_on"), "1\n");
      loops[i]->stop();
      serving.join();
    }
  }
  EXPECT_EQ(mounted_on(folder), "");
}

// One ends and removes its folder while others wait for it to go.
TEST_F(Mounting, TheNextOneStartsAsSoonAsTheLastOneHasEnded) {
  constexpr int kRounds = 200;
  const std::string folder = scratch / "rv";
  std::atomic<int> served{0};
  const auto serve_in_turn = [&] {
    for (int round = 0; round < kRounds;) {
      Tree tree;
      auto loop = Loop::create();
      auto mount = TreeMount::mount(tree.tree, **loop, folder, {}, [] {});
      if (mount) {
        ++round;
        ++served;
      } else {
        ASSERT_EQ(mount.error().code(), ErrorCode::busy) << mount.error().message();
        std::this_thread::yield();
      }
    }
  };
  std::jthread other(serve_in_turn);
  serve_in_turn();
  other.join();
  EXPECT_EQ(served, 2 * kRounds);
  EXPECT_EQ(mounted_on(folder), "");
}

TEST_F(Mounting, EndsAtOnceWithFilesOpen) {
  const std::string folder = scratch / "rv";
  auto served = std::make_unique<Served>(folder);
  const UniqueFd file = open_file(*served / "enabled_monitors", O_RDWR);
  const UniqueFd inside = open_file(*served / "monitors", O_RDONLY | O_DIRECTORY);
  const UniqueFd stream = open_file(*served / "trace_pipe", O_RDONLY);
  ASSERT_TRUE(file && inside && stream);
  const auto begin = monotonic_now();
  served.reset();
  EXPECT_LT(monotonic_now().ns - begin.ns, 1'000'000'000U);
  EXPECT_EQ(mounted_on(folder), "");
  EXPECT_FALSE(exists(folder));
  EXPECT_EQ(errno_after(::write(file.get(), "wip", 3)), ENOTCONN);
}

// Also while somebody waits for an answer that never comes.
TEST_F(Mounting, EndsAtOnceWithAQuestionOpen) {
  Served served(scratch / "rv");
  const UniqueFd fd = open_file(served / "monitoring_on", O_RDONLY);
  ASSERT_TRUE(fd);
  served.pause();
  Reader reader(fd.get());
  ASSERT_TRUE(reader.waits());
  const auto begin = monotonic_now();
  served.stop();
  EXPECT_LT(monotonic_now().ns - begin.ns, 1'000'000'000U);
  EXPECT_EQ(reader.got(), "ECONNABORTED");
}

TEST_F(Mounting, TellsThatSomebodyElseUnmountedIt) {
  const std::string folder = scratch / "rv";
  Served served(folder);
  EXPECT_FALSE(served.gone);
  ASSERT_EQ(::umount2(folder.c_str(), 0), 0);
  EXPECT_TRUE(fake::eventually([&] { return served.gone.load(); }));
  // What is mounted there since is not ours to unmount.
  ASSERT_EQ(::mount("nothing", folder.c_str(), "tmpfs", 0, nullptr), 0);
  served.stop();
  EXPECT_TRUE(mounted_on(folder).starts_with("tmpfs"));
  ASSERT_EQ(::umount2(folder.c_str(), 0), 0);
}

TEST_F(Mounting, MayEndWhileItTellsThat) {
  const std::string folder = scratch / "rv";
  Tree tree;
  const auto loop = std::move(Loop::create()).value();
  std::unique_ptr<TreeMount> mount;
  auto mounted = TreeMount::mount(tree.tree, *loop, folder, {}, [&] {
    mount.reset();
    loop->stop();
  });
  ASSERT_TRUE(mounted) << mounted.error().message();
  mount = std::move(mounted).value();
  ASSERT_EQ(::umount2(folder.c_str(), 0), 0);
  loop->run();
  EXPECT_EQ(mount, nullptr);
  EXPECT_FALSE(exists(folder));
}

TEST_F(Mounting, TwoFoldersServeTheSameTree) {
  Tree tree;
  const auto loop = std::move(Loop::create()).value();
  auto first = TreeMount::mount(tree.tree, *loop, scratch / "first", {}, [] {});
  auto second = TreeMount::mount(tree.tree, *loop, scratch / "second", {}, [] {});
  ASSERT_TRUE(first && second);
  std::jthread serving([&] { loop->run(); });
  EXPECT_EQ(append(scratch / "first/enabled_monitors", "wip"), 0);
  EXPECT_EQ(read_file(scratch / "second/enabled_monitors"), "wip\n");
  loop->stop();
  serving.join();
}

}  // namespace
}  // namespace swerve::mounted
