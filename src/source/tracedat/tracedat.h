// source/tracedat/tracedat.h - reads trace.dat, what trace-cmd records (file versions 6 and 7).
//
// A bounded reader of our own: every length is checked against the file before it is used. The
// layout is that of trace-cmd's documentation (trace-cmd.dat.v6 and v7, section 5) and of the
// kernel's Documentation/trace/ring-buffer-design.rst; the formats of the events are read by
// libtraceevent.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "source/input.h"
#include "source/recording.h"

namespace swerve {

/// Whether a file that begins so is one.
bool is_tracedat(std::string_view beginning);

/// Reads the buffer of that name; empty: the top one. The input must be a file (mapped()). The
/// CPUs' streams are merged by time; where the times are equal the lower CPU comes first. Errors:
/// invalid (with the offset), not_found (no such buffer; names those there are), unsupported.
Result<std::unique_ptr<Recording>> open_tracedat(std::unique_ptr<Input> input,
                                                 const std::string& buffer,
                                                 const Interest& interest);

}  // namespace swerve
