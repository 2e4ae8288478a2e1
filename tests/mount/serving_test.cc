// swerve::mount(): a program serves its own tree, from a thread that it need not know of.
#include "served_tree.h"
#include "swerve/control/fuse/mount.h"

namespace swerve::mounted {
namespace {

class Serving : public MountTest {
 protected:
  std::unique_ptr<Mount> mount(const MountOptions& options = {}) {
    auto mounted = swerve::mount(tree.tree, folder, options);
    if (!mounted) ADD_FAILURE() << mounted.error().message();
    return mounted ? std::move(mounted).value() : nullptr;
  }

  Tree tree;
  const std::string folder = scratch / "rv";
};

/// A process that holds whatever descriptors this one had when it was made, until it is destroyed.
class Child {
 public:
  Child() {
    EXPECT_EQ(::pipe2(ends_, O_CLOEXEC), 0);
    process_.emplace([this] {
      ::close(ends_[1]);
      char c;
      return static_cast<int>(::read(ends_[0], &c, 1));  // until the other end is closed
    });
  }
  ~Child() {
    ::close(ends_[1]);
    EXPECT_EQ(process_->wait(), 0);
    ::close(ends_[0]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

 private:
  int ends_[2] = {-1, -1};
  std::optional<Process> process_;
};

TEST_F(Serving, TheTreeWhileItLives) {
  {
    const auto serving = mount();
    ASSERT_TRUE(serving);
    EXPECT_TRUE(serving->mounted());
    EXPECT_EQ(append(folder + "/monitoring_on", "0\n"), 0);
    EXPECT_FALSE(tree.registry.monitoring());
    EXPECT_EQ(append(folder + "/enabled_monitors", "wwnr\n"), 0);
    EXPECT_TRUE(tree.registry.find("wwnr")->enabled);
    EXPECT_EQ(append(folder + "/enabled_monitors", "wvnr\n"), EINVAL);
  }
  EXPECT_EQ(mounted_on(folder), "");
  EXPECT_NE(::access(folder.c_str(), F_OK), 0);
}

TEST_F(Serving, IsForTheGroup) {
  const auto serving = mount({.group = 12345});
  struct stat status {};
  ASSERT_EQ(::stat((folder + "/monitoring_on").c_str(), &status), 0);
  EXPECT_EQ(status.st_gid, 12345U);
}

TEST_F(Serving, RefusesAFolderThatIsServed) {
  const auto serving = mount();
  const auto again = swerve::mount(tree.tree, folder);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::busy);
  EXPECT_EQ(read_file(folder + "/monitoring_on"), "1\n");
}

TEST_F(Serving, NoSignalIsHandledOnItsThread) {
  const auto serving = mount();
  const std::string tasks = "/proc/self/task";
  std::string blocked;
  for (const auto& entry : std::filesystem::directory_iterator(tasks)) {
    if (read_file(entry.path() / "comm") != "swerve-mount\n") continue;
    std::ifstream status(entry.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("SigBlk:")) blocked = line.substr(line.find_last_of('\t') + 1);
    }
  }
  ASSERT_NE(blocked, "") << "there is no such thread";
  // All but SIGKILL and SIGSTOP; above 31 the C library has some of its own.
  EXPECT_EQ(std::stoull(blocked, nullptr, 16) & 0x7fffffff, 0x7ffbfeffU);
  // And here the signals are as they were.
  sigset_t here;
  ASSERT_EQ(::pthread_sigmask(SIG_SETMASK, nullptr, &here), 0);
  EXPECT_EQ(::sigismember(&here, SIGUSR1), 0);
}

TEST_F(Serving, EndsWhenSomebodyElseUnmounts) {
  auto serving = mount();
  ASSERT_EQ(::umount2(folder.c_str(), 0), 0);
  EXPECT_TRUE(fake::eventually([&] { return !serving->mounted(); }));
  // What is mounted there since is not touched.
  ASSERT_EQ(::mount("nothing", folder.c_str(), "tmpfs", 0, nullptr), 0);
  serving.reset();
  EXPECT_TRUE(mounted_on(folder).starts_with("tmpfs"));
  ASSERT_EQ(::umount2(folder.c_str(), 0), 0);
}

TEST_F(Serving, ManyTimesOver) {
  for (int round = 0; round < 20; ++round) {
    const auto serving = mount();
    EXPECT_EQ(read_file(folder + "/monitoring_on"), "1\n");
  }
}

TEST_F(Serving, AReaderThatWaitsGetsTheEndOfTheFile) {
  auto serving = mount();
  const UniqueFd fd = open_file(folder + "/violations", O_RDONLY);
  Reader reader(fd.get());
  ASSERT_TRUE(reader.waits());
  // Requests are served in their order: once this one was, the read has been taken as well.
  EXPECT_EQ(read_file(folder + "/monitoring_on"), "1\n");
  serving.reset();
  EXPECT_EQ(reader.got(), "");
  EXPECT_EQ(mounted_on(folder), "");
}

TEST_F(Serving, AChildOfForkLeavesTheMountAlone) {
  auto serving = mount();
  Process child([&] {
    serving.reset();
    return 0;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_TRUE(serving->mounted());
  EXPECT_EQ(read_file(folder + "/monitoring_on"), "1\n");
}

// The child has the connection as well, so closing it here does not end it: what was asked and not
// answered waited for an answer until the child had ended too. And it has the lock on the folder.
TEST_F(Serving, EndsAlthoughAChildOfForkGoesOn) {
  auto serving = mount();
  const UniqueFd fd = open_file(folder + "/monitoring_on", O_RDONLY);
  const Child child;
  serving.reset();
  EXPECT_EQ(read_once(fd.get()), "ENOTCONN");
  EXPECT_EQ(mounted_on(folder), "");
  const auto again = mount();
  ASSERT_TRUE(again);
  EXPECT_EQ(read_file(folder + "/monitoring_on"), "1\n");
}

}  // namespace
}  // namespace swerve::mounted
