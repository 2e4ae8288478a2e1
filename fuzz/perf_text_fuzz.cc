// perf_text_fuzz - any bytes as the text of perf script; as ftrace_text_fuzz.
#include "batches.h"
#include "source/perf_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace swerve;
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)is_perf_text(text);
  const fuzz::Read twice = fuzz::read_all(open_perf_text, text, true);
  const fuzz::Read once = fuzz::read_all(open_perf_text, text, false);
  SWERVE_CHECK(twice.events == once.events, "the same events from a pipe");
  return 0;
}
