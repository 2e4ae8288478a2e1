#include "model/describe.h"

#include <algorithm>

#include "base/text.h"

namespace swerve {

namespace {
constexpr std::size_t kWidest = 100;

std::string marked(const Automaton& automaton, std::size_t state) {
  std::vector<std::string> marks;
  if (state == index(kInitial)) marks.push_back("initial");
  if (automaton.states()[state].final) marks.push_back("final");
  const std::string& name = automaton.states()[state].name;
  return marks.empty() ? name : cat(name, " (", join(marks), ")");
}

std::string counted(std::size_t count, std::string_view thing) {
  return cat(count, " ", thing, count == 1 ? "" : "s");
}

// "states:  a, b, c", broken after a comma where the line would be too wide.
std::string wrapped(std::string_view title, const std::vector<std::string>& items) {
  std::string out(title);
  std::size_t width = title.size();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string piece = items[i] + (i + 1 < items.size() ? "," : "");
    if (i != 0 && width + 1 + piece.size() > kWidest) {
      out += "\n" + std::string(title.size(), ' ');
      width = title.size();
    } else if (i != 0) {
      out += " ";
      ++width;
    }
    out += piece;
    width += piece.size();
  }
  return out + "\n";
}

using Row = std::vector<std::string>;

std::string aligned(const std::vector<Row>& rows, const std::vector<std::size_t>& widths) {
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      line += row[c];
      if (c + 1 < row.size()) line.append(widths[c] + 2 - row[c].size(), ' ');
    }
    out += line + "\n";
  }
  return out;
}

// The widths of the table's columns, or nothing when the table would be too wide. Looks at names
// only, so that a huge model is not built as text first.
std::vector<std::size_t> column_widths(const Automaton& automaton) {
  std::vector<std::size_t> widths(1, 0);
  if (automaton.events().size() > kWidest) return {};
  for (const State& state : automaton.states()) widths[0] = std::max(widths[0], state.name.size());
  std::size_t total = widths[0];
  for (std::size_t e = 0; e < automaton.events().size(); ++e) {
    std::size_t width = automaton.events()[e].size();
    for (std::size_t s = 0; s < automaton.states().size(); ++s) {
      const StateId to = automaton.next(StateId(s), EventId(e));
      if (to != kNoState) width = std::max(width, automaton.states()[index(to)].name.size());
    }
    widths.push_back(width);
    total += 2 + width;
    if (total > kWidest) return {};
  }
  return widths;
}

std::string table(const Automaton& automaton, const std::vector<std::size_t>& widths) {
  std::vector<Row> rows(1, Row{""});
  rows[0].insert(rows[0].end(), automaton.events().begin(), automaton.events().end());
  for (std::size_t s = 0; s < automaton.states().size(); ++s) {
    Row row{automaton.states()[s].name};
    for (std::size_t e = 0; e < automaton.events().size(); ++e) {
      const StateId to = automaton.next(StateId(s), EventId(e));
      row.push_back(to == kNoState ? "." : automaton.states()[index(to)].name);
    }
    rows.push_back(std::move(row));
  }
  return aligned(rows, widths);
}

std::string list(const Automaton& automaton) {
  std::string out;
  for (std::size_t s = 0; s < automaton.states().size(); ++s) {
    out += marked(automaton, s) + "\n";
    std::vector<Row> rows;
    std::size_t width = 0;
    for (const EventId e : automaton.allowed(StateId(s))) {
      const std::string& event = automaton.events()[index(e)];
      rows.push_back(
          {"", event, cat("-> ", automaton.states()[index(automaton.next(StateId(s), e))].name)});
      width = std::max(width, event.size());
    }
    if (rows.empty()) rows.push_back({"", "no event is allowed here"});
    out += aligned(rows, {0, width, 0});
  }
  return out;
}
}  // namespace

std::string describe(const Automaton& automaton) {
  std::vector<std::string> states;
  for (std::size_t s = 0; s < automaton.states().size(); ++s)
    states.push_back(marked(automaton, s));
  std::string out =
      cat("model:   ", automaton.name().empty() ? "(no name)" : escape(automaton.name()), ", ",
          counted(states.size(), "state"), ", ", counted(automaton.events().size(), "event"), ", ",
          counted(automaton.transitions().size(), "transition"), "\n");
  out += wrapped("states:  ", states);
  if (automaton.events().empty()) return out + "events:  none\n";
  out += wrapped("events:  ", {automaton.events().begin(), automaton.events().end()}) + "\n";
  const std::vector<std::size_t> widths = column_widths(automaton);
  return out + (widths.empty() ? list(automaton) : table(automaton, widths));
}

}  // namespace swerve
