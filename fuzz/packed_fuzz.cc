// packed_fuzz - any bytes as a compressed input: what is read does not depend on the size of the
// pieces, nor on whether it is the first time.
#include <cstdint>

#include "source/packed/packed.h"
#include "swerve/base/check.h"

namespace swerve {
namespace {

// The whole, or as much as a bomb may have here, and then the error.
std::string read_all(Input& input, std::size_t piece) {
  constexpr std::size_t kMost = 1U << 20;
  std::string out;
  while (out.size() < kMost) {
    const std::size_t had = out.size();
    out.resize(had + piece);
    const Result<std::size_t> got = input.read(out.data() + had, piece);
    out.resize(had + (got ? *got : 0));
    if (!got) return out + "|" + got.error().message();
    if (*got < piece) {
      char more = 0;
      const Result<std::size_t> end = input.read(&more, 1);
      if (end) SWERVE_CHECK(*end == 0, "fewer bytes only at the end");
      return end ? out : out + "|" + end.error().message();
    }
  }
  out.resize(kMost);
  return out;
}

void check(const std::string& bytes) {
  Result<std::unique_ptr<Input>> input = unpacked(memory_input(bytes));
  if (!input) {
    SWERVE_CHECK(!input.error().message().empty(), "a reason");
    return;
  }
  const std::string whole = read_all(**input, 1U << 20);
  SWERVE_CHECK(static_cast<bool>((*input)->rewind()), "bytes in memory can be read twice");
  SWERVE_CHECK(read_all(**input, 1U << 20) == whole, "the same again");
  SWERVE_CHECK(static_cast<bool>((*input)->rewind()), "and three times");
  SWERVE_CHECK(read_all(**input, 1000) == whole, "the same in small pieces");
}

}  // namespace
}  // namespace swerve

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  swerve::check(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
