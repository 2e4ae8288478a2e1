#include "swerve/source/tracepoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "swerve/base/per_thread.h"

namespace swerve {
namespace {

using testing::ElementsAre;

enum class Colour : short { red = -1, green = 7 };

SWERVE_TRACEPOINT(opened, int fd, std::string_view path);
SWERVE_TRACEPOINT(ticked);
SWERVE_TRACEPOINT(inner, int x);
SWERVE_TRACEPOINT(all_types, bool b, signed char c, Colour colour, const void* p, const char* text,
                  const std::string& s, double d, unsigned long big);

TEST(Tracepoint, DoesNotEvaluateItsArgumentsWhileItIsOff) {
  int evaluated = 0;
  const auto argument = [&] { return ++evaluated; };
  SWERVE_EMIT(opened, argument(), "x");
  EXPECT_EQ(evaluated, 0);
  EXPECT_FALSE(opened.on());
  const Attachment attachment = opened.attach([](int, std::string_view) {});
  EXPECT_TRUE(opened.on());
  SWERVE_EMIT(opened, argument(), "x");
  EXPECT_EQ(evaluated, 1);
}

TEST(Tracepoint, CallsWhatIsAttachedInItsOrder) {
  std::vector<std::string> seen;
  Attachment first = opened.attach([&](int fd, std::string_view path) {
    seen.push_back("1 " + std::to_string(fd) + std::string(path));
  });
  const Attachment second = opened.attach([&](const Emission& e, int, std::string_view) {
    seen.push_back("2 line " + std::to_string(e.where.line));
  });
  const unsigned line = __LINE__ + 1;
  SWERVE_EMIT(opened, 3, "/a");
  EXPECT_TRUE(first.detach());
  SWERVE_EMIT(opened, 4, "/b");
  EXPECT_THAT(seen, ElementsAre("1 3/a", "2 line " + std::to_string(line),
                                "2 line " + std::to_string(line + 2)));
}

TEST(Tracepoint, TellsWhoDoesNotKnowItsTypes) {
  using Kind = ArgumentType::Kind;
  EXPECT_EQ(all_types.parameters(),
            "bool b, signed char c, Colour colour, const void* p, const char* text, const "
            "std::string& s, "
            "double d, unsigned long big");
  std::vector<Kind> kinds;
  for (const ArgumentType& type : all_types.types()) kinds.push_back(type.kind);
  EXPECT_THAT(kinds, ElementsAre(Kind::boolean, Kind::integer, Kind::integer, Kind::pointer,
                                 Kind::text, Kind::text, Kind::other, Kind::integer));
  std::vector<std::string> seen;
  const Attachment attachment =
      all_types.attach_any([&](const Emission& emission, std::span<const ArgumentValue> values) {
        seen.emplace_back(emission.tracepoint.name());
        for (const ArgumentValue& v : values)
          seen.push_back(std::to_string(v.number) + std::string(v.text));
      });
  SWERVE_EMIT(all_types, true, static_cast<signed char>(-2), Colour::red, nullptr, nullptr,
              std::string("s"), 1.5, ~0UL);
  EXPECT_THAT(seen, ElementsAre("all_types", "1", std::to_string(~0UL - 1), std::to_string(~0UL),
                                "0", "0", "1s", "0", std::to_string(~0UL)));
}

TEST(Tracepoint, IsFoundByItsName) {
  EXPECT_THAT(find_tracepoints("opened"), ElementsAre(&opened));
  EXPECT_THAT(find_tracepoints("nobody"), ElementsAre());
}

TEST(Tracepoint, DoesNotCallItselfFromInsideAndCountsThat) {
  int calls = 0;
  Attachment other;
  const Attachment attachment = inner.attach([&](int x) {
    ++calls;
    if (x > 0) SWERVE_EMIT(inner, x - 1);
  });
  SWERVE_EMIT(inner, 5);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(attachment.missed(), 1U);
  // By way of another one it is the same.
  other = ticked.attach([] { SWERVE_EMIT(inner, 3); });
  const Attachment back = inner.attach([](int x) {
    if (x == 9) SWERVE_EMIT(ticked);
  });
  SWERVE_EMIT(inner, 9);
  EXPECT_EQ(attachment.missed(), 3U);  // its own, and the one by ticked
}

TEST(Tracepoint, RunsTheCallbacksOfAnotherInsideOfItsOwn) {
  std::vector<std::string> seen;
  const Attachment a = ticked.attach([&] {
    seen.emplace_back("ticked");
    SWERVE_EMIT(inner, 1);
    seen.emplace_back("ticked again");
  });
  const Attachment b = inner.attach([&](const Emission& e, int) {
    seen.emplace_back("inner in " + std::string(e.outer->tracepoint.name()));
  });
  SWERVE_EMIT(ticked);
  EXPECT_THAT(seen, ElementsAre("ticked", "inner in ticked", "ticked again"));
}

TEST(Tracepoint, CallsEverybodyAndThrowsTheFirstException) {
  int called = 0;
  const std::uint64_t dropped = dropped_exceptions();
  const Attachment a = ticked.attach([] { throw std::runtime_error("one"); });
  const Attachment b = ticked.attach([] { throw std::runtime_error("two"); });
  const Attachment c = ticked.attach([&] { ++called; });
  try {
    SWERVE_EMIT(ticked);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "one");
  }
  EXPECT_EQ(called, 1);
  EXPECT_EQ(dropped_exceptions(), dropped + 1);
  EXPECT_FALSE(inside_section());
}

TEST(Tracepoint, TakesAttachingAndDetachingFromInsideACallback) {
  int later = 0;
  Attachment second;
  Attachment first;
  first = ticked.attach([&] {
    second = ticked.attach([&] { ++later; });
    EXPECT_FALSE(first.detach());  // it is running
  });
  SWERVE_EMIT(ticked);
  EXPECT_EQ(later, 0);  // from the next one on
  SWERVE_EMIT(ticked);
  EXPECT_EQ(later, 1);
  EXPECT_TRUE(second.detach());
  EXPECT_FALSE(ticked.on());
}

TEST(Tracepoint, DetachingWaitsForARunningCallbackAndDestroysWhatItHolds) {
  std::atomic<bool> inside{false}, go{false}, ended{false};
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = held;
  Attachment attachment = ticked.attach([&, held] {
    inside = true;
    inside.notify_all();
    go.wait(false);
    ended = true;
  });
  held.reset();
  std::thread emitter([] { SWERVE_EMIT(ticked); });
  inside.wait(false);
  std::thread opener([&] {
    go = true;
    go.notify_all();
  });
  EXPECT_TRUE(attachment.detach());
  EXPECT_TRUE(ended);
  EXPECT_TRUE(watch.expired());
  emitter.join();
  opener.join();
}

TEST(PerThread, HasAValueForEachThreadUntilThatEnds) {
  std::vector<int> ended;
  {
    PerThread<std::atomic<int>> values(
        [&](const std::atomic<int>& value) { ended.push_back(value); });
    values.here(detail::thread_record()) = 1;
    std::thread([&] { values.here(detail::thread_record()) = 2; }).join();
    EXPECT_THAT(ended, ElementsAre(2));
    int sum = 0;
    values.for_each([&](const std::atomic<int>& value) { sum += value; });
    EXPECT_EQ(sum, 1);
  }
  EXPECT_THAT(ended, ElementsAre(2, 1));
}

TEST(PerThread, TakesMoreThanTheFirstFew) {
  std::vector<std::unique_ptr<PerThread<std::atomic<int>>>> many;
  for (int i = 0; i < 100; ++i) many.push_back(std::make_unique<PerThread<std::atomic<int>>>());
  for (int i = 0; i < 100; ++i)
    many[static_cast<std::size_t>(i)]->here(detail::thread_record()) = i;
  for (int i = 0; i < 100; ++i) {
    const auto* const found = many[static_cast<std::size_t>(i)]->find(detail::thread_record());
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(*found, i);
  }
}

}  // namespace
}  // namespace swerve
