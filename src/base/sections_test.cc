#include "swerve/base/sections.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace swerve {
namespace {

TEST(Section, SaysWhetherTheThreadIsInsideOneAlsoWhenNested) {
  EXPECT_FALSE(inside_section());
  {
    const Section outer;
    EXPECT_TRUE(inside_section());
    {
      const Section inner;
      EXPECT_TRUE(inside_section());
    }
    EXPECT_TRUE(inside_section());
    std::thread([] { EXPECT_FALSE(inside_section()); }).join();
    EXPECT_FALSE(wait_for_sections());  // two such threads would wait for each other
  }
  EXPECT_FALSE(inside_section());
  EXPECT_TRUE(wait_for_sections());
}

TEST(Section, IsWaitedForUntilItEnds) {
  std::atomic<bool> inside{false}, go{false}, ended{false};
  std::thread other([&] {
    const Section section;
    inside = true;
    inside.notify_all();
    go.wait(false);
    ended = true;
  });
  inside.wait(false);
  std::thread opener([&] {
    go = true;
    go.notify_all();
  });
  EXPECT_TRUE(wait_for_sections());
  EXPECT_TRUE(ended);
  other.join();
  opener.join();
}

TEST(Section, WhatWasTakenAwayBeforeTheWaitIsUsedByNobodyAfterIt) {
  // Whoever takes one away spoils it after the wait: a reader that still saw it would tell.
  constexpr int kChanges = 500;
  struct Shared {
    std::atomic<bool> spoilt{false};
  };
  std::atomic<Shared*> current{new Shared()};
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> spoilt_seen{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop.load(std::memory_order_relaxed)) {
        const Section section;
        const Shared* const seen = current.load(std::memory_order_seq_cst);
        for (int n = 0; n < 8; ++n) {
          if (seen->spoilt.load(std::memory_order_relaxed)) ++spoilt_seen;
        }
      }
    });
  }
  for (int i = 0; i < kChanges; ++i) {
    const std::unique_ptr<Shared> old(current.exchange(new Shared(), std::memory_order_seq_cst));
    EXPECT_TRUE(wait_for_sections());
    old->spoilt = true;
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  delete current.load();
  EXPECT_EQ(spoilt_seen, 0U);
}

}  // namespace
}  // namespace swerve
