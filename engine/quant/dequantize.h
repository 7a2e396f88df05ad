// Numbers as they lie in a model file, as f32.

#pragma once

#include <cstddef>
#include <span>

#include "engine/dtype.h"

namespace fathom::engine {

/// Decodes out.size() consecutive numbers of type `dtype`, bit for bit as ggml and gguf-py do.
///
///   in    whole blocks, exactly those of `out`; any alignment
///   out   a multiple of info(dtype).block_elements
///
/// Any thread. Plain loops, meant for reading and checking: kernels have their own.
void dequantize(DType dtype, std::span<const std::byte> in, std::span<float> out);

}  // namespace fathom::engine
