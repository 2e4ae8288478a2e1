#include "react/reactor.h"

#include <gtest/gtest.h>

namespace swerve {
namespace {

TEST(ReactorSet, HasTheKernelsReactorsInItsOrder) {
  std::vector<std::pair<std::string, std::string>> got;
  const ReactorSet set = ReactorSet::standard();
  for (const auto& kind : set.kinds()) got.emplace_back(kind.name, kind.description);
  EXPECT_EQ(got, (std::vector<std::pair<std::string, std::string>>{
                     {"nop", "no-operation reactor: do nothing."},
                     {"printk", "prints the exception msg to the kernel message log."}}));
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
            "no reactor 'print' (nop, printk); did you mean 'printk'?");
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
