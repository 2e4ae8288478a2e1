#include "source/any/open_recording.h"

#include <array>
#include <filesystem>
#include <utility>

#include "base/text.h"
#include "source/binary.h"
#include "source/csv.h"
#include "source/ftrace_text.h"
#include "source/input.h"
#include "source/json/json_lines.h"
#include "source/packed/packed.h"
#include "source/perf_text.h"
#include "source/tracedat/tracedat.h"
#ifdef SWERVE_WITH_CTF
#include "source/ctf/ctf.h"
#endif

namespace swerve {

namespace {

using Opened = Result<std::unique_ptr<Recording>>;

constexpr std::size_t kBeginning = 64U << 10;

/// The formats that are told by how they begin. The texts come last, the least particular of all at
/// the end.
struct Format {
  const char* name;
  bool (*begins)(std::string_view);
  Opened (*open)(std::unique_ptr<Input>, const ReadOptions&, const Interest&);
  bool ordered;  // its reader gives the events in order
};

template <auto open>
Opened plainly(std::unique_ptr<Input> input, const ReadOptions&, const Interest& interest) {
  return open(std::move(input), interest);
}

Opened tracedat(std::unique_ptr<Input> input, const ReadOptions& options,
                const Interest& interest) {
  return open_tracedat(std::move(input), options.buffer, interest);
}

constexpr std::array kFormats{
    Format{"trace.dat", is_tracedat, tracedat, true},
    Format{"Swerve's own", is_binary, plainly<open_binary>, true},
    Format{"JSON lines", is_json_lines, plainly<open_json_lines>, false},
    Format{"ftrace's text", is_ftrace_text, plainly<open_ftrace_text>, false},
    Format{"perf script's text", is_perf_text, plainly<open_perf_text>, false},
    Format{"CSV", is_csv, plainly<open_csv>, false},
};

Opened open_folder(const std::string& name, const Interest& interest) {
#ifdef SWERVE_WITH_CTF
  if (is_ctf(name)) return open_ctf(name, interest);
  return Error(ErrorCode::invalid,
               "a folder, but not one of CTF: there is no file 'metadata' in it");
#else
  (void)name, (void)interest;
  return Error(ErrorCode::unsupported, "a folder; this swerve was built without the reader of CTF");
#endif
}

/// The format of what begins like this.
const Format* format_of(std::string_view beginning) {
  for (const Format& format : kFormats)
    if (format.begins(beginning)) return &format;
  return nullptr;
}

/// Peeks as far as it takes to know the format, and no further: a live text may have no more than
/// its first line for a long time. Null: it is none that is known. Errors: those of peek(), and
/// invalid: the input is empty.
Result<const Format*> find_format(Input& input) {
  for (std::size_t had = 0;;) {
    SWERVE_TRY_ASSIGN(std::string_view beginning, input.peek_some(kBeginning, had + 1));
    if (beginning.empty()) return Error(ErrorCode::invalid, "the recording is empty");
    const bool all = beginning.size() == kBeginning || beginning.size() == had;
    had = beginning.size();
    // The rest of a line that is still being written could make something else of it.
    if (!all) beginning = beginning.substr(0, beginning.rfind('\n') + 1);
    const Format* const format = format_of(beginning);
    if (format != nullptr || all) return format;
  }
}

Opened open_bytes(const std::string& name, const Interest& interest, const ReadOptions& options) {
  SWERVE_TRY_ASSIGN(std::unique_ptr<Input> raw, open_input(name));
  SWERVE_TRY_ASSIGN(std::unique_ptr<Input> input, unpacked(std::move(raw)));
  SWERVE_TRY_ASSIGN(const Format* const format, find_format(*input));
  if (format == nullptr) {
    std::vector<std::string> names;
    for (const Format& one : kFormats) names.emplace_back(one.name);
    return Error(ErrorCode::invalid,
                 cat("not a recording of a known format (", join(names), ", or a folder of CTF)"));
  }
  SWERVE_TRY_ASSIGN(std::unique_ptr<Recording> recording,
                    format->open(std::move(input), options, interest));
  if (format->ordered) return recording;
  return std::unique_ptr<Recording>(
      std::make_unique<Reorder>(std::move(recording), options.window));
}

}  // namespace

Opened open_recording(const std::string& name, const Interest& interest,
                      const ReadOptions& options) {
  std::error_code error;
  const bool folder = name != "-" && std::filesystem::is_directory(name, error);
  Opened opened = folder ? open_folder(name, interest) : open_bytes(name, interest, options);
  if (!opened)
    return std::move(opened).error().within(name == "-" ? "standard input" : escape(name));
  return opened;
}

}  // namespace swerve
