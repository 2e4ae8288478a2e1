#include "base/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <cstdio>

namespace swerve {
namespace {

TEST(Cat, JoinsTextsCharactersAndNumbers) {
  EXPECT_EQ(cat("cpu ", 3, ':', std::string("x"), -1, std::uint64_t{18446744073709551615ULL}),
            "cpu 3:x-118446744073709551615");
  EXPECT_EQ(cat(), "");
}

TEST(Join, PutsTheSeparatorBetween) {
  EXPECT_EQ(join({}), "");
  EXPECT_EQ(join({"a"}), "a");
  EXPECT_EQ(join({"a", "", "b"}), "a, , b");
  EXPECT_EQ(join({"a", "b"}, "|"), "a|b");
}

struct Escaped {
  const char* name;
  std::string text, escaped, json;
};
void PrintTo(const Escaped& c, std::ostream* os) { *os << c.name; }

class Escape : public testing::TestWithParam<Escaped> {};

TEST_P(Escape, MakesTextSafe) {
  EXPECT_EQ(escape(GetParam().text), GetParam().escaped);
  EXPECT_EQ(json_string(GetParam().text), GetParam().json);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Escape,
    testing::Values(
        Escaped{"Plain", "bash 1", "bash 1", "\"bash 1\""}, Escaped{"Empty", "", "", "\"\""},
        Escaped{"Newline", "a\nb\tc\r", "a\\nb\\tc\\x0d", R"("a\u000ab\u0009c\u000d")"},
        Escaped{"Backslash", "a\\nb", "a\\\\nb", R"("a\\nb")"},
        Escaped{"Quote", "say \"x\"", "say \"x\"", R"("say \"x\"")"},
        Escaped{"TerminalSequence", "\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m",
                R"("\u001b[31mred\u001b[0m")"},
        Escaped{"Delete", "\x7f", "\\x7f", R"("\u007f")"},
        Escaped{"Nul", std::string("a\0b", 3), "a\\x00b", R"("a\u0000b")"},
        Escaped{"TwoThreeAndFourByteCharacters", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
                "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
        Escaped{"C1Control",
                "\xc2\x9b"
                "31m",
                "\\xc2\\x9b31m", R"("\u009b31m")"},
        Escaped{"LoneContinuation",
                "a\x80"
                "b",
                "a\\x80b", R"("a\ufffdb")"},
        Escaped{"CutSequence", "\xe2\x82", "\\xe2\\x82", R"("\ufffd\ufffd")"},
        Escaped{"SequenceBrokenByALetter", "\xe2\x82x", "\\xe2\\x82x", R"("\ufffd\ufffdx")"},
        Escaped{"Overlong", "\xc0\xaf", "\\xc0\\xaf", R"("\ufffd\ufffd")"},
        Escaped{"Surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80", R"("\ufffd\ufffd\ufffd")"},
        Escaped{"BeyondUnicode", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80",
                R"("\ufffd\ufffd\ufffd\ufffd")"},
        Escaped{"NeverInUtf8", "\xff\xfe", "\\xff\\xfe", R"("\ufffd\ufffd")"}),
    [](const auto& test) { return std::string(test.param.name); });

RC_GTEST_PROP(EscapeProperty, NothingUnsafeIsLeftAndASecondPassOnlyDoublesBackslashes, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  const std::string safe = escape(text);
  for (const char c : safe) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  std::string doubled;
  for (const char c : safe) doubled += c == '\\' ? "\\\\" : std::string(1, c);
  RC_ASSERT(escape(safe) == doubled);
}

TEST(JsonObject, KeepsTheOrderOfItsMembers) {
  EXPECT_EQ(JsonObject().str(), "{}");
  EXPECT_EQ(JsonObject()
                .text("t", "x\"")
                .number("n", 18446744073709551615ULL)
                .integer("i", -1)
                .boolean("b", true)
                .texts("l", {"a", "b"})
                .texts("e", {})
                .raw("r", "[1]")
                .str(),
            R"({"t":"x\"","n":18446744073709551615,"i":-1,"b":true,"l":["a","b"],"e":[],"r":[1]})");
}

TEST(Pad, FillsUpToTheWidthInCharacters) {
  EXPECT_EQ(pad_left("ab", 4), "  ab");
  EXPECT_EQ(pad_right("ab", 4), "ab  ");
  EXPECT_EQ(pad_left("abcd", 3), "abcd");
  EXPECT_EQ(pad_right("\u00e4\u20ac", 4), "\u00e4\u20ac  ");
}

class ReadFile : public testing::Test {
 protected:
  ReadFile() {
    const int fd = ::mkstemp(path_.data());
    EXPECT_EQ(::write(fd, "12345\0", 6), 6);
    ::close(fd);
  }
  ~ReadFile() override { ::unlink(path_.c_str()); }
  std::string path_ = testing::TempDir() + "read_file_XXXXXX";
};

TEST_F(ReadFile, GivesAllBytes) { EXPECT_EQ(read_file(path_).value(), std::string("12345\0", 6)); }

TEST_F(ReadFile, RefusesMoreThanTheLimit) {
  EXPECT_EQ(read_file(path_, 6).value().size(), 6U);
  const Result<std::string> longer = read_file(path_, 5);
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().message(), path_ + ": longer than the limit of 5 bytes");
  EXPECT_EQ(longer.error().code(), ErrorCode::exhausted);
}

TEST(ReadFileErrors, NameTheFileAndTheReason) {
  EXPECT_EQ(read_file("/no/such/file").error().message(),
            "/no/such/file: No such file or directory");
  EXPECT_EQ(read_file("/").error().message(), "/: Is a directory");
}

}  // namespace
}  // namespace swerve
