#include "app/html_report.h"

#include <algorithm>
#include <unordered_map>

#include "app/html_data.h"
#include "app/html_page.h"
#include "app/html_text.h"
#include "app/recent.h"
#include "base/new_file.h"
#include "base/text.h"

namespace swerve {
namespace {

constexpr std::size_t kInstances = 16384;  // whose last steps are remembered
constexpr std::size_t kBefore = 16;        // so many of them
constexpr std::size_t kAfter = 4;          // and after a verdict
// Shown of a monitor, and of all of them together: inconclusive ones, violations.
constexpr std::size_t kShownOfMonitor[2] = {200, 500};
constexpr std::size_t kShownInAll[2] = {500, 1000};
constexpr std::size_t kSets = 4096;     // of states that may be possible, a monitor
constexpr std::size_t kTextSize = 256;  // of a text from outside
constexpr std::size_t kHoles = 100;     // that are listed, a trace

/// The last steps of an instance.
struct Memory {
  std::vector<StepData> ring;  // from `oldest` on, around
  std::size_t oldest = 0;
  bool more = false;         // there were more
  std::size_t after_of = 0;  // 1 + the finding that takes steps after it; 0: none

  void add(const StepData& step) {
    if (ring.size() < kBefore) {
      ring.push_back(step);
      return;
    }
    ring[oldest] = step;
    oldest = (oldest + 1) % kBefore;
    more = true;
  }
  std::vector<StepData> steps() const {
    std::vector<StepData> out(ring.begin() + static_cast<std::ptrdiff_t>(oldest), ring.end());
    out.insert(out.end(), ring.begin(), ring.begin() + static_cast<std::ptrdiff_t>(oldest));
    return out;
  }
};

struct Numbers {
  std::unordered_map<std::string, SetNumber> sets;
  std::unordered_map<std::string, EventId> events;
  std::size_t shown[2] = {0, 0};  // inconclusive, violations
};

TaskInfo short_task(TaskInfo task) {
  task.comm = shortened(task.comm, kTextSize);
  return task;
}

}  // namespace

struct HtmlReport::State {
  NewFile file;
  PageData page;
  std::vector<Numbers> numbers;  // by monitor
  std::unordered_map<std::string, std::uint32_t> monitors;
  std::size_t most_shown[2];
  Recent<Memory> instances{kInstances};

  State(NewFile to, std::vector<Monitor> about) : file(std::move(to)) {
    for (const int kind : {0, 1})
      most_shown[kind] = std::min(kShownOfMonitor[kind],
                                  kShownInAll[kind] / std::max<std::size_t>(1, about.size()));
    for (Monitor& one : about) {
      monitors.emplace(one.name, static_cast<std::uint32_t>(page.monitors.size()));
      Numbers& known = numbers.emplace_back();
      MonitorData& data = page.monitors.emplace_back(MonitorData{std::move(one)});
      for (const swerve::State& state : data.about.model.states()) {
        known.sets.emplace(state.name, static_cast<SetNumber>(data.sets.size()));
        data.sets.push_back({StateId(data.sets.size())});
      }
      const auto events = data.about.model.events();
      for (std::size_t i = 0; i < events.size(); ++i) known.events.emplace(events[i], EventId(i));
    }
  }

  /// The number of a set of states, by its text.
  SetNumber set(std::uint32_t monitor, const std::string& text,
                const std::vector<StateOrNone>& states) {
    Numbers& known = numbers[monitor];
    const auto found = known.sets.find(text);
    if (found != known.sets.end()) return found->second;
    MonitorData& data = page.monitors[monitor];
    if (states.empty() || data.sets.size() >= data.about.model.states().size() + kSets)
      return kUnknownSet;
    std::vector<StateId> ids;
    ids.reserve(states.size());
    for (const StateOrNone& state : states)
      ids.push_back(state ? data.about.model.find_state(*state) : kNoState);
    const SetNumber id = static_cast<SetNumber>(data.sets.size());
    known.sets.emplace(text, id);
    data.sets.push_back(std::move(ids));
    return id;
  }
  EventId event(std::uint32_t monitor, const std::string& name) const {
    const auto found = numbers[monitor].events.find(name);
    return found == numbers[monitor].events.end() ? kNoEvent : found->second;
  }

  /// The monitor that a verdict names; none when it is not one of this report.
  std::optional<std::uint32_t> monitor(const Occurrence& what) const {
    const auto found = monitors.find(what.monitor);
    if (found == monitors.end()) return std::nullopt;
    return found->second;
  }

  static void count(MonitorData& data, const StepData& step) {
    ++data.steps;
    const Automaton& model = data.about.model;
    const std::size_t states = model.states().size();
    if (step.from < states && step.to < states) {
      Times& times = data.taken[{StateId(step.from), step.event}];
      ++times.certain;
      ++times.possible;
      return;
    }
    ++data.unsure_steps;
    if (step.from == kUnknownSet || step.event == kNoEvent) return;
    for (const StateId state : data.sets[step.from])
      if (state != kNoState && model.next(state, step.event) != kNoState)
        ++data.taken[{state, step.event}].possible;
  }

  /// What an event did, for the findings that it stands near.
  static void remember(MonitorData& data, Memory& instance, const StepData& step) {
    instance.add(step);
    if (instance.after_of == 0) return;
    std::vector<StepData>& after = data.findings[instance.after_of - 1].after;
    after.push_back(step);
    if (after.size() == kAfter) instance.after_of = 0;
  }

  /// Shows what was found, when there is room, with the steps before it.
  void find(std::uint32_t monitor, const Occurrence& what, Finding finding) {
    MonitorData& data = page.monitors[monitor];
    Memory& instance = instances.of(instance_of(monitor, what), [](auto&) {});
    finding.trace = page.traces.size();
    finding.what = what;
    if (what.task) finding.what.task = short_task(*what.task);
    finding.what.by = short_task(what.by);
    finding.event = event(monitor, what.event);
    finding.states = set(monitor, what.state, what.states);
    if (finding.states != kUnknownSet) {
      const bool sure = finding.certain && data.sets[finding.states].size() == 1;
      for (const StateId state : data.sets[finding.states]) {
        if (state == kNoState) continue;
        const std::string& name = data.about.model.states()[index(state)].name;
        const auto& violating = finding.violating;
        if (!finding.certain &&
            std::find(violating.begin(), violating.end(), name) == violating.end())
          continue;
        RefusalCount& count = data.refused[{state, finding.event}];
        ++(sure ? count.violations : count.possible);
      }
    }
    const StepData step{finding.certain ? StepData::Kind::violation : StepData::Kind::inconclusive,
                        what.time,
                        what.cpu,
                        finding.event,
                        finding.states,
                        kUnknownSet};
    std::size_t& shown = numbers[monitor].shown[finding.certain ? 1 : 0];
    if (shown < most_shown[finding.certain ? 1 : 0]) {
      ++shown;
      finding.before = instance.steps();
      finding.more_before = instance.more;
      remember(data, instance, step);
      data.findings.push_back(std::move(finding));
      instance.after_of = data.findings.size();
    } else {
      remember(data, instance, step);
    }
  }
};

HtmlReport::HtmlReport(std::unique_ptr<State> state) : state_(std::move(state)) {}
HtmlReport::~HtmlReport() = default;

Result<std::unique_ptr<HtmlReport>> HtmlReport::make(std::string path,
                                                     std::vector<Monitor> monitors) {
  SWERVE_TRY_ASSIGN(NewFile file, NewFile::make(path));
  return std::unique_ptr<HtmlReport>(
      new HtmlReport(std::make_unique<State>(std::move(file), std::move(monitors))));
}

void HtmlReport::on_step(const Step& step) {
  const auto monitor = state_->monitor(step);
  if (!monitor) return;
  MonitorData& data = state_->page.monitors[*monitor];
  const StepData taken{StepData::Kind::step,
                       step.time,
                       step.cpu,
                       state_->event(*monitor, step.event),
                       state_->set(*monitor, step.state, step.states),
                       state_->set(*monitor, step.next, step.nexts)};
  State::count(data, taken);
  State::remember(data, state_->instances.of(instance_of(*monitor, step), [](auto&) {}), taken);
}

void HtmlReport::on_violation(const Violation& violation) {
  const auto monitor = state_->monitor(violation);
  if (!monitor) return;
  ++state_->page.monitors[*monitor].violations;
  Finding finding;
  finding.expected = violation.expected;
  finding.path = violation.path;
  finding.events = violation.events;
  state_->find(*monitor, violation, std::move(finding));
}

void HtmlReport::on_inconclusive(const Inconclusive& inconclusive) {
  const auto monitor = state_->monitor(inconclusive);
  if (!monitor) return;
  ++state_->page.monitors[*monitor].inconclusive;
  Finding finding;
  finding.certain = false;
  finding.violating = inconclusive.violating;
  finding.why = inconclusive.why;
  state_->find(*monitor, inconclusive, std::move(finding));
}

void HtmlReport::end_trace(CheckedTrace trace) {
  trace.file = shortened(trace.file, 4 * kTextSize);
  if (trace.missing.size() > kHoles) trace.missing.resize(kHoles);
  for (CheckedMonitor& one : trace.monitors) one.unfinished.clear();
  state_->page.traces.push_back(std::move(trace));
  state_->instances.clear([](auto&) {});
}

Result<> HtmlReport::finish() {
  write_page(state_->page, [this](std::string_view text) { state_->file.put(text); });
  return state_->file.commit();
}

}  // namespace swerve
