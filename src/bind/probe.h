// bind/probe.h - where an event comes from: the name of a probe, its arguments, and who knows them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bind/types.h"
#include "swerve/base/result.h"

namespace swerve {

/// The probe of a binding, as written: "tracepoint:[CATEGORY:]NAME", "fentry:NAME", "fexit:NAME",
/// "syscall:NAME", "syscall:NAME:exit"; and "inproc:NAME", a tracepoint of the program itself.
struct Probe {
  enum class Kind { tracepoint, fentry, fexit, syscall_enter, syscall_exit, inproc };
  Kind kind = Kind::tracepoint;
  std::string category;  // of a tracepoint, where one was written
  std::string name;

  /// As it is written in a definition.
  std::string text() const;
  friend bool operator==(const Probe&, const Probe&) = default;
};

/// Errors: invalid, with what was expected and a near-miss hint for the kind.
Result<Probe> parse_probe(std::string_view text);

struct Parameter {
  std::string name;  // empty where the kernel does not tell; it is then arg0, arg1, ... only
  TypeId type = kVoid;
};

/// What a probe gives: its parameters in order. The value that a function or a system call returned
/// is `ret`, the last one.
struct Signature {
  std::string name;
  std::vector<Parameter> parameters;

  /// "sched_switch(preempt, prev, next, prev_state)"
  std::string text() const;
};

/// What can be bound here.
class ProbeCatalog : public TypeSource {
 public:
  /// Errors: not_found (with a near-miss hint), unsupported (the kernel has it, but cannot give
  /// it).
  virtual Result<Signature> signature(const Probe& probe) const = 0;
};

}  // namespace swerve
