// app/list.cc - `swerve list`: the columns of the kernel's rv tool, and why a monitor cannot run
// here. What a running daemon has, or else what the folders hold.
#include <fmt/core.h>

#include <optional>
#include <set>

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

/// The value of a file that holds one line.
std::string one_line(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

Result<std::vector<Line>> lines_of_tree(const ListOptions& options, const TreeClient& tree) {
  constexpr std::string_view kCannot = "cannot run here: ";
  SWERVE_TRY_ASSIGN(const std::vector<TreeMonitor> monitors, tree.monitors());
  SWERVE_TRY_ASSIGN(const std::set<std::string> enabled, tree.enabled());
  std::vector<Line> out;
  for (const TreeMonitor& monitor : monitors) {
    if (!options.container.empty() && monitor.parent != options.container) continue;
    Line line{monitor.name, monitor.parent, "", enabled.contains(monitor.full_name()), ""};
    Result<std::string> description = tree.read(monitor.file("desc"));
    if (!description) {
      if (description.error().code() == ErrorCode::not_found) continue;  // unloaded since
      return std::move(description).error();
    }
    line.description = escape(one_line(*std::move(description)));
    if (!line.on) {
      if (const Result<std::string> status = tree.read(monitor.file("status"));
          status && status->starts_with(kCannot))
        line.why = one_line(status->substr(kCannot.size()));
    }
    out.push_back(std::move(line));
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
