#include "source/input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>

#include "base/text.h"
#include "base/unique_fd.h"

namespace swerve {

Result<std::size_t> PeekableInput::fill(char* to, std::size_t size, std::size_t least) {
  std::size_t done = 0;
  while (done < least && !ended_ && late_ == nullptr) {
    Result<std::size_t> got = pull(to + done, size - done);
    if (!got) {
      late_ = std::make_unique<Error>(std::move(got).error());
    } else {
      ended_ = *got == 0;
      done += *got;
    }
  }
  // Bytes first; the error is told by the call that would have to go on behind them.
  if (done == 0 && size > 0 && late_ != nullptr) return *late_;
  return done;
}

Result<std::size_t> PeekableInput::take(char* to, std::size_t size, std::size_t least) {
  const std::size_t from_peeked = std::min(size, peeked_.size() - given_);
  std::memcpy(to, peeked_.data() + given_, from_peeked);
  given_ += from_peeked;
  if (from_peeked >= least) return from_peeked;
  Result<std::size_t> rest = fill(to + from_peeked, size - from_peeked, least - from_peeked);
  if (!rest && from_peeked > 0) return from_peeked;
  if (!rest) return rest;
  return from_peeked + *rest;
}

bool PeekableInput::would_wait() const {
  return given_ == peeked_.size() && !ended_ && late_ == nullptr && pull_would_wait();
}

Result<std::string_view> PeekableInput::peek_some(std::size_t size, std::size_t least) {
  size = std::min(size, kMostPeeked);
  least = std::min(size, least);
  if (const std::size_t had = peeked_.size(); had < least) {
    peeked_.resize(size);
    Result<std::size_t> more = fill(peeked_.data() + had, size - had, least - had);
    peeked_.resize(had + (more ? *more : 0));
    if (!more && had == 0) return std::move(more).error();
  }
  return std::string_view(peeked_).substr(0, size);
}

Result<> PeekableInput::rewind() {
  SWERVE_TRY(restart());
  peeked_.clear();
  given_ = 0;
  ended_ = false;
  late_.reset();
  return {};
}

namespace {

/// Maps files, and answers for them when they are cut short: the system says SIGBUS to whoever
/// reads a page that the file no longer has. The handler puts pages of zeros there, for the
/// mappings it knows, and leaves every other SIGBUS to whoever handled it before.
class Mapping {
 public:
  Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  ~Mapping() {
    if (slot_ != nullptr) slot_->begin.store(0);
    if (bytes_ != nullptr) ::munmap(bytes_, size_);
  }

  /// Empty when it cannot be mapped (a file system without; too many mappings already).
  std::string_view map(int fd, std::size_t size) {
    static std::once_flag once;
    std::call_once(once, install);
    for (Slot& slot : slots) {
      std::uintptr_t free = 0;
      if (!slot.begin.compare_exchange_strong(free, kTaken)) continue;
      void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
      if (at == MAP_FAILED) {
        slot.begin.store(0);
        return {};
      }
      bytes_ = at;
      size_ = size;
      slot_ = &slot;
      slot.hit.store(false);
      slot.end.store(reinterpret_cast<std::uintptr_t>(at) + size);
      slot.begin.store(reinterpret_cast<std::uintptr_t>(at));
      return {static_cast<const char*>(at), size};
    }
    return {};
  }

  /// Only whole pages: the others may still be needed.
  static void forget(std::string_view part) {
    const auto begin =
        (reinterpret_cast<std::uintptr_t>(part.data()) + page_size - 1) & ~(page_size - 1);
    const auto end = reinterpret_cast<std::uintptr_t>(part.data() + part.size()) & ~(page_size - 1);
    // Nobody writes to the mapping: what is forgotten is read from the file again.
    if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  bool was_hit() const { return slot_ != nullptr && slot_->hit.load(); }

 private:
  struct Slot {
    std::atomic<std::uintptr_t> begin;  // 0: free. Read by the handler, as are the others
    std::atomic<std::uintptr_t> end;
    std::atomic<bool> hit;
  };
  static constexpr std::uintptr_t kTaken = ~std::uintptr_t{0};  // no address is above it
  inline static std::array<Slot, 64> slots;
  inline static std::uintptr_t page_size;
  inline static struct sigaction before;

  static void on_sigbus(int number, siginfo_t* what, void* context) {
    const auto at = reinterpret_cast<std::uintptr_t>(what->si_addr);
    for (Slot& slot : slots) {
      if (at < slot.begin.load() || at >= slot.end.load()) continue;
      slot.hit.store(true);
      void* const page = reinterpret_cast<void*>(at & ~(page_size - 1));
      if (::mmap(page, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
          MAP_FAILED) {
        return;
      }
    }
    if ((before.sa_flags & SA_SIGINFO) != 0) {
      before.sa_sigaction(number, what, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
      before.sa_handler(number);
    } else {
      ::sigaction(SIGBUS, &before, nullptr);  // and the same access ends the process
    }
  }

  static void install() {
    page_size = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    struct sigaction action = {};
    action.sa_sigaction = on_sigbus;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGBUS, &action, &before);
  }

  void* bytes_ = nullptr;
  std::size_t size_ = 0;
  Slot* slot_ = nullptr;
};

/// A descriptor: a file that can be read at any place, or whatever gives bytes one after the other.
class FileInput final : public PeekableInput {
 public:
  FileInput(std::string name, UniqueFd owned, int fd)
      : name_(std::move(name)), owned_(std::move(owned)), fd_(fd) {}

  Result<> open() {
    struct stat about = {};
    if (::fstat(fd_, &about) != 0) return Error::from_errno(errno, "stat");
    if (S_ISDIR(about.st_mode)) return Error(ErrorCode::invalid, "a folder, not a file");
    // The files of /proc and tracefs say that they are empty; only reading tells.
    if (!S_ISREG(about.st_mode) || about.st_size == 0) return {};
    const off_t at = ::lseek(fd_, 0, SEEK_CUR);
    if (at < 0 || at > about.st_size) return {};
    begin_ = static_cast<std::uint64_t>(at);
    size_ = static_cast<std::uint64_t>(about.st_size);
    seekable_ = true;
    return {};
  }

  const std::string& name() const override { return name_; }
  bool can_rewind() const override { return seekable_; }
  std::uint64_t taken() const override { return taken_; }
  std::uint64_t total() const override { return seekable_ ? size_ - begin_ : 0; }

  std::string_view mapped() const override {
    if (!seekable_ || size_ == begin_) return {};
    if (map_.empty()) map_ = mapping_.map(fd_, size_);
    return map_.substr(std::min<std::size_t>(begin_, map_.size()));
  }
  void forget(std::string_view part) const override {
    if (!map_.empty()) Mapping::forget(part);
  }
  bool cut_short() const override {
    if (map_.empty()) return false;
    struct stat about = {};
    return mapping_.was_hit() || ::fstat(fd_, &about) != 0 ||
           static_cast<std::uint64_t>(about.st_size) < map_.size();
  }

 private:
  Result<std::size_t> pull(char* to, std::size_t size) override {
    for (;;) {
      const ssize_t got = seekable_ ? ::pread(fd_, to, size, static_cast<off_t>(begin_ + taken_))
                                    : ::read(fd_, to, size);
      if (got >= 0) {
        taken_ += static_cast<std::uint64_t>(got);
        return static_cast<std::size_t>(got);
      }
      if (errno != EINTR) return Error::from_errno(errno, cat("read, at byte ", taken_));
    }
  }

  Result<> restart() override {
    if (!seekable_) return Error(ErrorCode::unsupported, "a pipe cannot be read twice");
    taken_ = 0;
    return {};
  }

  bool pull_would_wait() const override {
    struct pollfd one = {fd_, POLLIN, 0};
    return !seekable_ && ::poll(&one, 1, 0) == 0;
  }

  std::string name_;
  UniqueFd owned_;
  int fd_;
  bool seekable_ = false;
  std::uint64_t begin_ = 0;  // where the input begins in the file: standard input may be half read
  std::uint64_t size_ = 0;   // of the file
  std::uint64_t taken_ = 0;
  mutable Mapping mapping_;
  mutable std::string_view map_;
};

class MemoryInput final : public PeekableInput {
 public:
  MemoryInput(std::string bytes, bool seekable) : bytes_(std::move(bytes)), seekable_(seekable) {}

  const std::string& name() const override { return name_; }
  bool can_rewind() const override { return seekable_; }
  std::string_view mapped() const override {
    return seekable_ ? std::string_view(bytes_) : std::string_view();
  }
  std::uint64_t taken() const override { return taken_; }
  std::uint64_t total() const override { return seekable_ ? bytes_.size() : 0; }

 private:
  Result<std::size_t> pull(char* to, std::size_t size) override {
    const std::size_t got = bytes_.copy(to, size, taken_);
    taken_ += got;
    return got;
  }
  Result<> restart() override {
    if (!seekable_) return Error(ErrorCode::unsupported, "a pipe cannot be read twice");
    taken_ = 0;
    return {};
  }

  std::string name_ = "memory";
  std::string bytes_;
  bool seekable_;
  std::size_t taken_ = 0;
};

}  // namespace

Result<std::unique_ptr<Input>> open_input(const std::string& name) {
  UniqueFd owned;
  if (name != "-") {
    owned = UniqueFd(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    if (!owned) return Error::from_errno(errno, "open");
  }
  const int fd = name == "-" ? STDIN_FILENO : owned.get();
  auto input = std::make_unique<FileInput>(name, std::move(owned), fd);
  SWERVE_TRY(input->open());
  return std::unique_ptr<Input>(std::move(input));
}

std::unique_ptr<Input> memory_input(std::string bytes, bool seekable) {
  return std::make_unique<MemoryInput>(std::move(bytes), seekable);
}

}  // namespace swerve
