#include "app/batch_reader.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace swerve {
namespace {

constexpr std::chrono::milliseconds kPatience{100};

}  // namespace

// What both threads use. The reading one holds a share of it, so that it may be left behind.
struct BatchReader::Shared {
  std::shared_ptr<Recording> recording;
  std::shared_ptr<const Interest> interest;
  std::vector<std::unique_ptr<Batch>> batches;  // all there are

  std::mutex mutex;
  std::condition_variable changed;
  // All under the mutex.
  std::vector<Batch*> empty;
  std::deque<Batch*> full;
  bool stop = false;
  bool done = false;     // nothing comes after what is in `full`
  bool running = false;  // the thread
  std::optional<Error> error;

  /// What next() has answered, and made of the batch. False: it was the last time.
  bool put(Batch* batch, Result<bool> more) {
    if (!more) error = std::move(more).error();
    done = !more || !*more;
    if (!done) full.push_back(batch);
    changed.notify_all();
    return !done;
  }

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return stop || !empty.empty(); });
      if (stop) break;
      Batch* const batch = empty.back();
      empty.pop_back();
      lock.unlock();
      Result<bool> more = recording->next(*batch);
      lock.lock();
      if (!put(batch, std::move(more))) break;
    }
    running = false;
    changed.notify_all();
  }
};

BatchReader::BatchReader(std::shared_ptr<Recording> recording,
                         std::shared_ptr<const Interest> interest, bool threaded)
    : shared_(std::make_shared<Shared>()), threaded_(threaded) {
  Shared& s = *shared_;
  s.recording = std::move(recording);
  s.interest = std::move(interest);
  const std::size_t ahead = threaded ? 2 : 0;
  for (std::size_t i = 0; i < kTakenMost + ahead; ++i) {
    s.batches.push_back(std::make_unique<Batch>());
    s.empty.push_back(s.batches.back().get());
  }
  if (!threaded) return;
  s.running = true;
  thread_ = std::thread([shared = shared_] { shared->run(); });
}

BatchReader::~BatchReader() {
  if (!threaded_) return;
  std::unique_lock lock(shared_->mutex);
  shared_->stop = true;
  shared_->changed.notify_all();
  const bool over = shared_->changed.wait_for(lock, kPatience, [&] { return !shared_->running; });
  lock.unlock();
  over ? thread_.join() : thread_.detach();
}

Batch* BatchReader::take(const std::function<bool()>& stop) {
  if (ended_ || stop()) return nullptr;
  Shared& s = *shared_;
  if (!threaded_) return take_if_read();
  std::unique_lock lock(s.mutex);
  while (s.full.empty() && !s.done) {
    (void)s.changed.wait_for(lock, kPatience, [&] { return !s.full.empty() || s.done; });
    lock.unlock();
    const bool stopped = stop();
    lock.lock();
    if (stopped) return nullptr;
  }
  return take_front();
}

Batch* BatchReader::take_if_read() {
  if (ended_) return nullptr;
  Shared& s = *shared_;
  std::unique_lock lock(s.mutex);
  if (!threaded_ && !s.empty.empty()) {
    Batch* const batch = s.empty.back();
    s.empty.pop_back();
    (void)s.put(batch, s.recording->next(*batch));
  }
  if (s.full.empty() && !s.done) return nullptr;
  return take_front();
}

// The mutex is held, and there is one, or it is the end.
Batch* BatchReader::take_front() {
  Shared& s = *shared_;
  if (s.full.empty()) {
    ended_ = true;
    error_ = s.error;
    return nullptr;
  }
  Batch* const batch = s.full.front();
  s.full.pop_front();
  return batch;
}

void BatchReader::give_back(Batch* batch) {
  const std::lock_guard lock(shared_->mutex);
  shared_->empty.push_back(batch);
  shared_->changed.notify_all();
}

}  // namespace swerve
