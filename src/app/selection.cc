#include "app/selection.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/text.h"
#include "bind/toml/monitor_reader.h"

namespace swerve {
namespace fs = std::filesystem;
namespace {

/// The files of a folder that belong to the container `name`.
void add_children(const std::vector<DefinitionFile>& files, std::string_view name,
                  std::vector<DefinitionFile>& out) {
  for (const DefinitionFile& file : files)
    if (file.parent == name) out.push_back(file);
}

bool is_container(const DefinitionFile& file) {
  const ReadMonitor read = read_monitor(file.path);
  return read.definition && read.definition->container;
}

Result<std::vector<DefinitionFile>> expanded(DefinitionFile file,
                                             const std::vector<DefinitionFile>& among) {
  if (!is_container(file)) return std::vector{std::move(file)};
  std::vector<DefinitionFile> children;
  add_children(among, file.name, children);
  if (children.empty())
    return Error(ErrorCode::not_found,
                 cat("the container '", escape(file.name), "' holds no monitors"));
  return children;
}

Result<std::vector<DefinitionFile>> by_path(const std::string& argument) {
  const fs::path path(argument);
  DefinitionFile file{path.stem().string(), "", argument};
  std::error_code error;
  if (!fs::exists(path, error))
    return Error(ErrorCode::not_found, cat("there is no file ", escape(argument)));
  if (!is_container(file)) return std::vector{std::move(file)};
  const fs::path home = fs::absolute(path, error).parent_path();
  SWERVE_TRY_ASSIGN(const auto among, find_definitions({home.parent_path().string()}));
  return expanded(std::move(file), among);
}

Result<std::vector<DefinitionFile>> by_name(const std::string& argument,
                                            const std::vector<DefinitionFile>& files) {
  std::vector<DefinitionFile> found;
  std::vector<std::string> names;
  for (const DefinitionFile& file : files) {
    names.push_back(file.name);
    if (!file.parent.empty()) names.push_back(file.full_name());
    if (file.full_name() == argument) return expanded(file, files);
    if (file.name == argument) found.push_back(file);
  }
  if (found.size() == 1) return expanded(found.front(), files);
  if (found.empty())
    return Error(ErrorCode::not_found,
                 cat("monitor ", escape(argument), " does not exist", near_miss(argument, names)));
  std::vector<std::string> full;
  full.reserve(found.size());
  for (const DefinitionFile& file : found) full.push_back(escape(file.full_name()));
  return Error(ErrorCode::invalid,
               cat("monitor ", escape(argument), " is there more than once: ", join(full)));
}

}  // namespace

Result<std::vector<DefinitionFile>> select_monitors(const std::vector<std::string>& arguments,
                                                    const std::vector<std::string>& folders) {
  std::vector<DefinitionFile> files;
  if (!std::all_of(arguments.begin(), arguments.end(), is_path)) {
    SWERVE_TRY_ASSIGN(files, find_definitions(folders));
  }
  std::vector<DefinitionFile> out;
  std::set<std::string> seen;
  for (const std::string& argument : arguments) {
    SWERVE_TRY_ASSIGN(std::vector<DefinitionFile> chosen,
                      is_path(argument) ? by_path(argument) : by_name(argument, files));
    for (DefinitionFile& file : chosen) {
      std::error_code error;
      const fs::path same = fs::weakly_canonical(file.path, error);
      if (!seen.insert(error ? file.path : same.string()).second)
        return Error(ErrorCode::exists,
                     cat("monitor ", escape(file.full_name()), " is named twice"));
      out.push_back(std::move(file));
    }
  }
  return out;
}

BoundSelection bind_monitors(const std::vector<DefinitionFile>& files,
                             const ProbeCatalog& catalog) {
  BoundSelection out;
  for (const DefinitionFile& file : files) {
    BindOutcome bound = bind_read(read_monitor(file.path), catalog);
    out.diagnostics.insert(out.diagnostics.end(), bound.diagnostics.begin(),
                           bound.diagnostics.end());
    if (bound.monitor) out.monitors.push_back(*std::move(bound.monitor));
  }
  return out;
}

}  // namespace swerve
