// app/html_page.h - the page of `swerve check`, as text.
//
// Data in, text out, but for the drawings, which Graphviz makes. The page holds everything that it
// needs and works without its script, which sorts, filters, opens and closes. Every text that comes
// from outside is escaped.
#pragma once

#include <functional>
#include <string_view>

#include "app/html_data.h"

namespace swerve {

/// Gives the page to `put`, part by part.
void write_page(const PageData& page, const std::function<void(std::string_view)>& put);

}  // namespace swerve
