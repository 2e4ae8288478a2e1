// source/packed/packed.h - reads through .gz and .zst. The only user of zlib and libzstd for
// inputs.
#pragma once

#include <memory>

#include "source/input.h"

namespace swerve {

/// The input itself when it is not compressed, else what it holds, unpacked as it is read; also
/// what is packed twice (up to four times). Memory: bounded, whatever the stream's header asks for
/// (a zstd window above 128 MiB is refused: invalid). Several gzip members or zstd frames one after
/// the other are one input.
Result<std::unique_ptr<Input>> unpacked(std::unique_ptr<Input> input);

}  // namespace swerve
