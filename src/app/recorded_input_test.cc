#include "app/recorded_input.h"

#include <gtest/gtest.h>

#include "react/folder_for_test.h"

namespace swerve {
namespace {

std::string shipped() { return std::string(SWERVE_SOURCE_DIR) + "/monitors"; }

// The kernel's types were loaded for every check: 20 MB and most of the time of a small one.
TEST(ReadDefinitions, NeedsNoTypesOfTheKernelForWhatATableHas) {
  for (const char* const name : {"wwnr", "rwfs"}) {
    const auto read = read_definitions({name}, {shipped()});
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->base, nullptr) << name;
    EXPECT_TRUE(read->known());
    EXPECT_TRUE(read->problems().empty());
  }
}

TEST(ReadDefinitions, AsksTheKernelForTheRest) {
  const FolderForTest folder;
  std::ofstream(folder.path("m.dot"))
      << R"(digraph m { "__init_a" -> "a"; "a" [shape = doublecircle];
                                       "a" -> "a" [label = "e"]; })";
  std::ofstream(folder.path("m.toml")) << R"(
name = "m"
description = "a member that no table has"
scope = "global"
model = "m.dot"
[[on]]
probe = "tracepoint:sched_wakeup"
event = "e"
when = "p->nr_cpus_allowed > 1"
start_run = true
)";
  const auto read = read_definitions({folder.path("m.toml")}, {});
  ASSERT_TRUE(read) << read.error().message();
  if (read->base == nullptr) GTEST_SKIP() << "this kernel has no BTF";
  EXPECT_TRUE(read->problems().empty());
}

}  // namespace
}  // namespace swerve
