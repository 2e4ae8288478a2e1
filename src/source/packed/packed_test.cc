#include "source/packed/packed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <zlib.h>
#include <zstd.h>

namespace swerve {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string gzip(const std::string& plain) {
  z_stream z = {};
  EXPECT_EQ(::deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(::deflateBound(&z, plain.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  z.avail_in = static_cast<uInt>(plain.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  ::deflateEnd(&z);
  return out;
}

std::string zstd(const std::string& plain, int window_log = 0) {
  ZSTD_CCtx* const context = ::ZSTD_createCCtx();
  ::ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  if (window_log != 0) ::ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  std::string out(::ZSTD_compressBound(plain.size()) + 64, '\0');
  ZSTD_inBuffer in = {plain.data(), plain.size(), 0};
  ZSTD_outBuffer to = {out.data(), out.size(), 0};
  // In two steps, so that the size is not known when the header is written.
  ::ZSTD_compressStream2(context, &to, &in, ZSTD_e_flush);
  EXPECT_EQ(::ZSTD_compressStream2(context, &to, &in, ZSTD_e_end), 0U);
  ::ZSTD_freeCCtx(context);
  out.resize(to.pos);
  return out;
}

/// All that can be read, and then the error, if there is one.
std::string read_all(Input& input) {
  std::string all, part(10'000, '\0');
  for (;;) {
    const Result<std::size_t> got = input.read(part.data(), part.size());
    if (!got) return all + "|" + got.error().message();
    all.append(part, 0, *got);
    if (*got == 0) return all;
  }
}

std::string unpack(std::string bytes, bool seekable = true) {
  auto input = unpacked(memory_input(std::move(bytes), seekable));
  return input ? read_all(**input) : "|" + input.error().message();
}

const std::string& text() {
  static const std::string text = [] {
    std::string out;
    for (int i = 0; i < 100'000; ++i) out += std::to_string(i * 7919) + "\n";
    return out;
  }();
  return text;
}

TEST(Packed, PlainBytesAreLeftAsTheyAre) {
  for (const std::string plain : {"", "a", "\x1f", "\x28\xb5\x2f", "# tracer: nop\n"}) {
    EXPECT_EQ(unpack(plain), plain);
  }
}

TEST(Packed, BothKindsAreUnpacked) {
  EXPECT_EQ(unpack(gzip(text())), text());
  EXPECT_EQ(unpack(zstd(text())), text());
  EXPECT_EQ(unpack(gzip(text()), false), text());
  EXPECT_EQ(unpack(zstd(text()), false), text());
  EXPECT_EQ(unpack(gzip("")), "");
  EXPECT_EQ(unpack(zstd("")), "");
}

TEST(Packed, SeveralStreamsAreOneInput) {
  EXPECT_EQ(unpack(gzip("a") + gzip("") + gzip("b")), "ab");
  EXPECT_EQ(unpack(zstd("a") + zstd("") + zstd("b")), "ab");
}

TEST(Packed, WhatIsPackedTwiceIsUnpackedTwice) {
  EXPECT_EQ(unpack(gzip(zstd(text()))), text());
  EXPECT_EQ(unpack(zstd(gzip(gzip(zstd(text()))))), text());
  EXPECT_EQ(unpack(gzip(gzip(gzip(gzip(gzip("deep")))))), "|packed more than 4 times");
}

TEST(Packed, CanBeReadAgain) {
  for (const std::string& bytes : {gzip(text()), zstd(text()), gzip(zstd(text()))}) {
    auto input = unpacked(memory_input(bytes)).value();
    EXPECT_TRUE(input->can_rewind());
    std::string part(1234, '\0');
    EXPECT_EQ(input->read(part.data(), part.size()).value(), 1234U);
    EXPECT_EQ(part, text().substr(0, 1234));
    ASSERT_TRUE(input->rewind());
    EXPECT_EQ(read_all(*input), text());
    EXPECT_EQ(input->taken(), bytes.size());
    EXPECT_EQ(input->total(), bytes.size());
  }
  auto pipe = unpacked(memory_input(gzip("x"), false)).value();
  EXPECT_FALSE(pipe->can_rewind());
  EXPECT_FALSE(pipe->rewind());
}

// What was whole is delivered before the error.
TEST(Packed, StreamsThatAreCutOffSaySoAtTheEnd) {
  const std::string g = gzip(text()), z = zstd(text());
  for (const std::string& whole : {g, z}) {
    const std::string got = unpack(whole.substr(0, whole.size() / 2));
    const std::size_t bar = got.find('|');
    ASSERT_NE(bar, std::string::npos);
    EXPECT_GT(bar, 100'000U);
    EXPECT_EQ(got.substr(0, bar), text().substr(0, bar));
    EXPECT_THAT(got.substr(bar), HasSubstr("they end too early"));
    // Without the last byte only the checksum is not whole.
    EXPECT_THAT(unpack(whole.substr(0, whole.size() - 1)), StartsWith(text() + "|"));
    EXPECT_THAT(unpack(whole.substr(0, 10)), HasSubstr("|"));
  }
  EXPECT_EQ(unpack(g.substr(0, 3)), "|the gzip data are broken at byte 3: they end too early");
  EXPECT_EQ(unpack(z.substr(0, 5)), "|the zstd data are broken at byte 5: they end too early");
}

TEST(Packed, WhatFollowsAStreamMustBeOne) {
  EXPECT_EQ(unpack(gzip("a") + "garbage"),
            "a|the gzip data are broken at byte 23: incorrect header check");
  EXPECT_THAT(unpack(zstd("a") + "garbage"), HasSubstr("a|the zstd data are broken at byte"));
  EXPECT_EQ(unpack(gzip("a") + std::string(200'000, '\0')), "a");
  EXPECT_THAT(unpack(gzip("a") + std::string(200'000, '\0') + "x"), StartsWith("a|"));
}

TEST(Packed, AWrongChecksumIsAnError) {
  std::string g = gzip(text()), z = zstd(text());
  g[g.size() - 5] = static_cast<char>(g[g.size() - 5] ^ 1);
  z[z.size() - 1] = static_cast<char>(z[z.size() - 1] ^ 1);
  EXPECT_THAT(unpack(g), HasSubstr("incorrect data check"));
  EXPECT_THAT(unpack(z), HasSubstr("|the zstd data are broken"));
}

// libzstd puts nothing out in a call that ends in an error: found by fuzzing, as what was read
// depended on how much was asked for.
TEST(Packed, WhatCanBeReadBeforeAnErrorIsReadInPiecesOfAnySize) {
  std::string z = zstd(text().substr(0, 300'000));
  z[z.size() - 1] = static_cast<char>(z[z.size() - 1] ^ 1);
  for (const std::size_t piece : {1UL << 20, 100'000UL, 999UL}) {
    auto input = unpacked(memory_input(z)).value();
    std::string part(piece, '\0');
    std::size_t all = 0;
    for (;;) {
      const Result<std::size_t> got = input->read(part.data(), piece);
      if (!got) break;
      all += *got;
    }
    EXPECT_EQ(all, 300'000U);
  }
}

// Found by fuzzing: the inner stream's error hid what the outer one still held back.
TEST(Packed, WhatIsHeldBackComesBeforeTheErrorOfTheInnerStream) {
  const std::string inner = zstd(text().substr(0, 3000));
  const std::string outer = gzip(inner.substr(0, inner.size() - 7));  // up to the last, empty block
  auto input = unpacked(memory_input(outer.substr(0, outer.size() - 4))).value();
  std::string part(5000, '\0');
  EXPECT_EQ(input->read(part.data(), 10).value(), 10U);
  EXPECT_EQ(input->read(part.data(), 5000).value(), 2990U);
  EXPECT_FALSE(input->read(part.data(), 5000));
}

// The window is memory that the stream asks for.
TEST(Packed, AZstdWindowThatIsTooLargeIsRefused) {
  EXPECT_EQ(unpack(zstd("small", 27)), "small");
  EXPECT_THAT(unpack(zstd("small", 30)), HasSubstr("too much memory"));
}

RC_GTEST_PROP(Packed, WhateverIsPackedComesBack, (std::string plain, std::vector<bool> layers)) {
  if (layers.size() > 4) layers.resize(4);
  RC_PRE(unpack(plain) == plain);  // no magic by chance
  std::string packed = plain;
  for (const bool layer : layers) packed = layer ? gzip(packed) : zstd(packed);
  RC_ASSERT(unpack(packed) == plain);
}

// Any byte changed: what comes is a beginning of the plain text and an error, or all of it.
RC_GTEST_PROP(Packed, ABrokenStreamGivesNothingWrong,
              (bool layer, std::uint32_t where, char what)) {
  static const std::string plain = text().substr(0, 3000);
  std::string packed = layer ? gzip(plain) : zstd(plain);
  std::string broken = packed;
  broken[where % broken.size()] = what;
  const std::string got = unpack(broken);
  // A changed magic number makes it a plain input; a changed checksum comes after all of the text.
  RC_PRE(where % broken.size() >= 4);
  RC_ASSERT(got == plain || got.find('|') != std::string::npos);
}

}  // namespace
}  // namespace swerve
