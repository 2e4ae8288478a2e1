// control/inproc/program_catalog.h - the tracepoints of this program as a definition in TOML binds
// them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bind/definition.h"
#include "bind/expr.h"
#include "bind/probe.h"
#include "control/inproc/program_instrumentation.h"
#include "swerve/source/tracepoint.h"

namespace swerve {

/// What a definition can name: "inproc:NAME" for each tracepoint that there is now, with its
/// parameters by their names. Numbers, booleans and enumerations have their types, pointers are
/// void pointers, and texts are compared as pointers to char are, and are keys. There are no
/// records.
class ProgramCatalog final : public ProbeCatalog {
 public:
  Type type(TypeId id) const override;
  std::optional<Member> member(TypeId, std::string_view) const override { return std::nullopt; }
  std::vector<std::string> member_names(TypeId) const override { return {}; }
  std::optional<Enumerator> enumerator(std::string_view) const override { return std::nullopt; }
  TypeId task_struct() const override { return kVoid; }
  Result<Signature> signature(const Probe& probe) const override;
};

/// The names in a list of parameters as C++ writes it; empty for those that have none.
/// "int fd, std::pair<int, int> range, const char*" -> "fd", "range", ""
std::vector<std::string> parameter_names(std::string_view parameters);

/// Whether its objects are named by a text: the key is such a parameter, and nothing else.
bool has_text_key(const Binding& binding);

/// Attaches `binding` to every tracepoint of its name.
ProgramInstrumentation::Attach attach_bound(Binding binding);

}  // namespace swerve
