// fuzz/dot_fuzz.cc - model files from anywhere: any bytes must give an automaton or an error, never
// both and never neither, the reader of dot() must say the same, and what was read must come back
// the same from what is printed.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/describe.h"
#include "model/dot_agreement.h"
#include "model/json_printer.h"
#include "swerve/base/check.h"
#include "swerve/model/dot_parser.h"
#include "swerve/model/dot_printer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace swerve;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ParsedAutomaton parsed = parse_dot(text, "fuzz.dot");
  SWERVE_CHECK(parsed.automaton.has_value() != has_errors(parsed.diagnostics),
               "an automaton exactly when there is no error");
  for (const Diagnostic& d : parsed.diagnostics) {
    SWERVE_CHECK(!d.message.empty() && d.message.find('\n') == std::string::npos,
                 "a message is one line");
  }
  SWERVE_CHECK(disagreement(text).empty(), "one language at run time and at compile time");
  if (!parsed.automaton) return 0;

  const ParsedAutomaton again = parse_dot(to_dot(*parsed.automaton), "printed.dot");
  SWERVE_CHECK(again.automaton.has_value(), "what is printed can be read");
  SWERVE_CHECK(*again.automaton == *parsed.automaton, "what is printed means the same");
  SWERVE_CHECK(!describe(*parsed.automaton).empty(), "there is always something to say");
  SWERVE_CHECK(to_json(*parsed.automaton).find('\n') == std::string::npos, "JSON is one line");
  return 0;
}
