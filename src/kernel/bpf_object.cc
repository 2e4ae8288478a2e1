#include "kernel/bpf_object.h"

#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/text.h"
#include "kernel/rights.h"

namespace swerve {

namespace {
std::uint32_t page_up(std::uint32_t bytes) {
  const auto page = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}
}  // namespace

Error rights_error(std::string_view doing, int os_errno) {
  if (os_errno != EPERM && os_errno != EACCES) return Error::from_errno(os_errno, doing);
  const std::vector<std::string> missing = missing_rights();
  if (missing.empty()) return Error::from_errno(os_errno, doing);
  return Error(ErrorCode::denied,
               cat(doing, ": too few rights: ", join(missing, " and "),
                   missing.size() == 1 ? " is" : " are", " missing; ", rights_advice()),
               os_errno);
}

std::string object_name(std::string_view name) {
  std::string out = "swerve_";
  for (const char c : name) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += fits ? c : '_';
  }
  return out.substr(0, BPF_OBJ_NAME_LEN - 1);
}

Result<UniqueFd> create_map(const std::string& name, const MapShape& shape) {
  LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = shape.flags);
  if (shape.inner_fd >= 0) opts.inner_map_fd = static_cast<std::uint32_t>(shape.inner_fd);
  UniqueFd fd(::bpf_map_create(shape.type, name.c_str(), shape.key_bytes, shape.value_bytes,
                               shape.entries, &opts));
  if (!fd) return rights_error("create a BPF map", errno);
  return fd;
}

Result<SharedMemory> SharedMemory::create(const std::string& name, std::uint32_t bytes) {
  SharedMemory out;
  out.bytes_ = page_up(bytes);
  SWERVE_TRY_ASSIGN(out.fd_,
                    create_map(name, {.value_bytes = out.bytes_, .flags = BPF_F_MMAPABLE}));
  void* const at =
      ::mmap(nullptr, out.bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, out.fd_.get(), 0);
  if (at == MAP_FAILED) return Error::from_errno(errno, "map the memory of a BPF map");
  out.data_ = static_cast<std::uint8_t*>(at);
  return out;
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : fd_(std::move(other.fd_)), bytes_(other.bytes_), data_(std::exchange(other.data_, nullptr)) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  if (this != &other) {
    if (data_ != nullptr) ::munmap(data_, bytes_);
    fd_ = std::move(other.fd_);
    bytes_ = other.bytes_;
    data_ = std::exchange(other.data_, nullptr);
  }
  return *this;
}

SharedMemory::~SharedMemory() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

namespace {
std::size_t page_bytes() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

std::uint64_t position(const void* pages, std::size_t page) {
  const auto* const at = static_cast<const char*>(pages) + page * page_bytes();
  return __atomic_load_n(reinterpret_cast<const std::uint64_t*>(at), __ATOMIC_ACQUIRE);
}
}  // namespace

Result<RingPositions> RingPositions::of(const UniqueFd& ring) {
  RingPositions out;
  void* const at = ::mmap(nullptr, 2 * page_bytes(), PROT_READ, MAP_SHARED, ring.get(), 0);
  if (at == MAP_FAILED) return Error::from_errno(errno, "map the ring buffer's positions");
  out.pages_ = at;
  return out;
}

RingPositions::RingPositions(RingPositions&& other) noexcept
    : pages_(std::exchange(other.pages_, nullptr)) {}

RingPositions& RingPositions::operator=(RingPositions&& other) noexcept {
  std::swap(pages_, other.pages_);
  return *this;
}

RingPositions::~RingPositions() {
  if (pages_ != nullptr) ::munmap(pages_, 2 * page_bytes());
}

std::uint64_t RingPositions::consumed() const { return position(pages_, 0); }
std::uint64_t RingPositions::produced() const { return position(pages_, 1); }

namespace {
// The BTF of a loaded module, by its name. Needs CAP_SYS_ADMIN: ids are not for everyone.
Result<UniqueFd> module_types(const std::string& module) {
  std::uint32_t id = 0;
  while (::bpf_btf_get_next_id(id, &id) == 0) {
    UniqueFd fd(::bpf_btf_get_fd_by_id(id));
    if (!fd) {
      if (errno == ENOENT) continue;  // unloaded just now
      return Error::from_errno(errno, cat("open the type information of module ", module));
    }
    char name[64] = {};
    bpf_btf_info info{};
    info.name = reinterpret_cast<std::uintptr_t>(name);
    info.name_len = sizeof name;
    std::uint32_t length = sizeof info;
    if (::bpf_obj_get_info_by_fd(fd.get(), &info, &length) == 0 && module == name) return fd;
  }
  return Error(ErrorCode::not_found, cat("module ", module, " is not loaded any more"));
}
}  // namespace

Result<UniqueFd> load_program(const std::string& name, Probe::Kind kind, const AttachPoint& at,
                              const std::vector<bpf_insn>& code, std::string& log) {
  LIBBPF_OPTS(bpf_prog_load_opts, opts);
  opts.attach_btf_id = at.btf_id;
  UniqueFd types;
  if (!at.module.empty()) {
    SWERVE_TRY_ASSIGN(types, module_types(at.module));
    opts.attach_btf_obj_fd = static_cast<std::uint32_t>(types.get());
  }
  opts.expected_attach_type = kind == Probe::Kind::fentry  ? BPF_TRACE_FENTRY
                              : kind == Probe::Kind::fexit ? BPF_TRACE_FEXIT
                                                           : BPF_TRACE_RAW_TP;
  const auto load = [&] {
    // The helpers that read kernel memory are for programs of a licence that the GPL is compatible
    // with.
    return UniqueFd(::bpf_prog_load(BPF_PROG_TYPE_TRACING, name.c_str(), "Dual BSD/GPL",
                                    code.data(), code.size(), &opts));
  };
  UniqueFd fd = load();
  if (fd) return fd;
  const int why = errno;
  if (why == EPERM) return rights_error("load a BPF program", why);
  // Once more, to hear the reason. Old kernels keep the log's beginning, so it must fit.
  for (const std::size_t room : {std::size_t{1} << 20, std::size_t{16} << 20}) {
    log.assign(room, '\0');
    opts.log_buf = log.data();
    opts.log_size = static_cast<std::uint32_t>(room);
    opts.log_level = 1;
    fd = load();
    if (fd) return fd;
    if (errno != ENOSPC) break;
  }
  log.resize(std::strlen(log.c_str()));
  return Error::from_errno(why, "load a BPF program");
}

Result<UniqueFd> attach_program(const UniqueFd& program, const Probe& probe) {
  UniqueFd fd(::bpf_raw_tracepoint_open(nullptr, program.get()));
  if (!fd) return rights_error(cat("attach ", probe.text()), errno);
  return fd;
}

std::uint64_t recursion_misses(const UniqueFd& program) {
  bpf_prog_info info{};
  std::uint32_t length = sizeof info;
  if (::bpf_obj_get_info_by_fd(program.get(), &info, &length) != 0) return 0;
  return info.recursion_misses;
}

std::uint64_t kernel_memory(int fd) {
  const Result<std::string> info = read_file(cat("/proc/self/fdinfo/", fd));
  if (!info) return 0;
  const std::size_t at = info->find("memlock:");
  return at == std::string::npos ? 0 : std::strtoull(info->c_str() + at + 8, nullptr, 10);
}

// An update of a map of maps returns after a grace period: the kernel promises it, so that the old
// inner map is not in use any more. On every kernel since 5.0, whatever the number of CPUs and also
// with nohz_full, where membarrier(2) does not wait.
Result<GracePeriod> GracePeriod::create() {
  GracePeriod out;
  SWERVE_TRY_ASSIGN(out.inner_, create_map("swerve_inner", {.value_bytes = 4}));
  SWERVE_TRY_ASSIGN(out.outer_, create_map("swerve_outer", {.type = BPF_MAP_TYPE_ARRAY_OF_MAPS,
                                                            .inner_fd = out.inner_.get()}));
  return out;
}

Result<> GracePeriod::wait() {
  const std::uint32_t key = 0;
  const int fd = inner_.get();
  if (::bpf_map_update_elem(outer_.get(), &key, &fd, BPF_ANY) != 0) {
    return Error::from_errno(errno, "wait for running BPF programs");
  }
  return {};
}

}  // namespace swerve
