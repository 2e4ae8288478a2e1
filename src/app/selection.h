// app/selection.h - from what the user named to monitors that are bound and ready to be loaded.
#pragma once

#include <string>
#include <vector>

#include "app/definitions.h"
#include "bind/definition.h"
#include "bind/probe.h"
#include "swerve/base/diagnostic.h"

namespace swerve {

/// The definition files that the arguments of `swerve mon` mean, in that order. A name is matched
/// whole, as NAME or PARENT:NAME; a container stands for its children. Errors: not_found (with a
/// near-miss hint), exists (one is named twice), invalid.
Result<std::vector<DefinitionFile>> select_monitors(const std::vector<std::string>& arguments,
                                                    const std::vector<std::string>& folders);

struct BoundSelection {
  std::vector<BoundMonitor> monitors;  // all of them, when no diagnostic is an error
  Diagnostics diagnostics;
};
/// Reads every file with its model and binds it; all problems of all of them are reported together.
BoundSelection bind_monitors(const std::vector<DefinitionFile>& files, const ProbeCatalog& catalog);

}  // namespace swerve
