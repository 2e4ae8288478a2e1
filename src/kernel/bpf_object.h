// kernel/bpf_object.h - BPF maps and programs, each with one owner. The system calls stand here.
#pragma once

#include <bpf/bpf.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "kernel/compiler.h"
#include "swerve/base/result.h"

namespace swerve {

/// What to do when the kernel says EPERM; one line. Names the capabilities that this process lacks.
Error rights_error(std::string_view doing, int os_errno);

/// A map. Errors of create(): denied (see rights_error), exhausted, io.
struct MapShape {
  bpf_map_type type = BPF_MAP_TYPE_ARRAY;
  std::uint32_t key_bytes = 4;
  std::uint32_t value_bytes = 4;
  std::uint32_t entries = 1;
  std::uint32_t flags = 0;
  int inner_fd = -1;  // maps of maps
};
Result<UniqueFd> create_map(const std::string& name, const MapShape& shape);

/// Memory shared with the programs: an array of one element, mapped here. Zero at first.
class [[nodiscard]] SharedMemory {
 public:
  static Result<SharedMemory> create(const std::string& name, std::uint32_t bytes);
  SharedMemory() = default;
  SharedMemory(SharedMemory&&) noexcept;
  SharedMemory& operator=(SharedMemory&&) noexcept;
  ~SharedMemory();

  int fd() const { return fd_.get(); }
  std::uint32_t bytes() const { return bytes_; }
  std::uint8_t* data() const { return data_; }
  template <typename T>
  T* at(std::size_t offset) const {
    return reinterpret_cast<T*>(data_ + offset);
  }

 private:
  UniqueFd fd_;
  std::uint32_t bytes_ = 0;
  std::uint8_t* data_ = nullptr;
};

/// How far a ring buffer has been written and read, in bytes since it was made.
class [[nodiscard]] RingPositions {
 public:
  static Result<RingPositions> of(const UniqueFd& ring);
  RingPositions() = default;
  RingPositions(RingPositions&&) noexcept;
  RingPositions& operator=(RingPositions&&) noexcept;
  ~RingPositions();

  std::uint64_t produced() const;
  std::uint64_t consumed() const;

 private:
  void* pages_ = nullptr;  // the consumer's, then the producer's
};

/// Loads a program of `kind` for `at`. `log` gets the verifier's words when it
/// refuses.
Result<UniqueFd> load_program(const std::string& name, Probe::Kind kind, const AttachPoint& at,
                              const std::vector<bpf_insn>& code, std::string& log);

/// Attaches; while the descriptor is open the program runs. Errors: as the kernel's.
Result<UniqueFd> attach_program(const UniqueFd& program, const Probe& probe);

/// How often the kernel skipped a run, since the program was on this CPU already.
std::uint64_t recursion_misses(const UniqueFd& program);

/// The kernel's own account of the memory behind a map's or a program's descriptor, in bytes.
std::uint64_t kernel_memory(int fd);

/// Waits until no program runs any more that was running when this was called.
class GracePeriod {
 public:
  static Result<GracePeriod> create();
  Result<> wait();

 private:
  UniqueFd inner_, outer_;
};

/// "swerve_NAME" as the kernel takes it: 15 characters, letters, digits, '_' and '.'.
std::string object_name(std::string_view name);

}  // namespace swerve
