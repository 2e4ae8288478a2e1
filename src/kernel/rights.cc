#include "kernel/rights.h"

#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "base/text.h"

namespace swerve {
namespace {

// Numbers of capabilities in <linux/capability.h>, which older headers lack in part.
constexpr unsigned kSysAdmin = 21, kPerfmon = 38, kBpf = 39;

std::uint64_t effective_capabilities() {
  const Result<std::string> status = read_file("/proc/self/status");
  if (!status) return 0;
  const std::size_t at = status->find("\nCapEff:");
  return at == status->npos ? 0 : std::strtoull(status->c_str() + at + 8, nullptr, 16);
}

}  // namespace

std::vector<std::string> missing_rights(Rights needed) {
  const std::uint64_t held = effective_capabilities();
  const auto has = [&](unsigned capability) { return (held >> capability & 1) != 0; };
  std::vector<std::string> missing;
  if (!has(kSysAdmin) && !has(kBpf)) missing.push_back("CAP_BPF");
  if (!has(kSysAdmin) && !has(kPerfmon)) missing.push_back("CAP_PERFMON");
  if (needed == Rights::to_watch_and_mount && !has(kSysAdmin)) missing.push_back("CAP_SYS_ADMIN");
  return missing;
}

std::string rights_advice() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return cat("run as root, or give the program the rights: setcap cap_bpf,cap_perfmon+ep ",
             error ? std::string("swerve") : escape(program.string()));
}

}  // namespace swerve
