// source/binary.h - Swerve's own recordings: compact, by columns, and fast to read.
// docs/recording.md is the format.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "source/input.h"
#include "source/recording.h"

namespace swerve {

bool is_binary(std::string_view beginning);

/// Errors of open and next(): invalid (with the offset; a version that is not known is one), io.
Result<std::unique_ptr<Recording>> open_binary(std::unique_ptr<Input> input,
                                               const Interest& interest);

/// Writes one. One thread.
class BinaryWriter {
 public:
  /// Into a file that is made anew beside `path` and takes its name at finish(), so that there is
  /// never half a recording; "-" is standard output. Errors: denied, not_found (the folder), io.
  static Result<BinaryWriter> create(const std::string& path, const std::string& clock);
  ~BinaryWriter();  // without finish(): nothing is left
  BinaryWriter(BinaryWriter&&) noexcept;

  /// All events of the batch with all fields that were delivered; `names` is where it comes from:
  /// asked for the names of the threads that it meets, and the first time for all its kinds, if it
  /// knows them. Errors: io; exhausted (more kinds than a recording may have, or an event that is
  /// larger than a block may be).
  Result<> put(const Batch& batch, const Recording& names);
  Result<> finish();

 private:
  struct State;
  explicit BinaryWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace swerve
