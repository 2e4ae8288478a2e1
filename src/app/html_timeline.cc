#include "app/html_timeline.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <vector>

#include "app/html_text.h"
#include "base/text.h"

namespace swerve {
namespace {

constexpr double kWidth = 1040;  // aimed at
constexpr double kLane = 26;     // from lane to lane
constexpr double kSmall = 6.1;   // a character of the small text, about
constexpr double kName = 7.4;    // of a state's name
constexpr double kSlope = 0.62;  // sine of the angle of the events' names
constexpr std::size_t kNameSize = 30;
constexpr std::size_t kMostLanes = 40;

/// A number with at most one decimal.
std::string px(double number) {
  const long tenths = std::lround(number * 10);
  std::string out = cat(tenths < 0 ? "-" : "", std::labs(tenths) / 10);
  if (tenths % 10 != 0) out += cat(".", std::labs(tenths) % 10);
  return out;
}

class Timeline {
 public:
  Timeline(const MonitorData& monitor, const Finding& finding)
      : monitor_(monitor), finding_(finding) {
    steps_ = finding.before;
    mark_ = steps_.size();
    steps_.push_back({finding.certain ? StepData::Kind::violation : StepData::Kind::inconclusive,
                      finding.what.time, finding.what.cpu, finding.event, finding.states,
                      kUnknownSet});
    steps_.insert(steps_.end(), finding.after.begin(), finding.after.end());
    make_lanes();
    place();
  }

  std::string svg() {
    out_ = cat("<svg class=\"timeline\" viewBox=\"0 0 ", px(width_), " ", px(height_),
               "\" style=\"width:", px(width_), "px\" role=\"img\" aria-label=\"",
               "The states of the instance around this moment\">\n");
    lanes();
    for (std::size_t i = 0; i < steps_.size(); ++i) bars_before(i);
    bars_after_last();
    for (std::size_t i = 0; i < steps_.size(); ++i) moment(i);
    rulers();
    out_ += "</svg>\n";
    return std::move(out_);
  }

 private:
  using States = std::vector<StateId>;

  const States& states(SetNumber set) const {
    static const States kNone;
    return set < monitor_.sets.size() ? monitor_.sets[set] : kNone;
  }
  std::string state_name(StateId state) const {
    return state == kNoState ? "(not monitoring)"
                             : monitor_.about.model.states()[index(state)].name;
  }
  std::string event_name(EventId event) const {
    return event == kNoEvent ? "?" : monitor_.about.model.events()[index(event)];
  }
  std::string set_name(SetNumber set) const {
    std::vector<std::string> names;
    for (const StateId state : states(set)) names.push_back(state_name(state));
    return names.empty() ? "not known" : join(names, " or ");
  }

  /// A lane for each state that was met; where there are too many, those that were only possible
  /// are left out.
  void make_lanes() {
    std::set<StateId> met;  // kNoState is the largest: its lane is the lowest
    for (const bool certain : {true, false}) {
      for (const StepData& step : steps_) {
        for (const SetNumber set : {step.from, step.to}) {
          if ((states(set).size() == 1) != certain) continue;
          for (const StateId state : states(set))
            if (certain || met.size() < kMostLanes) met.insert(state);
        }
      }
    }
    lanes_.assign(met.begin(), met.end());
  }
  bool has_lane(StateId state) const {
    return std::binary_search(lanes_.begin(), lanes_.end(), state);
  }
  double lane(StateId state) const {
    const auto found = std::lower_bound(lanes_.begin(), lanes_.end(), state);
    return top_ + (static_cast<double>(found - lanes_.begin()) + 0.5) * kLane;
  }
  double bottom() const { return top_ + static_cast<double>(lanes_.size()) * kLane; }

  /// How wide the gap before a step is to be, in units: by the order of magnitude of its length.
  double units(std::size_t step) const {
    if (step == 0 || step == steps_.size()) return 1.2;
    const std::uint64_t from = steps_[step - 1].time.ns, to = steps_[step].time.ns;
    return 1 + 0.5 * std::log10(1 + static_cast<double>(to - std::min(from, to)) / 1000);
  }

  void place() {
    std::size_t names = 3, events = 0;
    for (const StateId state : lanes_) names = std::max(names, state_name(state).size());
    for (const StepData& step : steps_) events = std::max(events, event_name(step.event).size());
    left_ = 14 + kName * static_cast<double>(std::min(names, kNameSize));
    const double longest = kSmall * static_cast<double>(std::min(events, kNameSize));
    top_ = 20 + longest * kSlope;
    right_ = 10 + longest * 0.8;
    double sum = 0;
    for (std::size_t i = 0; i <= steps_.size(); ++i) sum += units(i);
    const double unit = std::clamp((kWidth - left_ - right_) / sum, 15.0, 46.0);
    double x = left_;
    for (std::size_t i = 0; i < steps_.size(); ++i) xs_.push_back(x += unit * units(i));
    end_ = x + unit * units(steps_.size());
    width_ = std::max(end_, x + right_);
    height_ = bottom() + 56;
  }

  void lanes() {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      const double y = top_ + static_cast<double>(i) * kLane;
      const std::string name = state_name(lanes_[i]);
      out_ += cat("<line class=\"rule\" x1=\"", px(left_ - 4), "\" x2=\"", px(end_), "\" y1=\"",
                  px(y + kLane / 2), "\" y2=\"", px(y + kLane / 2), "\"/><text class=\"lane",
                  lanes_[i] == kNoState ? " off" : "", "\" x=\"", px(left_ - 10), "\" y=\"",
                  px(y + kLane / 2 + 4), "\">", html(shortened(name, kNameSize)),
                  name.size() > kNameSize ? cat("<title>", html(name), "</title>") : std::string(),
                  "</text>\n");
    }
  }

  void bars(SetNumber set, double from, double to, std::string_view more = "") {
    const States& all = states(set);
    for (const StateId state : all) {
      out_ +=
          cat("<path class=\"bar", all.size() > 1 ? " unsure" : "", state == kNoState ? " off" : "",
              more, "\" d=\"M", px(from), " ", px(lane(state)), "H", px(to), "\"/>");
    }
    if (!all.empty()) out_ += "\n";
  }

  /// What the instance was in, from the step before to this one.
  void bars_before(std::size_t i) {
    const double to = xs_[i];
    const SetNumber was = steps_[i].from;
    if (i == 0) return bars(was, left_, to, finding_.more_before ? " fades" : "");
    const double from = xs_[i - 1];
    const SetNumber became = steps_[i - 1].to;
    if (became == was || states(was).size() > 1) return bars(was, from, to);
    // It became another one in between: started again, or not certain any more and then certain
    // again. When is not known.
    const double middle = (from + to) / 2;
    bars(became, from, middle, " fades");
    bars(was, middle, to, " begins");
  }
  void bars_after_last() { bars(steps_.back().to, xs_.back(), end_, " fades"); }

  std::string told(const StepData& step) const {
    std::string text = cat(event_name(step.event), ": ", set_name(step.from));
    if (step.kind == StepData::Kind::violation)
      text += " does not allow it";
    else if (step.kind == StepData::Kind::inconclusive)
      text += ", and not all of them allow it";
    else
      text += cat(" → ", set_name(step.to));
    return cat(text, " — CPU ", step.cpu, ", ", seconds_text(step.time), " (",
               offset_text(step.time, finding_.what.time), ")");
  }

  void moment(std::size_t i) {
    const StepData& step = steps_[i];
    const double x = xs_[i];
    std::string_view kind = step.kind == StepData::Kind::step        ? "step"
                            : step.kind == StepData::Kind::violation ? "refused"
                                                                     : "maybe";
    out_ += cat("<g class=\"moment ", kind, i == mark_ ? " mark" : "", "\"><title>",
                html(told(step)), "</title>");
    if (i == mark_)
      out_ += cat("<line class=\"when\" x1=\"", px(x), "\" x2=\"", px(x), "\" y1=\"", px(top_ - 4),
                  "\" y2=\"", px(bottom() + 2), "\"/>");
    const std::string name = event_name(step.event);
    out_ += cat("<text class=\"event\" transform=\"translate(", px(x + 3), " ", px(top_ - 8),
                ") rotate(-38)\">", html(shortened(name, kNameSize)), "</text>");
    double high = bottom(), low = top_;
    for (const SetNumber set : {step.from, step.to}) {
      for (const StateId state : states(set)) {
        if (!has_lane(state)) continue;
        high = std::min(high, lane(state));
        low = std::max(low, lane(state));
      }
    }
    if (step.kind == StepData::Kind::step && high < low)
      out_ += cat("<path class=\"goes\" d=\"M", px(x), " ", px(high), "V", px(low), "\"/>");
    if (step.kind == StepData::Kind::step) {
      for (const StateId state : states(step.to))
        if (has_lane(state))
          out_ += cat("<circle cx=\"", px(x), "\" cy=\"", px(lane(state)), "\" r=\"3\"/>");
    } else {
      for (const StateId state : states(step.from)) {
        if (state == kNoState || !has_lane(state) || !refuses(state, step)) continue;
        out_ += cat("<path class=\"cross\" d=\"M", px(x - 5), " ", px(lane(state) - 5),
                    "l10 10m0 -10l-10 10\"/>");
      }
    }
    // A wide place to point at.
    out_ += cat("<path class=\"hit\" d=\"M", px(x), " ", px(top_), "V", px(bottom()), "\"/></g>\n");
  }

  bool refuses(StateId state, const StepData& step) const {
    return step.event == kNoEvent || monitor_.about.model.next(state, step.event) == kNoState;
  }

  void small(double x, double y, std::string_view text, std::string_view more = "") {
    out_ += cat("<text class=\"small", more, "\" x=\"", px(x), "\" y=\"", px(y), "\">", html(text),
                "</text>");
  }

  /// Under the lanes: the CPU where it changes, and how long it was since the step before.
  void rulers() {
    const double cpu = bottom() + 14, gap = bottom() + 29, time = bottom() + 47;
    out_ += cat("<text class=\"lane soft\" x=\"", px(left_ - 10), "\" y=\"", px(cpu),
                "\">CPU</text><text class=\"lane soft\" x=\"", px(left_ - 10), "\" y=\"", px(gap),
                "\">gap</text>\n");
    double free = 0;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const std::string name = std::to_string(steps_[i].cpu);
      if (i != 0 && steps_[i].cpu == steps_[i - 1].cpu) continue;
      const double half = kSmall * static_cast<double>(name.size()) / 2;
      if (xs_[i] - half < free) continue;
      small(xs_[i], cpu, name);
      free = xs_[i] + half + 2;
    }
    for (std::size_t i = 1; i < steps_.size(); ++i) {
      const std::uint64_t from = steps_[i - 1].time.ns, to = steps_[i].time.ns;
      const std::string name = duration_text(to - std::min(from, to));
      if (kSmall * static_cast<double>(name.size()) > xs_[i] - xs_[i - 1]) continue;
      small((xs_[i] + xs_[i - 1]) / 2, gap, name);
    }
    const std::string when = seconds_text(finding_.what.time);
    const double half = kSmall * static_cast<double>(when.size()) / 2 + 8;
    small(xs_[mark_], time, when, finding_.certain ? " refused" : " maybe");
    if (mark_ != 0 && xs_[mark_] - half > xs_[0] + 30)
      small(xs_[0], time, offset_text(steps_[0].time, finding_.what.time));
    if (mark_ + 1 < steps_.size() && xs_[mark_] + half < xs_.back() - 30)
      small(xs_.back(), time, offset_text(steps_.back().time, finding_.what.time));
    out_ += "\n";
  }

  const MonitorData& monitor_;
  const Finding& finding_;
  std::vector<StepData> steps_;
  std::size_t mark_ = 0;  // the finding itself, in steps_
  std::vector<StateId> lanes_;
  std::vector<double> xs_;
  double left_ = 0, top_ = 0, right_ = 0, end_ = 0, width_ = 0, height_ = 0;
  std::string out_;
};

}  // namespace

std::string timeline_svg(const MonitorData& monitor, const Finding& finding) {
  return Timeline(monitor, finding).svg();
}

}  // namespace swerve
