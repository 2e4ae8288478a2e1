// What a tracepoint of a program and a monitor on it cost, beside what else could do the same.
//
// Measured in turns (random interleaving); the middle of the repetitions counts. program.py runs
// it, with an LTTng session that records the tracepoint of program_lttng.h.
#include <benchmark/benchmark.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "swerve/swerve.h"
#if __has_include(<lttng/tracepoint.h>)
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "program_lttng.h"
#endif

SWERVE_TRACEPOINT(nobody, int x);
SWERVE_TRACEPOINT(somebody, int x);
SWERVE_TRACEPOINT(of_thread, int x);
SWERVE_TRACEPOINT(of_all, int x);
SWERVE_TRACEPOINT(of_cpu, int x);
SWERVE_TRACEPOINT(of_object, int x);

namespace {

constexpr auto two_states = swerve::dot(R"(digraph turns {
  __init_off -> off;
  off -> on [label = "turn"]; on -> off [label = "turn"];
})");
constexpr int kObjects = 1000;

swerve::Session& session() {
  static swerve::Session all;
  return all;
}

/// A monitor of that scope, enabled for as long as the program runs.
template <typename... Options>
void watch(const char* name, swerve::Tracepoint<void(int)>& tracepoint, swerve::Scope scope,
           Options... options) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (session().registry().find(name)) return;
  swerve::MonitorSpec spec(name, two_states, scope);
  spec.on(tracepoint, two_states["turn"], options..., swerve::start_run);
  session().add(spec).value().enable().value();
}

// Every function here is called, as the code that emits would be.
[[gnu::noinline]] void call_nothing(int x) { benchmark::DoNotOptimize(x); }
[[gnu::noinline]] void emit_off(int x) {
  benchmark::DoNotOptimize(x);
  SWERVE_EMIT(nobody, x);
}
[[gnu::noinline]] void emit_empty(int x) { SWERVE_EMIT(somebody, x); }
[[gnu::noinline]] void emit_thread(int x) { SWERVE_EMIT(of_thread, x); }
[[gnu::noinline]] void emit_global(int x) { SWERVE_EMIT(of_all, x); }
[[gnu::noinline]] void emit_cpu(int x) { SWERVE_EMIT(of_cpu, x); }
[[gnu::noinline]] void emit_object(int x) { SWERVE_EMIT(of_object, x); }

/// What somebody would write by hand.
class HandWritten {
 public:
  [[gnu::noinline]] void turn(int /*x*/) {
    const std::lock_guard lock(mutex_);
    switch (state_) {
      case State::off:
        state_ = State::on;
        break;
      case State::on:
        state_ = State::off;
        break;
    }
  }

 private:
  enum class State { off, on };
  std::mutex mutex_;
  State state_ = State::off;
};
HandWritten hand_written;
void turn_by_hand(int x) { hand_written.turn(x); }

template <void (*F)(int)>
void run(benchmark::State& state) {
  int x = 0;
  for (auto _ : state) {
    F(x);
    if (++x == kObjects) x = 0;
  }
  state.SetItemsProcessed(state.iterations());
}

void call(benchmark::State& state) { run<call_nothing>(state); }
void off(benchmark::State& state) { run<emit_off>(state); }
void empty_callback(benchmark::State& state) {
  static swerve::Attachment attachment = somebody.attach([](int) {});
  run<emit_empty>(state);
}
void thread(benchmark::State& state) {
  watch("thread", of_thread, swerve::Scope::task);
  run<emit_thread>(state);
}
void global(benchmark::State& state) {
  watch("global", of_all, swerve::Scope::global);
  run<emit_global>(state);
}
void cpu(benchmark::State& state) {
  watch("cpu", of_cpu, swerve::Scope::cpu);
  run<emit_cpu>(state);
}
void object(benchmark::State& state) {
  watch("object", of_object, swerve::Scope::object, swerve::key([](int x) { return x; }));
  run<emit_object>(state);
}
void hand(benchmark::State& state) { run<turn_by_hand>(state); }
BENCHMARK(call);
BENCHMARK(off);
BENCHMARK(empty_callback);
BENCHMARK(thread);
BENCHMARK(thread)->Threads(2)->UseRealTime();
BENCHMARK(thread)->UseRealTime();
BENCHMARK(global);
BENCHMARK(global)->Threads(2)->UseRealTime();
BENCHMARK(cpu);
BENCHMARK(object);
BENCHMARK(object)->Threads(2)->UseRealTime();
BENCHMARK(hand);
BENCHMARK(hand)->Threads(2)->UseRealTime();

#if __has_include(<lttng/tracepoint.h>)
[[gnu::noinline]] void emit_lttng(int x) { lttng_ust_tracepoint(swerve_bench, turn, x); }
void lttng(benchmark::State& state) { run<emit_lttng>(state); }
BENCHMARK(lttng);
#endif

}  // namespace

BENCHMARK_MAIN();
