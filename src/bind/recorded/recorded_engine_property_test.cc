// Random definitions on random events: what RecordedEngine says of a recording of them, against
// what HostEngine says of the events themselves.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "bind/fake_catalog_test.h"
#include "bind/host_engine.h"
#include "bind/recorded/definitions_test.h"
#include "bind/recorded/fake_recording_test.h"
#include "bind/recorded/recorded_catalog.h"
#include "bind/recorded/recorded_engine.h"
#include "bind/recorded/task_states.h"

namespace swerve {
namespace {

using fake::Happened;
using fake::On;

using Numbers = std::vector<std::uint32_t>;

/// Decisions, taken from a row of numbers; when that is at its end, the first one each time.
class Dice {
 public:
  explicit Dice(Numbers numbers) : numbers_(std::move(numbers)) {}
  std::uint32_t pick(std::size_t count) {
    return at_ < numbers_.size() ? numbers_[at_++] % static_cast<std::uint32_t>(count) : 0;
  }
  bool one_in(std::size_t count) { return pick(count) == count - 1; }
  template <typename T>
  const T& of(const std::vector<T>& list) {
    return list[pick(list.size())];
  }

 private:
  Numbers numbers_;
  std::size_t at_ = 0;
};

// (What is made of them gets no simpler with smaller ones: what shrinks are the lists of events.)
rc::Gen<Numbers> numbers(int count) {
  return rc::gen::noShrink(rc::gen::container<Numbers>(static_cast<std::size_t>(count),
                                                       rc::gen::arbitrary<std::uint32_t>()));
}

// -- definitions
// ------------------------------------------------------------------------------------

/// What the expressions of a binding can be made of.
struct Leaves {
  std::vector<std::string> numbers, texts, tasks;
  std::vector<std::string> conditions = {};  // that are likelier than others
};
const std::map<std::string, Leaves>& probes() {
  static const std::map<std::string, Leaves> all{
      {"tracepoint:sched_switch",
       {{"prev->pid", "prev->prio", "next->pid", "next->prio", "prev_state", "preempt",
         "prev->tgid", "(preempt ? prev : next)->prio"},
        {"prev->comm", "next->comm", "(prev->prio ? prev : next)->comm"},
        {"prev", "next", "preempt ? prev : next"},
        {"(prev_state == TASK_INTERRUPTIBLE)", "(prev_state == 0)", "(!prev_state)",
         "(prev_state & 3)", "(!preempt && prev_state == 1)", "preempt", "(prev_state != 0x402)"}}},
      {"tracepoint:sched_wakeup", {{"p->pid", "p->prio"}, {"p->comm"}, {"p"}}},
      {"tracepoint:task_newtask", {{"task->pid", "clone_flags"}, {"task->comm"}, {"task"}}},
      {"tracepoint:numbers",
       {{"i", "u", "l", "ul", "c", "uc", "s", "us", "b", "i + u", "i / (s - 1)"}, {}, {}}},
      {"syscall:close", {{"fd"}, {}, {}}},
      {"syscall:openat", {{"dfd", "flags", "mode"}, {"filename"}, {}}},
      {"syscall:openat:exit", {{"dfd", "flags", "mode", "ret"}, {"filename"}, {}}}};
  return all;
}

class DefinitionMaker {
 public:
  DefinitionMaker(const Numbers& numbers, std::vector<std::string> among)
      : dice_(numbers), among_(std::move(among)) {}

  BoundMonitor make(const ProbeCatalog& catalog) {
    scope_ = dice_.of<Scope>({Scope::task, Scope::object, Scope::cpu, Scope::global, Scope::task});
    const std::size_t states = 1 + dice_.pick(4), events = 1 + dice_.pick(3);
    for (std::size_t s = 0; s < states; ++s) {
      for (std::size_t e = 0; e < events; ++e) {
        const bool needed = s == 0 || s + 1 == states;  // every event and state is in the model
        if (dice_.pick(5) < 3 || (needed && e == s % events)) {
          edges_.push_back({cat("s", s), cat("e", e), cat("s", dice_.pick(states))});
        }
      }
    }
    const Automaton model = Automaton::make("m", "s0", edges_, {cat("s", states - 1)},
                                            [&] {
                                              std::vector<std::string> all;
                                              for (std::size_t s = 0; s < states; ++s)
                                                all.push_back(cat("s", s));
                                              return all;
                                            }())
                                .value();
    const std::size_t bindings = model.events().size() + dice_.pick(4);
    for (std::size_t b = 0; b < bindings; ++b) {
      on_.push_back(binding(
          model
              .events()[b < model.events().size() ? b : dice_.pick(events) % model.events().size()],
          b == 0));
    }
    Definition definition = fake::define(scope_, on_);
    definition.max_instances = max_instances;
    BindOutcome outcome = bind(std::move(definition), model, catalog);
    if (!outcome.monitor) RC_FAIL(text() + outcome.diagnostics.at(0).message);
    return *std::move(outcome.monitor);
  }

  std::string text() const {
    std::string out = cat("scope ", scope_name(scope_), "\n");
    for (const Automaton::Edge& e : edges_) out += cat(e.from, " x ", e.event, " -> ", e.to, "\n");
    for (const On& on : on_) {
      out += cat(on.probe, ": ", on.event, ", task ", on.task, ", key ", on.key, ", when ", on.when,
                 ", start ", on.start, ", start_run ", on.start_run, ", end ", on.end, "\n");
    }
    return out;
  }

  std::uint32_t max_instances = 1000;

 private:
  On binding(const std::string& event, bool starts) {
    On on;
    on.probe = dice_.of(among_);
    on.event = event;
    leaves_ = probes().at(on.probe);
    for (const char* const n : {"cpu", "pid", "tgid", "current->pid", "(int)now"})
      leaves_.numbers.emplace_back(n);
    leaves_.texts.emplace_back("current->comm");
    leaves_.tasks.emplace_back("current");
    leaves_.tasks.emplace_back("");
    if (scope_ == Scope::task) on.task = dice_.of(leaves_.tasks);
    if (scope_ == Scope::object) {
      on.key = dice_.pick(2) == 0 ? dice_.of(leaves_.numbers)
                                  : cat(number(), " << 1 | ", dice_.of(leaves_.numbers));
      if (dice_.one_in(4)) on.end = condition(1);
    }
    if (dice_.one_in(3)) on.when = condition(2);
    const std::uint32_t kind = dice_.pick(5);
    if (kind == 0 || kind == 3) on.start = dice_.pick(2) == 0 ? "true" : condition(1);
    if (kind == 1 || kind == 3) on.start_run = condition(1);
    if (kind == 4) on.start_run = "true";
    if (starts && on.start.empty() && on.start_run.empty()) on.start = "true";
    return on;
  }

  std::string number() {
    return dice_.pick(3) == 0 ? cat("(", dice_.of(leaves_.numbers), " & ", dice_.pick(4), ")")
                              : dice_.of(leaves_.numbers);
  }
  std::string condition(int depth) {
    if (!leaves_.conditions.empty() && dice_.pick(2) == 0) return dice_.of(leaves_.conditions);
    const std::uint32_t what = dice_.pick(depth == 0 ? 4 : 7);
    if (what == 3) {
      return cat("(", dice_.of(leaves_.texts), dice_.pick(2) == 0 ? " == " : " != ", "\"",
                 dice_.of<std::string>({"a", "b", ""}), "\")");
    }
    if (what < 3) {
      return cat("(", number(), dice_.of<std::string>({" == ", " != ", " < ", " >= "}),
                 dice_.pick(3) == 0 ? number() : cat(dice_.pick(4)), ")");
    }
    if (what == 4) return cat("(!", condition(depth - 1), ")");
    return cat("(", condition(depth - 1), what == 5 ? " && " : " || ", condition(depth - 1), ")");
  }

  Dice dice_;
  std::vector<std::string> among_;
  Scope scope_{};
  fake::Edges edges_;
  std::vector<On> on_;
  Leaves leaves_;
};

// -- events
// -----------------------------------------------------------------------------------------

/// How a recording writes events.
enum class Style { ftrace, lttng, words, own_names };

constexpr std::uint32_t kThreads = 5;
constexpr std::uint32_t kCpus = 3;

Thread thread(std::uint32_t tid) {
  if (tid == 0) return {0, 0, "swapper"};
  return {tid, tid < 3 ? 1U : 3U, tid % 2 != 0 ? "a" : "b"};
}

/// What really happened, as HostEngine takes it; and the state of sched_switch as it is recorded.
struct Truth {
  Event event;
  std::string state;  // empty: the number
};

/// Makes events that can happen one after the other.
class TruthMaker {
 public:
  /// `exact`: task states that recordings have as they are. Events of the probes that a monitor
  /// binds are likelier than others.
  TruthMaker(bool exact, std::vector<std::string> letters,
             const std::vector<Binding>& bindings = {})
      : exact_(exact), letters_(std::move(letters)) {
    for (const Binding& b : bindings) {
      Probe probe = b.probe;
      if (probe.kind == Probe::Kind::syscall_exit) probe.kind = Probe::Kind::syscall_enter;
      kinds_.insert(kinds_.end(), 3, probe.text());
    }
  }

  Truth make(const Numbers& numbers) {
    Dice dice(numbers);
    Truth out;
    Event& e = out.event;
    time_ += dice.pick(3);
    e.cpu = dice.pick(kCpus);
    e.current = thread(dice.pick(kThreads));
    e.probe = dice.of(kinds_);
    e.time = {++time_};
    const auto task = [&](const std::string& name, std::uint32_t tid) {
      const Thread t = thread(tid);
      e.fields.push_back({name + "->pid", std::uint64_t{tid}});
      e.fields.push_back({name + "->tgid", std::uint64_t{t.tgid}});
      e.fields.push_back({name + "->comm", t.comm});
      e.fields.push_back({name + "->prio", std::uint64_t{dice.pick(3)}});
    };
    const auto number = [&](const char* name, std::uint64_t value) {
      e.fields.push_back({name, value});
    };
    if (e.probe == "tracepoint:sched_switch") {
      task("prev", e.current.tid);
      task("next", dice.pick(kThreads));
      if (!letters_.empty()) {
        out.state = dice.of(letters_);
        number("prev_state", 0);  // decided by who makes worlds of it
        number("preempt", 0);
      } else {
        const std::uint64_t state = dice.of<std::uint64_t>(
            exact_ ? std::vector<std::uint64_t>{0, 0x40, 3} : std::vector<std::uint64_t>{0, 1, 2});
        number("prev_state", state);
        number("preempt", exact_ ? 0 : dice.pick(2));
      }
    } else if (e.probe == "tracepoint:sched_wakeup") {
      task("p", 1 + dice.pick(kThreads - 1));
    } else if (e.probe == "tracepoint:task_newtask") {
      const std::uint32_t tid = 1 + dice.pick(kThreads - 1);
      task("task", tid);
      number("clone_flags", dice.pick(3));
      inside_.erase(tid);
    } else if (e.probe == "tracepoint:numbers") {
      for (const char* const name : {"i", "u", "l", "ul", "c", "uc", "s", "us"}) {
        number(name, dice.pick(4) == 3 ? std::uint64_t(-2) : dice.pick(3));
      }
      number("b", dice.pick(2));
    } else {
      const auto inside = inside_.find(e.current.tid);
      if (inside != inside_.end()) {
        e.probe =
            inside->second.front().name == "fd" ? "syscall:close:exit" : "syscall:openat:exit";
        e.fields = inside->second;
        number("ret", dice.pick(3) - std::uint64_t{1});
        inside_.erase(inside);
      } else {
        if (e.probe == "syscall:close") {
          number("fd", dice.pick(3));
        } else {
          number("dfd", dice.pick(2) == 0 ? static_cast<std::uint64_t>(-100) : dice.pick(3));
          e.fields.push_back({"filename", dice.of<std::string>({"a", "b", "", "long/name"})});
          number("flags", dice.pick(4));
          number("mode", dice.pick(2));
        }
        inside_[e.current.tid] = e.fields;
      }
    }
    return out;
  }

 private:
  const bool exact_;
  const std::vector<std::string> letters_;
  std::vector<std::string> kinds_{"tracepoint:sched_switch", "tracepoint:sched_wakeup",
                                  "tracepoint:numbers",      "syscall:openat",
                                  "syscall:close",           "tracepoint:task_newtask"};
  std::uint64_t time_ = 0;
  std::map<std::uint32_t, std::vector<EventField>> inside_;  // of system calls, by thread
};

/// How a recording has it.
Happened recorded(const Truth& truth, Style style, bool with_names) {
  const Event& e = truth.event;
  Happened h;
  h.time = e.time.ns;
  h.cpu = e.cpu;
  h.tid = e.current.tid;
  if (with_names) {
    h.tgid = e.current.tgid;
    h.comm = e.current.comm;
  }
  const auto value = [](const EventField& f) {
    const auto* const text = std::get_if<std::string>(&f.value);
    return text != nullptr ? fake::Value(*text) : fake::Value(std::get<std::uint64_t>(f.value));
  };
  if (style == Style::own_names) {
    h.kind = e.probe;
    for (const EventField& f : e.fields) h.fields.emplace_back(f.name, value(f));
    return h;
  }
  const Probe probe = parse_probe(e.probe).value();
  const bool exit = probe.kind == Probe::Kind::syscall_exit;
  if (probe.kind == Probe::Kind::tracepoint) {
    h.kind = (style == Style::lttng ? "" : "some:") + probe.name;
  } else {
    h.kind = style == Style::lttng
                 ? (exit ? "syscall_exit_" : "syscall_entry_") + probe.name
                 : (exit ? "syscalls:sys_exit_" : "syscalls:sys_enter_") + probe.name;
  }
  for (const EventField& f : e.fields) {
    if (exit && f.name != "ret") continue;
    if (f.name == "preempt") continue;
    if (f.name == "prev_state" && !truth.state.empty()) {
      const bool number = style != Style::words;
      h.fields.emplace_back(f.name, number ? fake::Value(std::uint64_t{std::stoul(truth.state)})
                                           : fake::Value(truth.state));
      continue;
    }
    const std::size_t arrow = f.name.find("->");
    std::string name = f.name;
    if (arrow != std::string::npos) {
      const std::string base = f.name.substr(0, arrow);
      std::string member = f.name.substr(arrow + 2);
      if (member == "tgid") continue;
      if (member == "pid" && style == Style::lttng) member = "tid";
      name = (base == "prev" || base == "next" ? base + "_" : "") + member;
    }
    h.fields.emplace_back(name, value(f));
  }
  return h;
}

/// All kinds of the style, whether such an event comes or not; text formats have words only.
std::vector<RecordedKind> all_kinds(Style style) {
  std::vector<Happened> one_of_each;
  std::set<std::string> met;
  TruthMaker maker(true, {});
  for (std::uint32_t kind = 0; kind < 6; ++kind) {
    for (int twice = 0; twice < 2; ++twice) {
      // In the order of make(): time, CPU, thread, kind.
      const Happened h = recorded(maker.make({0, 0, kind % kThreads, kind}), style, false);
      if (met.insert(h.kind).second) one_of_each.push_back(h);
    }
  }
  std::vector<RecordedKind> out = fake::FakeRecording(one_of_each).all_kinds();
  for (RecordedKind& kind : out) {
    for (RecordedField& field : kind.fields) {
      if (style == Style::words) field = fake::word(field.name);
    }
  }
  return out;
}

fake::FakeRecording recording_of(const std::vector<Happened>& events, Style style) {
  fake::FakeRecording out(events, all_kinds(style));
  for (std::uint32_t tid = 0; tid < kThreads; ++tid) {
    out.comms[tid] = thread(tid).comm;
    out.tgids[tid] = thread(tid).tgid;
  }
  return out;
}

// -- what is said
// -----------------------------------------------------------------------------------

struct Said : VerdictSink {
  void on_step(const Step& s) override {
    steps.push_back(s);
    order.push_back(cat(s.time.ns, " ", s.id.key, ": ", s.state, " x ", s.event, " -> ", s.next));
    at();
  }
  void on_violation(const Violation& v) override {
    violations.push_back(v);
    order.push_back(cat(v.time.ns, " ", v.id.key, ": ", v.state, " x ", v.event, "!"));
    at();
  }
  void on_inconclusive(const Inconclusive& i) override {
    inconclusive.push_back(i);
    order.push_back(cat(i.time.ns, " ", i.id.key, ": ", i.state, " x ", i.event, "?"));
    at();
  }
  void at() {
    if (now) times.push_back(now());
  }
  std::string text() const { return join(order, "\n"); }

  std::vector<Step> steps;
  std::vector<Violation> violations;
  std::vector<Inconclusive> inconclusive;
  std::vector<std::string> order;
  std::function<std::uint64_t()> now;  // of the event that the engine says it is at
  std::vector<std::uint64_t> times;
};

/// Which violation: when, whose, by which event.
using Which = std::tuple<std::uint64_t, std::uint64_t, std::uint32_t, std::string>;
template <typename Verdict>
Which which(const Verdict& v) {
  // An idle task is told from the others by its CPU.
  return {v.time.ns, v.id.key, v.id.scope == Scope::task && v.id.key == 0 ? v.cpu : 0, v.event};
}

struct HostRun {
  HostRun(const BoundMonitor& monitor, const std::vector<Event>& events) {
    engine.emplace(HostEngine::make(monitor, said, {.every_step = true}).value());
    for (const Event& e : events) engine->feed(e);
  }
  Said said;
  std::optional<HostEngine> engine;
};

struct RecordedRun {
  RecordedRun(const BoundMonitor& monitor, const TypeSource& types, fake::FakeRecording& recording,
              std::vector<std::size_t> batches, RecordedEngine::Options options) {
    engine = RecordedEngine::make(monitor, types, said, options).value();
    recording.deliver(*engine, std::move(batches));
    Batch batch;
    said.now = [&] { return batch.time.at(engine->position()); };
    while (recording.next(batch).value()) {
      const Result<> fed = engine->feed(batch, recording);
      if (!fed) RC_FAIL(fed.error().message());
    }
    said.now = nullptr;
  }
  Said said;
  std::unique_ptr<RecordedEngine> engine;
};

std::string text_of(const std::vector<Happened>& events) {
  std::string out;
  for (const Happened& h : events) {
    if (h.kind.empty()) {
      out += cat("  a hole ", h.opens ? "opens" : "closes", " on CPU ", h.cpu, "\n");
      continue;
    }
    out += cat("  ", h.time, " cpu ", h.cpu, " tid ", h.tid, " ", h.kind, ":");
    for (const auto& [name, value] : h.fields) {
      const auto* const number = std::get_if<std::uint64_t>(&value);
      const auto* const text = std::get_if<std::string>(&value);
      out += cat(" ", name, "=", number != nullptr ? cat(*number) : text != nullptr ? *text : "?");
    }
    out += "\n";
  }
  return out;
}

std::vector<InstanceKey> keys(Scope scope) {
  std::vector<InstanceKey> out;
  switch (scope) {
    case Scope::global:
      return {InstanceKey::global()};
    case Scope::cpu:
      for (std::uint32_t c = 0; c < kCpus; ++c) out.push_back(InstanceKey::cpu(c));
      return out;
    case Scope::task:
      for (std::uint32_t c = 0; c < kCpus; ++c) out.push_back(InstanceKey::task(0, c));
      for (std::uint32_t t = 1; t < kThreads; ++t) out.push_back(InstanceKey::task(t, 0));
      return out;
    case Scope::object:
      for (std::uint64_t k = 0; k < 16; ++k) out.push_back(InstanceKey::object(k));
      return out;
  }
  return out;
}

/// What must hold of a recording that says less than happened: nothing that is said for certain is
/// wrong, and nothing is left out. `at`: the times of the events that are in the recording.
void check_sound(const HostRun& host, const RecordedRun& recorded,
                 const std::set<std::uint64_t>* at, const std::string& context) {
  const auto fail = [&](const std::string& what) {
    RC_FAIL(cat(what, "\n", context, "what happened:\n", host.said.text(), "\nwhat is said:\n",
                recorded.said.text(), "\n"));
  };
  std::multiset<Which> real, told, maybe;
  for (const Violation& v : host.said.violations) real.insert(which(v));
  for (const Violation& v : recorded.said.violations) {
    told.insert(which(v));
    if (told.count(which(v)) > real.count(which(v))) fail("a violation that is none");
  }
  std::set<std::pair<std::uint64_t, std::string>> somewhere;
  for (const Inconclusive& i : recorded.said.inconclusive) {
    maybe.insert(which(i));
    if (has(i.why, Doubt::unknown)) somewhere.emplace(i.time.ns, i.event);
  }
  for (const Violation& v : host.said.violations) {
    const Which w = which(v);
    if (at != nullptr && !at->contains(v.time.ns)) continue;
    if (told.count(w) + maybe.count(w) >= real.count(w)) continue;
    if (!somewhere.contains({v.time.ns, v.event})) fail("a violation is not told");
  }
  std::multiset<std::string> steps, certain;
  const auto step = [](const Step& s) {
    return cat(s.time.ns, " ", s.id.key, " ", s.cpu, " ", s.state, " ", s.event, " ", s.next);
  };
  for (const Step& s : host.said.steps) steps.insert(step(s));
  for (const Step& s : recorded.said.steps) {
    if (!s.states.empty() || !s.nexts.empty()) continue;
    if (s.state == s.next) continue;  // one that may have been taken, or not, looks the same
    certain.insert(step(s));
    if (certain.count(step(s)) > steps.count(step(s))) fail(cat("a step that is none: ", step(s)));
  }
  const HostMonitor& monitor = host.engine->monitor();
  for (const InstanceKey key : keys(monitor.scope())) {
    const std::optional<StateId> state = monitor.state(key);
    const std::vector<StateOrNone> possible = recorded.engine->monitor().states(key);
    const StateOrNone name =
        state ? StateOrNone(monitor.model().states()[index(*state)].name) : std::nullopt;
    const bool among = possible.empty()
                           ? !name
                           : std::find(possible.begin(), possible.end(), name) != possible.end();
    if (!among) fail(cat("instance ", key.value(), " is in ", name.value_or("no state")));
  }
}

/// Everything that a property starts from.
struct Case {
  /// `limited`: there may be more objects than a monitor has room for.
  Case(std::vector<std::string> among, Style its_style, std::vector<std::string> letters,
       bool limited = false)
      : style(its_style) {
    DefinitionMaker definition(*numbers(120), std::move(among));
    if (limited && *rc::gen::inRange(0, 4) == 0) definition.max_instances = 2;
    monitor.emplace(definition.make(catalog));
    const bool with_names = *rc::gen::arbitrary<bool>();
    TruthMaker maker(style != Style::own_names, std::move(letters), monitor->bindings);
    for (const Numbers& n : *rc::gen::container<std::vector<Numbers>>(numbers(16))) {
      truths.push_back(maker.make(n));
      events.push_back(truths.back().event);
      happened.push_back(recorded(truths.back(), style, with_names));
    }
    batches = *rc::gen::nonEmpty(
        rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 12)));
    definition_text = definition.text();
  }
  std::string text() const { return definition_text + text_of(happened); }

  const fake::Catalog base;
  const RecordedCatalog catalog{&base, {}};
  Style style;
  std::optional<BoundMonitor> monitor;
  std::string definition_text;
  std::vector<Truth> truths;
  std::vector<Event> events;
  std::vector<Happened> happened;
  std::vector<std::size_t> batches;
};

std::vector<std::string> all_probes() {
  std::vector<std::string> out;
  for (const auto& [name, leaves] : probes()) out.push_back(name);
  return out;
}

// -- the properties
// ---------------------------------------------------------------------------------

std::string name_of(const testing::TestParamInfo<Style>& style) {
  switch (style.param) {
    case Style::ftrace:
      return "Ftrace";
    case Style::lttng:
      return "Lttng";
    case Style::words:
      return "Words";
    case Style::own_names:
      return "OwnNames";
  }
  return "";
}
class RecordedEngineOnAStyle : public testing::TestWithParam<Style> {};
INSTANTIATE_TEST_SUITE_P(Styles, RecordedEngineOnAStyle,
                         testing::Values(Style::ftrace, Style::lttng, Style::words,
                                         Style::own_names),
                         name_of);

TEST_P(RecordedEngineOnAStyle, SaysWhatHostEngineSays) {
  std::size_t steps = 0, violations = 0;
  EXPECT_TRUE(rc::check([&] {
    const Case c(all_probes(), GetParam(), {}, true);
    fake::FakeRecording recording = recording_of(c.happened, c.style);
    const HostRun host(*c.monitor, c.events);
    const RecordedRun run(*c.monitor, c.catalog, recording, c.batches, {.every_step = true});
    steps += host.said.steps.size();
    violations += host.said.violations.size();
    if (host.said.order != run.said.order || host.said.steps != run.said.steps ||
        host.said.violations != run.said.violations) {
      RC_FAIL(cat(c.text(), "what happened:\n", host.said.text(), "\nwhat is said:\n",
                  run.said.text(), "\n"));
    }
    std::vector<std::uint64_t> times;
    for (std::size_t s = 0, v = 0; s + v < host.said.order.size();) {
      const bool is_step = v == host.said.violations.size() ||
                           (s < host.said.steps.size() &&
                            host.said.steps[s].time.ns <= host.said.violations[v].time.ns);
      times.push_back(is_step ? host.said.steps[s++].time.ns : host.said.violations[v++].time.ns);
    }
    RC_ASSERT(run.said.times == times);  // of position()

    // Without steps it is another way through, with the same violations.
    recording = recording_of(c.happened, c.style);
    const RecordedRun quick(*c.monitor, c.catalog, recording, {Batch::kMost}, {});
    if (quick.said.violations != host.said.violations || !quick.said.inconclusive.empty()) {
      RC_FAIL(cat(c.text(), "what happened:\n", host.said.text(), "\nwhat is said:\n",
                  quick.said.text(), "\n"));
    }
    const MonitorCounters right = host.engine->monitor().counters();
    for (const RecordedRun* const r : {&run, &quick}) {
      const UnsureCounters counters = r->engine->monitor().counters();
      RC_ASSERT(counters.events == right.events);
      RC_ASSERT(counters.violations == right.violations);
      RC_ASSERT(counters.started == right.started);
      RC_ASSERT(counters.instances == right.instances);
      RC_ASSERT(counters.refused == right.refused);
      RC_ASSERT(counters.unsure == 0U);
      RC_ASSERT(counters.inconclusive == 0U);
    }
  }));
  EXPECT_GT(steps, 100U);
  EXPECT_GT(violations, 20U);
}

// Task states as recordings have them. Each stands for several values that a definition sees live:
// every choice of these is a world.

std::vector<std::string> recorded_states(Style style) {
  if (style == Style::words) {
    return {"R", "S", "D", "I", "Z", "R+", "R?", "D|K", "0x1", "1", "nonsense"};
  }
  return {"0", "1", "2", "128", "256", "32", "64", "1026"};
}
TaskStates states_of(const std::string& recorded) {
  if (const std::optional<TaskStates> states = task_states(recorded)) return *states;
  TaskStates out = *task_states("R?");  // anything
  return out;
}
void set_state(Event& event, std::uint64_t state, bool preempt) {
  for (EventField& f : event.fields) {
    if (f.name == "prev_state") f.value = state;
    if (f.name == "preempt") f.value = std::uint64_t{preempt ? 1U : 0U};
  }
}

class RecordedEngineOnStates : public testing::TestWithParam<Style> {};
INSTANTIATE_TEST_SUITE_P(Styles, RecordedEngineOnStates,
                         testing::Values(Style::ftrace, Style::lttng, Style::words), name_of);

std::vector<std::string> mostly_switches() {
  return {"tracepoint:sched_switch", "tracepoint:sched_switch", "tracepoint:sched_switch",
          "tracepoint:sched_wakeup", "tracepoint:task_newtask"};
}

TEST_P(RecordedEngineOnStates, SaysNothingThatIsWrongInAWorldAndLeavesNothingOut) {
  std::size_t certain = 0, inconclusive = 0;
  EXPECT_TRUE(rc::check([&] {
    const Case c(mostly_switches(), GetParam(), recorded_states(GetParam()));
    fake::FakeRecording recording = recording_of(c.happened, c.style);
    const RecordedRun run(*c.monitor, c.catalog, recording, c.batches, {.every_step = true});
    certain += run.said.violations.size();
    inconclusive += run.said.inconclusive.size();
    for (int world = 0; world < 20; ++world) {
      const Numbers choices = *numbers(static_cast<int>(3 * c.truths.size()));
      Dice dice(choices);
      std::vector<Event> events = c.events;
      for (std::size_t i = 0; i < events.size(); ++i) {
        if (c.truths[i].state.empty()) continue;
        const TaskStates states = states_of(c.truths[i].state);
        std::uint64_t state = dice.of(states.values);
        if (states.any && dice.one_in(3)) state = dice.pick(0x4000);
        set_state(events[i], state,
                  states.preempted || (states.maybe_preempted && dice.pick(2) == 0));
      }
      const HostRun host(*c.monitor, events);
      check_sound(host, run, nullptr, c.text());
    }
  }));
  EXPECT_GT(certain, 10U);
  EXPECT_GT(inconclusive, 10U);
}

TEST_P(RecordedEngineOnStates, TakesThePlainOnesWhenTold) {
  EXPECT_TRUE(rc::check([] {
    std::vector<std::string> recorded = recorded_states(GetParam());
    std::erase(recorded, "nonsense");
    const Case c(mostly_switches(), GetParam(), recorded);
    fake::FakeRecording recording = recording_of(c.happened, c.style);
    const RecordedRun run(*c.monitor, c.catalog, recording, c.batches,
                          {.plain_states = true, .every_step = true});
    std::vector<Event> events = c.events;
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (c.truths[i].state.empty()) continue;
      const TaskStates states = states_of(c.truths[i].state);
      set_state(events[i], states.values.front(), states.preempted);
    }
    const HostRun host(*c.monitor, events);
    if (host.said.order != run.said.order || host.said.violations != run.said.violations) {
      RC_FAIL(cat(c.text(), "what happened:\n", host.said.text(), "\nwhat is said:\n",
                  run.said.text(), "\n"));
    }
  }));
}

// Where one binding alone depends on the state, nothing is lost: inconclusive is what some worlds
// violate and others do not.
TEST(RecordedEngineOnWwnr, IsInconclusiveExactlyWhereWorldsDisagree) {
  std::size_t inconclusive = 0;
  EXPECT_TRUE(rc::check([&] {
    const fake::Catalog base;
    const BoundMonitor monitor = fake::bound(Scope::task, fake::kWwnr, fake::kWwnrBindings, base);
    TruthMaker maker(true, {"1", "2", "256", "0"});
    std::vector<Truth> truths;
    std::vector<Happened> happened;
    std::vector<std::size_t> open;  // events that a choice belongs to
    for (const Numbers& n : *rc::gen::container<std::vector<Numbers>>(numbers(16))) {
      Truth truth = maker.make(n);
      if (truth.event.probe.find("sched") == std::string::npos) continue;
      if (truth.state == "1" || truth.state == "256") {
        if (open.size() == 8) continue;
        open.push_back(truths.size());
      }
      happened.push_back(recorded(truth, Style::ftrace, false));
      truths.push_back(std::move(truth));
    }
    fake::FakeRecording recording = recording_of(happened, Style::ftrace);
    const RecordedRun run(monitor, base, recording, {7}, {});
    std::map<Which, std::size_t> worlds;  // that have this violation
    for (std::size_t world = 0; world < std::size_t{1} << open.size(); ++world) {
      std::vector<Event> events;
      for (const Truth& t : truths) {
        events.push_back(t.event);
        if (!t.state.empty()) set_state(events.back(), t.state == "2" ? 2 : 0, t.state == "256");
      }
      for (std::size_t i = 0; i < open.size(); ++i) {
        if ((world >> i & 1) != 0) set_state(events[open[i]], 1, truths[open[i]].state == "256");
      }
      for (const Violation& v : HostRun(monitor, events).said.violations) ++worlds[which(v)];
    }
    std::set<Which> all, some, told, unsure;
    for (const auto& [violation, count] : worlds) {
      (count == std::size_t{1} << open.size() ? all : some).insert(violation);
    }
    for (const Violation& v : run.said.violations) told.insert(which(v));
    for (const Inconclusive& i : run.said.inconclusive) unsure.insert(which(i));
    inconclusive += unsure.size();
    if (all != told || some != unsure) RC_FAIL(cat(text_of(happened), run.said.text()));
  }));
  EXPECT_GT(inconclusive, 20U);
}

// A hole: the events of one CPU (or of all) within an interval are missing.
TEST_P(RecordedEngineOnAStyle, TurnsNoVerdictIntoAWrongOneWhereEventsAreMissing) {
  std::size_t certain = 0, inconclusive = 0;
  EXPECT_TRUE(rc::check([&] {
    const Case c(all_probes(), GetParam(), {});
    const HostRun host(*c.monitor, c.events);
    std::vector<Happened> left = c.happened;
    std::set<std::uint64_t> times;
    for (int holes = *rc::gen::inRange(1, 4); holes > 0; --holes) {
      const auto cpu = *rc::gen::element<std::uint32_t>(0, 1, 2, kEveryCpu);
      const auto size = static_cast<int>(left.size());
      std::size_t first = static_cast<std::size_t>(*rc::gen::inRange(0, size + 1));
      std::size_t last = static_cast<std::size_t>(*rc::gen::inRange(0, size + 1));
      if (first > last) std::swap(first, last);
      const auto among = [&](std::size_t i) {
        return i >= first && i < last && !left[i].kind.empty() &&
               (cpu == kEveryCpu || left[i].cpu == cpu);
      };
      std::vector<Happened> with_hole;
      for (std::size_t i = 0; i <= left.size(); ++i) {
        if (i == first) with_hole.push_back(fake::hole_opens(cpu));
        if (i == last) with_hole.push_back(fake::hole_closes(cpu));
        if (i < left.size() && !among(i)) with_hole.push_back(left[i]);
      }
      left = std::move(with_hole);
    }
    for (const Happened& h : left) {
      if (!h.kind.empty()) times.insert(h.time);
    }
    fake::FakeRecording recording = recording_of(left, c.style);
    const std::string context = cat(c.definition_text, "all events:\n", text_of(c.happened),
                                    "what is left:\n", text_of(left));
    const RecordedRun run(*c.monitor, c.catalog, recording, c.batches, {.every_step = true});
    check_sound(host, run, &times, context);
    recording = recording_of(left, c.style);
    const RecordedRun quick(*c.monitor, c.catalog, recording, {Batch::kMost}, {});
    check_sound(host, quick, &times, context);
    certain += quick.said.violations.size();
    inconclusive += quick.said.inconclusive.size();
  }));
  EXPECT_GT(certain, 10U);
  EXPECT_GT(inconclusive, 10U);
}

// Values that were not recorded, who ran among them.
TEST_P(RecordedEngineOnAStyle, TurnsNoVerdictIntoAWrongOneWhereValuesAreMissing) {
  std::size_t certain = 0, inconclusive = 0;
  EXPECT_TRUE(rc::check([&] {
    const Case c(all_probes(), GetParam(), {});
    const HostRun host(*c.monitor, c.events);
    std::vector<Happened> left = c.happened;
    const bool of_threads = *rc::gen::arbitrary<bool>();
    const auto rarely = *rc::gen::inRange<std::uint32_t>(2, 40);
    std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
    const auto missing = [&] { return random() % rarely == 0; };
    for (Happened& h : left) {
      if (of_threads && missing()) h.tid = kNoThread;
      if (missing()) h.tgid = kNoProcess;
      if (missing()) h.comm.clear();
      for (auto& [name, value] : h.fields) {
        if (missing()) value = fake::Unknown{};
      }
    }
    fake::FakeRecording recording = recording_of(left, c.style);
    const RecordedRun run(*c.monitor, c.catalog, recording, c.batches, {.every_step = true});
    check_sound(host, run, nullptr,
                cat(c.definition_text, "all events:\n", text_of(c.happened), "what is recorded:\n",
                    text_of(left)));
    certain += run.said.violations.size();
    inconclusive += run.said.inconclusive.size();
  }));
  EXPECT_GT(certain, 10U);
  EXPECT_GT(inconclusive, 10U);
}

}  // namespace
}  // namespace swerve
