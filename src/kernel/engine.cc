#include "kernel/engine.h"

#include <bpf/libbpf.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "kernel/assembler.h"
#include "kernel/bpf_object.h"
#include "kernel/compiler.h"
#include "kernel/layout.h"
#include "kernel/symbols.h"
#include "swerve/base/check.h"

namespace swerve {

namespace {
using layout::Head;
using layout::Record;
using layout::Slot;

constexpr unsigned kTaskSlotBits = 16;            // 65536 places of 32 bytes
constexpr std::uint32_t kTaskOverflow = 8192;     // tasks whose place another one has
constexpr std::uint32_t kWatchedMax = 32768;      // tasks of a watched command, at one time
constexpr std::size_t kTableBytesMax = 4U << 20;  // what one array element may hold on Linux 6.1
constexpr std::uint32_t kRingBytes = 512U << 10;
constexpr std::uint32_t kStepRingBytes = 4U << 20;
constexpr TimeNs kOpenRecordMost{100'000'000};
constexpr int kStatsTries = 4;        // walks that nothing may disturb
constexpr std::size_t kLogLines = 6;  // of the verifier, in an error

std::string comm_text(const char (&comm)[16]) {
  return std::string(comm, ::strnlen(comm, sizeof comm));
}

// The last lines that the verifier wrote, and the number of the instruction that they are about.
std::string last_lines(const std::string& log, long& instruction) {
  std::vector<std::string> lines;
  std::size_t from = 0;
  while (from < log.size()) {
    std::size_t end = log.find('\n', from);
    if (end == std::string::npos) end = log.size();
    std::string line = log.substr(from, end - from);
    from = end + 1;
    char* rest = nullptr;
    const long number = std::strtol(line.c_str(), &rest, 10);
    if (rest != line.c_str() && std::strncmp(rest, ": (", 3) == 0) instruction = number;
    if (line.rfind("processed ", 0) == 0 || line.empty()) continue;
    lines.push_back(escape(line));
  }
  if (lines.size() > kLogLines) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(kLogLines));
  }
  return "\n    " + join(lines, "\n    ");
}

struct Loaded {
  Probe probe;
  UniqueFd program, link;
};

struct LiveMonitor {
  std::string name;
  Scope scope = Scope::global;
  Automaton model;
  StepTable table;
  std::uint32_t serial = 0;
  SharedMemory memory;
  UniqueFd tables, keyed;
  unsigned slot_bits = 0;
  std::vector<Loaded> programs;

  LiveMonitor(const BoundMonitor& m)
      : name(m.definition.name), scope(m.definition.scope), model(m.model), table(m.model) {}

  Head& head() const { return *memory.at<Head>(0); }
  std::uint32_t stride() const { return slot_bytes(scope, table.wide()); }
  std::size_t slots() const { return scope == Scope::object ? 0 : std::size_t{1} << slot_bits; }
  Slot& slot(std::size_t i) const { return *memory.at<Slot>(layout::kInstancesAt + i * stride()); }
  bool monitoring(std::uint64_t word) const { return table.newest(word) != kOff; }
  // Then there is no instance: a walk would only bring its pages into memory.
  bool never_started() const { return std::atomic_ref(head().started).load() == 0; }
  template <typename F>
  void each_keyed(F&& f) const;
  void reset_all();
};

// Calls f(key, place) for everything in the keyed map.
template <typename F>
void LiveMonitor::each_keyed(F&& f) const {
  if (!keyed) return;
  layout::WideSlot value{};
  std::uint64_t key = 0, next = 0;
  bool first = true;
  std::vector<std::uint64_t> keys;
  while (::bpf_map_get_next_key(keyed.get(), first ? nullptr : &key, &next) == 0) {
    keys.push_back(next);
    key = next;
    first = false;
    if (keys.size() > kInstancesMax) break;  // the programs go on meanwhile: no endless walk
  }
  for (const std::uint64_t k : keys) {
    if (::bpf_map_lookup_elem(keyed.get(), &k, &value) == 0) f(k, value.slot);
  }
}

// Every instance is as if it had never been started; what it has counted is kept.
void LiveMonitor::reset_all() {
  if (never_started()) return;
  std::uint64_t gone = 0;
  for (std::size_t i = 0; i < slots(); ++i) {
    Slot& p = slot(i);
    if (p.word == 0 && p.count == 0 && p.tag == 0) continue;
    gone += std::atomic_ref(p.count).exchange(0);
    std::atomic_ref(p.word).store(0);
    std::atomic_ref(p.tag).store(0);
  }
  each_keyed([&](std::uint64_t key, const Slot&) {
    layout::WideSlot last{};  // a task may end at the same time: who takes the entry out counts it
    if (::bpf_map_lookup_and_delete_elem(keyed.get(), &key, &last) != 0) return;
    gone += last.slot.count;
    if (scope != Scope::task) return;
    std::atomic_ref(slot(layout::task_slot(key, slot_bits)).displaced).fetch_sub(1);
  });
  std::atomic_ref(head().events_gone).fetch_add(gone);
}

struct WatchCells {          // shared with the programs that follow forks
  std::uint64_t parent_tid;  // whose children are watched; 0: nobody's
  std::uint64_t refused;
};
}  // namespace

struct Engine::State {
  const KernelCatalog* catalog = nullptr;
  EngineOptions options;
  TaskInfo self;
  UniqueFd ring;
  RingPositions positions;
  ring_buffer* reader = nullptr;
  std::optional<GracePeriod> grace;
  UniqueFd watched;
  SharedMemory watch_cells;
  std::vector<Loaded> watch_programs;
  std::vector<std::unique_ptr<LiveMonitor>> monitors;
  KernelSymbols symbols;
  std::uint32_t last_serial = 0;
  bool report_steps = false;
  VerdictSink* sink = nullptr;
  std::size_t taken = 0, most = 0;  // records, by this drain()

  ~State() { ::ring_buffer__free(reader); }

  LiveMonitor& at(std::size_t number) const {
    SWERVE_CHECK(number < monitors.size() && monitors[number] != nullptr, "no such monitor");
    return *monitors[number];
  }
  Result<> find_self();
  Result<> follow_forks();
  Result<> load_programs(LiveMonitor& live, CompilerInput input);
  void take(const Record& record, std::size_t bytes);
  static int take_record(void* self, void* data, std::size_t bytes);
};

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::~Engine() = default;

// A program run on our own thread tells how the kernel names it, whatever pid namespace we are in.
Result<> Engine::State::find_self() {
  SWERVE_TRY_ASSIGN(const SharedMemory cell,
                    SharedMemory::create("swerve_self", sizeof(std::uint64_t)));
  Assembler a;
  a.call(BPF_FUNC_get_current_pid_tgid);
  a.map_value(Reg::r1, cell.fd(), 0);
  a.store(8, Reg::r1, 0, Reg::r0);
  a.mov(Reg::r0, 0);
  a.exit();
  SWERVE_TRY_ASSIGN(const std::vector<bpf_insn> code, a.finish());
  const UniqueFd program(::bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "swerve_self",
                                         "Dual BSD/GPL", code.data(), code.size(), nullptr));
  if (!program) return rights_error("load a BPF program", errno);
  LIBBPF_OPTS(bpf_test_run_opts, run);
  if (::bpf_prog_test_run_opts(program.get(), &run) != 0) {
    return rights_error("run a BPF program", errno);
  }
  const std::uint64_t ids = *cell.at<std::uint64_t>(0);
  self.tid = static_cast<std::uint32_t>(ids);
  self.tgid = static_cast<std::uint32_t>(ids >> 32);
  self.comm = "swerve";
  return {};
}

// Two programs that keep the set of watched tasks: at birth, the child of a watched task (or of the
// thread that asked) comes in; at the end it goes, before its number can be given to another.
Result<> Engine::State::follow_forks() {
  SWERVE_TRY_ASSIGN(
      watched, create_map("swerve_watched", {.type = BPF_MAP_TYPE_HASH, .entries = kWatchedMax}));
  SWERVE_TRY_ASSIGN(watch_cells, SharedMemory::create("swerve_watch", sizeof(WatchCells)));
  const auto pid = catalog->field("task_struct", "pid");
  if (!pid) return Error(ErrorCode::unsupported, "this kernel's task_struct has no pid");
  const auto pid_at = static_cast<std::int16_t>(pid->bit_offset / 8);
  constexpr std::int16_t kTid = -8, kOne = -16;
  const auto key_args = [&](Assembler& a) {
    a.map(Reg::r1, watched.get());
    a.mov(Reg::r2, Reg::r10);
    a.alu(BPF_ADD, Reg::r2, kTid);
  };
  const auto load = [&](const char* name, Assembler& a) -> Result<> {
    Loaded out;
    out.probe = {Probe::Kind::tracepoint, "", name};
    SWERVE_TRY_ASSIGN(const AttachPoint at, catalog->attach_point(out.probe));
    SWERVE_TRY_ASSIGN(const std::vector<bpf_insn> code, a.finish());
    std::string log;
    SWERVE_TRY_ASSIGN(out.program, load_program("swerve_watch", out.probe.kind, at, code, log));
    watch_programs.push_back(std::move(out));
    return {};
  };

  Assembler birth;
  {
    const Label add = birth.label(), out = birth.label();
    birth.load(8, Reg::r6, Reg::r1, 0);
    birth.call(BPF_FUNC_get_current_pid_tgid);
    birth.store(4, Reg::r10, kTid, Reg::r0);
    birth.mov32(Reg::r7, Reg::r0);
    birth.map_value(Reg::r8, watch_cells.fd(), 0);
    birth.load(8, Reg::r1, Reg::r8, offsetof(WatchCells, parent_tid));
    birth.jump_if(BPF_JEQ, Reg::r1, Reg::r7, add);
    key_args(birth);
    birth.call(BPF_FUNC_map_lookup_elem);
    birth.jump_if(BPF_JEQ, Reg::r0, 0, out);
    birth.place(add);
    birth.jump_if(BPF_JEQ, Reg::r6, 0, out);
    birth.load(4, Reg::r1, Reg::r6, pid_at);
    birth.store(4, Reg::r10, kTid, Reg::r1);
    birth.store(4, Reg::r10, kOne, 1);
    key_args(birth);
    birth.mov(Reg::r3, Reg::r10);
    birth.alu(BPF_ADD, Reg::r3, kOne);
    birth.mov(Reg::r4, BPF_ANY);
    birth.call(BPF_FUNC_map_update_elem);
    birth.jump_if(BPF_JEQ, Reg::r0, 0, out);
    birth.mov(Reg::r1, 1);
    birth.atomic_add(8, Reg::r8, offsetof(WatchCells, refused), Reg::r1);
    birth.place(out);
    birth.mov(Reg::r0, 0);
    birth.exit();
  }
  SWERVE_TRY(load("task_newtask", birth));
  Assembler death;
  {
    const Label out = death.label();
    death.load(8, Reg::r6, Reg::r1, 0);
    death.jump_if(BPF_JEQ, Reg::r6, 0, out);
    death.load(4, Reg::r1, Reg::r6, pid_at);
    death.store(4, Reg::r10, kTid, Reg::r1);
    key_args(death);
    death.call(BPF_FUNC_map_delete_elem);
    death.place(out);
    death.mov(Reg::r0, 0);
    death.exit();
  }
  return load("sched_process_exit", death);
}

Result<std::unique_ptr<Engine>> Engine::create(const KernelCatalog& catalog,
                                               EngineOptions options) {
  ::libbpf_set_print(nullptr);  // our errors say it
  auto state = std::make_unique<State>();
  state->catalog = &catalog;
  state->options = options;
  std::uint32_t& ring_bytes = state->options.ring_bytes;
  if (ring_bytes == 0)
    ring_bytes = options.steps != StepReports::never ? kStepRingBytes : kRingBytes;
  SWERVE_TRY(state->find_self());
  SWERVE_TRY_ASSIGN(state->ring, create_map("swerve_ring", {.type = BPF_MAP_TYPE_RINGBUF,
                                                            .key_bytes = 0,
                                                            .value_bytes = 0,
                                                            .entries = ring_bytes}));
  SWERVE_TRY_ASSIGN(state->positions, RingPositions::of(state->ring));
  state->reader = ::ring_buffer__new(state->ring.get(), &State::take_record, state.get(), nullptr);
  if (state->reader == nullptr) return rights_error("map the ring buffer", errno);
  SWERVE_TRY_ASSIGN(state->grace, GracePeriod::create());
  if (options.only_watched) SWERVE_TRY(state->follow_forks());
  return std::unique_ptr<Engine>(new Engine(std::move(state)));
}

Result<> Engine::State::load_programs(LiveMonitor& live, CompilerInput input) {
  SWERVE_TRY_ASSIGN(const std::vector<Program> programs, compile(input));
  live.programs.clear();
  for (const Program& p : programs) {
    std::string log;
    Result<UniqueFd> fd = load_program(object_name(live.name), p.probe.kind, p.at, p.code, log);
    if (!fd && log.empty()) return std::move(fd).error().within(p.what);
    if (!fd) {
      long instruction = 0;
      const std::string lines = last_lines(log, instruction);
      std::string where = p.what;
      for (const auto& [from, text] : p.ranges) {
        if (static_cast<long>(from) <= instruction) where = text;
      }
      return Error(ErrorCode::unsupported,
                   cat(where, ": the kernel's verifier refuses the program for ", p.probe.text(),
                       "; its last lines:", lines));
    }
    live.programs.push_back({p.probe, std::move(fd).value(), {}});
  }
  return {};
}

Result<std::size_t> Engine::add(const BoundMonitor& monitor,
                                const std::optional<SignalReaction>& signal) {
  if (monitor.model.transitions().size() > StepTable::kTransitionsMost) {
    return Error(
        ErrorCode::exhausted,
        cat("the model of ", monitor.definition.name, " has ", monitor.model.transitions().size(),
            " transitions; a monitor takes ", StepTable::kTransitionsMost));
  }
  auto live = std::make_unique<LiveMonitor>(monitor);
  const std::string name = object_name(live->name);
  const std::vector<std::uint8_t> tables = table_bytes(live->table);
  if (tables.size() > kTableBytesMax) {
    return Error(ErrorCode::exhausted,
                 cat("the model of ", live->name, " needs a table of ", tables.size(),
                     " bytes; the kernel path takes ", kTableBytesMax));
  }
  const EngineOptions& options = state_->options;
  if (live->scope == Scope::task) {
    live->slot_bits = options.task_slot_bits != 0 ? options.task_slot_bits : kTaskSlotBits;
  }
  if (live->scope == Scope::cpu) {
    live->slot_bits = static_cast<unsigned>(
        std::bit_width(static_cast<unsigned>(::libbpf_num_possible_cpus()) - 1));
  }
  const auto instances = static_cast<std::uint32_t>(live->slots() * live->stride());
  SWERVE_TRY_ASSIGN(live->memory, SharedMemory::create(name, layout::kInstancesAt + instances));
  SWERVE_TRY_ASSIGN(live->tables,
                    create_map(name, {.value_bytes = static_cast<std::uint32_t>(tables.size()),
                                      .flags = BPF_F_RDONLY_PROG}));
  const std::uint32_t zero = 0;
  if (::bpf_map_update_elem(live->tables.get(), &zero, tables.data(), BPF_ANY) != 0 ||
      ::bpf_map_freeze(live->tables.get()) != 0) {
    return Error::from_errno(errno, "write the model's table");
  }
  if (live->scope == Scope::task || live->scope == Scope::object) {
    const std::uint32_t room = live->scope == Scope::object ? monitor.definition.max_instances
                               : options.task_overflow != 0 ? options.task_overflow
                                                            : kTaskOverflow;
    SWERVE_TRY_ASSIGN(live->keyed,
                      create_map(name, {.type = BPF_MAP_TYPE_HASH,
                                        .key_bytes = 8,
                                        .value_bytes = live->table.wide() ? layout::kWideSlotBytes
                                                                          : layout::kSlotBytes,
                                        .entries = room}));
  }
  CompilerInput input;
  input.monitor = &monitor;
  input.table = &live->table;
  input.catalog = state_->catalog;
  auto& monitors = state_->monitors;
  const auto place = std::find(monitors.begin(), monitors.end(), nullptr);
  const auto number = static_cast<std::size_t>(place - monitors.begin());
  input.number = static_cast<std::uint32_t>(number);
  input.serial = live->serial = ++state_->last_serial;
  input.memory_fd = live->memory.fd();
  input.tables_fd = live->tables.get();
  input.keyed_fd = live->keyed.get();
  input.ring_fd = state_->ring.get();
  input.ring_bytes = state_->options.ring_bytes;
  input.watched_fd = state_->watched.get();
  input.slot_bits = live->slot_bits;
  input.self_tgid = state_->self.tgid;
  input.steps = state_->options.steps;
  input.signal = signal;
  input.stacks = state_->options.stacks;
  input.only_watched = state_->options.only_watched;
  if (auto direct = state_->load_programs(*live, input); !direct) {
    if (direct.error().code() == ErrorCode::denied)
      return std::move(direct).error().within(live->name);
    // What the verifier will not let a program read directly, a helper may read.
    input.careful = true;
    if (!state_->load_programs(*live, input)) return std::move(direct).error().within(live->name);
  }
  live->head().steps = state_->report_steps ? 1 : 0;
  if (place == monitors.end()) {
    monitors.push_back(std::move(live));
  } else {
    *place = std::move(live);
  }
  return number;
}

void Engine::remove(std::size_t monitor) {
  (void)state_->at(monitor);
  state_->monitors[monitor].reset();
}

std::vector<std::size_t> Engine::all() const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < state_->monitors.size(); ++i) {
    if (state_->monitors[i] != nullptr) out.push_back(i);
  }
  return out;
}

Result<> Engine::attach(Numbers numbers) {
  std::vector<Loaded*> attached;  // by this call
  const auto attach_one = [&](Loaded& p) -> Result<> {
    if (p.link) return {};
    SWERVE_TRY_ASSIGN(p.link, attach_program(p.program, p.probe));
    attached.push_back(&p);
    return {};
  };
  const auto attach_all = [&]() -> Result<> {
    for (Loaded& p : state_->watch_programs) SWERVE_TRY(attach_one(p));
    for (const std::size_t number : numbers) {
      LiveMonitor& m = state_->at(number);
      for (Loaded& p : m.programs) {
        if (auto done = attach_one(p); !done) return std::move(done).error().within(m.name);
      }
    }
    return {};
  };
  auto done = attach_all();
  if (!done) {
    for (Loaded* p : attached) p->link.reset();
  }
  return done;
}

Result<> Engine::detach(Numbers numbers, VerdictSink& sink) {
  for (const std::size_t number : numbers) {
    LiveMonitor& m = state_->at(number);
    std::atomic_ref(m.head().armed).store(0, std::memory_order_release);
    for (Loaded& p : m.programs) p.link.reset();
  }
  auto waited = wait();
  auto drained = drain_all(sink);
  return waited ? std::move(drained) : std::move(waited);
}

void Engine::arm(Numbers numbers) {
  for (const std::size_t number : numbers) {
    std::atomic_ref(state_->at(number).head().armed).store(1, std::memory_order_release);
  }
}

void Engine::reset(Numbers numbers) {
  for (const std::size_t number : numbers) state_->at(number).reset_all();
}

Result<> Engine::disarm(Numbers numbers) {
  for (const std::size_t number : numbers) {
    std::atomic_ref(state_->at(number).head().armed).store(0, std::memory_order_release);
  }
  SWERVE_TRY(wait());  // from here on nothing is started
  reset(numbers);
  SWERVE_TRY(wait());  // from here on nothing is being stepped
  // A program that was in the middle of a step may have put a word or a count back.
  reset(numbers);
  return {};
}

Result<> Engine::wait() { return state_->grace->wait(); }

void Engine::report_steps(bool on) {
  state_->report_steps = on;
  for (const auto& m : state_->monitors) {
    if (m != nullptr) std::atomic_ref(m->head().steps).store(on ? 1 : 0, std::memory_order_relaxed);
  }
}

void Engine::allow_signals(std::size_t monitor, std::uint64_t more) {
  Head& head = state_->at(monitor).head();
  const std::uint64_t sent = std::atomic_ref(head.signals_sent).load(std::memory_order_relaxed);
  std::atomic_ref(head.signals_allowed).store(sent + more, std::memory_order_relaxed);
}

Result<> Engine::watch_my_children() {
  SWERVE_CHECK(state_->options.only_watched, "watching children without only_watched");
  std::atomic_ref(state_->watch_cells.at<WatchCells>(0)->parent_tid).store(state_->self.tid);
  return {};
}

Result<> Engine::watch_no_more_children() {
  std::atomic_ref(state_->watch_cells.at<WatchCells>(0)->parent_tid).store(0);
  return {};
}

int Engine::poll_fd() const { return ::ring_buffer__epoll_fd(state_->reader); }

int Engine::State::take_record(void* self, void* data, std::size_t bytes) {
  State& state = *static_cast<State*>(self);
  if (bytes >= sizeof(Record)) state.take(*static_cast<const Record*>(data), bytes);
  // Events that come faster than they are taken must not keep the caller from its other work.
  return ++state.taken < state.most ? 0 : -EAGAIN;
}

void Engine::State::take(const Record& r, std::size_t bytes) {
  if (r.monitor >= monitors.size() || monitors[r.monitor] == nullptr || sink == nullptr) return;
  const LiveMonitor& m = *monitors[r.monitor];
  if (m.serial != r.serial) return;  // its monitor has gone
  const auto fill = [&](Occurrence& o) {
    o.time = {r.time_ns};
    o.monitor = m.name;
    o.id.scope = m.scope;
    o.id.key = m.scope == Scope::task ? r.tid : m.scope == Scope::cpu ? r.cpu : r.key;
    if (m.scope == Scope::task) o.task = TaskInfo{r.tid, r.tgid, comm_text(r.comm)};
    o.cpu = r.cpu;
    o.by = {static_cast<std::uint32_t>(r.by), static_cast<std::uint32_t>(r.by >> 32),
            comm_text(r.by_comm)};
    const StateId state = m.table.state(m.table.newest(r.word));
    o.state = state != kNoState ? m.model.states()[index(state)].name : "?";
    o.event = r.event < m.model.events().size() ? m.model.events()[r.event] : "?";
  };
  if (r.kind == Record::kStep) {
    Step step;
    fill(step);
    const StateId next = m.table.state(StepId(static_cast<std::uint16_t>(r.next)));
    if (next != kNoState) {
      step.next = m.model.states()[index(next)].name;
      step.final = m.model.states()[index(next)].final;
    }
    sink->on_step(step);
    return;
  }
  Violation v;
  fill(v);
  const StateId state = m.table.state(m.table.newest(r.word));
  if (state != kNoState) {
    for (const EventId e : m.model.allowed(state)) v.expected.push_back(m.model.events()[index(e)]);
  }
  for (const Transition& t : m.table.path({r.word, r.older})) {
    v.path.push_back({m.model.states()[index(t.from)].name, m.model.events()[index(t.event)],
                      m.model.states()[index(t.to)].name});
  }
  v.events = r.count;
  if (r.reacted == Record::kSignalled) v.reacted = 0;
  // Busy: the kernel sends one at a time on each CPU. Whoever takes the violation tries again.
  if (r.reacted < 0 && r.reacted != -EBUSY) v.reacted = -r.reacted;
  if (r.stack_bytes > 0 && sizeof(Record) + static_cast<std::size_t>(r.stack_bytes) <= bytes) {
    const auto* const addresses = reinterpret_cast<const std::uint64_t*>(&r + 1);
    v.stack = symbols.stack({addresses, static_cast<std::size_t>(r.stack_bytes) / 8});
  }
  sink->on_violation(v);
}

std::size_t Engine::drain(VerdictSink& sink, std::size_t most) {
  state_->sink = &sink;
  state_->most = most;
  state_->taken = 0;
  (void)::ring_buffer__consume(state_->reader);
  state_->sink = nullptr;
  return state_->taken;
}

Result<> Engine::drain_all(VerdictSink& sink) {
  const std::uint64_t until = state_->positions.produced();
  const TimeNs give_up{monotonic_now().ns + kOpenRecordMost.ns};
  while (state_->positions.consumed() < until) {
    if (drain(sink) != 0) continue;
    if (monotonic_now() > give_up) {
      return Error(ErrorCode::io, "a verdict in the ring buffer is not finished");
    }
    ::sched_yield();
  }
  return {};
}

std::uint64_t Engine::lost(std::size_t monitor) const {
  return std::atomic_ref(state_->at(monitor).head().lost).load(std::memory_order_relaxed);
}

MonitorStats Engine::stats(std::size_t monitor) const {
  const LiveMonitor& m = state_->at(monitor);
  const Head& head = m.head();
  MonitorStats out;
  out.violations = head.violations;
  out.started = head.started;
  out.refused = head.refused;
  out.raced = head.raced;
  out.lost = head.lost;
  out.compat = head.compat;
  if (state_->watched) out.refused += state_->watch_cells.at<WatchCells>(0)->refused;
  // An instance that goes takes its count to events_gone: where that happens during the walk,
  // again.
  const auto gone = [&] { return std::atomic_ref(m.head().events_gone).load(); };
  const int most_tries = m.never_started() ? 0 : kStatsTries;
  for (int tries = 0; tries < most_tries; ++tries) {
    const std::uint64_t before = gone();
    out.events = before;
    out.instances = 0;
    const auto add = [&](const Slot& p) {
      out.events += p.count;
      if (m.monitoring(p.word)) ++out.instances;
    };
    bool displaced = m.scope == Scope::object;
    for (std::size_t i = 0; i < m.slots(); ++i) {
      add(m.slot(i));
      displaced = displaced || m.slot(i).displaced != 0;
    }
    if (displaced) m.each_keyed([&](std::uint64_t, const Slot& p) { add(p); });
    if (gone() == before) break;
  }
  for (const Loaded& p : m.programs) out.missed += recursion_misses(p.program);
  for (const Loaded& p : state_->watch_programs) out.missed += recursion_misses(p.program);
  return out;
}

std::uint64_t Engine::memory_bytes(std::size_t monitor) const {
  const LiveMonitor& m = state_->at(monitor);
  std::uint64_t out = kernel_memory(m.tables.get()) + kernel_memory(m.memory.fd());
  if (m.keyed) out += kernel_memory(m.keyed.get());
  for (const Loaded& p : m.programs) out += kernel_memory(p.program.get());
  return out;
}

std::uint64_t Engine::ring_bytes() const { return kernel_memory(state_->ring.get()); }

void Engine::load_symbols() { state_->symbols.load(); }

TaskInfo Engine::self() const { return state_->self; }

Result<> try_probe(const KernelCatalog& catalog, const Probe& probe) {
  SWERVE_TRY_ASSIGN(const AttachPoint at, catalog.attach_point(probe));
  Assembler a;
  a.mov(Reg::r0, 0);
  a.exit();
  SWERVE_TRY_ASSIGN(const std::vector<bpf_insn> code, a.finish());
  std::string log;
  ::libbpf_set_print(nullptr);
  Result<UniqueFd> program = load_program("swerve_try", probe.kind, at, code, log);
  if (!program) return std::move(program).error().within(probe.text());
  SWERVE_TRY(attach_program(*program, probe));
  return {};
}

}  // namespace swerve
