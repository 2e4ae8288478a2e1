#include "swerve/control/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/fakes_test.h"

namespace swerve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RegistryTest : public testing::Test {
 protected:
  MonitorEntry entry(std::string name, MonitorHandle handle = 1, std::string parent = "") {
    MonitorEntry entry;
    entry.name = std::move(name);
    entry.description = entry.name + " for tests";
    entry.parent = std::move(parent);
    entry.instrumentation = &machine_;
    entry.handle = handle;
    return entry;
  }
  MonitorEntry container(std::string name) {
    MonitorEntry entry;
    entry.name = std::move(name);
    entry.container = true;
    return entry;
  }
  /// Registers them; the handles count from 1.
  void add(const std::vector<std::string>& names) {
    MonitorHandle handle = 0;
    for (const std::string& name : names) {
      const Result<> done = registry_.register_monitor(entry(name, ++handle));
      ASSERT_TRUE(done) << done.error().message();
    }
    machine_.take_calls();
  }
  /// "c" with "c1" (1), "c2" (2) and "c3" (3), whose list order is c3, c2, c1.
  void add_container() {
    ASSERT_TRUE(registry_.register_monitor(container("c")));
    for (MonitorHandle handle = 1; handle <= 3; ++handle)
      ASSERT_TRUE(registry_.register_monitor(entry(cat("c", handle), handle, "c")));
    machine_.take_calls();
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const MonitorView& monitor : registry_.monitors()) names.push_back(monitor.full_name());
    return names;
  }
  std::vector<std::string> enabled() const {
    std::vector<std::string> names;
    for (const MonitorView& monitor : registry_.monitors())
      if (monitor.enabled) names.push_back(monitor.name);
    return names;
  }
  std::string reactor_of(std::string_view name) const { return registry_.find(name)->reactor; }

  static void expect_error(const Result<>& result, ErrorCode code, int os_errno,
                           const std::string& words) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), code) << result.error().message();
    EXPECT_EQ(result.error().os_errno(), os_errno);
    EXPECT_THAT(result.error().message(), HasSubstr(words));
  }

  fake::Instrumentation machine_;
  fake::Reactors reactors_;
  Reactions reactions_;
  Registry registry_{reactors_.set(), reactions_};
};

// Registration.

TEST_F(RegistryTest, ListsMonitorsInOrderOfRegistrationAndChildrenInReverseAfterTheirParent) {
  add({"a", "b"});
  ASSERT_TRUE(registry_.register_monitor(container("c")));
  ASSERT_TRUE(registry_.register_monitor(entry("d", 4)));
  ASSERT_TRUE(registry_.register_monitor(entry("c1", 5, "c")));
  ASSERT_TRUE(registry_.register_monitor(entry("c2", 6, "c")));
  EXPECT_THAT(names(), ElementsAre("a", "b", "c", "c:c2", "c:c1", "d"));
}

TEST_F(RegistryTest, TakesANameOf31BytesAndNoneOf32) {
  EXPECT_TRUE(registry_.register_monitor(entry(std::string(31, 'x'))));
  expect_error(registry_.register_monitor(entry(std::string(32, 'y'))), ErrorCode::invalid, EINVAL,
               "1 to 31 bytes");
}

TEST_F(RegistryTest, RefusesNamesThatBreakTheTreeOrItsCommands) {
  for (const std::string& name :
       std::vector<std::string>{"", ".", "..", "a/b", "a:b", "!a", "a b", "a\n", "a\tb",
                                std::string("a\0b", 3), "\x7f", "\x1b[0m"}) {
    expect_error(registry_.register_monitor(entry(name)), ErrorCode::invalid, EINVAL, "name");
  }
  for (const char* name : {"...", ".a", "a.b", "-", "é", "[a]"})
    EXPECT_TRUE(registry_.register_monitor(entry(name))) << name;
}

TEST_F(RegistryTest, RefusesANestedMonitorWithTheNameOfAFileOfItsContainer) {
  ASSERT_TRUE(registry_.register_monitor(container("c")));
  expect_error(registry_.register_monitor(entry("enable", 1, "c")), ErrorCode::invalid, EINVAL,
               "file of that name");
  EXPECT_TRUE(registry_.register_monitor(entry("enable", 1)));
}

TEST_F(RegistryTest, RefusesANameThatIsTakenAlsoUnderAnotherParent) {
  add({"a"});
  ASSERT_TRUE(registry_.register_monitor(container("c")));
  expect_error(registry_.register_monitor(entry("a", 2)), ErrorCode::exists, EEXIST, "'a' already");
  expect_error(registry_.register_monitor(entry("a", 2, "c")), ErrorCode::exists, EEXIST, "'a'");
  EXPECT_THAT(names(), ElementsAre("a", "c"));
}

TEST_F(RegistryTest, RefusesAParentThatCannotBeOne) {
  add_container();
  add({"a"});
  expect_error(registry_.register_monitor(entry("x", 9, "cc")), ErrorCode::invalid, EINVAL,
               "did you mean 'c'?");
  expect_error(registry_.register_monitor(entry("x", 9, "c1")), ErrorCode::invalid, EINVAL,
               "nested itself");
  expect_error(registry_.register_monitor(entry("x", 9, "a")), ErrorCode::invalid, EINVAL,
               "no container");
  MonitorEntry nested = container("x");
  nested.parent = "c";
  expect_error(registry_.register_monitor(nested), ErrorCode::invalid, EINVAL, "cannot be nested");
  EXPECT_FALSE(registry_.find("x"));
}

TEST_F(RegistryTest, NothingIsLeftOfAMonitorWhoseReactorCannotBeMade) {
  MonitorEntry wrong = entry("a");
  wrong.reaction.reactor = "prinkt";
  expect_error(registry_.register_monitor(wrong), ErrorCode::invalid, EINVAL,
               "did you mean 'printk'?");
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_TRUE(registry_.register_monitor(entry("a")));
}

TEST_F(RegistryTest, UnregisteringDisablesFirst) {
  add({"a", "b"});
  ASSERT_TRUE(registry_.enable("a"));
  machine_.take_calls();
  ASSERT_TRUE(registry_.unregister_monitor("a"));
  EXPECT_THAT(machine_.take_calls(), ElementsAre("detach 1"));
  EXPECT_THAT(names(), ElementsAre("b"));
  expect_error(registry_.unregister_monitor("a"), ErrorCode::invalid, EINVAL, "no monitor 'a'");
}

TEST_F(RegistryTest, AMonitorWhoseEventsCannotBeWaitedForStaysRegistered) {
  add({"a"});
  ASSERT_TRUE(registry_.enable("a"));
  machine_.wait_fails = true;
  EXPECT_FALSE(registry_.unregister_monitor("a"));
  EXPECT_THAT(names(), ElementsAre("a"));
  EXPECT_THAT(enabled(), IsEmpty());
}

TEST_F(RegistryTest, AContainerWithChildrenCannotGo) {
  add_container();
  expect_error(registry_.unregister_monitor("c"), ErrorCode::busy, EBUSY, "still has monitors");
  for (const char* child : {"c1", "c2", "c3"}) ASSERT_TRUE(registry_.unregister_monitor(child));
  EXPECT_TRUE(registry_.unregister_monitor("c"));
}

TEST_F(RegistryTest, AReactorInUseCannotGo) {
  add({"a"});
  ASSERT_TRUE(registry_.choose_reactor("a", "printk"));
  expect_error(registry_.unregister_reactor("printk"), ErrorCode::busy, EBUSY, "'a' has chosen it");
  EXPECT_TRUE(registry_.unregister_reactor("panic"));
  expect_error(registry_.unregister_reactor("panic"), ErrorCode::invalid, EINVAL, "panic");
  EXPECT_THAT(registry_.reactors(), ElementsAre("nop", "printk"));
}

TEST_F(RegistryTest, AReactorOfOnesOwnCanBeRegistered) {
  const auto mine = std::make_shared<fake::Reactor>("mine");
  const auto kind = [&](std::string name) {
    return ReactorSet::Kind{std::move(name), "", [mine](const ReactorSet::Options&) {
                              return Result<std::shared_ptr<Reactor>>(mine);
                            }};
  };
  ASSERT_TRUE(registry_.register_reactor(kind("mine")));
  EXPECT_FALSE(registry_.register_reactor(kind("mine")));
  EXPECT_FALSE(registry_.register_reactor(kind("my own")));
  add({"a"});
  ASSERT_TRUE(registry_.choose_reactor("a", "mine"));
  reactions_.on_violation(fake::violation_of("a"));
  EXPECT_TRUE(mine->wait_for(1));
}

// Enabling and disabling.

TEST_F(RegistryTest, EnablingAttachesAndDisablingDetachesOnce) {
  add({"a"});
  ASSERT_TRUE(registry_.enable("a"));
  ASSERT_TRUE(registry_.enable("a"));
  EXPECT_THAT(machine_.take_calls(), ElementsAre("attach 1 nop on"));
  EXPECT_THAT(enabled(), ElementsAre("a"));
  ASSERT_TRUE(registry_.disable("a"));
  ASSERT_TRUE(registry_.disable("a"));
  EXPECT_THAT(machine_.take_calls(), ElementsAre("detach 1"));
  EXPECT_THAT(enabled(), IsEmpty());
}

TEST_F(RegistryTest, EnablingSaysTheErrorOfAttachingAndLeavesTheMonitorOff) {
  add({"a"});
  machine_.failing = {1};
  expect_error(registry_.enable("a"), ErrorCode::busy, EBUSY, "enable a: no room for it");
  EXPECT_THAT(enabled(), IsEmpty());
  EXPECT_THAT(machine_.attached, IsEmpty());
  machine_.failing = {};
  EXPECT_TRUE(registry_.enable("a"));
}

TEST_F(RegistryTest, AMonitorThatCannotRunHereSaysWhy) {
  MonitorEntry cannot = entry("a");
  cannot.instrumentation = nullptr;
  cannot.cannot_run = "this kernel has no fentry";
  ASSERT_TRUE(registry_.register_monitor(cannot));
  expect_error(registry_.enable("a"), ErrorCode::unsupported, EOPNOTSUPP,
               "cannot run here: this kernel has no fentry");
}

TEST_F(RegistryTest, UnknownMonitorsAreNamedWithAHint) {
  add({"wwnr"});
  expect_error(registry_.enable("wnnr"), ErrorCode::invalid, EINVAL,
               "no monitor 'wnnr'; did you mean 'wwnr'?");
  expect_error(registry_.disable("wnnr"), ErrorCode::invalid, EINVAL, "did you mean");
  expect_error(registry_.reset("wnnr"), ErrorCode::invalid, EINVAL, "did you mean");
  expect_error(registry_.choose_reactor("wnnr", "nop"), ErrorCode::invalid, EINVAL, "did you mean");
  EXPECT_FALSE(registry_.report("wnnr"));
  EXPECT_FALSE(registry_.model("wnnr"));
}

TEST_F(RegistryTest, AMonitorIsOffEvenWhenTheWaitFailed) {
  add({"a"});
  ASSERT_TRUE(registry_.enable("a"));
  machine_.wait_fails = true;
  expect_error(registry_.disable("a"), ErrorCode::io, EIO, "disable a: the wait failed");
  EXPECT_THAT(enabled(), IsEmpty());
}

TEST_F(RegistryTest, DisablingAllWaitsOnceForEachInstrumentation) {
  fake::Instrumentation other;
  add({"a", "b", "c"});
  MonitorEntry elsewhere = entry("d", 7);
  elsewhere.instrumentation = &other;
  ASSERT_TRUE(registry_.register_monitor(elsewhere));
  for (const char* name : {"a", "c", "d"}) ASSERT_TRUE(registry_.enable(name));
  machine_.take_calls();
  other.take_calls();
  ASSERT_TRUE(registry_.disable_all());
  EXPECT_THAT(machine_.take_calls(), ElementsAre("detach 1 3"));
  EXPECT_THAT(other.take_calls(), ElementsAre("detach 7"));
  EXPECT_THAT(enabled(), IsEmpty());
}

TEST_F(RegistryTest, EveryFlagIsClearedWhenAWaitFails) {
  fake::Instrumentation other;
  add({"a", "b"});
  MonitorEntry elsewhere = entry("d", 7);
  elsewhere.instrumentation = &other;
  ASSERT_TRUE(registry_.register_monitor(elsewhere));
  for (const char* name : {"a", "b", "d"}) ASSERT_TRUE(registry_.enable(name));
  machine_.wait_fails = true;
  EXPECT_FALSE(registry_.disable_all());
  EXPECT_THAT(enabled(), IsEmpty());
  EXPECT_THAT(other.attached, IsEmpty());
}

TEST_F(RegistryTest, TheEndOfTheRegistryDisablesEverything) {
  {
    Registry registry(reactors_.set(), reactions_);
    ASSERT_TRUE(registry.register_monitor(entry("a", 1)));
    ASSERT_TRUE(registry.register_monitor(entry("b", 2)));
    ASSERT_TRUE(registry.enable("a"));
    ASSERT_TRUE(registry.enable("b"));
    machine_.take_calls();
  }
  EXPECT_THAT(machine_.take_calls(), ElementsAre("detach 1 2"));
}

// Containers.

TEST_F(RegistryTest, EnablingAContainerEnablesItsChildrenInListOrder) {
  add_container();
  ASSERT_TRUE(registry_.enable("c2"));
  machine_.take_calls();
  ASSERT_TRUE(registry_.enable("c"));
  EXPECT_THAT(machine_.take_calls(), ElementsAre("attach 3 nop on", "attach 1 nop on"));
  EXPECT_THAT(enabled(), ElementsAre("c", "c3", "c2", "c1"));
}

TEST_F(RegistryTest, AContainerIsEnabledWithAllItsChildrenOrWithNone) {
  add_container();
  ASSERT_TRUE(registry_.enable("c1"));  // comes after the one that fails
  machine_.failing = {2};
  machine_.take_calls();
  expect_error(registry_.enable("c"), ErrorCode::busy, EBUSY, "enable c: enable c2: no room");
  EXPECT_THAT(machine_.take_calls(),
              ElementsAre("attach 3 nop on", "attach 2 nop on", "detach 3 1"));
  EXPECT_THAT(enabled(), IsEmpty());
}

TEST_F(RegistryTest, AnEnabledContainerThatCannotEnableAMissingChildIsOff) {
  add_container();
  ASSERT_TRUE(registry_.enable("c"));
  ASSERT_TRUE(registry_.disable("c2"));
  EXPECT_THAT(enabled(), ElementsAre("c", "c3", "c1"));
  machine_.failing = {2};
  EXPECT_FALSE(registry_.enable("c"));
  EXPECT_THAT(enabled(), IsEmpty());
}

TEST_F(RegistryTest, DisablingAContainerWaitsOnceAndGoesByTheChildrensFlags) {
  add_container();
  ASSERT_TRUE(registry_.enable("c1"));
  ASSERT_TRUE(registry_.enable("c3"));
  machine_.take_calls();
  ASSERT_TRUE(registry_.disable("c"));
  EXPECT_THAT(machine_.take_calls(), ElementsAre("detach 3 1"));
  EXPECT_THAT(enabled(), IsEmpty());
}

TEST_F(RegistryTest, TheFlagOfAContainerIsItsOwn) {
  add_container();
  for (const char* child : {"c1", "c2", "c3"}) ASSERT_TRUE(registry_.enable(child));
  EXPECT_FALSE(registry_.find("c")->enabled);
  ASSERT_TRUE(registry_.enable("c"));
  for (const char* child : {"c1", "c2", "c3"}) ASSERT_TRUE(registry_.disable(child));
  EXPECT_TRUE(registry_.find("c")->enabled);
}

TEST_F(RegistryTest, AnEmptyContainerCanBeEnabled) {
  ASSERT_TRUE(registry_.register_monitor(container("c")));
  EXPECT_TRUE(registry_.enable("c"));
  EXPECT_THAT(enabled(), ElementsAre("c"));
  EXPECT_TRUE(registry_.set_monitoring(false));
  EXPECT_TRUE(registry_.set_monitoring(true));
  EXPECT_TRUE(registry_.reset("c"));
  EXPECT_TRUE(registry_.disable("c"));
  EXPECT_THAT(machine_.calls, IsEmpty());
}

// The switches.

TEST_F(RegistryTest, MonitoringOnResetsWhatIsEnabledAndThenSwitchesItOn) {
  add({"a", "b", "c"});
  ASSERT_TRUE(registry_.enable("a"));
  ASSERT_TRUE(registry_.enable("c"));
  machine_.take_calls();
  ASSERT_TRUE(registry_.set_monitoring(false));
  ASSERT_TRUE(registry_.set_monitoring(false));
  EXPECT_THAT(machine_.take_calls(), ElementsAre("switch_off 1 3"));
  EXPECT_FALSE(registry_.monitoring());
  EXPECT_THAT(enabled(), ElementsAre("a", "c"));
  EXPECT_FALSE(registry_.find("a")->running);
  ASSERT_TRUE(registry_.set_monitoring(true));
  ASSERT_TRUE(registry_.set_monitoring(true));
  EXPECT_THAT(machine_.take_calls(), ElementsAre("reset 1 3", "switch_on 1 3"));
  EXPECT_TRUE(registry_.monitoring());
  EXPECT_TRUE(registry_.find("a")->running);
}

TEST_F(RegistryTest, AMonitorThatIsEnabledWhileMonitoringIsOffWaits) {
  add({"a"});
  ASSERT_TRUE(registry_.set_monitoring(false));
  ASSERT_TRUE(registry_.enable("a"));
  EXPECT_THAT(machine_.take_calls(), ElementsAre("attach 1 nop off"));
  ASSERT_TRUE(registry_.set_monitoring(true));
  EXPECT_THAT(machine_.take_calls(), ElementsAre("reset 1", "switch_on 1"));
}

TEST_F(RegistryTest, MonitoringThatCannotBeSwitchedOnStaysOff) {
  add({"a"});
  ASSERT_TRUE(registry_.enable("a"));
  ASSERT_TRUE(registry_.set_monitoring(false));
  machine_.reset_fails = true;
  expect_error(registry_.set_monitoring(true), ErrorCode::io, EIO, "switch monitoring on: reset");
  EXPECT_FALSE(registry_.monitoring());
  machine_.reset_fails = false;
  machine_.switch_on_fails = true;
  EXPECT_FALSE(registry_.set_monitoring(true));
  EXPECT_FALSE(registry_.monitoring());
  EXPECT_FALSE(machine_.attached.at(1));
}

TEST_F(RegistryTest, ReactingTellsEachInstrumentationOnce) {
  fake::Instrumentation other;
  add({"a", "b"});
  MonitorEntry elsewhere = entry("c", 3);
  elsewhere.instrumentation = &other;
  ASSERT_TRUE(registry_.register_monitor(elsewhere));
  other.take_calls();
  ASSERT_TRUE(registry_.set_reacting(false));
  EXPECT_THAT(machine_.take_calls(), ElementsAre("set_reacting 0"));
  EXPECT_THAT(other.take_calls(), ElementsAre("set_reacting 0"));
  EXPECT_FALSE(registry_.reacting());
  EXPECT_FALSE(reactions_.reacting());
  ASSERT_TRUE(registry_.set_reacting(true));
  EXPECT_THAT(machine_.take_calls(), ElementsAre("set_reacting 1"));
  EXPECT_TRUE(reactions_.reacting());
}

TEST_F(RegistryTest, AnInstrumentationThatComesWhileReactingIsOffIsTold) {
  ASSERT_TRUE(registry_.set_reacting(false));
  ASSERT_TRUE(registry_.register_monitor(entry("a")));
  EXPECT_FALSE(machine_.reacting);
}

TEST_F(RegistryTest, ReactingThatCannotBeSwitchedOnStaysOff) {
  add({"a"});
  ASSERT_TRUE(registry_.set_reacting(false));
  machine_.reacting_fails = true;
  expect_error(registry_.set_reacting(true), ErrorCode::io, EIO, "switch reacting on");
  EXPECT_FALSE(registry_.reacting());
  EXPECT_FALSE(machine_.reacting);
}

TEST_F(RegistryTest, ResetSwitchesARunningMonitorOffForTheMoment) {
  add({"a", "b"});
  ASSERT_TRUE(registry_.reset("a"));  // disabled: it will start anew anyway
  EXPECT_THAT(machine_.take_calls(), IsEmpty());
  ASSERT_TRUE(registry_.enable("a"));
  machine_.take_calls();
  ASSERT_TRUE(registry_.reset("a"));
  EXPECT_THAT(machine_.take_calls(), ElementsAre("switch_off 1", "reset 1", "switch_on 1"));
  ASSERT_TRUE(registry_.set_monitoring(false));
  machine_.take_calls();
  ASSERT_TRUE(registry_.reset("a"));
  EXPECT_THAT(machine_.take_calls(), ElementsAre("reset 1"));
}

TEST_F(RegistryTest, ResettingAContainerResetsItsEnabledChildren) {
  add_container();
  ASSERT_TRUE(registry_.enable("c1"));
  ASSERT_TRUE(registry_.enable("c3"));
  machine_.take_calls();
  ASSERT_TRUE(registry_.reset("c"));
  EXPECT_THAT(machine_.take_calls(), ElementsAre("switch_off 3 1", "reset 3 1", "switch_on 3 1"));
}

TEST_F(RegistryTest, AResetThatFailsSwitchesOnAgain) {
  add({"a"});
  ASSERT_TRUE(registry_.enable("a"));
  machine_.reset_fails = true;
  expect_error(registry_.reset("a"), ErrorCode::io, EIO, "reset a");
  EXPECT_TRUE(machine_.attached.at(1));
}

// Reactors.

TEST_F(RegistryTest, AnEnabledMonitorStartsAnewWithItsNewReactor) {
  add({"a"});
  ASSERT_TRUE(registry_.choose_reactor("a", "printk"));
  EXPECT_THAT(machine_.take_calls(), IsEmpty());
  ASSERT_TRUE(registry_.enable("a"));
  machine_.take_calls();
  ASSERT_TRUE(registry_.choose_reactor("a", "printk"));
  EXPECT_THAT(machine_.take_calls(), IsEmpty());
  ASSERT_TRUE(registry_.choose_reactor("a", "panic"));
  EXPECT_THAT(machine_.take_calls(), ElementsAre("detach 1", "attach 1 panic on"));
  reactions_.on_violation(fake::violation_of("a"));
  EXPECT_TRUE(reactors_.panic->wait_for(1));
  EXPECT_EQ(reactors_.printk->begun(), 0);
}

TEST_F(RegistryTest, OptionsGoWithTheReactorThatTheyAreForAndLimitsWithTheMonitor) {
  MonitorEntry a = entry("a");
  std::vector<ReactorSet::Options> made;
  ASSERT_TRUE(registry_.register_reactor({"optional", "", [&](const ReactorSet::Options& options) {
                                            made.push_back(options);
                                            return Result<std::shared_ptr<Reactor>>(
                                                reactors_.printk);
                                          }}));
  a.reaction.reactor = "optional";
  a.reaction.options = {{"colour", "red"}};
  a.reaction.per_second = 7;
  a.reaction.burst = 9;
  ASSERT_TRUE(registry_.register_monitor(a));
  ASSERT_TRUE(registry_.choose_reactor("a", "panic"));
  ASSERT_TRUE(registry_.enable("a"));
  EXPECT_THAT(machine_.settings[1].options, IsEmpty());
  EXPECT_EQ(machine_.settings[1].per_second, 7U);
  EXPECT_EQ(machine_.settings[1].burst, 9U);
  ASSERT_TRUE(registry_.choose_reactor("a", "optional"));
  EXPECT_EQ(machine_.settings[1], a.reaction);
  EXPECT_EQ(made.size(), 2U);
  for (const ReactorSet::Options& options : made) EXPECT_EQ(options, a.reaction.options);
}

TEST_F(RegistryTest, AReactorThatIsRefusedChangesNothing) {
  ASSERT_TRUE(
      registry_.register_reactor({"forbidden", "", [](const ReactorSet::Options&) {
                                    return Result<std::shared_ptr<Reactor>>(
                                        Error(ErrorCode::denied, "needs --allow-forbidden", EPERM));
                                  }}));
  add({"a"});
  ASSERT_TRUE(registry_.enable("a"));
  machine_.take_calls();
  expect_error(registry_.choose_reactor("a", "forbidden"), ErrorCode::denied, EPERM,
               "--allow-forbidden");
  expect_error(registry_.choose_reactor("a", "nosuch"), ErrorCode::invalid, EINVAL, "'nosuch'");
  EXPECT_THAT(machine_.take_calls(), IsEmpty());
  EXPECT_EQ(reactor_of("a"), "nop");
}

TEST_F(RegistryTest, AReactorOfAContainerIsThatOfItsChildrenAndSwitchesNoneOfThem) {
  add_container();
  ASSERT_TRUE(registry_.enable("c1"));
  ASSERT_TRUE(registry_.enable("c3"));
  ASSERT_TRUE(registry_.choose_reactor("c3", "printk"));
  machine_.take_calls();
  ASSERT_TRUE(registry_.choose_reactor("c", "printk"));
  EXPECT_THAT(machine_.take_calls(), ElementsAre("detach 1", "attach 1 printk on"));
  for (const char* name : {"c", "c1", "c2", "c3"}) EXPECT_EQ(reactor_of(name), "printk") << name;
  EXPECT_THAT(enabled(), ElementsAre("c3", "c1"));
}

TEST_F(RegistryTest, WhatCannotBeEnabledWithItsNewReactorGetsItsFormerOneBack) {
  add_container();
  for (const char* child : {"c1", "c2", "c3"}) ASSERT_TRUE(registry_.enable(child));
  machine_.failing = {2};
  machine_.take_calls();
  expect_error(registry_.choose_reactor("c", "printk"), ErrorCode::busy, EBUSY,
               "not enabled again: enable c2");
  for (const char* name : {"c", "c1", "c2", "c3"}) EXPECT_EQ(reactor_of(name), "nop") << name;
  EXPECT_THAT(enabled(), ElementsAre("c3", "c1"));  // c2 fails with whatever reactor
  EXPECT_EQ(machine_.settings[1].reactor, "nop");
}

TEST_F(RegistryTest, ADryRunKeepsTheReactorAndReactsNoMore) {
  add({"a"});
  ASSERT_TRUE(registry_.choose_reactor("a", "printk"));
  ASSERT_TRUE(registry_.enable("a"));
  machine_.take_calls();
  ASSERT_TRUE(registry_.set_dry_run("a", true));
  ASSERT_TRUE(registry_.set_dry_run("a", true));
  EXPECT_THAT(machine_.take_calls(), ElementsAre("detach 1", "attach 1 printk dry on"));
  EXPECT_TRUE(registry_.find("a")->dry_run);
  EXPECT_EQ(reactor_of("a"), "printk");
  reactions_.on_violation(fake::violation_of("a"));
  EXPECT_EQ(registry_.report("a")->reactions.dry_run, 1U);
  ASSERT_TRUE(registry_.choose_reactor("a", "panic"));  // dry still
  EXPECT_THAT(machine_.take_calls(), ElementsAre("detach 1", "attach 1 panic dry on"));
}

// What waits to react.

TEST_F(RegistryTest, WhatCameWhileAMonitorWasDetachedIsSettledBeforeDisableReturns) {
  add({"a", "b"});
  ASSERT_TRUE(registry_.choose_reactor("a", "printk"));
  ASSERT_TRUE(registry_.enable("a"));
  reactors_.printk->shut();
  reactions_.on_violation(fake::violation_of("a"));
  ASSERT_TRUE(reactors_.printk->wait_for(1));
  // The last verdicts come out while it is detached.
  machine_.while_detaching = [&](MonitorHandle) {
    for (int i = 0; i < 5; ++i) reactions_.on_violation(fake::violation_of("a"));
  };
  ASSERT_TRUE(registry_.disable("a"));
  EXPECT_EQ(registry_.report("a")->reactions.cancelled, 5U);
  reactors_.printk->open();
  EXPECT_TRUE(fake::eventually([&] { return registry_.report("a")->reactions.waiting == 0; }));
  EXPECT_EQ(reactors_.printk->begun(), 1);
}

TEST_F(RegistryTest, ReactionsThatFindTheirTurnAreNotCancelled) {
  add({"a"});
  ASSERT_TRUE(registry_.choose_reactor("a", "printk"));
  ASSERT_TRUE(registry_.enable("a"));
  machine_.while_detaching = [&](MonitorHandle) {
    reactions_.on_violation(fake::violation_of("a"));
    ASSERT_TRUE(reactors_.printk->wait_for(1));
  };
  ASSERT_TRUE(registry_.disable("a"));
  EXPECT_EQ(registry_.report("a")->reactions.cancelled, 0U);
}

TEST_F(RegistryTest, SwitchingMonitoringOffSettlesToo) {
  add({"a"});
  ASSERT_TRUE(registry_.choose_reactor("a", "printk"));
  ASSERT_TRUE(registry_.enable("a"));
  reactors_.printk->shut();
  for (int i = 0; i < 4; ++i) reactions_.on_violation(fake::violation_of("a"));
  ASSERT_TRUE(reactors_.printk->wait_for(1));
  ASSERT_TRUE(registry_.set_monitoring(false));
  EXPECT_EQ(registry_.report("a")->reactions.cancelled, 3U);
  reactors_.printk->open();
  EXPECT_TRUE(fake::eventually([&] { return registry_.report("a")->reactions.waiting == 0; }));
  EXPECT_EQ(reactors_.printk->begun(), 1);
}

TEST_F(RegistryTest, WhatWaitsToReactForOneMonitorDoesNotGoWithAnother) {
  add({"a", "b"});
  for (const char* name : {"a", "b"}) {
    ASSERT_TRUE(registry_.choose_reactor(name, "printk"));
    ASSERT_TRUE(registry_.enable(name));
  }
  reactors_.printk->shut();
  for (const char* name : {"a", "a", "b"}) reactions_.on_violation(fake::violation_of(name));
  ASSERT_TRUE(reactors_.printk->wait_for(1));
  ASSERT_TRUE(registry_.disable("a"));
  reactors_.printk->open();
  EXPECT_TRUE(reactors_.printk->wait_for(2));
  EXPECT_EQ(registry_.report("a")->reactions.cancelled, 1U);
  EXPECT_TRUE(fake::eventually([&] { return registry_.report("b")->reactions.reactions == 1; }));
}

// What it says.

TEST_F(RegistryTest, ReportsWhatWasCountedAndOfAContainerTheSums) {
  add_container();
  EXPECT_EQ(registry_.report("c2")->stats.events, 20U);
  EXPECT_EQ(registry_.report("c")->stats.events, 60U);
  EXPECT_EQ(registry_.report("c")->stats.violations, 6U);
}

TEST_F(RegistryTest, ShowsAMonitorAsItWasRegistered) {
  MonitorEntry a = entry("a");
  a.scope = Scope::task;
  a.model = "digraph {}";
  a.reaction.reactor = "panic";
  ASSERT_TRUE(registry_.register_monitor(a));
  const MonitorView view = registry_.find("a").value();
  EXPECT_EQ(view.name, "a");
  EXPECT_EQ(view.description, "a for tests");
  EXPECT_EQ(view.scope, Scope::task);
  EXPECT_EQ(view.reactor, "panic");
  EXPECT_EQ(registry_.model("a").value(), "digraph {}");
}

}  // namespace
}  // namespace swerve
