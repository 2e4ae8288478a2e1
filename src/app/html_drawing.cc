#include "app/html_drawing.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "app/graphviz.h"
#include "app/html_text.h"
#include "base/text.h"

namespace swerve {
namespace {

constexpr std::size_t kMostStates = 120, kMostEdges = 400;
constexpr std::size_t kMostRefusals = 12;
constexpr unsigned kSeconds = 10;
constexpr std::string_view kMargin = "\u00a0\u00a0";  // around a label, so that no line touches it
constexpr double kFitWidth = 1080, kFitHeight = 600;

/// The commonest refusals, at most kMostRefusals.
std::vector<std::pair<Refusal, RefusalCount>> commonest(const MonitorData& monitor) {
  std::vector<std::pair<Refusal, RefusalCount>> out;
  for (const auto& [refusal, count] : monitor.refused)
    if (refusal.first != kNoState && refusal.second != kNoEvent) out.push_back({refusal, count});
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second.violations, a.second.possible) >
           std::pair(b.second.violations, b.second.possible);
  });
  if (out.size() > kMostRefusals) out.resize(kMostRefusals);
  return out;
}

struct Edge {
  std::string label;
  std::uint64_t taken = 0;  // at most
};

/// 1 for what was never taken, and more by its order of magnitude.
std::string pen_width(std::uint64_t taken) {
  const double width = taken == 0 ? 1 : 1.2 + 0.5 * std::log10(static_cast<double>(taken));
  const long tenths = std::lround(width * 10);
  return cat(tenths / 10, ".", tenths % 10);
}

/// Fills `drawing` with the names of the parts; the graph without its direction.
std::string graph(const MonitorData& monitor, Drawing& drawing) {
  const Automaton& model = monitor.about.model;
  std::map<std::pair<StateId, StateId>, Edge> edges;
  std::vector<Times> visits(model.states().size());
  for (const Transition& t : model.transitions()) {
    const auto taken = monitor.taken.find({t.from, t.event});
    const Times times = taken == monitor.taken.end() ? Times() : taken->second;
    Edge& edge = edges[{t.from, t.to}];
    if (!edge.label.empty()) edge.label += "\\n";
    edge.label += cat(kMargin, model.events()[index(t.event)], " ×",
                      range_text(times.certain, times.possible), kMargin);
    edge.taken += times.possible;
    visits[index(t.to)].certain += times.certain;
    visits[index(t.to)].possible += times.possible;
  }
  std::string out =
      "  node [shape=box style=rounded fontname=\"Helvetica,Arial,sans-serif\" fontsize=13 "
      "margin=\"0.16,0.08\" height=0.4]\n"
      "  edge [fontname=\"Helvetica,Arial,sans-serif\" fontsize=11 arrowsize=0.7]\n"
      "  init [shape=point width=0.12 label=\"\" class=\"init\"]\n"
      "  init -> s0 [class=\"init\"]\n";
  for (std::size_t s = 0; s < model.states().size(); ++s) {
    const State& state = model.states()[s];
    out += cat("  s", s, " [label=<", state.name, "<BR/><FONT POINT-SIZE=\"10\">",
               range_text(visits[s].certain, visits[s].possible),
               visits[s].possible == 1 ? " visit" : " visits", "</FONT>> class=\"state",
               visits[s].possible == 0 && s != 0 ? " never" : "", " is_s", s, "\"",
               state.final ? " peripheries=2" : "", "]\n");
  }
  for (const auto& [ends, edge] : edges) {
    const std::size_t number = drawing.edges.size();
    drawing.edges.emplace(ends, number);
    out += cat("  s", index(ends.first), " -> s", index(ends.second), " [label=\"", edge.label,
               "\" penwidth=", pen_width(edge.taken),
               edge.taken == 0 ? " style=dashed class=\"never" : " class=\"taken", " is_e", number,
               "\"]\n");
  }
  for (const auto& [refusal, count] : commonest(monitor)) {
    const std::size_t number = drawing.refusals.size();
    drawing.refusals.emplace(refusal, number);
    const bool sure = count.violations != 0;
    const std::string classes = cat(sure ? "refused" : "maybe", " is_x", number);
    out +=
        cat("  x", number, " [shape=plaintext margin=0 width=0.22 height=0.22 fontsize=15 label=\"",
            sure ? "✕" : "?", "\" class=\"", classes, "\"]\n");
    out += cat("  s", index(refusal.first), " -> x", number, " [label=\"", kMargin,
               model.events()[index(refusal.second)], " ×",
               grouped(sure ? count.violations : count.possible), kMargin,
               "\" style=dashed penwidth=1.4 class=\"", classes, "\"]\n");
  }
  return out;
}

/// What stands between `before` and the next `after`.
std::optional<std::string_view> between(std::string_view text, std::string_view before,
                                        std::string_view after) {
  std::size_t begin = text.find(before);
  if (begin == std::string_view::npos) return std::nullopt;
  begin += before.size();
  const std::size_t end = text.find(after, begin);
  if (end == std::string_view::npos) return std::nullopt;
  return text.substr(begin, end - begin);
}

/// Whether a line of SVG is the label of a transition that was never taken.
bool never(std::string_view line) {
  constexpr std::string_view kNone = " ×0", kTo = "–";
  const std::size_t at = line.find(kNone);
  return line.starts_with("<text ") && at != std::string_view::npos &&
         !line.substr(at + kNone.size()).starts_with(kTo);
}

/// The group in Graphviz's SVG, without comments and titles (tooltips with our short names), and
/// with the properties that light its parts. Empty when it is not as we know it.
std::string tidied(std::string_view svg) {
  std::string out;
  const std::size_t begin = svg.find("<g "), end = svg.rfind("</svg>");
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return out;
  for (svg = svg.substr(begin, end - begin); !svg.empty();) {
    const std::string_view line = take_line(svg);
    if (line.starts_with("<!--") || line.starts_with("<title>")) continue;
    if (const auto name = between(line, " is_", "\""); line.starts_with("<g ") && name) {
      out += cat(line.substr(0, line.rfind('>')), " style=\"--on:var(--", *name, ",0)");
      if (name->starts_with('s')) out += cat(";--mark:var(--v", name->substr(1), ",var(--edge))");
      out += "\">\n";
    } else if (never(line)) {
      out += cat("<text class=\"never\" ", line.substr(6), "\n");
    } else {
      out += cat(line, "\n");
    }
  }
  return out;
}

/// Takes a number and what follows it up to the next blank.
double take_number(std::string_view& text) {
  double number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number).ptr;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (text.starts_with(' ')) text.remove_prefix(1);
  return number;
}

/// How large the drawing comes out where it has to fit.
double scale(const Drawing& drawing) {
  return std::min({kFitWidth / drawing.width, kFitHeight / drawing.height, 1.0});
}

}  // namespace

Result<Drawing> draw_monitor(const MonitorData& monitor, std::size_t number) {
  Drawing names;
  const std::string body = graph(monitor, names);
  if (monitor.about.model.states().size() > kMostStates || names.edges.size() > kMostEdges)
    return Error(ErrorCode::exhausted, cat("the model is too large to be drawn: ",
                                           monitor.about.model.states().size(), " states"));
  std::optional<Drawing> best;
  for (const std::string_view direction : {"LR", "TB"}) {
    SWERVE_TRY_ASSIGN(
        const std::string svg,
        draw_svg(cat("digraph m {\n  graph [id=\"d", number, "\" rankdir=", direction,
                     " bgcolor=transparent pad=0.05 nodesep=0.35 ranksep=0.45]\n", body, "}\n"),
                 kSeconds));
    Drawing drawing = names;
    drawing.content = tidied(svg);
    std::string_view box = between(svg, "viewBox=\"", "\"").value_or("");
    take_number(box);
    take_number(box);
    drawing.width = take_number(box);
    drawing.height = take_number(box);
    if (drawing.content.empty() || drawing.width <= 0 || drawing.height <= 0)
      return Error(ErrorCode::unsupported, "dot made a drawing of an unknown form");
    if (!best || scale(drawing) > scale(*best)) best = std::move(drawing);
  }
  return std::move(*best);
}

}  // namespace swerve
