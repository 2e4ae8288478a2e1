// source/tracedat/tracedat.h - reads trace.dat, what trace-cmd records (file versions 6 and 7).
//
// A bounded reader of our own: every length is checked against the file before it is used. The
// layout is that of trace-cmd's documentation (trace-cmd.dat.v6 and v7, section 5) and of the
// kernel's Documentation/trace/ring-buffer-design.rst; the formats of the events are read by
// libtraceevent.
//
// Files of either endianness and of kernels with a long of 4 or 8 bytes are read. Times are what
// `trace-cmd report -t` shows: the recorded ones, converted where the file says how (TSC2NSEC) and
// shifted where it says by how much (--date, --ts-offset); of the clocks "counter" and "x86-tsc"
// (without TSC2NSEC) they are no nanoseconds. A guest's trace keeps the times of its
// own clock: what it says about its host's (TIME_SHIFT) is not applied. The clock is told of the
// top buffer alone: trace-cmd writes that one's for all, whatever an instance was set to.
//
// Lost events: a mark in a sub-buffer makes a hole from its CPU's event before to the one after.
// Where the kernel's counters say that a CPU's events were overwritten, its beginning is a hole,
// too; where they say that events were dropped while others were kept, all of it is, since nobody
// knows when. A CPU whose events are damaged is a hole from there on: the other CPUs are read to
// their end, and then comes the error.
//
// Events whose format the file does not have (or has garbled) are counted as not understood.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "source/input.h"
#include "source/recording.h"

namespace swerve {

/// Whether a file that begins so is one.
bool is_tracedat(std::string_view beginning);

/// Reads the buffer of that name; empty: the top one, or where that is empty the only other one
/// that is not. Recording::format() says which, where there are several. An input that is not
/// mapped() is copied to a temporary file first, which has no name and is gone with the process.
/// The CPUs' streams are merged by time; where the times are equal the lower CPU comes first.
/// Errors: invalid (with the offset), not_found (no such buffer, or no telling which one is meant;
/// names those there are), unsupported (a version or compression that is not known; a latency
/// tracer's text), io.
Result<std::unique_ptr<Recording>> open_tracedat(std::unique_ptr<Input> input,
                                                 const std::string& buffer,
                                                 const Interest& interest);

}  // namespace swerve
