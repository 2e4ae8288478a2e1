// source/list.h - a source that plays a list of events.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "source/source.h"

namespace swerve {

/// Gives the events of a list, in its order.
class ListSource final : public Source {
 public:
  explicit ListSource(std::vector<Event> events) : events_(std::move(events)) {}

  Result<std::optional<Event>> next() override {
    if (at_ == events_.size()) return std::optional<Event>();
    return std::optional<Event>(std::move(events_[at_++]));
  }

 private:
  std::vector<Event> events_;
  std::size_t at_ = 0;
};

}  // namespace swerve
