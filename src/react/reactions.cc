#include "swerve/react/reactions.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/rate_limit.h"
#include "base/signals_blocked.h"

namespace swerve {

namespace {
using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kGoodbye(200);
constexpr std::chrono::milliseconds kSurelyBegun(5);
constexpr std::uint64_t kPatienceMostNs = 3600'000'000'000;
}  // namespace

// One lock over everything, never held while a reactor is called, made or destroyed. The threads
// are detached and share the state, so that one whose reactor hangs can be left behind.
struct SWERVE_LOCAL Reactions::State : std::enable_shared_from_this<Reactions::State> {
  struct Worker;
  struct Monitor {
    explicit Monitor(const RateLimit& l) : limit(l) {}
    std::shared_ptr<Worker> worker;  // none: nop
    std::string reactor;
    bool dry_run = false;
    RateLimit limit;
    ReactionCounts counts;
    std::uint64_t queued = 0;  // of counts.waiting; the others run
    std::uint64_t untold = 0;  // suppressed since the last reaction
  };
  struct Job {
    std::shared_ptr<Monitor> monitor;
    Reaction reaction;
  };
  /// A reactor with its queue and threads.
  struct Worker {
    std::shared_ptr<Reactor> reactor;
    unsigned threads_most = 1;
    std::size_t users = 0;  // monitors that have it
    unsigned threads = 0;
    unsigned idle = 0;  // of these
    std::deque<Job> queue;
    std::condition_variable wake;
  };
  /// A job that was taken off its queue.
  struct Call {
    explicit Call(const Monitor* m) : monitor(m) {}
    const Monitor* monitor;
    const Clock::time_point taken = Clock::now();
    std::atomic<bool> begun{false};  // set without the lock, as the last thing before react()
  };
  using Which = std::function<bool(const Monitor*)>;

  explicit State(Options o) : options(std::move(o)) {}

  const Options options;
  mutable std::mutex mutex;
  std::condition_variable changed;  // a queue is shorter, a call or a thread has ended
  std::map<std::string, std::shared_ptr<Monitor>, std::less<>> monitors;
  std::map<const Reactor*, std::shared_ptr<Worker>> workers;  // with users or threads
  std::list<Call> calls;
  std::size_t threads = 0;
  bool reacting = true;
  bool ended = false;

  std::shared_ptr<Monitor> find(std::string_view name) const {
    const auto found = monitors.find(name);
    return found == monitors.end() ? nullptr : found->second;
  }

  static void count(Monitor& monitor, const Result<>& done) {
    ++monitor.counts.reactions;
    if (done) return;
    ++monitor.counts.failed;
    monitor.counts.last_error = done.error().message();
  }

  /// The answer is for letting go of without the lock: a reactor may end with it.
  std::shared_ptr<Worker> release(Monitor& monitor) {
    std::shared_ptr<Worker> worker = std::move(monitor.worker);
    monitor.worker = nullptr;
    if (worker == nullptr || --worker->users != 0) return worker;
    if (worker->threads == 0) workers.erase(worker->reactor.get());
    worker->wake.notify_all();
    return worker;
  }

  std::shared_ptr<Worker> worker_of(std::shared_ptr<Reactor> reactor, unsigned threads_most) {
    std::shared_ptr<Worker>& worker = workers[reactor.get()];
    if (worker == nullptr) {
      worker = std::make_shared<Worker>();
      worker->reactor = std::move(reactor);
      worker->threads_most = threads_most;
    }
    ++worker->users;
    return worker;
  }

  void queue(const std::shared_ptr<Monitor>& monitor, const Violation& violation) {
    Worker& worker = *monitor->worker;
    worker.queue.push_back({monitor, {violation, std::exchange(monitor->untold, 0)}});
    ++monitor->queued;
    ++monitor->counts.waiting;
    if (worker.queue.size() > worker.idle && worker.threads < worker.threads_most) {
      if (const Result<> started = start(monitor->worker); !started && worker.threads == 0) {
        worker.queue.pop_back();
        --monitor->queued;
        --monitor->counts.waiting;
        count(*monitor, started);
      }
    }
    worker.wake.notify_one();
  }

  Result<> start(const std::shared_ptr<Worker>& worker) {
    const SignalsBlocked blocked;
    try {
      std::thread([state = shared_from_this(), mine = worker]() mutable {
        State& s = *state;
        s.run(*mine);
        mine.reset();
        const std::lock_guard lock(s.mutex);
        --s.threads;
        s.changed.notify_all();
      }).detach();
    } catch (const std::system_error& error) {
      return Error::from_errno(error.code().value(), "start a thread for the reactor");
    }
    ++worker->threads;
    ++threads;
    return {};
  }

  void run(Worker& worker) {
    std::unique_lock lock(mutex);
    for (;;) {
      ++worker.idle;
      worker.wake.wait(lock, [&] { return !worker.queue.empty() || worker.users == 0 || ended; });
      --worker.idle;
      if (worker.queue.empty()) break;
      const Job job = std::move(worker.queue.front());
      worker.queue.pop_front();
      --job.monitor->queued;
      const auto call = calls.emplace(calls.end(), job.monitor.get());
      changed.notify_all();
      lock.unlock();
      call->begun.store(true);
      const Result<> done = worker.reactor->react(job.reaction);
      lock.lock();
      calls.erase(call);
      --job.monitor->counts.waiting;
      count(*job.monitor, done);
      changed.notify_all();
    }
    if (--worker.threads == 0 && worker.users == 0) workers.erase(worker.reactor.get());
  }

  /// From the return on no call of theirs begins, but for violations that are queued later.
  void cancel(std::unique_lock<std::mutex>& lock, const Which& whose) {
    for (auto& [reactor, worker] : workers) {
      std::erase_if(worker->queue, [&](const Job& job) {
        Monitor& monitor = *job.monitor;
        if (!whose(&monitor)) return false;
        --monitor.queued;
        --monitor.counts.waiting;
        ++monitor.counts.cancelled;
        monitor.untold += job.reaction.suppressed;
        return true;
      });
    }
    changed.notify_all();
    // What is off its queue but not yet in react() gets there: this waits for the scheduler, not
    // for a reactor. Between `begun` and react() are a few instructions only; a thread that lost
    // its CPU right there has surely got it back, or else returned, a little later.
    const auto now = Clock::now();
    const auto may_begin = [&](const Call& call) {
      return whose(call.monitor) && call.taken <= now &&
             (!call.begun || Clock::now() < call.taken + kSurelyBegun);
    };
    while (std::any_of(calls.begin(), calls.end(), may_begin)) {
      changed.wait_for(lock, std::chrono::microseconds(50));
    }
  }
};

Reactions::Reactions(Options options) : state_(std::make_shared<State>(std::move(options))) {}

Reactions::~Reactions() {
  std::map<std::string, std::shared_ptr<State::Monitor>, std::less<>> monitors;
  std::vector<std::shared_ptr<State::Worker>> workers;  // outlive the lock
  std::unique_lock lock(state_->mutex);
  state_->ended = true;
  state_->cancel(lock, [](const State::Monitor*) { return true; });
  for (auto& [name, monitor] : state_->monitors) workers.push_back(state_->release(*monitor));
  for (auto& [reactor, worker] : state_->workers) worker->wake.notify_all();
  monitors.swap(state_->monitors);
  state_->changed.wait_for(lock, kGoodbye, [&] { return state_->threads == 0; });
}

void Reactions::choose(const std::string& monitor, std::shared_ptr<Reactor> reactor,
                       const ReactionSetting& setting) {
  const RateLimit limit(setting.per_second, setting.burst, state_->options.now());
  const bool nop = reactor == nullptr || reactor->name() == "nop";
  const unsigned threads_most = nop ? 0 : std::max(1U, reactor->at_once());
  std::shared_ptr<State::Worker> old;  // outlives the lock
  const std::lock_guard lock(state_->mutex);
  std::shared_ptr<State::Monitor>& record = state_->monitors[monitor];
  if (record == nullptr) record = std::make_shared<State::Monitor>(limit);
  old = state_->release(*record);
  record->limit = limit;
  record->dry_run = setting.dry_run;
  record->reactor = setting.reactor;
  if (!nop) record->worker = state_->worker_of(std::move(reactor), threads_most);
}

void Reactions::forget(std::string_view monitor) {
  std::shared_ptr<State::Worker> old;  // outlives the lock
  std::unique_lock lock(state_->mutex);
  const std::shared_ptr<State::Monitor> record = state_->find(monitor);
  if (record == nullptr) return;
  state_->monitors.erase(state_->monitors.find(monitor));
  old = state_->release(*record);
  state_->cancel(lock, [&](const State::Monitor* m) { return m == record.get(); });
}

void Reactions::set_reacting(bool on) {
  std::unique_lock lock(state_->mutex);
  state_->reacting = on;
  if (!on) state_->cancel(lock, [](const State::Monitor*) { return true; });
}

bool Reactions::reacting() const {
  const std::lock_guard lock(state_->mutex);
  return state_->reacting;
}

void Reactions::on_violation(const Violation& violation) {
  const TimeNs now = state_->options.now();
  std::unique_lock lock(state_->mutex);
  const std::shared_ptr<State::Monitor> monitor = state_->find(violation.monitor);
  if (monitor == nullptr) return;
  ReactionCounts& counts = monitor->counts;
  if (violation.reacted) {
    monitor->limit.spend(now);
    State::count(*monitor, *violation.reacted == 0
                               ? Result<>()
                               : Error::from_errno(*violation.reacted, monitor->reactor));
  } else if (monitor->worker == nullptr) {
    // nop
  } else if (!state_->reacting) {
    ++counts.silenced;
  } else if (monitor->dry_run) {
    ++counts.dry_run;
  } else if (!monitor->limit.take(now)) {
    ++counts.suppressed;
    ++monitor->untold;
  } else if (const std::shared_ptr<Reactor> reactor = monitor->worker->reactor;
             reactor->at_event()) {
    ++counts.waiting;
    const Reaction reaction{violation, std::exchange(monitor->untold, 0)};
    lock.unlock();
    Result<> done;
    const auto end = [&] {
      lock.lock();
      --counts.waiting;
      State::count(*monitor, done);
    };
    try {
      done = reactor->react(reaction);
    } catch (...) {
      end();
      throw;
    }
    end();
  } else if (monitor->worker->queue.size() >= state_->options.queue_most) {
    ++counts.dropped;
  } else {
    state_->queue(monitor, violation);
  }
}

void Reactions::settle(std::span<const std::string> monitors, TimeNs patience) {
  const auto deadline =
      Clock::now() + std::chrono::nanoseconds(std::min(patience.ns, kPatienceMostNs));
  std::unique_lock lock(state_->mutex);
  std::map<const State::Monitor*, std::shared_ptr<State::Monitor>> all;
  for (const std::string& name : monitors) {
    if (const std::shared_ptr<State::Monitor> one = state_->find(name)) all[one.get()] = one;
  }
  state_->changed.wait_until(lock, deadline, [&] {
    return std::all_of(all.begin(), all.end(),
                       [](const auto& one) { return one.first->queued == 0; });
  });
  state_->cancel(lock, [&](const State::Monitor* m) { return all.contains(m); });
}

ReactionCounts Reactions::counts(std::string_view monitor) const {
  const std::lock_guard lock(state_->mutex);
  const std::shared_ptr<State::Monitor> record = state_->find(monitor);
  return record == nullptr ? ReactionCounts() : record->counts;
}

std::uint64_t Reactions::allowance(std::string_view monitor) const {
  const TimeNs now = state_->options.now();
  const std::lock_guard lock(state_->mutex);
  const std::shared_ptr<State::Monitor> record = state_->find(monitor);
  if (record == nullptr || record->worker == nullptr || record->dry_run || !state_->reacting) {
    return 0;
  }
  return record->limit.available(now);
}

}  // namespace swerve
