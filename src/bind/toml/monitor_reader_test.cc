#include "bind/toml/monitor_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace swerve {
namespace {

using testing::ElementsAre;

constexpr const char* kDefinition =
    "name = 'm'\ndescription = 'd'\nscope = 'global'\nmodel = 'm.dot'\n"
    "[[on]]\nprobe = 'tracepoint:sched_switch'\nevent = 'e'\nstart = true\n";
constexpr const char* kModel =
    "digraph state_automaton {\n{node [shape = plaintext] \"__init_a\"};\n\"__init_a\" -> \"a\";\n"
    "\"a\" -> \"a\" [ label = \"e\" ];\n}\n";

/// Files by name; remembers which were asked for.
struct Files {
  std::map<std::string, std::string> texts;
  std::vector<std::string> asked;
  FileReader reader() {
    return [this](const std::string& path, std::size_t limit) -> Result<std::string> {
      asked.push_back(path);
      const auto found = texts.find(path);
      if (found == texts.end()) return Error::from_errno(EPERM, path);
      EXPECT_LE(found->second.size(), limit);
      return found->second;
    };
  }
};

TEST(ReadMonitor, TakesBothFilesFromTheReaderAndTheModelFromBesideTheDefinition) {
  Files files{{{"/d/m.toml", kDefinition}, {"/d/m.dot", kModel}}, {}};
  std::optional<Error> error;
  const ReadMonitor read = read_monitor("/d/m.toml", files.reader(), &error);
  EXPECT_THAT(read.diagnostics, ElementsAre());
  EXPECT_FALSE(error);
  ASSERT_TRUE(read.definition && read.model);
  EXPECT_EQ(read.definition->name, "m");
  EXPECT_THAT(files.asked, ElementsAre("/d/m.toml", "/d/m.dot"));
}

TEST(ReadMonitor, SaysWhichFileCannotBeReadAndHandsTheErrorOn) {
  Files files;
  std::optional<Error> error;
  const ReadMonitor none = read_monitor("/d/m.toml", files.reader(), &error);
  ASSERT_EQ(none.diagnostics.size(), 1U);
  EXPECT_EQ(none.diagnostics[0].to_string(),
            "/d/m.toml: error: /d/m.toml: Operation not permitted");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->os_errno(), EPERM);

  files.texts["/d/m.toml"] = kDefinition;
  error.reset();
  const ReadMonitor half = read_monitor("/d/m.toml", files.reader(), &error);
  EXPECT_FALSE(half.model);
  ASSERT_EQ(half.diagnostics.size(), 1U);
  EXPECT_EQ(half.diagnostics[0].place.line, 4U) << "the place of the model's name";
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::denied);
}

TEST(ReadMonitor, ReadsFilesByItself) {
  std::optional<Error> error;
  const ReadMonitor none = read_monitor("/no/such/m.toml", nullptr, &error);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->os_errno(), ENOENT);
  const ReadMonitor shipped = read_monitor(SWERVE_SOURCE_DIR "/monitors/wwnr/wwnr.toml");
  EXPECT_TRUE(shipped.definition && shipped.model);
  EXPECT_THAT(shipped.diagnostics, ElementsAre());
}

}  // namespace
}  // namespace swerve
