// What an event costs in memory: nothing, but for a new instance. Counted by the operators new and
// delete of the program, for each thread; the library takes memory by nothing else.
#include <gtest/gtest.h>
#include <malloc.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <thread>

#include "swerve/control/inproc/session.h"
#include "swerve/model/dot.h"

namespace {

thread_local std::uint64_t allocations = 0;  // of this thread
std::atomic<std::int64_t> bytes_in_use{0};   // of all

void* allocated(std::size_t size, std::size_t alignment = 0) {
  void* const at = alignment == 0 ? std::malloc(size) : ::memalign(alignment, size);
  if (at == nullptr) std::abort();
  ++allocations;
  bytes_in_use += static_cast<std::int64_t>(::malloc_usable_size(at));
  return at;
}

void freed(void* at) noexcept {
  if (at != nullptr) bytes_in_use -= static_cast<std::int64_t>(::malloc_usable_size(at));
  std::free(at);
}

}  // namespace

void* operator new(std::size_t size) { return allocated(size); }
void* operator new[](std::size_t size) { return allocated(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocated(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocated(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* at) noexcept { freed(at); }
void operator delete[](void* at) noexcept { freed(at); }
void operator delete(void* at, std::size_t) noexcept { freed(at); }
void operator delete[](void* at, std::size_t) noexcept { freed(at); }
void operator delete(void* at, std::align_val_t) noexcept { freed(at); }
void operator delete[](void* at, std::align_val_t) noexcept { freed(at); }
void operator delete(void* at, std::size_t, std::align_val_t) noexcept { freed(at); }
void operator delete[](void* at, std::size_t, std::align_val_t) noexcept { freed(at); }

namespace swerve {
namespace {

SWERVE_TRACEPOINT(opened, int key);
SWERVE_TRACEPOINT(used, int key);
SWERVE_TRACEPOINT(closed, int key);
SWERVE_TRACEPOINT(named_opened, std::string_view key);
SWERVE_TRACEPOINT(named_used, std::string_view key);
SWERVE_TRACEPOINT(named_closed, std::string_view key);

constexpr auto kModel = dot(R"(digraph files {
  __init_closed -> closed;
  closed -> open [label = "open"];
  open -> open [label = "use"];
  open -> closed [label = "close"];
})");

/// How many allocations this thread makes in `what`.
template <typename F>
std::uint64_t allocations_of(const F& what) {
  const std::uint64_t before = allocations;
  what();
  return allocations - before;
}

void use(int times) {
  for (int i = 0; i < times; ++i) SWERVE_EMIT(used, i % 4);
}

MonitorSpec files(Scope scope) {
  MonitorSpec spec("files", kModel, scope);
  spec.on(opened, kModel["open"], start_run).on(used, kModel["use"]).on(closed, kModel["close"]);
  return spec;
}

MonitorSpec files_of(std::uint32_t max_instances = 16384) {
  const auto number = key([](int key) { return key; });
  MonitorSpec spec("files", kModel, Scope::object);
  spec.max_instances(max_instances)
      .on(opened, kModel["open"], number, start_run)
      .on(used, kModel["use"], number)
      .on(closed, kModel["close"], number, end);
  return spec;
}

MonitorSpec named_files(std::uint32_t max_instances = 16384) {
  const auto name = key([](std::string_view key) { return key; });
  MonitorSpec spec("named", kModel, Scope::object);
  spec.max_instances(max_instances)
      .on(named_opened, kModel["open"], name, start_run)
      .on(named_used, kModel["use"], name)
      .on(named_closed, kModel["close"], name, end);
  return spec;
}

TEST(Allocations, AreCounted) {
  EXPECT_EQ(allocations_of([] { delete new int(7); }), 1U);
  EXPECT_EQ(allocations_of([] { (void)std::string(100, 'x'); }), 1U);
  std::atomic<std::uint64_t> elsewhere{0};
  std::thread other([&] { elsewhere = allocations_of([] { delete new int(7); }); });
  other.join();
  EXPECT_EQ(elsewhere, 1U);
}

TEST(Allocations, NoneWhileTheTracepointIsOff) {
  EXPECT_FALSE(used.on());
  EXPECT_EQ(allocations_of([] { use(1000); }), 0U);
}

TEST(Allocations, NoneForACallback) {
  std::atomic<int> seen{0};
  const Attachment attachment = used.attach([&](int) { ++seen; });
  const Attachment any =
      used.attach_any([&](const Emission&, std::span<const ArgumentValue>) { ++seen; });
  use(1);  // the first of a thread makes its record
  EXPECT_EQ(allocations_of([] { use(1000); }), 0U);
  EXPECT_EQ(seen, 2002);
}

class OfOneInstance : public testing::TestWithParam<Scope> {};

TEST_P(OfOneInstance, NoneForAnEvent) {
  Session session;
  Monitor monitor = session.add(files(GetParam())).value();
  ASSERT_TRUE(monitor.enable());
  // Every CPU's and thread's part is there from its first event on; a thread may wander.
  const auto step_all = [] {
    SWERVE_EMIT(opened, 1);
    use(1000);
    SWERVE_EMIT(closed, 1);
  };
  step_all();
  EXPECT_EQ(allocations_of([&] {
              for (int i = 0; i < 10; ++i) step_all();
            }),
            0U);
  EXPECT_GE(monitor.stats().events, GetParam() == Scope::cpu ? 1U : 11U * 1002);
  // A step without a tracepoint likewise.
  EXPECT_EQ(allocations_of([&] { (void)monitor.step(kModel["open"]); }), 0U);
}

INSTANTIATE_TEST_SUITE_P(Scopes, OfOneInstance,
                         testing::Values(Scope::task, Scope::cpu, Scope::global),
                         [](const auto& one) { return std::string(scope_name(one.param)); });

/// A new instance: its table may have to grow (one), or its key be kept as well: a node, the text,
/// and that table's growth.
constexpr std::uint64_t kMostOfANewObject = 1;
constexpr std::uint64_t kMostOfANewNamedObject = 4;

TEST(Allocations, OfObjectsOnlyForNewInstances) {
  Session session;
  Monitor monitor = session.add(files_of(1000)).value();
  ASSERT_TRUE(monitor.enable());
  SWERVE_EMIT(opened, 0);  // and this thread's own part
  std::uint64_t all = 0;
  for (int key = 1; key < 1000; ++key) {
    const std::uint64_t one = allocations_of([&] { SWERVE_EMIT(opened, key); });
    EXPECT_LE(one, kMostOfANewObject);
    all += one;
  }
  EXPECT_LT(all, 64U * 4);  // 64 parts, which double
  EXPECT_EQ(allocations_of([] {
              for (int key = 0; key < 1000; ++key) SWERVE_EMIT(used, key);
            }),
            0U);
  // There is no room for more: refused, and counted.
  EXPECT_EQ(allocations_of([] {
              for (int key = 5000; key < 7000; ++key) SWERVE_EMIT(opened, key);
            }),
            0U);
  EXPECT_EQ(monitor.stats().refused, 2000U);
  EXPECT_EQ(monitor.stats().instances, 1000U);
  // The end takes nothing, and what it leaves is used again.
  EXPECT_EQ(allocations_of([] {
              for (int key = 0; key < 1000; ++key) SWERVE_EMIT(closed, key);
              for (int key = 0; key < 1000; ++key) SWERVE_EMIT(opened, key);
            }),
            0U);
  EXPECT_EQ(monitor.stats().instances, 1000U);
  EXPECT_EQ(monitor.stats().violations, 0U);
}

/// Longer than a std::string keeps within itself.
std::array<char, 40> name_of(int key) {
  std::array<char, 40> out{};
  std::snprintf(out.data(), out.size(), "/a/name/that/is/longer/%d", key);
  return out;
}

TEST(Allocations, OfNamedObjectsOnlyForNewInstances) {
  Session session;
  Monitor monitor = session.add(named_files(1000)).value();
  ASSERT_TRUE(monitor.enable());
  SWERVE_EMIT(named_opened, "first");
  for (int key = 1; key < 1000; ++key) {
    const auto name = name_of(key);
    EXPECT_LE(allocations_of([&] { SWERVE_EMIT(named_opened, name.data()); }),
              kMostOfANewNamedObject);
  }
  const auto each = [](int from, int to, auto&& happen) {
    for (int key = from; key < to; ++key) happen(std::string_view(name_of(key).data()));
  };
  EXPECT_EQ(allocations_of([&] {
              each(1, 1000, [](std::string_view name) { SWERVE_EMIT(named_used, name); });
            }),
            0U);
  EXPECT_EQ(allocations_of([&] {
              each(5000, 7000, [](std::string_view name) { SWERVE_EMIT(named_opened, name); });
            }),
            0U);
  EXPECT_EQ(monitor.stats().refused, 2000U);
  EXPECT_EQ(allocations_of([&] {
              each(1, 1000, [](std::string_view name) { SWERVE_EMIT(named_closed, name); });
            }),
            0U);
  EXPECT_EQ(monitor.stats().violations, 0U);
}

/// Bytes in use after `rounds` rounds of `round`, over those after some.
template <typename F>
std::int64_t growth(int rounds, const F& round) {
  for (int i = 0; i < rounds / 10; ++i) round(i);
  const std::int64_t before = bytes_in_use;
  for (int i = rounds / 10; i < rounds; ++i) round(i);
  return bytes_in_use - before;
}

constexpr std::int64_t kNearlyNothing = 64 << 10;  // tables of parts that had not grown yet

TEST(Allocations, AMillionObjectsThatEndLeaveNothing) {
  Session session;
  Monitor monitor = session.add(files_of()).value();
  ASSERT_TRUE(monitor.enable());
  // Ten at a time.
  EXPECT_LT(growth(1'000'000,
                   [](int i) {
                     SWERVE_EMIT(opened, i);
                     SWERVE_EMIT(used, i);
                     if (i >= 10) SWERVE_EMIT(closed, i - 10);
                   }),
            kNearlyNothing);
  EXPECT_EQ(monitor.stats().events, 3'000'000U - 10);
  EXPECT_EQ(monitor.stats().instances, 10U);
  EXPECT_EQ(monitor.stats().refused, 0U);
}

TEST(Allocations, AMillionNamesThatEndLeaveNothing) {
  Session session;
  Monitor monitor = session.add(named_files()).value();
  ASSERT_TRUE(monitor.enable());
  EXPECT_LT(growth(1'000'000,
                   [](int i) {
                     const auto name = name_of(i);
                     SWERVE_EMIT(named_opened, name.data());
                     SWERVE_EMIT(named_used, name.data());
                     SWERVE_EMIT(named_closed, name.data());
                   }),
            kNearlyNothing);
  EXPECT_EQ(monitor.stats().events, 3'000'000U);
  EXPECT_EQ(monitor.stats().instances, 0U);
}

TEST(Allocations, ThreadsThatEndLeaveNothing) {
  Session session;
  Monitor monitor = session.add(files(Scope::task)).value();
  ASSERT_TRUE(monitor.enable());
  EXPECT_LT(growth(2000,
                   [](int i) {
                     std::thread([i] {
                       SWERVE_EMIT(opened, i);
                       SWERVE_EMIT(used, i);
                     }).join();
                   }),
            kNearlyNothing);
  EXPECT_EQ(monitor.stats().events, 4000U);
}

}  // namespace
}  // namespace swerve
