#include "react/kernel_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "swerve/monitor/reaction.h"

namespace swerve {

namespace {
// The kernel's log refuses records of more than 976 to 1024 bytes; ftrace cuts at 1024 or more.
constexpr std::size_t kLineBytesMost = 900;
}  // namespace

std::string kernel_line(std::string_view text) {
  std::string line = escape(text);
  if (line.size() > kLineBytesMost) {
    std::size_t end = kLineBytesMost - 3;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80)
      --end;  // inside UTF-8
    line.resize(end);
    line += "...";
  }
  line += '\n';
  return line;
}

Result<UniqueFd> open_kernel_file(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) {
    const int err = errno;
    return Error::from_errno(err, cat("open ", path));
  }
  return file;
}

Result<> write_kernel_file(const UniqueFd& file, std::string_view text, const std::string& path) {
  ssize_t written;
  do {
    written = ::write(file.get(), text.data(), text.size());
  } while (written < 0 && errno == EINTR);
  if (written < 0) {
    const int err = errno;
    return Error::from_errno(err, cat("write ", path));
  }
  if (static_cast<std::size_t>(written) != text.size()) {
    return Error(ErrorCode::io, cat("write ", path, ": only a part was taken"));
  }
  return {};
}

std::string tracefs_path(const std::string& tracefs, const std::string& instance,
                         std::string_view file) {
  std::string folder = tracefs;
  if (folder.empty()) {
    folder = "/sys/kernel/tracing";
    const std::string older = "/sys/kernel/debug/tracing";
    if (::access((folder + "/trace").c_str(), F_OK) != 0 &&
        ::access((older + "/trace").c_str(), F_OK) == 0) {
      folder = older;
    }
  }
  return instance.empty() ? cat(folder, "/", file)
                          : cat(folder, "/instances/", instance, "/", file);
}

Result<std::string> instance_option(std::string_view reactor,
                                    const std::map<std::string, std::string>& options) {
  SWERVE_TRY(check_options(reactor, options, {"instance"}));
  const auto found = options.find("instance");
  if (found == options.end()) return std::string();
  const std::string& name = found->second;
  if (name.empty() || name == "." || name == ".." ||
      name.find_first_of(std::string_view("/\0", 2)) != std::string::npos) {
    return Error(ErrorCode::invalid,
                 cat("'instance' is the name of an ftrace instance, not '", escape(name), "'"));
  }
  return name;
}

}  // namespace swerve
