#include "swerve/control/inproc/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "control/inproc/program_catalog.h"
#include "swerve/model/dot_parser.h"

namespace swerve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

SWERVE_TRACEPOINT(file_opened, int fd, std::string_view path);
SWERVE_TRACEPOINT(file_read, int fd);
SWERVE_TRACEPOINT(file_closed, int fd);
SWERVE_TRACEPOINT(turned, bool on);
SWERVE_TRACEPOINT(talked, const std::string& who, int what);

Automaton dot(std::string_view text) { return *parse_dot(text, "m.dot").automaton; }

const Automaton& file_model() {
  static const Automaton model = dot(R"(digraph files {
    __init_closed -> closed;
    closed -> open [label = "open"]; open -> open [label = "read"]; open -> closed [label = "close"];
  })");
  return model;
}

const auto kFd = [](int fd) { return fd; };

MonitorSpec files(std::string name = "files") {
  MonitorSpec spec(std::move(name), file_model(), Scope::object);
  spec.description("a file is read between open and close")
      .on(file_opened, "open", key([](int fd, std::string_view) { return fd; }), start_run)
      .on(file_read, "read", key(kFd))
      .on(file_closed, "close", key(kFd));
  return spec;
}

/// A session whose monitors with the reactor "callback" leave what they found here.
struct Watched {
  std::vector<Violation> found;
  Session session{
      {.log = {}, .callback = [this](const Reaction& r) { found.push_back(r.violation); }}};
};

TEST(Session, FindsAViolationOfAnObjectAndSaysWhoWhereAndHow) {
  Watched w;
  Monitor monitor = w.session.add(files().reactor("callback")).value();
  ASSERT_TRUE(monitor.enable());
  SWERVE_EMIT(file_read, 3);  // never opened: not monitored
  SWERVE_EMIT(file_opened, 3, "/a");
  SWERVE_EMIT(file_read, 3);
  SWERVE_EMIT(file_closed, 3);
  EXPECT_EQ(monitor.state(3), kInitial);
  const int line = __LINE__ + 1;
  SWERVE_EMIT(file_read, 3);
  SWERVE_EMIT(file_read, 3);  // silent until it is started again
  ASSERT_EQ(w.found.size(), 1U);
  const Violation& v = w.found[0];
  EXPECT_EQ(v.monitor, "files");
  EXPECT_EQ(v.id, (InstanceId{Scope::object, 3}));
  EXPECT_EQ(v.state, "closed");
  EXPECT_EQ(v.event, "read");
  EXPECT_THAT(v.expected, ElementsAre("open"));
  EXPECT_EQ(v.path.size(), 3U);
  EXPECT_EQ(v.events, 3U);
  EXPECT_EQ(v.source, std::string(__FILE__) + ":" + std::to_string(line));
  EXPECT_EQ(v.by.tgid, static_cast<std::uint32_t>(::getpid()));
  EXPECT_EQ(monitor.state(3), std::nullopt);
  const MonitorStats stats = monitor.stats();
  EXPECT_EQ(stats.events, 3U);
  EXPECT_EQ(stats.violations, 1U);
  EXPECT_EQ(stats.started, 1U);
  EXPECT_EQ(stats.instances, 0U);
}

TEST(Session, LeavesNothingAttachedWhenAMonitorIsDisabled) {
  Session session;
  Monitor monitor = session.add(files()).value();
  EXPECT_FALSE(file_read.on());
  ASSERT_TRUE(monitor.enable());
  EXPECT_TRUE(file_read.on());
  ASSERT_TRUE(monitor.disable());
  EXPECT_FALSE(file_read.on());
}

TEST(Session, EveryThreadHasAnInstanceOfItsOwn) {
  Watched w;
  MonitorSpec spec(
      "turns",
      dot("digraph t { __init_off -> off; off -> on [label = up]; on -> off [label = down]; }"),
      Scope::task);
  spec.reactor("callback")
      .on(turned, "up", when([](bool on) { return on; }), start_run)
      .on(turned, "down", when([](bool on) { return !on; }));
  Monitor monitor = w.session.add(std::move(spec)).value();
  ASSERT_TRUE(monitor.enable());
  SWERVE_EMIT(turned, true);
  std::thread([&] {
    SWERVE_EMIT(turned, false);  // this one has not begun
    SWERVE_EMIT(turned, true);
    EXPECT_EQ(monitor.stats().instances, 2U);
  }).join();
  EXPECT_EQ(monitor.stats().instances, 1U);
  EXPECT_EQ(monitor.stats().events, 2U);  // those of the thread that has ended, too
  EXPECT_TRUE(w.found.empty());
  SWERVE_EMIT(turned, true);
  ASSERT_EQ(w.found.size(), 1U);
  EXPECT_EQ(w.found[0].task, w.found[0].by);
}

TEST(Session, KeysMayBeWords) {
  Watched w;
  MonitorSpec spec("talks", file_model(), Scope::object);
  const auto who = key([](const std::string& name, int) { return name; });
  const auto is = [](int wanted) {
    return when([wanted](const std::string&, int what) { return what == wanted; });
  };
  spec.reactor("callback")
      .on(talked, "open", who, is(0), start_run)
      .on(talked, "read", who, is(1))
      .on(talked, "close", who, is(2), end);
  Monitor monitor = w.session.add(std::move(spec)).value();
  ASSERT_TRUE(monitor.enable());
  SWERVE_EMIT(talked, "alice", 0);
  SWERVE_EMIT(talked, "bob", 0);
  EXPECT_EQ(monitor.stats().instances, 2U);
  SWERVE_EMIT(talked, "bob", 2);
  EXPECT_EQ(monitor.stats().instances, 1U);
  SWERVE_EMIT(talked, "bob", 1);  // ended
  SWERVE_EMIT(talked, "alice", 0);
  ASSERT_EQ(w.found.size(), 1U);
  EXPECT_EQ(w.found[0].object, "alice");
  EXPECT_EQ(monitor.stats().instances, 0U);
  ASSERT_TRUE(w.session.registry().set_monitoring(false));
  ASSERT_TRUE(w.session.registry().set_monitoring(true));
  SWERVE_EMIT(talked, "alice", 0);
  EXPECT_EQ(monitor.stats().instances, 1U);
}

TEST(Session, ObjectsMayBeSteppedDirectlyAndEndWithTheirHandle) {
  Watched w;
  Monitor monitor =
      w.session.add(MonitorSpec("direct", file_model(), Scope::object).reactor("callback")).value();
  const EventId open = file_model().find_event("open"), read = file_model().find_event("read");
  EXPECT_EQ(monitor.step(7, open), Outcome::ignored);  // not enabled
  ASSERT_TRUE(monitor.enable());
  {
    Object<int> seven = monitor.object(7);
    EXPECT_EQ(seven.step(open), Outcome::stepped);
    EXPECT_EQ(monitor.step(7, read), Outcome::stepped);
    EXPECT_EQ(monitor.stats().instances, 1U);
  }
  EXPECT_EQ(monitor.stats().instances, 0U);
  EXPECT_EQ(monitor.step(7, read), Outcome::violated);  // a new life
  EXPECT_EQ(w.found.size(), 1U);
}

TEST(Session, ThrowsWhereTheEventWasEmitted) {
  Session session;
  Monitor monitor = session.add(files().reactor("throw")).value();
  ASSERT_TRUE(monitor.enable());
  SWERVE_EMIT(file_opened, 1, "/a");
  try {
    SWERVE_EMIT(file_opened, 1, "/a");
    ADD_FAILURE() << "nothing was thrown";
  } catch (const ViolationError& error) {
    EXPECT_STREQ(error.what(),
                 "files: 'open' is not allowed in state 'open'; allowed there: close, read");
    EXPECT_EQ(error.violation().event, "open");
  }
  EXPECT_EQ(session.registry().report("files").value().reactions.reactions, 1U);
  ASSERT_TRUE(monitor.disable());  // no section was left open
}

TEST(Session, RefusesWhatCannotBeAndRegistersNothing) {
  Session session;
  const auto refusal = [&](MonitorSpec spec) {
    return session.add(std::move(spec)).error().message();
  };
  EXPECT_EQ(
      refusal(
          std::move(MonitorSpec("a", file_model(), Scope::object).on(file_read, "raed", key(kFd)))),
      "monitor 'a': the binding of file_read: no event 'raed' in the model; did you mean 'read'?");
  EXPECT_EQ(refusal(std::move(MonitorSpec("a", file_model(), Scope::object).on(file_read, "read"))),
            "monitor 'a': the binding of file_read needs a key: the scope is object");
  EXPECT_EQ(refusal(std::move(
                MonitorSpec("a", file_model(), Scope::task).on(file_read, "read", key(kFd)))),
            "monitor 'a': a key is for scope object; this one's is task");
  EXPECT_EQ(
      refusal(std::move(MonitorSpec("a", file_model(), Scope::task).on(file_read, EventId{9}))),
      "monitor 'a': the binding of file_read has an event of another model");
  EXPECT_EQ(
      refusal(std::move(MonitorSpec("a", file_model(), Scope::object)
                            .on(file_read, "read", key(kFd))
                            .on(file_closed, "close", key([](int) { return std::string(); })))),
      "monitor 'a': its objects have keys of more than one type");
  EXPECT_THAT(refusal(files().reactor("trow")), HasSubstr("did you mean 'throw'?"));
  EXPECT_THAT(session.registry().monitors(), testing::IsEmpty());
}

TEST(Session, ItsRegistryMayBeReadFromInsideACallbackButNotChanged) {
  Session* of_callback = nullptr;
  std::vector<std::string> seen;
  Session session({.log = {}, .callback = [&](const Reaction& r) {
                     Registry& registry = of_callback->registry();
                     seen.push_back(registry.find(r.violation.monitor)->name);
                     seen.push_back(registry.disable("files").error().message());
                     seen.push_back(of_callback->add(files("other")).error().message());
                   }});
  of_callback = &session;
  Monitor monitor = session.add(files().reactor("callback")).value();
  ASSERT_TRUE(monitor.enable());
  SWERVE_EMIT(file_opened, 1, "/a");
  SWERVE_EMIT(file_opened, 1, "/a");
  const char* const no =
      "monitors and reactors cannot be changed from inside a callback of a tracepoint";
  EXPECT_THAT(seen, ElementsAre("files", no, no));
  EXPECT_TRUE(monitor.enabled());
}

TEST(Session, AHandleOutlivesItsSession) {
  std::optional<Monitor> monitor;
  {
    Session session;
    monitor = session.add(files()).value();
    ASSERT_TRUE(monitor->enable());
    ASSERT_TRUE(session.remove("files"));
    EXPECT_EQ(monitor->enable().error().code(), ErrorCode::not_found);
    monitor = session.add(files()).value();
    ASSERT_TRUE(monitor->enable());
  }
  EXPECT_FALSE(monitor->enabled());
  EXPECT_EQ(monitor->step(1, EventId{0}), Outcome::ignored);
  EXPECT_EQ(monitor->enable().error().code(), ErrorCode::not_found);
  EXPECT_FALSE(file_read.on());
}

TEST(Session, AMonitorOfOnesOwnIsSwitchedAsTheOthersAre) {
  std::vector<std::string> calls;
  std::vector<Violation> found;
  Session session(
      {.log = {}, .callback = [&](const Reaction& r) { found.push_back(r.violation); }});
  ASSERT_TRUE(session.add_container("mine", "all of mine"));
  OwnMonitor own;
  own.name = "budget";
  own.description = "not more than ten";
  own.parent = "mine";
  own.reaction.reactor = "callback";
  own.enable = [&]() -> Result<> {
    calls.emplace_back("enable");
    return {};
  };
  own.disable = [&] { calls.emplace_back("disable"); };
  own.reset = [&] { calls.emplace_back("reset"); };
  OwnMonitorHandle handle = session.add(std::move(own)).value();
  Violation violation;
  violation.state = "ten";
  violation.event = "more";
  handle.report(violation);
  EXPECT_FALSE(handle.active());
  ASSERT_TRUE(session.registry().enable("mine"));
  EXPECT_TRUE(handle.active());
  handle.report(violation);
  ASSERT_TRUE(session.registry().set_monitoring(false));
  EXPECT_FALSE(handle.active());
  handle.report(violation);
  ASSERT_TRUE(session.registry().set_monitoring(true));
  ASSERT_TRUE(session.registry().disable("mine"));
  EXPECT_THAT(calls, ElementsAre("enable", "reset", "reset", "disable"));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].monitor, "budget");
  EXPECT_NE(found[0].by.tid, 0U);
}

TEST(Session, StepsAreToldWhileSomebodyReadsThem) {
  Session session;
  Monitor monitor = session.add(files()).value();
  ASSERT_TRUE(monitor.enable());
  SWERVE_EMIT(file_opened, 5, "/a");
  const auto file = session.tree().open("monitors/files/trace_pipe_json", {.read = true}).value();
  SWERVE_EMIT(file_read, 5);
  const std::string lines = file->read(0, 4096).value();
  EXPECT_THAT(lines, HasSubstr(R"("id":"5")"));
  EXPECT_THAT(lines, HasSubstr(R"("state":"open","event":"read","next":"open")"));
}

TEST(Session, DefinitionsInTomlBindItsTracepointsByTheirNames) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "session_test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "files.dot") << R"(digraph files {
    __init_closed -> closed;
    closed -> open [label = "open"]; open -> open [label = "read"]; open -> closed [label = "close"];
  })";
  std::ofstream(folder / "files.toml") << R"(
name = "files"
description = "of those below /etc"
scope = "object"
model = "files.dot"
[[on]]
probe = "inproc:file_opened"
key = "fd"
event = "open"
when = 'path == "/etc/hosts" && fd > 2'
start_run = true
[[on]]
probe = "inproc:file_read"
key = "fd"
event = "read"
[[on]]
probe = "inproc:file_closed"
key = "arg0"
event = "close"
end = true
)";
  Watched w;
  const Result<Monitor> loaded = w.session.load((folder / "files.toml").string());
  if (!loaded && loaded.error().code() == ErrorCode::unsupported)
    GTEST_SKIP() << "this kernel lacks nothing; built without TOML";
  ASSERT_TRUE(loaded) << loaded.error().message();
  Monitor monitor = *loaded;
  ASSERT_TRUE(w.session.registry().choose_reactor("files", "callback"));
  ASSERT_TRUE(monitor.enable());
  SWERVE_EMIT(file_opened, 1, "/etc/hosts");
  SWERVE_EMIT(file_opened, 4, "/elsewhere");
  EXPECT_EQ(monitor.stats().instances, 0U);
  SWERVE_EMIT(file_opened, 4, "/etc/hosts");
  SWERVE_EMIT(file_read, 4);
  SWERVE_EMIT(file_opened, 4, "/etc/hosts");
  ASSERT_EQ(w.found.size(), 1U);
  EXPECT_EQ(w.found[0].event, "open");
  SWERVE_EMIT(file_opened, 4, "/etc/hosts");
  SWERVE_EMIT(file_closed, 4);
  EXPECT_EQ(monitor.stats().instances, 0U);
}

// All texts were once one object.
TEST(Session, DefinitionsInTomlMayNameObjectsByATextParameter) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / "session_test_texts";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "talk.dot") << R"(digraph talk {
    __init_quiet -> quiet; quiet -> heard [label = "say"]; heard -> quiet [label = "answer"];
  })";
  const auto load = [&](Session& session, std::string_view key_of_answer) {
    std::ofstream(folder / "talk.toml") << R"(
name = "talk"
scope = "object"
model = "talk.dot"
reactor = "callback"
[[on]]
probe = "inproc:talked"
key = "who"
event = "say"
when = "what == 1"
start_run = true
[[on]]
probe = "inproc:talked"
key = ")" << key_of_answer << R"("
event = "answer"
when = "what == 2"
end = "true"
)";
    return session.load((folder / "talk.toml").string());
  };
  Watched w;
  const Result<Monitor> loaded = load(w.session, "who");
  if (!loaded && loaded.error().code() == ErrorCode::unsupported)
    GTEST_SKIP() << "this kernel lacks nothing; built without TOML";
  ASSERT_TRUE(loaded) << loaded.error().message();
  Monitor monitor = *loaded;
  ASSERT_TRUE(monitor.enable());
  SWERVE_EMIT(talked, "ann", 1);
  SWERVE_EMIT(talked, "bob", 1);
  SWERVE_EMIT(talked, "ann", 2);
  EXPECT_EQ(monitor.stats().instances, 1U);
  EXPECT_THAT(w.found, testing::IsEmpty());
  SWERVE_EMIT(talked, "bob", 1);
  ASSERT_EQ(w.found.size(), 1U);
  EXPECT_EQ(w.found[0].object, "bob");
  EXPECT_EQ(monitor.stats().instances, 0U);
  Session other({.log = {}, .callback = [](const Reaction&) {}});
  EXPECT_THAT(load(other, "what").error().message(),
              HasSubstr("its objects have keys of more than one type: texts and numbers"));
}

TEST(ParameterNames, AreThoseOfTheDeclaration) {
  EXPECT_THAT(parameter_names(
                  "int fd, std::pair<int, int> range, const char*, unsigned long, std::size_t n"),
              ElementsAre("fd", "range", "", "", "n"));
  EXPECT_THAT(parameter_names(""), ElementsAre());
  EXPECT_THAT(parameter_names("std::size_t, const Thing& thing, void (*f)(int), char a[3]"),
              ElementsAre("", "thing", "", "a"));
}

}  // namespace
}  // namespace swerve
