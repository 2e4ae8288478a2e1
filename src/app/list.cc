// app/list.cc - `swerve list`: the columns of the kernel's rv tool, and why a monitor cannot run
// here. What a running daemon has, or else what the folders hold.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>

#include "app/commands.h"
#include "app/definitions.h"
#include "app/output.h"
#include "app/tree_client.h"
#include "base/text.h"
#include "bind/toml/monitor_reader.h"
#include "control/live/availability.h"

namespace swerve {
namespace {

constexpr std::size_t kNameWidth = 32;  // as the kernel's tool has it

struct Line {
  std::string name;
  std::string parent;       // empty: top level
  std::string description;  // safe to print, as is `why`
  bool on = false;
  std::string why;  // it cannot run here; empty: it can
};

std::string text(const Line& line, bool as_child) {
  const std::string_view prefix = as_child ? " - " : "";
  return fmt::format("{}{:<{}} {} [{}]{}\n", prefix, escape(line.name), kNameWidth - prefix.size(),
                     line.description, line.on ? "ON" : "OFF",
                     line.why.empty() ? std::string() : cat(" cannot run here: ", line.why));
}

Result<std::vector<Line>> lines_of_folders(const ListOptions& options) {
  SWERVE_TRY_ASSIGN(
      const std::vector<DefinitionFile> files,
      find_definitions(options.folders.empty() ? default_folders() : options.folders));
  Availability availability;
  std::vector<Line> out;
  for (const DefinitionFile& file : files) {
    if (!options.container.empty() && file.parent != options.container) continue;
    const ReadMonitor monitor = read_monitor(file.path);
    out.push_back(
        {file.name, file.parent,
         monitor.definition ? escape(monitor.definition->description) : "(unreadable definition)",
         false, availability.why_not(monitor)});
  }
  return out;
}

/// One line of the tree's `overview`; docs/tree.md has its columns.
std::optional<Line> overview_line(std::string_view text) {
  constexpr std::string_view kCannot = "cannot run here: ";
  std::array<std::string_view, 5> columns;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::size_t tab = i + 1 < columns.size() ? text.find('\t') : text.size();
    if (tab == text.npos) return std::nullopt;
    columns[i] = text.substr(0, tab);
    text.remove_prefix(std::min(tab + 1, text.size()));
  }
  const auto [full_name, on, reactor, status, description] = columns;
  Line line;
  const std::size_t colon = full_name.find(':');
  if (colon != full_name.npos) line.parent = full_name.substr(0, colon);
  line.name = full_name.substr(colon == full_name.npos ? 0 : colon + 1);
  line.description = description;
  line.on = on == "1";
  if (status.starts_with(kCannot)) line.why = status.substr(kCannot.size());
  return line;
}

Result<std::vector<Line>> lines_of_tree(const ListOptions& options, const TreeClient& tree) {
  SWERVE_TRY_ASSIGN(const std::string text, tree.read("overview"));
  std::vector<Line> out;
  std::istringstream in(text);
  for (std::string one; std::getline(in, one);) {
    std::optional<Line> line = overview_line(one);
    if (!line) return Error(ErrorCode::io, cat("cannot read this line of overview: ", escape(one)));
    if (options.container.empty() || line->parent == options.container)
      out.push_back(*std::move(line));
  }
  return out;
}

Result<std::vector<Line>> lines(const ListOptions& options) {
  if (!options.folders.empty()) return lines_of_folders(options);
  const Result<std::optional<TreeClient>> tree = TreeClient::choose(options.mount);
  if (!tree) {
    if (options.mount) return tree.error();
    complain(cat(tree.error().message(), "; what a daemon there has enabled is not shown"));
  }
  return tree && *tree ? lines_of_tree(options, **tree) : lines_of_folders(options);
}

}  // namespace

int run_list(const ListOptions& options) {
  const auto all = lines(options);
  if (!all) {
    complain(all.error().message());
    return 1;
  }
  std::string out;
  for (const Line& line : *all)
    out += text(line, options.container.empty() && !line.parent.empty());
  if (out.empty())
    out = options.container.empty()
              ? std::string("-- No monitor found --\n")
              : cat("-- No monitor found in container ", escape(options.container), " --\n");
  return finish(out, 0);
}

}  // namespace swerve
