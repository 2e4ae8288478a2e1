#include "kernel/symbols.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>

namespace swerve {

namespace {
// What a stack shows of the way from an event to our program.
bool belongs_to_tracing(const char* name) {
  for (const char* prefix :
       {"bpf_prog_", "bpf_trace_run", "__bpf_trace_", "__traceiter_", "bpf_trampoline_",
        "bpf_get_stack", "__bpf_prog_", "perf_trace_", "trace_event_raw_"}) {
    if (std::strncmp(name, prefix, std::strlen(prefix)) == 0) return true;
  }
  return false;
}
constexpr std::uint64_t kFarthest = 1U << 20;  // a function is not longer than this
// More than most kernels have, so that nothing is copied. What is not used of it takes no memory.
constexpr std::size_t kSymbols = 1U << 18, kNameBytes = 1U << 23;
}  // namespace

void KernelSymbols::load() {
  if (loaded_) return;
  loaded_ = true;
  std::FILE* file = std::fopen("/proc/kallsyms", "re");
  if (file == nullptr) return;
  symbols_.reserve(kSymbols);
  names_.reserve(kNameBytes);
  char line[512];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    unsigned long long address = 0;
    char kind = 0, name[256] = {};
    if (std::sscanf(line, "%llx %c %255s", &address, &kind, name) != 3) continue;
    if (address == 0 || std::tolower(static_cast<unsigned char>(kind)) != 't') {
      if (kind != 'w' && kind != 'W') continue;
      if (address == 0) continue;
    }
    symbols_.push_back({address, static_cast<std::uint32_t>(names_.size())});
    names_.append(name).push_back('\0');
  }
  std::fclose(file);
  // In place; of the names of one address the first stays the first.
  std::sort(symbols_.begin(), symbols_.end(), [](const Symbol& a, const Symbol& b) {
    return a.address != b.address ? a.address < b.address : a.name < b.name;
  });
}

std::string KernelSymbols::name(std::uint64_t address) {
  load();
  char text[320];
  auto after = std::upper_bound(symbols_.begin(), symbols_.end(), address,
                                [](std::uint64_t a, const Symbol& s) { return a < s.address; });
  if (after != symbols_.begin() && address - std::prev(after)->address < kFarthest) {
    const Symbol& s = *std::prev(after);
    std::snprintf(text, sizeof text, "%s+0x%llx", names_.c_str() + s.name,
                  static_cast<unsigned long long>(address - s.address));
  } else {
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(address));
  }
  return text;
}

std::vector<std::string> KernelSymbols::stack(std::span<const std::uint64_t> addresses) {
  constexpr std::size_t kTracingFrames = 8;  // it stands within the innermost ones
  std::vector<std::string> out;
  out.reserve(addresses.size());
  for (const std::uint64_t a : addresses) out.push_back(name(a));
  std::size_t own = 0;
  for (std::size_t i = 0; i < std::min(out.size(), kTracingFrames); ++i) {
    if (belongs_to_tracing(out[i].c_str())) own = i + 1;
  }
  if (own < out.size()) out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(own));
  return out;
}

}  // namespace swerve
