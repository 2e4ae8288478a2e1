#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "control/live/trusted_file.h"

namespace swerve {
namespace {
namespace fs = std::filesystem;

constexpr std::size_t kLimit = 1000;
constexpr uid_t kNobody = 65534;

/// A folder of root's in /tmp, with a file in a folder in it. Giving files away needs root.
class TrustedFile : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    std::string name = "/tmp/swerve_trust_XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    home_ = name;
    ASSERT_EQ(::chmod(home_.c_str(), 0755), 0);
    fs::create_directory(home_ / "in");
    file_ = home_ / "in" / "file";
    std::ofstream(file_) << "text\n";
    ASSERT_EQ(::chmod((home_ / "in").c_str(), 0755), 0);
    ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);
  }
  void TearDown() override {
    if (!home_.empty()) fs::remove_all(home_);
  }

  static void expect_text(const fs::path& path) {
    const Result<std::string> text = read_trusted_file(path, kLimit);
    ASSERT_TRUE(text) << text.error().message();
    EXPECT_EQ(*text, "text\n");
  }
  static void expect_refused(const fs::path& path, int os_errno, const std::string& words) {
    const Result<std::string> text = read_trusted_file(path, kLimit);
    ASSERT_FALSE(text) << path;
    EXPECT_EQ(text.error().os_errno(), os_errno) << text.error().message();
    EXPECT_NE(text.error().message().find(words), std::string::npos) << text.error().message();
  }

  fs::path home_, file_;
};

TEST_F(TrustedFile, OfRootInFoldersOfRootBelowTmpIsRead) { expect_text(file_); }

TEST_F(TrustedFile, MustNotBeWritableByOthers) {
  for (const mode_t mode : {0664U, 0646U, 0666U}) {
    ASSERT_EQ(::chmod(file_.c_str(), mode), 0);
    expect_refused(file_, EPERM, "others than root may write it");
  }
}

TEST_F(TrustedFile, MustBeOfRoot) {
  ASSERT_EQ(::chown(file_.c_str(), kNobody, 0), 0);
  expect_refused(file_, EPERM, "the owner is not root");
}

TEST_F(TrustedFile, ItsFolderMustBeOfRootAndWritableByNobodyElse) {
  for (const mode_t mode : {0775U, 0757U, 0777U, 01777U, 01775U}) {
    ASSERT_EQ(::chmod(file_.parent_path().c_str(), mode), 0);
    expect_refused(file_, EPERM, file_.parent_path().string());
  }
  ASSERT_EQ(::chmod(file_.parent_path().c_str(), 0755), 0);
  ASSERT_EQ(::chown(file_.parent_path().c_str(), kNobody, 0), 0);
  expect_refused(file_, EPERM, "the owner is not root");
}

TEST_F(TrustedFile, FoldersAboveMustBeSoTooOrSticky) {
  ASSERT_EQ(::chmod(home_.c_str(), 0777), 0);
  expect_refused(file_, EPERM, home_.string());
  ASSERT_EQ(::chmod(home_.c_str(), 01777), 0);
  expect_text(file_);
  ASSERT_EQ(::chown(home_.c_str(), kNobody, 0), 0);
  expect_refused(file_, EPERM, "the owner is not root");
}

TEST_F(TrustedFile, LinksOfRootLeadToTheTargetWhichIsAsked) {
  const fs::path absolute = home_ / "absolute", relative = home_ / "relative";
  fs::create_symlink(file_, absolute);
  fs::create_symlink("in/../in/file", relative);
  fs::create_directory_symlink("in", home_ / "folder");
  for (const fs::path& link : {absolute, relative, home_ / "folder" / "file"}) {
    expect_text(link);
    ASSERT_EQ(::chmod(file_.c_str(), 0666), 0);
    expect_refused(link, EPERM, "others than root may write it");
    ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);
    ASSERT_EQ(::chmod(file_.parent_path().c_str(), 0777), 0);
    expect_refused(link, EPERM, "others than root may write it");
    ASSERT_EQ(::chmod(file_.parent_path().c_str(), 0755), 0);
  }
}

TEST_F(TrustedFile, ALinkOfSomebodyElseIsRefused) {
  const fs::path link = home_ / "link";
  fs::create_symlink(file_, link);
  ASSERT_EQ(::lchown(link.c_str(), kNobody, 0), 0);
  expect_refused(link, EPERM, "the link is not root's");
}

TEST_F(TrustedFile, LinksInACircleEnd) {
  fs::create_symlink("b", home_ / "a");
  fs::create_symlink("a", home_ / "b");
  expect_refused(home_ / "a", ELOOP, "a");
}

TEST_F(TrustedFile, OnlyRegularFilesAreRead) {
  expect_refused("/", EISDIR, "/");
  expect_refused(home_ / "in", EISDIR, "in");
  expect_refused("/dev/null", EPERM, "");
  const fs::path pipe = home_ / "in" / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  expect_refused(pipe, EPERM, "not a regular file");
  expect_refused(file_ / "more", ENOTDIR, "file");
}

TEST_F(TrustedFile, SaysWhatIsNotThereAndWhatIsTooLong) {
  expect_refused(home_ / "none", ENOENT, "none");
  expect_refused(home_ / "none" / "file", ENOENT, "none");
  expect_refused("in/file", EINVAL, "give the whole path");
  expect_refused("", EINVAL, "give the whole path");
  std::ofstream(file_) << std::string(kLimit, 'x');
  ASSERT_TRUE(read_trusted_file(file_, kLimit));
  std::ofstream(file_, std::ios::app) << 'x';
  const Result<std::string> text = read_trusted_file(file_, kLimit);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code(), ErrorCode::exhausted);
  EXPECT_EQ(text.error().message().find("/proc"), std::string::npos) << text.error().message();
}

TEST_F(TrustedFile, DotsAndSlashesAreFollowed) {
  expect_text(home_.string() + "//in/./../in///file");
  fs::create_directory_symlink("/", home_ / "root");
  expect_text((home_ / "root").string() + file_.string());
}

}  // namespace
}  // namespace swerve
