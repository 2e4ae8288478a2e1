// bench/step_bench.cc - how many events a second an instance of wwnr takes on the host.
//
// Counted are events (items_per_second). The events are drawn at random among those that the model
// allows, and are a loop of a million, so that neither the branch predictor nor a small cache knows
// them.
#include <benchmark/benchmark.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <random>
#include <vector>

#include "base/text.h"
#include "monitor/monitor.h"
#include "swerve/base/check.h"
#include "swerve/monitor/instance.h"

namespace swerve {
namespace {

constexpr std::size_t kEvents = 1U << 20;

Automaton wwnr() {
  return Automaton::make("wwnr", "not_running",
                         {{"not_running", "switch_in", "running"},
                          {"not_running", "wakeup", "not_running"},
                          {"running", "switch_out", "not_running"}})
      .value();
}

/// The same behaviour in a model with so many more transitions that its ids need 16 bits.
Automaton wide_wwnr() {
  std::vector<Automaton::Edge> edges{{"not_running", "switch_in", "running"},
                                     {"not_running", "wakeup", "not_running"},
                                     {"running", "switch_out", "not_running"}};
  for (int i = 0; i < 300; ++i) edges.push_back({"not_running", cat("x", i), "running"});
  return Automaton::make("wwnr", "not_running", edges).value();
}

/// Events that the model allows one after the other, from the initial state back to it.
std::vector<EventId> events(const Automaton& model) {
  const EventId in = model.find_event("switch_in"), out = model.find_event("switch_out"),
                wakeup = model.find_event("wakeup");
  std::mt19937 random(1);
  std::vector<EventId> list;
  while (list.size() < kEvents) {
    if (list.size() + 1 == kEvents || random() % 2 == 0) {
      list.push_back(wakeup);
    } else {
      list.push_back(in);
      list.push_back(out);
    }
  }
  return list;
}

void one_owner(benchmark::State& state, const Automaton& model) {
  const StepTable table(model);
  const std::vector<EventId> list = events(model);
  Instance instance{raw(table.started()), 0};
  std::uint64_t stepped = 0;
  for (auto _ : state) {
    for (const EventId event : list) {
      stepped += step(table, instance, event, Handler::event).outcome == Outcome::stepped;
      benchmark::DoNotOptimize(
          instance);  // it lives in memory, as in a program that does other things
    }
  }
  SWERVE_CHECK(stepped == state.iterations() * kEvents, "an event was not a step");
  state.SetItemsProcessed(static_cast<std::int64_t>(stepped));
}

void OneOwner(benchmark::State& state) { one_owner(state, wwnr()); }
BENCHMARK(OneOwner);

void OneOwnerWideTable(benchmark::State& state) { one_owner(state, wide_wwnr()); }
BENCHMARK(OneOwnerWideTable);

/// Each event to another one of 256 instances.
void ManyInstances(benchmark::State& state) {
  const Automaton model = wwnr();
  const StepTable table(model);
  const std::vector<EventId> list = events(model);
  std::array<Instance, 256> instances;
  instances.fill({raw(table.started()), 0});
  std::uint64_t stepped = 0;
  for (auto _ : state) {
    for (const EventId event : list) {
      for (Instance& instance : instances) {
        stepped += step(table, instance, event, Handler::event).outcome == Outcome::stepped;
      }
    }
  }
  SWERVE_CHECK(stepped == state.iterations() * kEvents * instances.size(),
               "an event was not a step");
  state.SetItemsProcessed(static_cast<std::int64_t>(stepped));
}
BENCHMARK(ManyInstances);

/// Through HostMonitor: 64 tasks, found by their number.
void HostMonitorTasks(benchmark::State& state) {
  struct : VerdictSink {
    void on_step(const Step&) override {}
    void on_violation(const Violation&) override { SWERVE_CHECK(false, "an event was not a step"); }
  } sink;
  const Automaton model = wwnr();
  const std::vector<EventId> list = events(model);
  HostMonitor monitor("wwnr", model, Scope::task, sink);
  for (auto _ : state) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      for (std::uint32_t tid = 1000; tid < 1064; ++tid) {
        monitor.step(InstanceKey::task(tid, 0), list[i], Handler::start_run, {});
      }
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(monitor.counters().events));
}
BENCHMARK(HostMonitorTasks);

/// Keeps the calling thread on a CPU of its own, so that threads run at the same time also on a
/// busy machine.
class OnCpu {
 public:
  explicit OnCpu(int cpu) {
    ::sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(cpu % ::sysconf(_SC_NPROCESSORS_ONLN)), &one);
    ::sched_setaffinity(0, sizeof one, &one);
  }
  ~OnCpu() { ::sched_setaffinity(0, sizeof before_, &before_); }
  OnCpu(const OnCpu&) = delete;
  OnCpu& operator=(const OnCpu&) = delete;

 private:
  cpu_set_t before_;
};

struct alignas(64) Line {
  SharedInstance instance;
};
Line shared[64];

/// The owner's events, to an instance that others could step too.
void SharedByNobody(benchmark::State& state) {
  const OnCpu here(state.thread_index());
  const Automaton model = wwnr();
  const StepTable table(model);
  const std::vector<EventId> list = events(model);
  SharedInstance& instance = shared[state.thread_index()].instance;
  std::uint64_t stepped = 0;
  for (auto _ : state) {
    for (const EventId event : list) {
      stepped += instance.step(table, event, Handler::start_run).outcome == Outcome::stepped;
    }
  }
  instance.reset();
  SWERVE_CHECK(stepped == state.iterations() * kEvents, "an event was not a step");
  state.SetItemsProcessed(static_cast<std::int64_t>(stepped));
}
BENCHMARK(SharedByNobody)->Threads(1)->Threads(2)->UseRealTime();

/// All threads to one instance. What one thread's events lead to depends on the others', so many of
/// them violate; counted are all events, and shown how many were wiped out by the race rule.
void SharedByAll(benchmark::State& state) {
  const OnCpu here(state.thread_index());
  const Automaton model = wwnr();
  const StepTable table(model);
  const std::vector<EventId> list = events(model);
  std::uint64_t raced = 0, violated = 0;
  for (auto _ : state) {
    for (const EventId event : list) {
      const Outcome outcome = shared[63].instance.step(table, event, Handler::start_run).outcome;
      raced += outcome == Outcome::raced;
      violated += outcome == Outcome::violated;
    }
  }
  const double all = static_cast<double>(state.iterations()) * kEvents;
  state.SetItemsProcessed(static_cast<std::int64_t>(all));
  state.counters["raced"] =
      benchmark::Counter(static_cast<double>(raced) / all, benchmark::Counter::kAvgThreads);
  state.counters["violated"] =
      benchmark::Counter(static_cast<double>(violated) / all, benchmark::Counter::kAvgThreads);
}
BENCHMARK(SharedByAll)->Threads(1)->Threads(2)->UseRealTime();

}  // namespace
}  // namespace swerve
