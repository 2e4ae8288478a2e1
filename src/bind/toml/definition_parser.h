// bind/toml/definition_parser.h - reads a monitor's definition from TOML. The only user of toml++.
//
// The file's keys stand in docs/definitions.md. Here names are checked for form, types and
// presence; what they refer to is looked up by bind().
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bind/definition.h"
#include "swerve/base/diagnostic.h"
#include "swerve/base/result.h"

namespace swerve {

/// The longest definition file, in bytes.
inline constexpr std::size_t kDefinitionBytesMax = 1U << 20;

struct ParsedDefinition {
  std::optional<Definition> definition;  // set exactly when there is no error
  std::optional<Definition> draft;       // else what could be read, for check_bindings()
  Diagnostics diagnostics;               // in file order
};

/// Reads `text`; `path` names it in places and becomes Definition::path. Any bytes will do. All
/// problems of the definition are reported, of TOML's own syntax the first. After 100 the rest is
/// counted only.
ParsedDefinition parse_definition(std::string_view text, const std::string& path);

/// The same for a file. Errors: the file cannot be read, or is longer than kDefinitionBytesMax.
Result<ParsedDefinition> load_definition(const std::string& path);

}  // namespace swerve
