// The files as others see them: owners, what may be done, what one write and one read is.
#include <dirent.h>
#include <grp.h>
#include <poll.h>
#include <sys/statfs.h>
#include <sys/time.h>

#include <algorithm>
#include <set>

#include "served_tree.h"

namespace swerve::mounted {
namespace {

using Files = MountTest;

TEST_F(Files, AreRootsOrTheGroupsAndEmptyToTheEye) {
  constexpr unsigned kGroup = 4711;
  for (const std::optional<unsigned> group : {std::optional<unsigned>(), std::optional(kGroup)}) {
    const Served served(scratch / "rv", group);
    for (const char* path : {"", "monitors", "monitors/wwnr", "enabled_monitors", "trace_pipe"}) {
      struct stat s {};
      ASSERT_EQ(::stat((served / path).c_str(), &s), 0) << path;
      EXPECT_EQ(s.st_uid, 0U) << path;
      EXPECT_EQ(s.st_gid, group.value_or(0)) << path;
      EXPECT_EQ(s.st_size, 0) << path;
      EXPECT_NE(s.st_mtime, 0) << path;
    }
  }
}

/// What a process with this user and group gets: "R" where it may read, "W" where it may write.
std::string rights_of(uid_t user, gid_t group, const std::string& path) {
  Process process([&] {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(group, group, group) != 0 ||
        ::setresuid(user, user, user) != 0) {
      return 100;
    }
    const int reads = ::open(path.c_str(), O_RDONLY) >= 0 ? 1 : 0;
    const bool refused = errno == EACCES;
    const int writes = ::open(path.c_str(), O_WRONLY) >= 0 ? 2 : 0;
    if (reads == 0 && !refused) return 101;
    return reads + writes;
  });
  switch (const int answer = process.wait()) {
    case 0:
      return "";
    case 1:
      return "R";
    case 3:
      return "RW";
    default:
      return std::to_string(answer);
  }
}

TEST_F(Files, LetInWhomTheirModesLetIn) {
  constexpr uid_t kSomebody = 12345;
  constexpr gid_t kGroup = 4711, kOther = 4712;
  {
    const Served served(scratch / "rv", kGroup);
    EXPECT_EQ(rights_of(kSomebody, kGroup, served / "enabled_monitors"), "R");
    EXPECT_EQ(rights_of(kSomebody, kGroup, served / "monitors/wwnr/desc"), "R");
    EXPECT_EQ(rights_of(kSomebody, kOther, served / "enabled_monitors"), "");
    EXPECT_EQ(rights_of(0, kOther, served / "enabled_monitors"), "RW");
  }
  const Served served(scratch / "rv");
  EXPECT_EQ(rights_of(kSomebody, kGroup, served / "enabled_monitors"), "");
  EXPECT_EQ(rights_of(0, kOther, served / "enabled_monitors"), "RW");
  // From outside it can be looked at, as any folder that one may not enter.
  Process looks([&] {
    struct stat s {};
    return ::setresuid(kSomebody, kSomebody, kSomebody) != 0 ? 2
           : ::stat(served.root.c_str(), &s) == 0            ? 0
                                                             : 1;
  });
  EXPECT_EQ(looks.wait(), 0);
}

TEST_F(Files, CannotBeChangedAsFiles) {
  const Served served(scratch / "rv");
  const std::string file = served / "monitors/wwnr/enable";
  const auto after = [](int answer) { return errno_after(answer); };
  EXPECT_EQ(after(::chmod(file.c_str(), 0666)), EPERM);
  EXPECT_EQ(after(::chown(file.c_str(), 1, 1)), EPERM);
  EXPECT_EQ(after(::utimes(file.c_str(), nullptr)), EPERM);
  EXPECT_EQ(after(::chmod(served.root.c_str(), 0777)), EPERM);
  EXPECT_EQ(after(::link(file.c_str(), (served / "link").c_str())), EPERM);
  EXPECT_EQ(after(::mknod((served / "node").c_str(), S_IFREG | 0600, 0)), EPERM);
  EXPECT_EQ(after(::mkfifo((served / "fifo").c_str(), 0600)), EPERM);
  const UniqueFd fd = open_file(file, O_WRONLY);
  EXPECT_EQ(after(::ftruncate(fd.get(), 0)), 0);
  EXPECT_EQ(after(::ftruncate(fd.get(), 100)), 0);
  EXPECT_EQ(after(::fchmod(fd.get(), 0666)), EPERM);
  struct stat s {};
  ASSERT_EQ(::fstat(fd.get(), &s), 0);
  EXPECT_EQ(s.st_size, 0);
  EXPECT_EQ(s.st_mode & 07777U, 0640U);
}

TEST_F(Files, TruncatingByPathDisablesNothing) {
  const Served served(scratch / "rv");
  ASSERT_EQ(append(served / "enabled_monitors", "wip"), 0);
  ASSERT_EQ(::truncate((served / "enabled_monitors").c_str(), 0), 0);
  EXPECT_EQ(read_file(served / "enabled_monitors"), "wip\n");
  // Nor does it with O_TRUNC, where nothing is to be written.
  EXPECT_TRUE(open_file(served / "enabled_monitors", O_RDONLY | O_TRUNC));
  EXPECT_EQ(read_file(served / "enabled_monitors"), "wip\n");
  EXPECT_TRUE(open_file(served / "enabled_monitors", O_RDWR | O_TRUNC));
  EXPECT_EQ(read_file(served / "enabled_monitors"), "");
}

TEST_F(Files, EachWriteIsACommandWhereverItStands) {
  Served served(scratch / "rv");
  const UniqueFd fd = open_file(served / "enabled_monitors", O_RDWR);
  EXPECT_EQ(::write(fd.get(), "wip\n", 4), 4);
  EXPECT_EQ(::write(fd.get(), "wwnr\n", 5), 5);
  EXPECT_EQ(read_file(served / "enabled_monitors"), "wip\nwwnr\n");
  EXPECT_EQ(::pwrite(fd.get(), "!wip\n", 5, 1000), 5);
  EXPECT_EQ(read_file(served / "enabled_monitors"), "wwnr\n");
  EXPECT_EQ(errno_after(::write(fd.get(), "nosuch\n", 7)), EINVAL);
  EXPECT_EQ(::write(fd.get(), "!wwnr\n", 6), 6);
  EXPECT_EQ(read_file(served / "enabled_monitors"), "");
  // As a whole, however long: were it cut, its beginning would be a boolean.
  const std::string half_a_megabyte(512U << 10, '1');
  EXPECT_EQ(errno_after(::write(fd.get(), half_a_megabyte.data(), half_a_megabyte.size())), EINVAL);
  const UniqueFd enable = open_file(served / "monitors/wip/enable", O_WRONLY);
  EXPECT_EQ(::write(enable.get(), half_a_megabyte.data(), half_a_megabyte.size()),
            static_cast<ssize_t>(half_a_megabyte.size()));
  served.stop();
  const auto& calls = served.tree.instrumentation.calls;
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "attach 1 nop on"), 2);
}

TEST_F(Files, AReaderSeesTheStateOfItsBeginning) {
  const Served served(scratch / "rv");
  ASSERT_EQ(append(served / "enabled_monitors", "wip"), 0);
  ASSERT_EQ(append(served / "enabled_monitors", "wwnr"), 0);
  const UniqueFd fd = open_file(served / "enabled_monitors", O_RDONLY);
  EXPECT_EQ(read_once(fd.get(), 2), "wi");
  ASSERT_EQ(append(served / "enabled_monitors", "!wip"), 0);
  EXPECT_EQ(read_all(fd.get()), "p\nwwnr\n");
  ASSERT_EQ(::lseek(fd.get(), 0, SEEK_SET), 0);
  EXPECT_EQ(read_all(fd.get()), "wwnr\n");
}

TEST_F(Files, AreAlwaysReadyForPoll) {
  const Served served(scratch / "rv");
  const UniqueFd fd = open_file(served / "monitoring_on", O_RDWR);
  pollfd asked{fd.get(), POLLIN | POLLOUT, 0};
  ASSERT_EQ(::poll(&asked, 1, 0), 1);
  EXPECT_EQ(asked.revents, POLLIN | POLLOUT);
}

TEST_F(Files, GoWithTheirMonitorAtOnceAndComeBackWithIt) {
  Served served(scratch / "rv");
  const std::string enable = served / "monitors/late/enable";
  const auto folders = [&] {
    std::set<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR*)> all(::opendir((served / "monitors").c_str()),
                                                  ::closedir);
    while (const dirent* entry = ::readdir(all.get())) {
      EXPECT_EQ(entry->d_type, DT_DIR) << entry->d_name;
      names.insert(entry->d_name);
    }
    return names;
  };
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(read_file(enable), "open ENOENT");
    served.tree.add("late");
    EXPECT_EQ(folders(), (std::set<std::string>{".", "..", "wip", "wwnr", "late"}));
    EXPECT_EQ(read_file(enable), "0\n");
    const UniqueFd open_before = open_file(enable, O_RDWR);
    ASSERT_TRUE(served.tree.registry.unregister_monitor("late"));
    EXPECT_EQ(folders(), (std::set<std::string>{".", "..", "wip", "wwnr"}));
    struct stat s {};
    EXPECT_EQ(errno_after(::stat(enable.c_str(), &s)), ENOENT);
    EXPECT_EQ(errno_after(::stat((served / "monitors/late").c_str(), &s)), ENOENT);
    EXPECT_EQ(read_once(open_before.get()), "ENOENT");
    EXPECT_EQ(errno_after(::write(open_before.get(), "1", 1)), ENOENT);
  }
}

TEST_F(Files, AnErrorOfAttachingIsTheWriters) {
  Served served(scratch / "rv");
  served.pause();
  served.tree.instrumentation.failing.insert(1);
  served.go_on();
  EXPECT_EQ(append(served / "monitors/wip/enable", "1"), EBUSY);
  EXPECT_EQ(read_file(served / "monitors/wip/enable"), "0\n");
  EXPECT_NE(read_file(served / "error_log").find("no room for it"), std::string::npos);
}

TEST_F(Files, AreOnAFileSystemThatSaysWhatItIs) {
  const Served served(scratch / "rv");
  struct statfs s {};
  ASSERT_EQ(::statfs(served.root.c_str(), &s), 0);
  EXPECT_EQ(s.f_type, 0x65735546);  // FUSE
  EXPECT_EQ(s.f_namelen, 255);
  const std::string mount = mounted_on(served.root);
  EXPECT_TRUE(mount.starts_with("fuse.swerve swerve ")) << mount;
  for (const char* option : {"nosuid", "nodev", "noexec"}) {
    EXPECT_NE(mount.find(option), std::string::npos) << mount;
  }
}

TEST_F(Files, AThousandMonitorsAreListedAndRead) {
  constexpr int kMonitors = 1000;
  Served served(scratch / "rv");
  served.pause();
  std::string expected = "wip\nwwnr\n";
  for (int i = 0; i < kMonitors; ++i) {
    served.tree.add(cat("m", i));
    expected += cat("m", i, "\n");
  }
  served.go_on();

  const UniqueFd fd = open_file(served / "available_monitors", O_RDONLY);
  std::string in_pieces;
  for (std::string piece; !(piece = read_once(fd.get(), 100)).empty();) in_pieces += piece;
  EXPECT_EQ(in_pieces, expected);
  EXPECT_EQ(read_file(served / "available_monitors"), expected);

  std::set<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir((served / "monitors").c_str()),
                                                   ::closedir);
  int entries = 0;
  while (const dirent* entry = ::readdir(folder.get())) {
    names.insert(entry->d_name);
    ++entries;
  }
  EXPECT_EQ(entries, kMonitors + 4);
  EXPECT_EQ(names.size(), kMonitors + 4U);
  EXPECT_EQ(read_file(served / "monitors/m999/desc"), "for tests\n");
  EXPECT_EQ(append(served / "enabled_monitors", "m999"), 0);
  EXPECT_EQ(read_file(served / "enabled_monitors"), "m999\n");
}

// Several threads at the mount at once, while monitors come and go under them.
TEST_F(Files, ManyThreadsReadAndWrite) {
  constexpr int kThreads = 4;
  constexpr int kOperations = 3000;  // of each thread
  Served served(scratch / "rv");
  std::atomic<int> running{kThreads};
  std::jthread changing([&] {
    for (bool there = false; running != 0; there = !there) {
      if (there) {
        EXPECT_TRUE(served.tree.registry.unregister_monitor("late"));
      } else {
        served.tree.add("late");
      }
      std::this_thread::yield();
    }
    (void)served.tree.registry.unregister_monitor("late");
  });
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const std::vector<std::string> monitors = {"wip", "wwnr", "late"};
      unsigned drawn = static_cast<unsigned>(t);
      for (int i = 0; i < kOperations; ++i) {
        drawn = drawn * 1103515245U + 12345U;
        const std::string& name = monitors[drawn / 65536 % monitors.size()];
        const std::string folder = served / ("monitors/" + name + "/");
        const bool may_be_gone = name == "late";
        int answer = 0;
        std::string text;
        switch (drawn / (65536 * 8) % 6) {
          case 0:
            answer = append(folder + "enable", i % 2 == 0 ? "1" : "0");
            break;
          case 1:
            answer = append(served / "enabled_monitors", (i % 2 == 0 ? "" : "!") + name);
            break;
          case 2:
            answer = append(folder + "reactors", i % 2 == 0 ? "printk" : "nop");
            break;
          case 3:
            text = read_file(folder + "enable");
            EXPECT_TRUE(text == "0\n" || text == "1\n" || (may_be_gone && text.ends_with("ENOENT")))
                << text;
            break;
          case 4:
            text = read_file(served / "enabled_monitors");
            EXPECT_TRUE(text.empty() || text.ends_with("\n")) << text;
            break;
          default: {
            const UniqueFd fd = open_file(folder + "trace_pipe", O_RDONLY | O_NONBLOCK);
            EXPECT_TRUE(fd || may_be_gone);
            if (fd) {
              EXPECT_EQ(read_once(fd.get()), "EAGAIN");
            }
          }
        }
        const bool right = answer == 0 || (may_be_gone && (answer == ENOENT || answer == EINVAL));
        EXPECT_TRUE(right) << name << ": " << std::strerror(answer);
      }
      --running;
    });
  }
  for (auto& thread : threads) thread.join();
  changing.join();
  EXPECT_EQ(append(served / "monitors/wip/enable", "1"), 0);
  EXPECT_EQ(read_file(served / "monitors/wip/enable"), "1\n");
  // What was open is closed: nobody wants steps any more.
  EXPECT_TRUE(fake::eventually([&] { return !served.tree.streams.wants_steps(); }));
}

}  // namespace
}  // namespace swerve::mounted
