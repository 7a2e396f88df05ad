// f32 numbers as they lie in a model file: the other direction of dequantize().

#pragma once

#include <cstddef>
#include <span>

#include "engine/dtype.h"

namespace fathom::engine {

/// Whether quantize() writes this type: all but f8_e4m3, whose scales are not in its blocks.
bool can_quantize(DType dtype);

/// Encodes in.size() consecutive numbers.
///
///   in    a multiple of info(dtype).block_elements
///   out   exactly the bytes that these blocks take
///
/// F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1 and MXFP4 are bit for bit what gguf-py makes of finite
/// numbers. The K and IQ4 types search for the scales of least squared error, in which a larger
/// number counts a little more (scale_search.h); each block depends on its own numbers only.
/// Blocks cannot hold what is not finite: a NaN counts as 0, and numbers beyond +-65504 (the range
/// of a block's f16 scale) as that. F32, F16 and BF16 keep NaN and infinities.
///
/// Any thread. The types that search take 0.1 to 0.3 microseconds a number, the others a hundredth.
void quantize(DType dtype, std::span<const float> in, std::span<std::byte> out);

}  // namespace fathom::engine
