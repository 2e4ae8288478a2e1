#include "bind/host_engine.h"

#include <gtest/gtest.h>

#include "bind/fake_catalog_test.h"
#include "source/list.h"

namespace swerve {
namespace {

using Edges = std::vector<Automaton::Edge>;

struct On {
  const char* probe;
  const char* event;
  const char* task = nullptr;
  const char* key = nullptr;
  const char* when = nullptr;
  const char* start = nullptr;
  const char* start_run = nullptr;
  const char* end = nullptr;
};

const Edges kWwnr{{"not_running", "switch_in", "running"},
                  {"not_running", "wakeup", "not_running"},
                  {"running", "switch_out", "not_running"}};
const std::vector<On> kWwnrBindings{
    {.probe = "tracepoint:sched_switch",
     .event = "switch_out",
     .task = "prev",
     .start = "prev_state == 1"},
    {.probe = "tracepoint:sched_switch", .event = "switch_in", .task = "next"},
    {.probe = "tracepoint:sched_wakeup", .event = "wakeup", .task = "p"}};

/// A monitor, and everything that it says of the events that it is fed.
class HostEngineTest : public testing::Test, protected VerdictSink {
 protected:
  HostEngine make(Scope scope, const Edges& edges, const std::vector<On>& bindings,
                  std::uint32_t max_instances = 100) {
    Definition definition;
    definition.path = "m.toml";
    definition.name = "m";
    definition.scope = scope;
    definition.max_instances = max_instances;
    for (const On& on : bindings) {
      BindingText text;
      text.probe = parse_probe(on.probe).value();
      text.event = on.event;
      const auto expr = [](const char* source) {
        return source != nullptr ? std::optional<ExprText>({source, {"m.toml", 1, 1}, {}})
                                 : std::nullopt;
      };
      text.task = expr(on.task);
      text.key = expr(on.key);
      text.when = expr(on.when);
      text.start = expr(on.start);
      text.start_run = expr(on.start_run);
      text.end = expr(on.end);
      definition.on.push_back(std::move(text));
    }
    const BindOutcome bound = bind(
        std::move(definition), Automaton::make("m", edges[0].from, edges).value(), fake::Catalog());
    for (const Diagnostic& d : bound.diagnostics) {
      if (d.severity == Severity::error) ADD_FAILURE() << d.to_string();
    }
    return HostEngine::make(bound.monitor.value(), *this, {.every_step = true}).value();
  }
  void feed(HostEngine& engine, std::vector<Event> events) {
    ListSource source(std::move(events));
    for (;;) {
      const std::optional<Event> event = source.next().value();
      if (!event) return;
      engine.feed(*event);
    }
  }
  /// What was said since it was last asked: "ID: STATE x EVENT -> NEXT", "ID: STATE x EVENT!".
  std::vector<std::string> said() { return std::exchange(said_, {}); }

  void on_step(const Step& s) override {
    said_.push_back(cat(s.id.key, ": ", s.state, " x ", s.event, " -> ", s.next));
  }
  void on_violation(const Violation& v) override {
    said_.push_back(cat(v.id.key, ": ", v.state, " x ", v.event, "!"));
    violation_ = v;
  }

  std::vector<std::string> said_;
  Violation violation_;
};

using Said = std::vector<std::string>;

Event switched(std::uint64_t prev, std::uint64_t next, std::uint64_t prev_state,
               std::uint32_t cpu = 0) {
  Event e;
  e.cpu = cpu;
  e.probe = "tracepoint:sched_switch";
  e.arguments = {0, 0xffff0000, 0xffff1000, prev_state};
  e.fields = {{"prev->pid", prev}, {"next->pid", next}};
  return e;
}
Event woken(std::uint64_t tid) {
  Event e;
  e.probe = "tracepoint:sched_wakeup";
  e.fields = {{"p->pid", tid}, {"p->tgid", tid - 1}, {"p->comm", "sleeper"}};
  return e;
}
Event numbers(std::uint64_t i, std::uint64_t u = 0) {
  Event e;
  e.probe = "tracepoint:numbers";
  e.arguments = {i, u};
  return e;
}

TEST_F(HostEngineTest, WatchesTasks) {
  HostEngine engine = make(Scope::task, kWwnr, kWwnrBindings);
  Event wakeup = woken(5);
  wakeup.time = {77};
  wakeup.cpu = 3;
  wakeup.current = {9, 8, "waker"};
  feed(engine,
       {
           switched(5, 6, 0),            // not interruptible: starts nothing
           woken(5), switched(5, 6, 1),  // starts 5, and does not process that; 6 is not monitored
           switched(6, 5, 1),            // starts 6; 5 runs
           wakeup,
           woken(5),  // silent now
       });
  EXPECT_EQ(said(), (Said{"5: not_running x switch_in -> running", "5: running x wakeup!"}));
  EXPECT_EQ(violation_.time, TimeNs{77});
  EXPECT_EQ(violation_.cpu, 3U);
  EXPECT_EQ(violation_.by, (TaskInfo{9, 8, "waker"}));
  EXPECT_EQ(violation_.task, (TaskInfo{5, 4, "sleeper"}));
  EXPECT_EQ(violation_.expected, std::vector<std::string>{"switch_out"});
  EXPECT_EQ(violation_.path, (std::vector<PathStep>{{"not_running", "switch_in", "running"}}));
  EXPECT_EQ(engine.monitor().counters().instances, 1U);
}

TEST_F(HostEngineTest, RunsTheBindingsOfAProbeInTheirOrder) {
  const Edges edges{{"a", "first", "b"}, {"b", "second", "a"}};
  const On first{.probe = "tracepoint:numbers", .event = "first", .start_run = "true"};
  const On second{.probe = "tracepoint:numbers", .event = "second"};
  HostEngine engine = make(Scope::global, edges, {first, second});
  feed(engine, {numbers(0)});
  EXPECT_EQ(said(), (Said{"0: a x first -> b", "0: b x second -> a"}));
  engine = make(Scope::global, edges, {second, first});
  feed(engine, {numbers(0), numbers(0)});
  EXPECT_EQ(said(), (Said{"0: a x first -> b", "0: b x second -> a", "0: a x first -> b"}));
}

TEST_F(HostEngineTest, LetsStartRunWinOverStart) {
  HostEngine engine =
      make(Scope::global, {{"a", "e", "a"}},
           {{.probe = "tracepoint:numbers", .event = "e", .start = "i > 0", .start_run = "u > 0"}});
  feed(engine, {numbers(1, 1)});
  EXPECT_EQ(said(), (Said{"0: a x e -> a"}));
  engine.monitor().reset_all();
  feed(engine, {numbers(0, 0), numbers(1, 0)});
  EXPECT_EQ(said(), Said{});
  EXPECT_EQ(engine.monitor().counters().started, 2U);
  feed(engine, {numbers(0, 0)});
  EXPECT_EQ(said(), (Said{"0: a x e -> a"}));
}

TEST_F(HostEngineTest, KeepsOnlyEventsWhoseConditionHolds) {
  HostEngine engine = make(Scope::global, {{"a", "e", "a"}},
                           {{.probe = "tracepoint:numbers",
                             .event = "e",
                             .when = "i < 0 && cpu == 2",
                             .start_run = "true"}});
  Event negative = numbers(0xfffffffe);  // raw: an int of -2
  feed(engine, {numbers(1), negative});
  EXPECT_EQ(said(), Said{});
  negative.cpu = 2;
  feed(engine, {negative});
  EXPECT_EQ(said(), (Said{"0: a x e -> a"}));
}

TEST_F(HostEngineTest, KeepsObjectsByKeyUntilTheirEnd) {
  HostEngine engine = make(Scope::object, {{"open", "use", "open"}, {"open", "close", "open"}},
                           {{.probe = "tracepoint:numbers",
                             .event = "use",
                             .key = "i << 32 | u",
                             .when = "b",
                             .start_run = "true"},
                            {.probe = "tracepoint:numbers",
                             .event = "close",
                             .key = "i << 32 | u",
                             .when = "!b",
                             .end = "true"}},
                           2);
  const auto use = [](std::uint64_t i, std::uint64_t u, bool b) {
    Event e = numbers(i, u);
    e.arguments.resize(8);
    e.arguments.push_back(b);
    return e;
  };
  feed(engine, {use(1, 2, true), use(0, 2, true), use(3, 3, true)});
  EXPECT_EQ(said(), (Said{"4294967298: open x use -> open", "2: open x use -> open"}));
  EXPECT_EQ(engine.monitor().counters().refused, 1U);
  feed(engine, {use(1, 2, false), use(1, 2, false), use(3, 3, true)});
  EXPECT_EQ(said(), (Said{"4294967298: open x close -> open", "12884901891: open x use -> open"}));
}

TEST_F(HostEngineTest, HasOneInstanceACpu) {
  HostEngine engine = make(Scope::cpu, {{"a", "e", "b"}},
                           {{.probe = "tracepoint:numbers", .event = "e", .start_run = "true"}});
  Event on1 = numbers(0);
  on1.cpu = 1;
  feed(engine, {numbers(0), on1, numbers(0)});
  EXPECT_EQ(said(), (Said{"0: a x e -> b", "1: a x e -> b", "0: b x e!"}));
}

TEST_F(HostEngineTest, HasOneIdleTaskACpu) {
  HostEngine engine = make(Scope::task, kWwnr, kWwnrBindings);
  feed(engine, {switched(0, 6, 1, 0), switched(7, 0, 0, 1), switched(7, 0, 0, 0)});
  EXPECT_EQ(said(), (Said{"0: not_running x switch_in -> running"}));
}

TEST_F(HostEngineTest, StartsANewTaskUnmonitored) {
  HostEngine engine = make(Scope::task, kWwnr, kWwnrBindings);
  Event fork;
  fork.probe = "tracepoint:task:task_newtask";
  fork.fields = {{"task->pid", 5U}};
  feed(engine, {switched(5, 6, 1), fork, woken(5)});
  EXPECT_EQ(said(), Said{});
}

TEST_F(HostEngineTest, TakesTheCurrentTaskWhereNoneIsNamed) {
  HostEngine engine = make(Scope::task, {{"a", "e", "a"}},
                           {{.probe = "tracepoint:numbers", .event = "e", .start_run = "true"},
                            {.probe = "syscall:close", .event = "e", .task = "current"}});
  Event e = numbers(0), close;
  e.current = close.current = {4, 4, "me"};
  close.probe = "syscall:close";
  feed(engine, {e, close});
  EXPECT_EQ(said(), (Said{"4: a x e -> a", "4: a x e -> a"}));
}

TEST_F(HostEngineTest, CountsTasksThatTheEventDoesNotTell) {
  HostEngine engine = make(Scope::task, kWwnr, kWwnrBindings);
  Event e;
  e.probe = "tracepoint:sched_wakeup";
  e.arguments = {0};
  feed(engine, {e});
  EXPECT_EQ(engine.unknown_tasks(), 1U);
}

TEST_F(HostEngineTest, ReadsMembersStringsAndChoicesByName) {
  HostEngine engine = make(
      Scope::task, {{"a", "e", "a"}},
      {{.probe = "tracepoint:sched_switch",
        .event = "e",
        .task = "preempt ? prev->parent : next",
        .when = "prev->comm == \"bash\" && prev->flags.three == 5 && prev->flags.five == -3 && "
                "(preempt ? prev : next)->prio == 120 && current->comm == \"me\" && current != 0",
        .start_run = "true"}});
  Event e = switched(1, 2, 0);
  e.current = {3, 3, "me"};
  e.fields = {{"prev->comm", std::string("bash\0junk", 9)},
              {"prev->flags.three", 5U},
              {"prev->flags.five", std::uint64_t(-3)},
              {"prev->prio", 1U},
              {"next->prio", 120U},
              {"next->pid", 2U},
              {"prev->parent->pid", 7U}};
  feed(engine, {e});
  EXPECT_EQ(said(), (Said{"2: a x e -> a"}));
  e.arguments[0] = 1;
  feed(engine, {e});
  EXPECT_EQ(said(), Said{});
  e.fields[3].value = std::uint64_t{120};
  feed(engine, {e});
  EXPECT_EQ(said(), (Said{"7: a x e -> a"}));
}

// A recording names the arguments and has no raw ones.
TEST_F(HostEngineTest, FindsArgumentsByNameToo) {
  HostEngine engine = make(Scope::task, kWwnr, kWwnrBindings);
  Event e = switched(5, 6, 0);
  e.arguments.clear();
  e.fields.push_back({"prev_state", 1U});
  feed(engine, {e, woken(5)});
  EXPECT_EQ(said(), (Said{"5: not_running x wakeup -> not_running"}));
}

TEST_F(HostEngineTest, PassesOverProbesThatItDoesNotKnow) {
  HostEngine engine = make(Scope::task, kWwnr, kWwnrBindings);
  Event e;
  for (const char* probe : {"", "rubbish", "tracepoint:other", "fentry:sched_switch"}) {
    e.probe = probe;
    engine.feed(e);
  }
  EXPECT_EQ(engine.unknown_tasks(), 0U);
  Event with_category = switched(5, 6, 1);
  with_category.probe = "tracepoint:sched:sched_switch";
  engine.feed(with_category);
  EXPECT_EQ(engine.monitor().counters().started, 1U);
}

TEST_F(HostEngineTest, RefusesAModelThatIsTooLarge) {
  Edges edges;
  for (int s = 0; s < 257; ++s) {
    for (int e = 0; e < 256; ++e) edges.push_back({cat("s", s), cat("e", e), "s0"});
  }
  BoundMonitor bound{{}, Automaton::make("m", "s0", edges).value(), {}};
  bound.definition.name = "big";
  EXPECT_EQ(HostEngine::make(bound, *this, {}).error().message(),
            "big: the model has 65792 transitions; the limit is 65534");
}

}  // namespace
}  // namespace swerve
