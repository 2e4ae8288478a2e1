#include "app/tree_client.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "app/commands.h"
#include "base/text.h"

namespace swerve {

std::string TreeMonitor::file(std::string_view which) const {
  return parent.empty() ? cat("monitors/", name, "/", which)
                        : cat("monitors/", parent, "/", name, "/", which);
}

Result<TreeClient> TreeClient::at(const std::string& folder) {
  UniqueFd root(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return Error::from_errno(errno, escape(folder));
  return TreeClient(folder, std::move(root));
}

Result<TreeClient> TreeClient::find(const std::string& folder) {
  const auto none = [&](std::string_view why) {
    return Error(ErrorCode::not_found,
                 cat("no daemon serves a control tree at ", escape(folder), " (", why, ")"));
  };
  Result<TreeClient> tree = at(folder);
  if (!tree)
    return tree.error().code() == ErrorCode::denied ? tree.error() : none(tree.error().message());
  struct statfs about {};
  if (::fstatfs(tree->root_.get(), &about) != 0)  // ENOTCONN: its daemon was killed
    return none(Error::from_errno(errno, "statfs").message());
  if (about.f_type != FUSE_SUPER_MAGIC) return none("nothing is mounted there by one");
  if (const Result<std::string> names = tree->read("available_monitors"); !names)
    return names.error().code() == ErrorCode::denied ? names.error()
                                                     : none(names.error().message());
  return tree;
}

Result<std::optional<TreeClient>> TreeClient::choose(const std::optional<std::string>& mount) {
  Result<TreeClient> tree = find(mount.value_or(kDefaultMount));
  if (tree) return std::optional(*std::move(tree));
  if (!mount && tree.error().code() == ErrorCode::not_found) return std::optional<TreeClient>();
  return std::move(tree).error();
}

Error TreeClient::failure(int os_errno, std::string_view doing, std::string_view path) const {
  return Error::from_errno(os_errno, cat(doing, " ", escape(folder_), "/", escape(path)));
}

Result<std::string> TreeClient::read(const std::string& path) const {
  const UniqueFd fd(::openat(root_.get(), path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return failure(errno, "open", path);
  std::string out;
  std::array<char, 64U << 10> buffer;
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure(errno, "read", path);
    out.append(buffer.data(), static_cast<std::size_t>(n));
    // A file of the tree is short only at its end.
    if (static_cast<std::size_t>(n) < buffer.size()) return out;
  }
}

Result<> TreeClient::write(const std::string& path, std::string_view text) const {
  const UniqueFd fd(::openat(root_.get(), path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return failure(errno, "open", path);
  ssize_t n;
  do n = ::write(fd.get(), text.data(), text.size());
  while (n < 0 && errno == EINTR);
  if (n >= 0) return {};
  const int refused = errno;
  const std::string why = reason(path, text);
  Error error = failure(refused, cat("write '", escape(text), "' to"), path);
  return why.empty() ? error : Error(error.code(), cat(error.message(), ": ", why), refused);
}

/// The last thing that the log of refused writes says about this one: an entry begins with
/// "[TIME] PATH: "TEXT": ", and its further lines are indented.
std::string TreeClient::reason(std::string_view path, std::string_view text) const {
  const Result<std::string> log = read("error_log");
  if (!log) return "";
  const std::string mark = cat("] ", escape(path), ": \"", escape(text), "\": ");
  std::string out;
  bool ours = false;
  for (std::string_view rest = *log; !rest.empty();) {
    std::string_view line = take_line(rest);
    if (line.starts_with('[')) {
      const std::size_t at = line.find(mark);
      ours = at != line.npos;
      if (ours) out = line.substr(at + mark.size());
    } else if (ours) {
      out += cat("\n", line);
    }
  }
  return out;
}

Result<UniqueFd> TreeClient::open_stream(const std::string& path) const {
  UniqueFd fd(::openat(root_.get(), path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return failure(errno, "open", path);
  return fd;
}

Result<std::vector<TreeMonitor>> TreeClient::monitors() const {
  SWERVE_TRY_ASSIGN(const std::string names, read("available_monitors"));
  std::vector<TreeMonitor> out;
  for (std::string_view rest = names; !rest.empty();) {
    const std::string_view line = take_line(rest);
    const std::size_t colon = line.find(':');
    TreeMonitor one;
    one.name = colon == line.npos ? line : line.substr(colon + 1);
    if (colon != line.npos) one.parent = line.substr(0, colon);
    if (!one.parent.empty())  // its container stands before it
      for (TreeMonitor& other : out)
        if (other.parent.empty() && other.name == one.parent) other.has_children = true;
    out.push_back(std::move(one));
  }
  return out;
}

Result<std::set<std::string>> TreeClient::enabled() const {
  SWERVE_TRY_ASSIGN(const std::string names, read("enabled_monitors"));
  std::set<std::string> out;
  for (std::string_view rest = names; !rest.empty();) out.emplace(take_line(rest));
  return out;
}

Result<std::string> TreeClient::reactor(const TreeMonitor& monitor) const {
  const std::string path = monitor.file("reactors");
  SWERVE_TRY_ASSIGN(const std::string names, read(path));
  for (std::string_view rest = names; !rest.empty();) {
    const std::string_view line = take_line(rest);
    if (line.size() > 2 && line.front() == '[' && line.back() == ']')
      return std::string(line.substr(1, line.size() - 2));
  }
  return Error(ErrorCode::io, cat(escape(folder_), "/", path, " shows no chosen reactor"));
}

}  // namespace swerve
