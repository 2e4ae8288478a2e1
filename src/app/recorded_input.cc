#include "app/recorded_input.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "app/definitions.h"
#include "app/locked_catalog.h"
#include "app/selection.h"
#include "base/text.h"
#include "kernel/catalog.h"

namespace swerve {

namespace fs = std::filesystem;

namespace {

/// Whether the table of the commonest events has all that the definitions name.
bool known_without_kernel(const CheckedDefinitions& definitions) {
  const RecordedCatalog table(nullptr, {});
  return std::all_of(definitions.read.begin(), definitions.read.end(), [&](const ReadMonitor& one) {
    return bind_read(one, table).diagnostics.empty();
  });
}

}  // namespace

Result<CheckedDefinitions> read_definitions(const std::vector<std::string>& monitors,
                                            const std::vector<std::string>& folders) {
  SWERVE_TRY_ASSIGN(const std::vector<DefinitionFile> files,
                    select_monitors(monitors, folders.empty() ? default_folders() : folders));
  CheckedDefinitions out;
  std::set<std::string> names;
  for (const DefinitionFile& file : files) {
    ReadMonitor& read = out.read.emplace_back(read_monitor(file.path));
    if (read.definition && !names.insert(read.definition->name).second)
      return Error(ErrorCode::exists,
                   cat("two of the monitors are named '", escape(read.definition->name), "'"));
  }
  // The kernel's types take their time and 20 MB; a machine without them checks recordings all the
  // same.
  if (known_without_kernel(out)) return out;
  if (Result<std::unique_ptr<KernelCatalog>> kernel = KernelCatalog::load())
    out.base = std::make_shared<LockedCatalog>(*std::move(kernel));
  return out;
}

Result<> check_files(const std::vector<std::string>& traces,
                     const std::vector<std::string>& outputs) {
  std::error_code error;
  std::set<std::string> seen;
  const auto same = [&](const std::string& name) {
    const fs::path path = fs::weakly_canonical(name, error);
    return error || path.empty() ? name : path.string();
  };
  for (const std::string& trace : traces) {
    if (!seen.insert(trace == "-" ? trace : same(trace)).second)
      return Error(ErrorCode::invalid, trace == "-"
                                           ? std::string("standard input is named twice")
                                           : cat("the trace ", escape(trace), " is named twice"));
  }
  for (const std::string& output : outputs) {
    if (output.empty() || output == "-") continue;
    if (!seen.insert(same(output)).second)
      return Error(ErrorCode::invalid,
                   cat(escape(output), " is to be written, but is named a second time"));
    // Also under another name.
    for (const std::string& trace : traces) {
      if (trace != "-" && fs::equivalent(trace, output, error) && !error)
        return Error(ErrorCode::invalid,
                     cat(escape(output), " is to be written, but is the trace ", escape(trace)));
    }
  }
  return {};
}

ReadOptions read_options(const std::optional<TimeNs>& window, const std::string& buffer) {
  ReadOptions out;
  if (window) out.window.ns = window->ns;
  out.buffer = buffer;
  return out;
}

}  // namespace swerve
