#include "base/new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/text.h"

namespace swerve {
namespace {

/// `path` with its links resolved, so that a rename replaces the file and not a link to it.
std::string resolved(const std::string& path) {
  struct Free {
    void operator()(char* text) const { std::free(text); }
  };
  const std::unique_ptr<char, Free> real(::realpath(path.c_str(), nullptr));
  return real != nullptr ? std::string(real.get()) : path;
}

Error failure(int error, const std::string& path) {
  return Error::from_errno(error, cat("write ", escape(path)));
}

}  // namespace

Result<NewFile> NewFile::make(const std::string& path) {
  struct stat there {};
  const bool exists = ::stat(path.c_str(), &there) == 0;
  if (exists && !S_ISREG(there.st_mode)) {
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (!fd) return failure(errno, path);
    return NewFile(std::move(fd), path, path, {});
  }
  std::string target = resolved(path);
  std::string temporary = target + ".XXXXXX";
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return failure(errno, path);
  NewFile file(std::move(fd), path, std::move(target), std::move(temporary));
  // mkostemp() lets only its owner read. A file that is replaced keeps its mode; a new one gets
  // what the umask leaves.
  const mode_t mask = ::umask(0);
  (void)::umask(mask);
  if (::fchmod(file.fd_.get(), exists ? there.st_mode & 0777 : 0666 & ~mask) != 0)
    return failure(errno, path);
  return file;
}

Result<NewFile> NewFile::standard_output() {
  UniqueFd fd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
  const std::string name = "standard output";
  if (!fd) return failure(errno, name);
  return NewFile(std::move(fd), name, {}, {});
}

NewFile::~NewFile() {
  if (fd_ && !temporary_.empty()) (void)::unlink(temporary_.c_str());
}

void NewFile::flush() {
  std::string_view rest = buffer_;
  while (error_ == 0 && !rest.empty()) {
    const ssize_t n = ::write(fd_.get(), rest.data(), rest.size());
    if (n >= 0)
      rest.remove_prefix(static_cast<std::size_t>(n));
    else if (errno != EINTR)
      error_ = errno;
  }
  buffer_.clear();
}

Result<> NewFile::commit() {
  flush();
  if (error_ == 0 && !temporary_.empty() && ::rename(temporary_.c_str(), target_.c_str()) != 0)
    error_ = errno;
  if (error_ != 0) return failure(error_, path_);
  fd_.reset();
  return {};
}

}  // namespace swerve
