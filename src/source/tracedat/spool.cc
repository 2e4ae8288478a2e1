#include "source/tracedat/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "base/unique_fd.h"

namespace swerve::tracedat {

namespace {

constexpr std::size_t kBlock = 256U << 10;

Result<> write_all(int fd, const char* from, std::size_t size) {
  while (size > 0) {
    const ssize_t wrote = ::write(fd, from, size);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return Error::from_errno(errno, "write a temporary file");
    from += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Input>> spooled(std::unique_ptr<Input> input) {
  if (!input->mapped().empty()) return input;
  const char* const wanted = std::getenv("TMPDIR");
  const std::string folder = wanted != nullptr && *wanted != '\0' ? wanted : "/var/tmp";
  const UniqueFd fd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!fd) return Error::from_errno(errno, cat("make a temporary file in ", escape(folder)));
  const std::unique_ptr<char[]> block(new char[kBlock]);
  for (;;) {
    SWERVE_TRY_ASSIGN(const std::size_t got, input->read(block.get(), kBlock));
    if (got == 0) break;
    SWERVE_TRY(write_all(fd.get(), block.get(), got));
  }
  return open_input(cat("/proc/self/fd/", fd.get()));
}

}  // namespace swerve::tracedat
