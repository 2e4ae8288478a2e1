#include "source/reorder.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace swerve {

namespace {

constexpr std::size_t kMemoryMost = std::size_t{64} << 20;      // of what is held back
constexpr std::size_t kBatchBytesMost = std::size_t{16} << 20;  // of texts in a batch
// Batches that are smaller are put together: they would take more memory than their events.
constexpr std::size_t kSmall = Batch::kMost / 8;

std::size_t items_in(const Batch& batch) { return batch.size() + batch.holes.size(); }

std::size_t memory_of(const Batch& batch) {
  std::size_t out =
      batch.bytes.size() + batch.size() * 40 + batch.holes.size() * sizeof(Batch::Hole);
  for (const Batch::Table& table : batch.tables) {
    out += sizeof(table) + table.columns.size() * (sizeof(Batch::Column) + table.rows * 8);
  }
  return out;
}

std::uint64_t add_text(std::string_view text, Batch& to) {
  const std::uint64_t cell = Batch::text_cell(to.bytes.size(), text.size());
  to.bytes.append(text);
  return cell;
}

void add_cell(const Batch& from, const Batch::Column& column, std::uint32_t row, Batch& to,
              Batch::Column& out) {
  const std::uint64_t cell = column.cells[row];
  out.cells.push_back(column.form == Want::text ? add_text(from.text(cell), to) : cell);
  const bool unknown = !column.unknown.empty() && column.unknown[row] != 0;
  if (unknown && out.unknown.empty()) out.unknown.assign(out.cells.size() - 1, 0);
  if (unknown || !out.unknown.empty()) out.unknown.push_back(unknown);
}

/// Puts event `i` of a batch behind those of another. `names`: where the batches come from.
void add_event(const Batch& from, std::size_t i, const Recording& names, Batch& to) {
  // Columns that not every batch has are there when one of its events came with them.
  const std::size_t before = to.size();
  if (!from.tgid.empty() && to.tgid.size() < before) to.tgid.assign(before, kNoProcess);
  if (!from.comm.empty() && to.comm.size() < before) {
    for (const std::uint32_t tid : to.tid) to.comm.push_back(add_text(names.comm(tid), to));
  }
  if (!from.tgid.empty() || !to.tgid.empty())
    to.tgid.push_back(from.tgid.empty() ? kNoProcess : from.tgid[i]);
  if (!from.comm.empty() || !to.comm.empty()) {
    to.comm.push_back(
        add_text(from.comm.empty() ? names.comm(from.tid[i]) : from.text(from.comm[i]), to));
  }
  to.time.push_back(from.time[i]);
  to.cpu.push_back(from.cpu[i]);
  to.tid.push_back(from.tid[i]);
  to.kind.push_back(from.kind[i]);

  const std::uint32_t kind = from.kind[i];
  const Batch::Table& table = from.tables[kind];
  if (to.tables.size() <= kind) to.tables.resize(kind + 1);
  Batch::Table& out = to.tables[kind];
  to.row.push_back(out.rows);
  if (out.rows == 0) {
    out.columns.resize(table.columns.size());
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      out.columns[c].form = table.columns[c].form;
    }
  }
  ++out.rows;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].form != Want::nothing)
      add_cell(from, table.columns[c], from.row[i], to, out.columns[c]);
  }
}

}  // namespace

struct Reorder::State {
  /// An event or a mark of a batch, and the time by which it is put in order.
  struct Item {
    std::uint64_t time;
    std::uint32_t number;
    bool mark;
  };
  /// A batch that is held back.
  struct Run {
    Batch batch;
    std::uint64_t number = 0;  // in the order of the recording
    bool whole = true;         // it is in order, and nothing of it was delivered
    std::uint64_t head = 0;    // the time of the first item that is not delivered
    std::uint64_t last = 0;    // of the last
    std::size_t memory = 0;
    std::vector<Item> items;  // in order; none while the batch is, and has no marks
    std::size_t next = 0;     // the first that is not delivered

    /// Whether an item with this time comes before all of another run. Equal times keep the order
    /// of the recording.
    bool before(const Run& other, std::uint64_t time) const {
      return std::pair(time, number) < std::pair(other.head, other.number);
    }
  };
  /// For a heap with the earliest at its top.
  static bool later(const std::unique_ptr<Run>& a, const std::unique_ptr<Run>& b) {
    return b->before(*a, b->head);
  }

  State(const Recording& recording, Window its_window) : names(&recording), window(its_window) {}

  void take(Batch& in);
  void append(const Batch& in);
  void add_small();
  bool small_is_due() const;
  void add(Batch&& batch);
  std::uint64_t time_of(const Batch::Hole& mark, const Batch& batch);
  void order(Run& run);
  bool may_go(std::uint64_t time, std::size_t others) const;
  bool deliver(Batch& out);
  bool divide(Run& run, const Run* other, Batch& out);
  void drop_last();
  Batch spare();

  const Recording* names;
  Window window;
  std::vector<std::unique_ptr<Run>> runs;        // a heap
  Batch small;                                   // what small batches are put together in
  std::uint64_t small_head = ~std::uint64_t{0};  // the earliest time in it
  std::vector<Batch> spares;
  std::uint64_t runs_made = 0;
  std::size_t held = 0, memory = 0;  // items, bytes
  std::uint64_t newest = 0;          // time of an event that was read
  std::uint64_t delivered = 0;       // the time of the newest event that was delivered
  std::uint64_t opened = 0;          // the time by which the last mark that opens was put in order
  std::uint64_t late = 0;

  bool ended = false;
  std::optional<Error> error;
  Batch incoming;
  Batch progress;  // how far the recording was, no events
  bool progress_untold = false;
};

/// A mark belongs where its own time says, but not so far away that it would have to be held back
/// for longer than events are.
std::uint64_t Reorder::State::time_of(const Batch::Hole& mark, const Batch& batch) {
  std::uint64_t time = mark.time;
  if (!mark.opens) {
    if (time == 0 && mark.before < batch.size()) time = batch.time[mark.before];
    if (time == 0) time = newest;
    time = std::max(time, opened);
  }
  const std::uint64_t most = newest + std::min(window.ns, ~newest);
  time = std::clamp(time, delivered, std::max(delivered, most));
  if (mark.opens) opened = time;
  return time;
}

/// Finds in which order the batch's items are to be delivered. What came too late becomes a mark.
void Reorder::State::order(Run& run) {
  Batch& batch = run.batch;
  std::vector<Item>& items = run.items;
  items.reserve(items_in(batch));
  std::vector<Batch::Hole> marks = std::exchange(batch.holes, {});
  const auto add_mark = [&](const Batch::Hole& mark, std::uint64_t time) {
    items.push_back({time, static_cast<std::uint32_t>(batch.holes.size()), true});
    batch.holes.push_back(mark);
  };
  std::size_t m = 0;
  for (std::uint32_t i = 0; i <= batch.size(); ++i) {
    for (; m < marks.size() && (marks[m].before <= i || i == batch.size()); ++m) {
      add_mark(marks[m], time_of(marks[m], batch));
    }
    if (i == batch.size()) break;
    if (batch.time[i] >= delivered) {
      items.push_back({batch.time[i], i, false});
      continue;
    }
    ++late;
    run.whole = false;
    add_mark({0, true, batch.cpu[i], 0, batch.time[i]}, delivered);
    add_mark({0, false, batch.cpu[i], 1, batch.time[i]}, delivered);
  }
  const auto earlier = [](const Item& a, const Item& b) { return a.time < b.time; };
  if (!std::is_sorted(items.begin(), items.end(), earlier)) {
    run.whole = false;
    std::stable_sort(items.begin(), items.end(), earlier);
  }
  run.head = items.front().time;
  run.last = items.back().time;
}

/// Holds a batch back that has events or marks.
void Reorder::State::add(Batch&& batch) {
  auto run = std::make_unique<Run>();
  run->batch = std::move(batch);
  run->number = runs_made++;
  const std::vector<std::uint64_t>& times = run->batch.time;
  for (const std::uint64_t time : times) newest = std::max(newest, time);
  if (run->batch.holes.empty() && times.front() >= delivered &&
      std::is_sorted(times.begin(), times.end())) {
    run->head = times.front();
    run->last = times.back();
    held += times.size();
  } else {
    order(*run);
    held += run->items.size();
  }
  run->memory = memory_of(run->batch);
  memory += run->memory;
  runs.push_back(std::move(run));
  std::push_heap(runs.begin(), runs.end(), later);
}

/// Puts a small batch behind the others.
void Reorder::State::append(const Batch& in) {
  std::size_t m = 0;
  for (std::size_t i = 0; i <= in.size(); ++i) {
    for (; m < in.holes.size() && (in.holes[m].before <= i || i == in.size()); ++m) {
      small.holes.push_back(in.holes[m]);
      small.holes.back().before = static_cast<std::uint32_t>(small.size());
      if (in.holes[m].time != 0) small_head = std::min(small_head, in.holes[m].time);
    }
    if (i == in.size()) break;
    add_event(in, i, *names, small);
    small_head = std::min(small_head, in.time[i]);
    newest = std::max(newest, in.time[i]);
  }
}

/// Holds back, with the others, what was put together.
void Reorder::State::add_small() {
  if (items_in(small) != 0) add(std::exchange(small, spare()));
  small_head = ~std::uint64_t{0};
}

/// Whether it is time for that: it is large, or some of it may be delivered now.
bool Reorder::State::small_is_due() const {
  return items_in(small) >= kSmall || small.bytes.size() >= kBatchBytesMost / 8 ||
         may_go(small_head, held);
}

void Reorder::State::take(Batch& in) {
  progress.kinds = in.kinds;
  progress.bytes_read = in.bytes_read;
  progress.events_read = in.events_read;
  progress.late = in.late;
  progress.not_understood = in.not_understood;
  progress_untold = true;
  const bool is_small = items_in(in) < kSmall && in.bytes.size() < kBatchBytesMost / 8;
  if (is_small) append(in);
  if (!is_small || small_is_due()) add_small();
  if (!is_small) add(std::exchange(in, spare()));
}

/// Whether what has this time may be delivered; `others`: how much is held back without it.
bool Reorder::State::may_go(std::uint64_t time, std::size_t others) const {
  return ended || (time <= newest && newest - time >= window.ns) || others >= window.events ||
         memory > kMemoryMost;
}

Batch Reorder::State::spare() {
  if (spares.empty()) return {};
  Batch out = std::move(spares.back());
  spares.pop_back();
  out.clear();
  return out;
}

/// The run behind the heap has nothing left.
void Reorder::State::drop_last() {
  memory -= runs.back()->memory;
  if (spares.size() < 2) spares.push_back(std::move(runs.back()->batch));
  runs.pop_back();
}

/// Delivers from a run what comes before anything of the others, of which `other` is the first.
/// False: the run has more, but it may not go now.
bool Reorder::State::divide(Run& run, const Run* other, Batch& out) {
  run.whole = false;
  if (run.items.empty()) {
    for (std::uint32_t i = 0; i < run.batch.size(); ++i) {
      run.items.push_back({run.batch.time[i], i, false});
    }
  }
  for (; run.next < run.items.size(); ++run.next, --held) {
    const Item& item = run.items[run.next];
    run.head = item.time;
    if (other != nullptr && !run.before(*other, item.time)) return true;
    if (!may_go(item.time, held - 1) || items_in(out) >= Batch::kMost ||
        out.bytes.size() >= kBatchBytesMost) {
      return false;
    }
    if (!item.mark) {
      delivered = std::max(delivered, item.time);
      add_event(run.batch, item.number, *names, out);
      continue;
    }
    out.holes.push_back(run.batch.holes[item.number]);
    out.holes.back().before = static_cast<std::uint32_t>(out.size());
  }
  return true;
}

/// Fills an empty batch with what may be delivered now. False: nothing.
bool Reorder::State::deliver(Batch& out) {
  while (!runs.empty()) {
    std::pop_heap(runs.begin(), runs.end(), later);
    Run& run = *runs.back();
    const Run* const other = runs.size() > 1 ? runs.front().get() : nullptr;
    bool more = true;
    if (run.whole && (other == nullptr || run.before(*other, run.last))) {
      // As it is; but not until all of it may go.
      const std::size_t items = items_in(run.batch);
      more = items_in(out) == 0 && may_go(run.last, held - items);
      if (more) {
        if (run.batch.size() != 0) delivered = std::max(delivered, run.batch.time.back());
        held -= items;
        std::swap(out, run.batch);
        drop_last();
        return true;
      }
      // Few events, as live input gives, do not wait for each other.
      if (items < kSmall && may_go(run.head, held - 1)) more = divide(run, other, out);
    } else {
      more = divide(run, other, out);
    }
    if (run.next != 0 && run.next == run.items.size()) {
      drop_last();
    } else {
      std::push_heap(runs.begin(), runs.end(), later);
    }
    if (!more) break;
  }
  return items_in(out) != 0;
}

Reorder::Reorder(std::unique_ptr<Recording> from, Window window)
    : from_(std::move(from)), window_(window), state_(std::make_unique<State>(*from_, window_)) {}
Reorder::~Reorder() = default;

Result<bool> Reorder::next(Batch& out) {
  State& s = *state_;
  out.clear();
  bool read_nothing = false;  // but how far the recording is
  while (!s.deliver(out) && !s.ended && !read_nothing) {
    const Result<bool> more = from_->next(s.incoming);
    if (more && *more) {
      read_nothing = items_in(s.incoming) == 0;
      s.take(s.incoming);
      continue;
    }
    s.ended = true;
    if (!more) s.error = more.error();
    s.add_small();
  }
  if (items_in(out) == 0 && !s.progress_untold) {
    if (s.error) return *s.error;
    return false;
  }
  out.kinds = s.progress.kinds;
  out.bytes_read = s.progress.bytes_read;
  out.events_read = s.progress.events_read;
  out.late = s.progress.late + s.late;
  out.not_understood = s.progress.not_understood;
  s.progress_untold = false;
  return true;
}

}  // namespace swerve
