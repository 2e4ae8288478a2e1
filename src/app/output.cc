#include "app/output.h"

#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "swerve/base/result.h"

namespace swerve {
namespace {

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

}  // namespace

void Output::flush() {
  if (error_ == 0) error_ = write_all(STDOUT_FILENO, buffer_);
  buffer_.clear();
}

void write_error(std::string_view text) { (void)write_all(STDERR_FILENO, text); }

void complain(std::string_view text) { write_error(cat("swerve: ", text, "\n")); }

void show(const Diagnostics& diagnostics) {
  std::string all;
  for (const Diagnostic& diagnostic : diagnostics) all += escape(diagnostic.to_string()) + "\n";
  write_error(all);
}

int finish(std::string_view text, int status) {
  Output output;
  output.put(text);
  output.flush();
  if (!output.closed() || output.error() == EPIPE) return status;
  complain(Error::from_errno(output.error(), "write to standard output").message());
  return 1;
}

}  // namespace swerve
