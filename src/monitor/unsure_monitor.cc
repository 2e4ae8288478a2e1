#include "monitor/unsure_monitor.h"

#include <sys/mman.h>

#include <algorithm>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>

#include "base/wide.h"

namespace swerve {

namespace {
constexpr std::uint32_t kTids = 1U << 22;  // Linux has no larger ones
constexpr std::uint32_t kCpus = 1U << 13;  // nor more CPUs
// Instances of numbers beyond these, which a broken recording can have.
constexpr std::size_t kOthersMost = std::size_t{1} << 18;

constexpr std::uint64_t word_of(SetId set, Doubt why) noexcept {
  return std::uint64_t{raw(set)} << 32 | static_cast<std::uint64_t>(why) << 16;
}
constexpr std::uint8_t kStarts = May::kStart | May::kStartRun;

/// Why it is not certain what the event did.
constexpr Doubt doubt_of(May may) noexcept { return may.certain() ? Doubt::none : Doubt::value; }

SWERVE_WIDE bool find_places(std::uint32_t limit, std::uint32_t base, std::uint32_t nowhere,
                             const std::uint64_t* tids, std::size_t count,
                             std::uint32_t* __restrict places) noexcept {
  std::uint32_t all = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto tid = static_cast<std::uint32_t>(tids[i]);
    places[i] = tid == 0 ? UnsureMonitor::kIdleTask : tid < limit ? base + tid : nowhere;
    all |= places[i];
  }
  return (all & UnsureMonitor::kIdleTask) != 0;
}
}  // namespace

struct UnsureMonitor::State {
  State(std::string monitor_name, Automaton automaton, Scope its_scope, std::vector<May> may_happen,
        bool can_end, VerdictSink& its_sink, Options its_options)
      : name(std::move(monitor_name)),
        model(std::move(automaton)),
        scope(its_scope),
        sink(&its_sink),
        options(its_options),
        table(model),
        // A task may end, and another have its number, without a binding.
        sets(model, std::move(may_happen), can_end || scope == Scope::task),
        base(model.states().size(), kOff),
        most(scope == Scope::object ? options.max_instances : kOthersMost),
        open(kCpus, 0) {
    base[index(kInitial)] = table.started();
    for (std::size_t id = 1; id < table.id_count(); ++id) {
      const StateId state = table.states()[id];
      if (state != kNoState && base[index(state)] == kOff)
        base[index(state)] = StepId(static_cast<std::uint16_t>(id));
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (mapped != 0) ::munmap(slots, mapped);
  }

  /// Places for `count` instances, which take memory when they are written. Huge pages would take
  /// it for the neighbours, too.
  void make_places(std::size_t count) {
    const std::size_t size = count * (sizeof(Slot) + sizeof(More));
    void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return;  // then all are in `others`
    mapped = size;
    slots = static_cast<Slot*>(at);
    more = reinterpret_cast<More*>(slots + count);
    ::madvise(at, mapped, MADV_NOHUGEPAGE);
  }

  /// The table of quick steps, where ids leave room for it: a row a deed, and before them one that
  /// is none and never quick.
  void make_deeds() {
    const std::size_t events = model.events().size();
    constexpr std::size_t kDeeds = std::size_t{1} << kDeedBits;
    const bool free = table.state(StepId(kOffId)) == kNoState;
    if (table.wide() || !free || 1 + 2 * events > kDeeds) return;
    deeds.assign((1 + 2 * events) * 256, 0);
    for (std::size_t e = 0; e < events; ++e) {
      for (std::size_t starts = 0; starts < 2; ++starts) {
        std::uint8_t* const row = &deeds[(1 + 2 * e + starts) * 256];
        std::copy_n(&table.narrow()[e * 256], 256, row);
        row[kOffId] = starts != 0 ? 0 : kOffId;
      }
    }
  }

  std::uint32_t& open_on(std::uint32_t cpu) noexcept {
    return cpu < kCpus ? open[cpu] : open_everywhere;
  }

  bool monitoring(std::uint64_t word) const noexcept {
    return word != kOffWord && table.newest(word) != kOff;
  }
  bool several(std::uint64_t word) const noexcept { return !monitoring(word) && word != kOffWord; }
  SetId set_of(std::uint64_t word) {
    if (!monitoring(word)) return SetId(static_cast<std::uint32_t>(word >> 32));
    return sets.one(table.state(table.newest(word)));
  }
  Doubt why_of(std::uint64_t word) const noexcept {
    return monitoring(word) ? Doubt::none : Doubt(static_cast<std::uint8_t>(word >> 16));
  }
  /// The word of an instance that has come to be in one of these states.
  std::uint64_t word_in(SetId set, Doubt why) {
    if (set == kOffSet) return kOffWord;
    const std::span<const StateId> members = sets.members(set);
    // The newest step tells the state; that it was taken is not said, see path().
    if (members.size() == 1) return raw(base[index(members.front())]);
    ever = ever | why;
    return word_of(set, why);
  }
  /// The same when it was `word`; what stays certain stays as it is.
  std::uint64_t changed(std::uint64_t word, SetId set, Doubt why) {
    return !several(word) && set == set_of(word) ? word : word_in(set, why);
  }
  std::uint64_t widened(std::uint64_t word) {
    const SetId before = set_of(word), after = sets.widened(before);
    return before == after ? word : word_in(after, why_of(word) | Doubt::lost);
  }

  std::vector<StateOrNone> names(SetId set) const {
    std::vector<StateOrNone> out;
    for (const StateId s : sets.members(set)) {
      out.push_back(s == kNotMonitoring ? StateOrNone() : model.states()[index(s)].name);
    }
    return out;
  }
  /// The name of the one state; where it is not certain, or is none, the names stand in `list`.
  std::string named(SetId set, std::vector<StateOrNone>& list) const {
    std::vector<StateOrNone> all = names(set);
    std::string text = set_text(all);
    if (all.size() > 1 || !all.front()) list = std::move(all);
    return text;
  }
  bool final(SetId set) const {
    const std::span<const StateId> members = sets.members(set);
    return std::all_of(members.begin(), members.end(), [&](StateId s) {
      return s == kNotMonitoring || model.states()[index(s)].final;
    });
  }

  template <typename Verdict>
  Verdict verdict(InstanceId id, EventId event, SetId set, const Witness& w) const {
    const Circumstances c = w.circumstances();
    const auto owned = [](const TaskView& t) {
      return TaskInfo{t.tid, t.tgid, std::string(t.comm)};
    };
    Verdict v;
    v.time = c.time;
    v.monitor = name;
    v.id = id;
    if (scope == Scope::task && c.task) v.task = owned(*c.task);
    v.cpu = c.cpu;
    v.by = owned(c.by);
    v.object = c.object;
    v.state = named(set, v.states);
    v.event = model.events()[index(event)];
    return v;
  }
  void tell_step(InstanceKey key, EventId event, SetId from, SetId to, const Witness& w) {
    Step step = verdict<Step>(key.id(scope), event, from, w);
    step.next = named(to, step.nexts);
    step.final = final(to);
    sink->on_step(step);
  }
  void tell_violation(InstanceKey key, EventId event, SetId set, const Kept& from,
                      const Witness& w) {
    Violation violation = verdict<Violation>(key.id(scope), event, set, w);
    std::set<EventId> allowed;
    for (const StateId s : sets.members(set)) {
      const std::vector<EventId> here = model.allowed(s == kNotMonitoring ? kInitial : s);
      allowed.insert(here.begin(), here.end());
    }
    for (const EventId e : allowed) violation.expected.push_back(model.events()[index(e)]);
    for (const Transition& t : path(from)) {
      violation.path.push_back({model.states()[index(t.from)].name, model.events()[index(t.event)],
                                model.states()[index(t.to)].name});
    }
    violation.events = from.events;
    sink->on_violation(violation);
  }
  void tell_inconclusive(InstanceId id, EventId event, SetId set,
                         const std::vector<StateId>& violating, Doubt why, const Witness& w) {
    Inconclusive inconclusive = verdict<Inconclusive>(id, event, set, w);
    for (const StateId s : violating) {
      inconclusive.violating.push_back(model.states()[index(s)].name);
    }
    inconclusive.why = why;
    sink->on_inconclusive(inconclusive);
  }
  /// The last transitions; what the word of slot_of() makes of the state's id is not among them.
  std::vector<Transition> path(const Kept& from) const {
    if (!monitoring(from.word)) return {};
    std::vector<Transition> out = table.path({from.word, from.older});
    if (out.size() > from.events)
      out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(from.events));
    return out;
  }

  std::string name;
  Automaton model;
  Scope scope;
  VerdictSink* sink;
  Options options;
  StepTable table;
  StateSets sets;
  std::vector<StepId> base;  // by state: an id with which it is the newest

  std::vector<std::uint8_t> deeds;  // empty: nothing is quick
  Slot* slots = nullptr;
  More* more = nullptr;
  std::size_t mapped = 0;
  std::vector<std::uint32_t> met;  // numbers of the slots whose word is not 0

  // Instances without a slot of their own. Those that certainly do not monitor are there only to
  // tell them from unmet_.
  std::unordered_map<std::uint64_t, Kept> others;
  std::size_t monitoring_others = 0;  // of these, those that are or may be monitoring
  std::size_t most;                   // of each of the two sorts

  Doubt ever = Doubt::none;  // all the doubts that there were

  std::vector<std::uint32_t> open;  // by CPU: holes
  std::uint32_t open_everywhere = 0;
  std::uint64_t open_in_all = 0;
};

/// Where an instance is kept, and what it is now.
struct UnsureMonitor::Found {
  InstanceKey key;
  std::size_t group;  // of which of the two sorts it is, where the scope has two
  bool in_hole;
  bool direct;  // it has a slot of its own
  Slot* slot;   // null: it is not kept
  More* more;
  Kept now;
};

UnsureMonitor::UnsureMonitor(std::string name, Automaton model, Scope scope,
                             std::vector<May> may_happen, bool can_end, VerdictSink& sink,
                             Options options)
    : state_(std::make_unique<State>(std::move(name), std::move(model), scope,
                                     std::move(may_happen), can_end, sink, options)) {
  State& s = *state_;
  s.make_deeds();
  if (scope == Scope::global) limit_ = {1, 0};
  if (scope == Scope::cpu) limit_ = {kCpus, 0};
  if (scope == Scope::task) {  // idle tasks first
    limit_ = {kTids, kCpus};
    base_ = {kCpus, 0};
  }
  static_assert(kTids + kCpus + 1 <= 1U << kPlaceBits);
  if (limit_[0] != 0) s.make_places(nowhere() + 1);
  slots_ = s.slots;
  more_ = s.more;
  if (slots_ == nullptr) limit_ = {0, 0};
  if (slots_ != nullptr && !s.deeds.empty()) deeds_ = s.deeds.data();
  set_quick();
}
UnsureMonitor::~UnsureMonitor() = default;
UnsureMonitor::UnsureMonitor(UnsureMonitor&&) noexcept = default;

void UnsureMonitor::set_quick() noexcept {
  const State& s = *state_;
  quick_ = has_deeds() && !s.options.steps && s.open_in_all == 0;
}

bool UnsureMonitor::quick_elsewhere(InstanceKey key, EventId event) noexcept {
  State& s = *state_;
  if (s.others.empty() || s.table.wide() || s.options.steps || s.open_in_all != 0) return false;
  const auto it = s.others.find(key.value());
  if (it == s.others.end()) return false;
  Kept& kept = it->second;
  if (!s.monitoring(kept.word) || kept.epoch != epoch_[group(key)]) return false;
  const StepId id = s.table.next(s.table.newest(kept.word), event);
  if (id == kOff) return false;
  kept.word = kept.word << 8 | raw(id);
  ++kept.events;
  ++counters_.events;
  return true;
}

std::size_t UnsureMonitor::group(InstanceKey key) const noexcept {
  return state_->scope == Scope::task ? key.value() >> 32 & 1 : 0;
}

bool UnsureMonitor::of_one_cpu(std::size_t group) const noexcept {
  return state_->scope == Scope::cpu || (state_->scope == Scope::task && group == 1);
}

bool UnsureMonitor::in_hole(InstanceKey key) const noexcept {
  const State& s = *state_;
  if (s.open_in_all == 0) return false;
  if (!of_one_cpu(group(key))) return true;
  const std::uint32_t cpu = static_cast<std::uint32_t>(key.value());
  return s.open_everywhere != 0 || (cpu < kCpus && s.open[cpu] != 0);
}

InstanceKey UnsureMonitor::key_at(std::size_t index) const noexcept {
  const std::uint32_t number = static_cast<std::uint32_t>(index);
  if (state_->scope != Scope::task) return InstanceKey::cpu(number);  // or the global one: 0
  return number < base_[0] ? InstanceKey::task(0, number) : InstanceKey::task(number - base_[0], 0);
}

bool UnsureMonitor::task_places(const std::uint64_t* tids, std::size_t count,
                                std::uint32_t* places) const noexcept {
  return find_places(limit_[0], base_[0], nowhere(), tids, count, places);
}

/// The word of a slot.
std::uint64_t UnsureMonitor::word_at(std::uint32_t place) const noexcept {
  const std::uint64_t word = slots_[place].word;
  return (word & 0xff) == kOffId && has_deeds() ? kOffWord : word;
}

bool UnsureMonitor::rests(std::uint32_t place) {
  if (!quick_ || place == nowhere()) return false;
  const std::size_t g = place < base_[0] ? 1 : 0;
  const std::uint64_t word = word_at(place);
  if (word != 0) return word == kOffWord && more_[place].epoch == epoch_[g];
  if (unmet_[g] != kOffWord) return false;
  state_->met.push_back(place);
  slots_[place].word = kOffWord;
  if (epoch_[g] != 0) more_[place].epoch = epoch_[g];
  return true;
}

UnsureMonitor::Found UnsureMonitor::find(InstanceKey key) const {
  State& s = *state_;
  const std::uint32_t at = place(key);
  Found found{key, group(key), in_hole(key), at != nowhere(), nullptr, nullptr, {}};
  if (found.direct) {
    found.slot = &slots_[at];
    found.more = &more_[at];
  } else if (const auto it = s.others.find(key.value()); it != s.others.end()) {
    found.slot = &it->second;
    found.more = &it->second;
  }
  if (found.slot == nullptr || found.slot->word == 0) {
    found.now.word = unmet_[found.group];
    return found;
  }
  found.now = {*found.slot, *found.more};
  if (found.direct) found.now.word = word_at(at);
  if (found.more->epoch != epoch_[found.group]) found.now.become(s.widened(found.now.word));
  return found;
}

bool UnsureMonitor::room(const Found& found) const noexcept {
  return found.direct || (found.slot != nullptr && found.slot->word != kOffWord) ||
         state_->monitoring_others < state_->most;
}

void UnsureMonitor::put(const Found& found, std::uint64_t word, std::uint64_t older,
                        std::uint64_t events) {
  State& s = *state_;
  const bool kept = found.slot != nullptr && found.slot->word != 0;
  // What it is alone in, a hole of its CPU, must not be taken for what all are in.
  const bool alone = found.in_hole && of_one_cpu(found.group);
  if (!kept && !alone && word == unmet_[found.group]) return;
  const auto store = [&](Slot& slot, More& more) {
    slot = {word, events};
    const std::uint64_t epoch = epoch_[found.group];
    if (more.older != older || more.epoch != epoch)
      more = {older, epoch};  // memory is seldom taken
  };
  if (found.direct) {
    if (!kept) s.met.push_back(static_cast<std::uint32_t>(found.slot - slots_));
    store(*found.slot, *found.more);
    return;
  }
  const bool was = kept && found.slot->word != kOffWord;  // monitoring, perhaps
  const bool is = word != kOffWord;
  const bool fits = is ? room(found)
                       : unmet_[found.group] != kOffWord &&
                             ((kept && !was) || s.others.size() - s.monitoring_others < s.most);
  if (is && !fits) refuse(found, s.set_of(word));
  s.monitoring_others -= was;
  if (!fits) {
    // As if it had never been met: that includes what it is.
    if (kept) s.others.erase(found.key.value());
    return;
  }
  s.monitoring_others += is;
  if (!kept) {
    Kept& its = s.others[found.key.value()];
    store(its, its);
  } else {
    store(*found.slot, *found.more);
  }
}

void UnsureMonitor::put(const Found& found, std::uint64_t word) {
  const bool same = word == found.now.word;
  put(found, word, same ? found.now.older : 0, same ? found.now.events : 0);
}

/// There is no room to keep an instance that became `next`. From now on it is one of those that
/// were never met.
void UnsureMonitor::refuse(const Found& found, SetId next) {
  State& s = *state_;
  counters_.refused += found.now.word == kOffWord;
  const std::uint64_t unmet = unmet_[found.group];
  const Doubt why = s.why_of(unmet) | s.why_of(found.now.word) | Doubt::unknown;
  unmet_[found.group] = s.changed(unmet, s.sets.both(s.set_of(unmet), next), why);
}

template <typename Change>
void UnsureMonitor::change_all(Change change) {
  State& s = *state_;
  const auto change_one = [&](InstanceKey key, Kept kept) {
    const std::size_t g = group(key);
    kept.become(change(kept.epoch != epoch_[g] ? s.widened(kept.word) : kept.word));
    if (in_hole(key)) kept.become(s.widened(kept.word));
    kept.epoch = epoch_[g];
    return kept;
  };
  for (const std::uint32_t i : s.met) {
    const Kept kept = change_one(key_at(i), {{word_at(i), slots_[i].events}, more_[i]});
    slots_[i] = kept;
    more_[i] = kept;
  }
  for (auto& [key, kept] : s.others) {
    // This can take more room than there is, but not for longer than these instances live.
    s.monitoring_others -= kept.word != kOffWord;
    kept = change_one(InstanceKey::object(key), kept);
    s.monitoring_others += kept.word != kOffWord;
  }
  for (std::size_t g = 0; g < (s.scope == Scope::task ? 2 : 1); ++g) {
    const std::uint64_t word = change(unmet_[g]);
    const bool open = of_one_cpu(g) ? s.open_everywhere != 0 : s.open_in_all != 0;
    unmet_[g] = open ? s.widened(word) : word;
  }
}

void UnsureMonitor::step_seen(InstanceKey key, EventId event, May may, const Witness& w) {
  State& s = *state_;
  if ((may.bits & ~May::kNothing) == 0) return;
  const Found found = find(key);
  if (found.now.word == kOffWord) {
    if ((may.bits & kStarts) == 0) return;
    if (s.ever == Doubt::none && !room(found)) {  // as in a HostMonitor
      ++counters_.refused;
      return;
    }
  }
  const bool certain = s.monitoring(found.now.word) ? (may.bits & May::kNothing) == 0
                                                    : found.now.word == kOffWord && may.certain();
  if (certain) {
    step_certain(found, event, may, w);
  } else {
    step_unsure(found, event, may, w);
  }
}

/// The state is certain, and so is what the event does.
void UnsureMonitor::step_certain(const Found& found, EventId event, May may, const Witness& w) {
  State& s = *state_;
  const bool off = found.now.word == kOffWord;
  Instance instance = off ? Instance{} : Instance{found.now.word, found.now.older};
  const Stepping stepping =
      swerve::step(s.table, instance, event,
                   (may.bits & May::kStart) != 0 ? Handler::start : Handler::start_run);
  const Kept from{{stepping.from.word, off ? 0 : found.now.events}, {stepping.from.older}};
  Kept next{{kOffWord}, {}};
  if (instance.word != 0) next = {{instance.word, from.events}, {instance.older}};
  if (stepping.outcome == Outcome::stepped) ++next.events;
  if (found.in_hole) next.become(s.widened(next.word));

  counters_.started += stepping.started;
  counters_.unsure += s.several(next.word);
  if (stepping.outcome == Outcome::stepped) {
    ++counters_.events;
    if (s.options.steps) s.tell_step(found.key, event, s.set_of(from.word), s.set_of(next.word), w);
  } else if (stepping.outcome == Outcome::violated) {
    ++counters_.violations;
    s.tell_violation(found.key, event, s.set_of(from.word), from, w);
  }
  put(found, next.word, next.older, next.events);
}

void UnsureMonitor::step_unsure(const Found& found, EventId event, May may, const Witness& w) {
  State& s = *state_;
  const SetId set = s.set_of(found.now.word);
  const StateSets::Outcome outcome = s.sets.stepped(set, event, may);
  const Doubt why = s.why_of(found.now.word) | (outcome.open ? Doubt::value : Doubt::none);
  std::uint64_t next = s.changed(found.now.word, outcome.next, why);
  if (found.in_hole) next = s.widened(next);

  counters_.unsure += s.several(next);
  if (set == kOffSet && (may.bits & ~kStarts) == 0) ++counters_.started;
  if (outcome.violates && !outcome.steps && !outcome.rests) {
    ++counters_.violations;
    s.tell_violation(found.key, event, set, found.now, w);
  } else if (outcome.violates) {
    ++counters_.inconclusive;
    s.tell_inconclusive(found.key.id(s.scope), event, set, s.sets.violating(set, event, may), why,
                        w);
  } else if (outcome.steps) {
    if (!outcome.rests) ++counters_.events;
    if (s.options.steps) s.tell_step(found.key, event, set, s.set_of(next), w);
  }
  put(found, next);
}

void UnsureMonitor::step_any_seen(EventId event, May may, const Witness& w) {
  State& s = *state_;
  if (s.scope == Scope::global) return step_seen(InstanceKey::global(), event, may, w);
  if ((may.bits & ~May::kNothing) == 0) return;
  const May perhaps{static_cast<std::uint8_t>(may.bits | May::kNothing)};
  std::set<SetId> sets;
  Doubt why = Doubt::unknown | doubt_of(may);
  bool violates = false, unsure = false;
  change_all([&](std::uint64_t now) {
    const SetId set = s.set_of(now);
    const StateSets::Outcome outcome = s.sets.stepped(set, event, perhaps);
    sets.insert(set);
    if (outcome.violates) {
      violates = true;
      why = why | s.why_of(now);
    }
    const std::uint64_t next =
        outcome.next == set
            ? now
            : s.word_in(outcome.next, s.why_of(now) | Doubt::unknown | doubt_of(may));
    unsure = unsure || s.several(next);
    return next;
  });
  counters_.unsure += unsure;
  if (!violates) return;
  ++counters_.inconclusive;
  SetId all = kOffSet;
  for (const SetId set : sets) all = s.sets.both(all, set);
  s.tell_inconclusive({s.scope, 0}, event, all, s.sets.violating(all, event, may), why, w);
}

void UnsureMonitor::end(InstanceKey key, bool certain) {
  State& s = *state_;
  const Found found = find(key);
  std::uint64_t next = kOffWord;
  if (!certain) {
    const std::uint64_t now = found.now.word;
    next = s.changed(now, s.sets.both(s.set_of(now), kOffSet), s.why_of(now) | Doubt::value);
  }
  put(found, found.in_hole ? s.widened(next) : next);
}

void UnsureMonitor::end_any() {
  State& s = *state_;
  change_all([&](std::uint64_t now) {
    const SetId set = s.set_of(now), next = s.sets.both(set, kOffSet);
    return next == set ? now : s.word_in(next, s.why_of(now) | Doubt::unknown);
  });
}

void UnsureMonitor::task_new(std::uint32_t tid) {
  if (state_->scope == Scope::task) end(InstanceKey::task(tid, 0));
}

void UnsureMonitor::hole_opens(std::uint32_t cpu) {
  State& s = *state_;
  ++s.open_in_all;
  ++s.open_on(cpu);
  for (std::size_t g = 0; g < (s.scope == Scope::task ? 2 : 1); ++g) {
    if (of_one_cpu(g) && cpu < kCpus) {
      const Found one = find(g == 0 ? InstanceKey::cpu(cpu) : InstanceKey::task(0, cpu));
      put(one, s.widened(one.now.word));
    } else {
      ++epoch_[g];
      unmet_[g] = s.widened(unmet_[g]);
    }
  }
  set_quick();
}

void UnsureMonitor::hole_closes(std::uint32_t cpu) {
  State& s = *state_;
  if (s.open_on(cpu) == 0) return;
  --s.open_in_all;
  --s.open_on(cpu);
  set_quick();
}

template <typename Visit>
void UnsureMonitor::visit_met(Visit visit) const {
  const State& s = *state_;
  for (const std::uint32_t i : s.met) visit(key_at(i));
  for (const auto& other : s.others) visit(InstanceKey::object(other.first));
}

std::vector<UnsureMonitor::Live> UnsureMonitor::live() const {
  State& s = *state_;
  std::vector<Live> out;
  visit_met([&](InstanceKey key) {
    const Kept now = find(key).now;
    if (now.word == kOffWord) return;
    const SetId set = s.set_of(now.word);
    out.push_back({key, s.names(set), s.final(set), now.events});
  });
  std::sort(out.begin(), out.end(),
            [](const Live& a, const Live& b) { return a.key.value() < b.key.value(); });
  return out;
}

UnsureCounters UnsureMonitor::counters() const {
  UnsureCounters out = counters_;
  visit_met([&](InstanceKey key) { out.instances += find(key).now.word != kOffWord; });
  return out;
}

std::vector<StateOrNone> UnsureMonitor::states(InstanceKey key) const {
  const std::uint64_t word = find(key).now.word;
  if (word == kOffWord) return {};
  return state_->names(state_->set_of(word));
}

const std::string& UnsureMonitor::name() const noexcept { return state_->name; }
const Automaton& UnsureMonitor::model() const noexcept { return state_->model; }
Scope UnsureMonitor::scope() const noexcept { return state_->scope; }

}  // namespace swerve
