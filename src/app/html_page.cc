#include "app/html_page.h"

#include <algorithm>
#include <set>

#include "app/html_drawing.h"
#include "app/html_text.h"
#include "app/html_timeline.h"
#include "app/report.h"
#include "base/text.h"
#include "swerve/monitor/violation_text.h"

namespace swerve {
namespace {

constexpr std::string_view kStyle =
#include "app/html_style.inc"
    ;
constexpr std::string_view kScript =
#include "app/html_script.inc"
    ;
// The only script that may run: whatever else finds its way into the page does not. In base64, of
// kScript; tests/browser says what it is when the script has changed.
constexpr std::string_view kScriptHash = "aUljFyXZPlCznmiG7Ov5QzFZ9KOuzdWyHvnlIqfGGaA=";

constexpr std::size_t kMostRows = 2000;                  // of a table of transitions
constexpr double kPageWidth = 1080, kPanHeight = 760;    // as in html_style.inc
constexpr double kSmallWidth = 620, kSmallHeight = 340;  // drawings that are repeated at findings

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return cat(grouped(count), " ", count == 1 ? one : many);
}

std::string element(std::string_view tag, std::string_view text) {
  return cat("<", tag, ">", text, "</", tag, ">");
}
std::string code(std::string_view text) { return cat("<code>", html(text), "</code>"); }

/// In a table: may be parted where names are put together.
std::string cell_code(std::string_view text) {
  std::string out = "<code>";
  for (const char c : html(text)) {
    out += c;
    if (c == '_' || c == '|') out += "<wbr>";
  }
  return out + "</code>";
}

std::string cell_codes(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 3;
  std::vector<std::string> out;
  for (const std::string& name : names) {
    if (out.size() == kMost && names.size() > kMost + 1) {
      out.push_back(cat("<span class=\"soft\">", names.size() - kMost, " more</span>"));
      break;
    }
    out.push_back(cell_code(name));
  }
  return out.empty() ? "nothing" : join(out);
}

std::string codes(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const std::string& name : names) out.push_back(code(name));
  return out.empty() ? "nothing" : join(out);
}

std::string task(const TaskInfo& who) {
  if (who.tid == kUnknownThread) return "<span class=\"soft\">not recorded</span>";
  return cat(who.comm.empty() ? std::string() : cat("<bdi>", html(who.comm), "</bdi> "),
             "<span class=\"soft\">", who.tid, "</span>");
}

std::string hex(std::uint64_t number) {
  std::string digits;
  do digits.insert(digits.begin(), "0123456789abcdef"[number % 16]);
  while ((number /= 16) != 0);
  return "0x" + digits;
}

std::string instance(const Occurrence& what) {
  switch (what.id.scope) {
    case Scope::global:
      return "whole system";
    case Scope::cpu:
      return cat("CPU ", what.id.key);
    case Scope::task:
      if (what.id.key == 0) return cat("idle task of CPU ", what.cpu);
      return what.task ? task(*what.task) : cat("tid ", what.id.key);
    case Scope::object:
      return code(what.object.empty() ? hex(what.id.key) : what.object);
  }
  return "?";
}

std::string doubts(Doubt why) {
  std::vector<std::string> out;
  if (has(why, Doubt::lost)) out.push_back("events before it were lost");
  if (has(why, Doubt::value)) out.push_back("a recorded value stands for several, or is missing");
  if (has(why, Doubt::unknown))
    out.push_back("it is not recorded which instance an event was about");
  return join(out, "; ");
}

/// What was found; of one monitor, or of all.
struct Verdict {
  std::uint64_t violations = 0, inconclusive = 0;
  bool broken = false;    // something was not checked to the end
  bool doubtful = false;  // something may have been missed: events were lost, and its like

  std::string_view kind() const {
    return violations != 0 ? "bad" : inconclusive != 0 || broken || doubtful ? "maybe" : "good";
  }
  std::string text() const {
    std::vector<std::string> parts;
    if (violations != 0) parts.push_back(counted(violations, "violation", "violations"));
    if (inconclusive != 0) parts.push_back(cat(grouped(inconclusive), " inconclusive"));
    if (!parts.empty()) return join(parts);
    return broken ? "Not wholly checked" : doubtful ? "Cannot be told" : "No violation";
  }
};

std::string chip(const Verdict& verdict) {
  return cat("<span class=\"chip ", verdict.kind(), "\">", verdict.text(), "</span>");
}

/// Why a monitor was not checked to the end of a trace.
const std::string* error_of(const CheckedTrace& trace, std::size_t monitor) {
  if (monitor >= trace.monitors.size() || trace.monitors[monitor].error.empty()) return nullptr;
  return &trace.monitors[monitor].error;
}

Verdict verdict_of(const PageData& page, std::size_t monitor) {
  Verdict out{page.monitors[monitor].violations, page.monitors[monitor].inconclusive};
  for (const CheckedTrace& trace : page.traces) {
    const bool has = monitor < trace.monitors.size();
    out.broken = out.broken || !trace.error.empty() || trace.late != 0 ||
                 error_of(trace, monitor) != nullptr;
    out.doubtful = out.doubtful || !trace.missing_parts().empty() ||
                   (has && !trace.monitors[monitor].doubts().empty());
  }
  return out;
}

std::string shown_name(const CheckedTrace& trace) { return html(trace_name(trace.file)); }

std::string title(const PageData& page) {
  if (page.traces.size() == 1) return shown_name(page.traces.front());
  return page.traces.empty() ? "no trace" : counted(page.traces.size(), "trace", "traces");
}

/// All of the page in a word, and it is that of the exit status.
struct Answer {
  Verdict found;   // by all monitors
  int status = 0;  // of the command

  explicit Answer(const PageData& page) {
    for (const MonitorData& one : page.monitors) {
      found.violations += one.violations;
      found.inconclusive += one.inconclusive;
    }
    for (const CheckedTrace& trace : page.traces) {
      status = std::max(status, trace.status());
      found.broken = found.broken || !trace.whole();
    }
  }
  std::string_view kind() const {
    return found.violations != 0 ? "bad" : status != 0 ? "maybe" : "good";
  }
  std::string text() const {
    return found.violations == 0 && status != 0 ? "Cannot be told" : found.text();
  }
};

/// Why there may be more violations than were found, or some where none was.
std::vector<std::string> reasons(const PageData& page) {
  std::vector<std::string> out;
  for (const MonitorData& one : page.monitors) {
    if (one.inconclusive == 0) continue;
    out.push_back(cat(html(one.about.name), ": whether ",
                      counted(one.inconclusive, "event was", "events were"),
                      " allowed cannot be told (inconclusive)"));
  }
  for (const CheckedTrace& trace : page.traces) {
    const auto because = [&](std::string_view reason) {
      out.push_back(page.traces.size() > 1 ? cat(shown_name(trace), ": ", html(reason))
                                           : html(reason));
    };
    for (const std::string& doubt : trace.doubts()) because(doubt);
    for (const CheckedMonitor& one : trace.monitors)
      if (!one.error.empty()) because(cat(one.monitor, " was not checked to the end: ", one.error));
    if (!trace.error.empty()) because(cat("not wholly read: ", trace.error));
  }
  return out;
}

std::string top(const PageData& page) {
  constexpr std::size_t kMostReasons = 8;
  const Answer answer(page);
  std::uint64_t events = 0, lost = 0;
  for (const CheckedTrace& trace : page.traces) {
    events += trace.events;
    for (const HolesOfCpu& one : trace.holes) lost += one.lost;
  }
  std::string out = cat("<div class=\"verdict ", answer.kind(), "\"><b>", answer.text(),
                        "</b><span>", counted(page.monitors.size(), "monitor", "monitors"),
                        " over ", counted(events, "event", "events"));
  if (lost != 0) out += cat("; ", counted(lost, "event was", "events were"), " lost");
  if (answer.found.broken) out += "; not wholly checked";
  out += cat("</span><span class=\"status\">exit status ", answer.status, "</span>");
  const std::vector<std::string> all = reasons(page);
  if (!all.empty()) {
    out += cat("\n<div class=\"why\">",
               answer.found.violations != 0 ? "There may be more, because:" : "Because:", "<ul>\n");
    for (std::size_t i = 0; i < all.size() && i < kMostReasons; ++i)
      out += element("li", all[i]) + "\n";
    if (all.size() > kMostReasons)
      out += cat("<li>and ", grouped(all.size() - kMostReasons), " more</li>\n");
    out += "</ul></div>";
  }
  return out + "</div>\n";
}

class MonitorSection {
 public:
  MonitorSection(const PageData& page, std::size_t number)
      : page_(page), number_(number), monitor_(page.monitors[number]) {}

  void write(const std::function<void(std::string_view)>& put) {
    Result<Drawing> drawn = draw_monitor(monitor_, number_);
    if (drawn) drawing_ = std::move(*drawn);
    put(cat("<section class=\"monitor\" id=\"m", number_, "\">\n<header><h2>",
            html(monitor_.about.name), "</h2>", chip(verdict_of(page_, number_)), "<p>",
            html(monitor_.about.description), "</p></header>\n", facts(), errors()));
    put(drawn ? figure()
              : cat("<p class=\"note\">The model is not drawn: ", html(drawn.error().message()),
                    ". The table below has its transitions.</p>\n"));
    put(transitions(!drawn));
    findings(put, true);
    findings(put, false);
    const Verdict verdict = verdict_of(page_, number_);
    if (verdict.kind() == "maybe" && verdict.inconclusive == 0 && monitor_.steps != 0)
      put("<p class=\"note\">Every event that was seen was allowed; not all were seen.</p>\n");
    if (verdict.kind() == "good")
      put(monitor_.steps == 0 ? "<p class=\"note\">None of its events came to an instance that was "
                                "monitoring.</p>\n"
                              : "<p class=\"clean\">Every event that came was allowed.</p>\n");
    put("</section>\n");
  }

 private:
  std::string errors() const {
    std::string out;
    for (const CheckedTrace& trace : page_.traces) {
      const std::string* error = error_of(trace, number_);
      if (error == nullptr) continue;
      out += cat("<p class=\"error\">Not checked to the end",
                 page_.traces.size() > 1 ? cat(" of ", shown_name(trace)) : std::string(), ": ",
                 html(*error), "</p>\n");
    }
    return out;
  }

  std::string facts() const {
    UnsureCounters sum;
    for (const CheckedTrace& trace : page_.traces) {
      if (number_ >= trace.monitors.size()) continue;
      const UnsureCounters& one = trace.monitors[number_].counters;
      sum.started += one.started;
      sum.instances += one.instances;
      sum.refused += one.refused;
    }
    std::vector<std::string> parts = {
        cat("one instance ", monitor_.about.scope == Scope::global
                                 ? std::string("for the whole system")
                                 : cat("per ", scope_name(monitor_.about.scope))),
        counted(monitor_.steps, "step", "steps")};
    if (monitor_.unsure_steps != 0)
      parts.push_back(cat(grouped(monitor_.unsure_steps), " of them not certain"));
    if (sum.started != 0)
      parts.push_back(counted(sum.started, "instance started", "instances started"));
    if (sum.instances != 0) parts.push_back(cat(grouped(sum.instances), " at the end"));
    if (sum.refused != 0)
      parts.push_back(counted(sum.refused, "start found no room", "starts found no room"));
    return cat("<p class=\"facts\">", join(parts, " · "), "</p>\n");
  }

  /// As large as there is room for, but with texts that can be read.
  std::string size() const {
    const auto rounded = [](double number) { return static_cast<std::uint64_t>(number + 0.999); };
    const double least = 0.85, most = 1.2;
    const double fits = std::min(kPageWidth / drawing_->width, kPanHeight / drawing_->height);
    return cat("viewBox=\"0 0 ", rounded(drawing_->width), " ", rounded(drawing_->height),
               "\" style=\"width:", rounded(drawing_->width * std::clamp(fits, least, most)),
               "px;--least:", rounded(drawing_->width * least), "px\"");
  }

  std::string figure() const {
    return cat("<figure class=\"model\">\n<div class=\"pan\"><svg ", size(),
               " role=\"img\" aria-label=\"The model ", html(monitor_.about.name), "\">\n",
               drawing_->content, "</svg></div>\n<figcaption>",
               "A number: how often a transition was taken", legend(),
               "</figcaption>\n</figure>\n");
  }
  std::string legend() const {
    std::string out = ". Dashed and grey: never.";
    if (!monitor_.refused.empty()) {
      out += " <b class=\"bad\">✕</b> came, and is not allowed there.";
      const bool maybe = std::any_of(monitor_.refused.begin(), monitor_.refused.end(),
                                     [](const auto& one) { return one.second.violations == 0; });
      if (maybe) out += " <b class=\"maybe\">?</b> may have come there.";
    }
    return out;
  }

  std::string transitions(bool open) const {
    const Automaton& model = monitor_.about.model;
    std::uint64_t most = 1;
    for (const auto& [cell, times] : monitor_.taken) most = std::max(most, times.possible);
    std::string out =
        cat("<details class=\"transitions\"", open ? " open" : "",
            "><summary>All transitions, and how often each was taken</summary>\n"
            "<div class=\"wide\"><table><thead><tr><th>State</th><th>Event</th><th>Next</th>"
            "<th class=\"n\">Taken</th><th></th></tr></thead><tbody>\n");
    std::size_t rows = 0;
    for (const Transition& t : model.transitions()) {
      if (++rows > kMostRows) break;
      const auto found = monitor_.taken.find({t.from, t.event});
      const Times times = found == monitor_.taken.end() ? Times() : found->second;
      out += cat("<tr", times.possible == 0 ? " class=\"never\"" : "", "><td>",
                 code(model.states()[index(t.from)].name), "</td><td>",
                 code(model.events()[index(t.event)]), "</td><td>",
                 code(model.states()[index(t.to)].name), "</td><td class=\"n\">",
                 range_text(times.certain, times.possible),
                 "</td><td class=\"share\"><i style=\"width:", times.possible * 100 / most,
                 "%\"></i></td></tr>\n");
    }
    for (const auto& [refusal, count] : monitor_.refused) {
      if (refusal.first == kNoState || refusal.second == kNoEvent || ++rows > kMostRows) continue;
      std::vector<std::string> counts;
      if (count.violations != 0) counts.push_back(grouped(count.violations));
      if (count.possible != 0) counts.push_back(cat(grouped(count.possible), " possible"));
      out += cat("<tr class=\"", count.violations != 0 ? "bad" : "maybe", "\"><td>",
                 code(model.states()[index(refusal.first)].name), "</td><td>",
                 code(model.events()[index(refusal.second)]),
                 "</td><td>not allowed</td><td class=\"n\">", join(counts, ", "),
                 "</td><td></td></tr>\n");
    }
    out += "</tbody></table></div>\n";
    if (rows > kMostRows)
      out += cat("<p class=\"note\">The first ", grouped(kMostRows), " are shown.</p>\n");
    return out + "</details>\n";
  }

  void findings(const std::function<void(std::string_view)>& put, bool certain) {
    const std::uint64_t in_all = certain ? monitor_.violations : monitor_.inconclusive;
    if (in_all == 0) return;
    const auto is_one = [&](const Finding& finding) { return finding.certain == certain; };
    const auto shown = static_cast<std::uint64_t>(
        std::count_if(monitor_.findings.begin(), monitor_.findings.end(), is_one));
    const bool traces = page_.traces.size() > 1;
    put(cat("<h3>", certain ? "Violations" : "Inconclusive", " <span class=\"soft\">",
            grouped(in_all), "</span></h3>\n"));
    if (!certain)
      put("<p class=\"note\">The recording does not hold enough to know whether these events were "
          "allowed.</p>\n");
    if (shown < in_all)
      put(cat("<p class=\"note\">The first ", grouped(shown), " are shown; ",
              counted(in_all - shown, "more is", "more are"), " only counted.</p>\n"));
    put(cat("<div class=\"wide\"><table class=\"findings", shown <= 10 ? " few" : "",
            "\" data-monitor=\"m", number_, "\"><thead><tr><th class=\"n\">#</th>",
            traces ? "<th>Trace</th>" : "",
            "<th class=\"n\">Time</th><th>Instance</th><th class=\"n\">CPU</th><th>Ran there</th>"
            "<th>State</th><th>Event</th><th>",
            certain ? "Allowed there" : "Does not allow it", "</th></tr></thead>\n"));
    std::size_t count = 0;
    for (const Finding& finding : monitor_.findings) {
      if (!is_one(finding)) continue;
      ++count;
      const std::string id = cat("m", number_, certain ? "-v" : "-i", count);
      const Occurrence& what = finding.what;
      const std::string kind = certain ? "violation" : "inconclusive";
      put(cat("<tbody id=\"", id, "\" class=\"", kind,
              count == 1 && (certain || monitor_.violations == 0) ? " open" : "",
              "\"><tr class=\"row\">", "<td class=\"n\"><a href=\"#", id, "\">", count, "</a></td>",
              traces ? cat("<td>", trace_name(finding.trace), "</td>") : std::string(),
              "<td class=\"n\">", seconds_text(what.time), "</td><td>", instance(what),
              "</td><td class=\"n\">", what.cpu, "</td><td>", task(what.by), "</td><td>",
              cell_code(what.state), "</td><td>", cell_code(what.event), "</td><td>",
              cell_codes(certain ? finding.expected : finding.violating), "</td></tr>\n"));
      put(cat("<tr class=\"detail\"", lights(finding), "><td colspan=\"", traces ? 9 : 8, "\">",
              detail(finding), "</td></tr></tbody>\n"));
    }
    put("</table></div>\n");
  }

  std::string trace_name(std::size_t trace) const {
    return trace < page_.traces.size() ? shown_name(page_.traces[trace])
                                       : std::to_string(trace + 1);
  }

  /// The properties that light the way to a finding in the drawing.
  std::string lights(const Finding& finding) const {
    if (!drawing_) return {};
    const Automaton& model = monitor_.about.model;
    std::set<std::string> names;
    if (finding.states < monitor_.sets.size()) {
      for (const StateId state : monitor_.sets[finding.states]) {
        if (state == kNoState) continue;
        names.insert(cat("s", index(state), ":1"));
        const auto refusal = drawing_->refusals.find({state, finding.event});
        if (refusal == drawing_->refusals.end()) continue;
        names.insert(cat("x", refusal->second, ":1"));
        names.insert(cat("v", index(state), finding.certain ? ":var(--bad)" : ":var(--maybe)"));
      }
    }
    for (const PathStep& step : finding.path) {
      const auto edge =
          drawing_->edges.find({model.find_state(step.state), model.find_state(step.next)});
      if (edge != drawing_->edges.end()) names.insert(cat("e", edge->second, ":1"));
      names.insert(cat("s", index(model.find_state(step.state)), ":1"));
    }
    std::string out = " style=\"--dim:.22";
    for (const std::string& name : names) out += ";--" + name;
    return out + "\"";
  }

  std::string detail(const Finding& finding) const {
    std::string out = cat("<div class=\"words\">", sentence(finding), way(finding), "</div>\n");
    if (drawing_ && drawing_->width <= kSmallWidth && drawing_->height <= kSmallHeight)
      out += cat("<svg class=\"small model\" ", size(), " aria-hidden=\"true\"><use href=\"#d",
                 number_, "\"/></svg>\n");
    return cat("<div class=\"inside\"><div class=\"both\">", out, "</div>\n<div class=\"wide\">",
               timeline_svg(monitor_, finding), "</div>\n", steps(finding), "</div>");
  }

  static std::string sentence(const Finding& finding) {
    const Occurrence& what = finding.what;
    if (finding.certain)
      return cat("<p class=\"says\">", code(what.event), " is not allowed in ", code(what.state),
                 "; allowed there: ", codes(finding.expected), ".</p>");
    std::string out = cat("<p class=\"says\">", code(what.event), " may not have been allowed. ");
    if (!what.states.empty()) {
      std::vector<std::string> states;
      for (const StateOrNone& state : what.states)
        states.push_back(state ? cat("in ", code(*state)) : "not monitoring");
      out += cat("The instance was ", join(states, " or "), "; ");
    }
    out += cat(codes(finding.violating), finding.violating.size() == 1 ? " does" : " do",
               " not allow it.</p>");
    if (finding.why != Doubt::none)
      out += cat("<p>Why it is not certain: ", doubts(finding.why), ".</p>");
    return out;
  }

  /// The transitions before, as far as the verdict itself tells them.
  static std::string way(const Finding& finding) {
    if (!finding.certain) return {};
    if (finding.path.empty()) return "<p class=\"soft\">It had just begun to be monitored.</p>";
    std::string out = "<ol class=\"way\">";
    if (finding.events > finding.path.size())
      out += cat("<li class=\"soft\">",
                 counted(finding.events - finding.path.size(), "step", "steps"), " before</li>");
    for (const PathStep& step : finding.path)
      out += cat("<li>", code(step.state), "<em>", html(step.event), "</em></li>");
    return out + cat("<li>", code(finding.what.state), "<em class=\"bad\">",
                     html(finding.what.event), " ✕</em></li></ol>");
  }

  std::string set_text(SetNumber set) const {
    if (set >= monitor_.sets.size()) return "?";
    std::vector<StateOrNone> names;
    for (const StateId state : monitor_.sets[set]) {
      names.push_back(state == kNoState
                          ? StateOrNone()
                          : StateOrNone(monitor_.about.model.states()[index(state)].name));
    }
    return swerve::set_text(names);
  }

  std::string steps(const Finding& finding) const {
    std::string out =
        "<details class=\"steps\"><summary>These steps as a list</summary><table><thead><tr>"
        "<th class=\"n\">Time</th><th class=\"n\">From here</th><th "
        "class=\"n\">CPU</th><th>State</th>"
        "<th>Event</th><th>Next</th></tr></thead><tbody>\n";
    const auto row = [&](const StepData& step, std::string_view kind, const std::string& next) {
      out +=
          cat("<tr", kind, "><td class=\"n\">", seconds_text(step.time), "</td><td class=\"n\">",
              offset_text(step.time, finding.what.time), "</td><td class=\"n\">", step.cpu,
              "</td><td>", code(set_text(step.from)), "</td><td>",
              code(step.event == kNoEvent ? "?" : monitor_.about.model.events()[index(step.event)]),
              "</td><td>", next, "</td></tr>\n");
    };
    const auto of = [&](const StepData& step) {
      switch (step.kind) {
        case StepData::Kind::step:
          return row(step, "", code(set_text(step.to)));
        case StepData::Kind::violation:
          return row(step, " class=\"bad\"", "not allowed");
        case StepData::Kind::inconclusive:
          return row(step, " class=\"maybe\"", "not certain");
      }
    };
    for (const StepData& step : finding.before) of(step);
    of({finding.certain ? StepData::Kind::violation : StepData::Kind::inconclusive,
        finding.what.time, finding.what.cpu, finding.event, finding.states, kUnknownSet});
    for (const StepData& step : finding.after) of(step);
    return out + "</tbody></table></details>\n";
  }

  const PageData& page_;
  std::size_t number_;
  const MonitorData& monitor_;
  std::optional<Drawing> drawing_;
};

std::string fact(std::string_view name, std::string_view value) {
  return cat("<div><dt>", name, "</dt><dd>", value, "</dd></div>\n");
}

std::string moment(const CheckedTrace& trace, TimeNs time) {
  if (trace.clock != "unix") return seconds_text(time);
  return cat(seconds_text(time), "<br><span class=\"soft\">",
             wall_time_text(static_cast<std::int64_t>(time.ns)), "</span>");
}

std::string holes(const CheckedTrace& trace) {
  std::string out =
      cat("<details class=\"holes\"><summary>Where events were lost</summary><table><thead><tr>"
          "<th>CPU</th><th class=\"n\">From</th><th class=\"n\">To</th><th class=\"n\">For</th>"
          "<th class=\"n\">Events</th></tr></thead><tbody>\n");
  for (const MissingEvents& hole : trace.missing) {
    out +=
        cat("<tr><td>", hole.cpu == kEveryCpu ? "all" : std::to_string(hole.cpu),
            "</td><td class=\"n\">", seconds_text(hole.from), "</td><td class=\"n\">",
            seconds_text(hole.to), "</td><td class=\"n\">",
            duration_text(hole.to.ns - std::min(hole.from.ns, hole.to.ns)), "</td><td class=\"n\">",
            hole.lost == 0 ? "not known" : grouped(hole.lost), "</td></tr>\n");
  }
  out += "</tbody></table>\n";
  if (trace.holes_in_all() > trace.missing.size())
    out += cat("<p class=\"note\">", grouped(trace.holes_in_all() - trace.missing.size()),
               " more are not listed.</p>\n");
  return out + "</details>\n";
}

std::string trace_facts(const CheckedTrace& trace, bool name) {
  std::string out = "<div class=\"trace\">\n";
  if (name) out += element("h3", shown_name(trace));
  if (!trace.error.empty())
    out += cat("<p class=\"error\">Not wholly read: ", html(trace.error), "</p>\n");
  out += "<dl>\n";
  out += fact("Format", html(trace.format));
  out += fact("Clock", trace.clock.empty() ? "not told" : html(trace.clock));
  out += fact("Events", grouped(trace.events));
  out += fact("Duration", duration_text(trace.last.ns - std::min(trace.first.ns, trace.last.ns)));
  if (trace.events != 0) {
    out += fact("First event", moment(trace, trace.first));
    out += fact("Last event", moment(trace, trace.last));
  }
  if (const std::uint64_t count = trace.holes_in_all(); count != 0) {
    std::uint64_t lost = 0;
    for (const HolesOfCpu& one : trace.holes) lost += one.lost;
    out +=
        fact("Lost", cat("<b class=\"maybe\">", counted(count, "hole", "holes"), "</b>",
                         lost == 0 ? std::string() : cat(", ", counted(lost, "event", "events"))));
  }
  if (trace.late != 0)
    out += fact("Came too late", cat("<b class=\"maybe\">", grouped(trace.late), "</b>"));
  if (trace.not_understood != 0)
    out += fact("Not understood",
                cat("<b class=\"maybe\">", counted(trace.not_understood, "line", "lines"), "</b>"));
  out += "</dl>\n";
  for (const std::string& note : trace.not_met())
    out += cat("<p class=\"note\">", html(note), "</p>\n");
  if (!trace.missing.empty()) out += holes(trace);
  return out + "</div>\n";
}

std::string overview(const PageData& page) {
  std::string out =
      "<nav class=\"wide\"><table><thead><tr><th>Monitor</th><th></th><th>What it says</th>"
      "<th class=\"n\">Steps</th></tr></thead><tbody>\n";
  for (std::size_t i = 0; i < page.monitors.size(); ++i) {
    const MonitorData& one = page.monitors[i];
    out += cat("<tr><td><a href=\"#m", i, "\">", html(one.about.name), "</a></td><td>",
               chip(verdict_of(page, i)), "</td><td>", html(one.about.description),
               "</td><td class=\"n\">", grouped(one.steps), "</td></tr>\n");
  }
  return out + "</tbody></table></nav>\n";
}

}  // namespace

void write_page(const PageData& page, const std::function<void(std::string_view)>& put) {
  put(
      cat("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'unsafe-inline'; script-src 'sha256-",
          kScriptHash,
          "'; base-uri 'none'; form-action 'none'\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
          Answer(page).text(), " in ", title(page), "</title>\n<style>", kStyle,
          "</style>\n</head>\n"));
  put(cat("<body>\n<main>\n<header class=\"page\"><p class=\"brand\">swerve check</p><h1>",
          title(page), "</h1></header>\n", top(page), "<section class=\"traces\">\n"));
  for (const CheckedTrace& trace : page.traces) put(trace_facts(trace, page.traces.size() > 1));
  put("</section>\n");
  if (page.monitors.size() > 1) put(overview(page));
  for (std::size_t i = 0; i < page.monitors.size(); ++i) MonitorSection(page, i).write(put);
  put(cat("</main>\n<script>", kScript, "</script>\n</body>\n</html>\n"));
}

}  // namespace swerve
