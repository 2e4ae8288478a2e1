// source/reorder.h - puts events in the order of time that a recording holds nearly in order.
#pragma once

#include <memory>

#include "source/recording.h"

namespace swerve {

/// Events whose times are out of order by at most a window are put in order; one that comes later
/// still is left out and counted (Batch::late), and a hole is marked where it is left out, on its
/// CPU: what it did is missing. Equal times keep the order of the recording.
///
/// Batches that are in order are passed on as they are, a window's time later; so order that is
/// there costs a comparison an event. Small ones, as live input gives, are put together, but not
/// for longer than the window: an event goes on when one has come that is a window's time newer.
/// The marks of holes are put in order as well, by their own times. An error comes when all that
/// was read before it has been delivered.
class Reorder final : public Recording {
 public:
  struct Window {
    std::uint64_t ns = 100'000'000;  // of the recording's clock
    std::size_t events = 1U << 18;   // held back at most (and a batch): memory stays bounded. So
                                     // does a limit for their texts and values
  };
  Reorder(std::unique_ptr<Recording> from, Window window);
  ~Reorder() override;

  Result<bool> next(Batch& out) override;
  std::string format() const override { return from_->format(); }
  std::string clock() const override { return from_->clock(); }
  bool describes_itself() const override { return from_->describes_itself(); }
  std::vector<RecordedKind> all_kinds() const override { return from_->all_kinds(); }
  std::string_view comm(std::uint32_t tid) const override { return from_->comm(tid); }
  std::uint32_t tgid(std::uint32_t tid) const override { return from_->tgid(tid); }
  std::uint64_t total_bytes() const override { return from_->total_bytes(); }

 private:
  std::unique_ptr<Recording> from_;
  Window window_;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace swerve
