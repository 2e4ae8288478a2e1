#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/text.h"
#include "control/live/loader.h"
#include "swerve/react/reactor.h"

namespace swerve {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Silent final : public VerdictSink {
 public:
  void on_step(const Step&) override {}
  void on_violation(const Violation&) override {}
};

/// A loader over an empty registry, and a folder of root's to load from.
class Loader : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/swerve_loader_XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    home_ = name;
    ASSERT_EQ(::chmod(home_.c_str(), 0755), 0);
    write("m.dot", R"(digraph m {
      "__init_a" -> "a"; "a" [shape = doublecircle];
      "a" -> "b" [label = "go"]; "b" -> "a" [label = "come"];
    })");
    auto catalog = KernelCatalog::load();
    ASSERT_TRUE(catalog) << catalog.error().message();
    catalog_ = *std::move(catalog);
    KernelInstrumentation::Hooks hooks;
    hooks.sink = &sink_;
    auto made = KernelInstrumentation::create(*catalog_, hooks, 1U << 16);
    ASSERT_TRUE(made) << made.error().message();
    instrumentation_ = *std::move(made);
    registry_.emplace(ReactorSet::standard(), reactions_);
    loader_.emplace(*catalog_, *instrumentation_, *registry_, streams_);
  }
  void TearDown() override {
    if (!home_.empty()) fs::remove_all(home_);
  }

  std::string write(const std::string& name, const std::string& text) const {
    const fs::path path = home_ / name;
    std::ofstream(path) << text;
    fs::permissions(path, fs::perms(0644));
    return path;
  }
  /// A definition that is right; `head` and `probe` make it another.
  static std::string definition(const std::string& name, const std::string& head = "",
                                const std::string& probe = "tracepoint:sched_switch") {
    return cat("name = \"", name, "\"\ndescription = \"of a test.\"\nscope = \"task\"\n", head,
               "model = \"m.dot\"\n[[on]]\nprobe = \"", probe,
               "\"\ntask = \"prev\"\nevent = \"go\"\nstart = true\n"
               "[[on]]\nprobe = \"tracepoint:sched_switch\"\ntask = \"next\"\nevent = \"come\"\n");
  }
  static std::string container(const std::string& name) {
    return cat("name = \"", name, "\"\ndescription = \"holds.\"\ncontainer = true\n");
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const MonitorView& monitor : registry_->monitors()) out.push_back(monitor.full_name());
    return out;
  }

  fs::path home_;
  Silent sink_;
  Reactions reactions_;
  VerdictStreams streams_;
  std::unique_ptr<KernelCatalog> catalog_;
  std::unique_ptr<KernelInstrumentation> instrumentation_;
  std::optional<Registry> registry_;
  std::optional<LiveLoader> loader_;
};

#define EXPECT_FAILS(call, code_wanted, message_wanted)    \
  do {                                                     \
    const Result<> failed = (call);                        \
    ASSERT_FALSE(failed);                                  \
    EXPECT_EQ(failed.error().code(), code_wanted);         \
    EXPECT_THAT(failed.error().message(), message_wanted); \
  } while (false)
#define EXPECT_DONE(call)                        \
  do {                                           \
    const Result<> done = (call);                \
    ASSERT_TRUE(done) << done.error().message(); \
  } while (false)

TEST_F(Loader, WhatIsLoadedCanBeEnabledAndGoes) {
  EXPECT_DONE(loader_->load(write("one.toml", definition("one"))));
  ASSERT_THAT(names(), ElementsAre("one"));
  const MonitorView view = *registry_->find("one");
  EXPECT_EQ(view.description, "of a test.");
  EXPECT_EQ(view.scope, Scope::task);
  EXPECT_EQ(view.cannot_run, "");
  EXPECT_THAT(*registry_->model("one"), HasSubstr("\"a\" -> \"b\""));
  EXPECT_DONE(registry_->enable("one"));
  EXPECT_DONE(loader_->unload("one"));
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_FAILS(loader_->unload("one"), ErrorCode::invalid, HasSubstr("one"));
  EXPECT_DONE(loader_->load(home_ / "one.toml"));
}

TEST_F(Loader, ChildrenNeedTheirContainer) {
  const std::string child = write("child.toml", definition("child", "parent = \"box\"\n"));
  EXPECT_FAILS(loader_->load(child), ErrorCode::invalid, HasSubstr("box"));
  EXPECT_DONE(loader_->load(write("box.toml", container("box"))));
  EXPECT_DONE(loader_->load(child));
  EXPECT_THAT(names(), ElementsAre("box", "box:child"));
  EXPECT_FAILS(loader_->unload("box"), ErrorCode::busy, HasSubstr("box"));
  EXPECT_DONE(loader_->unload("child"));
  EXPECT_DONE(loader_->unload("box"));
}

TEST_F(Loader, ANameThatIsTakenLeavesTheFirstAlone) {
  EXPECT_DONE(loader_->load(write("one.toml", definition("one"))));
  EXPECT_FAILS(loader_->load(write("two.toml", definition("one"))), ErrorCode::exists,
               HasSubstr("one"));
  EXPECT_DONE(registry_->enable("one"));
  EXPECT_DONE(loader_->unload("one"));
}

TEST_F(Loader, EveryProblemOfADefinitionAndItsModelIsSaid) {
  std::string text = definition("one", "nonsense = 1\n", "tracepoint:no_such_event");
  text.replace(text.find("\"go\""), 4, "\"goo\"");
  EXPECT_FAILS(loader_->load(write("one.toml", text)), ErrorCode::invalid,
               AllOf(HasSubstr("one.toml:4:1: error: unknown key 'nonsense'"),
                     HasSubstr("one.toml:7:9: error: no tracepoint 'no_such_event'"),
                     HasSubstr("one.toml:9:9: error: no event 'goo'")));
  write("m.dot", "digraph m { a - b }\n");
  EXPECT_FAILS(loader_->load(home_ / "one.toml"), ErrorCode::invalid,
               AllOf(HasSubstr("one.toml:4:1: error:"), HasSubstr("m.dot:1:")));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Loader, OnlyWholePathsOfTrustedFilesAreLoaded) {
  const std::string path = write("one.toml", definition("one"));
  EXPECT_FAILS(loader_->load("one.toml"), ErrorCode::invalid, HasSubstr("give the whole path"));
  fs::permissions(home_ / "m.dot", fs::perms(0666));
  EXPECT_FAILS(loader_->load(path), ErrorCode::denied,
               AllOf(HasSubstr("one.toml:4:9:"), HasSubstr("m.dot")));
  EXPECT_DONE(loader_->add(path));  // whoever started the daemon has chosen it
  EXPECT_FAILS(loader_->load(home_ / "none.toml"), ErrorCode::not_found, HasSubstr("none.toml"));
}

TEST_F(Loader, AReactorThatIsNotAllowedIsRefused) {
  EXPECT_FAILS(loader_->load(write("one.toml", definition("one", "reactor = \"panic\"\n"))),
               ErrorCode::denied, HasSubstr("--allow-panic"));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Loader, WhatThisKernelLacksIsAddedAndSaysSo) {
  const std::string path = write("one.toml", definition("one", "", "tracepoint:no_such_event"));
  EXPECT_FAILS(loader_->load(path), ErrorCode::invalid, HasSubstr("no_such_event"));
  EXPECT_DONE(loader_->add(path));
  EXPECT_THAT(registry_->find("one")->cannot_run, HasSubstr("no_such_event"));
  EXPECT_FAILS(registry_->enable("one"), ErrorCode::unsupported, HasSubstr("no_such_event"));
  EXPECT_TRUE(registry_->report("one"));
  EXPECT_DONE(registry_->reset("one"));
  EXPECT_DONE(loader_->unload("one"));
}

TEST_F(Loader, ErrorsOfItsOwnAreNoMatterOfTheKernel) {
  for (const auto& [right, wrong, words] :
       {std::tuple{"\"go\"", "\"goo\"", "no event 'goo'"},
        {"\"come\"", "\"go\"", "no binding gives the event 'come'"},
        {"start = true", "start = \"1 +\"", "expected a value"},
        {"start = true\n", "", "nothing starts this monitor"},
        {"task = \"next\"", "key = \"next\"", "'key' is for scope"}}) {
    // With a probe besides that this kernel lacks, which alone would be none.
    std::string text = definition("one", "", "tracepoint:no_such_event");
    text.replace(text.find(right), std::string_view(right).size(), wrong);
    EXPECT_FAILS(loader_->add(write("one.toml", text)), ErrorCode::invalid, HasSubstr(words));
    EXPECT_THAT(names(), IsEmpty());
  }
}

}  // namespace
}  // namespace swerve
