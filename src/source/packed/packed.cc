#include "source/packed/packed.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "swerve/base/check.h"

namespace swerve {

namespace {

constexpr std::size_t kBlock = 128U << 10;
constexpr int kMostLayers = 4;
constexpr int kMostWindowLog = 27;  // 128 MiB

using namespace std::string_view_literals;

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"sv); }

/// A frame, or one that is to be skipped (compressors that work in parallel begin with such).
bool is_zstd(std::string_view bytes) {
  return bytes.starts_with("\x28\xb5\x2f\xfd"sv) ||
         (bytes.size() >= 4 && (bytes[0] & 0xf0) == 0x50 && bytes.substr(1, 3) == "\x2a\x4d\x18"sv);
}

/// What both have: compressed bytes come in blocks from the inner input, and every stream of them
/// must be whole.
class PackedInput : public PeekableInput {
 public:
  PackedInput(std::unique_ptr<Input> inner, std::string_view what)
      : inner_(std::move(inner)), what_(what), block_(new char[kBlock]) {}

  const std::string& name() const final { return inner_->name(); }
  bool can_rewind() const final { return inner_->can_rewind(); }
  std::uint64_t taken() const final { return inner_->taken(); }
  std::uint64_t total() const final { return inner_->total(); }

 protected:
  std::string_view rest() const { return {block_.get() + at_, size_ - at_}; }
  void take(std::size_t count) { at_ += count; }
  Error broken(std::string_view why) const {
    return Error(ErrorCode::invalid,
                 cat("the ", what_, " data are broken at byte ", before_ + at_, ": ", why));
  }

  /// Another block, when nothing is left of this one. Nothing is left then, either: the end.
  Result<> more() {
    if (at_ < size_) return {};
    before_ += size_;
    at_ = size_ = 0;
    SWERVE_TRY_ASSIGN(size_, inner_->read(block_.get(), kBlock));
    return {};
  }

  /// A whole stream was read, or none was begun.
  bool between_ = true;

 private:
  /// Uncompresses from rest() as much as goes into `to`, takes what it has used, and sets between_.
  virtual Result<std::size_t> step(char* to, std::size_t size) = 0;
  virtual void reset() = 0;

  Result<std::size_t> pull(char* to, std::size_t size) final {
    for (;;) {
      // What is held back comes first: getting more may be an error.
      if (rest().empty() && !between_) {
        SWERVE_TRY_ASSIGN(const std::size_t held_back, step(to, size));
        if (held_back > 0) return held_back;
      }
      SWERVE_TRY(more());
      if (rest().empty()) {
        if (between_) return std::size_t{0};
        return broken("they end too early");
      }
      const std::size_t left = rest().size();
      SWERVE_TRY_ASSIGN(const std::size_t got, step(to, size));
      if (got > 0) return got;
      if (rest().size() == left) return broken("they lead nowhere");
    }
  }

  Result<> restart() final {
    SWERVE_TRY(inner_->rewind());
    at_ = size_ = before_ = 0;
    between_ = true;
    reset();
    return {};
  }

  std::unique_ptr<Input> inner_;
  std::string_view what_;
  std::unique_ptr<char[]> block_;
  std::size_t at_ = 0;
  std::size_t size_ = 0;
  std::uint64_t before_ = 0;  // bytes in the blocks before this one
};

class GzipInput final : public PackedInput {
 public:
  explicit GzipInput(std::unique_ptr<Input> inner) : PackedInput(std::move(inner), "gzip") {
    constexpr int kGzipOnly = 16;
    SWERVE_CHECK(::inflateInit2(&zlib_, MAX_WBITS + kGzipOnly) == Z_OK, "zlib has memory");
  }
  ~GzipInput() override { ::inflateEnd(&zlib_); }
  GzipInput(const GzipInput&) = delete;
  GzipInput& operator=(const GzipInput&) = delete;

 private:
  Result<std::size_t> step(char* to, std::size_t size) override {
    if (between_ && padding()) return std::size_t{0};
    const std::string_view in = rest();
    constexpr std::size_t kMost = 1U << 30;  // zlib counts in 32 bits
    size = std::min(size, kMost);
    zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    zlib_.avail_in = static_cast<uInt>(in.size());
    zlib_.next_out = reinterpret_cast<Bytef*>(to);
    zlib_.avail_out = static_cast<uInt>(size);
    const int said = ::inflate(&zlib_, Z_NO_FLUSH);
    take(in.size() - zlib_.avail_in);
    const std::size_t got = size - zlib_.avail_out;
    // zlib says so again when it is asked again: what it could read goes first.
    if (said != Z_OK && said != Z_STREAM_END && said != Z_BUF_ERROR && got == 0) {
      return broken(zlib_.msg != nullptr ? zlib_.msg : "zlib does not say why");
    }
    between_ = said == Z_STREAM_END;
    if (between_) reset();
    return got;
  }

  /// Zeros may follow the last member: that is how tapes were filled up.
  bool padding() {
    const std::size_t zeros = std::min(rest().find_first_not_of('\0'), rest().size());
    take(zeros);
    return zeros > 0;
  }

  void reset() override { ::inflateReset(&zlib_); }

  z_stream zlib_ = {};
};

class ZstdInput final : public PackedInput {
 public:
  explicit ZstdInput(std::unique_ptr<Input> inner)
      : PackedInput(std::move(inner), "zstd"), zstd_(::ZSTD_createDCtx()) {
    SWERVE_CHECK(zstd_ != nullptr, "libzstd has memory");
    ::ZSTD_DCtx_setParameter(zstd_, ZSTD_d_windowLogMax, kMostWindowLog);
  }
  ~ZstdInput() override { ::ZSTD_freeDCtx(zstd_); }
  ZstdInput(const ZstdInput&) = delete;
  ZstdInput& operator=(const ZstdInput&) = delete;

 private:
  /// An error takes with it all that the same call has put out. So a call is given one block, or
  /// one header, and only when everything before has been put out.
  Result<std::size_t> step(char* to, std::size_t size) override {
    if (more_to_put_out_) {
      SWERVE_TRY_ASSIGN(const std::size_t got, call(to, size, 0));
      if (got > 0) return got;
    }
    constexpr std::size_t kBlockHeader = 3;  // asked for together with the block before it
    return call(to, size, wanted_ > kBlockHeader ? wanted_ - kBlockHeader : wanted_);
  }

  Result<std::size_t> call(char* to, std::size_t size, std::size_t most) {
    ZSTD_inBuffer in = {rest().data(), std::min(rest().size(), most), 0};
    ZSTD_outBuffer out = {to, size, 0};
    const std::size_t said = ::ZSTD_decompressStream(zstd_, &out, &in);
    if (::ZSTD_isError(said) != 0) return broken(::ZSTD_getErrorName(said));
    take(in.pos);
    between_ = said == 0;
    wanted_ = between_ ? kHeader : said;
    more_to_put_out_ = out.pos == size;
    return out.pos;
  }

  void reset() override {
    ::ZSTD_DCtx_reset(zstd_, ZSTD_reset_session_only);
    wanted_ = kHeader;
    more_to_put_out_ = false;
  }

  static constexpr std::size_t kHeader = 5;  // of a frame; it may be longer
  ZSTD_DCtx* zstd_;
  std::size_t wanted_ = kHeader;  // how many bytes the next call asks for
  bool more_to_put_out_ = false;  // the last call had no room for more
};

}  // namespace

Result<std::unique_ptr<Input>> unpacked(std::unique_ptr<Input> input) {
  for (int layer = 0;; ++layer) {
    SWERVE_TRY_ASSIGN(const std::string_view beginning, input->peek(4));
    const bool gzip = is_gzip(beginning);
    if (!gzip && !is_zstd(beginning)) return input;
    if (layer == kMostLayers) {
      return Error(ErrorCode::invalid, cat("packed more than ", kMostLayers, " times"));
    }
    if (gzip) {
      input = std::make_unique<GzipInput>(std::move(input));
    } else {
      input = std::make_unique<ZstdInput>(std::move(input));
    }
  }
}

}  // namespace swerve
