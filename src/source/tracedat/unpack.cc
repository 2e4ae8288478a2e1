#include "source/tracedat/unpack.h"

#include <zlib.h>
#include <zstd.h>

#include "base/text.h"

namespace swerve::tracedat {

struct Unpacker::Context {
  ZSTD_DCtx* zstd = nullptr;
  ~Context() { ZSTD_freeDCtx(zstd); }
};

Unpacker::Unpacker(Packing packing) : packing_(packing), context_(std::make_unique<Context>()) {}
Unpacker::~Unpacker() = default;
Unpacker::Unpacker(Unpacker&&) noexcept = default;
Unpacker& Unpacker::operator=(Unpacker&&) noexcept = default;

std::string Unpacker::unpack(std::string_view packed, char* to, std::size_t size) {
  std::size_t got = 0;
  switch (packing_) {
    case Packing::none:
      return "the file says that it is not compressed";
    case Packing::zlib: {
      uLongf room = size;
      uLong taken = packed.size();
      const int code = uncompress2(reinterpret_cast<Bytef*>(to), &room,
                                   reinterpret_cast<const Bytef*>(packed.data()), &taken);
      if (code != Z_OK) return cat("zlib: ", zError(code));
      if (taken != packed.size()) return "zlib: it ends early";
      got = room;
      break;
    }
    case Packing::zstd: {
      if (context_->zstd == nullptr) context_->zstd = ZSTD_createDCtx();
      got = ZSTD_decompressDCtx(context_->zstd, to, size, packed.data(), packed.size());
      if (ZSTD_isError(got) != 0) return cat("zstd: ", ZSTD_getErrorName(got));
      break;
    }
  }
  return got == size ? "" : cat("it holds ", got, " bytes and not the ", size, " that it claims");
}

}  // namespace swerve::tracedat
