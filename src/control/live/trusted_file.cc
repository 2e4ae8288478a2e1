#include "control/live/trusted_file.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <deque>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "base/unique_fd.h"

namespace swerve {
namespace {

constexpr int kLinksMost = 40;  // as the kernel has it

/// The components of a path, in order.
std::deque<std::string> components(std::string_view path) {
  std::deque<std::string> out;
  while (!path.empty()) {
    const std::size_t end = path.find('/');
    if (end != 0) out.emplace_back(path.substr(0, end));
    path.remove_prefix(end == path.npos ? path.size() : end + 1);
  }
  return out;
}

/// Walks to a file, one component after the other, and asks each of them.
class Walk {
 public:
  explicit Walk(std::string path) : path_(std::move(path)) {}

  /// A descriptor of the file (O_PATH).
  Result<UniqueFd> to_file() {
    std::deque<std::string> rest = components(path_);
    SWERVE_TRY(enter_root());
    for (int links = 0; !rest.empty();) {
      const std::string name = std::move(rest.front());
      rest.pop_front();
      UniqueFd next(::openat(here_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
      if (!next) return Error::from_errno(errno, escape(path_));
      const std::string shown = here_path_ + name;
      SWERVE_TRY_ASSIGN(const struct statx about, look_at(next, shown));
      if (S_ISLNK(about.stx_mode)) {
        if (++links > kLinksMost) return Error::from_errno(ELOOP, escape(path_));
        if (about.stx_uid != 0) return refused(shown, "the link is not root's");
        SWERVE_TRY_ASSIGN(const std::string target, target_of(next, shown));
        const std::deque<std::string> more = components(target);
        rest.insert(rest.begin(), more.begin(), more.end());
        if (target.starts_with('/')) SWERVE_TRY(enter_root());
        continue;
      }
      SWERVE_TRY(trust(about, shown));
      if (S_ISDIR(about.stx_mode)) {
        if (rest.empty()) return Error::from_errno(EISDIR, escape(path_));
        enter(std::move(next), about, shown);
        continue;
      }
      if (!rest.empty()) return Error::from_errno(ENOTDIR, escape(path_));
      if (!S_ISREG(about.stx_mode)) return refused(shown, "it is not a regular file");
      if (here_open_to_all_) return refused(here_path_, "everybody may put files into the folder");
      return next;
    }
    return Error::from_errno(EISDIR, escape(path_));
  }

 private:
  static Error refused(std::string_view what, std::string_view why) {
    return Error(ErrorCode::denied,
                 cat(escape(what), ": ", why, "; only what root alone can change is loaded"),
                 EPERM);
  }

  Result<> enter_root() {
    UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root) return Error::from_errno(errno, "/");
    SWERVE_TRY_ASSIGN(const struct statx about, look_at(root, "/"));
    SWERVE_TRY(trust(about, "/"));
    enter(std::move(root), about, "");
    return {};
  }

  void enter(UniqueFd folder, const struct statx& about, const std::string& shown) {
    here_ = std::move(folder);
    here_path_ = shown + "/";
    here_open_to_all_ = (about.stx_mode & (S_IWGRP | S_IWOTH)) != 0;
  }

  /// What the kernel knows of it by itself. Asked of a mount of ours, the question would come back
  /// to the thread that waits for the answer.
  Result<struct statx> look_at(const UniqueFd& fd, const std::string& shown) {
    struct statx about {};
    if (::statx(fd.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS | STATX_MNT_ID,
                &about) != 0)
      return Error::from_errno(errno, escape(shown));
    if ((about.stx_mask & STATX_MNT_ID) == 0)
      return Error(ErrorCode::unsupported, "this kernel does not tell on which mount a file is");
    if (mount_ != about.stx_mnt_id) {
      SWERVE_TRY_ASSIGN(const std::string type, file_system(about.stx_mnt_id));
      if (type.starts_with("fuse")) return refused(shown, "a process serves that file system");
      mount_ = about.stx_mnt_id;
    }
    return about;
  }

  /// The type of a mount, from its line: "ID PARENT DEVICE ROOT POINT OPTIONS [FIELDS] - TYPE ...".
  static Result<std::string> file_system(std::uint64_t mount) {
    SWERVE_TRY_ASSIGN(const std::string table, read_file("/proc/self/mountinfo"));
    const std::string id = cat(mount, " ");
    for (std::size_t at = 0; at < table.size();) {
      const std::string_view line = std::string_view(table).substr(at, table.find('\n', at) - at);
      at += line.size() + 1;
      const std::size_t dash = line.find(" - ");
      if (!line.starts_with(id) || dash == line.npos) continue;
      const std::string_view type = line.substr(dash + 3);
      return std::string(type.substr(0, type.find(' ')));
    }
    return Error(ErrorCode::denied, "it is on a mount that cannot be seen from here", EPERM);
  }

  /// Owned by root, and for nobody else to write; a folder that all may write must be sticky.
  static Result<> trust(const struct statx& about, const std::string& shown) {
    if (about.stx_uid != 0) return refused(shown, "the owner is not root");
    if ((about.stx_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
    if (S_ISDIR(about.stx_mode) && (about.stx_mode & S_ISVTX) != 0) return {};
    return refused(shown, "others than root may write it");
  }

  static Result<std::string> target_of(const UniqueFd& link, const std::string& shown) {
    std::array<char, PATH_MAX> text;
    const ssize_t size = ::readlinkat(link.get(), "", text.data(), text.size());
    if (size < 0) return Error::from_errno(errno, escape(shown));
    return std::string(text.data(), static_cast<std::size_t>(size));
  }

  std::string path_;
  UniqueFd here_;  // the folder that was reached
  std::string here_path_;
  bool here_open_to_all_ = false;
  std::optional<std::uint64_t> mount_;  // the last one that was asked
};

}  // namespace

Result<std::string> read_trusted_file(const std::string& path, std::size_t limit) {
  if (!path.starts_with('/'))
    return Error(ErrorCode::invalid, cat(escape(path), ": give the whole path"), EINVAL);
  Walk walk(path);
  SWERVE_TRY_ASSIGN(const UniqueFd file, walk.to_file());
  // The same file whatever happens to its name meanwhile. A descriptor made with O_PATH cannot be
  // read; opened again through /proc it can.
  Result<std::string> text = read_file(cat("/proc/self/fd/", file.get()), limit);
  if (text) return text;
  if (text.error().os_errno() != 0) return Error::from_errno(text.error().os_errno(), escape(path));
  return Error(text.error().code(),
               cat(escape(path), ": longer than the limit of ", limit, " bytes"), EFBIG);
}

}  // namespace swerve
