// monitor/verdict_words.h - what a step or a violation is called, from the numbers that engines
// have.
#pragma once

#include "swerve/model/automaton.h"
#include "swerve/monitor/step_table.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

/// Puts into `violation` the state, the event, what was allowed instead, and the way there. `from`
/// is the instance that the event was processed on. Cost: grows with the number of events of the
/// model.
void name_violation(Violation& violation, const Automaton& model, const StepTable& table,
                    EventId event, Instance from);

/// The same of a step: the state, the event, the next state.
void name_step(Step& step, const Automaton& model, const StepTable& table, EventId event,
               Instance from);

}  // namespace swerve
