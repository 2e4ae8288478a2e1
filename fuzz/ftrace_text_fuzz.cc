// ftrace_text_fuzz - any bytes as the text of ftrace: read to its end in bounded memory, with
// batches that keep their promises (fuzz/batches.h); and what is read does not depend on whether
// the input can be read twice, but for the places of holes.
#include "batches.h"
#include "source/ftrace_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace swerve;
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)is_ftrace_text(text);
  const fuzz::Read twice = fuzz::read_all(open_ftrace_text, text, true);
  const fuzz::Read once = fuzz::read_all(open_ftrace_text, text, false);
  SWERVE_CHECK(twice.events == once.events, "the same events from a pipe");
  return 0;
}
