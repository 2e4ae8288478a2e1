#include "control/inproc/stack_trace.h"

#include <cxxabi.h>
#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#if __has_include(<execinfo.h>)
#include <execinfo.h>
#endif

#include "base/text.h"

namespace swerve {

namespace {
constexpr std::size_t kMost = 32;

std::string hex(std::uint64_t number) {
  std::string digits;
  do {
    digits.insert(digits.begin(), "0123456789abcdef"[number & 15]);
  } while ((number >>= 4) != 0);
  return "0x" + digits;
}

std::string frame_text(void* address) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  ::Dl_info info{};
  if (::dladdr(address, &info) == 0) return hex(at);
  std::string_view module = info.dli_fname != nullptr ? info.dli_fname : "?";
  module.remove_prefix(module.rfind('/') + 1);
  if (info.dli_sname == nullptr) {
    return cat(module, "+", hex(at - reinterpret_cast<std::uintptr_t>(info.dli_fbase)));
  }
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> plain(
      ::abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &status), std::free);
  return cat(status == 0 ? plain.get() : info.dli_sname, "+",
             hex(at - reinterpret_cast<std::uintptr_t>(info.dli_saddr)), " (", module, ")");
}
}  // namespace

std::vector<std::string> stack_trace(std::size_t skip) {
  std::vector<std::string> out;
#if __has_include(<execinfo.h>)
  void* frames[kMost + 16];
  const int count = ::backtrace(frames, kMost + 16);
  for (std::size_t i = skip + 1; i < static_cast<std::size_t>(count) && out.size() < kMost; ++i) {
    out.push_back(frame_text(frames[i]));
  }
#else
  (void)skip;
#endif
  return out;
}

}  // namespace swerve
