// What ends, and what begins anew: processes, plugins, threads, static objects.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "swerve/control/inproc/session.h"
#include "swerve/model/dot_parser.h"

namespace swerve {
namespace {

SWERVE_TRACEPOINT(stepped, int key);
SWERVE_TRACEPOINT(forbidden, int key);
SWERVE_TRACEPOINT(ended_late);

const Automaton& ticks() {
  static const Automaton model =
      *parse_dot(
           "digraph t { __init_a -> a; a -> a [label = tick]; a -> b [label = leave]; b -> b "
           "[label = bad]; }",
           "m.dot")
           .automaton;
  return model;
}

MonitorSpec ticking(std::string name) {
  MonitorSpec spec(std::move(name), ticks(), Scope::task);
  spec.description("never anything bad").on(stepped, "tick", start_run).on(forbidden, "bad");
  return spec;
}

/// Runs `child` in a child of this process, which ends by exit(); its exit status, or minus the
/// signal that ended it.
int in_a_child(const std::function<bool()>& child, bool by_exit = true) {
  const ::pid_t pid = ::fork();
  if (pid == 0) {
    ::alarm(60);  // what hangs is a failure
    const int status = child() ? 0 : 1;
    if (by_exit) std::exit(status);
    ::_exit(status);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#if !defined(__SANITIZE_THREAD__)  // which does not model a fork() beside other threads
TEST(Fork, TheChildHasEverythingOffAndCanMakeASessionOfItsOwn) {
  Session session;
  Monitor monitor = session.add(ticking("ticks")).value();
  ASSERT_TRUE(monitor.enable());
  std::atomic<bool> stop{false};
  std::atomic<int> begun{0};
  std::vector<std::thread> emitters;
  for (int i = 0; i < 3; ++i) {
    emitters.emplace_back([&] {
      SWERVE_EMIT(stepped, 1);
      ++begun;
      while (!stop) SWERVE_EMIT(stepped, 1);
    });
  }
  // What a thread allocates for its first event, and has put nowhere yet, no child can free.
  while (begun < 3) std::this_thread::yield();
  for (int i = 0; i < 20; ++i) {  // in the middle of whatever they are at
    const int status = in_a_child([&] {
      if (stepped.on() || forbidden.on()) return false;
      SWERVE_EMIT(stepped, 1);
      if (session.remove("ticks").error().code() != ErrorCode::unsupported) return false;
      if (session.add(ticking("more")).error().code() != ErrorCode::unsupported) return false;
      if (session.registry().set_monitoring(false).error().code() != ErrorCode::unsupported)
        return false;
      Session own;
      Monitor mine = own.add(ticking("ticks")).value();
      if (!mine.enable()) return false;
      SWERVE_EMIT(stepped, 1);
      std::thread([] { SWERVE_EMIT(stepped, 1); }).join();
      if (mine.stats().events != 2) return false;
      return mine.disable().has_value() && !stepped.on();
    });
    EXPECT_EQ(status, 0);
  }
  stop = true;
  for (std::thread& emitter : emitters) emitter.join();
  EXPECT_TRUE(stepped.on());  // the parent's goes on
  ASSERT_TRUE(monitor.disable());
}
#endif

TEST(Fork, ASessionOfTheParentMayBeDestroyedInTheChild) {
  auto session = std::make_unique<Session>();
  Monitor monitor = session->add(ticking("ticks")).value();
  ASSERT_TRUE(monitor.enable());
  EXPECT_EQ(in_a_child([&] {
              session.reset();
              return monitor.step(ticks().find_event("tick")) != Outcome::violated;
            }),
            0);
  EXPECT_TRUE(monitor.enabled());
}

TEST(Fork, InsideACallbackTheCallbackGoesOnInTheChild) {
  int status = -1;
  bool was_after = false;
  const Attachment attachment = stepped.attach([&](int) {
    status = in_a_child([&] {
      SWERVE_EMIT(stepped, 2);  // off
      return inside_section() && !stepped.on();
    });
    was_after = true;
  });
  SWERVE_EMIT(stepped, 1);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(was_after);
}

class Plugin {
 public:
  Plugin() : handle_(::dlopen(SWERVE_TEST_PLUGIN, RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) ADD_FAILURE() << ::dlerror();
    work_ = reinterpret_cast<void (*)(int)>(::dlsym(handle_, "plugin_work"));
  }
  ~Plugin() { close(); }
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  void close() {
    if (handle_ != nullptr) ::dlclose(std::exchange(handle_, nullptr));
  }
  void work(int key) const { work_(key); }

 private:
  void* handle_;
  void (*work_)(int) = nullptr;
};

TEST(Plugin, ItsTracepointIsThereUntilItIsUnloaded) {
  EXPECT_TRUE(find_tracepoints("plugin_worked").empty());
  for (int i = 0; i < 3; ++i) {
    Plugin plugin;
    const std::vector<AnyTracepoint*> found = find_tracepoints("plugin_worked");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0]->parameters(), "int key");
    std::vector<std::uint64_t> seen;
    Attachment attachment = found[0]->attach_any(
        [&](const Emission&, std::span<const ArgumentValue> v) { seen.push_back(v[0].number); });
    plugin.work(7);
    plugin.close();
    EXPECT_FALSE(attachment.attached());
    EXPECT_TRUE(find_tracepoints("plugin_worked").empty());
    EXPECT_TRUE(attachment.detach());
    EXPECT_EQ(seen, (std::vector<std::uint64_t>{7}));
  }
}

TEST(Plugin, UnloadingWaitsForACallbackThatRuns) {
  for (const bool detached_meanwhile : {false, true}) {
    Plugin plugin;
    std::atomic<bool> inside{false}, go{false}, ended{false};
    const std::vector<AnyTracepoint*> found = find_tracepoints("plugin_worked");
    ASSERT_EQ(found.size(), 1U);
    Attachment attachment;
    attachment = found[0]->attach_any([&](const Emission&, std::span<const ArgumentValue>) {
      if (detached_meanwhile) {
        EXPECT_FALSE(attachment.detach());
      }
      inside = true;
      inside.notify_all();
      go.wait(false);
      ended = true;
    });
    // Emitted from here: who emits from the plugin's own code would have to return into it.
    static constexpr SourceLocation kHere = SourceLocation::current();
    std::thread emitter([&] { static_cast<Tracepoint<void(int)>*>(found[0])->emit(kHere, 1); });
    inside.wait(false);
    std::thread opener([&] {
      go = true;
      go.notify_all();
    });
    plugin.close();
    EXPECT_TRUE(ended);
    emitter.join();
    opener.join();
    EXPECT_FALSE(attachment.attached());
  }
}

TEST(Plugin, AMonitorThatIsBoundToItByNameSurvivesTheUnloading) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "inproc_plugin";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "work.dot") << "digraph t { __init_a -> a; a -> a [label = tick]; }";
  std::ofstream(folder / "work.toml") << R"(
name = "work"
scope = "global"
model = "work.dot"
[[on]]
probe = "inproc:plugin_worked"
event = "tick"
start_run = true
)";
  Session session;
  Plugin plugin;
  const Result<Monitor> loaded = session.load((folder / "work.toml").string());
  if (!loaded && loaded.error().code() == ErrorCode::unsupported)
    GTEST_SKIP() << "built without TOML";
  ASSERT_TRUE(loaded) << loaded.error().message();
  Monitor monitor = *loaded;
  ASSERT_TRUE(monitor.enable());
  plugin.work(1);
  EXPECT_EQ(monitor.stats().events, 1U);
  plugin.close();
  EXPECT_TRUE(monitor.enabled());
  EXPECT_EQ(monitor.stats().events, 1U);
  ASSERT_TRUE(monitor.disable());
  EXPECT_EQ(monitor.enable().error().code(), ErrorCode::not_found);
  const Plugin again;
  ASSERT_TRUE(monitor.enable());
  again.work(1);
  EXPECT_EQ(monitor.stats().events, 2U);
}

struct EmitsAtTheEnd {
  ~EmitsAtTheEnd() { SWERVE_EMIT(ended_late); }
};

TEST(Threads, WhatAThreadEmitsAtItsEndIsSeen) {
  std::atomic<int> seen{0};
  const Attachment attachment = ended_late.attach([&] { ++seen; });
  std::thread([] {
    thread_local const EmitsAtTheEnd at_the_end;
    (void)at_the_end;
  }).join();
  EXPECT_EQ(seen, 1);
  EXPECT_TRUE(wait_for_sections());  // it has left its section
}

TEST(Threads, ACallbackMayEndItsThread) {
  std::atomic<int> after{0};
  Attachment attachment = stepped.attach([](int) { ::pthread_exit(nullptr); });
  std::thread([&] {
    SWERVE_EMIT(stepped, 1);
    ++after;
  }).join();
  EXPECT_EQ(after, 0);
  EXPECT_TRUE(attachment.detach());  // nobody is inside any more
}

TEST(StaticObjects, MayEmitAndDetachAfterTheSessionIsGone) {
  const auto dies = [] {
    // Destroyed the other way round: the session, the attachment, then what emits.
    static const EmitsAtTheEnd last;
    static std::atomic<int> seen{0};
    static const Attachment attachment = ended_late.attach([] { ++seen; });
    static Session session;
    static Monitor monitor = session.add(ticking("ticks")).value();
    if (!monitor.enable()) return false;
    SWERVE_EMIT(stepped, 1);
    SWERVE_EMIT(ended_late);
    return seen == 1 && monitor.stats().events == 1;
  };
  EXPECT_EQ(in_a_child(dies), 0);
}

// It once waited for ever.
TEST(Exit, DoesNotWaitForACallbackThatNeverReturns) {
  const auto ends = [] {
    std::atomic<bool> inside{false};
    static auto& stays = *new Attachment();  // who detaches waits
    stays = stepped.attach([&](int) {
      inside = true;
      inside.notify_all();
      for (;;) ::pause();
    });
    std::thread([] { SWERVE_EMIT(stepped, 1); }).detach();
    inside.wait(false);
    std::exit(7);
    return false;
  };
  EXPECT_EQ(in_a_child(ends), 7);
}

TEST(Reactors, AbortSaysWhyAndEndsTheProcess) {
  const auto dies = [] {
    Session session;
    Monitor monitor = session.add(ticking("ticks").reactor("abort")).value();
    (void)monitor.enable();
    SWERVE_EMIT(stepped, 1);
    SWERVE_EMIT(forbidden, 1);
  };
  EXPECT_EXIT(dies(), testing::KilledBySignal(SIGABRT), "never anything bad(.|\n)*bad");
}

/// On a thread of its own, or at the event: it registers a monitor.
class Registers final : public Reactor {
 public:
  explicit Registers(bool at_event) : at_event_(at_event) {}
  std::string_view name() const override { return "registers"; }
  std::string_view description() const override { return "registers a monitor"; }
  bool at_event() const override { return at_event_; }
  Result<> react(const Reaction&) override {
    const Result<Monitor> added = session->add(ticking("new"));
    result = added ? Result<>() : Result<>(added.error());
    done = true;
    done.notify_all();
    return {};
  }
  Session* session = nullptr;
  Result<> result;
  std::atomic<bool> done{false};

 private:
  bool at_event_;
};

TEST(Reactors, OneOnItsOwnThreadMayRegisterAMonitorOneAtTheEventMayNot) {
  for (const bool at_event : {false, true}) {
    Session session;
    const auto reactor = std::make_shared<Registers>(at_event);
    reactor->session = &session;
    ReactorSet::Kind kind;
    kind.name = "registers";
    kind.description = "registers a monitor";
    kind.make = [reactor](const ReactorSet::Options&) -> Result<std::shared_ptr<Reactor>> {
      return std::shared_ptr<Reactor>(reactor);
    };
    ASSERT_TRUE(session.registry().register_reactor(std::move(kind)));
    Monitor monitor = session.add(ticking("ticks").reactor("registers")).value();
    ASSERT_TRUE(monitor.enable());
    SWERVE_EMIT(stepped, 1);
    SWERVE_EMIT(forbidden, 1);
    reactor->done.wait(false);
    if (at_event) {
      ASSERT_FALSE(reactor->result);
      EXPECT_EQ(reactor->result.error().code(), ErrorCode::busy);
      EXPECT_FALSE(session.registry().find("new"));
    } else {
      EXPECT_TRUE(reactor->result);
      EXPECT_TRUE(session.registry().find("new"));
    }
    ASSERT_TRUE(monitor.disable());
  }
}

}  // namespace
}  // namespace swerve
