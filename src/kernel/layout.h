// kernel/layout.h - what the programs and we agree on: where things stand in the maps and in a
// record.
//
// The programs are made anew in every process, so nothing here is a format that lives longer.
#pragma once

#include <cstddef>
#include <cstdint>

namespace swerve::layout {

/// The head of a monitor's memory. What stands first we write and the programs read; the counts the
/// other way round.
struct Head {
  std::uint64_t armed;            // 1: instances may be started
  std::uint64_t steps;            // 1: steps are reported, where that can be switched
  std::uint64_t signals_allowed;  // the programs send while signals_sent is below it
  std::uint64_t signals_sent;
  std::uint64_t events_gone;  // transitions of instances that are no more
  std::uint64_t violations;
  std::uint64_t started;
  std::uint64_t refused;
  std::uint64_t raced;
  std::uint64_t lost;
  std::uint64_t compat;
};
inline constexpr std::uint32_t kInstancesAt = 4096;  // the instances begin on a page of their own

/// One instance. In the task table `tag` is the address of the task_struct, or 0 where the place is
/// free; in the objects' map it is the key. `displaced` counts the tasks whose place this would be
/// and that live in the overflow map, since another has it.
struct Slot {
  std::uint64_t tag;
  std::uint64_t word;
  std::uint64_t count;
  std::uint32_t displaced;
  std::uint32_t unused;
};
inline constexpr std::uint32_t kSlotBytes = 32;
static_assert(sizeof(Slot) == kSlotBytes);

/// The same with the second word of a wide table, and room for a cache line of its own.
struct WideSlot {
  Slot slot;
  std::uint64_t older;
  std::uint64_t unused[3];
};
inline constexpr std::uint32_t kWideSlotBytes = 64;
static_assert(sizeof(WideSlot) == kWideSlotBytes);
inline constexpr std::int16_t kOlderAt = offsetof(WideSlot, older);

/// Which place of the task table the task at `address` would have: Knuth's multiplicative hash of
/// the address' low half. The programs compute the same.
inline constexpr std::uint32_t kGolden = 0x9e3779b1;
constexpr std::uint32_t task_slot(std::uint64_t address, unsigned slot_bits) noexcept {
  const std::uint32_t hash = static_cast<std::uint32_t>(address) * kGolden;
  return slot_bits == 0 ? 0 : hash >> (32 - slot_bits);
}

/// In the objects' map: word of an instance that is being removed. Its newest id is 0, "not
/// monitoring".
inline constexpr std::uint64_t kDying = std::uint64_t{1} << 63;

inline constexpr std::uint32_t kStackDepth = 32;

/// One entry of the ring. A violation is followed by kStackDepth addresses where stacks are taken.
struct Record {
  static constexpr std::uint32_t kStep = 1, kViolation = 2;
  static constexpr std::int32_t kSignalled = 1;
  std::uint32_t kind;
  std::uint32_t monitor;
  std::uint64_t time_ns;
  std::uint64_t key;   // object's key
  std::uint64_t word;  // before the event
  std::uint64_t older;
  std::uint64_t count;  // transitions before this event
  std::uint32_t cpu;
  std::uint32_t event;
  std::uint32_t next;  // the id that the step led to
  std::int32_t stack_bytes;
  std::int32_t reacted;  // kSignalled, a negative errno, or 0: no signal was tried
  std::uint32_t serial;  // of the monitor: its number may be another one's by now
  std::uint64_t by;      // tgid << 32 | tid
  std::uint32_t tid;     // task scope: the instance's task
  std::uint32_t tgid;
  char by_comm[16];
  char comm[16];
};
static_assert(sizeof(Record) == 120);

}  // namespace swerve::layout
