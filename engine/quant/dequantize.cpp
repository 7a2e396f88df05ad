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

void decode(const BlockQ4_1& block, float* out) {
  const float d = f16_to_f32(block.d);
  const float m = f16_to_f32(block.m);
  for (int i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>(block.qs[i] & 15) + m;
    out[i + 16] = d * static_cast<float>(block.qs[i] >> 4) + m;
  }
}

void decode(const BlockQ5_0& block, float* out) {
  const float d = f16_to_f32(block.d);
  for (int i = 0; i < 16; ++i) {
    const int low = (block.qs[i] & 15) | bit_of(block.qh, i) << 4;
    const int high = block.qs[i] >> 4 | bit_of(block.qh, i + 16) << 4;
    out[i] = d * static_cast<float>(low - 16);
    out[i + 16] = d * static_cast<float>(high - 16);
  }
}

void decode(const BlockQ5_1& block, float* out) {
  const float d = f16_to_f32(block.d);
  const float m = f16_to_f32(block.m);
  for (int i = 0; i < 16; ++i) {
    const int low = (block.qs[i] & 15) | bit_of(block.qh, i) << 4;
    const int high = block.qs[i] >> 4 | bit_of(block.qh, i + 16) << 4;
    out[i] = d * static_cast<float>(low) + m;
    out[i + 16] = d * static_cast<float>(high) + m;
  }
}

void decode_by_table(const int8_t* values, const uint8_t* qs, float scale, float* out) {
  for (int i = 0; i < 16; ++i) {
    out[i] = scale * static_cast<float>(values[qs[i] & 15]);
    out[i + 16] = scale * static_cast<float>(values[qs[i] >> 4]);
  }
}

void decode(const BlockIq4Nl& block, float* out) {
  decode_by_table(kIq4Values, block.qs, f16_to_f32(block.d), out);
}

void decode(const BlockMxfp4& block, float* out) {
  decode_by_table(kMxfp4Values, block.qs, mxfp4_scale(block.e), out);
}

void decode(const BlockIq4Xs& block, float* out) {
  const float d = f16_to_f32(block.d);
  for (int group = 0; group < 8; ++group) {
    const float scale = d * static_cast<float>(iq4_xs_scale(block, group));
    decode_by_table(kIq4Values, block.qs + 16 * group, scale, out + 32 * group);
  }
}

void decode(const BlockQ2K& block, float* out) {
  const float d = f16_to_f32(block.d);
  const float dmin = f16_to_f32(block.dmin);
  for (int group = 0; group < 16; ++group) {
    const float scale = d * static_cast<float>(block.scales[group] & 15);
    const float min = dmin * static_cast<float>(block.scales[group] >> 4);
    const uint8_t* qs = block.qs + 32 * (group / 8) + 16 * (group % 2);
    const int shift = 2 * (group / 2 % 4);
    for (int i = 0; i < 16; ++i) *out++ = scale * static_cast<float>(qs[i] >> shift & 3) - min;
  }
}

void decode(const BlockQ3K& block, float* out) {
  const float d = f16_to_f32(block.d);
  for (int group = 0; group < 16; ++group) {
    const float scale = d * static_cast<float>(q3_k_scale(block.scales, group));
    const int run = group / 2;
    const uint8_t* qs = block.qs + 32 * (run / 4) + 16 * (group % 2);
    const uint8_t* hmask = block.hmask + 16 * (group % 2);
    for (int i = 0; i < 16; ++i) {
      const int q = (qs[i] >> 2 * (run % 4) & 3) | (hmask[i] >> run & 1) << 2;
      *out++ = scale * static_cast<float>(q - 4);
    }
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
    case DType::f8_e4m3:
      for (size_t i = 0; i < out.size(); ++i) out[i] = f8_e4m3_to_f32(static_cast<uint8_t>(in[i]));
      return;
    case DType::q8_0:
      return decode_blocks<BlockQ8_0>(in, out);
    case DType::q4_0:
      return decode_blocks<BlockQ4_0>(in, out);
    case DType::q4_1:
      return decode_blocks<BlockQ4_1>(in, out);
    case DType::q5_0:
      return decode_blocks<BlockQ5_0>(in, out);
    case DType::q5_1:
      return decode_blocks<BlockQ5_1>(in, out);
    case DType::q2_k:
      return decode_blocks<BlockQ2K>(in, out);
    case DType::q3_k:
      return decode_blocks<BlockQ3K>(in, out);
    case DType::q4_k:
      return decode_blocks<BlockQ4K>(in, out);
    case DType::q5_k:
      return decode_blocks<BlockQ5K>(in, out);
    case DType::q6_k:
      return decode_blocks<BlockQ6K>(in, out);
    case DType::iq4_nl:
      return decode_blocks<BlockIq4Nl>(in, out);
    case DType::iq4_xs:
      return decode_blocks<BlockIq4Xs>(in, out);
    case DType::mxfp4:
      return decode_blocks<BlockMxfp4>(in, out);
  }
}

}  // namespace fathom::engine
