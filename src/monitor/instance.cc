#include "swerve/monitor/instance.h"

namespace swerve {

namespace {
/// What an event does to an instance whose word is `word`, apart from the storing.
struct Move {
  Stepping stepping;
  Instance to;
};

Move move(const StepTable& table, Instance now, EventId event, Handler handler) noexcept {
  Stepping s;
  if (now.word == 0) {
    if (handler == Handler::event) return {s, now};
    s.started = true;
    now = {raw(table.started()), 0};
    if (handler == Handler::start) {
      s.outcome = Outcome::started;
      return {s, now};
    }
  }
  s.from = now;
  const StepId id = table.next(table.newest(now.word), event);
  s.outcome = id == kOff ? Outcome::violated : Outcome::stepped;
  return {s, id == kOff ? Instance{} : table.shifted(now, id)};
}
}  // namespace

Stepping step_elsewhere(const StepTable& table, Instance& instance, EventId event,
                        Handler handler) noexcept {
  const Move m = move(table, instance, event, handler);
  instance = m.to;
  return m.stepping;
}

Stepping SharedInstance::step_elsewhere(const StepTable& table, EventId event, Handler handler,
                                        std::uint64_t seen, int tries) noexcept {
  for (; tries > 0; --tries) {
    // `older` is read before the swap: after it, it may already be that of the next life.
    const std::uint64_t older = table.wide() ? older_.load(std::memory_order_relaxed) : 0;
    const Move m = move(table, {seen, older}, event, handler);
    // Nothing to write: ignored, or a start-run event that the initial state does not allow.
    if (m.to.word == seen && m.stepping.outcome != Outcome::stepped) return m.stepping;
    if (word_.compare_exchange_strong(seen, m.to.word, std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
      if (table.wide()) older_.store(m.to.older, std::memory_order_relaxed);
      return m.stepping;
    }
  }
  reset();
  return {Outcome::raced, false, {}};
}

}  // namespace swerve
