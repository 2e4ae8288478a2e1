// json_lines_fuzz - any bytes as JSON lines: read to the end or to an error in bounded memory, with
// batches that keep their promises (fuzz/batches.h), and the same from a pipe.
#include "batches.h"
#include "source/json/json_lines.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace swerve;
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)is_json_lines(text);
  const fuzz::Read file = fuzz::read_all(open_json_lines, text, true);
  const fuzz::Read pipe = fuzz::read_all(open_json_lines, text, false);
  SWERVE_CHECK(file.events == pipe.events && file.error == pipe.error, "the same from a pipe");
  return 0;
}
