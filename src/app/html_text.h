// app/html_text.h - texts as they stand in a page.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "swerve/base/time.h"

namespace swerve {

/// Any text, made safe to stand in HTML and in a quoted attribute: escape()d (base/text.h), then
/// the characters that mean something there.
std::string html(std::string_view text);

/// At most `most` bytes of it, cut between two characters of UTF-8, with "…" for the rest.
std::string shortened(std::string_view text, std::size_t most);

/// "1,234,567"
std::string grouped(std::uint64_t number);

/// "12", or "12–345" where it is not certain.
std::string range_text(std::uint64_t least, std::uint64_t most);

/// "12.3 ms": three digits, at least.
std::string duration_text(std::uint64_t ns);
/// "+12.3 ms" or "−12.3 ms"; "0" when there is none.
std::string offset_text(TimeNs time, TimeNs from);

}  // namespace swerve
