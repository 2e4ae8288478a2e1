#include "app/trace_monitors.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "base/text.h"
#include "bind/recorded/fields.h"
#include "bind/recorded/plan.h"

namespace swerve {
namespace {

/// The probes of a definition; of one with errors, of what could be read of it.
std::vector<Probe> probes_of(const ReadMonitor& read) {
  std::vector<Probe> out;
  const Definition* const definition = read.whole_or_draft();
  if (definition == nullptr) return out;
  for (const BindingText& binding : definition->on) {
    if (binding.whole) out.push_back(binding.probe);
  }
  return out;
}

bool among(const std::vector<RecordedKind>& kinds, const Probe& probe) {
  return std::any_of(kinds.begin(), kinds.end(),
                     [&](const RecordedKind& kind) { return is_of_probe(kind, probe); });
}

/// Whether the kind may matter to a binding of this probe.
bool may_matter(const RecordedKind& kind, const Probe& probe) {
  if (is_of_probe(kind, probe)) return true;
  const std::vector<EventName> names = events_to_record(probe);
  return std::any_of(names.begin(), names.end(),
                     [&](const EventName& event) { return event.name == kind.name; });
}

/// How a definition reads the fields of a kind that only the recording knows, as far as that can be
/// told by this kind alone; none: it cannot.
std::optional<std::vector<Want>> told_by(const RecordedKind& kind, const ReadMonitor& read,
                                         const ProbeCatalog* base) {
  if (!read.definition || !read.model) return std::nullopt;
  BoundMonitor monitor{*read.definition, *read.model, {}};
  const RecordedCatalog catalog(base, {kind});
  for (const BindingText& on : read.definition->on) {
    if (!is_of_probe(kind, on.probe)) continue;
    std::optional<Binding> bound = bind_one(*read.definition, *read.model, on, catalog);
    if (!bound) return std::nullopt;
    monitor.bindings.push_back(*std::move(bound));
  }
  return make_plan(monitor, {}, catalog, kind).wants(kind);
}

/// The memory that a batch holds, nearly.
std::size_t bytes_of(const Batch& batch) {
  std::size_t sum =
      batch.size() * 40 + batch.bytes.size() + batch.holes.size() * sizeof(Batch::Hole);
  for (const Batch::Table& table : batch.tables) {
    for (const Batch::Column& column : table.columns)
      sum += column.cells.size() * sizeof(std::uint64_t) + column.unknown.size();
  }
  return sum;
}

/// A recording of which something was read already: that comes first again.
class PutBack final : public Recording {
 public:
  PutBack(std::shared_ptr<Recording> rest, std::deque<Batch> first, std::optional<Result<bool>> end)
      : rest_(std::move(rest)), first_(std::move(first)), end_(std::move(end)) {}

  Result<bool> next(Batch& out) override {
    if (!first_.empty()) {
      out = std::move(first_.front());
      first_.pop_front();
      return true;
    }
    if (end_) return *std::exchange(end_, Result<bool>(false));
    return rest_->next(out);
  }
  std::string format() const override { return rest_->format(); }
  std::string clock() const override { return rest_->clock(); }
  bool describes_itself() const override { return rest_->describes_itself(); }
  std::vector<RecordedKind> all_kinds() const override { return rest_->all_kinds(); }
  std::string_view comm(std::uint32_t tid) const override { return rest_->comm(tid); }
  std::uint32_t tgid(std::uint32_t tid) const override { return rest_->tgid(tid); }
  std::uint64_t total_bytes() const override { return rest_->total_bytes(); }

 private:
  std::shared_ptr<Recording> rest_;
  std::deque<Batch> first_;
  std::optional<Result<bool>> end_;  // what next() of the rest has said: the end, or an error
};

}  // namespace

bool CheckedDefinitions::known(const std::vector<RecordedKind>& kinds) const {
  const RecordedCatalog catalog(base.get(), {});
  for (const ReadMonitor& one : read) {
    for (const Probe& probe : probes_of(one))
      if (!catalog.knows(probe) && !among(kinds, probe)) return false;
  }
  return true;
}

Diagnostics CheckedDefinitions::problems() const {
  Diagnostics out;
  const bool all = known();
  const RecordedCatalog catalog(base.get(), {});
  for (const ReadMonitor& one : read) {
    const Diagnostics more = all ? bind_read(one, catalog).diagnostics : one.diagnostics;
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

Result<std::unique_ptr<TraceMonitor>> TraceMonitor::make(BoundMonitor bound,
                                                         const TypeSource& types,
                                                         RecordedEngine::Options options) {
  std::unique_ptr<TraceMonitor> out(new TraceMonitor(std::move(bound)));
  SWERVE_TRY_ASSIGN(out->engine_, RecordedEngine::make(out->bound_, types, *out, options));
  return out;
}

void TraceMonitor::feed(const Batch& batch, const Recording& names, std::vector<Said>& said) {
  if (!error.empty()) return;
  said_ = &said;
  if (const Result<> fed = engine_->feed(batch, names); !fed) error = fed.error().message();
}

TraceMonitors::TraceMonitors(const CheckedDefinitions& definitions, RecordedEngine::Options options)
    : definitions_(definitions), options_(options) {
  if (definitions_.known()) (void)bind({});
}

std::vector<Want> TraceMonitors::wants(const RecordedKind& kind) const {
  std::vector<Want> out;
  if (bound_) {
    for (const auto& one : monitors_) {
      const std::vector<Want> more = one->engine().wants(kind);
      out.resize(std::max(out.size(), more.size()), Want::nothing);
      for (std::size_t i = 0; i < more.size(); ++i) out[i] = std::max(out[i], more[i]);
    }
    return out;
  }
  // The arguments of a probe that only the recording knows are its fields; how a word is read, the
  // definition tells. As a text it can be had either way.
  const RecordedCatalog catalog(definitions_.base.get(), {});
  bool wanted = kind.name == "task_newtask" || kind.name == "sched_process_fork";
  bool numbers = false;
  std::vector<Want> words(kind.fields.size(), Want::integer);
  for (const ReadMonitor& one : definitions_.read) {
    for (const Probe& probe : probes_of(one)) {
      if (!may_matter(kind, probe)) continue;
      wanted = true;
      if (catalog.knows(probe)) continue;
      numbers = true;
      const auto told = told_by(kind, one, definitions_.base.get());
      for (std::size_t i = 0; i < words.size(); ++i) {
        const Want more = !told ? Want::text : i < told->size() ? (*told)[i] : Want::nothing;
        words[i] = std::max(words[i], more);
      }
    }
  }
  if (!wanted) return out;
  out = WantAll().wants(kind);
  for (std::size_t i = 0; numbers && i < kind.fields.size(); ++i) {
    if (kind.fields[i].form == RecordedField::Form::word) out[i] = words[i];
  }
  return out;
}

Diagnostics TraceMonitors::bind(const std::vector<RecordedKind>& kinds) {
  monitors_.clear();
  catalog_ = std::make_unique<RecordedCatalog>(definitions_.base.get(), kinds);
  Diagnostics out;
  for (const ReadMonitor& one : definitions_.read) {
    BindOutcome bound = bind_read(one, *catalog_);
    out.insert(out.end(), bound.diagnostics.begin(), bound.diagnostics.end());
    if (!bound.monitor) continue;
    const Place place{bound.monitor->definition.path, 0, 0};
    auto made = TraceMonitor::make(*std::move(bound.monitor), *catalog_, options_);
    if (made) {
      monitors_.push_back(*std::move(made));
    } else {
      out.push_back({Severity::error, place, made.error().message()});
    }
  }
  bound_ = !has_errors(out);
  return out;
}

Result<Diagnostics> TraceMonitors::bind_to(std::shared_ptr<Recording>& recording,
                                           std::size_t read_ahead_bytes,
                                           const std::function<bool(const Batch&)>& go_on) {
  Diagnostics out;
  const bool described = recording->describes_itself();
  const std::vector<RecordedKind> kinds = recording->all_kinds();
  if (!bound_ && !described) {
    SWERVE_TRY_ASSIGN(out, read_and_bind(recording, read_ahead_bytes, go_on));
  } else if (!bound_) {
    out = bind(kinds);
  }
  if (!bound_ || !described) return out;
  for (const auto& one : monitors_) {
    const std::vector<std::string> missing = lacking(one->bound(), *catalog_, kinds);
    if (!missing.empty()) one->error = cat("the trace lacks what it needs: ", join(missing));
  }
  return out;
}

Result<Diagnostics> TraceMonitors::read_and_bind(std::shared_ptr<Recording>& recording,
                                                 std::size_t read_ahead_bytes,
                                                 const std::function<bool(const Batch&)>& go_on) {
  std::deque<Batch> first;
  std::optional<Result<bool>> end;
  std::vector<RecordedKind> kinds;
  std::size_t bytes = 0;
  Diagnostics out;
  while (!bound_ && bytes <= read_ahead_bytes) {
    Batch batch;
    Result<bool> more = recording->next(batch);
    if (!more || !*more) {
      end = std::move(more);
      break;
    }
    const bool new_kinds = batch.kinds && batch.kinds->size() > kinds.size();
    if (new_kinds) kinds = *batch.kinds;
    bytes += bytes_of(batch);
    const bool on = go_on(batch);
    first.push_back(std::move(batch));
    if (!on) break;
    if (new_kinds && definitions_.known(kinds)) out = bind(kinds);
  }
  if (!bound_) out = bind(kinds);
  if (!bound_ && end && !*end) return std::move(*end).error();
  recording = std::make_shared<PutBack>(std::move(recording), std::move(first), std::move(end));
  return out;
}

}  // namespace swerve
