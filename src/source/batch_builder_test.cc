#include "source/batch_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "source/shown_test.h"

namespace swerve {
namespace {

using testing::ElementsAre;
using Form = RecordedField::Form;

std::string number_of(std::string_view word) {
  std::uint64_t out = 0;
  return word_as_integer(word, out) ? std::to_string(static_cast<std::int64_t>(out)) : "none";
}

TEST(Words, AreIntegersWhenNothingElseIsThere) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases{
      {"0", "0"},
      {"003", "3"},
      {"-1", "-1"},
      {"-0", "0"},
      {"18446744073709551615", "-1"},
      {"18446744073709551616", "none"},
      {"28446744073709551615", "none"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"-9223372036854775809", "none"},
      {"100000000000000000000", "none"},
      {"0x0", "0"},
      {"0xfF", "255"},
      {"0Xa", "10"},
      {"0xffffffffffffffff", "-1"},
      {"0x10000000000000000", "none"},
      {"0x", "none"},
      {"-0x1", "none"},
      {"0xg", "none"},
      {"", "none"},
      {"-", "none"},
      {"+1", "none"},
      {" 1", "none"},
      {"1 ", "none"},
      {"1.5", "none"},
      {"S", "none"},
      {"true", "1"},
      {"false", "0"},
      {"True", "none"},
      {"a1", "none"},
      // A pointer has 16 digits, and a decimal number that long does not begin with 0.
      {"000000006e5266de", "1850894046"},
      {"0000000012345678", "305419896"},
      {"ffff888100400000", "-131387340357632"},
      {"1234567890123456", "1234567890123456"},
      {"ffff88810040000", "none"},
  };
  for (const auto& [word, number] : cases) EXPECT_EQ(number_of(word), number) << word;
}

RC_GTEST_PROP(Words, AreTheNumbersThatWerePrinted, (std::int64_t number, std::uint64_t bits)) {
  std::uint64_t out = 0;
  RC_ASSERT(word_as_integer(std::to_string(number), out));
  RC_ASSERT(out == static_cast<std::uint64_t>(number));
  RC_ASSERT(word_as_integer(std::to_string(bits), out));
  RC_ASSERT(out == bits);
}

FoundEvent event(std::string_view name, std::uint64_t time = 1) {
  FoundEvent out;
  out.time = time;
  out.name = name;
  return out;
}
FoundField word(std::string_view name, std::string_view text) {
  FoundField out{name};
  out.text = text;
  return out;
}
FoundField integer(std::string_view name, std::uint64_t number, bool is_signed = false) {
  FoundField out{name, Form::integer, is_signed};
  out.number = number;
  return out;
}

/// The events of one batch.
std::vector<std::string> shown_batch(const Batch& batch) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < batch.size(); ++i) out.push_back(shown_event(batch, i));
  return out;
}

TEST(BatchBuilder, LearnsKindsAndDeliversFields) {
  const WantAll all;
  BatchBuilder builder(all);
  Batch batch;
  builder.begin(batch);
  FoundEvent first = event("switch", 10);
  first.cpu = 2;
  first.tid = 5;
  first.tgid = 4;
  first.comm = "sh";
  first.system = "sched";
  FoundField text{"t", Form::text}, other{"o", Form::other};
  text.text = "a b";
  const std::vector<FoundField> fields{word("w", "x y"), integer("i", 7),
                                       integer("s", ~std::uint64_t{1}, true), text, other};
  ASSERT_TRUE(builder.add(first, fields));
  ASSERT_TRUE(builder.add(event("none"), {}));
  ASSERT_TRUE(builder.finish(99));
  EXPECT_THAT(shown_batch(batch), ElementsAre("10 [2] 5/4 sh sched:switch w=x y i=#7 s=#-2 t=a b",
                                              "1 [0] 4294967295 ? none"));
  EXPECT_EQ(batch.bytes_read, 99U);
  EXPECT_EQ(batch.events_read, 2U);
  EXPECT_EQ((*batch.kinds)[0].fields[2],
            (RecordedField{"s", Form::integer, 8, true, std::string()}));
}

TEST(BatchBuilder, AnEventWithOtherFieldsIsAnotherKind) {
  const WantAll all;
  BatchBuilder builder(all);
  Batch batch;
  builder.begin(batch);
  ASSERT_TRUE(builder.add(event("e"), std::vector{word("a", "1")}));
  ASSERT_TRUE(builder.add(event("e"), std::vector{word("a", "2"), word("b", "3")}));
  ASSERT_TRUE(builder.add(event("e"), std::vector{integer("a", 4)}));
  ASSERT_TRUE(builder.add(event("e"), std::vector{word("a", "5")}));
  FoundEvent other = event("e");
  other.system = "s";
  ASSERT_TRUE(builder.add(other, std::vector{word("a", "6")}));
  ASSERT_TRUE(builder.finish(0));
  EXPECT_THAT(batch.kind, ElementsAre(0, 1, 2, 0, 3));
  EXPECT_THAT(batch.row, ElementsAre(0, 0, 0, 1, 0));
  EXPECT_EQ(batch.kinds->size(), 4U);
}

// Kinds of earlier batches keep their numbers, and a batch can be taken away.
TEST(BatchBuilder, KindsGrowFromBatchToBatch) {
  const WantAll all;
  BatchBuilder builder(all);
  Batch first, second;
  builder.begin(first);
  ASSERT_TRUE(builder.add(event("a"), {}));
  ASSERT_TRUE(builder.finish(0));
  builder.begin(second);
  ASSERT_TRUE(builder.add(event("b"), {}));
  ASSERT_TRUE(builder.add(event("a"), {}));
  ASSERT_TRUE(builder.finish(0));
  EXPECT_EQ(first.kinds->size(), 1U);
  EXPECT_EQ(second.kinds->size(), 2U);
  EXPECT_THAT(second.kind, ElementsAre(1, 0));
  EXPECT_EQ(second.events_read, 3U);
  builder.begin(first);
  EXPECT_FALSE(builder.finish(0));
  EXPECT_EQ(first.size(), 0U);
}

class WantSome final : public Interest {
 public:
  std::vector<Want> wants(const RecordedKind& kind) const override {
    ++asked;
    if (kind.name == "no") return {};
    std::vector<Want> out(kind.fields.size(), Want::nothing);
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (kind.fields[i].name == "i") out[i] = Want::integer;
      if (kind.fields[i].name == "t") out[i] = Want::text;
    }
    if (out.empty()) out.push_back(Want::nothing);
    return out;
  }
  mutable int asked = 0;
};

TEST(BatchBuilder, DeliversOnlyWhatIsWanted) {
  const WantSome some;
  BatchBuilder builder(some);
  Batch batch;
  builder.begin(batch);
  for (const std::string_view number : {"12", "x", "-3"}) {
    ASSERT_TRUE(builder.add(event("e"), std::vector{word("n", "1"), word("i", number)}));
    ASSERT_TRUE(builder.add(event("no"), std::vector{word("i", "1")}));
  }
  // A field comes in its own form when it cannot come as it is wanted.
  FoundField text{"i", Form::text};
  text.text = "12";
  ASSERT_TRUE(builder.add(event("f"), std::vector{text, integer("t", 5)}));
  FoundField missing = integer("i", 0);
  missing.unknown = true;
  ASSERT_TRUE(builder.add(event("g"), std::vector{missing}));
  ASSERT_TRUE(builder.finish(0));
  EXPECT_THAT(shown_batch(batch),
              ElementsAre("1 [0] 4294967295 ? e i=#12", "1 [0] 4294967295 ? e i=?",
                          "1 [0] 4294967295 ? e i=#-3", "1 [0] 4294967295 ? f i=12 t=#5",
                          "1 [0] 4294967295 ? g i=?"));
  EXPECT_EQ(batch.events_read, 8U);
  EXPECT_EQ(some.asked, 4);
  EXPECT_TRUE(batch.tgid.empty());
}

TEST(BatchBuilder, TheProcessIsThereForAllOnceItIsTold) {
  const WantAll all;
  BatchBuilder builder(all);
  Batch batch;
  builder.begin(batch);
  ASSERT_TRUE(builder.add(event("e"), {}));
  FoundEvent told = event("e");
  told.tgid = 9;
  ASSERT_TRUE(builder.add(told, {}));
  ASSERT_TRUE(builder.add(event("e"), {}));
  EXPECT_THAT(batch.tgid, ElementsAre(kNoProcess, 9, kNoProcess));
}

TEST(BatchBuilder, MarksStandBehindTheEventsSoFar) {
  const WantAll all;
  BatchBuilder builder(all);
  Batch batch;
  builder.begin(batch);
  builder.open_hole(1, 5);
  ASSERT_TRUE(builder.add(event("e"), {}));
  builder.close_hole(1, 3, 6);
  ASSERT_EQ(batch.holes.size(), 2U);
  EXPECT_EQ(batch.holes[0].before, 0U);
  EXPECT_EQ(batch.holes[1].before, 1U);
  EXPECT_EQ(shown_hole(batch.holes[1]), "}1 @6 lost 3");
}

TEST(BatchBuilder, IsFullInTime) {
  const WantSome some;
  BatchBuilder builder(some);
  Batch batch;
  builder.begin(batch);
  while (!builder.full()) ASSERT_TRUE(builder.add(event("e"), {}));
  EXPECT_EQ(batch.size(), Batch::kMost);
  // Also when nothing is wanted, so that someone hears of the progress.
  builder.begin(batch);
  int passed_over = 0;
  for (; !builder.full(); ++passed_over) ASSERT_TRUE(builder.add(event("no"), {}));
  EXPECT_EQ(passed_over, 65536);
  EXPECT_TRUE(builder.finish(1));
  EXPECT_EQ(batch.size(), 0U);
}

// A hostile file may have a new kind in every line.
TEST(BatchBuilder, RefusesMoreKindsThanItKeeps) {
  const WantAll all;
  BatchBuilder builder(all);
  Batch batch;
  builder.begin(batch);
  std::string name = "e";
  for (std::size_t i = 0; i < BatchBuilder::kMostKinds; ++i) {
    ASSERT_TRUE(builder.add(event(name + std::to_string(i)), {}));
    if (builder.full()) builder.begin(batch);
  }
  ASSERT_TRUE(builder.add(event("e0"), {}));
  const Result<> more = builder.add(event("one more"), {});
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code(), ErrorCode::exhausted);
}

TEST(BatchBuilder, RefusesMoreFieldsAndNamesThanItKeeps) {
  const WantAll all;
  const auto until_refused = [&](std::size_t fields, std::size_t name_size) {
    BatchBuilder builder(all);
    Batch batch;
    builder.begin(batch);
    for (int i = 0;; ++i) {
      const std::string name = std::string(name_size, 'n') + std::to_string(i);
      if (!builder.add(event(name), std::vector(fields, word("f", "")))) return i;
      if (builder.full()) builder.begin(batch);
    }
  };
  EXPECT_EQ(until_refused(65536 / 8, 1), 8);
  EXPECT_LE(until_refused(1, 1 << 20), 8);
}

}  // namespace
}  // namespace swerve
