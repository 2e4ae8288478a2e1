// bind/recorded/recorded_catalog.h - what can be bound on a recorded trace.
//
// A definition is typed as it is on the live kernel: against the kernel of this machine where it
// has the probe (`base`), else against a table of the commonest tracepoints and of the system
// calls, else against what the recording says of its own fields, which are then the probe's
// arguments. So the same definition is checked on a machine without BTF, too. Which field gives
// which value is decided in fields.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bind/probe.h"
#include "source/recording.h"

namespace swerve {

/// May be read from any thread; `base` must outlive it.
class RecordedCatalog final : public ProbeCatalog {
 public:
  /// `base` may be null. `kinds`: those of the recording that are known by now.
  RecordedCatalog(const ProbeCatalog* base, const std::vector<RecordedKind>& kinds);
  ~RecordedCatalog() override;

  Type type(TypeId id) const override;
  std::optional<Member> member(TypeId record, std::string_view name) const override;
  std::vector<std::string> member_names(TypeId record) const override;
  std::optional<Enumerator> enumerator(std::string_view name) const override;
  TypeId task_struct() const override;
  Result<Signature> signature(const Probe& probe) const override;

  /// Whether signature() knows the probe by anything else than by its kind in the recording.
  bool knows(const Probe& probe) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace swerve
