#include "app/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <bit>
#include <charconv>
#include <csignal>
#include <exception>

#include "app/commands.h"
#include "app/output.h"
#include "base/text.h"
#include "swerve/react/reactor.h"

namespace swerve {
namespace {

constexpr int kUsage = 1;         // as the kernel's tool
constexpr int kVerdictUsage = 2;  // of commands where 1 is a verdict

const std::vector<std::string> kCommands = {"list",   "probes", "mon",   "check", "convert",
                                            "events", "serve",  "model", "doctor"};

bool gives_verdict(std::string_view command) {
  return command == "model" || command == "check" || command == "convert";
}

/// The usual help, with what CLI11 cannot know in the usage line.
class Help : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string usage = CLI::Formatter::make_usage(app, name);
    const char* const more = app->get_name() == "mon"       ? " [-- COMMAND...]\n"
                             : app->get_name() == "check"   ? " [TRACE...]\n"
                             : app->get_name() == "convert" ? " -o FILE\n"
                                                            : nullptr;
    if (more == nullptr) return usage;
    while (usage.ends_with('\n')) usage.pop_back();
    return usage + more;
  }
};

void add_folders(CLI::App& command, std::vector<std::string>& folders) {
  const auto set = [&folders](const CLI::results_t& given) {
    folders = given;
    return true;
  };
  command
      .add_option("--monitors", set,
                  "Take definitions from DIR instead of the default folders; may be repeated")
      ->type_name("DIR")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_mount(CLI::App& command, std::optional<std::string>& mount) {
  const auto set = [&mount](const CLI::results_t& given) {
    mount = given.back();
    return true;
  };
  command.add_option("--mount", set, "The control tree of the daemon to ask; /run/swerve without")
      ->type_name("DIR");
}

void add_rights(CLI::App& command, ReactorRights& rights) {
  command.add_flag("--allow-panic", rights.panic, "Allow reactor panic, which stops the machine");
  command.add_flag("--allow-signal", rights.signal,
                   "Allow reactor signal, which may kill whom a wrong model blames");
}

void add_list(CLI::App& app, ListOptions& options, int& status) {
  CLI::App* list = app.add_subcommand(
      "list", "Name, description and state of each monitor; why one cannot run here");
  list->add_option("CONTAINER", options.container, "Only the monitors in this container")
      ->type_name("");
  add_folders(*list, options.folders);
  add_mount(*list, options.mount);
  list->get_option("--mount")->excludes("--monitors");
  list->callback([&] { status = run_list(options); });
}

void add_probes(CLI::App& app, ProbesOptions& options, int& status) {
  CLI::App* probes =
      app.add_subcommand("probes", "What can be bound here, with the names and types of arguments");
  probes
      ->add_option("PATTERN", options.pattern,
                   "A part of the name, or with * and ?; 'fentry:...' lists kernel functions")
      ->type_name("");
  probes->callback([&] { status = run_probes(options); });
}

void add_mon(CLI::App& app, MonOptions& options, int& status) {
  CLI::App* mon =
      app.add_subcommand("mon", "Watch live until Ctrl-C, the end of --for, or the end of COMMAND");
  mon->add_option(
         "MONITOR", options.monitors,
         "Name of a monitor, PARENT:NAME, a container, or path of a definition (with '/' or .toml)")
      ->type_name("")
      ->required();
  add_folders(*mon, options.folders);
  add_mount(*mon, options.mount);
  const auto value = [&](const char* flags, const char* type, const char* help,
                         CLI::callback_t set) {
    mon->add_option(flags, std::move(set), help)->type_name(type);
  };
  value("-r,--reactor", "REACTOR",
        "React to each violation with REACTOR, whatever the definitions say",
        [&](const CLI::results_t& given) {
          options.reactor = given.back();
          return true;
        });
  add_rights(*mon, options.rights);
  mon->add_flag("-t,--trace", options.trace,
                "Print every step and error, in the columns of the kernel's rv tool");
  mon->add_flag("-s,--self", options.self, "Print swerve's own events too");
  mon->add_flag("-v,--verbose", options.verbose, "Say on standard error what is being done");
  value("--for", "TIME", "Stop after TIME: 10s, 250ms, 1.5s, 2m, 1h",
        [&](const CLI::results_t& given) {
          const Result<TimeNs> time = parse_duration(given.back());
          if (!time) throw CLI::ValidationError("--for", time.error().message());
          options.duration = *time;
          return true;
        });
  mon->add_flag("--json", options.json, "One JSON object a line");
  mon->add_flag("--fail", options.fail, "Exit with 1 when there were violations");
  mon->add_flag_callback(
      "--no-stack", [&] { options.stacks = false; }, "Leave out the kernel's stack");
  std::string footer =
      "After -- : a command to run; then only its tasks are watched, until it ends.\n\nReactors:";
  const ReactorSet reactors = ReactorSet::standard();
  for (const ReactorSet::Kind& kind : reactors.kinds())
    footer +=
        cat("\n  ", kind.name, std::string(kind.name.size() < 26 ? 26 - kind.name.size() : 1, ' '),
            kind.description);
  mon->footer(footer);
  mon->callback([&] { status = run_mon(options); });
}

/// An option with a text as its value; `set` gets the last one that was given, or each if `all`.
CLI::Option* add_value(CLI::App& command, const char* flags, const char* type, const char* help,
                       std::function<void(const std::string&)> set, bool all = false) {
  CLI::Option* const option = command.add_option(
      flags,
      [set = std::move(set)](const CLI::results_t& given) {
        for (const std::string& one : given) set(one);
        return true;
      },
      help);
  option->type_name(type);
  if (all) option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  return option;
}

/// What `check` and `convert` need to read a trace.
void add_reading(CLI::App& command, std::optional<TimeNs>& window, std::string& buffer) {
  add_value(command, "--window", "TIME",
            "Put events in order that are out of order by at most TIME: 100ms without",
            [&](const std::string& given) {
              const Result<TimeNs> time = parse_duration(given);
              if (!time) throw CLI::ValidationError("--window", time.error().message());
              window = *time;
            });
  add_value(
      command, "--buffer", "NAME",
      "trace.dat: read the buffer of the instance NAME; without it the top one, or the only one "
      "with events",
      [&](const std::string& given) { buffer = given; });
}

void add_check(CLI::App& app, CheckOptions& options, std::vector<std::string>& arguments,
               int& status) {
  CLI::App* check = app.add_subcommand(
      "check", "Check recorded traces; without one, check the monitors themselves");
  check
      ->add_option("MONITOR", arguments,
                   "First a monitor: its name, PARENT:NAME, a container, or the path of a "
                   "definition. All that follows is a trace: a file, a folder of CTF, or - for "
                   "standard input; but what ends in .toml is one more monitor")
      ->type_name("")
      ->required();
  add_value(
      *check, "-m,--monitor", "MONITOR", "One more monitor; may be repeated",
      [&](const std::string& given) { options.monitors.push_back(given); }, true);
  add_folders(*check, options.folders);
  check->add_flag("-t,--trace", options.trace,
                  "Print every step, error and 'maybe', in the columns of the kernel's rv tool");
  check->add_flag("--json", options.json, "One JSON object a line");
  check->add_flag("--final", options.final,
                  "List the instances that are in no final state at the end");
  check->add_flag("--plain-states", options.plain_states,
                  "Take a recorded task state for its plain value: S is 0x1, though the live value "
                  "may have had more bits");
  add_reading(*check, options.window, options.buffer);
  add_value(*check, "--html", "FILE", "Write a page for people to FILE",
            [&](const std::string& given) { options.html = given; });
  add_value(*check, "--perfetto", "FILE", "Write a trace for ui.perfetto.dev to FILE",
            [&](const std::string& given) { options.perfetto = given; });
  check->add_option("--threads", options.threads, "1: use one CPU; 2 without")
      ->check(CLI::Range(1, 1024))
      ->option_text("N");
  check->footer(
      "Exit status: 0 no violation; 1 violations; 2 it cannot be told, or a trace was not wholly "
      "read.\nOf several traces, each a run of its own, the worst counts.");
  check->callback([&] {
    options.monitors.insert(options.monitors.begin(), arguments.front());
    for (std::size_t i = 1; i < arguments.size(); ++i)
      (arguments[i].ends_with(".toml") ? options.monitors : options.traces).push_back(arguments[i]);
    status = run_check(options);
  });
}

void add_convert(CLI::App& app, ConvertOptions& options, int& status) {
  CLI::App* convert = app.add_subcommand(
      "convert", "Write a recorded trace in Swerve's own format: small, in order, fast to check");
  convert
      ->add_option("TRACE", options.traces,
                   "A file, a folder of CTF, or - for standard input; several are one after the "
                   "other in time")
      ->type_name("")
      ->required();
  add_value(*convert, "-o,--output", "FILE", "Where to write it; - is standard output",
            [&](const std::string& given) { options.output = given; })
      ->required();
  convert->add_flag("--force", options.force, "Write over a FILE that is there");
  add_value(
      *convert, "--only", "MONITOR", "Keep only what this monitor needs; may be repeated",
      [&](const std::string& given) { options.only.push_back(given); }, true);
  add_folders(*convert, options.folders);
  add_reading(*convert, options.window, options.buffer);
  convert->callback([&] { status = run_convert(options); });
}

void add_events(CLI::App& app, EventsOptions& options, int& status) {
  CLI::App* events =
      app.add_subcommand("events", "What must be recorded for monitors, ready to paste");
  events
      ->add_option("MONITOR", options.monitors,
                   "A monitor's name, PARENT:NAME, a container, or the path of a definition")
      ->type_name("")
      ->required();
  using Tool = EventsOptions::Tool;
  std::vector<CLI::Option*> tools;
  const auto tool = [&](const char* flag, Tool which, const char* help) {
    CLI::Option* const option = events->add_flag_callback(
        flag, [&options, which] { options.tool = which; }, help);
    for (CLI::Option* const other : tools) option->excludes(other);
    tools.push_back(option);
  };
  tool("--ftrace", Tool::ftrace, "A script for an ftrace instance of its own");
  tool("--trace-cmd", Tool::trace_cmd, "The command line of trace-cmd");
  tool("--perf", Tool::perf, "The command lines of perf");
  tool("--lttng", Tool::lttng, "The command lines of lttng");
  events->add_option("--seconds", options.seconds, "How long to record; 10 without")
      ->check(CLI::Range(1, 1'000'000))
      ->type_name("N");
  add_folders(*events, options.folders);
  events->footer(
      "Without a tool: one event a line, with the fields that the monitors read.\n"
      "The times of such recordings are those of CLOCK_MONOTONIC, as those of 'swerve mon'.");
  events->callback([&] { status = run_events(options); });
}

/// "4M", "512K" or bytes: a power of two, as the kernel wants for a ring, and at least a page.
std::uint32_t ring_size(const std::string& text) {
  std::uint64_t size = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, size);
  const std::string_view unit(end, static_cast<std::size_t>(last - end));
  const unsigned shift = unit == "K" ? 10 : unit == "M" ? 20 : 0;
  constexpr std::uint64_t kLeast = 4096, kMost = 1U << 30;
  if (error != std::errc() || (!unit.empty() && shift == 0) || size > kMost ||
      !std::has_single_bit(size << shift) || size << shift < kLeast || size << shift > kMost)
    throw CLI::ValidationError(
        "--ring", cat("'", text, "' is no power of two from 4K to 1024M: try 512K or 4M"));
  return static_cast<std::uint32_t>(size << shift);
}

void add_serve(CLI::App& app, ServeOptions& options, int& status) {
  CLI::App* serve =
      app.add_subcommand("serve", "The daemon: monitors as files, until SIGTERM or Ctrl-C");
  const auto value = [&](const char* flags, const char* type, const char* help,
                         std::function<void(const std::string&)> set) {
    return serve
        ->add_option(
            flags,
            [set = std::move(set)](const CLI::results_t& given) {
              for (const std::string& one : given) set(one);
              return true;
            },
            help)
        ->type_name(type);
  };
  value("--mount", "DIR", "Where the files appear; /run/swerve",
        [&](const std::string& given) { options.mount = given; });
  add_folders(*serve, options.folders);
  value("--enable", "NAME", "Enable this monitor at once; may be repeated",
        [&](const std::string& given) { options.enable.push_back(given); })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  value("--group", "NAME", "Give the files to this group; root's without",
        [&](const std::string& given) { options.group = given; });
  value("--ring", "SIZE", "Memory for verdicts that wait to be read: 512K, 16M; 4M without",
        [&](const std::string& given) { options.ring_bytes = ring_size(given); });
  add_rights(*serve, options.rights);
  serve->add_flag("-v,--verbose", options.verbose, "Print each violation on standard error");
  serve->callback([&] { status = run_serve(options); });
}

void add_model(CLI::App& app, ModelOptions& options, int& status) {
  CLI::App* model = app.add_subcommand("model", "Read, check and describe a model");
  model->add_option("FILE", options.file, "A model: an automaton in DOT")
      ->type_name("")
      ->required();
  using Form = ModelOptions::Form;
  const auto form = [&](const char* flag, Form which, const char* help) {
    return model->add_flag_callback(
        flag, [&options, which] { options.form = which; }, help);
  };
  CLI::Option* dot = form("--dot", Form::dot, "Print it as DOT");
  CLI::Option* json = form("--json", Form::json, "Print it as one JSON object");
  CLI::Option* svg = form("--svg", Form::svg, "Draw it (needs Graphviz)");
  dot->excludes(json)->excludes(svg);
  json->excludes(svg);
  model->callback([&] { status = run_model(options); });
}

void add_doctor(CLI::App& app, DoctorOptions& options, int& status) {
  CLI::App* doctor = app.add_subcommand("doctor", "What this machine offers, and what is missing");
  add_folders(*doctor, options.folders);
  doctor->callback([&] { status = run_doctor(options); });
}

/// The first argument that names a command, however badly; empty when there is none.
std::string_view command_of(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments)
    if (!argument.starts_with('-')) return argument;
  return {};
}

int usage_error(std::string_view command, std::string_view message) {
  const bool known = std::find(kCommands.begin(), kCommands.end(), command) != kCommands.end();
  std::string text(message);
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
  complain(
      cat(escape(text), " (see 'swerve ", known ? cat(command, " ") : std::string(), "--help')"));
  return gives_verdict(command) ? kVerdictUsage : kUsage;
}

int parse_and_run(std::vector<std::string> arguments) {
  CLI::App app("Swerve watches the running system against formal models, event by event.",
               "swerve");
  app.formatter(std::make_shared<Help>());
  app.set_version_flag("--version", "swerve " SWERVE_VERSION, "Print the version");
  app.require_subcommand(1);

  int status = 0;
  ListOptions list;
  ProbesOptions probes;
  MonOptions mon;
  CheckOptions check;
  std::vector<std::string> check_arguments;
  ConvertOptions convert;
  EventsOptions events;
  ServeOptions serve;
  ModelOptions model;
  DoctorOptions doctor;
  add_list(app, list, status);
  add_probes(app, probes, status);
  add_mon(app, mon, status);
  add_check(app, check, check_arguments, status);
  add_convert(app, convert, status);
  add_events(app, events, status);
  add_serve(app, serve, status);
  add_model(app, model, status);
  add_doctor(app, doctor, status);
  for (CLI::App* command : app.get_subcommands({})) {
    command->set_help_flag("-h,--help", "Print this help");
    command->set_version_flag("--version", "swerve " SWERVE_VERSION, "Print the version");
  }
  app.set_help_flag("-h,--help", "Print this help");
  app.footer(
      "Results go to standard output, everything else to standard error.\n"
      "'swerve COMMAND --help' tells more about one.");

  const std::string command(command_of(arguments));
  if (command.empty() && arguments.empty())
    return usage_error("", "a command is required: " + join(kCommands));
  if (!command.empty() && std::find(kCommands.begin(), kCommands.end(), command) == kCommands.end())
    return usage_error("",
                       cat("there is no command '", command, "'", near_miss(command, kCommands)));

  if (command == "mon") {  // everything after the first -- is the command's own
    const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
    if (dashes != arguments.end()) {
      mon.command.assign(dashes + 1, arguments.end());
      arguments.erase(dashes, arguments.end());
      if (mon.command.empty()) return usage_error("mon", "a command is required after --");
    }
  }
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    const auto parsed = app.get_subcommands();
    const CLI::App& about = parsed.empty() ? app : *parsed.front();
    return finish(about.help(parsed.empty() ? "" : "swerve"), 0);
  } catch (const CLI::CallForVersion&) {
    return finish("swerve " SWERVE_VERSION "\n", 0);
  } catch (const CLI::ParseError& error) {
    return usage_error(command, error.what());
  }
  return status;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  // A reader that goes away is seen as EPIPE, so that a watch ends in order.
  (void)std::signal(SIGPIPE, SIG_IGN);
  try {
    return parse_and_run(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
  } catch (const std::exception& error) {
    complain(cat("internal error: ", error.what()));
    return kUsage;
  }
}

}  // namespace swerve
