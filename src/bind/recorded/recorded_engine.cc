#include "bind/recorded/recorded_engine.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "bind/recorded/plan.h"
#include "bind/recorded/task_states.h"
#include "source/batch_builder.h"

namespace swerve {

namespace {

/// The values of a leaf for the rows of one table. What the batch has as it is needed is not
/// copied.
struct LeafValues {
  std::vector<std::uint64_t> own_cells;
  std::vector<std::uint8_t> own_unknown;
  std::string own_bytes;
  std::vector<std::uint8_t> state;  // task states: which of StateCodes::all; empty: it is none
  LeafColumn column;
  bool vague = false;  // some row has no value, or one that stands for several
  bool texts = false;  // the cells are texts
};

/// The task states that were met, numbered. Number 0 is a cell that is no state.
class StateCodes {
 public:
  StateCodes() {
    all_.emplace_back();
    all_.front().any = true;
  }
  std::uint8_t of(std::uint64_t recorded) {
    if (recorded >= numbers_.size()) return find(cat(recorded));
    std::uint8_t& code = numbers_[recorded];
    if (code == 0) code = add(task_states(recorded));
    return code;
  }
  std::uint8_t of(std::string_view recorded) {
    if (recorded.size() > 2 || recorded.empty()) return find(recorded);
    const auto letter = [&](std::size_t i) {
      return i < recorded.size() ? static_cast<unsigned char>(recorded[i]) : 0U;
    };
    if ((letter(0) | letter(1)) >= 0x80) return find(recorded);
    std::uint8_t& code = letters_[letter(0) << 7 | letter(1)];
    if (code == 0) code = find(recorded);
    return code;
  }
  const TaskStates& states(std::uint8_t code) const { return all_[code]; }

 private:
  std::uint8_t find(std::string_view recorded) {
    const auto at = texts_.find(recorded);
    if (at != texts_.end()) return at->second;
    const std::optional<TaskStates> states = task_states(recorded);
    const std::uint8_t code = states ? add(*states) : std::uint8_t{0};
    if (code != 0) texts_.emplace(recorded, code);
    return code;
  }
  /// The codes are few; an input that invents more gets "not known" for the rest.
  std::uint8_t add(const TaskStates& states) {
    if (all_.size() == 255) return 0;
    all_.push_back(states);
    return static_cast<std::uint8_t>(all_.size() - 1);
  }
  std::vector<TaskStates> all_;
  std::array<std::uint8_t, 512> numbers_{};
  std::array<std::uint8_t, 1U << 14> letters_{};  // texts of one or two letters
  std::map<std::string, std::uint8_t, std::less<>> texts_;
};

/// What a binding's conditions say of the rows of a batch.
struct BindingRows {
  std::vector<std::uint8_t> may;       // May::bits
  std::vector<std::uint8_t> end;       // 0: no, 1: yes, 2: may be; empty: never
  const std::uint64_t* key = nullptr;  // null: of the scope, or the current task
  std::vector<std::uint64_t> keys;     // where they are of texts
  std::vector<std::uint8_t> no_key;    // 1: not known; empty: all are known
  std::array<std::uint8_t, 256>
      by_state{};  // memory: what a task state comes to, 0: not worked out
};

/// A binding, as the walk over the events needs it.
struct Lane {
  const std::uint8_t* may = nullptr;   // by row
  const std::uint64_t* key = nullptr;  // by row; null as in BindingRows
  EventId event{};
  bool plain = false;  // every key is known, and nothing ends
};

/// The bindings of a kind, likewise.
struct Track {
  const Lane* begin = nullptr;
  const Lane* end = nullptr;
  bool births = false;  // it tells of new threads
};

struct Planned {
  Plan plan;
  std::vector<std::size_t> bindings;  // those of the monitor that are about it
  std::vector<LeafValues> leaves;     // by leaf
  std::vector<LeafColumn> columns;
  std::vector<BindingRows> rows;      // by binding
  std::vector<Lane> lanes;            // likewise
  bool needs_events = false;          // some leaf is no field of the event
  std::vector<std::uint32_t> events;  // by row: which event of the batch
};

/// What was kept at a system call's entry, by thread.
struct KeptEntry {
  std::size_t call = 0;
  std::vector<std::optional<std::uint64_t>> numbers;  // by slot
  std::vector<std::optional<std::string>> texts;
};
constexpr std::size_t kKeptMost = 1U << 20;  // threads inside of a system call
constexpr std::size_t kWorldsMost = 64;      // combinations of values that are tried one by one

/// As the readers do it.
std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  return word_as_integer(text, value) ? std::optional(value) : std::nullopt;
}

/// Keys that are texts, by numbers that stand for them while their instances live.
class TextKeys {
 public:
  /// A number is its own key; any other text has one of those that neither objects nor the kernel's
  /// pointers have.
  std::uint64_t number(std::string_view text) {
    if (const std::optional<std::uint64_t> own = number_of(text)) return *own;
    const auto found = numbers_.find(text);
    if (found != numbers_.end()) return found->second;
    const std::uint64_t number = ++last_;
    words_.emplace(number, numbers_.emplace(text, number).first->first);
    return number;
  }
  /// Empty: it is a number's.
  std::string_view words(std::uint64_t number) const {
    const auto found = words_.find(number);
    return found == words_.end() ? std::string_view() : found->second;
  }
  /// Forgets texts without an instance, when there are many. What comes again has a new number.
  void forget(const UnsureMonitor& instances) {
    if (numbers_.size() < limit_) return;
    std::unordered_set<std::uint64_t> live;
    for (const UnsureMonitor::Live& one : instances.live()) {
      live.insert(one.key.id(Scope::object).key);
    }
    std::erase_if(words_, [&](const auto& one) { return !live.contains(one.first); });
    std::erase_if(numbers_, [&](const auto& one) { return !live.contains(one.second); });
    limit_ = std::max(kFew, 2 * numbers_.size());
  }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  static constexpr std::size_t kFew = 1U << 16;
  std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>> numbers_;
  std::unordered_map<std::uint64_t, std::string_view> words_;  // of the texts in numbers_
  std::uint64_t last_ = std::uint64_t{1} << 63;
  std::size_t limit_ = kFew;
};

std::vector<May> all_that_may_happen(const BoundMonitor& monitor) {
  std::vector<May> out(monitor.model.events().size());
  for (const Binding& binding : monitor.bindings) {
    May& may = out[index(binding.event)];
    if (binding.when != nullptr && is_never(binding.when)) continue;
    if (!is_always(binding.start) && !is_always(binding.start_run)) may.bits |= May::kEvent;
    if (binding.start != nullptr) may.bits |= May::kStart;
    if (binding.start_run != nullptr) may.bits |= May::kStartRun;
  }
  return out;
}

bool some_end(const BoundMonitor& monitor) {
  return std::any_of(monitor.bindings.begin(), monitor.bindings.end(),
                     [](const Binding& b) { return b.end != nullptr; });
}

}  // namespace

struct RecordedEngine::State {
  State(const BoundMonitor& bound, const TypeSource& with, VerdictSink& sink, Options wanted)
      : monitor(bound),
        types(with),
        options(wanted),
        calls(entry_calls(bound)),
        instances(bound.definition.name, bound.model, bound.definition.scope,
                  all_that_may_happen(bound), some_end(bound), sink,
                  {bound.definition.max_instances, wanted.every_step}),
        met(bound.bindings.size()) {}

  const BoundMonitor monitor;
  const TypeSource& types;
  const Options options;
  const std::vector<EntryCall> calls;
  UnsureMonitor instances;
  StateCodes states;
  std::vector<Planned> planned;  // by kind
  std::vector<Track> tracks;     // likewise
  std::vector<bool> met;         // by binding
  std::unordered_map<std::uint32_t, KeptEntry> entries;
  TextKeys text_keys;
  unsigned holes = 0;        // open
  bool newtask_met = false;  // so sched_process_fork tells nothing new
  std::uint64_t unknown_tasks = 0;
  std::size_t position = 0;

  Result<> plan_kinds(const Batch& batch);
  void rows_of(const Batch& batch);
  void prepare(Planned& p, const Batch& batch, const Batch::Table& table, const Recording& names);
  void fill(LeafValues& out, const Leaf& leaf, const Planned& p, const Batch& batch,
            const Batch::Table& table, const Recording& names);
  void fill_states(LeafValues& out, const Leaf& leaf, const Batch::Column& column,
                   const Batch& batch);
  void decide(Planned& p, PlannedBinding& on, BindingRows& out, std::size_t rows);
  std::uint8_t decide_row(const Planned& p, const PlannedBinding& on, std::size_t row) const;
  void decide_end(Planned& p, PlannedBinding& on, BindingRows& out, std::size_t rows);
  void take_text_keys(const Planned& p, int leaf, BindingRows& out, std::size_t rows);
  template <typename Say>
  void worlds(const Planned& p, const std::vector<int>& leaves, std::size_t row, Say say) const;

  void pair_calls(const Batch& batch);
  void keep(const Planned& p, std::size_t row, std::uint32_t tid);
  void take(Planned& p, std::size_t row, std::uint32_t tid);

  void walk(const Batch& batch, const Recording& names);
  void mark(const Batch::Hole& hole);
  void born(const Planned& p, std::size_t row);
  template <Scope scope>
  void walk_some(const Batch& batch, std::size_t from, std::size_t to, const Recording& names);
  class Seen;
  void slowly(const Planned& p, std::size_t number, const Batch& batch, std::size_t i,
              const Recording& names);
};

namespace {

/// Whether of the kinds with the name of `kind` (itself among them) one has all that is needed: a
/// recording that was written by hand may leave fields out here and there.
template <typename HasAll>
bool one_has_all(const RecordedKind& kind, const std::vector<RecordedKind>& kinds,
                 const HasAll& has_all) {
  return std::any_of(kinds.begin(), kinds.end(), [&](const RecordedKind& other) {
    return other.name == kind.name && other.system == kind.system && has_all(other);
  });
}

}  // namespace

/// New kinds of this batch. All of them are looked at before anything happens.
Result<> RecordedEngine::State::plan_kinds(const Batch& batch) {
  if (batch.kinds == nullptr || planned.size() >= batch.kinds->size()) return {};
  std::vector<Planned> more;
  std::vector<std::string> lacks;
  const auto another_has_all = [&](const RecordedKind& kind) {
    return one_has_all(kind, *batch.kinds, [&](const RecordedKind& other) {
      return make_plan(monitor, calls, types, other).lacking.empty();
    });
  };
  for (std::size_t k = planned.size(); k < batch.kinds->size(); ++k) {
    const RecordedKind& kind = (*batch.kinds)[k];
    Planned p;
    p.plan = make_plan(monitor, calls, types, kind);
    p.leaves.resize(p.plan.leaves.size());
    p.columns.resize(p.plan.leaves.size());
    p.rows.resize(p.plan.on.size());
    p.lanes.resize(p.plan.on.size());
    p.needs_events = std::any_of(p.plan.leaves.begin(), p.plan.leaves.end(), [](const Leaf& leaf) {
      return leaf.source.from != FieldSource::From::field &&
             leaf.source.from != FieldSource::From::entry_field;
    });
    if (!p.plan.lacking.empty() && !another_has_all(kind)) {
      lacks.insert(lacks.end(), p.plan.lacking.begin(), p.plan.lacking.end());
    }
    for (std::size_t i = 0; i < monitor.bindings.size(); ++i) {
      if (is_of_probe(kind, monitor.bindings[i].probe)) p.bindings.push_back(i);
    }
    more.push_back(std::move(p));
  }
  if (!lacks.empty()) {
    return Error(ErrorCode::not_found, cat("monitor ", escape(monitor.definition.name),
                                           " needs what the recording lacks: ", join(lacks, "; ")));
  }
  for (Planned& p : more) planned.push_back(std::move(p));
  return {};
}

/// Which event of the batch each row is, for the kinds with leaves that are no fields.
void RecordedEngine::State::rows_of(const Batch& batch) {
  bool some = false;
  for (std::size_t k = 0; k < batch.tables.size(); ++k) {
    if (!planned[k].needs_events) continue;
    planned[k].events.assign(batch.tables[k].rows, 0);
    some = some || batch.tables[k].rows != 0;
  }
  if (!some) return;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Planned& p = planned[batch.kind[i]];
    if (p.needs_events) p.events[batch.row[i]] = static_cast<std::uint32_t>(i);
  }
}

void RecordedEngine::State::fill_states(LeafValues& out, const Leaf& leaf,
                                        const Batch::Column& column, const Batch& batch) {
  const std::size_t rows = column.cells.size();
  out.own_cells.resize(rows);
  out.state.resize(rows);
  if (column.form == Want::text) {
    // The same few places come again and again.
    std::array<std::pair<std::uint64_t, std::uint8_t>, 64> seen;
    seen.fill({~std::uint64_t{0}, 0});
    for (std::size_t r = 0; r < rows; ++r) {
      const std::uint64_t cell = column.cells[r];
      auto& [place, code] = seen[cell >> 32 & 63];
      if (place != cell) {
        place = cell;
        code = states.of(batch.text(cell));
      }
      out.state[r] = code;
    }
  } else {
    for (std::size_t r = 0; r < rows; ++r) out.state[r] = states.of(column.cells[r]);
  }
  for (std::size_t r = 0; r < column.unknown.size(); ++r) {
    if (column.unknown[r] != 0) out.state[r] = 0;
  }
  // What each code comes to; they are few.
  std::array<std::uint64_t, 256> plain{};
  std::array<bool, 256> met_code{};
  for (std::size_t r = 0; r < rows; ++r) {
    const std::uint8_t code = out.state[r];
    if (!met_code[code]) {
      met_code[code] = true;
      const TaskStates& is = states.states(code);
      if (leaf.source.preempt) {
        plain[code] = is.preempted ? 1 : 0;
      } else if (!is.values.empty()) {
        plain[code] = is.values.front();
      }
      const bool several =
          leaf.source.preempt ? is.maybe_preempted : is.any || is.values.size() > 1;
      out.vague = out.vague || code == 0 || (several && !options.plain_states);
    }
    out.own_cells[r] = plain[code];
  }
  out.column.cells = out.own_cells.data();
}

void RecordedEngine::State::fill(LeafValues& out, const Leaf& leaf, const Planned& p,
                                 const Batch& batch, const Batch::Table& table,
                                 const Recording& names) {
  using From = FieldSource::From;
  if (leaf.source.from == From::entry_field) return;  // pair_calls() has filled it
  const std::size_t rows = table.rows;
  out.vague = out.texts = false;
  out.state.clear();
  out.column = {};
  const auto gather = [&](auto value) {
    out.own_cells.resize(rows);
    for (std::size_t r = 0; r < rows; ++r) {
      out.own_cells[r] = value(p.needs_events ? p.events[r] : 0, r);
    }
    out.column.cells = out.own_cells.data();
  };
  const auto unknown_where = [&](auto is_unknown) {
    out.own_unknown.assign(rows, 0);
    for (std::size_t r = 0; r < rows; ++r) {
      if (!is_unknown(p.needs_events ? p.events[r] : 0, r)) continue;
      out.own_unknown[r] = 1;
      out.vague = true;
    }
    if (out.vague) out.column.unknown = out.own_unknown.data();
  };
  switch (leaf.source.from) {
    case From::field: {
      const Batch::Column& column = table.columns[static_cast<std::size_t>(leaf.source.field)];
      if (leaf.source.task_state || leaf.source.preempt) {
        fill_states(out, leaf, column, batch);
        return;
      }
      out.texts = column.form == Want::text;
      if (!leaf.text && column.form == Want::text) {  // a word that is also read as a text
        std::vector<std::uint8_t> bad(rows, 0);
        gather([&](std::uint32_t, std::size_t r) {
          const std::optional<std::uint64_t> number = number_of(batch.text(column.cells[r]));
          bad[r] = number ? 0 : 1;
          return number.value_or(0);
        });
        unknown_where([&](std::uint32_t, std::size_t r) {
          return bad[r] != 0 || (!column.unknown.empty() && column.unknown[r] != 0);
        });
        return;
      }
      out.column.cells = column.cells.data();
      out.column.bytes = batch.bytes;
      if (!column.unknown.empty()) {
        out.vague = std::any_of(column.unknown.begin(), column.unknown.end(),
                                [](std::uint8_t u) { return u != 0; });
        if (out.vague) out.column.unknown = column.unknown.data();
      }
      return;
    }
    case From::entry_field:
      return;
    case From::thread:
      gather([&](std::uint32_t i, std::size_t) { return std::uint64_t{batch.tid[i]}; });
      unknown_where([&](std::uint32_t i, std::size_t) { return batch.tid[i] == kNoThread; });
      return;
    case From::process: {
      const auto of = [&](std::uint32_t i) {
        const std::uint32_t told = batch.tgid.empty() ? kNoProcess : batch.tgid[i];
        if (told != kNoProcess || batch.tid[i] == kNoThread) return told;
        return batch.tid[i] == 0 ? 0 : names.tgid(batch.tid[i]);
      };
      gather([&](std::uint32_t i, std::size_t) { return std::uint64_t{of(i)}; });
      unknown_where(
          [&](std::uint32_t i, std::size_t) { return of(i) == kNoProcess && batch.tid[i] != 0; });
      return;
    }
    case From::thread_name:
      out.own_bytes.clear();
      if (!batch.comm.empty()) {
        gather([&](std::uint32_t i, std::size_t) { return batch.comm[i]; });
        out.column.bytes = batch.bytes;
        unknown_where(
            [&](std::uint32_t i, std::size_t) { return batch.text(batch.comm[i]).empty(); });
        return;
      }
      gather([&](std::uint32_t i, std::size_t) {
        const std::string_view name =
            batch.tid[i] == kNoThread ? std::string_view() : names.comm(batch.tid[i]);
        const std::uint64_t cell = Batch::text_cell(out.own_bytes.size(), name.size());
        out.own_bytes += name;
        return cell;
      });
      out.column.bytes = out.own_bytes;
      unknown_where(
          [&](std::uint32_t, std::size_t r) { return (out.own_cells[r] & 0xffffffff) == 0; });
      return;
    case From::cpu:
      gather([&](std::uint32_t i, std::size_t) { return std::uint64_t{batch.cpu[i]}; });
      return;
    case From::time:
      gather([&](std::uint32_t i, std::size_t) { return batch.time[i]; });
      return;
    case From::somewhere:
      gather([](std::uint32_t, std::size_t) { return std::uint64_t{1}; });
      return;
    case From::missing:
      gather([](std::uint32_t, std::size_t) { return std::uint64_t{0}; });
      unknown_where([](std::uint32_t, std::size_t) { return true; });
      return;
  }
}

/// Calls `say` for each combination of the values that the leaves may have in this row.
template <typename Say>
void RecordedEngine::State::worlds(const Planned& p, const std::vector<int>& leaves,
                                   std::size_t row, Say say) const {
  std::vector<std::optional<std::uint64_t>> values(p.leaves.size());
  std::vector<std::pair<std::size_t, const std::vector<std::uint64_t>*>> several;
  std::size_t count = 1;
  for (const int number : leaves) {
    const auto at = static_cast<std::size_t>(number);
    const LeafValues& leaf = p.leaves[at];
    if (leaf.state.empty()) {
      if (leaf.column.known(row)) values[at] = leaf.column.cells[row];
      continue;
    }
    const TaskStates& is = states.states(leaf.state[row]);
    const bool plain = options.plain_states && leaf.state[row] != 0;
    if (p.plan.leaves[at].source.preempt) {
      if (leaf.state[row] != 0 && (plain || !is.maybe_preempted)) values[at] = is.preempted ? 1 : 0;
    } else if (plain || (!is.any && is.values.size() == 1)) {
      values[at] = is.values.front();
    } else if (!is.any && count * is.values.size() <= kWorldsMost) {
      several.emplace_back(at, &is.values);
      count *= is.values.size();
    }
  }
  for (std::size_t world = 0; world < count; ++world) {
    std::size_t rest = world;
    for (const auto& [at, choices] : several) {
      values[at] = (*choices)[rest % choices->size()];
      rest /= choices->size();
    }
    say(values);
  }
}

std::uint8_t RecordedEngine::State::decide_row(const Planned& p, const PlannedBinding& on,
                                               std::size_t row) const {
  std::uint8_t may = 0;
  worlds(p, on.condition_leaves, row, [&](const auto& values) {
    // Unknown: 2.
    const auto answer = [&](const std::optional<Formula>& f, int without) {
      if (!f) return without;
      const std::optional<std::uint64_t> value = f->one(values, p.columns, row);
      return !value ? 2 : *value != 0 ? 1 : 0;
    };
    const int when = answer(on.when, 1);
    if (when != 1) may |= May::kNothing;
    if (when == 0) return;
    const int start_run = answer(on.start_run, 0);
    if (start_run != 0) may |= May::kStartRun;
    if (start_run == 1) return;
    const int start = answer(on.start, 0);
    if (start != 0) may |= May::kStart;
    if (start != 1) may |= May::kEvent;
  });
  return may;
}

/// What each row is to a binding: for all rows as if every value were certain, then anew for those
/// in which one is not.
void RecordedEngine::State::decide(Planned& p, PlannedBinding& on, BindingRows& out,
                                   std::size_t rows) {
  // Without branches: what a row comes to cannot be foreseen.
  const auto put_where = [&](const std::uint64_t* value, bool is, std::uint8_t bits) {
    for (std::size_t r = 0; r < rows; ++r) {
      const auto mask = static_cast<std::uint8_t>((value[r] != 0) == is ? 0xff : 0);
      out.may[r] = static_cast<std::uint8_t>((out.may[r] & ~mask) | (bits & mask));
    }
  };
  out.may.assign(rows, May::kEvent);
  if (on.start) put_where(on.start->rows(p.columns, rows), true, May::kStart);
  if (on.start_run) put_where(on.start_run->rows(p.columns, rows), true, May::kStartRun);
  if (on.when) put_where(on.when->rows(p.columns, rows), false, May::kNothing);

  std::vector<const LeafValues*> vague;
  for (const int leaf : on.condition_leaves) {
    const LeafValues& values = p.leaves[static_cast<std::size_t>(leaf)];
    if (values.vague) vague.push_back(&values);
  }
  if (vague.empty()) return;
  // The common case: all depends on one recorded task state.
  const bool one_state = on.condition_leaves.size() == 1 && !vague.front()->state.empty();
  for (std::size_t r = 0; r < rows; ++r) {
    if (one_state) {
      std::uint8_t& known = out.by_state[vague.front()->state[r]];
      if (known == 0) known = decide_row(p, on, r);
      out.may[r] = known;
      continue;
    }
    const bool certain = std::all_of(vague.begin(), vague.end(), [&](const LeafValues* leaf) {
      if (leaf->state.empty()) return leaf->column.known(r);
      const TaskStates& is = states.states(leaf->state[r]);
      return leaf->state[r] != 0 && !is.any && is.values.size() == 1 && !is.maybe_preempted;
    });
    if (!certain) out.may[r] = decide_row(p, on, r);
  }
}

void RecordedEngine::State::decide_end(Planned& p, PlannedBinding& on, BindingRows& out,
                                       std::size_t rows) {
  out.end.clear();
  if (!on.end) return;
  out.end.resize(rows);
  const std::uint64_t* const end = on.end->rows(p.columns, rows);
  for (std::size_t r = 0; r < rows; ++r) out.end[r] = end[r] != 0 ? 1 : 0;
  const std::vector<int>& leaves = on.end->leaves();
  if (std::none_of(leaves.begin(), leaves.end(),
                   [&](int leaf) { return p.leaves[static_cast<std::size_t>(leaf)].vague; })) {
    return;
  }
  for (std::size_t r = 0; r < rows; ++r) {
    bool no = false, yes = false;
    worlds(p, leaves, r, [&](const auto& values) {
      const std::optional<std::uint64_t> value = on.end->one(values, p.columns, r);
      no = no || !value || *value == 0;
      yes = yes || !value || *value != 0;
    });
    out.end[r] = yes && no ? 2 : yes ? 1 : 0;
  }
}

void RecordedEngine::State::take_text_keys(const Planned& p, int leaf, BindingRows& out,
                                           std::size_t rows) {
  const LeafValues& values = p.leaves[static_cast<std::size_t>(leaf)];
  out.key = values.column.cells;
  const auto unknown = [&](std::size_t row) {
    out.no_key.resize(rows);
    out.no_key[row] = 1;
  };
  for (std::size_t r = 0; values.vague && r < rows; ++r) {
    if (!values.column.known(r)) unknown(r);
  }
  if (!values.texts) return;
  out.keys.assign(rows, 0);
  for (std::size_t r = 0; r < rows; ++r) {
    if (!values.column.known(r)) continue;
    const std::string_view text = values.column.text(r);
    if (text.empty()) {  // names nothing
      unknown(r);
    } else {
      out.keys[r] = text_keys.number(text);
    }
  }
  out.key = out.keys.data();
}

void RecordedEngine::State::prepare(Planned& p, const Batch& batch, const Batch::Table& table,
                                    const Recording& names) {
  const std::size_t rows = table.rows;
  for (std::size_t l = 0; l < p.leaves.size(); ++l) {
    fill(p.leaves[l], p.plan.leaves[l], p, batch, table, names);
    p.columns[l] = p.leaves[l].column;
  }
  for (std::size_t b = 0; b < p.plan.on.size(); ++b) {
    PlannedBinding& on = p.plan.on[b];
    BindingRows& out = p.rows[b];
    decide(p, on, out, rows);
    decide_end(p, on, out, rows);
    out.key = on.key ? on.key->rows(p.columns, rows) : nullptr;
    out.no_key.clear();
    if (on.key_text >= 0) take_text_keys(p, on.key_text, out, rows);
    p.lanes[b] = {out.may.data(), out.key, on.event, out.end.empty() && out.no_key.empty()};
    if (!on.key) continue;
    const std::vector<int>& leaves = on.key->leaves();
    if (std::none_of(leaves.begin(), leaves.end(),
                     [&](int leaf) { return p.leaves[static_cast<std::size_t>(leaf)].vague; })) {
      continue;
    }
    out.no_key.assign(rows, 0);
    for (std::size_t r = 0; r < rows; ++r) {
      std::optional<std::uint64_t> key;
      bool several = false, first = true;
      worlds(p, leaves, r, [&](const auto& values) {
        const std::optional<std::uint64_t> value = on.key->one(values, p.columns, r);
        several = several || !value || (!first && key != value);
        key = value;
        first = false;
      });
      if (several) out.no_key[r] = 1;
    }
    p.lanes[b].plain = false;
  }
}

// -- the arguments of a system call, at its exit

void RecordedEngine::State::keep(const Planned& p, std::size_t row, std::uint32_t tid) {
  const auto at = entries.find(tid);
  if (at == entries.end() && entries.size() >= kKeptMost) return;
  KeptEntry& kept = at != entries.end() ? at->second : entries[tid];
  kept.call = p.plan.entry->call;
  const std::vector<int>& leaves = p.plan.entry->leaves;
  kept.numbers.assign(leaves.size(), std::nullopt);
  kept.texts.assign(leaves.size(), std::nullopt);
  for (std::size_t slot = 0; slot < leaves.size(); ++slot) {
    const LeafColumn& column = p.columns[static_cast<std::size_t>(leaves[slot])];
    if (!column.known(row)) continue;
    if (calls[kept.call].text[slot]) {
      kept.texts[slot] = std::string(column.text(row));
    } else {
      kept.numbers[slot] = column.cells[row];
    }
  }
}

void RecordedEngine::State::take(Planned& p, std::size_t row, std::uint32_t tid) {
  const auto at = entries.find(tid);
  const bool same =
      at != entries.end() && at->second.call == static_cast<std::size_t>(p.plan.exit_of);
  for (std::size_t l = 0; l < p.leaves.size(); ++l) {
    const Leaf& leaf = p.plan.leaves[l];
    if (leaf.source.from != FieldSource::From::entry_field) continue;
    LeafValues& out = p.leaves[l];
    const auto slot = static_cast<std::size_t>(leaf.entry_slot);
    bool known = false;
    if (same && leaf.text && at->second.texts[slot]) {
      out.own_cells[row] = Batch::text_cell(out.own_bytes.size(), at->second.texts[slot]->size());
      out.own_bytes += *at->second.texts[slot];
      known = true;
    } else if (same && !leaf.text && at->second.numbers[slot]) {
      out.own_cells[row] = *at->second.numbers[slot];
      known = true;
    }
    out.own_unknown[row] = known ? 0 : 1;
  }
  if (at != entries.end()) entries.erase(at);
}

/// Takes entries and exits in their order. While events are missing on any CPU nothing is kept: the
/// entry that is there need not be the one of the exit.
void RecordedEngine::State::pair_calls(const Batch& batch) {
  bool any = false;
  for (std::size_t k = 0; k < batch.tables.size() && k < planned.size(); ++k) {
    Planned& p = planned[k];
    if (p.plan.exit_of < 0 && !p.plan.entry) continue;
    const std::size_t rows = batch.tables[k].rows;
    any = any || rows != 0;
    for (std::size_t l = 0; l < p.leaves.size(); ++l) {
      if (p.plan.leaves[l].source.from != FieldSource::From::entry_field) continue;
      p.leaves[l].own_cells.assign(rows, 0);
      p.leaves[l].own_unknown.assign(rows, 1);
      p.leaves[l].own_bytes.clear();
    }
  }
  if (!any && batch.holes.empty()) return;
  auto hole = batch.holes.begin();
  unsigned open = holes;
  const auto pass_holes = [&](std::size_t before) {
    for (; hole != batch.holes.end() && hole->before <= before; ++hole) {
      open = hole->opens ? open + 1 : open == 0 ? 0 : open - 1;
      entries.clear();
    }
  };
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (hole != batch.holes.end()) pass_holes(i);
    Planned& p = planned[batch.kind[i]];
    if ((p.plan.entry || p.plan.exit_of >= 0) && batch.tid[i] == kNoThread) {
      entries.clear();  // one of them is over, but whose is not known
    } else if (p.plan.entry && open == 0) {
      keep(p, batch.row[i], batch.tid[i]);
    } else if (p.plan.exit_of >= 0) {
      take(p, batch.row[i], batch.tid[i]);
    } else if (p.plan.new_task >= 0) {
      const LeafColumn& child = p.columns[static_cast<std::size_t>(p.plan.new_task)];
      entries.erase(static_cast<std::uint32_t>(child.cells[batch.row[i]]));
    }
  }
  pass_holes(batch.size());
  for (Planned& p : planned) {
    for (std::size_t l = 0; l < p.leaves.size(); ++l) {
      LeafValues& out = p.leaves[l];
      if (p.plan.leaves[l].source.from != FieldSource::From::entry_field) continue;
      out.column = {out.own_cells.data(), out.own_unknown.data(), out.own_bytes};
      out.vague = std::any_of(out.own_unknown.begin(), out.own_unknown.end(),
                              [](std::uint8_t u) { return u != 0; });
      p.columns[l] = out.column;
    }
  }
}

// -- what happens

void RecordedEngine::State::mark(const Batch::Hole& hole) {
  if (hole.opens) {
    ++holes;
    instances.hole_opens(hole.cpu);
  } else {
    if (holes != 0) --holes;
    instances.hole_closes(hole.cpu);
  }
}

/// One event, seen by one binding: what verdicts tell of it.
class RecordedEngine::State::Seen final : public Witness {
 public:
  Seen(const State& all, const Planned& p, std::size_t binding, const Batch& batch, std::size_t i,
       const Recording& names, bool of_task)
      : all_(all),
        p_(p),
        on_(p.plan.on[binding]),
        rows_(p.rows[binding]),
        batch_(batch),
        i_(i),
        names_(names),
        of_task_(of_task) {}

  Circumstances circumstances() const override {
    Circumstances c;
    c.time = TimeNs{batch_.time[i_]};
    c.cpu = batch_.cpu[i_];
    const std::uint32_t tid = batch_.tid[i_];
    const bool ran = tid != kNoThread;
    if (ran) {
      const bool told = !batch_.tgid.empty() && batch_.tgid[i_] != kNoProcess;
      c.by = {tid, told ? batch_.tgid[i_] : names_.tgid(tid),
              batch_.comm.empty() ? names_.comm(tid) : batch_.text(batch_.comm[i_])};
    }
    if (on_.key_text >= 0) c.object = all_.text_keys.words(rows_.key[batch_.row[i_]]);
    if (!of_task_) return c;
    c.task = c.by;
    if (rows_.key == nullptr) return c;
    const std::size_t row = batch_.row[i_];
    const auto other = static_cast<std::uint32_t>(rows_.key[row]);
    if (!ran || other != tid) {
      c.task = TaskView{other, other == 0 ? 0 : names_.tgid(other), names_.comm(other)};
    }
    const auto leaf = [&](int at) { return p_.columns[static_cast<std::size_t>(at)]; };
    if (on_.tgid >= 0 && leaf(on_.tgid).known(row)) {
      c.task->tgid = static_cast<std::uint32_t>(leaf(on_.tgid).cells[row]);
    }
    if (on_.comm >= 0 && leaf(on_.comm).known(row)) c.task->comm = leaf(on_.comm).text(row);
    return c;
  }

 private:
  const State& all_;
  const Planned& p_;
  const PlannedBinding& on_;
  const BindingRows& rows_;
  const Batch& batch_;
  std::size_t i_;
  const Recording& names_;
  bool of_task_;
};

void RecordedEngine::State::slowly(const Planned& p, std::size_t number, const Batch& batch,
                                   std::size_t i, const Recording& names) {
  const BindingRows& rows = p.rows[number];
  const EventId event = p.plan.on[number].event;
  const std::size_t row = batch.row[i];
  const Scope scope = instances.scope();
  InstanceKey key = InstanceKey::global();
  bool known = rows.no_key.empty() || rows.no_key[row] == 0;
  switch (scope) {
    case Scope::global:
      break;
    case Scope::cpu:
      key = InstanceKey::cpu(batch.cpu[i]);
      break;
    case Scope::object:
      key = InstanceKey::object(rows.key != nullptr ? rows.key[row] : 0);
      break;
    case Scope::task:
      known = known && (rows.key != nullptr || batch.tid[i] != kNoThread);
      key = InstanceKey::task(
          rows.key != nullptr ? static_cast<std::uint32_t>(rows.key[row]) : batch.tid[i],
          batch.cpu[i]);
      break;
  }
  const Seen seen(*this, p, number, batch, i, names, scope == Scope::task);
  const May may{rows.may[row]};
  const bool ends = !rows.end.empty() && rows.end[row] != 0;
  position = i;
  if (!known) {
    ++unknown_tasks;
    instances.step_any(event, may, seen);
    if (ends) instances.end_any();
    return;
  }
  instances.step(key, event, may, seen);
  if (ends && may.bits != May::kNothing) {
    instances.end(key, rows.end[row] == 1 && (may.bits & May::kNothing) == 0);
  }
}

void RecordedEngine::State::born(const Planned& p, std::size_t row) {
  newtask_met = newtask_met || !p.plan.fork;
  const LeafColumn& child = p.columns[static_cast<std::size_t>(p.plan.new_task)];
  if (p.plan.fork && newtask_met) return;
  if (child.known(row)) {
    instances.task_new(static_cast<std::uint32_t>(child.cells[row]));
  } else {
    instances.end_any();
  }
}

/// Nearly all events step an instance that is certain, by a transition that is there.
template <Scope scope>
void RecordedEngine::State::walk_some(const Batch& batch, std::size_t from, std::size_t to,
                                      const Recording& names) {
  const std::uint32_t* const kinds = batch.kind.data();
  const std::uint32_t* const rows = batch.row.data();
  const std::uint32_t* const cpus = batch.cpu.data();
  const Track* const all = tracks.data();
  UnsureMonitor::Quick quick = instances.quick_view();
  for (std::size_t i = from; i < to; ++i) {
    const Track& track = all[kinds[i]];
    const std::size_t row = rows[i];
    if (track.births) [[unlikely]] {
      instances.count(quick);
      born(planned[kinds[i]], row);
      quick = instances.quick_view();
    }
    for (const Lane* at = track.begin; at != track.end; ++at) {
      const Lane& lane = *at;
      const std::uint8_t may = lane.may[row];
      if (may == May::kNothing) continue;
      if ((may & May::kNothing) == 0 && lane.plain) {
        InstanceKey key = InstanceKey::global();
        bool known = true;
        if (scope == Scope::cpu) key = InstanceKey::cpu(cpus[i]);
        if (scope == Scope::object) key = InstanceKey::object(lane.key[row]);
        if (scope == Scope::task) {
          const std::uint32_t tid =
              lane.key != nullptr ? static_cast<std::uint32_t>(lane.key[row]) : batch.tid[i];
          known = lane.key != nullptr || tid != kNoThread;
          key = InstanceKey::task(tid, cpus[i]);
        }
        if (scope == Scope::object) {
          if (instances.quick(key, lane.event)) continue;
        } else if (known && quick.step(key, lane.event)) {
          continue;
        }
      }
      instances.count(quick);
      slowly(planned[kinds[i]], static_cast<std::size_t>(at - track.begin), batch, i, names);
      quick = instances.quick_view();
    }
  }
  instances.count(quick);
}

void RecordedEngine::State::walk(const Batch& batch, const Recording& names) {
  tracks.clear();
  for (const Planned& p : planned) {
    tracks.push_back({p.lanes.data(), p.lanes.data() + p.lanes.size(), p.plan.new_task >= 0});
  }
  const auto some = [&](std::size_t from, std::size_t to) {
    switch (instances.scope()) {
      case Scope::global:
        return walk_some<Scope::global>(batch, from, to, names);
      case Scope::cpu:
        return walk_some<Scope::cpu>(batch, from, to, names);
      case Scope::task:
        return walk_some<Scope::task>(batch, from, to, names);
      case Scope::object:
        return walk_some<Scope::object>(batch, from, to, names);
    }
  };
  std::size_t from = 0;
  for (const Batch::Hole& hole : batch.holes) {
    some(from, hole.before);
    from = hole.before;
    mark(hole);
  }
  some(from, batch.size());
}

// -- the engine

namespace {

bool is_function(const Probe& probe) {
  return probe.kind == Probe::Kind::fentry || probe.kind == Probe::Kind::fexit;
}

}  // namespace

std::vector<std::string> lacking(const BoundMonitor& monitor, const TypeSource& types,
                                 const std::vector<RecordedKind>& kinds) {
  std::vector<std::string> out;
  const auto say = [&](const std::string& line) {
    if (std::find(out.begin(), out.end(), line) == out.end()) out.push_back(line);
  };
  const std::vector<EntryCall> calls = entry_calls(monitor);
  const auto plan = [&](const RecordedKind& kind) {
    return make_plan(monitor, calls, types, kind);
  };
  for (const Binding& binding : monitor.bindings) {
    const auto there = [&](const Probe& probe) {
      return std::any_of(kinds.begin(), kinds.end(),
                         [&](const RecordedKind& kind) { return is_of_probe(kind, probe); });
    };
    // An exit that was recorded with the arguments needs no entry.
    const auto has_arguments = [&](const RecordedKind& kind) {
      return is_of_probe(kind, binding.probe) && plan(kind).exit_of < 0;
    };
    if (!there(binding.probe))
      say(cat("no event for ", binding.probe.text(),
              is_function(binding.probe) ? ", which is a function: no tracer records those" : ""));
    for (const EntryCall& call : calls) {
      const Probe entry{Probe::Kind::syscall_enter, "", call.name};
      if (binding.probe.kind == Probe::Kind::syscall_exit && binding.probe.name == call.name &&
          !there(entry) && std::none_of(kinds.begin(), kinds.end(), has_arguments)) {
        say(cat("no event for ", entry.text(), ", whose arguments are read at the exit"));
      }
    }
  }
  const auto has_all = [&](const RecordedKind& kind) { return plan(kind).lacking.empty(); };
  for (const RecordedKind& kind : kinds) {
    const std::vector<std::string> lacks = plan(kind).lacking;
    if (lacks.empty() || one_has_all(kind, kinds, has_all)) continue;
    for (const std::string& line : lacks) say(line);
  }
  return out;
}

Result<std::unique_ptr<RecordedEngine>> RecordedEngine::make(const BoundMonitor& monitor,
                                                             const TypeSource& types,
                                                             VerdictSink& sink, Options options) {
  const std::size_t transitions = monitor.model.transitions().size();
  if (transitions > StepTable::kTransitionsMost) {
    return Error(ErrorCode::exhausted,
                 cat(escape(monitor.definition.name), ": the model has ", transitions,
                     " transitions; the limit is ", StepTable::kTransitionsMost));
  }
  return std::unique_ptr<RecordedEngine>(
      new RecordedEngine(std::make_unique<State>(monitor, types, sink, options)));
}

RecordedEngine::RecordedEngine(std::unique_ptr<State> state) : state_(std::move(state)) {}
RecordedEngine::~RecordedEngine() = default;

std::vector<Want> RecordedEngine::wants(const RecordedKind& kind) const {
  return make_plan(state_->monitor, state_->calls, state_->types, kind).wants(kind);
}

Result<> RecordedEngine::feed(const Batch& batch, const Recording& names) {
  SWERVE_TRY(state_->plan_kinds(batch));
  state_->text_keys.forget(state_->instances);
  state_->rows_of(batch);
  for (std::size_t k = 0; k < batch.tables.size(); ++k) {
    if (batch.tables[k].rows == 0) continue;
    for (const std::size_t i : state_->planned[k].bindings) state_->met[i] = true;
  }
  // First what entries keep and new threads are told by, then what is taken at exits, then the
  // rest.
  const auto each = [&](auto wanted) {
    for (std::size_t k = 0; k < batch.tables.size() && k < state_->planned.size(); ++k) {
      Planned& p = state_->planned[k];
      if (batch.tables[k].rows != 0 && !p.plan.empty() && wanted(p)) {
        state_->prepare(p, batch, batch.tables[k], names);
      }
    }
  };
  each([](const Planned& p) { return p.plan.exit_of < 0; });
  state_->pair_calls(batch);
  each([](const Planned& p) { return p.plan.exit_of >= 0; });
  state_->walk(batch, names);
  return {};
}

std::size_t RecordedEngine::position() const noexcept { return state_->position; }
const UnsureMonitor& RecordedEngine::monitor() const noexcept { return state_->instances; }
std::string_view RecordedEngine::key_words(std::uint64_t key) const {
  return state_->text_keys.words(key);
}
std::uint64_t RecordedEngine::unknown_tasks() const noexcept { return state_->unknown_tasks; }

std::vector<std::string> RecordedEngine::never_met() const {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < state_->met.size(); ++i) {
    std::string probe = state_->monitor.bindings[i].probe.text();
    if (!state_->met[i] && std::find(out.begin(), out.end(), probe) == out.end()) {
      out.push_back(std::move(probe));
    }
  }
  return out;
}

}  // namespace swerve
