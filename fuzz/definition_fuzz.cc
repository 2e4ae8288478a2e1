// definition_fuzz - any bytes as a definition: parse_definition() promises a definition exactly
// when there is no error, and places inside of the file; what it accepts is bound, which promises
// the same.
#include <algorithm>
#include <cstdint>

#include "bind/fake_catalog_test.h"
#include "bind/toml/definition_parser.h"
#include "swerve/base/check.h"

namespace swerve {
namespace {

void check_places(const Diagnostics& diagnostics, std::size_t lines, std::size_t bytes) {
  for (const Diagnostic& d : diagnostics) {
    SWERVE_CHECK(d.place.file == "f.toml" && d.place.line <= lines && d.place.column <= bytes + 1,
                 "a place outside of the file");
    SWERVE_CHECK(d.message.find_first_of("\n\x1b") == std::string::npos,
                 "a message with control characters");
  }
}

void check(std::string_view text) {
  static const fake::Catalog catalog;
  static const Automaton model =
      Automaton::make("m", "a",
                      {{"a", "switch_in", "b"}, {"b", "switch_out", "a"}, {"a", "e", "a"}})
          .value();
  const std::size_t lines =
      static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  ParsedDefinition parsed = parse_definition(text, "f.toml");
  SWERVE_CHECK(parsed.definition.has_value() == parsed.diagnostics.empty(),
               "a definition without or despite errors");
  check_places(parsed.diagnostics, lines, text.size());
  if (!parsed.definition || parsed.definition->container) return;
  const BindOutcome outcome = bind(std::move(*parsed.definition), model, catalog);
  SWERVE_CHECK(outcome.monitor.has_value() == !has_errors(outcome.diagnostics),
               "a monitor without or despite errors");
  check_places(outcome.diagnostics, lines, text.size());
}

}  // namespace
}  // namespace swerve

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  swerve::check(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
