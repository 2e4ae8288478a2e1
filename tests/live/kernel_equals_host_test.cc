// The kernel path gives the verdicts of the host path.
//
// Random automata, random bindings over system calls, random expressions over their arguments;
// threads and processes that make a known list of these calls. What the engine in the kernel says
// must be, event for event, what HostEngine says of the same list, and that is checked against a
// few lines that know nothing of tables and words. SWERVE_TEST_SEED=N repeats a run,
// SWERVE_TEST_RUNS=N makes it longer.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "bind/expr_parser.h"
#include "bind/host_engine.h"
#include "differential.h"
#include "driver.h"
#include "monitor/naive_instance.h"
#include "source/list.h"
#include "support.h"

namespace swerve::live {
namespace {

// Says of a call of this kind: "it is ours".
std::string mark_condition(Call::Kind kind, const Signature& signature, std::uint32_t mark) {
  if (kind == Call::Kind::lseek) return cat("offset >> 32 == ", mark);
  return cat("(int)", signature.parameters[0].name, " == ", mark);
}

// With `own_tasks` a task's instance is stepped by that task alone.
std::vector<On> random_bindings(Random& random, const Automaton& model, Scope scope,
                                std::uint32_t mark, bool own_tasks) {
  std::vector<On> out;
  std::vector<std::string> marks;
  for (const std::string& event : model.events()) {
    for (std::size_t n = 1 + random.below(2); n != 0; --n) {
      const auto kind = static_cast<Call::Kind>(random.below(6));
      On on;
      on.probe = cat("syscall:", shape_of(kind).name, random.one_in(3) ? ":exit" : "");
      on.event = event;
      const Signature signature = catalog().signature(parse_probe(on.probe).value()).value();
      std::vector<std::string> names;
      for (const Parameter& p : signature.parameters) names.push_back(p.name);
      const auto expression = [&](int depth) {
        for (;;) {  // a few random expressions are none
          const std::string text = random.expression(names, depth);
          if (parse_expr({text, {}, {}}, catalog(), &signature).expr != nullptr) return text;
        }
      };
      on.when = mark_condition(kind, signature, mark);
      marks.push_back(on.when);
      if (!random.one_in(3)) {
        on.when += cat(" && (", expression(3), ")");
      }
      const auto condition = [&] { return random.one_in(3) ? "true" : expression(2); };
      const std::size_t handler = random.below(8);
      if (handler < 3) on.start = condition();
      if (handler >= 2 && handler < 5) on.start_run = condition();
      const auto always = [&](const std::string& text) {
        return is_always(parse_expr({text, {}, {}}, catalog(), &signature).expr);
      };
      if (always(on.start) && always(on.start_run)) on.start.clear();
      if (scope == Scope::task && random.one_in(4)) {
        on.task = !own_tasks && random.one_in(2) ? "current->group_leader" : "current";
      }
      if (scope == Scope::object) {
        static const char* const kKeys[] = {" & 3", " % 5", " << 32 | tgid", " == 0", ""};
        on.key = cat("(", names[1 + random.below(names.size() - 1)], ")", kKeys[random.below(5)]);
        if (random.one_in(4)) on.end = condition();
      }
      out.push_back(std::move(on));
    }
  }
  // One at least starts instances, and gives something to look at.
  const std::size_t first = random.below(out.size());
  out[first].when = marks[first];
  (random.one_in(2) ? out[first].start : out[first].start_run) = "true";
  if (out[first].start == "true") out[first].start_run.clear();
  if (out[first].start_run == "true") out[first].start.clear();
  return out;
}

// A list that has every worker come, work and, some of them, go.
std::vector<Call> random_calls(Random& random, std::size_t count, std::uint32_t workers,
                               bool outsider, std::uint32_t mark) {
  std::vector<Call> out;
  std::vector<std::uint32_t> alive = {0};
  std::vector<std::uint32_t> processes;
  std::uint32_t begun = 1;
  if (outsider) alive.push_back(workers);
  while (out.size() < count) {
    if (begun < workers && random.one_in(20)) {
      Call c{
          0, random.one_in(3) ? Call::Kind::start_process : Call::Kind::start_thread, {begun}, 0};
      out.push_back(c);
      alive.push_back(begun++);
      continue;
    }
    const std::size_t at = random.below(alive.size());
    if (alive[at] != 0 && alive[at] != workers && random.one_in(60)) {
      out.push_back({alive[at], Call::Kind::leave, {}, 0});
      out.push_back({0, Call::Kind::join, {alive[at]}, 0});
      alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(at));
      continue;
    }
    Call c{alive[at], static_cast<Call::Kind>(random.below(6)), {}, 0};
    for (std::uint64_t& a : c.arguments) a = random.value();
    if (c.kind == Call::Kind::lseek) {
      c.arguments[0] = kSeekable;
      c.arguments[1] = (c.arguments[1] & 0xffffffff) | std::uint64_t{mark} << 32;
      if (random.one_in(2)) c.arguments[2] = 0;  // SEEK_SET
    } else {
      c.arguments[0] =
          mark | (c.arguments[0] & 0xffffffff00000000);  // an int: the rest is not looked at
    }
    out.push_back(c);
  }
  return out;
}

std::vector<Event> events_of(const Driver& driver, std::uint32_t first_outsider) {
  std::vector<Event> out;
  for (std::size_t i = 0; i < driver.size(); ++i) {
    const Call& c = driver.call(i);
    if (!is_marked(c.kind) || c.worker >= first_outsider) continue;
    const WorkerInfo& w = driver.worker(c.worker);
    const CallShape& shape = shape_of(c.kind);
    Event e;
    e.cpu = w.cpu;
    e.current = {static_cast<std::uint32_t>(w.pid_tgid),
                 static_cast<std::uint32_t>(w.pid_tgid >> 32), w.comm};
    e.probe = cat("syscall:", shape.name);
    e.arguments.assign(c.arguments, c.arguments + shape.count);
    e.fields = {{"current->group_leader->pid", w.leader_tid},
                {"current->group_leader->tgid", w.pid_tgid >> 32},
                {"current->group_leader->comm", std::string(w.leader_comm)}};
    out.push_back(e);
    e.probe += ":exit";
    e.arguments.push_back(static_cast<std::uint64_t>(c.ret));
    out.push_back(e);
  }
  return out;
}

// The third opinion, on bindings and states alone: "INSTANCE: state -event-> next" or "...->
// VIOLATION path".
class NaiveOperands final : public Operands {
 public:
  explicit NaiveOperands(const Event& event) : event_(event) {}
  std::uint64_t argument(std::uint64_t n) const override { return event_.arguments.at(n); }
  std::uint64_t builtin(Expr::Builtin which) const override {
    return which == Expr::Builtin::cpu   ? event_.cpu
           : which == Expr::Builtin::pid ? event_.current.tid
                                         : event_.current.tgid;
  }
  std::uint64_t load(const Expr&) const override { return 0; }
  bool bytes(const Expr&, std::size_t, std::string&) const override { return false; }

 private:
  const Event& event_;
};

std::vector<std::string> naive_words(const BoundMonitor& monitor,
                                     const std::vector<Event>& events) {
  std::vector<std::string> out;
  std::map<std::uint64_t, NaiveInstance> instances;
  const auto path_words = [&](const std::vector<Transition>& path) {
    std::string text;
    for (const Transition& t : path)
      text += cat(" ", index(t.from), "-", index(t.event), "-", index(t.to));
    return text;
  };
  for (const Event& event : events) {
    const NaiveOperands operands(event);
    const auto holds = [&](const ExprPtr& e) {
      return e != nullptr && evaluate(*e, operands) != 0;
    };
    for (const Binding& b : monitor.bindings) {
      if (b.probe.text() != event.probe || (b.when != nullptr && !holds(b.when))) continue;
      std::uint64_t key = 0;
      switch (monitor.definition.scope) {
        case Scope::global:
          break;
        case Scope::cpu:
          key = event.cpu;
          break;
        case Scope::task:
          key = b.task != nullptr && b.task->op == Expr::Op::load
                    ? std::get<std::uint64_t>(*event.field("current->group_leader->pid"))
                    : event.current.tid;
          break;
        case Scope::object:
          key = evaluate(*b.key, operands);
          break;
      }
      const Handler handler = holds(b.start_run) ? Handler::start_run
                              : holds(b.start)   ? Handler::start
                                                 : Handler::event;
      auto at = instances.find(key);
      if (at == instances.end()) {
        const bool full = monitor.definition.scope == Scope::object &&
                          instances.size() >= monitor.definition.max_instances;
        if (handler == Handler::event || full) continue;
        at = instances.emplace(key, NaiveInstance{}).first;
      }
      const NaiveInstance before = at->second;
      const Outcome outcome = at->second.step(monitor.model, b.event, handler);
      const StateId from = before.state.value_or(kInitial);
      const std::string begin = cat(key, ": ", index(from), " -", index(b.event), "-> ");
      if (outcome == Outcome::stepped) out.push_back(cat(begin, index(*at->second.state)));
      if (outcome == Outcome::violated)
        out.push_back(cat(begin, "VIOLATION", path_words(before.path())));
      if (!at->second.state || holds(b.end)) instances.erase(at);
    }
  }
  return out;
}

// The same words of what an engine said.
std::vector<std::string> naive_words(const Automaton& model, const std::vector<Verdict>& verdicts) {
  std::vector<std::string> out;
  for (const Verdict& verdict : verdicts) {
    const Occurrence& o = std::visit([](const auto& v) -> const Occurrence& { return v; }, verdict);
    std::string text = cat(o.id.key, ": ", index(model.find_state(o.state)), " -",
                           index(model.find_event(o.event)), "-> ");
    if (const auto* step = std::get_if<Step>(&verdict)) {
      text += cat(index(model.find_state(step->next)));
    } else {
      text += "VIOLATION";
      for (const PathStep& p : std::get<Violation>(verdict).path) {
        text += cat(" ", index(model.find_state(p.state)), "-", index(model.find_event(p.event)),
                    "-", index(model.find_state(p.next)));
      }
    }
    out.push_back(std::move(text));
  }
  return out;
}

struct Plan {
  Scope scope;
  Size size;
  bool every_step, only_watched, in_order;
  bool crowded;  // tasks: all but two find their places taken
};

struct Tally {
  std::size_t steps = 0, violations = 0;
};

void one_run(std::uint64_t seed, const Plan& plan, Tally& tally) {
  Random random(seed);
  const std::uint32_t mark = 0x53570000U | static_cast<std::uint32_t>(random.below(0x10000));
  const Automaton model = random_automaton(random, plan.size);
  const std::vector<On> on = random_bindings(random, model, plan.scope, mark, !plan.in_order);
  const std::uint32_t most =
      plan.scope == Scope::object && random.one_in(3) ? 2 : kInstancesDefault;
  const auto monitor = make_monitor("random", plan.scope, model, on, most);
  SCOPED_TRACE(cat("SWERVE_TEST_SEED=", seed, " ", scope_name(plan.scope), describe(on)));
  ASSERT_TRUE(monitor);

  auto ids = KernelIds::create();
  ASSERT_TRUE(ids) << ids.error().message();
  constexpr std::uint32_t kWorkers = 6;
  const std::vector<Call> calls = random_calls(random, 500, kWorkers, plan.only_watched, mark);
  auto engine = Engine::create(catalog(),
                               {.steps = plan.every_step ? StepReports::always : StepReports::never,
                                .stacks = false,
                                .only_watched = plan.only_watched,
                                .task_slot_bits = plan.crowded ? 1U : 0U});
  ASSERT_TRUE(engine) << engine.error().message();
  const auto added = (*engine)->add(*monitor);
  ASSERT_TRUE(added) << added.error().message();
  ASSERT_TRUE((*engine)->attach((*engine)->all()));
  (*engine)->arm((*engine)->all());

  Driver driver(calls, plan.in_order, *ids);
  if (plan.only_watched) {
    driver.begin(kWorkers);  // an outsider, who makes calls as the others do
    ASSERT_TRUE((*engine)->watch_my_children());
  }
  driver.begin(0);
  if (plan.only_watched) {
    ASSERT_TRUE((*engine)->watch_no_more_children());
  }
  driver.wait_done();

  // What the host says.
  std::vector<Event> events = events_of(driver, plan.only_watched ? kWorkers : kWorkers + 1);
  Recorder host_says;
  auto host = HostEngine::make(*monitor, host_says, {.every_step = true});
  ASSERT_TRUE(host) << host.error().message();
  ListSource source(events);
  for (auto e = source.next(); e && *e; e = source.next()) host->feed(**e);
  expect_same(naive_words(model, host_says.verdicts), naive_words(*monitor, events));

  // What the kernel says.
  Recorder kernel_says;
  (*engine)->drain(kernel_says);
  for (Verdict& v : kernel_says.verdicts) {
    std::visit([](auto& o) { o.time = {}; }, v);
  }
  std::vector<std::string> want, got = all_words(kernel_says.verdicts);
  for (const Verdict& v : host_says.verdicts) {
    const bool is_step = std::holds_alternative<Step>(v);
    ++(is_step ? tally.steps : tally.violations);
    if (plan.every_step || !is_step) want.push_back(words(v));
  }
  if (!plan.in_order) {  // every task in its own order
    const auto by_task = [](const std::string& a, const std::string& b) {
      return a.substr(0, a.find(':')) < b.substr(0, b.find(':'));
    };
    std::stable_sort(want.begin(), want.end(), by_task);
    std::stable_sort(got.begin(), got.end(), by_task);
  }
  expect_same(got, want);

  MonitorStats stats = (*engine)->stats(*added);
  const MonitorCounters counters = host->monitor().counters();
  EXPECT_EQ(stats.events, counters.events);
  EXPECT_EQ(stats.violations, counters.violations);
  EXPECT_EQ(stats.started, counters.started);
  EXPECT_EQ(stats.refused, counters.refused);
  EXPECT_EQ(stats.raced + stats.lost + stats.missed + stats.compat, 0U);
  if (plan.scope != Scope::task) {
    EXPECT_EQ(stats.instances, counters.instances);
  } else {
    // Those of the workers that are still there.
    std::uint64_t alive = 0;
    for (std::uint32_t w = 0; w < kWorkers; ++w) {
      const bool left = std::any_of(calls.begin(), calls.end(), [&](const Call& c) {
        return c.worker == w && c.kind == Call::Kind::leave;
      });
      const auto tid = static_cast<std::uint32_t>(driver.worker(w).pid_tgid);
      if (tid != 0 && !left && host->monitor().state(InstanceKey::task(tid, 0))) ++alive;
    }
    EXPECT_TRUE(soon_after_deaths([&] { return (*engine)->stats(*added).instances == alive; }))
        << (*engine)->stats(*added).instances << " instances of " << alive << " living tasks";
    driver.finish();
    EXPECT_TRUE(soon_after_deaths([&] { return (*engine)->stats(*added).instances == 0; }));
    stats = (*engine)->stats(*added);
    EXPECT_EQ(stats.events, counters.events);
  }
  EXPECT_TRUE((*engine)->disarm((*engine)->all()));
  stats = (*engine)->stats(*added);
  EXPECT_EQ(stats.instances, 0U);
  EXPECT_EQ(stats.events, counters.events);
}

void many_runs(Scope scope) {
  const std::uint64_t seed = base_seed();
  Tally tally;
  for (std::size_t i = 0; i < runs(18) && !testing::Test::HasFailure(); ++i) {
    const auto size = static_cast<Size>((seed + i) % 3);
    const bool free = scope == Scope::task && (seed + i) % 4 == 3;
    one_run(
        seed + i,
        {scope, size, (seed + i) / 3 % 2 == 0, (seed + i) % 5 == 0, !free, (seed + i) / 2 % 2 == 0},
        tally);
  }
  // The test would be worth nothing if nothing happened.
  if (runs(18) >= 18) {
    EXPECT_GT(tally.steps, 500U);
    EXPECT_GT(tally.violations, 100U);
  }
  testing::Test::RecordProperty("steps", static_cast<int>(tally.steps));
  testing::Test::RecordProperty("violations", static_cast<int>(tally.violations));
}

TEST(KernelEqualsHost, Global) { many_runs(Scope::global); }
TEST(KernelEqualsHost, Cpu) { many_runs(Scope::cpu); }
TEST(KernelEqualsHost, Task) { many_runs(Scope::task); }
TEST(KernelEqualsHost, Object) { many_runs(Scope::object); }

}  // namespace
}  // namespace swerve::live
