#include "bind/recorded/recorded_engine.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "base/wide.h"
#include "bind/recorded/plan.h"
#include "bind/recorded/task_states.h"
#include "source/batch_builder.h"

namespace swerve {

namespace {

constexpr std::uint32_t kNoRow = 0xffffffff;

/// The values of a leaf for the rows of one table. What the batch has as it is needed is not
/// copied.
struct LeafValues {
  std::vector<std::uint64_t> own_cells;
  std::vector<std::uint8_t> own_unknown;
  std::string own_bytes;
  std::vector<std::uint8_t> state;  // task states: which of StateCodes::all; empty: it is none
  std::vector<std::uint32_t> met;   // of these: a row with each that there is
  bool codes_suffice = false;       // nobody reads the values: `column` is empty
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
  std::vector<std::uint32_t> aim;      // see UnsureMonitor::deed(), and kNothingToDo
  std::array<std::uint8_t, 256>
      by_state{};  // memory: what a task state comes to, 0: not worked out
};

/// The aim of a row that is certainly nothing to a binding. (One whose place is nowhere is for
/// slowly().)
constexpr std::uint32_t kNothingToDo = 0x7fffffff;

/// Whose errand it is, see RecordedEngine::State::list_errands().
struct Errand {
  std::uint32_t event;    // in the batch
  std::uint32_t binding;  // of its kind
};

struct Planned {
  Plan plan;
  std::vector<std::size_t> bindings;  // those of the monitor that are about it
  std::vector<LeafValues> leaves;     // by leaf
  std::vector<LeafColumn> columns;
  std::vector<BindingRows> rows;      // by binding
  bool needs_events = false;          // some leaf or instance is not told by a field
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

bool is_state(const Leaf& leaf) {
  return leaf.source.from == FieldSource::From::field &&
         (leaf.source.task_state || leaf.source.preempt);
}

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
  std::vector<bool> met;         // by binding of the monitor
  // For walk().
  static constexpr std::size_t kErrandsOf = 512;  // events: the nearest cache is small
  std::vector<std::uint32_t> errands;             // of some events, in order: the aims
  std::size_t errand_count = 0;
  std::vector<Errand> whose;                 // for each errand, when it is asked
  bool plain_aims = true;                    // none in this batch is kNothingToDo or an idle task's
  std::size_t width = 1;                     // bindings of a kind at most
  std::vector<const std::uint32_t*> lanes;   // by kind * width + binding: its BindingRows::aim
  std::vector<std::uint32_t> lanes_used;     // by kind: how many of them are of a binding
  std::vector<std::uint32_t> nothing_to_do;  // by row: for a binding that is not there
  std::vector<std::uint32_t> for_later;      // by row: for one that is nowhere
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
  void find_unknown_keys(Planned& p, PlannedBinding& on, BindingRows& out, std::size_t rows);
  void find_aims(const Planned& p, const PlannedBinding& on, BindingRows& rows, const Batch& batch);
  void decide(Planned& p, PlannedBinding& on, BindingRows& out, std::size_t rows);
  static const LeafValues* on_state_alone(const Planned& p, const PlannedBinding& on);
  static void find_values_read(Planned& p);
  std::uint8_t decide_row(const Planned& p, const PlannedBinding& on, std::size_t row) const;
  void decide_end(Planned& p, PlannedBinding& on, BindingRows& out, std::size_t rows);
  void take_text_keys(const Planned& p, int leaf, BindingRows& out, std::size_t rows);
  template <typename Say>
  void worlds(const Planned& p, const std::vector<int>& leaves, std::size_t row, Say say) const;

  void pair_calls(const Batch& batch);
  void keep(const Planned& p, std::size_t row, std::uint32_t tid);
  void take(Planned& p, std::size_t row, std::uint32_t tid);

  void walk(const Batch& batch, const Recording& names);
  void find_lanes(const Batch& batch);
  void list_errands(const Batch& batch, std::size_t from, std::size_t to);
  template <std::size_t known_width, bool plain>
  void list_errands(const Batch& batch, std::size_t from, std::size_t to);
  void find_whose(const Batch& batch, std::size_t from, std::size_t to);
  std::size_t run(std::size_t from);
  void walk_some(const Batch& batch, std::size_t from, std::size_t to, const Recording& names);
  void mark(const Batch::Hole& hole);
  void born(const Planned& p, std::size_t row);
  void see(const Planned& p, std::size_t number, const Batch& batch, std::size_t i,
           const Recording& names);
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
    const bool keys = std::all_of(p.plan.on.begin(), p.plan.on.end(), [](const PlannedBinding& on) {
      return on.key || on.key_text >= 0;
    });
    p.needs_events =
        !keys || std::any_of(p.plan.leaves.begin(), p.plan.leaves.end(), [](const Leaf& leaf) {
          return leaf.source.from != FieldSource::From::field &&
                 leaf.source.from != FieldSource::From::entry_field;
        });
    find_values_read(p);
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

/// Of most recorded task states only which one it is matters, and no formula reads its value.
void RecordedEngine::State::find_values_read(Planned& p) {
  std::vector<int> read;
  const auto add = [&](const std::vector<int>& leaves) {
    read.insert(read.end(), leaves.begin(), leaves.end());
  };
  for (const PlannedBinding& on : p.plan.on) {
    if (on_state_alone(p, on) == nullptr) add(on.condition_leaves);
    if (on.key_text >= 0) read.push_back(on.key_text);
    for (const auto* const f : {&on.key, &on.end}) {
      if (*f) add((*f)->leaves());
    }
  }
  for (std::size_t l = 0; l < p.leaves.size(); ++l) {
    p.leaves[l].codes_suffice =
        is_state(p.plan.leaves[l]) &&
        std::find(read.begin(), read.end(), static_cast<int>(l)) == read.end();
  }
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
  out.state.resize(rows);
  std::uint8_t* const state = out.state.data();
  std::array<std::uint32_t, 256> row_with;  // by code
  row_with.fill(kNoRow);
  if (column.form == Want::text) {
    // The same few texts come again and again.
    std::array<std::uint64_t, 64> seen;
    std::array<std::uint8_t, 64> code_of_seen{};
    seen.fill(~std::uint64_t{0});
    const std::uint64_t* const cells = column.cells.data();
    for (std::size_t r = 0; r < rows; ++r) {
      const std::uint64_t cell = cells[r];
      const std::size_t slot = (cell ^ cell >> 32) % seen.size();
      if (seen[slot] != cell) {
        seen[slot] = cell;
        code_of_seen[slot] = states.of(batch.text(cell));
        row_with[code_of_seen[slot]] = static_cast<std::uint32_t>(r);
      }
      state[r] = code_of_seen[slot];
    }
  } else {
    for (std::size_t r = 0; r < rows; ++r) {
      out.state[r] = states.of(column.cells[r]);
      row_with[out.state[r]] = static_cast<std::uint32_t>(r);
    }
  }
  if (!column.unknown.empty()) {  // then the cells of unknown rows were met by mistake
    row_with.fill(kNoRow);
    for (std::size_t r = 0; r < rows; ++r) {
      if (column.unknown[r] != 0) state[r] = 0;
      row_with[state[r]] = static_cast<std::uint32_t>(r);
    }
  }
  // What each code comes to; they are few.
  std::array<std::uint64_t, 256> plain{};
  out.met.clear();
  for (std::size_t code = 0; code < row_with.size(); ++code) {
    if (row_with[code] == kNoRow) continue;
    out.met.push_back(row_with[code]);
    const TaskStates& is = states.states(static_cast<std::uint8_t>(code));
    if (leaf.source.preempt) {
      plain[code] = is.preempted ? 1 : 0;
    } else if (!is.values.empty()) {
      plain[code] = is.values.front();
    }
    const bool several = leaf.source.preempt ? is.maybe_preempted : is.any || is.values.size() > 1;
    out.vague = out.vague || code == 0 || (several && !options.plain_states);
  }
  if (out.codes_suffice) return;
  out.own_cells.resize(rows);
  for (std::size_t r = 0; r < rows; ++r) out.own_cells[r] = plain[out.state[r]];
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
      if (is_state(leaf)) {
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
      out.column.listed = batch.listed;
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
        out.column.listed = batch.listed;
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

/// The recorded task state that a binding's conditions read, if they read nothing else.
const LeafValues* RecordedEngine::State::on_state_alone(const Planned& p,
                                                        const PlannedBinding& on) {
  if (on.condition_leaves.size() != 1) return nullptr;
  const auto leaf = static_cast<std::size_t>(on.condition_leaves.front());
  return is_state(p.plan.leaves[leaf]) ? &p.leaves[leaf] : nullptr;
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

namespace {

/// What the rows with a task state are to a binding.
SWERVE_WIDE void put_of_code(const std::uint8_t* codes, std::size_t count, std::uint8_t code,
                             std::uint8_t bits, std::uint8_t* __restrict may) {
  for (std::size_t r = 0; r < count; ++r) may[r] = codes[r] == code ? bits : may[r];
}

}  // namespace

/// What each row is to a binding: for all rows as if every value were certain, then anew for those
/// in which one is not.
void RecordedEngine::State::decide(Planned& p, PlannedBinding& on, BindingRows& out,
                                   std::size_t rows) {
  if (!on.when && !on.start && !on.start_run) {
    out.may.resize(rows, May::kEvent);  // it never was anything else
    return;
  }
  // The commonest condition: all depends on one recorded task state.
  if (const LeafValues* const state = on_state_alone(p, on)) {
    for (const std::uint32_t row : state->met) {
      std::uint8_t& known = out.by_state[state->state[row]];
      if (known == 0) known = decide_row(p, on, row);
    }
    out.may.resize(rows);
    for (const std::uint32_t row : state->met) {  // they are few
      const std::uint8_t code = state->state[row];
      put_of_code(state->state.data(), rows, code, out.by_state[code], out.may.data());
    }
    return;
  }
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
  for (std::size_t r = 0; r < rows && !vague.empty(); ++r) {
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

namespace {

/// Makes aims of places: adds what happens there, `starts` where that may start an instance.
/// Answers whether some are kNothingToDo.
SWERVE_WIDE bool add_deeds(const std::uint8_t* may, std::size_t count, std::uint32_t plain,
                           std::uint32_t starts, std::uint32_t nowhere,
                           std::uint32_t* __restrict aim) {
  std::uint8_t all = 0;
  for (std::size_t r = 0; r < count; ++r) all |= may[r];
  for (std::size_t r = 0; r < count; ++r) aim[r] += may[r] == May::kEvent ? plain : starts;
  if ((all & May::kNothing) == 0) return false;
  for (std::size_t r = 0; r < count; ++r) {
    if ((may[r] & May::kNothing) != 0) aim[r] = may[r] == May::kNothing ? kNothingToDo : nowhere;
  }
  return true;
}

}  // namespace

void RecordedEngine::State::find_aims(const Planned& p, const PlannedBinding& on, BindingRows& rows,
                                      const Batch& batch) {
  const Scope scope = instances.scope();
  const std::size_t count = rows.may.size();
  const std::uint32_t nowhere = instances.nowhere();
  rows.aim.resize(count);
  std::uint32_t* const aim = rows.aim.data();
  if (!instances.has_deeds() || !rows.end.empty() || !rows.no_key.empty()) {
    std::fill_n(aim, count, nowhere);
    if (add_deeds(rows.may.data(), count, 0, 0, nowhere, aim)) plain_aims = false;
    return;
  }
  if (rows.key != nullptr) {
    if (instances.task_places(rows.key, count, aim)) plain_aims = false;
  } else {
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t i = p.events[r];
      InstanceKey key = InstanceKey::global();
      if (scope == Scope::cpu) key = InstanceKey::cpu(batch.cpu[i]);
      // A thread that is not known is none that has a place.
      if (scope == Scope::task) key = InstanceKey::task(batch.tid[i], batch.cpu[i]);
      aim[r] = instances.place(key);
    }
  }
  if (add_deeds(rows.may.data(), count, UnsureMonitor::deed(on.event, false),
                UnsureMonitor::deed(on.event, true), nowhere, aim)) {
    plain_aims = false;
  }
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
    out.key = !on.key                            ? nullptr
              : instances.scope() == Scope::task ? on.key->low_words(p.columns, rows)
                                                 : on.key->rows(p.columns, rows);
    find_unknown_keys(p, on, out, rows);
    if (on.key_text >= 0) take_text_keys(p, on.key_text, out, rows);
    find_aims(p, on, out, batch);
  }
}

/// In which rows it is not known which instance the event is about.
void RecordedEngine::State::find_unknown_keys(Planned& p, PlannedBinding& on, BindingRows& out,
                                              std::size_t rows) {
  out.no_key.clear();
  if (!on.key) return;
  const std::vector<int>& leaves = on.key->leaves();
  if (std::none_of(leaves.begin(), leaves.end(),
                   [&](int leaf) { return p.leaves[static_cast<std::size_t>(leaf)].vague; })) {
    return;
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
      out.column = {out.own_cells.data(), out.own_unknown.data(), out.own_bytes, {}};
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

/// Where the aims of the bindings of each kind in the batch are. A new task is seen with the first
/// binding of its kind, even if there is none.
void RecordedEngine::State::find_lanes(const Batch& batch) {
  nothing_to_do.resize(std::max(nothing_to_do.size(), batch.size()), kNothingToDo);
  for_later.resize(nothing_to_do.size(), instances.nowhere());
  width = 1;
  for (const Planned& p : planned) width = std::max(width, p.rows.size());
  lanes.resize(planned.size() * width);
  lanes_used.resize(planned.size());
  errands.resize(kErrandsOf * width);
  whose.resize(errands.size());
  for (std::size_t k = 0; k < batch.tables.size() && k < planned.size(); ++k) {
    if (batch.tables[k].rows == 0) continue;
    const Planned& p = planned[k];
    const std::uint32_t** const its = &lanes[k * width];
    std::fill_n(its, width, nothing_to_do.data());
    for (std::size_t b = 0; b < p.rows.size(); ++b) its[b] = p.rows[b].aim.data();
    if (p.plan.new_task >= 0) its[0] = for_later.data();
    lanes_used[k] = static_cast<std::uint32_t>(
        std::max(p.rows.size(), p.plan.new_task >= 0 ? std::size_t{1} : std::size_t{0}));
  }
}

/// All that the bindings have to do for some events, in the order in which it happens. To know it
/// beforehand makes a short loop of the steps.
void RecordedEngine::State::list_errands(const Batch& batch, std::size_t from, std::size_t to) {
  switch (width) {  // loops of a known length
    case 1:
      return plain_aims ? list_errands<1, true>(batch, from, to)
                        : list_errands<1, false>(batch, from, to);
    case 2:
      return plain_aims ? list_errands<2, true>(batch, from, to)
                        : list_errands<2, false>(batch, from, to);
    default:
      return list_errands<0, false>(batch, from, to);
  }
}

template <std::size_t known_width, bool plain>
void RecordedEngine::State::list_errands(const Batch& batch, std::size_t from, std::size_t to) {
  const std::size_t each = known_width != 0 ? known_width : width;
  const std::uint32_t idle_tasks = instances.idle_tasks(), nowhere = instances.nowhere();
  const std::uint32_t* const kinds = batch.kind.data();
  const std::uint32_t* const rows = batch.row.data();
  const std::uint32_t* const cpus = batch.cpu.data();
  const std::uint32_t* const* const of_kinds = lanes.data();
  const std::uint32_t* const used = lanes_used.data();
  std::uint32_t* const begin = errands.data();
  std::size_t count = 0;
  // Without branches: which kind and aim it is cannot be foreseen.
  for (std::size_t i = from; i < to; ++i) {
    const std::uint32_t kind = kinds[i], row = rows[i];
    const std::uint32_t* const* const of_kind = of_kinds + kind * each;
    if constexpr (plain) {
      for (std::size_t b = 0; b < each; ++b) begin[count + b] = of_kind[b][row];
      count += used[kind];
      continue;
    }
    // What kIdleTask lacks to a place.
    const std::uint32_t idle =
        (cpus[i] < idle_tasks ? cpus[i] : nowhere) - UnsureMonitor::kIdleTask;
    for (std::size_t b = 0; b < each; ++b) {
      std::uint32_t aim = of_kind[b][row];
      aim += idle & static_cast<std::uint32_t>(static_cast<std::int32_t>(aim) >> 31);
      begin[count] = aim;
      count += aim != kNothingToDo ? 1 : 0;
    }
  }
  errand_count = count;
}

/// Whose the errands are that were listed. Seldom asked, and so not listed with them.
void RecordedEngine::State::find_whose(const Batch& batch, std::size_t from, std::size_t to) {
  std::size_t count = 0;
  for (std::size_t i = from; i < to; ++i) {
    for (std::size_t b = 0; b < width; ++b) {
      whose[count] = {static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(b)};
      count += lanes[batch.kind[i] * width + b][batch.row[i]] != kNothingToDo ? 1 : 0;
    }
  }
}

/// Nearly all events step an instance that is certain, by a transition that is there. This does so
/// for as long as it goes well, and answers at which errand it stopped.
std::size_t RecordedEngine::State::run(std::size_t from) {
  UnsureMonitor::Quick quick = instances.quick_view();
  if (!quick.usable()) return from;
  const std::uint32_t* const all = errands.data();
  const std::size_t to = errand_count;
  std::size_t at = from;
  while (at < to && quick.step(all[at])) ++at;
  instances.count(quick, at - from);
  return at;
}

/// Some events, with no mark of a hole among them.
void RecordedEngine::State::walk_some(const Batch& batch, std::size_t from, std::size_t to,
                                      const Recording& names) {
  list_errands(batch, from, to);
  std::size_t at = run(0);
  if (at == errand_count) return;
  find_whose(batch, from, to);
  for (; at < errand_count; at = run(at + 1)) {
    const auto [i, binding] = whose[at];
    const Planned& p = planned[batch.kind[i]];
    if (binding == 0 && p.plan.new_task >= 0) born(p, batch.row[i]);
    if (binding < p.rows.size()) see(p, binding, batch, i, names);
  }
}

/// A binding sees an event in which there may be more to do than a step.
void RecordedEngine::State::see(const Planned& p, std::size_t number, const Batch& batch,
                                std::size_t i, const Recording& names) {
  const BindingRows& rows = p.rows[number];
  const std::size_t row = batch.row[i];
  const std::uint8_t may = rows.may[row];
  if (may == May::kNothing) return;
  if (may == May::kEvent) {
    const std::uint32_t aim = rows.aim[row];
    const bool idle = (aim & UnsureMonitor::kIdleTask) != 0;
    if (instances.rests(idle ? instances.place(InstanceKey::task(0, batch.cpu[i]))
                             : UnsureMonitor::place_of(aim))) {
      return;
    }
  }
  if (instances.scope() == Scope::object && (may & May::kNothing) == 0 && rows.key != nullptr &&
      rows.end.empty() && rows.no_key.empty() &&
      instances.quick(InstanceKey::object(rows.key[row]), p.plan.on[number].event)) {
    return;
  }
  slowly(p, number, batch, i, names);
}

void RecordedEngine::State::walk(const Batch& batch, const Recording& names) {
  find_lanes(batch);
  std::size_t from = 0;
  const auto walk_to = [&](std::size_t to) {
    for (; from < to; from = std::min(from + kErrandsOf, to)) {
      walk_some(batch, from, std::min(from + kErrandsOf, to), names);
    }
  };
  for (const Batch::Hole& hole : batch.holes) {
    walk_to(hole.before);
    mark(hole);
  }
  walk_to(batch.size());
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
  state_->plain_aims = true;
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
