#include "bind/probe.h"

#include <algorithm>

#include "base/text.h"
#include "swerve/base/diagnostic.h"

namespace swerve {

namespace {
// Names of tracepoints, functions and system calls; the kernel has parts with dots ("foo.isra.0")
// and categories that start with a digit ("9p").
bool is_probe_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

Error wrong(std::string message) { return Error(ErrorCode::invalid, std::move(message)); }
}  // namespace

std::string Probe::text() const {
  switch (kind) {
    case Kind::tracepoint:
      return category.empty() ? cat("tracepoint:", name) : cat("tracepoint:", category, ":", name);
    case Kind::fentry:
      return cat("fentry:", name);
    case Kind::fexit:
      return cat("fexit:", name);
    case Kind::syscall_enter:
      return cat("syscall:", name);
    case Kind::syscall_exit:
      return cat("syscall:", name, ":exit");
    case Kind::inproc:
      return cat("inproc:", name);
  }
  return {};
}

Result<Probe> parse_probe(std::string_view text) {
  std::vector<std::string> parts;
  for (std::string_view rest = text;;) {
    const std::size_t colon = rest.find(':');
    parts.emplace_back(rest.substr(0, colon));
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }

  struct Form {
    const char* kind;
    const char* text;
    std::size_t most_parts;
  };
  static constexpr Form kForms[] = {{"tracepoint", "tracepoint:[CATEGORY:]NAME", 3},
                                    {"fentry", "fentry:NAME", 2},
                                    {"fexit", "fexit:NAME", 2},
                                    {"syscall", "syscall:NAME or syscall:NAME:exit", 3},
                                    {"inproc", "inproc:NAME", 2}};
  const auto* const form = std::find_if(std::begin(kForms), std::end(kForms),
                                        [&](const Form& f) { return f.kind == parts[0]; });
  if (form == std::end(kForms)) {
    std::vector<std::string> kinds;
    for (const Form& f : kForms) kinds.emplace_back(f.kind);
    if (parts.size() == 1) {
      return wrong(cat("a probe is written KIND:NAME, such as tracepoint:sched_switch; found '",
                       escape(text), "'"));
    }
    return wrong(cat("no kind of probe '", escape(parts[0]), "' (", join(kinds), ")",
                     near_miss(parts[0], kinds)));
  }
  if (parts.size() < 2 || parts.size() > form->most_parts ||
      !std::all_of(parts.begin() + 1, parts.end(), is_probe_name)) {
    return wrong(cat("expected ", form->text, ", found '", escape(text), "'"));
  }

  Probe probe;
  probe.name = parts.back();
  if (parts[0] == "tracepoint") {
    if (parts.size() == 3) probe.category = parts[1];
  } else if (parts[0] == "fentry") {
    probe.kind = Probe::Kind::fentry;
  } else if (parts[0] == "inproc") {
    probe.kind = Probe::Kind::inproc;
  } else if (parts[0] == "fexit") {
    probe.kind = Probe::Kind::fexit;
  } else {
    probe.kind = Probe::Kind::syscall_enter;
    if (parts.size() == 3) {
      if (parts[2] != "exit") {
        return wrong(cat("expected syscall:NAME or syscall:NAME:exit, found '", escape(text), "'",
                         near_miss(parts[2], {"exit"})));
      }
      probe.kind = Probe::Kind::syscall_exit;
      probe.name = parts[1];
    }
  }
  return probe;
}

std::string Signature::text() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    names.push_back(parameters[i].name.empty() ? cat("arg", i) : parameters[i].name);
  }
  return cat(name, "(", join(names), ")");
}

}  // namespace swerve
