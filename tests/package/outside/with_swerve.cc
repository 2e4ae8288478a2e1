// A model from text, stepped to a violation; a registry with a reactor and an instrumentation of
// one's own, used through its control tree.
#include <cstdio>
#include <memory>
#include <string>

#include "swerve/control/tree.h"
#include "swerve/model/dot_parser.h"
#include "swerve/monitor/instance.h"

namespace {

class Quiet final : public swerve::Reactor {
 public:
  std::string_view name() const override { return "quiet"; }
  std::string_view description() const override { return "says nothing"; }
  swerve::Result<> react(const swerve::Reaction&) override { return {}; }
};

class Nothing final : public swerve::Instrumentation {
 public:
  using Handles = std::span<const swerve::MonitorHandle>;
  swerve::Result<> attach(swerve::MonitorHandle, const swerve::ReactionSetting&, bool) override {
    return {};
  }
  swerve::Result<> detach(Handles) override { return {}; }
  swerve::Result<> reset(Handles) override { return {}; }
  swerve::Result<> switch_on(Handles) override { return {}; }
  swerve::Result<> switch_off(Handles) override { return {}; }
  swerve::Result<> set_reacting(bool) override { return {}; }
  swerve::MonitorStats stats(swerve::MonitorHandle) const override { return {}; }
};

int failed = 0;
void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  failed = 1;
}

}  // namespace

int main() {
  const auto model = swerve::parse_dot(
      "digraph { __init_closed -> closed; closed -> opened [label=open]; opened -> closed "
      "[label=close]; }",
      "inline");
  for (const auto& diagnostic : model.diagnostics) std::puts(diagnostic.to_string().c_str());
  expect(model.automaton.has_value(), "the model is read");
  if (!model.automaton) return 1;
  const swerve::StepTable table(*model.automaton);
  swerve::SharedInstance instance;
  const auto open = model.automaton->find_event("open");
  using swerve::Handler, swerve::Outcome;
  expect(instance.step(table, open, Handler::start_run).outcome == Outcome::stepped, "open");
  expect(instance.step(table, open, Handler::event).outcome == Outcome::violated, "open, open");

  auto reactors = swerve::ReactorSet::standard();
  expect(reactors.add(std::make_shared<Quiet>()).has_value(), "a reactor of one's own");
  // One typeinfo on both sides.
  const auto nop = reactors.make({});
  expect(nop && dynamic_cast<swerve::NopReactor*>(nop->get()) != nullptr, "nop is a NopReactor");

  Nothing instrumentation;
  swerve::Reactions reactions;
  swerve::Registry registry(reactors, reactions);
  swerve::VerdictStreams streams;
  swerve::ControlTree tree(registry, streams, nullptr);
  swerve::MonitorEntry entry;
  entry.name = "files";
  entry.description = "open, then close";
  entry.instrumentation = &instrumentation;
  expect(registry.register_monitor(entry).has_value(), "it is registered");
  expect(registry.choose_reactor("files", "quiet").has_value(), "it gets its reactor");
  swerve::TreeOpen how;
  how.read = how.write = true;
  const auto file = tree.open("enabled_monitors", how);
  expect(file && (*file)->write("files\n").has_value(), "it is enabled by the tree");
  expect(registry.find("files")->enabled, "it is enabled");
  const auto refused = (*file)->write("filse\n");
  expect(!refused && refused.error().message().find("did you mean 'files'?") != std::string::npos,
         "a wrong name is refused");
  return failed;
}
