#include "bind/toml/monitor_reader.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "bind/toml/definition_parser.h"
#include "swerve/model/dot_parser.h"

namespace swerve {
namespace fs = std::filesystem;

ReadMonitor read_monitor(const std::string& path, const FileReader& read,
                         std::optional<Error>* error) {
  constexpr std::size_t kModelBytesMax = 64U << 20;
  ReadMonitor out;
  const auto text_of = [&](const std::string& file, std::size_t limit, const Place& named) {
    Result<std::string> text = read ? read(file, limit) : read_file(file, limit);
    if (!text) {
      out.diagnostics.push_back({Severity::error, named, text.error().message()});
      if (error != nullptr) *error = text.error();
    }
    return text;
  };
  const Result<std::string> text = text_of(path, kDefinitionBytesMax, {path, 0, 0});
  if (!text) return out;
  ParsedDefinition parsed = parse_definition(*text, path);
  out.diagnostics = std::move(parsed.diagnostics);
  out.definition = std::move(parsed.definition);
  out.draft = std::move(parsed.draft);
  const Definition* const definition = out.whole_or_draft();
  if (definition == nullptr || definition->container || definition->model.empty()) return out;
  fs::path model = definition->model;
  if (model.is_relative()) model = fs::path(path).parent_path() / model;
  const Result<std::string> dot = text_of(model.string(), kModelBytesMax, definition->model_place);
  if (!dot) return out;
  ParsedAutomaton automaton = parse_dot(*dot, model.string());
  out.diagnostics.insert(out.diagnostics.end(), automaton.diagnostics.begin(),
                         automaton.diagnostics.end());
  out.model = std::move(automaton.automaton);
  return out;
}

BindOutcome bind_read(const ReadMonitor& read, const ProbeCatalog& catalog) {
  BindOutcome out{{}, read.diagnostics};
  const Definition* const definition = read.whole_or_draft();
  if (definition == nullptr || !read.model) return out;
  Diagnostics more;
  if (read.definition) {
    BindOutcome bound = bind(*read.definition, *read.model, catalog);
    out.monitor = std::move(bound.monitor);
    more = std::move(bound.diagnostics);
  } else {
    more = check_bindings(*read.draft, *read.model, catalog);
  }
  out.diagnostics.insert(out.diagnostics.end(), more.begin(), more.end());
  const auto of_model =
      std::stable_partition(out.diagnostics.begin(), out.diagnostics.end(),
                            [&](const Diagnostic& d) { return d.place.file == definition->path; });
  Diagnostics own(out.diagnostics.begin(), of_model);
  sort_by_place(own);
  std::copy(own.begin(), own.end(), out.diagnostics.begin());
  return out;
}

}  // namespace swerve
