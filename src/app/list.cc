// app/list.cc - `swerve list`: the columns of the kernel's rv tool, and why a monitor cannot run
// here.
#include <fmt/core.h>

#include "app/commands.h"
#include "app/definitions.h"
#include "app/output.h"
#include "base/text.h"
#include "bind/toml/monitor_reader.h"
#include "control/live/availability.h"

namespace swerve {
namespace {

constexpr std::size_t kNameWidth = 32;  // as the kernel's tool has it

std::string line(const DefinitionFile& file, bool as_child, Availability& availability) {
  const ReadMonitor monitor = read_monitor(file.path);
  const std::string why = availability.why_not(monitor);
  const std::string description =
      monitor.definition ? escape(monitor.definition->description) : "(unreadable definition)";
  const std::string_view prefix = as_child ? " - " : "";
  return fmt::format("{}{:<{}} {} [OFF]{}\n", prefix, escape(file.name), kNameWidth - prefix.size(),
                     description, why.empty() ? std::string() : cat(" cannot run here: ", why));
}

}  // namespace

int run_list(const ListOptions& options) {
  const auto files =
      find_definitions(options.folders.empty() ? default_folders() : options.folders);
  if (!files) {
    complain(files.error().message());
    return 1;
  }
  Availability availability;
  std::string out;
  for (const DefinitionFile& file : *files) {
    if (options.container.empty())
      out += line(file, !file.parent.empty(), availability);
    else if (file.parent == options.container)
      out += line(file, false, availability);
  }
  if (out.empty())
    out = options.container.empty()
              ? std::string("-- No monitor found --\n")
              : cat("-- No monitor found in container ", escape(options.container), " --\n");
  return finish(out, 0);
}

}  // namespace swerve
