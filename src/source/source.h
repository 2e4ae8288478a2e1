// source/source.h - something that events come from, one after the other.
#pragma once

#include <optional>

#include "source/event.h"
#include "swerve/base/result.h"

namespace swerve {

/// One thread at a time. Events come in the order in which they happened, as far as the source
/// knows it.
class Source {
 public:
  virtual ~Source() = default;
  /// The next event; none at the end, and from then on. An error ends the source, too.
  /// Errors: invalid (a recording is broken; says where), io.
  virtual Result<std::optional<Event>> next() = 0;
};

}  // namespace swerve
