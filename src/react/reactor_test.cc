#include "swerve/react/reactor.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace swerve {
namespace {

TEST(ReactorSet, HasTheKernelsReactorsInItsOrderAndThenOurs) {
  std::vector<std::pair<std::string, std::string>> got;
  const ReactorSet set = ReactorSet::standard();
  for (const auto& kind : set.kinds()) got.emplace_back(kind.name, kind.description);
  EXPECT_EQ(
      got,
      (std::vector<std::pair<std::string, std::string>>{
          {"nop", "no-operation reactor: do nothing."},
          {"printk", "prints the exception msg to the kernel message log."},
          {"panic", "panic the system if an exception is found."},
          {"signal", "sends a signal to the violating task."},
          {"stop_tracing", "stops ftrace's recording, so that what led to the exception is kept."},
          {"exec", "runs a command that is told about the exception."},
          {"trace_marker", "writes a line among the events that ftrace records."}}));
}

TEST(ReactorSet, MakesEachUnderItsName) {
  const ReactorSet set = ReactorSet::standard({true, true});
  for (const ReactorSet::Kind& kind : set.kinds()) {
    ReactionSetting setting;
    setting.reactor = kind.name;
    if (kind.name == "exec") setting.options["command"] = "true";
    const auto made = set.make(setting);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ((*made)->name(), kind.name);
    EXPECT_EQ((*made)->description(), kind.description);
    setting.options["nonsense"] = "1";
    EXPECT_EQ(set.make(setting).error().message(),
              cat("the reactor '", kind.name, "' has no option 'nonsense'"));
  }
}

TEST(ReactorSet, RefusesWhatWasNotAllowed) {
  const ReactorSet none = ReactorSet::standard();
  for (const char* const name : {"panic", "signal"}) {
    const auto made = none.make({name, {}});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code(), ErrorCode::denied);
    EXPECT_EQ(made.error().message(), cat("the reactor '", name, "' needs --allow-", name));
  }
  EXPECT_TRUE(ReactorSet::standard({true, false}).make({"panic", {}}));
  EXPECT_FALSE(ReactorSet::standard({true, false}).make({"signal", {}}));
  EXPECT_TRUE(ReactorSet::standard({false, true}).make({"signal", {{"signal", "USR1"}}}));
  EXPECT_FALSE(ReactorSet::standard({false, true}).make({"panic", {}}));
}

TEST(ReactorSet, RemovesAReactor) {
  ReactorSet set = ReactorSet::standard();
  EXPECT_TRUE(set.remove("printk"));
  EXPECT_EQ(set.make({"printk", {}}).error().code(), ErrorCode::not_found);
  EXPECT_EQ(set.remove("printk").error().message(), "no reactor 'printk'");
  EXPECT_TRUE(set.add(std::make_shared<NopReactor>()).error().code() == ErrorCode::exists);
}

TEST(ReactorSet, GivesTheReactorThatASettingNames) {
  const ReactorSet set = ReactorSet::standard();
  const auto nop = set.make({});
  ASSERT_TRUE(nop);
  EXPECT_EQ((*nop)->name(), "nop");
  EXPECT_TRUE((*nop)->react({}));
  const auto printk = set.make({"printk", {}}), again = set.make({"printk", {}});
  ASSERT_TRUE(printk);
  EXPECT_EQ(*printk, *again);  // one limit for all
}

TEST(ReactorSet, SaysWhatIsWrongWithASetting) {
  const ReactorSet set = ReactorSet::standard();
  EXPECT_EQ(set.make({"print", {}}).error().message(),
            "no reactor 'print' (nop, printk, panic, signal, stop_tracing, exec, trace_marker); "
            "did you mean 'printk'?");
  EXPECT_EQ(set.make({"print", {}}).error().code(), ErrorCode::not_found);
  EXPECT_EQ(set.make({"nop", {{"loud", "yes"}}}).error().message(),
            "the reactor 'nop' has no option 'loud'");
}

TEST(ReactorSet, RefusesNamesThatAreTakenOrTooLong) {
  ReactorSet set = ReactorSet::standard();
  EXPECT_EQ(set.add(std::make_shared<NopReactor>()).error().message(),
            "there is a reactor 'nop' already");
  EXPECT_TRUE(set.add({std::string(31, 'a'), "", nullptr}));
  EXPECT_EQ(set.add({std::string(32, 'b'), "", nullptr}).error().code(), ErrorCode::invalid);
  EXPECT_EQ(set.add({"", "", nullptr}).error().code(), ErrorCode::invalid);
}

}  // namespace
}  // namespace swerve
