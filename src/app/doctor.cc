// app/doctor.cc - `swerve doctor`: what this machine offers, and what is missing.
#include <fmt/core.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/definitions.h"
#include "app/output.h"
#include "base/text.h"
#include "bind/toml/monitor_reader.h"
#include "control/live/availability.h"
#include "kernel/engine.h"
#include "kernel/rights.h"

namespace swerve {
namespace {

/// The report as it grows.
class Findings {
 public:
  /// A thing without which nothing can be watched. `missing` empty: it is there.
  void needed(std::string_view what, std::string_view missing, std::string_view there) {
    line(what, missing.empty() ? "ok" : "MISSING", missing.empty() ? there : missing);
    if (!missing.empty()) missing_.emplace_back(what);
  }
  /// A thing that is good to have.
  void wanted(std::string_view what, std::string_view missing, std::string_view there) {
    line(what, missing.empty() ? "ok" : "no", missing.empty() ? there : missing);
  }
  void note(std::string_view what, std::string_view words) { line(what, "", words); }

  const std::vector<std::string>& missing() const { return missing_; }
  std::string text;

 private:
  void line(std::string_view what, std::string_view state, std::string_view words) {
    text += fmt::format("{:<20} {:<8} {}\n", what, state, escape(words));
  }
  std::vector<std::string> missing_;
};

std::string first_line(const std::string& path) {
  const Result<std::string> text = read_file(path);
  return text ? text->substr(0, text->find('\n')) : std::string();
}

std::string kernel_text() {
  utsname name{};
  if (::uname(&name) != 0) return "unknown";
  return cat(name.sysname, " ", name.release, " ", name.machine);
}

void look_at_jit(Findings& findings) {
  const std::string jit = first_line("/proc/sys/net/core/bpf_jit_enable");
  if (jit.empty())
    findings.note("BPF JIT", "net.core.bpf_jit_enable cannot be read by this user");
  else
    findings.wanted(
        "BPF JIT",
        jit == "0" ? "off, so every event costs more: sysctl net.core.bpf_jit_enable=1" : "",
        cat("net.core.bpf_jit_enable is ", jit));
}

void look_at_statistics(Findings& findings) {
  const std::string enabled = first_line("/proc/sys/kernel/bpf_stats_enabled");
  if (enabled == "1")
    findings.wanted("BPF statistics",
                    "on, so every event costs more: sysctl kernel.bpf_stats_enabled=0", "");
  else if (enabled == "0")
    findings.wanted("BPF statistics", "", "kernel.bpf_stats_enabled is 0: they cost nothing");
}

void look_at_lockdown(Findings& findings) {
  const std::string lockdown = first_line("/sys/kernel/security/lockdown");
  if (lockdown.find("[confidentiality]") != lockdown.npos)
    findings.needed("lockdown",
                    "'confidentiality' keeps BPF programs from reading the kernel's memory", "");
}

/// Whether any symbol has an address; the first ones may well be 0 (per-CPU variables).
bool shows_addresses(std::string_view symbols) {
  for (std::size_t line = 0; line < symbols.size();) {
    if (symbols.find_first_not_of('0', line) < symbols.find(' ', line)) return true;
    line = symbols.find('\n', line);
    if (line != symbols.npos) ++line;
  }
  return false;
}

/// Names of the frames of a stack come from /proc/kallsyms, which shows zeros to those who may not
/// know.
void look_at_symbols(Findings& findings) {
  const Result<std::string> text = read_file("/proc/kallsyms");
  std::string why;
  if (!text)
    why = text.error().message();
  else if (!shows_addresses(*text))
    why = "hidden from this user (kernel.kptr_restrict): stacks are shown without names";
  findings.wanted("kernel symbols", why, "/proc/kallsyms can be read: stacks are shown with names");
}

void look_at_probes(Findings& findings, Availability& availability) {
  using Kind = Probe::Kind;
  const auto tried = [&](Kind kind, const char* name) {
    return availability.why_not(Probe{kind, "", name});
  };
  findings.needed("tracepoints", tried(Kind::tracepoint, "sched_switch"), "can be watched");
  findings.wanted("system calls", tried(Kind::syscall_enter, "close"), "can be watched");
  findings.wanted("functions, entry", tried(Kind::fentry, "vfs_open"), "fentry programs load");
  findings.wanted("functions, return", tried(Kind::fexit, "vfs_open"), "fexit programs load");
}

void look_at_monitors(Findings& findings, Availability& availability,
                      const std::vector<std::string>& folders) {
  const auto files = find_definitions(folders);
  if (!files) {
    findings.wanted("monitors", files.error().message(), "");
    return;
  }
  for (const DefinitionFile& file : *files)
    findings.wanted(cat("monitor ", escape(file.name)),
                    availability.why_not(read_monitor(file.path)), "can run");
}

}  // namespace

int run_doctor(const DoctorOptions& options) {
  Findings findings;
  Availability availability;
  findings.note("kernel", kernel_text());
  const std::vector<std::string> lacking = missing_rights();
  findings.needed(
      "rights",
      lacking.empty() ? std::string() : cat(join(lacking, " and "), ": ", rights_advice()),
      "CAP_BPF and CAP_PERFMON");
  findings.needed("BTF", availability.why_no_catalog(),
                  "the kernel describes its types in /sys/kernel/btf");
  look_at_lockdown(findings);
  look_at_jit(findings);
  look_at_statistics(findings);
  if (lacking.empty() && availability.catalog() != nullptr)
    look_at_probes(findings, availability);
  else
    findings.note("probes", "not tried, because of what is missing");
  look_at_symbols(findings);
  findings.wanted(
      "kernel log",
      ::access("/dev/kmsg", W_OK) == 0 ? "" : "/dev/kmsg cannot be written: no reactor 'printk'",
      "/dev/kmsg can be written: reactor 'printk'");
  if (::access("/sys/kernel/tracing/rv/available_monitors", F_OK) == 0)
    findings.note("in-kernel RV",
                  "this kernel has its own, at /sys/kernel/tracing/rv; swerve does not need it");
  else
    findings.note("in-kernel RV", "none seen in /sys/kernel/tracing/rv; swerve does not need it");
  look_at_monitors(findings, availability,
                   options.folders.empty() ? default_folders() : options.folders);
  findings.text +=
      findings.missing().empty()
          ? std::string("This machine can be watched.\n")
          : cat("This machine cannot be watched; missing: ", join(findings.missing()), "\n");
  return finish(findings.text, findings.missing().empty() ? 0 : 1);
}

}  // namespace swerve
