// app/model.cc - `swerve model`: reads, checks and prints a model.
#include "app/commands.h"
#include "app/graphviz.h"
#include "app/output.h"
#include "base/text.h"
#include "model/describe.h"
#include "model/json_printer.h"
#include "swerve/model/dot_parser.h"
#include "swerve/model/dot_printer.h"

namespace swerve {
namespace {

constexpr int kFailed = 2;

}  // namespace

int run_model(const ModelOptions& options) {
  const Result<std::string> text = read_file(options.file);
  if (!text) {
    complain(escape(text.error().message()));
    return kFailed;
  }
  const ParsedAutomaton parsed = parse_dot(*text, options.file);
  show(parsed.diagnostics);
  if (!parsed.automaton) return kFailed;
  switch (options.form) {
    case ModelOptions::Form::text:
      return finish(describe(*parsed.automaton), 0);
    case ModelOptions::Form::dot:
      return finish(to_dot(*parsed.automaton), 0);
    case ModelOptions::Form::json:
      return finish(to_json(*parsed.automaton) + "\n", 0);
    case ModelOptions::Form::svg:
      break;
  }
  const Result<std::string> drawn = draw_svg(to_dot(*parsed.automaton));
  if (drawn) return finish(*drawn, 0);
  complain(drawn.error().within("--svg needs Graphviz").message());
  return kFailed;
}

}  // namespace swerve
