// swerve/source/usdt.h - opt in: SWERVE_EMIT is a USDT probe as well, for tools outside.
//
// Include it in front of the emissions that shall be probes, in any order with tracepoint.h. Each
// then is a probe of the provider "swerve" with the tracepoint's name and up to ten arguments of 64
// bits: numbers with their signs, pointers, the address of a text's first byte; 0 for what is none
// of these.
//   bpftrace -e 'usdt:./program:swerve:file_opened { printf("%d\n", arg0); }'
// Needs <sys/sdt.h> (Debian: systemtap-sdt-dev) where it is compiled, and nothing where it runs.
// The arguments are evaluated at each emission, also while nothing is attached; a probe that nobody
// has enabled is a nop besides.
#pragma once

#include <sys/sdt.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "swerve/source/tracepoint.h"

namespace swerve::detail {

template <typename T>
std::uint64_t usdt_argument(const T& value) noexcept {
  if constexpr (argument_type<T>().kind == ArgumentType::Kind::text) {
    if constexpr (std::is_pointer_v<T>) {
      return reinterpret_cast<std::uintptr_t>(value);
    } else {
      return reinterpret_cast<std::uintptr_t>(std::string_view(value).data());
    }
  } else {
    return argument_value(value).number;
  }
}

}  // namespace swerve::detail

#define SWERVE_USDT_0(name, a) STAP_PROBE(swerve, name)
#define SWERVE_USDT_1(name, a) STAP_PROBE1(swerve, name, a[0])
#define SWERVE_USDT_2(name, a) STAP_PROBE2(swerve, name, a[0], a[1])
#define SWERVE_USDT_3(name, a) STAP_PROBE3(swerve, name, a[0], a[1], a[2])
#define SWERVE_USDT_4(name, a) STAP_PROBE4(swerve, name, a[0], a[1], a[2], a[3])
#define SWERVE_USDT_5(name, a) STAP_PROBE5(swerve, name, a[0], a[1], a[2], a[3], a[4])
#define SWERVE_USDT_6(name, a) STAP_PROBE6(swerve, name, a[0], a[1], a[2], a[3], a[4], a[5])
#define SWERVE_USDT_7(name, a) STAP_PROBE7(swerve, name, a[0], a[1], a[2], a[3], a[4], a[5], a[6])
#define SWERVE_USDT_8(name, a) \
  STAP_PROBE8(swerve, name, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7])
#define SWERVE_USDT_9(name, a) \
  STAP_PROBE9(swerve, name, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8])
#define SWERVE_USDT_10(name, a) \
  STAP_PROBE10(swerve, name, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9])
#define SWERVE_USDT_PICK(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, count, ...) \
  SWERVE_USDT_##count
#define SWERVE_USDT(...) \
  SWERVE_USDT_PICK(x __VA_OPT__(, ) __VA_ARGS__, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, x)

#undef SWERVE_EMIT
/// As in tracepoint.h, and a USDT probe.
#define SWERVE_EMIT(tracepoint, ...)                                                     \
  do {                                                                                   \
    static constexpr ::swerve::SourceLocation swerve_here{__FILE__, __LINE__, __func__}; \
    [&](const auto&... swerve_arguments) {                                               \
      [[maybe_unused]] const ::std::uint64_t swerve_usdt[] = {                           \
          ::swerve::detail::usdt_argument(swerve_arguments)..., 0};                      \
      SWERVE_USDT(__VA_ARGS__)(tracepoint, swerve_usdt);                                 \
      if ((tracepoint).on()) [[unlikely]]                                                \
        (tracepoint).emit(swerve_here, swerve_arguments...);                             \
    }(__VA_ARGS__);                                                                      \
  } while (false)
