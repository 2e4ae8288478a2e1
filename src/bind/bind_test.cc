#include <gtest/gtest.h>

#include "bind/definition.h"
#include "bind/fake_catalog_test.h"

namespace swerve {
namespace {

Automaton wwnr_model() {
  return Automaton::make("wwnr", "not_running",
                         {{"not_running", "switch_in", "running"},
                          {"not_running", "wakeup", "not_running"},
                          {"running", "switch_out", "not_running"}})
      .value();
}

// Binding number n stands at line 10 * n, its keys on the lines after it.
class Written {
 public:
  explicit Written(Scope scope) {
    definition.path = "m.toml";
    definition.name = "m";
    definition.scope = scope;
    definition.model = "m.dot";
    definition.model_place = {"m.toml", 4, 9};
  }
  Written& on(std::string_view probe, std::string event) {
    BindingText b;
    line_ = 10 * static_cast<unsigned>(definition.on.size() + 1);
    b.place = next();
    b.probe = parse_probe(probe).value();
    b.probe_place = next();
    b.event = std::move(event);
    b.event_place = next();
    definition.on.push_back(std::move(b));
    return *this;
  }
  Written& task(std::string text) { return add(&BindingText::task, std::move(text)); }
  Written& key(std::string text) { return add(&BindingText::key, std::move(text)); }
  Written& when(std::string text) { return add(&BindingText::when, std::move(text)); }
  Written& start(std::string text) { return add(&BindingText::start, std::move(text)); }
  Written& start_run(std::string text) { return add(&BindingText::start_run, std::move(text)); }
  Written& end(std::string text) { return add(&BindingText::end, std::move(text)); }

  BindOutcome bound(Automaton model = wwnr_model()) const {
    return bind(definition, std::move(model), catalog);
  }
  std::string diagnostics() const {
    const BindOutcome outcome = bound();
    EXPECT_EQ(outcome.monitor.has_value(), !has_errors(outcome.diagnostics));
    std::string all;
    for (const Diagnostic& d : outcome.diagnostics) all += d.to_string() + "\n";
    return all;
  }

  Definition definition;
  fake::Catalog catalog;

 private:
  Place next() { return {"m.toml", line_++, 1}; }
  Written& add(std::optional<ExprText> BindingText::*which, std::string text) {
    definition.on.back().*which = ExprText{std::move(text), next(), {}};
    return *this;
  }
  unsigned line_ = 0;
};

Written wwnr() {
  return Written(Scope::task)
      .on("tracepoint:sched:sched_switch", "switch_out")
      .task("prev")
      .start("prev_state == TASK_INTERRUPTIBLE")
      .on("tracepoint:sched_switch", "switch_in")
      .task("next")
      .on("tracepoint:sched_wakeup", "wakeup")
      .task("p");
}

TEST(Bind, FindsEverythingOfWwnr) {
  const BindOutcome outcome = wwnr().bound();
  ASSERT_TRUE(outcome.monitor);
  EXPECT_TRUE(outcome.diagnostics.empty());
  const BoundMonitor& m = *outcome.monitor;
  EXPECT_EQ(m.definition.name, "m");
  EXPECT_EQ(m.model, wwnr_model());
  ASSERT_EQ(m.bindings.size(), 3U);
  const Binding& out = m.bindings[0];
  EXPECT_EQ(out.probe.text(), "tracepoint:sched:sched_switch");
  EXPECT_EQ(out.signature.text(), "sched_switch(preempt, prev, next, prev_state)");
  EXPECT_EQ(out.event, m.model.find_event("switch_out"));
  EXPECT_EQ(to_text(*out.task), "prev");
  EXPECT_EQ(to_text(*out.start), "(prev_state == 1u)");
  EXPECT_EQ(out.key, nullptr);
  EXPECT_EQ(out.when, nullptr);
  EXPECT_EQ(out.start_run, nullptr);
  EXPECT_EQ(out.end, nullptr);
  EXPECT_EQ(out.place, (Place{"m.toml", 10, 1}));
  EXPECT_EQ(m.bindings[2].event, m.model.find_event("wakeup"));
}

TEST(Bind, LeavesOutWhatIsConstant) {
  Written w = wwnr();
  w.when("true").start_run("1 == 2").start("1");
  const BindOutcome outcome = w.bound();
  ASSERT_TRUE(outcome.monitor);
  const Binding& b = outcome.monitor->bindings[2];
  EXPECT_EQ(b.when, nullptr);
  EXPECT_EQ(b.start_run, nullptr);
  EXPECT_TRUE(is_always(b.start));
}

TEST(Bind, KeysAreOf64Bits) {
  const Automaton model = Automaton::make("f", "open", {{"open", "close", "open"}}).value();
  const BindOutcome outcome = Written(Scope::object)
                                  .on("syscall:close", "close")
                                  .key("tgid << 32 | fd")
                                  .start("true")
                                  .end("fd > 2")
                                  .bound(model);
  ASSERT_TRUE(outcome.monitor);
  const Binding& b = outcome.monitor->bindings[0];
  EXPECT_EQ(b.key->bits, 64);
  EXPECT_EQ(to_text(*b.key), "((((s64)tgid) << 32l) | ((s64)fd))");
  EXPECT_EQ(to_text(*b.end), "(fd > 2u)");
}

TEST(Bind, TaskMayBeReachedThroughMembers) {
  Written w(Scope::task);
  w.on("tracepoint:sched_switch", "switch_in").task("next->parent").start("true");
  w.on("tracepoint:sched_switch", "switch_out").task("preempt ? prev : current");
  w.on("tracepoint:sched_wakeup", "wakeup");
  EXPECT_EQ(w.diagnostics(), "");
}

TEST(BindWarns, AboutAConditionThatNeverHolds) {
  EXPECT_EQ(wwnr().when("1 > 2").diagnostics(),
            "m.toml:34:1: warning: this condition is never true, so the binding does nothing\n");
}

TEST(BindRejects, NoBindings) {
  EXPECT_EQ(Written(Scope::task).diagnostics(),
            "m.toml: error: no binding; a monitor needs at least one [[on]]\n");
}

TEST(BindRejects, UnknownProbesWithoutFollowUps) {
  Written w = wwnr();
  w.definition.on[0].probe.name = "sched_swich";
  w.definition.on[1].probe.name = "unreachable";
  EXPECT_EQ(w.diagnostics(),
            "m.toml:11:1: error: no tracepoint 'sched_swich'; did you mean 'sched_switch'?\n"
            "m.toml:21:1: error: this kernel cannot attach to unreachable\n");
}

TEST(BindRejects, UnknownEvents) {
  Written w = wwnr();
  w.definition.on[0].event = "switch_uot";
  w.definition.on[2].event = "sleep";
  EXPECT_EQ(w.diagnostics(),
            "m.toml:4:9: error: no binding gives the event 'wakeup' of the model\n"
            "m.toml:12:1: error: no event 'switch_uot' in the model (switch_in, switch_out, "
            "wakeup); did you mean "
            "'switch_out'?\n"
            "m.toml:32:1: error: no event 'sleep' in the model (switch_in, switch_out, wakeup)\n");
}

TEST(BindRejects, EventsThatNothingGives) {
  Written w(Scope::task);
  w.on("tracepoint:sched_switch", "switch_in").start("true");
  EXPECT_EQ(w.diagnostics(),
            "m.toml:4:9: error: no binding gives the events 'switch_out', 'wakeup' of the model\n");
}

TEST(BindRejects, AMonitorThatNothingStarts) {
  Written w = wwnr();
  w.definition.on[0].start.reset();
  const char* const expected =
      "m.toml: error: nothing starts this monitor; at least one binding needs 'start' or "
      "'start_run'\n";
  EXPECT_EQ(w.diagnostics(), expected);
  w.start("0").start_run("2 < 1");
  EXPECT_EQ(w.diagnostics(), expected);
}

TEST(BindRejects, AStartInABindingThatNeverHappens) {
  Written w = wwnr();
  w.definition.on[0].start.reset();
  w.when("0").start("true");
  EXPECT_EQ(w.diagnostics(),
            "m.toml: error: nothing starts this monitor; at least one binding needs 'start' or "
            "'start_run'\n"
            "m.toml:34:1: warning: this condition is never true, so the binding does nothing\n");
}

TEST(BindRejects, ABadStartOnlyOnce) {
  Written w = wwnr();
  w.definition.on[0].start->text = "prv_state == 1";
  EXPECT_EQ(w.diagnostics(),
            "m.toml:14:1: error: no argument 'prv_state' in sched_switch(preempt, prev, next, "
            "prev_state); did you "
            "mean 'prev_state'?\n");
}

TEST(BindRejects, BothStarts) {
  EXPECT_EQ(wwnr().start("true").start_run("1").diagnostics(),
            "m.toml:34:1: error: 'start' and 'start_run' are both always true; a binding is one or "
            "the other\n");
  EXPECT_EQ(wwnr().start("true").start_run("cpu == 1").diagnostics(), "");
}

TEST(BindRejects, WhatTheScopeHasNoUseFor) {
  EXPECT_EQ(wwnr().key("1").end("true").diagnostics(),
            "m.toml:34:1: error: 'key' is for scope \"object\"; this monitor's is \"task\"\n"
            "m.toml:35:1: error: 'end' is for scope \"object\"; this monitor's is \"task\"\n");
  Written w = wwnr();
  w.definition.scope = Scope::cpu;
  EXPECT_EQ(w.diagnostics(),
            "m.toml:13:1: error: 'task' is for scope \"task\"; this monitor's is \"cpu\"\n"
            "m.toml:23:1: error: 'task' is for scope \"task\"; this monitor's is \"cpu\"\n"
            "m.toml:33:1: error: 'task' is for scope \"task\"; this monitor's is \"cpu\"\n");
}

TEST(BindRejects, AnObjectWithoutKey) {
  Written w(Scope::object);
  w.on("tracepoint:sched_switch", "switch_in").start("true").key("next->pid");
  w.on("tracepoint:sched_switch", "switch_out");
  w.on("tracepoint:sched_wakeup", "wakeup").key("p->comm");
  EXPECT_EQ(w.diagnostics(),
            "m.toml:20:1: error: this binding needs a 'key': the scope is \"object\"\n"
            "m.toml:33:1: error: 'p->comm' is an array (char[16]), not a value; compare it with a "
            "string (== or !=) "
            "or name one of its elements\n");
}

TEST(BindRejects, TasksThatAreNone) {
  const auto with_task = [](std::string text) {
    Written w = wwnr();
    w.definition.on[2].task->text = std::move(text);
    return w.diagnostics();
  };
  const std::string must = "m.toml:33:1: error: 'task' must be a pointer to struct task_struct; ";
  EXPECT_EQ(with_task("p->pid"), must + "this is a number\n");
  EXPECT_EQ(with_task("p->file"), must + "this one points to struct file\n");
  EXPECT_EQ(with_task("p->counter"), must + "this one points to int\n");
  EXPECT_EQ(with_task("0"), must + "this is a number\n");
  EXPECT_EQ(with_task("true ? 0 : p"), "m.toml:33:1: error: 'task' is always the null pointer\n");
  EXPECT_EQ(with_task("p->user_task"),
            "m.toml:33:1: error: 'task' must be a task of the kernel; this pointer is one of the "
            "user's process\n");
}

TEST(BindRejects, EverythingTogetherInFileOrder) {
  Written w(Scope::task);
  w.on("tracepoint:sched_switch", "switch_inn")
      .task("nxt")
      .when("prev_stat & 1")
      .start("prev->comm == 1");
  w.on("tracepoint:sched_wakeupp", "switch_out").task("p->").end("true");
  EXPECT_EQ(w.diagnostics(),
            "m.toml:4:9: error: no binding gives the event 'wakeup' of the model\n"
            "m.toml:12:1: error: no event 'switch_inn' in the model (switch_in, switch_out, "
            "wakeup); did you mean "
            "'switch_in'?\n"
            "m.toml:13:1: error: no argument 'nxt' in sched_switch(preempt, prev, next, "
            "prev_state); did you mean "
            "'next'?\n"
            "m.toml:14:1: error: no argument 'prev_stat' in sched_switch(preempt, prev, next, "
            "prev_state); did you "
            "mean 'prev_state'?\n"
            "m.toml:15:1: error: 'prev->comm' is an array (char[16]), not a value; compare it with "
            "a string (== or "
            "!=) or name one of its elements\n"
            "m.toml:21:1: error: no tracepoint 'sched_wakeupp'; did you mean 'sched_wakeup'?\n"
            "m.toml:23:4: error: expected the name of a member, found the end of the expression\n"
            "m.toml:24:1: error: 'end' is for scope \"object\"; this monitor's is \"task\"\n");
}

TEST(CheckBindings, SpeaksOfTheWholeOnesAlone) {
  Written w(Scope::task);
  w.on("tracepoint:sched_switch", "switch_in").task("nxt");
  w.on("tracepoint:sched_wakeupp", "wakeup");
  w.definition.on[1].whole = false;
  std::string said;
  for (const Diagnostic& d : check_bindings(w.definition, wwnr_model(), w.catalog))
    said += d.to_string() + "\n";
  EXPECT_EQ(said,
            "m.toml:13:1: error: no argument 'nxt' in sched_switch(preempt, prev, next, "
            "prev_state); did you mean 'next'?\n");
}

}  // namespace
}  // namespace swerve
