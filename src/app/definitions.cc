#include "app/definitions.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "base/text.h"

namespace swerve {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kSuffix = ".toml";

/// The folder that holds this program; empty when that cannot be known.
fs::path program_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : program.parent_path();
}

/// The names of `folder`'s entries, sorted.
Result<std::vector<fs::path>> entries(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> out;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    out.push_back(it->path());
  if (error)
    return Error::from_errno(error.value(),
                             cat("read the folder of monitors ", escape(folder.string())));
  std::sort(out.begin(), out.end());
  return out;
}

/// The definition that the folder `path` is for, if it is one.
std::optional<DefinitionFile> definition_of_folder(const fs::path& path, std::string_view parent) {
  std::error_code error;
  const std::string name = path.filename().string();
  const fs::path file = path / (name + std::string(kSuffix));
  if (!fs::is_regular_file(file, error)) return std::nullopt;
  return DefinitionFile{name, std::string(parent), file.string()};
}

}  // namespace

std::vector<std::string> default_folders() {
  std::error_code error;
  const fs::path home = program_folder();
  const std::string source = SWERVE_SOURCE_MONITORS;
  if (!source.empty() && fs::exists(home / "CMakeCache.txt", error)) return {source};
  if (fs::is_directory(home / "monitors", error)) return {(home / "monitors").string()};
  return {SWERVE_INSTALLED_MONITORS};
}

Result<std::vector<DefinitionFile>> find_definitions(const std::vector<std::string>& folders) {
  std::vector<DefinitionFile> out;
  std::set<std::string> seen;
  const auto add = [&](DefinitionFile file) {
    if (seen.insert(file.full_name()).second) out.push_back(std::move(file));
  };
  std::error_code error;
  for (const std::string& folder : folders) {
    SWERVE_TRY_ASSIGN(const std::vector<fs::path> children, entries(folder));
    std::vector<DefinitionFile> found;
    for (const fs::path& child : children) {
      if (child.extension() == kSuffix && fs::is_regular_file(child, error))
        found.push_back({child.stem().string(), "", child.string()});
      else if (fs::is_directory(child, error))
        if (auto file = definition_of_folder(child, "")) found.push_back(*std::move(file));
    }
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    for (DefinitionFile& file : found) {
      const fs::path home = fs::path(file.path).parent_path();
      const std::string name = file.name;
      add(std::move(file));
      if (home.filename() != name) continue;  // NAME.toml directly in the folder: no children
      SWERVE_TRY_ASSIGN(const std::vector<fs::path> grandchildren, entries(home));
      for (const fs::path& grandchild : grandchildren)
        if (auto nested = definition_of_folder(grandchild, name)) add(*std::move(nested));
    }
  }
  return out;
}

bool is_path(std::string_view argument) {
  return argument.find('/') != argument.npos || argument.ends_with(kSuffix);
}

}  // namespace swerve
