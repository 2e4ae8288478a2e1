// csv_fuzz - any bytes as CSV: read to the end or to an error in bounded memory, with batches that
// keep their promises (fuzz/batches.h), and the same from a pipe.
#include "batches.h"
#include "source/csv.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace swerve;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const fuzz::Read file = fuzz::read_all(open_csv, text, true);
  const fuzz::Read pipe = fuzz::read_all(open_csv, text, false);
  SWERVE_CHECK(file.events == pipe.events && file.error == pipe.error, "the same from a pipe");
  SWERVE_CHECK(file.events == 0 || text.find('"') != std::string::npos || is_csv(text),
               "what has events is told to be CSV");
  return 0;
}
