// app/batch_reader.h - the batches of a recording, read on a thread of their own.
//
// While one batch is being worked on, the next is read: so two CPUs are busy. What is ahead is
// bounded; batches are used again. The order is that of the recording.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "source/recording.h"
#include "swerve/base/result.h"

namespace swerve {

/// One thread takes the batches.
class BatchReader {
 public:
  /// How many batches may be taken and not given back.
  static constexpr std::size_t kTakenMost = 4;

  /// `interest` is what the recording asks, and lives as long as it is being read. Not `threaded`:
  /// take() reads.
  BatchReader(std::shared_ptr<Recording> recording, std::shared_ptr<const Interest> interest,
              bool threaded);
  /// A thread that hangs in a read (of a pipe) is left behind, with what it uses.
  ~BatchReader();
  BatchReader(const BatchReader&) = delete;
  BatchReader& operator=(const BatchReader&) = delete;

  /// The next batch; null at the end, after an error, and when `stop` says so, which is asked at
  /// once and then every tenth of a second. To be given back.
  Batch* take(const std::function<bool()>& stop);
  /// The same, but null also where the next batch has not been read yet.
  Batch* take_if_read();
  void give_back(Batch* batch);

  /// Why reading ended before the end; set when take() has answered null.
  const std::optional<Error>& error() const { return error_; }
  /// Whether take() has come to the end, or the error.
  bool ended() const { return ended_; }

 private:
  struct Shared;
  Batch* take_front();
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
  std::optional<Error> error_;
  bool ended_ = false;
  bool threaded_;
};

}  // namespace swerve
