#include "app/html_text.h"

#include <array>

#include "base/text.h"

namespace swerve {

std::string html(std::string_view text) {
  std::string out;
  for (const char c : escape(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
  while (most != 0 && continues(text[most])) --most;
  return cat(text.substr(0, most), "…");
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3;) digits.insert(i -= 3, ",");
  return digits;
}

std::string range_text(std::uint64_t least, std::uint64_t most) {
  return least == most ? grouped(most) : cat(grouped(least), "–", grouped(most));
}

std::string duration_text(std::uint64_t ns) {
  struct Unit {
    std::uint64_t ns;
    std::string_view name;
  };
  constexpr std::array<Unit, 3> kUnits = {
      {{1'000'000'000, " s"}, {1'000'000, " ms"}, {1'000, " µs"}}};
  for (const Unit& unit : kUnits) {
    if (ns < unit.ns) continue;
    const std::uint64_t parts = ns < 10 * unit.ns ? 100 : ns < 100 * unit.ns ? 10 : 1;
    const std::uint64_t step = unit.ns / parts;
    const std::uint64_t rounded = ns / step + (ns % step >= step / 2 ? 1 : 0);
    const std::string rest = std::to_string(parts + rounded % parts);  // a 1 in front
    return cat(grouped(rounded / parts), parts == 1 ? "" : ".", std::string_view(rest).substr(1),
               unit.name);
  }
  return cat(ns, " ns");
}

std::string offset_text(TimeNs time, TimeNs from) {
  if (time == from) return "0";
  return time > from ? cat("+", duration_text(time.ns - from.ns))
                     : cat("−", duration_text(from.ns - time.ns));
}

}  // namespace swerve
