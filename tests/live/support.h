// tests/live/support.h - what the live tests share: the kernel's catalog, monitors in a few lines,
// a sink that keeps everything, the kernel's own number for the calling thread.
#pragma once

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <cstdint>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/text.h"
#include "bind/definition.h"
#include "kernel/assembler.h"
#include "kernel/bpf_object.h"
#include "kernel/catalog.h"
#include "kernel/engine.h"
#include "swerve/monitor/verdict.h"

namespace swerve::live {

/// Loaded once a process. Its failure is a failure of the machine, and ends the test.
inline const KernelCatalog& catalog() {
  static const std::unique_ptr<KernelCatalog> loaded = [] {
    auto result = KernelCatalog::load();
    if (!result) {
      ADD_FAILURE() << result.error().message();
      std::abort();
    }
    return std::move(result).value();
  }();
  return *loaded;
}

/// One binding, as it would stand in a definition; empty texts are left out.
struct On {
  std::string probe, event;
  std::string task = {}, key = {}, when = {}, start = {}, start_run = {}, end = {};
};

/// Binds against the running kernel. A problem fails the test and gives nothing.
inline std::optional<BoundMonitor> make_monitor(const std::string& name, Scope scope,
                                                Automaton model, const std::vector<On>& on,
                                                std::uint32_t max_instances = kInstancesDefault) {
  Definition definition;
  definition.path = name + ".toml";
  definition.name = name;
  definition.scope = scope;
  definition.max_instances = max_instances;
  for (std::size_t i = 0; i < on.size(); ++i) {
    BindingText b;
    b.place = {definition.path, static_cast<unsigned>(i + 1), 1};
    b.probe_place = b.event_place = b.place;
    b.probe = parse_probe(on[i].probe).value();
    b.event = on[i].event;
    const auto text = [&](const std::string& t) {
      return t.empty() ? std::optional<ExprText>() : ExprText{t, b.place, {}};
    };
    b.task = text(on[i].task);
    b.key = text(on[i].key);
    b.when = text(on[i].when);
    b.start = text(on[i].start);
    b.start_run = text(on[i].start_run);
    b.end = text(on[i].end);
    definition.on.push_back(std::move(b));
  }
  BindOutcome outcome = bind(std::move(definition), std::move(model), catalog());
  for (const Diagnostic& d : outcome.diagnostics) {
    if (d.severity == Severity::error) ADD_FAILURE() << d.to_string();
  }
  return std::move(outcome.monitor);
}

/// Two states and two events: `go` leads from `off` to `on`, `stop` back; all else is a violation.
inline Automaton two_states() {
  return Automaton::make("two_states", "off", {{"off", "go", "on"}, {"on", "stop", "off"}}).value();
}

using Verdict = std::variant<Step, Violation>;

/// Keeps all that it is told.
class Recorder final : public VerdictSink {
 public:
  void on_step(const Step& step) override { verdicts.emplace_back(step); }
  void on_violation(const Violation& violation) override { verdicts.emplace_back(violation); }

  std::vector<Violation> violations() const {
    std::vector<Violation> out;
    for (const Verdict& v : verdicts) {
      if (const auto* violation = std::get_if<Violation>(&v)) out.push_back(*violation);
    }
    return out;
  }

  std::vector<Verdict> verdicts;
};

/// Calls f on so many threads at once; none ends before all have begun.
template <typename F>
void on_threads(int count, F&& f) {
  std::latch begun(count);
  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      begun.arrive_and_wait();
      f(i);
    });
  }
  for (std::thread& t : threads) t.join();
}

/// Waits for something that happens when tasks are freed, which is some time after their end; false
/// when it does not happen. A kernel may let no BPF program run on top of certain tasks (seen on a
/// machine whose own agent is left alone so); when an interrupt there frees a task, nobody hears of
/// it, and its instance goes when its address is used again. So many tasks are born meanwhile.
template <typename F>
bool soon_after_deaths(F&& f) {
  constexpr std::uint64_t kPatience = 500'000'000, kLimit = 20'000'000'000;
  const std::uint64_t begin = monotonic_now().ns;
  while (!f()) {
    const std::uint64_t waited = monotonic_now().ns - begin;
    if (waited > kLimit) return false;
    if (waited > kPatience) {
      on_threads(200, [](int) {});
    } else {
      ::sched_yield();
    }
  }
  return true;
}

/// Where a thread can ask how the kernel names it (tgid << 32 | tid), whatever pid namespace it is
/// in. Children may use it after a fork; one thread at a time.
class KernelIds {
 public:
  static Result<KernelIds> create() {
    KernelIds out;
    SWERVE_TRY_ASSIGN(out.cell_, SharedMemory::create("swerve_test", 8));
    Assembler a;
    a.call(BPF_FUNC_get_current_pid_tgid);
    a.map_value(Reg::r1, out.cell_.fd(), 0);
    a.store(8, Reg::r1, 0, Reg::r0);
    a.mov(Reg::r0, 0);
    a.exit();
    SWERVE_TRY_ASSIGN(const std::vector<bpf_insn> code, a.finish());
    out.program_ = UniqueFd(::bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "kt_ids", "Dual BSD/GPL",
                                            code.data(), code.size(), nullptr));
    if (!out.program_) return rights_error("load a BPF program", errno);
    return out;
  }
  std::uint64_t own() const {
    LIBBPF_OPTS(bpf_test_run_opts, run);
    if (::bpf_prog_test_run_opts(program_.get(), &run) != 0) return 0;
    return *cell_.at<std::uint64_t>(0);
  }

 private:
  KernelIds() = default;
  SharedMemory cell_;
  UniqueFd program_;
};

}  // namespace swerve::live
