#include "monitor/verdict_words.h"

namespace swerve {

namespace {
StateId name_occurrence(Occurrence& what, const Automaton& model, const StepTable& table,
                        EventId event, Instance from) {
  const StateId state = table.state(table.newest(from.word));
  what.state = model.states()[index(state)].name;
  what.event = model.events()[index(event)];
  return state;
}
}  // namespace

void name_violation(Violation& violation, const Automaton& model, const StepTable& table,
                    EventId event, Instance from) {
  const StateId state = name_occurrence(violation, model, table, event, from);
  for (const EventId allowed : model.allowed(state)) {
    violation.expected.push_back(model.events()[index(allowed)]);
  }
  for (const Transition& t : table.path(from)) {
    violation.path.push_back({model.states()[index(t.from)].name, model.events()[index(t.event)],
                              model.states()[index(t.to)].name});
  }
}

void name_step(Step& step, const Automaton& model, const StepTable& table, EventId event,
               Instance from) {
  const StateId state = name_occurrence(step, model, table, event, from);
  const State& next = model.states()[index(model.next(state, event))];
  step.next = next.name;
  step.final = next.final;
}

}  // namespace swerve
