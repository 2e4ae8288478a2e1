// The kernel path and a monitor inside the program say the same of the same events.
//
// Threads of this process make system calls, and tell of each by a tracepoint of the program that
// has the name and the parameters of the call. One definition, bound to the calls, is stepped in
// the kernel; bound to the tracepoints, in the emitting thread. Each says of every violation which
// instance, in which state, by which event, what was allowed, and the way there: the same, one by
// one. (library = host engine = recorded engine: tests/inproc/differential_test.cc.)
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <latch>
#include <map>
#include <mutex>
#include <thread>

#include "bind/expr_parser.h"
#include "differential.h"
#include "support.h"
#include "swerve/control/inproc/session.h"
#include "swerve/model/dot_printer.h"

namespace swerve::live {
namespace {

SWERVE_TRACEPOINT(prctl, int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
                  unsigned long arg5);
SWERVE_TRACEPOINT(ioctl, unsigned int fd, unsigned int cmd, unsigned long arg);
SWERVE_TRACEPOINT(setpriority, int which, int who, int niceval);

/// A call whose first argument is the mark, which makes it fail for that reason alone.
struct Made {
  enum Kind { prctl, ioctl, setpriority } kind = prctl;
  std::uint64_t arguments[5] = {};
};
constexpr const char* kNames[] = {"prctl", "ioctl", "setpriority"};
constexpr const char* kFirst[] = {"option", "(int)fd", "which"};
const std::vector<std::string>& parameters(Made::Kind kind) {
  static const std::vector<std::string> all[] = {
      {"arg2", "arg3", "arg4", "arg5"}, {"cmd", "arg"}, {"who", "niceval"}};
  return all[kind];
}

void make(const Made& call) {
  const std::uint64_t* const a = call.arguments;
  switch (call.kind) {
    case Made::prctl:
      EXPECT_EQ(::syscall(SYS_prctl, a[0], a[1], a[2], a[3], a[4]), -1);
      SWERVE_EMIT(prctl, static_cast<int>(a[0]), a[1], a[2], a[3], a[4]);
      break;
    case Made::ioctl:
      EXPECT_EQ(::syscall(SYS_ioctl, a[0], a[1], a[2]), -1);
      SWERVE_EMIT(ioctl, static_cast<unsigned>(a[0]), static_cast<unsigned>(a[1]), a[2]);
      break;
    case Made::setpriority:
      EXPECT_EQ(::syscall(SYS_setpriority, a[0], a[1], a[2]), -1);
      SWERVE_EMIT(setpriority, static_cast<int>(a[0]), static_cast<int>(a[1]),
                  static_cast<int>(a[2]));
      break;
  }
}

/// With the name of a call in place of the probe.
std::vector<On> random_bindings(Random& random, const Automaton& model, Scope scope,
                                std::uint32_t mark) {
  std::vector<On> out;
  for (const std::string& event : model.events()) {
    for (std::size_t n = 1 + random.below(2); n != 0; --n) {
      const auto kind = static_cast<Made::Kind>(random.below(3));
      const std::vector<std::string>& names = parameters(kind);
      const Signature signature =
          catalog().signature(parse_probe(cat("syscall:", kNames[kind])).value()).value();
      const auto expression = [&](int depth) {
        for (;;) {  // a few random expressions are none
          std::string text = random.expression(names, depth);
          const ExprPtr typed = parse_expr({text, {}, {}}, catalog(), &signature).expr;
          if (typed != nullptr && !is_never(typed) && !is_always(typed)) return text;
        }
      };
      On on;
      on.probe = kNames[kind];
      on.event = event;
      on.when = cat(kFirst[kind], " == ", mark);
      if (!random.one_in(3)) on.when += cat(" && (", expression(3), ")");
      const std::size_t handler = random.below(8);
      if (handler < 3) on.start = random.one_in(3) ? "true" : expression(2);
      if (handler >= 2 && handler < 5) on.start_run = expression(2);
      if (scope == Scope::object) {
        static const char* const kKeys[] = {" & 3", " % 5", " << 32 | 7", " == 0", ""};
        on.key = cat("(", names[random.below(names.size())], ")", kKeys[random.below(5)]);
        if (random.one_in(4)) on.end = random.one_in(3) ? "true" : expression(2);
      }
      out.push_back(std::move(on));
    }
  }
  On& first = out[random.below(out.size())];  // one at least starts instances
  first.when = first.when.substr(0, first.when.find(" && "));
  first.start = "true";
  first.start_run.clear();
  return out;
}

/// The definition in TOML, for the program.
std::string as_toml(Scope scope, const std::vector<On>& bindings, std::uint32_t most) {
  std::string out =
      cat("name = \"random\"\nmodel = \"random.dot\"\nreactor = \"callback\"\nscope = \"",
          scope_name(scope), "\"\n");
  if (scope == Scope::object) out += cat("max_instances = ", most, "\n");
  out += "[react]\nper_second = 1000000\nburst = 1000000\n";
  for (const On& on : bindings) {
    out += cat("[[on]]\nprobe = \"inproc:", on.probe, "\"\nevent = \"", on.event, "\"\n");
    for (const auto& [name, text] : {std::pair("key", &on.key),
                                     {"when", &on.when},
                                     {"start", &on.start},
                                     {"start_run", &on.start_run},
                                     {"end", &on.end}}) {
      if (!text->empty()) out += cat(name, " = '", *text, "'\n");
    }
  }
  return out;
}

/// The folder of a definition.
class Folder {
 public:
  Folder() : path_(std::filesystem::path(testing::TempDir()) / cat("live_program_", ::getpid())) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string put(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

struct Tally {
  std::size_t events = 0, violations = 0;
};

void one_run(std::uint64_t seed, Scope scope, Size size, Tally& tally) {
  Random random(seed, false);  // who runs has other numbers in another pid namespace
  const std::uint32_t mark = 0x53570000U | static_cast<std::uint32_t>(random.below(0x10000));
  const Automaton model = random_automaton(random, size);
  const std::vector<On> on = random_bindings(random, model, scope, mark);
  const std::uint32_t most = random.one_in(3) ? 2 : kInstancesDefault;
  SCOPED_TRACE(cat("SWERVE_TEST_SEED=", seed, " ", scope_name(scope), describe(on)));

  // In the kernel.
  std::vector<On> on_calls = on;
  for (On& one : on_calls) one.probe = "syscall:" + one.probe;
  const auto monitor = make_monitor("random", scope, model, on_calls, most);
  ASSERT_TRUE(monitor);
  auto ids = KernelIds::create();
  ASSERT_TRUE(ids) << ids.error().message();
  auto engine = Engine::create(catalog(), {.stacks = false});
  ASSERT_TRUE(engine) << engine.error().message();
  const auto added = (*engine)->add(*monitor);
  ASSERT_TRUE(added) << added.error().message();

  // In the program. What it says of threads is said as the kernel names them.
  std::mutex mutex;
  std::map<std::uint32_t, std::uint64_t> as_kernel;  // by the thread's id here
  std::vector<std::string> program_says;
  const auto named = [&](TaskInfo& task) {
    const std::uint64_t id = as_kernel.at(task.tid);
    task.tid = static_cast<std::uint32_t>(id);
    task.tgid = static_cast<std::uint32_t>(id >> 32);
  };
  Session session({.log = {}, .callback = [&](const Reaction& r) {
                     Violation v = r.violation;
                     named(v.by);
                     if (v.task) {
                       named(*v.task);
                       v.id.key = v.task->tid;
                     }
                     program_says.push_back(words(Verdict(v)));
                   }});
  const Folder folder;
  folder.put("random.dot", to_dot(model));
  Result<Monitor> loaded = session.load(folder.put("random.toml", as_toml(scope, on, most)));
  ASSERT_TRUE(loaded) << loaded.error().message();
  ASSERT_TRUE(loaded->enable());
  ASSERT_TRUE((*engine)->attach((*engine)->all()));
  (*engine)->arm((*engine)->all());

  // Three threads, each on a CPU; one call and its emission after the other.
  constexpr int kThreads = 3;
  std::latch begun(kThreads);
  cpu_set_t allowed;
  ASSERT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Random own(seed * kThreads + static_cast<std::uint64_t>(t), false);
      cpu_set_t mine;
      CPU_ZERO(&mine);
      CPU_SET(cpus[static_cast<std::size_t>(t) % cpus.size()], &mine);
      EXPECT_EQ(::sched_setaffinity(0, sizeof mine, &mine), 0);
      ::pthread_setname_np(::pthread_self(), cat("emitter ", t).c_str());
      {
        const std::lock_guard lock(mutex);
        as_kernel[static_cast<std::uint32_t>(::syscall(SYS_gettid))] = ids->own();
      }
      begun.arrive_and_wait();
      for (int i = 0; i < 200; ++i) {
        Made call;
        call.kind = static_cast<Made::Kind>(own.below(3));
        for (std::uint64_t& argument : call.arguments) argument = own.value();
        call.arguments[0] = mark;
        const std::lock_guard lock(mutex);
        make(call);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  Recorder recorder;
  ASSERT_TRUE((*engine)->drain_all(recorder));
  std::vector<Violation> found = recorder.violations();
  // Of different CPUs they come only nearly in the order of their times.
  std::stable_sort(found.begin(), found.end(),
                   [](const Violation& a, const Violation& b) { return a.time < b.time; });
  std::vector<std::string> kernel_says;
  for (const Violation& violation : found) kernel_says.push_back(words(Verdict(violation)));
  expect_same(kernel_says, program_says);

  const MonitorStats there = (*engine)->stats(*added), here = loaded->stats();
  EXPECT_EQ(there.events, here.events);
  EXPECT_EQ(there.violations, here.violations);
  EXPECT_EQ(there.started, here.started);
  EXPECT_EQ(there.refused, here.refused);
  EXPECT_EQ(there.raced + there.lost + there.missed + there.compat, 0U);
  if (scope != Scope::task) {
    EXPECT_EQ(there.instances, here.instances);
  }
  tally.events += here.events;
  tally.violations += program_says.size();
}

class KernelEqualsProgram : public testing::TestWithParam<Scope> {};

TEST_P(KernelEqualsProgram, VerdictForVerdict) {
  const std::uint64_t seed = base_seed();
  Tally tally;
  for (std::size_t i = 0; i < runs(12) && !testing::Test::HasFailure(); ++i) {
    one_run(seed + i, GetParam(), static_cast<Size>((seed + i) % 3), tally);
  }
  // The test would be worth nothing if nothing happened.
  if (runs(12) >= 12) {
    EXPECT_GT(tally.events, 200U);
    EXPECT_GT(tally.violations, 100U);
  }
  testing::Test::RecordProperty("events", static_cast<int>(tally.events));
  testing::Test::RecordProperty("violations", static_cast<int>(tally.violations));
}

INSTANTIATE_TEST_SUITE_P(Scopes, KernelEqualsProgram,
                         testing::Values(Scope::global, Scope::cpu, Scope::task, Scope::object),
                         [](const auto& of) { return std::string(scope_name(of.param)); });

}  // namespace
}  // namespace swerve::live
