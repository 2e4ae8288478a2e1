// bind/toml/monitor_reader.h - a definition and its model from their two files.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "bind/definition.h"
#include "swerve/base/diagnostic.h"
#include "swerve/base/result.h"
#include "swerve/model/automaton.h"

namespace swerve {

/// A definition and its model as read; `model` is empty for a container or when there are errors.
struct ReadMonitor {
  std::optional<Definition> definition;
  std::optional<Definition> draft;  // of a definition with errors
  std::optional<Automaton> model;
  Diagnostics diagnostics;

  /// The definition, or what could be read of it; null when there is neither.
  const Definition* whole_or_draft() const {
    if (definition) return &*definition;
    return draft ? &*draft : nullptr;
  }
};

/// How a file is read: the path and the most bytes that it may have.
using FileReader = std::function<Result<std::string>(const std::string& path, std::size_t limit)>;

/// A file that cannot be read is an error among the diagnostics; `error` gets it too, if given.
ReadMonitor read_monitor(const std::string& path, const FileReader& read = nullptr,
                         std::optional<Error>* error = nullptr);

/// What was read, bound against `catalog`, with all that reading and binding have to say: the
/// definition's in its order, then the model's. `monitor` is empty for a container too.
BindOutcome bind_read(const ReadMonitor& read, const ProbeCatalog& catalog);

}  // namespace swerve
