// app/convert.cc - `swerve convert`: recorded traces, written anew in Swerve's own format.
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "app/batch_reader.h"
#include "app/commands.h"
#include "app/interruption.h"
#include "app/output.h"
#include "app/progress.h"
#include "app/recorded_input.h"
#include "app/report.h"
#include "app/trace_monitors.h"
#include "base/text.h"
#include "bind/recorded/numbered_calls.h"
#include "source/any/open_recording.h"
#include "source/binary.h"

namespace swerve {
namespace {

constexpr int kLeftOut = 1;  // something of the trace is not in what was written
constexpr int kFailed = 2;
constexpr std::size_t kReadAheadBytes = 64U << 20;

/// One of several recordings: it does not know what the others hold.
class Part final : public Recording {
 public:
  explicit Part(const Recording& of) : of_(of) {}
  Result<bool> next(Batch& /*out*/) override { return false; }
  std::string format() const override { return of_.format(); }
  std::string clock() const override { return of_.clock(); }
  std::string_view comm(std::uint32_t tid) const override { return of_.comm(tid); }
  std::uint32_t tgid(std::uint32_t tid) const override { return of_.tgid(tid); }

 private:
  const Recording& of_;
};

class Conversion {
 public:
  Conversion(const ConvertOptions& options, std::optional<CheckedDefinitions> only)
      : options_(options), only_(std::move(only)) {}

  Result<int> run() {
    for (const std::string& trace : options_.traces) {
      Progress progress(trace);
      SWERVE_TRY(convert(trace, progress));
    }
    SWERVE_TRY(writer_->finish());
    for (const std::string& warning : warnings_) complain(warning);
    return warnings_.empty() ? 0 : kLeftOut;
  }

 private:
  Result<> convert(const std::string& file, Progress& progress) {
    std::shared_ptr<const Interest> interest;
    std::shared_ptr<TraceMonitors> monitors;
    if (only_) {
      interest = monitors = std::make_shared<TraceMonitors>(*only_, RecordedEngine::Options());
    } else {
      interest = std::make_shared<WantAll>();
    }
    const ReadOptions reading = read_options(options_.window, options_.buffer);
    const auto open = [&](const Interest& asked) { return open_recording(file, asked, reading); };
    SWERVE_TRY_ASSIGN(std::unique_ptr<Recording> opened,
                      only_ ? open_with_named_calls(*interest, open) : open(*interest));
    std::shared_ptr<Recording> recording = std::move(opened);
    const std::uint64_t total_bytes = recording->total_bytes();
    Result<> done = [&]() -> Result<> {
      if (monitors) SWERVE_TRY(bind(*monitors, recording));
      SWERVE_TRY(begin(*recording));
      BatchReader reader(recording, interest, true);
      const auto stop = [this] { return interruption_.heard(); };
      while (Batch* const batch = reader.take(stop)) {
        events_ = batch->events_read;
        SWERVE_TRY(put(*batch, *recording));
        progress.show({batch->bytes_read, total_bytes, batch->events_read});
        late_ = batch->late;
        not_understood_ = batch->not_understood;
        reader.give_back(batch);
      }
      if (reader.error()) return *reader.error();
      if (!reader.ended()) return Error(ErrorCode::io, "stopped before the end");
      return {};
    }();
    progress.clear();
    if (!done)
      return Error(done.error().code(), cat(trace_name(file), ": ", done.error().message(), " (",
                                            plural(events_, "event was", "events were"),
                                            " read until there; nothing was written)"));
    warn(file);
    return {};
  }

  static Result<> bind(TraceMonitors& monitors, std::shared_ptr<Recording>& recording) {
    SWERVE_TRY_ASSIGN(
        const Diagnostics diagnostics,
        monitors.bind_to(recording, kReadAheadBytes, [](const Batch&) { return true; }));
    if (!monitors.bound()) {
      show(diagnostics);
      return Error(ErrorCode::invalid, "the definitions do not fit it");
    }
    for (const auto& one : monitors.monitors())
      if (!one->error.empty())
        return Error(ErrorCode::invalid,
                     cat(escape(one->bound().definition.name), ": ", one->error));
    return {};
  }

  Result<> begin(const Recording& recording) {
    if (!writer_) {
      clock_ = recording.clock();
      SWERVE_TRY_ASSIGN(BinaryWriter made, BinaryWriter::create(options_.output, clock_));
      writer_.emplace(std::move(made));
    }
    if (recording.clock() != clock_)
      return Error(ErrorCode::invalid, cat("its clock is '", escape(recording.clock()),
                                           "', that of the first trace '", escape(clock_), "'"));
    return {};
  }

  Result<> put(const Batch& batch, const Recording& recording) {
    if (batch.size() != 0) {
      if (batch.time.front() < last_)
        return Error(ErrorCode::invalid,
                     "it begins before the trace before it ends; several traces must be one after "
                     "the other in time");
      last_ = batch.time.back();
    }
    if (options_.traces.size() == 1) return writer_->put(batch, recording);
    return writer_->put(batch, Part(recording));
  }

  void warn(const std::string& file) {
    if (late_ != 0)
      warnings_.push_back(cat(trace_name(file), ": ", plural(late_, "event", "events"),
                              " came too late to be put in order, and left out (--window)"));
    if (not_understood_ != 0)
      warnings_.push_back(cat(trace_name(file), ": ",
                              plural(not_understood_, "line was", "lines were"),
                              " not understood, and left out"));
  }

  const ConvertOptions& options_;
  const std::optional<CheckedDefinitions> only_;
  Interruption interruption_;
  std::optional<BinaryWriter> writer_;
  std::string clock_;
  std::uint64_t last_ = 0;
  std::uint64_t events_ = 0, late_ = 0, not_understood_ = 0;
  std::vector<std::string> warnings_;
};

Result<int> convert(const ConvertOptions& options) {
  SWERVE_TRY(check_files(options.traces, {options.output}));
  std::error_code error;
  if (options.output == "-" && ::isatty(STDOUT_FILENO) == 1)
    return Error(ErrorCode::invalid, "a recording is not for a terminal: -o FILE");
  if (!options.force && std::filesystem::is_regular_file(options.output, error))
    return Error(ErrorCode::exists,
                 cat(escape(options.output), " is there already (--force writes over it)"));
  std::optional<CheckedDefinitions> only;
  if (!options.only.empty()) {
    SWERVE_TRY_ASSIGN(only, read_definitions(options.only, options.folders));
    const Diagnostics problems = only->problems();
    show(problems);
    if (has_errors(problems)) return kFailed;
  }
  return Conversion(options, std::move(only)).run();
}

}  // namespace

int run_convert(const ConvertOptions& options) {
  const Result<int> status = convert(options);
  if (status) return *status;
  complain(status.error().message());
  return kFailed;
}

}  // namespace swerve
