// app/commands.h - the subcommands: what each is asked for, and the exit status that it answers.
//
// A command prints its results on standard output and everything else on standard error. No
// exceptions come out of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "swerve/base/time.h"
#include "swerve/react/reactor.h"

namespace swerve {

/// Where a daemon's tree is when nobody says otherwise.
inline constexpr const char* kDefaultMount = "/run/swerve";

struct ListOptions {
  std::optional<std::string> mount;  // --mount; none: the default one, if a daemon serves it
  std::vector<std::string> folders;  // --monitors; empty: the default ones
  std::string container;             // empty: all
};
int run_list(const ListOptions& options);

struct ProbesOptions {
  std::string pattern;
};
int run_probes(const ProbesOptions& options);

struct MonOptions {
  std::optional<std::string> mount;  // as for list
  std::vector<std::string> folders;
  std::vector<std::string> monitors;   // names, PARENT:NAME or paths
  std::optional<std::string> reactor;  // -r; else what each definition says
  ReactorRights rights;                // --allow-panic, --allow-signal
  bool trace = false;
  bool self = false;
  bool verbose = false;
  bool json = false;
  bool fail = false;
  bool stacks = true;
  std::optional<TimeNs> duration;
  std::vector<std::string> command;  // after --
};
int run_mon(const MonOptions& options);

struct CheckOptions {
  std::vector<std::string> folders;
  std::vector<std::string> monitors;  // names, PARENT:NAME or paths
  std::vector<std::string> traces;    // files, folders, "-"; none: validate the monitors
  bool trace = false;
  bool json = false;
  bool final = false;         // list what ends in no final state
  bool plain_states = false;  // a recorded task state stands for its plain value alone
  std::optional<TimeNs> window;
  std::string buffer;          // trace.dat: which instance's; empty: the top one
  std::string html, perfetto;  // files to write; empty: none
  unsigned threads = 2;
};
int run_check(const CheckOptions& options);

struct ConvertOptions {
  std::vector<std::string> folders;
  std::vector<std::string> traces;
  std::vector<std::string> only;  // monitors for which it is to be enough; empty: everything
  std::string output;
  bool force = false;  // over a file that is there
  std::optional<TimeNs> window;
  std::string buffer;
};
int run_convert(const ConvertOptions& options);

struct EventsOptions {
  enum class Tool { list, ftrace, trace_cmd, perf, lttng };
  std::vector<std::string> folders;
  std::vector<std::string> monitors;
  Tool tool = Tool::list;
  unsigned seconds = 10;
};
int run_events(const EventsOptions& options);

struct ModelOptions {
  enum class Form { text, dot, json, svg };
  std::string file;
  Form form = Form::text;
};
int run_model(const ModelOptions& options);

struct ServeOptions {
  std::string mount = kDefaultMount;
  std::vector<std::string> folders;
  std::vector<std::string> enable;   // names, or PARENT:NAME
  ReactorRights rights;              // --allow-panic, --allow-signal
  std::optional<std::string> group;  // whose the tree is
  std::uint32_t ring_bytes = 4U << 20;
  bool verbose = false;
};
int run_serve(const ServeOptions& options);

struct DoctorOptions {
  std::vector<std::string> folders;
};
int run_doctor(const DoctorOptions& options);

}  // namespace swerve
