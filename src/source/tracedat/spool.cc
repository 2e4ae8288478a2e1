#include "source/tracedat/spool.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/text.h"
#include "base/unique_fd.h"

namespace swerve::tracedat {

namespace {

constexpr std::size_t kBlock = 256U << 10;

Result<> write_all(int fd, const char* from, std::size_t size, const std::string& folder) {
  while (size > 0) {
    const ssize_t wrote = ::write(fd, from, size);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return Error::from_errno(errno, cat("write a temporary file in ", folder));
    from += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
  return {};
}

}  // namespace

Result<Spool> Spool::of(Input& input) {
  const char* const wanted = std::getenv("TMPDIR");
  const std::string folder = wanted != nullptr && *wanted != '\0' ? wanted : "/var/tmp";
  const UniqueFd fd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!fd) return Error::from_errno(errno, cat("make a temporary file in ", folder));
  const std::unique_ptr<char[]> block(new char[kBlock]);
  std::size_t size = 0;
  for (;;) {
    SWERVE_TRY_ASSIGN(const std::size_t got, input.read(block.get(), kBlock));
    if (got == 0) break;
    SWERVE_TRY(write_all(fd.get(), block.get(), got, folder));
    size += got;
  }
  Spool spool;
  if (size == 0) return spool;
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (at == MAP_FAILED) return Error::from_errno(errno, "map a temporary file");
  spool.bytes_ = {static_cast<const char*>(at), size};
  return spool;
}

Spool::~Spool() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace swerve::tracedat
