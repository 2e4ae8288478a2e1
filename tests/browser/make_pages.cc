// make_pages FOLDER - pages of every kind, of runs that are made up, for the tests in a browser.
#include <cstdio>
#include <functional>
#include <map>
#include <random>

#include "app/html_examples_for_test.h"
#include "app/html_report.h"
#include "base/text.h"

namespace swerve {
namespace {

/// Instances of a monitor that take allowed steps at random, and now and then an event that is not.
class Walk {
 public:
  Walk(HtmlReport& report, HtmlReport::Monitor monitor, std::vector<std::string> comms)
      : report_(&report), monitor_(std::move(monitor)), comms_(std::move(comms)) {}

  /// Goes on until there were so many more violations and inconclusive verdicts.
  void go(int violations, int inconclusive, TimeNs& now) {
    for (int steps = 0; violations + inconclusive > 0; ++steps) {
      now.ns += std::uint64_t{1} << (8 + random_() % 18);
      const std::uint32_t tid = some_tid();
      Instance& one = instances_[tid];
      const bool refuse = one.path.size() > 3 && random_() % 40 == 0 && !refused(one.state).empty();
      if (!refuse && !monitor_.model.allowed(one.state).empty()) {
        step(tid, one, now);
      } else if (violations > 0 && (inconclusive == 0 || random_() % 2 == 0)) {
        violate(tid, one, now);
        --violations;
      } else {
        doubt(tid, one, now);
        --inconclusive;
      }
    }
  }

 private:
  struct Instance {
    StateId state = kInitial;
    std::vector<PathStep> path;
    std::uint64_t events = 0;
  };

  std::string name(StateId state) const { return monitor_.model.states()[index(state)].name; }
  std::string name(EventId event) const { return monitor_.model.events()[index(event)]; }
  std::uint32_t some_tid() { return 100 + 37 * static_cast<std::uint32_t>(random_() % 12); }
  template <typename T>
  T one_of(const std::vector<T>& choice) {
    return choice[random_() % choice.size()];
  }
  std::vector<EventId> refused(StateId state) const {
    std::vector<EventId> out;
    for (std::size_t e = 0; e < monitor_.model.events().size(); ++e)
      if (monitor_.model.next(state, EventId(e)) == kNoState) out.push_back(EventId(e));
    return out;
  }
  TaskInfo task(std::uint32_t tid) const { return {tid, tid, comms_[tid % comms_.size()]}; }

  Occurrence occurrence(std::uint32_t tid, const Instance& one, EventId event, TimeNs now) {
    Occurrence out;
    out.time = now;
    out.monitor = monitor_.name;
    out.id = {Scope::task, tid};
    out.task = task(tid);
    out.cpu = random_() % 16;
    out.by = task(some_tid());
    out.state = name(one.state);
    out.event = name(event);
    return out;
  }
  void step(std::uint32_t tid, Instance& one, TimeNs now) {
    const EventId event = one_of(monitor_.model.allowed(one.state));
    const StateId next = monitor_.model.next(one.state, event);
    Step out;
    static_cast<Occurrence&>(out) = occurrence(tid, one, event, now);
    out.next = name(next);
    report_->on_step(out);
    one.path.push_back({out.state, out.event, out.next});
    if (one.path.size() > 8) one.path.erase(one.path.begin());
    ++one.events;
    one.state = next;
  }
  void violate(std::uint32_t tid, Instance& one, TimeNs now) {
    Violation out;
    static_cast<Occurrence&>(out) = occurrence(tid, one, one_of(refused(one.state)), now);
    for (const EventId event : monitor_.model.allowed(one.state))
      out.expected.push_back(name(event));
    out.path = one.path;
    out.events = one.events;
    report_->on_violation(out);
    one = {};
  }
  void doubt(std::uint32_t tid, Instance& one, TimeNs now) {
    Inconclusive out;
    static_cast<Occurrence&>(out) = occurrence(tid, one, one_of(refused(one.state)), now);
    out.states = {out.state, std::nullopt};
    out.violating = {out.state};
    out.state = set_text(out.states);
    out.why = Doubt::lost | Doubt::value;
    report_->on_inconclusive(out);
    one = {};
  }

  HtmlReport* report_;
  HtmlReport::Monitor monitor_;
  std::vector<std::string> comms_;
  std::map<std::uint32_t, Instance> instances_;
  std::minstd_rand random_{7};
};

HtmlReport::Monitor monitor(const std::string& name) {
  return {name, cat("what ", name, " says of a task"), example_model(name), Scope::task};
}

/// A model with that many states, two ways out of each.
HtmlReport::Monitor ring(std::size_t states) {
  const auto state = [&](std::size_t i) { return cat("phase_", i % states, "_of_the_work"); };
  std::vector<Automaton::Edge> edges;
  for (std::size_t i = 0; i < states; ++i) {
    edges.push_back({state(i), cat("go_on_", i % 7), state(i + 1)});
    edges.push_back({state(i), cat("leap_", i % 5), state(i + 4)});
  }
  return {"ring", "many states", Automaton::make("ring", state(0), edges).value(), Scope::task};
}

struct Page {
  std::string file;
  std::vector<HtmlReport::Monitor> monitors;
  int violations = 0, inconclusive = 0;  // of each monitor
  std::uint64_t lost = 0;                // events, of a CPU
  std::vector<std::string> comms = {"worker", "kworker/u8:2", "postgres: writer"};
};

Result<> make(const std::string& folder, Page page) {
  SWERVE_TRY_ASSIGN(const auto report,
                    HtmlReport::make(cat(folder, "/", page.file), page.monitors));
  TimeNs now{73'412'000'123'456};
  CheckedTrace trace;
  trace.file = "incidents/board-7/trace.dat";
  trace.format = "trace.dat version 7";
  trace.clock = "mono";
  trace.first = now;
  for (const HtmlReport::Monitor& one : page.monitors) {
    Walk(*report, one, page.comms).go(page.violations, page.inconclusive, now);
    CheckedMonitor& checked = trace.monitors.emplace_back();
    checked.monitor = one.name;
    checked.scope = one.scope;
    checked.counters.violations = static_cast<std::uint64_t>(page.violations);
    checked.counters.inconclusive = static_cast<std::uint64_t>(page.inconclusive);
  }
  trace.last = now;
  trace.events = 4711;
  if (page.lost != 0) {
    trace.missing = {{1, trace.first, now, page.lost}};
    trace.holes = {{1, 1, page.lost}};
  }
  report->end_trace(std::move(trace));
  return report->finish();
}

}  // namespace

int run(const std::string& folder) {
  const std::string hostile =
      "<script>window.pwned=1</script><img src=http://[::1]/ onerror=window.pwned=2>\"'><b>";
  std::vector<Page> pages = {
      {"one.html", {monitor("wwnr")}, 1, 0, 0},
      {"some.html", {monitor("wwnr"), monitor("sssw"), monitor("sts")}, 6, 4, 17},
      {"many.html", {monitor("sssw")}, 300, 100, 17},
      {"large.html", {ring(30)}, 5, 2, 0},
      {"clean.html", {monitor("wip")}, 0, 0, 0},
      {"holes.html", {monitor("wip")}, 0, 0, 1234},
      {"hostile.html",
       {monitor("wwnr")},
       5,
       5,
       17,
       {hostile, "</style></title></table>", "\x1b[31m\xff\u202e"}},
  };
  pages.back().monitors[0].description = hostile;
  for (Page& page : pages) {
    if (const Result<> made = make(folder, std::move(page)); !made) {
      std::fprintf(stderr, "%s\n", made.error().message().c_str());
      return 1;
    }
  }
  return 0;
}

}  // namespace swerve

int main(int count, char** arguments) { return count == 2 ? swerve::run(arguments[1]) : 2; }
