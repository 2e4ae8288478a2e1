// app/html_data.h - what a page of `swerve check` shows: plain values, gathered by the report.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "app/html_report.h"

namespace swerve {

/// A set of states by its number in MonitorData::sets. Those of one state come first, with the
/// state's number.
using SetNumber = std::uint32_t;
inline constexpr SetNumber kUnknownSet = 0xffffffff;

/// What an event did to an instance.
struct StepData {
  enum class Kind : std::uint8_t { step, violation, inconclusive };
  Kind kind = Kind::step;
  TimeNs time;
  std::uint32_t cpu = 0;
  EventId event = kNoEvent;
  SetNumber from = kUnknownSet, to = kUnknownSet;
};

/// A violation, or what may have been one, and what the instance did around it.
struct Finding {
  bool certain = true;  // a violation; else inconclusive
  std::size_t trace = 0;
  Occurrence what;
  SetNumber states = kUnknownSet;
  EventId event = kNoEvent;
  std::vector<std::string> expected;  // certain
  std::vector<PathStep> path;         // certain
  std::uint64_t events = 0;           // certain
  std::vector<std::string> violating;
  Doubt why = Doubt::none;
  std::vector<StepData> before, after;
  bool more_before = false;  // the instance had made more steps than `before` has
};

/// How often something happened: not less than, and not more than.
struct Times {
  std::uint64_t certain = 0, possible = 0;
};

/// An event that a state refuses.
using Refusal = std::pair<StateId, EventId>;
struct RefusalCount {
  std::uint64_t violations = 0;  // in that state for certain
  std::uint64_t possible = 0;    // where it was one of several
};

struct MonitorData {
  HtmlReport::Monitor about;
  std::vector<std::vector<StateId>> sets;  // kNoState: not monitoring
  std::map<std::pair<StateId, EventId>, Times> taken;
  std::uint64_t steps = 0;
  std::uint64_t unsure_steps = 0;  // of these, not certain
  std::map<Refusal, RefusalCount> refused;
  std::uint64_t violations = 0, inconclusive = 0;  // in all
  std::vector<Finding> findings;                   // those that are shown
};

struct PageData {
  std::vector<CheckedTrace> traces;
  std::vector<MonitorData> monitors;
};

}  // namespace swerve
