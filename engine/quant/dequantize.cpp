#include "engine/quant/dequantize.h"

#include <cstring>

#include "engine/base/assert.h"
#include "engine/quant/blocks.h"
#include "engine/quant/half.h"

namespace fathom::engine {
namespace {

void decode(const BlockQ8_0& block, float* out) {
  const float d = f16_to_f32(block.d);
  for (int i = 0; i < 32; ++i) out[i] = d * static_cast<float>(block.qs[i]);
}

void decode(const BlockQ4_0& block, float* out) {
  const float d = f16_to_f32(block.d);
  for (int i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>((block.qs[i] & 15) - 8);
    out[i + 16] = d * static_cast<float>((block.qs[i] >> 4) - 8);
  }
}

void decode(const BlockQ4K& block, float* out) {
  const float d = f16_to_f32(block.d);
  const float dmin = f16_to_f32(block.dmin);
  for (int group = 0; group < 8; ++group) {
    const KScale k = k_scale(block.scales, group);
    const float scale = d * k.scale;
    const float min = dmin * k.min;
    const uint8_t* qs = block.qs + 32 * (group / 2);
    const int shift = 4 * (group % 2);
    for (int i = 0; i < 32; ++i) *out++ = scale * static_cast<float>(qs[i] >> shift & 15) - min;
  }
}

void decode(const BlockQ5K& block, float* out) {
  const float d = f16_to_f32(block.d);
  const float dmin = f16_to_f32(block.dmin);
  for (int group = 0; group < 8; ++group) {
    const KScale k = k_scale(block.scales, group);
    const float scale = d * k.scale;
    const float min = dmin * k.min;
    const uint8_t* qs = block.qs + 32 * (group / 2);
    const int shift = 4 * (group % 2);
    for (int i = 0; i < 32; ++i) {
      const int q = (qs[i] >> shift & 15) | (block.qh[i] >> group & 1) << 4;
      *out++ = scale * static_cast<float>(q) - min;
    }
  }
}

void decode(const BlockQ6K& block, float* out) {
  const float d = f16_to_f32(block.d);
  for (int run = 0; run < 8; ++run) {
    const int half = run / 4;
    const int quarter = run % 4;
    const uint8_t* ql = block.ql + 64 * half + 32 * (quarter % 2);
    const uint8_t* qh = block.qh + 32 * half;
    for (int i = 0; i < 32; ++i) {
      const int low = ql[i] >> 4 * (quarter / 2) & 15;
      const int high = qh[i] >> 2 * quarter & 3;
      const float scale = d * block.scales[2 * run + i / 16];
      *out++ = scale * static_cast<float>((low | high << 4) - 32);
    }
  }
}

template <class Block>
void decode_blocks(std::span<const std::byte> in, std::span<float> out) {
  const size_t n_blocks = in.size() / sizeof(Block);
  if (n_blocks == 0) return;
  const size_t elements = out.size() / n_blocks;
  for (size_t i = 0; i < n_blocks; ++i) {
    Block block;
    std::memcpy(&block, in.data() + i * sizeof(Block), sizeof(Block));
    decode(block, out.data() + i * elements);
  }
}

template <float (*convert)(uint16_t)>
void decode_halves(std::span<const std::byte> in, std::span<float> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    uint16_t bits = 0;
    std::memcpy(&bits, in.data() + 2 * i, 2);
    out[i] = convert(bits);
  }
}

}  // namespace

void dequantize(DType dtype, std::span<const std::byte> in, std::span<float> out) {
  FATHOM_ASSERT(row_bytes(dtype, static_cast<int64_t>(out.size())) ==
                static_cast<int64_t>(in.size()));
  switch (dtype) {
    case DType::f32:
      if (!in.empty()) std::memcpy(out.data(), in.data(), in.size());
      return;
    case DType::f16:
      return decode_halves<f16_to_f32>(in, out);
    case DType::bf16:
      return decode_halves<bf16_to_f32>(in, out);
    case DType::q8_0:
      return decode_blocks<BlockQ8_0>(in, out);
    case DType::q4_0:
      return decode_blocks<BlockQ4_0>(in, out);
    case DType::q4_k:
      return decode_blocks<BlockQ4K>(in, out);
    case DType::q5_k:
      return decode_blocks<BlockQ5K>(in, out);
    case DType::q6_k:
      return decode_blocks<BlockQ6K>(in, out);
  }
}

}  // namespace fathom::engine
