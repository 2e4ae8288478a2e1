// kernel/catalog.h - what the running kernel offers: its types and probes, read from BTF.
//
// The kernel's own BTF and that of its loaded modules; no headers, no debug information, no
// tracefs. In BTF the typedef btf_trace_NAME has the argument types of a tracepoint, bare ones
// included; their names stand on the function __traceiter_NAME. System calls are named from a table
// of ours.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bind/probe.h"

struct btf;

namespace swerve {

/// Where a program for a probe attaches.
struct AttachPoint {
  std::uint32_t btf_id = 0;      // of the typedef btf_trace_NAME or of the function
  std::string module;            // empty: vmlinux
  std::int32_t syscall_nr = -1;  // system calls
};

/// One line of `swerve probes`.
struct ProbeLine {
  Probe probe;
  std::string text;  // "tracepoint:sched_switch(bool preempt, struct task_struct *prev, ...)"
};

/// Loaded once; the types of the modules are read when a name is not the kernel's own. One thread.
class KernelCatalog final : public ProbeCatalog {
 public:
  /// Reads /sys/kernel/btf (some 10 ms). Errors: unsupported when the kernel has no BTF.
  static Result<std::unique_ptr<KernelCatalog>> load();
  ~KernelCatalog() override;

  Type type(TypeId id) const override;
  std::optional<Member> member(TypeId record, std::string_view name) const override;
  std::vector<std::string> member_names(TypeId record) const override;
  std::optional<Enumerator> enumerator(std::string_view name) const override;
  TypeId task_struct() const override;
  Result<Signature> signature(const Probe& probe) const override;

  /// Every probe whose name holds `pattern` (shell wildcards * and ? where it has any; all when
  /// empty): tracepoints and system calls always, kernel functions only when the pattern starts
  /// with "fentry:" or "fexit:". Sorted by kind and name.
  std::vector<ProbeLine> probes(std::string_view pattern) const;

  /// Errors: as signature().
  Result<AttachPoint> attach_point(const Probe& probe) const;

  /// Offset in bytes and size of a member of a struct, nested ones by "a.b"; nothing when it is not
  /// there. For the compiler's own needs (task_struct's pid and such).
  std::optional<Member> field(std::string_view record, std::string_view path) const;

 private:
  struct State;
  explicit KernelCatalog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace swerve
