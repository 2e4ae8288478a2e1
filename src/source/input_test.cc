#include "source/input.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string_view>
#include <thread>
#include <utility>

#include "source/line_reader.h"

namespace swerve {
namespace {

namespace fs = std::filesystem;

std::string text_of_result(const Result<std::string_view>& r) {
  return r ? std::string(*r) : "error: " + r.error().message();
}

std::string read_all(Input& input, std::size_t piece) {
  std::string all, part(piece, '\0');
  for (;;) {
    const Result<std::size_t> got = input.read(part.data(), piece);
    if (!got) return all + "error: " + got.error().message();
    all.append(part, 0, *got);
    if (*got < piece) return all;
  }
}

class InputTest : public testing::Test {
 protected:
  InputTest() {
    std::string name = (fs::temp_directory_path() / "swerve-input-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~InputTest() override { fs::remove_all(folder_); }

  std::string file(const std::string& content) {
    const std::string name = folder_ / "f";
    std::ofstream(name, std::ios::binary) << content;
    return name;
  }
  fs::path folder_;
};

TEST_F(InputTest, GivesAFileInPiecesOfAnySize) {
  const std::string content(100'000, 'x');
  for (const std::size_t piece : {1000UL, 1UL << 20, 99'999UL}) {
    auto input = open_input(file(content));
    ASSERT_TRUE(input);
    EXPECT_EQ((*input)->total(), content.size());
    EXPECT_EQ(read_all(**input, piece), content);
    EXPECT_EQ((*input)->taken(), content.size());
    char more = 0;
    EXPECT_EQ((*input)->read(&more, 1).value(), 0U);
  }
}

TEST_F(InputTest, WhatWasPeekedIsReadAgain) {
  auto input = open_input(file("abcdefgh")).value();
  EXPECT_EQ(text_of_result(input->peek(3)), "abc");
  EXPECT_EQ(text_of_result(input->peek(2)), "ab");
  EXPECT_EQ(text_of_result(input->peek(5)), "abcde");
  EXPECT_EQ(text_of_result(input->peek(500)), "abcdefgh");
  EXPECT_EQ(read_all(*input, 3), "abcdefgh");
}

TEST_F(InputTest, PeekGivesAtMost64KiB) {
  auto input = open_input(file(std::string(70'000, 'y'))).value();
  EXPECT_EQ(input->peek(70'000).value().size(), 65'536U);
  EXPECT_EQ(read_all(*input, 70'001).size(), 70'000U);
}

TEST_F(InputTest, AFileCanBeReadTwice) {
  auto input = open_input(file("once")).value();
  EXPECT_TRUE(input->can_rewind());
  EXPECT_EQ(text_of_result(input->peek(2)), "on");
  EXPECT_EQ(read_all(*input, 10), "once");
  ASSERT_TRUE(input->rewind());
  EXPECT_EQ(input->taken(), 0U);
  EXPECT_EQ(text_of_result(input->peek(2)), "on");
  EXPECT_EQ(read_all(*input, 10), "once");
}

TEST_F(InputTest, AnEmptyFileHasNothing) {
  auto input = open_input(file("")).value();
  EXPECT_EQ(text_of_result(input->peek(10)), "");
  EXPECT_EQ(input->mapped(), "");
  EXPECT_EQ(read_all(*input, 10), "");
}

TEST_F(InputTest, AFileIsInMemoryWhole) {
  auto input = open_input(file("in memory")).value();
  EXPECT_EQ(input->mapped(), "in memory");
  EXPECT_EQ(read_all(*input, 10), "in memory");
  EXPECT_FALSE(input->cut_short());
}

// Reading a page that a mapped file no longer has is a SIGBUS, and would end the process.
TEST_F(InputTest, AMappedFileThatIsCutShortIsReadAsZerosAndSaysSo) {
  const std::string name = file(std::string(40'000, 'z'));
  auto input = open_input(name).value();
  const std::string_view all = input->mapped();
  ASSERT_EQ(all.size(), 40'000U);
  EXPECT_EQ(all[39'999], 'z');
  ASSERT_EQ(::truncate(name.c_str(), 5000), 0);
  EXPECT_EQ(all[4999], 'z');
  EXPECT_EQ(all[39'999], '\0');
  EXPECT_EQ(all[20'000], '\0');
  EXPECT_TRUE(input->cut_short());
}

TEST_F(InputTest, AFileThatIsCutShortEndsEarlyWhenItIsRead) {
  const std::string name = file(std::string(40'000, 'z'));
  auto input = open_input(name).value();
  ASSERT_EQ(::truncate(name.c_str(), 5000), 0);
  EXPECT_EQ(read_all(*input, 1000).size(), 5000U);
}

TEST_F(InputTest, APipeIsReadOnce) {
  const std::string name = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(name.c_str(), 0600), 0);
  std::thread writer([&] {
    std::ofstream out(name);
    out << std::string(70'000, 'a') << std::flush;
    out << std::string(70'000, 'b');
  });
  {
    auto input = open_input(name).value();
    EXPECT_FALSE(input->can_rewind());
    EXPECT_EQ(input->mapped(), "");
    EXPECT_EQ(input->total(), 0U);
    EXPECT_EQ(text_of_result(input->peek(4)), "aaaa");
    EXPECT_EQ(read_all(*input, 100'000), std::string(70'000, 'a') + std::string(70'000, 'b'));
    const Result<> again = input->rewind();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), ErrorCode::unsupported);
  }
  writer.join();
}

/// A pipe, and its reading end as an input.
struct Pipe {
  Pipe() {
    int ends[2] = {};
    EXPECT_EQ(::pipe(ends), 0);
    input = open_input("/proc/self/fd/" + std::to_string(ends[0])).value();
    ::close(ends[0]);
    to = ends[1];
  }
  ~Pipe() { end(); }
  void write(std::string_view text) {
    EXPECT_EQ(::write(to, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void end() {
    if (to >= 0) ::close(std::exchange(to, -1));
  }
  std::unique_ptr<Input> input;
  int to = -1;
};

TEST_F(InputTest, WhatAPipeHasIsThereBeforeTheRest) {
  Pipe pipe;
  EXPECT_TRUE(pipe.input->would_wait());
  pipe.write("abcdef");
  EXPECT_FALSE(pipe.input->would_wait());
  EXPECT_EQ(text_of_result(pipe.input->peek_some(100, 1)), "abcdef");
  EXPECT_EQ(text_of_result(pipe.input->peek_some(100, 6)), "abcdef");
  EXPECT_EQ(text_of_result(pipe.input->peek(4)), "abcd");
  EXPECT_FALSE(pipe.input->would_wait());  // what was peeked is to be read
  char bytes[100];
  EXPECT_EQ(pipe.input->read_some(bytes, 2).value(), 2U);
  EXPECT_EQ(pipe.input->read_some(bytes, 100).value(), 4U);
  EXPECT_TRUE(pipe.input->would_wait());
  pipe.write("gh");
  EXPECT_EQ(pipe.input->read_some(bytes, 100).value(), 2U);
  pipe.end();
  EXPECT_FALSE(pipe.input->would_wait());  // the end is there at once
  EXPECT_EQ(pipe.input->read_some(bytes, 100).value(), 0U);
  EXPECT_FALSE(pipe.input->would_wait());
}

TEST_F(InputTest, AFileIsNeverWaitedFor) {
  auto input = open_input(file("ab")).value();
  EXPECT_FALSE(input->would_wait());
  EXPECT_EQ(read_all(*input, 10), "ab");
  EXPECT_FALSE(input->would_wait());
}

TEST_F(InputTest, TheLinesOfAPipeAreGivenAsTheyCome) {
  Pipe pipe;
  LineReader lines(*pipe.input);
  LineReader::Line line;
  EXPECT_TRUE(lines.would_wait());
  pipe.write("one\ntwo\nthr");
  EXPECT_FALSE(lines.would_wait());
  EXPECT_TRUE(lines.next(line).value());
  EXPECT_EQ(line.text, "one");
  EXPECT_FALSE(lines.would_wait());
  EXPECT_TRUE(lines.next(line).value());
  EXPECT_EQ(line.text, "two");
  EXPECT_TRUE(lines.would_wait());  // the third is not whole
  pipe.write("ee\n");
  EXPECT_TRUE(lines.next(line).value());
  EXPECT_EQ(line.text, "three");
  pipe.end();
  EXPECT_FALSE(lines.next(line).value());
  EXPECT_FALSE(lines.would_wait());
}

// `(read line; swerve check x -) < file`
TEST_F(InputTest, StandardInputBeginsWhereItStands) {
  const int saved = ::dup(STDIN_FILENO);
  const int fd = ::open(file("line\nrest").c_str(), O_RDONLY);
  ::dup2(fd, STDIN_FILENO);
  ::close(fd);
  ::lseek(STDIN_FILENO, 5, SEEK_SET);
  {
    auto input = open_input("-").value();
    EXPECT_EQ(input->name(), "-");
    EXPECT_EQ(input->mapped(), "rest");
    EXPECT_EQ(input->total(), 4U);
    EXPECT_EQ(read_all(*input, 100), "rest");
    EXPECT_TRUE(input->rewind());
    EXPECT_EQ(read_all(*input, 100), "rest");
  }
  ::dup2(saved, STDIN_FILENO);
  ::close(saved);
}

TEST_F(InputTest, SaysWhyItCannotOpen) {
  const auto missing = open_input(folder_ / "nothing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::not_found);
  const auto folder = open_input(folder_);
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code(), ErrorCode::invalid);
  EXPECT_EQ(folder.error().message(), "a folder, not a file");
}

// The files of /proc say that they have 0 bytes.
TEST_F(InputTest, AFileOfTheSystemIsReadAsAPipe) {
  auto input = open_input("/proc/self/status").value();
  EXPECT_FALSE(input->can_rewind());
  EXPECT_THAT(read_all(*input, 1 << 16), testing::HasSubstr("Pid:"));
}

// A source that gives a few bytes and then an error.
class Broken final : public PeekableInput {
 public:
  explicit Broken(std::string good) : good_(std::move(good)) {}
  const std::string& name() const override { return name_; }
  bool can_rewind() const override { return true; }
  std::uint64_t taken() const override { return at_; }
  std::uint64_t total() const override { return 0; }

 private:
  Result<std::size_t> pull(char* to, std::size_t size) override {
    if (at_ == good_.size()) return Error(ErrorCode::io, "broken");
    const std::size_t got = good_.copy(to, std::min<std::size_t>(size, 3), at_);
    at_ += got;
    return got;
  }
  Result<> restart() override {
    at_ = 0;
    return {};
  }
  std::string name_, good_;
  std::size_t at_ = 0;
};

TEST(PeekableInput, GivesWhatCameBeforeAnErrorFirst) {
  Broken input("0123456789");
  EXPECT_EQ(input.peek(64).value(), "0123456789");
  char bytes[20];
  EXPECT_EQ(input.read(bytes, 20).value(), 10U);
  EXPECT_EQ(input.read(bytes, 20).error().message(), "broken");
  EXPECT_EQ(input.read(bytes, 20).error().message(), "broken");
  ASSERT_TRUE(input.rewind());
  EXPECT_EQ(input.read(bytes, 4).value(), 4U);
  EXPECT_EQ(input.read(bytes, 20).value(), 6U);
  EXPECT_EQ(input.read(bytes, 20).error().message(), "broken");
}

// Each line as "number:text", with '!' for a last one that has no end and '+' for one cut off.
std::vector<std::string> lines_of(std::string text, std::size_t longest = LineReader::kLongest) {
  const auto input = memory_input(std::move(text));
  LineReader reader(*input, longest);
  std::vector<std::string> out;
  LineReader::Line line;
  for (;;) {
    const Result<bool> more = reader.next(line);
    if (!more) return {"error: " + more.error().message()};
    if (!*more) return out;
    out.push_back(std::to_string(line.number) + ":" + std::string(line.text) +
                  (line.too_long ? "+" : "") + (line.ended ? "" : "!") +
                  (line.has_zero ? "0" : ""));
  }
}

TEST(LineReader, GivesLinesWithoutTheirEnds) {
  using testing::ElementsAre;
  EXPECT_THAT(lines_of(""), ElementsAre());
  EXPECT_THAT(lines_of("\n"), ElementsAre("1:"));
  EXPECT_THAT(lines_of("a\n\nb\n"), ElementsAre("1:a", "2:", "3:b"));
  EXPECT_THAT(lines_of("a\r\nb\rc\r\n"), ElementsAre("1:a", "2:b\rc"));
  EXPECT_THAT(lines_of("a\nb"), ElementsAre("1:a", "2:b!"));
  EXPECT_THAT(lines_of(std::string("a\0b\n", 4)), ElementsAre(std::string("1:a\0b0", 6)));
  EXPECT_THAT(lines_of(std::string("a\n\0\nb\nc\0\n\nd", 11)), ElementsAre("1:a",
                                                                           std::string("2:\0"
                                                                                       "0",
                                                                                       4),
                                                                           "3:b",
                                                                           std::string("4:c\0"
                                                                                       "0",
                                                                                       5),
                                                                           "5:", "6:d!"));
  EXPECT_THAT(lines_of(std::string("abcdef\0\nabc\n", 12), 3), ElementsAre("1:abc+0", "2:abc"));
}

TEST(LineReader, ALongLineIsCutOffAndTheNextIsWhole) {
  using testing::ElementsAre;
  EXPECT_THAT(lines_of("abcdef\nabc\n", 3), ElementsAre("1:abc+", "2:abc"));
  EXPECT_THAT(lines_of("abcdef", 3), ElementsAre("1:abc+!"));
  const std::string huge(10U << 20, 'x');
  const std::vector<std::string> lines = lines_of("a\n" + huge + "\nb\n" + huge);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[1].size(), LineReader::kLongest + 4);
  EXPECT_EQ(lines[2], "3:b");
}

TEST(LineReader, LinesAcrossBlocksAreWhole) {
  std::string text;
  std::vector<std::string> expected;
  for (int i = 0; text.size() < 3U << 20; ++i) {
    const std::string line(static_cast<std::size_t>(i * 7919 % 5000),
                           static_cast<char>('a' + i % 26));
    text += line + "\n";
    expected.push_back(std::to_string(i + 1) + ":" + line);
  }
  EXPECT_EQ(lines_of(text), expected);
}

}  // namespace
}  // namespace swerve
