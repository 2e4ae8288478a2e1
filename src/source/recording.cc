#include "source/recording.h"

namespace swerve {

void Batch::clear() {
  for (auto* const column : {&time, &comm}) column->clear();
  for (auto* const column : {&cpu, &tid, &tgid, &kind, &row}) column->clear();
  for (Table& table : tables) {
    table.rows = 0;
    for (Column& column : table.columns) {
      column.form = Want::nothing;
      column.cells.clear();
      column.unknown.clear();
    }
  }
  holes.clear();
  bytes.clear();
  listed.clear();
  kinds.reset();
}

}  // namespace swerve
