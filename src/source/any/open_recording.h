// source/any/open_recording.h - opens a recorded trace of any format that Swerve reads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "source/recording.h"
#include "source/reorder.h"

namespace swerve {

struct ReadOptions {
  Reorder::Window window;  // for formats whose events may be out of order
  std::string buffer;      // trace.dat: the instance's buffer of that name; empty: the top one
};

/// The recording in the file (or folder, for CTF; "-" is standard input) of that name, whatever its
/// format is: that is told by its content, never by its name; .gz and .zst are read through. Asks
/// `interest` for what is wanted; it must outlive the recording.
/// Errors: not_found, denied, io; invalid: the content is of no format that is known (says what it
/// was compared with), or broken from the start; unsupported: built without the reader that it
/// needs.
Result<std::unique_ptr<Recording>> open_recording(const std::string& name, const Interest& interest,
                                                  const ReadOptions& options);

}  // namespace swerve
