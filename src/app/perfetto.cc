#include "app/perfetto.h"

#include <algorithm>
#include <cstdint>

#include "app/recent.h"
#include "base/new_file.h"
#include "base/text.h"

namespace swerve {
namespace {

constexpr std::size_t kInstances = 65536;  // tracks that are continued; an older one's slice ends
constexpr std::string_view kUnsure = "not certain";

/// Microseconds with three decimals. Perfetto reads them as text, so no nanosecond is lost.
std::string micros(std::uint64_t ns) {
  const std::string rest = std::to_string(ns % 1000);
  return cat(ns / 1000, ".", std::string(3 - rest.size(), '0'), rest);
}

/// JSON that Perfetto reads, too: it knows no \u escapes in names.
std::string text_json(std::string_view text) { return json_string(escape(text)); }

std::string texts_json(const std::vector<std::string>& texts) {
  std::vector<std::string> out;
  for (const std::string& text : texts) out.push_back(text_json(text));
  return cat("[", join(out, ","), "]");
}

std::string task_text(const TaskInfo& task) {
  return task.tid == kUnknownThread ? std::string("not recorded")
                                    : cat(task.comm, " (", task.tid, ")");
}

std::string track_name(const Occurrence& what) {
  switch (what.id.scope) {
    case Scope::global:
      return "the whole system";
    case Scope::cpu:
      return cat("CPU ", what.id.key);
    case Scope::task:
      if (what.id.key == 0) return cat("idle of CPU ", what.cpu);
      return what.task && !what.task->comm.empty() ? task_text(*what.task)
                                                   : cat("tid ", what.id.key);
    case Scope::object:
      return cat("object ", key_text(what));
  }
  return "?";
}

/// An instance: its track, and the slice that is open on it.
struct Track {
  std::uint64_t number = 0;  // 0: it has none yet
  bool open = false;
  std::uint64_t since = 0;
  std::string state, event;  // the state, and the event that led to it
};

}  // namespace

struct PerfettoTrace::State {
  NewFile file;
  std::vector<std::string> monitors;
  Recent<Track> tracks{kInstances};
  std::uint64_t last_number = 0;
  std::uint64_t last_time = 0;
  bool first = true;

  State(NewFile to, std::vector<std::string> names)
      : file(std::move(to)), monitors(std::move(names)), last_number(monitors.size()) {
    file.put("{\"traceEvents\":[");
    for (std::size_t i = 0; i < monitors.size(); ++i)
      put(cat(R"({"ph":"M","name":"process_name","pid":)", i + 1, R"(,"tid":0,"args":{"name":)",
              text_json(monitors[i]), "}}"));
  }

  void put(std::string_view event) {
    file.put(first ? "\n" : ",\n");
    file.put(event);
    first = false;
  }
  static std::string place(const InstanceOf& instance, const Track& track) {
    return cat(R"("pid":)", instance.monitor + 1, R"(,"tid":)", track.number);
  }

  /// The slice that is open on the track, if any, ends.
  void close(const InstanceOf& instance, Track& track, std::uint64_t time) {
    if (!track.open) return;
    track.open = false;
    put(cat(R"({"ph":"X","name":)", text_json(track.state), R"(,"cat":"state","ts":)",
            micros(track.since), R"(,"dur":)", micros(time - std::min(time, track.since)), ",",
            place(instance, track), R"(,"args":{"event":)", text_json(track.event), "}}"));
  }

  /// What is open on the track of this instance ends; the track is made when there is none.
  Track& at(const InstanceOf& instance, const Occurrence& what) {
    last_time = std::max(last_time, what.time.ns);
    Track& track =
        tracks.of(instance, [this](auto& old) { close(old.first, old.second, last_time); });
    if (track.number == 0) {
      track.number = ++last_number;
      put(cat(R"({"ph":"M","name":"thread_name",)", place(instance, track), R"(,"args":{"name":)",
              text_json(track_name(what)), "}}"));
    }
    // Where an instance was not certain, what was possible is known when it steps again.
    if (track.open && (track.state == kUnsure || !what.states.empty())) track.state = what.state;
    close(instance, track, what.time.ns);
    return track;
  }

  InstanceOf instance(const Occurrence& what) const {
    const auto found = std::find(monitors.begin(), monitors.end(), what.monitor);
    return instance_of(static_cast<std::uint32_t>(found - monitors.begin()), what);
  }

  void instant(const InstanceOf& instance, const Track& track, const Occurrence& what,
               std::string_view category, const std::string& more) {
    put(cat(R"({"ph":"i","s":"t","name":)",
            text_json(cat(category, ": ", what.event, " in ", what.state)), R"(,"cat":")", category,
            R"(","ts":)", micros(what.time.ns), ",", place(instance, track), R"(,"args":{"state":)",
            text_json(what.state), R"(,"event":)", text_json(what.event), R"(,"cpu":)", what.cpu,
            R"(,"by":)", text_json(task_text(what.by)), more, "}}"));
  }
};

PerfettoTrace::PerfettoTrace(std::unique_ptr<State> state) : state_(std::move(state)) {}
PerfettoTrace::~PerfettoTrace() = default;

Result<std::unique_ptr<PerfettoTrace>> PerfettoTrace::make(std::string path,
                                                           std::vector<std::string> monitors) {
  SWERVE_TRY_ASSIGN(NewFile file, NewFile::make(path));
  return std::unique_ptr<PerfettoTrace>(
      new PerfettoTrace(std::make_unique<State>(std::move(file), std::move(monitors))));
}

void PerfettoTrace::on_step(const Step& step) {
  Track& track = state_->at(state_->instance(step), step);
  track.open = true;
  track.since = step.time.ns;
  track.state = step.next;
  track.event = step.event;
}

void PerfettoTrace::on_violation(const Violation& violation) {
  const InstanceOf instance = state_->instance(violation);
  const Track& track = state_->at(instance, violation);
  std::vector<std::string> path;
  for (const PathStep& step : violation.path)
    path.push_back(cat(step.state, " -- ", step.event, " -> ", step.next));
  state_->instant(
      instance, track, violation, "violation",
      cat(R"(,"expected":)", texts_json(violation.expected), R"(,"path":)", texts_json(path)));
}

void PerfettoTrace::on_inconclusive(const Inconclusive& inconclusive) {
  const InstanceOf instance = state_->instance(inconclusive);
  Track& track = state_->at(instance, inconclusive);
  state_->instant(instance, track, inconclusive, "inconclusive",
                  cat(R"(,"violating":)", texts_json(inconclusive.violating)));
  track.open = true;
  track.since = inconclusive.time.ns;
  track.state = kUnsure;
  track.event = inconclusive.event;
}

void PerfettoTrace::end_trace(TimeNs last) {
  const std::uint64_t end = std::max(last.ns, state_->last_time);
  state_->tracks.clear([&](auto& entry) { state_->close(entry.first, entry.second, end); });
}

Result<> PerfettoTrace::finish() {
  end_trace({state_->last_time});
  state_->file.put("\n]}\n");
  return state_->file.commit();
}

}  // namespace swerve
