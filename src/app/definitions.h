// app/definitions.h - finding the definitions of monitors by name.
//
// In a folder of monitors a definition is NAME.toml or NAME/NAME.toml; the children of a container
// are PARENT/NAME/NAME.toml.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "swerve/base/result.h"

namespace swerve {

struct DefinitionFile {
  std::string name;
  std::string parent;  // empty: top level
  std::string path;

  /// "parent:name" or "name".
  std::string full_name() const { return parent.empty() ? name : parent + ":" + name; }
};

/// The folders to search when no --monitors was given: the source tree's for a swerve where it was
/// built (CMake's cache is beside it), else a folder "monitors" beside the program (one that was
/// copied to another machine), else the installed one.
std::vector<std::string> default_folders();

/// What the folders hold: in the order of the folders and within them by name, a container's
/// children after it. A name that an earlier folder had is left out. Errors: a folder that cannot
/// be read.
Result<std::vector<DefinitionFile>> find_definitions(const std::vector<std::string>& folders);

/// Whether an argument is a path and not a name: it holds a '/' or ends in ".toml".
bool is_path(std::string_view argument);

}  // namespace swerve
