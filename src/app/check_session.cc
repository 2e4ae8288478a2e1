#include "app/check_session.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "app/batch_reader.h"
#include "app/report.h"

namespace swerve {
namespace {

/// A batch that is being stepped, and what the monitors say of it.
struct Work {
  Batch* batch = nullptr;
  std::vector<std::vector<Said>> said;  // by monitor
};

/// Every second monitor, on a thread of its own.
class Helper {
 public:
  Helper(const TraceMonitors& monitors, const Recording& names)
      : monitors_(monitors), names_(names), thread_([this] { run(); }) {}
  ~Helper() {
    post(nullptr);
    thread_.join();
  }
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;

  /// Null ends it.
  void post(Work* work) {
    const std::lock_guard lock(mutex_);
    todo_.push_back(work);
    changed_.notify_all();
  }
  /// Returns when the oldest of those that were posted and not waited for has been stepped.
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ != 0; });
    --done_;
  }

 private:
  void run();

  const TraceMonitors& monitors_;
  const Recording& names_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work*> todo_;  // under the mutex, as the next
  std::size_t done_ = 0;
  std::thread thread_;
};

/// Feeds the batch to the monitors with the numbers first, first + by, ...
void step(const TraceMonitors& monitors, const Recording& names, Work& work, std::size_t first,
          std::size_t by) {
  for (std::size_t i = first; i < monitors.monitors().size(); i += by)
    monitors.monitors()[i]->feed(*work.batch, names, work.said[i]);
}

void Helper::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return !todo_.empty(); });
    Work* const work = todo_.front();
    todo_.pop_front();
    if (work == nullptr) return;
    lock.unlock();
    step(monitors_, names_, *work, 1, 2);
    lock.lock();
    ++done_;
    changed_.notify_all();
  }
}

class Session {
 public:
  Session(const CheckedDefinitions& definitions, const CheckSettings& settings, VerdictSink& sink,
          CheckedTrace& out)
      : settings_(settings),
        sink_(sink),
        out_(out),
        monitors_(std::make_shared<TraceMonitors>(definitions, settings.engine)) {}

  Result<> run(const OpenTrace& open) {
    SWERVE_TRY_ASSIGN(std::unique_ptr<Recording> opened, open(*monitors_));
    recording_ = std::move(opened);
    out_.format = recording_->format();
    out_.clock = recording_->clock();
    total_bytes_ = recording_->total_bytes();
    if (settings_.opened) settings_.opened(*recording_);
    SWERVE_TRY(bind());
    const Result<> passed = pass();
    sum_up();
    return passed;
  }

 private:
  Result<> bind() {
    Result<Diagnostics> said =
        monitors_->bind_to(recording_, settings_.read_ahead_bytes, [this](const Batch& batch) {
          out_.events = batch.events_read;
          tell_progress(batch);
          return !stopped();
        });
    if (!said) return of_file(std::move(said).error());
    out_.diagnostics = *std::move(said);
    if (monitors_->bound()) return {};
    return of_file({ErrorCode::invalid, "the definitions do not fit it"});
  }

  Error of_file(Error error) const { return std::move(error).within(trace_name(out_.file)); }

  bool stopped() {
    stopped_ = stopped_ || (settings_.stop && settings_.stop());
    return stopped_;
  }

  void tell_progress(const Batch& batch) {
    if (settings_.progress) settings_.progress({batch.bytes_read, total_bytes_, batch.events_read});
  }

  bool all_failed() const {
    return std::all_of(monitors_->monitors().begin(), monitors_->monitors().end(),
                       [](const auto& one) { return !one->error.empty(); });
  }

  Result<> pass() {
    if (all_failed()) return {};
    const bool threaded = settings_.threads > 1;
    BatchReader reader(recording_, monitors_, threaded);
    std::array<Work, BatchReader::kTakenMost> works;
    for (Work& work : works) work.said.resize(monitors_->monitors().size());
    std::optional<Helper> helper;  // uses them all
    if (threaded && monitors_->monitors().size() > 1) helper.emplace(*monitors_, *recording_);
    std::size_t taken = 0, said = 0;
    const auto take = [&](Batch* batch) {
      if (batch == nullptr) return false;
      Work& work = works[taken++ % works.size()];
      work.batch = batch;
      if (helper) helper->post(&work);
      return true;
    };
    while (true) {
      if (taken == said && (all_failed() || !take(reader.take([this] { return stopped(); }))))
        break;
      // The helper may be ahead, so that nobody waits for a batch that is hard for one monitor.
      while (helper && taken - said < works.size() && !stopped() && take(reader.take_if_read())) {
      }
      Work& work = works[said++ % works.size()];
      step(*monitors_, *recording_, work, 0, helper ? 2 : 1);
      if (helper) helper->wait();
      say(work);
      reader.give_back(work.batch);
    }
    if (reader.error()) return of_file(*reader.error());
    if (stopped_) return of_file({ErrorCode::io, "stopped before the end"});
    return {};
  }

  void say(Work& work) {
    count(*work.batch);
    order_.clear();
    for (std::vector<Said>& by_one : work.said)
      for (const Said& one : by_one) order_.push_back(&one);
    std::stable_sort(order_.begin(), order_.end(),
                     [](const Said* a, const Said* b) { return a->position < b->position; });
    for (const Said* one : order_) {
      if (const auto* const step = std::get_if<Step>(&one->what)) {
        sink_.on_step(*step);
      } else if (const auto* const violation = std::get_if<Violation>(&one->what)) {
        sink_.on_violation(*violation);
      } else {
        sink_.on_inconclusive(std::get<Inconclusive>(one->what));
      }
    }
    for (std::vector<Said>& by_one : work.said) by_one.clear();
    tell_progress(*work.batch);
  }

  void count(const Batch& batch) {
    if (batch.size() != 0) {
      if (out_.taken == 0) out_.first = TimeNs{batch.time.front()};
      out_.last = TimeNs{batch.time.back()};
    }
    out_.taken += batch.size();
    out_.events = batch.events_read;
    out_.late = batch.late;
    out_.not_understood = batch.not_understood;
    for (const Batch::Hole& hole : batch.holes) {
      if (hole.opens) {
        open_holes_[hole.cpu] = hole.time;
      } else {
        close_hole(hole);
      }
    }
  }

  void close_hole(const Batch::Hole& hole) {
    HolesOfCpu& of_cpu = holes_[hole.cpu];
    of_cpu.cpu = hole.cpu;
    ++of_cpu.holes;
    of_cpu.lost += hole.lost;
    const auto opened = open_holes_.find(hole.cpu);
    const std::uint64_t from = opened == open_holes_.end() ? hole.time : opened->second;
    if (opened != open_holes_.end()) open_holes_.erase(opened);
    if (out_.missing.size() < CheckedTrace::kMissingMost)
      out_.missing.push_back({hole.cpu, TimeNs{from}, TimeNs{hole.time}, hole.lost});
  }

  void sum_up() {
    for (const auto& [cpu, from] : std::map(open_holes_)) {
      Batch::Hole to_the_end;
      to_the_end.cpu = cpu;
      to_the_end.time = std::max(from, out_.last.ns);
      close_hole(to_the_end);
    }
    for (const auto& [cpu, of_cpu] : holes_) out_.holes.push_back(of_cpu);
    for (const auto& one : monitors_->monitors()) {
      const RecordedEngine& engine = one->engine();
      const Definition& definition = one->bound().definition;
      CheckedMonitor& checked = out_.monitors.emplace_back();
      checked.monitor = definition.name;
      checked.scope = definition.scope;
      checked.counters = engine.monitor().counters();
      checked.unknown_tasks = engine.unknown_tasks();
      checked.never_met = engine.never_met();
      std::set<std::string> probes;
      for (const Binding& binding : one->bound().bindings) probes.insert(binding.probe.text());
      checked.none_met = checked.never_met.size() == probes.size();
      checked.error = one->error;
      if (settings_.unfinished) checked.unfinished = unfinished(engine);
    }
  }

  std::vector<Unfinished> unfinished(const RecordedEngine& engine) const {
    std::vector<Unfinished> out;
    for (UnsureMonitor::Live& one : engine.monitor().live()) {
      if (one.final) continue;
      const InstanceId id = one.key.id(engine.monitor().scope());
      std::string comm;
      if (id.scope == Scope::task && id.key != 0)
        comm = recording_->comm(static_cast<std::uint32_t>(id.key));
      std::string object(id.scope == Scope::object ? engine.key_words(id.key) : "");
      out.push_back({std::move(one), std::move(comm), std::move(object)});
    }
    return out;
  }

  const CheckSettings& settings_;
  VerdictSink& sink_;
  CheckedTrace& out_;
  std::shared_ptr<TraceMonitors> monitors_;  // what the recording asks for its Interest
  std::shared_ptr<Recording> recording_;
  std::uint64_t total_bytes_ = 0;
  bool stopped_ = false;
  std::vector<const Said*> order_;
  std::map<std::uint32_t, std::uint64_t> open_holes_;  // by CPU: since when
  std::map<std::uint32_t, HolesOfCpu> holes_;
};

}  // namespace

CheckedTrace check_trace(const CheckedDefinitions& definitions, const std::string& file,
                         const OpenTrace& open, const CheckSettings& settings, VerdictSink& sink) {
  CheckedTrace out;
  out.file = file;
  if (const Result<> done = Session(definitions, settings, sink, out).run(open); !done)
    out.error = done.error().message();
  return out;
}

}  // namespace swerve
