// The same trace, as trace.dat and as ftrace's text: both readers must say the same of every event.
#include <gtest/gtest.h>

#include <map>

#include "base/text.h"
#include "source/any/open_recording.h"
#include "source/batch_builder.h"

namespace swerve {
namespace {

/// The letters that ftrace's text has for the recorded number.
std::string state_letters(std::int64_t number) {
  static const std::map<std::int64_t, std::string> letters{
      {0, "R"}, {1, "S"}, {2, "D"}, {16, "X"}, {32, "Z"}, {128, "I"}, {256, "R+"}};
  const auto found = letters.find(number);
  return found == letters.end() ? cat(number) : found->second;
}

/// A value as text, whatever it was recorded as; numbers without the zeros that fill them up.
std::string value_text(const Batch& batch, const RecordedField& field, const Batch::Column& column,
                       std::uint32_t row) {
  const std::uint64_t cell = column.cells[row];
  if (column.form == Want::integer) {
    const auto number = static_cast<std::int64_t>(cell);
    return field.name == "prev_state" ? state_letters(number) : cat(number);
  }
  std::string_view text = batch.text(cell);
  if (text.ends_with('\n')) text.remove_suffix(1);  // trace_marker's: the end of the line there
  std::uint64_t number = 0;
  if (word_as_integer(text, number)) return cat(static_cast<std::int64_t>(number));
  return std::string(text);
}

struct Seen {
  std::string head;
  std::map<std::string, std::string> fields;
};

/// All events. Times in microseconds, as the text has them.
std::vector<Seen> all_of(const std::string& name) {
  const WantAll all;
  auto recording = open_recording(SWERVE_SOURCE_DIR "/tests/data/streams/" + name, all, {});
  std::vector<Seen> out;
  if (!recording) {
    ADD_FAILURE() << recording.error().message();
    return out;
  }
  Batch batch;
  for (;;) {
    const Result<bool> more = (*recording)->next(batch);
    if (!more) ADD_FAILURE() << more.error().message();
    if (!more || !*more) break;
    EXPECT_TRUE(batch.holes.empty());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const RecordedKind& kind = (*batch.kinds)[batch.kind[i]];
      Seen seen;
      seen.head =
          cat((batch.time[i] + 500) / 1000, " ", batch.cpu[i], " ", batch.tid[i], " ", kind.name);
      for (std::size_t f = 0; f < kind.fields.size(); ++f) {
        const Batch::Column& column = batch.tables[batch.kind[i]].columns[f];
        if (column.form == Want::nothing) continue;
        seen.fields[kind.fields[f].name] = value_text(batch, kind.fields[f], column, batch.row[i]);
      }
      out.push_back(std::move(seen));
    }
    EXPECT_EQ(batch.not_understood, 0U);
    EXPECT_EQ(batch.late, 0U);
  }
  return out;
}

class SameTrace : public testing::TestWithParam<const char*> {};

TEST_P(SameTrace, IsReadTheSame) {
  const std::string name = GetParam();
  const std::vector<Seen> binary = all_of(name + ".trace.dat");
  const std::vector<Seen> text = all_of(name + ".trace.txt.gz");
  ASSERT_EQ(binary.size(), text.size());
  ASSERT_GT(text.size(), 20'000U);
  for (std::size_t i = 0; i < text.size(); ++i) {
    ASSERT_EQ(text[i].head, binary[i].head) << "event " << i;
    for (const auto& [field, value] : text[i].fields) {
      if (field == "ip") continue;  // a name here, an address there
      const auto other = binary[i].fields.find(field);
      ASSERT_NE(other, binary[i].fields.end()) << text[i].head << ": " << field;
      ASSERT_EQ(value, other->second) << text[i].head << ": " << field;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Streams, SameTrace, testing::Values("wwnr-b", "wwnr-c"),
                         [](const auto& test) { return std::string(test.param).substr(5); });

}  // namespace
}  // namespace swerve
