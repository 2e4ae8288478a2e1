// app/html_drawing.h - a monitor's model as a drawing in a page.
//
// States and transitions carry how often they were met; events that were refused are dashed edges
// to a cross. What is drawn can be lit from outside, without a script: each part has a name ("s3"
// a state, "e5" an edge, "x0" a refusal), and is lit where the CSS property --NAME is 1.
// --v3 is the colour of the state s3.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/html_data.h"
#include "swerve/base/result.h"

namespace swerve {

struct Drawing {
  std::string content;  // SVG: a group with the id "d" and the monitor's number
  double width = 0, height = 0;
  std::map<std::pair<StateId, StateId>, std::size_t> edges;  // by its ends: the number in its name
  std::map<Refusal, std::size_t> refusals;                   // likewise; the commonest only
};

/// Errors: those of draw_svg(); exhausted (the model is too large to be drawn).
Result<Drawing> draw_monitor(const MonitorData& monitor, std::size_t number);

}  // namespace swerve
