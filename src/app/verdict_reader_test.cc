#include "app/verdict_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"
#include "monitor/examples_for_test.h"
#include "monitor/verdict_json.h"

namespace swerve {
namespace {

/// Names as the kernel and models have them; quotes, backslashes, control and wide characters too.
rc::Gen<std::string> name() {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
          "a", "Z", "_", "/", " ", "\"", "\\", "\n", "\x1b", "\x7f", "\u0085", "ä", "€", "𝄞")),
      [](const std::vector<std::string>& parts) { return join(parts, ""); });
}

TaskInfo any_task() {
  return {*rc::gen::arbitrary<std::uint32_t>(), *rc::gen::arbitrary<std::uint32_t>(), *name()};
}

void fill(Occurrence& out) {
  out.time = {*rc::gen::arbitrary<std::uint64_t>()};
  out.monitor = *name();
  out.id.scope = *rc::gen::element(Scope::global, Scope::cpu, Scope::task, Scope::object);
  if (out.id.scope != Scope::global) out.id.key = *rc::gen::arbitrary<std::uint64_t>();
  if (*rc::gen::arbitrary<bool>()) out.task = any_task();
  out.cpu = *rc::gen::arbitrary<std::uint32_t>();
  out.by = any_task();
  out.state = *name();
  out.event = *name();
}

Violation any_violation() {
  Violation out;
  fill(out);
  out.expected = *rc::gen::container<std::vector<std::string>>(name());
  const auto steps = *rc::gen::inRange(0, 9);
  for (int i = 0; i < steps; ++i) out.path.push_back({*name(), *name(), *name()});
  out.events = *rc::gen::arbitrary<std::uint64_t>();
  out.stack = *rc::gen::container<std::vector<std::string>>(name());
  out.source = *name();
  if (*rc::gen::arbitrary<bool>()) out.reacted = *rc::gen::inRange(0, 134);
  return out;
}

RC_GTEST_PROP(ReadVerdict, GivesBackTheStepThatWasWritten, ()) {
  Step step;
  fill(step);
  step.next = *name();
  step.final = *rc::gen::arbitrary<bool>();
  const auto read = read_verdict(step_json(step));
  RC_ASSERT(read.has_value());
  RC_ASSERT(std::get<Step>(*read) == step);
}

RC_GTEST_PROP(ReadVerdict, GivesBackTheViolationThatWasWritten, ()) {
  const Violation violation = any_violation();
  const auto read = read_verdict(violation_json(violation));
  RC_ASSERT(read.has_value());
  RC_ASSERT(std::get<Violation>(*read) == violation);
}

RC_GTEST_PROP(ReadVerdict, TakesAnyBytes, (const std::string& bytes)) {
  RC_ASSERT(!read_verdict(bytes).has_value());
}

// Lines that are nearly right get further than any bytes do.
RC_GTEST_PROP(ReadVerdict, TakesDamagedLines, ()) {
  std::string line = violation_json(any_violation());
  const auto changes = *rc::gen::inRange(1, 4);
  for (int i = 0; i < changes; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, line.size());
    const auto size = *rc::gen::inRange<std::size_t>(0, 20);
    line.replace(at, size,
                 *rc::gen::element<std::string>("", "\"", "{", "]", ",", "1", "-1", "null", "1e9",
                                                "18446744073709551616", "\xff", "\"type\":"));
  }
  const auto read = read_verdict(line);
  if (!read) RC_ASSERT(!read.error().message().empty());
}

TEST(ReadVerdict, KnowsWhatWasLost) {
  EXPECT_EQ(std::get<Lost>(*read_verdict(R"({"type":"lost","lines":7})")), (Lost{7, "", 0}));
  EXPECT_EQ(std::get<Lost>(*read_verdict(R"({"type":"lost","monitor":"wwnr","reports":3})")),
            (Lost{0, "wwnr", 3}));
}

TEST(ReadVerdict, SkipsMembersThatItDoesNotKnow) {
  std::string line = step_json(example_step());
  line.insert(1, R"("colour":{"r":[1,2]},)");
  EXPECT_EQ(std::get<Step>(*read_verdict(line)), example_step());
}

TEST(ReadVerdict, SaysWhatIsWrong) {
  const auto wrong = [](std::string_view line) {
    const auto read = read_verdict(line);
    return read ? "nothing" : read.error().message();
  };
  const auto changed = [&](std::string_view from, std::string_view to) {
    std::string line = violation_json(example_violation());
    line.replace(line.find(from), from.size(), to);
    return wrong(line);
  };
  EXPECT_EQ(wrong(""), "not a JSON object");
  EXPECT_EQ(wrong("[1]"), "not a JSON object");
  EXPECT_EQ(wrong("{}"), "no member 'type' that is a string");
  EXPECT_EQ(wrong(R"({"type":"song"})"), "type 'song' is not known");
  EXPECT_EQ(wrong(R"({"type":"lost"})"), "no member 'monitor' that is a string");
  EXPECT_EQ(changed(R"("cpu":3)", R"("cpu":-3)"), "no member 'cpu' that is a number from 0 on");
  EXPECT_EQ(changed(R"("cpu":3)", R"("cpu":4294967296)"), "member 'cpu' is a number so large");
  EXPECT_EQ(changed(R"("scope":"task")", R"("scope":"tusk")"), "there is no scope 'tusk'");
  EXPECT_EQ(changed(R"("scope":"task","id":1234)", R"("scope":"object","id":"12x")"),
            "'12x' is not the key of an object");
  EXPECT_EQ(changed(R"("expected":["switch_out"])", R"("expected":[1])"),
            "member 'expected' is an array of other things than strings");
  EXPECT_EQ(changed(R"("path":[)", R"("path":[7,)"),
            "member 'path' is an array of other things than objects");
  EXPECT_EQ(changed(R"("by":{)", R"("by":[],"bye":{)"), "no member 'by' that is an object");
}

}  // namespace
}  // namespace swerve
