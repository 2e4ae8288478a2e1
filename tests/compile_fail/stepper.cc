// What table_lookup.py looks at: all that a program has of a model which it only steps.
#include "swerve/model/dot.h"

inline constexpr auto door = swerve::dot(R"(digraph door {
  __init_closed -> closed;
  closed -> open [label = "open"];
  open -> closed [label = "close\nslam"];
  closed -> locked [label = "lock"];
  locked -> closed [label = "unlock"];
})");

bool step(swerve::Stepper<door>& stepper, swerve::EventId event) { return stepper.step(event); }
