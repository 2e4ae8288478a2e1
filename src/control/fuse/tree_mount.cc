#define FUSE_USE_VERSION 312

#include "control/fuse/tree_mount.h"

#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/text.h"
#include "control/fuse/errno.h"
#include "control/fuse/inodes.h"
#include "control/fuse/mount_point.h"

namespace swerve {

namespace {

// What a path is never changes but by going away, so its attributes may be kept. A folder of a
// monitor can go at any moment, so the kernel asks for it each time that it comes by. All others
// are there for good, or (the files of a monitor) as long as the folder that they are in. Seconds.
constexpr double kHold = 3600;
constexpr double kAskAgain = 0;
// A write(2) up to this is one command; the kernel splits longer ones.
constexpr unsigned kWriteMost = 1U << 20;
// A stream answers with less than the kernel asks for at once. Had it answered in full, a read(2)
// that wants still more would go on to wait instead of returning what it has.
constexpr std::size_t kStreamReadMost = 64U << 10;

constexpr unsigned kAlways = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
constexpr unsigned kReadable = POLLIN | POLLRDNORM;

/// A file that somebody has open.
class OpenFile {
 public:
  explicit OpenFile(std::unique_ptr<TreeFile> file) : file_(std::move(file)) {}
  ~OpenFile() {
    file_->when_readable(nullptr);
    // Only at the end of the mount: a file that is being read is not closed.
    for (const Waiting& reader : std::exchange(waiting_, {}))
      fuse_reply_buf(reader.request, nullptr, 0);
    watch(nullptr);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  TreeFile& file() { return *file_; }

  void read(fuse_req_t request, std::uint64_t offset, std::size_t size, bool may_wait) {
    const bool stream = file_->is_stream();
    if (stream) size = std::min(size, kStreamReadMost);
    auto text = file_->read(offset, size);
    if (!text) {
      fuse_reply_err(request, answer_of(text.error()));
    } else if (!stream || !text->empty()) {
      fuse_reply_buf(request, text->data(), text->size());
    } else if (!may_wait) {
      fuse_reply_err(request, EAGAIN);
    } else if (fuse_req_interrupted(request)) {
      fuse_reply_err(request, EINTR);
    } else {
      waiting_.push_back({request, size});
      fuse_req_interrupt_func(request, &OpenFile::interrupted, this);
    }
  }

  /// Takes over the handle by which poll(2) is told to look again.
  void watch(fuse_pollhandle* handle) {
    if (watcher_ != nullptr) fuse_pollhandle_destroy(watcher_);
    watcher_ = handle;
  }

  /// Something has come: answers those who wait for it, and wakes those who poll.
  void wake() {
    while (!waiting_.empty()) {
      const auto text = file_->read(0, waiting_.front().size);
      if (text && text->empty()) break;
      const fuse_req_t request = waiting_.front().request;
      waiting_.pop_front();
      if (text) {
        fuse_reply_buf(request, text->data(), text->size());
      } else {
        fuse_reply_err(request, answer_of(text.error()));
      }
    }
    if (watcher_ != nullptr && file_->readable()) {
      fuse_lowlevel_notify_poll(watcher_);
      watch(nullptr);  // who still wants to know asks again
    }
  }

 private:
  struct Waiting {
    fuse_req_t request;
    std::size_t size;
  };

  static void interrupted(fuse_req_t request, void* self) {
    auto& waiting = static_cast<OpenFile*>(self)->waiting_;
    const auto found = std::find_if(waiting.begin(), waiting.end(),
                                    [&](const Waiting& w) { return w.request == request; });
    if (found == waiting.end()) return;
    waiting.erase(found);
    fuse_reply_err(request, EINTR);
  }

  std::unique_ptr<TreeFile> file_;
  std::deque<Waiting> waiting_;  // reads of a stream that has nothing now, in their order
  fuse_pollhandle* watcher_ = nullptr;
};

struct Entry {
  std::string name;
  unsigned type;  // S_IFDIR or S_IFREG
};

std::string below(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : cat(folder, "/", name);
}

unsigned type_of(const TreeNode& node) { return node.folder ? S_IFDIR : S_IFREG; }

void not_permitted(fuse_req_t request) { fuse_reply_err(request, EPERM); }

}  // namespace

struct TreeMount::State {
  State(ControlTree& the_tree, Loop& the_loop, std::optional<unsigned> the_group,
        std::function<void()> when_gone)
      : tree(the_tree), loop(the_loop), group(the_group.value_or(0)), gone(std::move(when_gone)) {}
  ~State() {
    loop.forget(connection);
    opened.clear();
    // Closing the connection fails whatever is asked of it by now. Only then is it unmounted (when
    // `point` goes): the other way round the kernel could ask something of the one who unmounts.
    if (session != nullptr) fuse_session_destroy(session);
    std::free(buffer.mem);
  }

  static State& of(fuse_req_t request) { return *static_cast<State*>(fuse_req_userdata(request)); }

  /// One request, or the end of the mount.
  void serve() {
    const int got = fuse_session_receive_buf(session, &buffer);
    if (got == -EINTR || got == -EAGAIN) return;
    if (got > 0) {
      fuse_session_process_buf(session, &buffer);
      return;
    }
    loop.forget(connection);
    opened.clear();
    const auto call = std::move(gone);
    if (call) call();  // may end this mount
  }

  struct stat attributes(fuse_ino_t inode, const TreeNode& node) const {
    struct stat s {};
    s.st_ino = inode;
    s.st_mode = type_of(node) | node.mode;
    s.st_nlink = 1;
    s.st_gid = group;
    s.st_blksize = 4096;
    s.st_atim = s.st_mtim = s.st_ctim = mounted_at;
    return s;
  }

  /// The path of an inode, or an answer that it is stale.
  const std::string* path(fuse_req_t request, fuse_ino_t inode) const {
    const std::string* const known = inodes.path(inode);
    if (known == nullptr) fuse_reply_err(request, ESTALE);
    return known;
  }

  void look_up(fuse_req_t request, fuse_ino_t parent, const char* name) {
    const std::string* const folder = path(request, parent);
    if (folder == nullptr) return;
    const std::string whole = below(*folder, name);
    const auto node = tree.stat(whole);
    if (!node) {
      fuse_reply_err(request, answer_of(node.error()));
      return;
    }
    fuse_entry_param entry{};
    entry.ino = inodes.look_up(whole);
    entry.attr = attributes(entry.ino, *node);
    entry.attr_timeout = kHold;
    entry.entry_timeout = node->folder && parent != Inodes::kRoot ? kAskAgain : kHold;
    if (fuse_reply_entry(request, &entry) != 0) inodes.forget(entry.ino, 1);
  }

  void get_attributes(fuse_req_t request, fuse_ino_t inode) {
    const std::string* const known = path(request, inode);
    if (known == nullptr) return;
    const auto node = tree.stat(*known);
    if (!node) {
      fuse_reply_err(request, answer_of(node.error()));
      return;
    }
    const struct stat s = attributes(inode, *node);
    fuse_reply_attr(request, &s, kHold);
  }

  void open(fuse_req_t request, fuse_ino_t inode, const fuse_file_info& info) {
    const std::string* const known = path(request, inode);
    if (known == nullptr) return;
    const int access = info.flags & O_ACCMODE;
    TreeOpen how;
    how.read = access != O_WRONLY;
    how.write = access != O_RDONLY;
    how.truncate = (info.flags & O_TRUNC) != 0;
    auto file = tree.open(*known, how);
    if (!file) {
      fuse_reply_err(request, answer_of(file.error()));
      return;
    }
    const bool stream = (*file)->is_stream();
    const auto opening = std::make_shared<OpenFile>(std::move(file).value());
    if (stream) {
      opening->file().when_readable([&to = loop, which = std::weak_ptr<OpenFile>(opening)] {
        to.post([which] {
          if (const auto still_open = which.lock()) still_open->wake();
        });
      });
    }
    // Not fuse_reply_open(): this libfuse does not know FOPEN_STREAM, without which two readers of
    // one open file would wait for each other in the kernel, deaf to signals, for the file's
    // position.
    fuse_open_out answer{};
    answer.fh = ++last_handle;
    // There is nothing to flush: a reader whose daemon has gone closes its file without an error.
    answer.open_flags = FOPEN_DIRECT_IO | FOPEN_NOFLUSH | (stream ? FOPEN_STREAM : 0U);
    opened.emplace(answer.fh, opening);
    if (fuse_reply_buf(request, reinterpret_cast<const char*>(&answer), sizeof answer) != 0) {
      opened.erase(answer.fh);
    }
  }

  OpenFile* find(fuse_req_t request, const fuse_file_info& info) {
    const auto found = opened.find(info.fh);
    if (found != opened.end()) return found->second.get();
    fuse_reply_err(request, EBADF);
    return nullptr;
  }

  void write(fuse_req_t request, std::string_view text, const fuse_file_info& info) {
    OpenFile* const target = find(request, info);
    if (target == nullptr) return;
    const auto taken = target->file().write(text);
    if (taken) {
      fuse_reply_write(request, *taken);
    } else {
      fuse_reply_err(request, answer_of(taken.error()));
    }
  }

  void poll(fuse_req_t request, const fuse_file_info& info, fuse_pollhandle* handle) {
    OpenFile* const target = find(request, info);
    if (target == nullptr || !target->file().is_stream()) {
      if (handle != nullptr) fuse_pollhandle_destroy(handle);
      if (target != nullptr) fuse_reply_poll(request, kAlways);
      return;
    }
    // Kept also where there is something now: a poller that reads it all waits for the next.
    if (handle != nullptr) target->watch(handle);
    fuse_reply_poll(request, target->file().readable() ? kReadable : 0);
  }

  void open_folder(fuse_req_t request, fuse_ino_t inode, fuse_file_info& info) {
    const std::string* const known = path(request, inode);
    if (known == nullptr) return;
    auto names = tree.list(*known);
    if (!names) {
      fuse_reply_err(request, answer_of(names.error()));
      return;
    }
    info.fh = ++last_handle;
    listings.emplace(info.fh, std::vector<Entry>());
    if (fuse_reply_open(request, &info) != 0) listings.erase(info.fh);
  }

  /// The listing is taken at its beginning, and lasts until it is read from there again.
  Result<> list(const std::string& folder, std::vector<Entry>& listing) const {
    SWERVE_TRY_ASSIGN(const auto names, tree.list(folder));
    listing = {{".", S_IFDIR}, {"..", S_IFDIR}};
    for (const std::string& name : names) {
      // What has gone since is left out.
      if (const auto node = tree.stat(below(folder, name)))
        listing.push_back({name, type_of(*node)});
    }
    return {};
  }

  void read_folder(fuse_req_t request, fuse_ino_t inode, std::size_t size, off_t offset,
                   const fuse_file_info& info) {
    const std::string* const known = path(request, inode);
    if (known == nullptr) return;
    const auto found = listings.find(info.fh);
    if (found == listings.end()) {
      fuse_reply_err(request, EBADF);
      return;
    }
    std::vector<Entry>& listing = found->second;
    if (offset == 0) {
      if (const auto listed = list(*known, listing); !listed) {
        fuse_reply_err(request, answer_of(listed.error()));
        return;
      }
    }
    std::vector<char> answer(size);
    std::size_t used = 0;
    for (std::size_t i = static_cast<std::size_t>(offset); i < listing.size(); ++i) {
      struct stat s {};
      s.st_mode = listing[i].type;
      s.st_ino = 0xffffffff;  // "not known": it has no number before it is looked up
      const std::size_t needs =
          fuse_add_direntry(request, answer.data() + used, size - used, listing[i].name.c_str(), &s,
                            static_cast<off_t>(i + 1));
      if (needs > size - used) break;
      used += needs;
    }
    fuse_reply_buf(request, answer.data(), used);
  }

  void set_attributes(fuse_req_t request, fuse_ino_t inode, int what) {
    // truncate(2) is taken and does nothing, as in the kernel; O_TRUNC goes to open().
    if ((what & ~FUSE_SET_ATTR_SIZE) != 0) {
      fuse_reply_err(request, EPERM);
    } else {
      get_attributes(request, inode);
    }
  }

  static const fuse_lowlevel_ops& operations();

  ControlTree& tree;
  Loop& loop;
  const unsigned group;
  std::function<void()> gone;
  timespec mounted_at{};
  std::unique_ptr<MountPoint> point;
  fuse_session* session = nullptr;
  int connection = -1;  // the session's
  fuse_buf buffer{};
  Inodes inodes;
  std::uint64_t last_handle = 0;
  std::unordered_map<std::uint64_t, std::shared_ptr<OpenFile>> opened;
  std::unordered_map<std::uint64_t, std::vector<Entry>> listings;
};

const fuse_lowlevel_ops& TreeMount::State::operations() {
  static const fuse_lowlevel_ops all = [] {
    fuse_lowlevel_ops ops{};
    ops.init = [](void*, fuse_conn_info* kernel) {
      kernel->want |= kernel->capable & FUSE_CAP_ATOMIC_O_TRUNC;
      kernel->max_write = kWriteMost;
    };
    ops.lookup = [](fuse_req_t r, fuse_ino_t parent, const char* name) {
      of(r).look_up(r, parent, name);
    };
    ops.forget = [](fuse_req_t r, fuse_ino_t inode, std::uint64_t lookups) {
      of(r).inodes.forget(inode, lookups);
      fuse_reply_none(r);
    };
    ops.getattr = [](fuse_req_t r, fuse_ino_t inode, fuse_file_info*) {
      of(r).get_attributes(r, inode);
    };
    ops.setattr = [](fuse_req_t r, fuse_ino_t inode, struct stat*, int what, fuse_file_info*) {
      of(r).set_attributes(r, inode, what);
    };
    ops.open = [](fuse_req_t r, fuse_ino_t inode, fuse_file_info* info) {
      of(r).open(r, inode, *info);
    };
    ops.read = [](fuse_req_t r, fuse_ino_t, std::size_t size, off_t offset, fuse_file_info* info) {
      if (OpenFile* const file = of(r).find(r, *info)) {
        file->read(r, static_cast<std::uint64_t>(offset), size, (info->flags & O_NONBLOCK) == 0);
      }
    };
    ops.write = [](fuse_req_t r, fuse_ino_t, const char* text, std::size_t size, off_t,
                   fuse_file_info* info) { of(r).write(r, std::string_view(text, size), *info); };
    ops.poll = [](fuse_req_t r, fuse_ino_t, fuse_file_info* info, fuse_pollhandle* handle) {
      of(r).poll(r, *info, handle);
    };
    ops.release = [](fuse_req_t r, fuse_ino_t, fuse_file_info* info) {
      of(r).opened.erase(info->fh);
      fuse_reply_err(r, 0);
    };
    ops.opendir = [](fuse_req_t r, fuse_ino_t inode, fuse_file_info* info) {
      of(r).open_folder(r, inode, *info);
    };
    ops.readdir = [](fuse_req_t r, fuse_ino_t inode, std::size_t size, off_t offset,
                     fuse_file_info* info) { of(r).read_folder(r, inode, size, offset, *info); };
    ops.releasedir = [](fuse_req_t r, fuse_ino_t, fuse_file_info* info) {
      of(r).listings.erase(info->fh);
      fuse_reply_err(r, 0);
    };
    ops.statfs = [](fuse_req_t r, fuse_ino_t) {
      struct statvfs s {};
      s.f_bsize = s.f_frsize = 4096;
      s.f_namemax = 255;
      fuse_reply_statfs(r, &s);
    };
    // What the tree does not let anybody do.
    ops.create = [](fuse_req_t r, fuse_ino_t, const char*, mode_t, fuse_file_info*) {
      fuse_reply_err(r, EACCES);
    };
    ops.mknod = [](fuse_req_t r, fuse_ino_t, const char*, mode_t, dev_t) { not_permitted(r); };
    ops.mkdir = [](fuse_req_t r, fuse_ino_t, const char*, mode_t) { not_permitted(r); };
    ops.unlink = [](fuse_req_t r, fuse_ino_t, const char*) { not_permitted(r); };
    ops.rmdir = [](fuse_req_t r, fuse_ino_t, const char*) { not_permitted(r); };
    ops.symlink = [](fuse_req_t r, const char*, fuse_ino_t, const char*) { not_permitted(r); };
    ops.link = [](fuse_req_t r, fuse_ino_t, fuse_ino_t, const char*) { not_permitted(r); };
    ops.rename = [](fuse_req_t r, fuse_ino_t, const char*, fuse_ino_t, const char*, unsigned) {
      not_permitted(r);
    };
    return ops;
  }();
  return all;
}

Result<std::unique_ptr<TreeMount>> TreeMount::mount(ControlTree& tree, Loop& loop,
                                                    const std::string& folder,
                                                    const MountOptions& options,
                                                    std::function<void()> gone) {
  auto state = std::make_unique<State>(tree, loop, options.group, std::move(gone));
  SWERVE_TRY_ASSIGN(state->point, MountPoint::claim(folder));
  SWERVE_TRY_ASSIGN(const TreeNode root, tree.stat(""));
  ::clock_gettime(CLOCK_REALTIME, &state->mounted_at);

  char name[] = "swerve";
  char* words[] = {name, nullptr};
  fuse_args arguments = FUSE_ARGS_INIT(1, words);
  state->session =
      fuse_session_new(&arguments, &State::operations(), sizeof(fuse_lowlevel_ops), state.get());
  fuse_opt_free_args(&arguments);  // libfuse has made a copy in it
  if (state->session == nullptr) {
    return Error(ErrorCode::io, "libfuse could not make a session");
  }
  // libfuse is handed a connection instead of a folder. So what mount(2) says is ours to tell, no
  // helper program is tried, and nothing is unmounted behind our back.
  const int connection = ::open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (connection < 0) return Error::from_errno(errno, "open /dev/fuse");
  if (fuse_session_mount(state->session, cat("/dev/fd/", connection).c_str()) != 0) {
    ::close(connection);
    return Error(ErrorCode::io, "libfuse does not take its connection");
  }
  state->connection = connection;  // the session closes it
  SWERVE_TRY(state->point->mount(connection, type_of(root) | root.mode));
  SWERVE_TRY(loop.watch(connection, [serving = state.get()] { serving->serve(); }));
  return std::unique_ptr<TreeMount>(new TreeMount(std::move(state)));
}

TreeMount::TreeMount(std::unique_ptr<State> state) : state_(std::move(state)) {}
TreeMount::~TreeMount() = default;

}  // namespace swerve
