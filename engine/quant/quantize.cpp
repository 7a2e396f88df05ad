#include "engine/quant/quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/base/assert.h"
#include "engine/quant/blocks.h"
#include "engine/quant/half.h"
#include "engine/quant/quantize_k.h"

namespace fathom::engine {
namespace {

constexpr float kLargest = 65504.0f;  // of f16

/// 1 / d; 0 where that is infinite.
float inverse(float d) { return std::fabs(d) >= 0x1p-126f ? 1.0f / d : 0.0f; }

/// The number of largest magnitude with its sign; the first of equal ones.
float peak_of(const float* x) {
  return *std::max_element(x, x + 32, [](float a, float b) { return std::fabs(a) < std::fabs(b); });
}

void put_nibbles(const uint8_t* q, uint8_t* qs) {
  for (int i = 0; i < 16; ++i) qs[i] = static_cast<uint8_t>((q[i] & 15) | (q[i + 16] & 15) << 4);
}

void put_fifth_bits(const uint8_t* q, uint8_t* qh) {
  for (int i = 0; i < 4; ++i) {
    int bits = 0;
    for (int j = 0; j < 8; ++j) bits |= (q[8 * i + j] >> 4 & 1) << j;
    qh[i] = static_cast<uint8_t>(bits);
  }
}

/// Levels -zero .. zero - 1 plus zero, the number of largest magnitude at level 0; returns d.
/// f64, because ggml's result would depend on whether its f32 sum is fused.
float round_symmetric(const float* x, int zero, uint8_t* q) {
  const float d = peak_of(x) / static_cast<float>(-zero);
  const double id = inverse(d);
  const double highest = 2 * zero - 1;
  for (int i = 0; i < 32; ++i) {
    q[i] = static_cast<uint8_t>(std::min(x[i] * id + (zero + 0.5), highest));
  }
  return d;
}

struct ScaleAndOffset {
  float d, m;
};

ScaleAndOffset round_from_min(const float* x, int highest, uint8_t* q) {
  const auto [min, max] = std::minmax_element(x, x + 32);
  const float m = *min;
  const float d = (*max - m) / static_cast<float>(highest);
  const float id = inverse(d);
  for (int i = 0; i < 32; ++i) {
    const float steps = (x[i] - m) * id + 0.5f;
    q[i] = static_cast<uint8_t>(std::min(steps, static_cast<float>(highest)));
  }
  return {d, m};
}

void encode(const float* x, BlockQ8_0& block) {
  const float d = std::fabs(peak_of(x)) / 127;
  const float id = inverse(d);
  for (int i = 0; i < 32; ++i) block.qs[i] = static_cast<int8_t>(std::round(x[i] * id));
  block.d = f32_to_f16(d);
}

void encode(const float* x, BlockQ4_0& block) {
  uint8_t q[32];
  block.d = f32_to_f16(round_symmetric(x, 8, q));
  put_nibbles(q, block.qs);
}

void encode(const float* x, BlockQ5_0& block) {
  uint8_t q[32];
  block.d = f32_to_f16(round_symmetric(x, 16, q));
  put_nibbles(q, block.qs);
  put_fifth_bits(q, block.qh);
}

void encode(const float* x, BlockQ4_1& block) {
  uint8_t q[32];
  const ScaleAndOffset fit = round_from_min(x, 15, q);
  block.d = f32_to_f16(fit.d);
  block.m = f32_to_f16(fit.m);
  put_nibbles(q, block.qs);
}

void encode(const float* x, BlockQ5_1& block) {
  uint8_t q[32];
  const ScaleAndOffset fit = round_from_min(x, 31, q);
  block.d = f32_to_f16(fit.d);
  block.m = f32_to_f16(fit.m);
  put_nibbles(q, block.qs);
  put_fifth_bits(q, block.qh);
}

/// The exponent puts the largest number between 4 and 8, where 6 is the last level.
void encode(const float* x, BlockMxfp4& block) {
  const float largest = std::fabs(peak_of(x));
  block.e = largest > 0.0f ? static_cast<uint8_t>(std::max(0, std::ilogb(largest) - 2 + 127)) : 0;
  const float scale = mxfp4_scale(block.e);
  uint8_t q[32];
  for (int i = 0; i < 32; ++i) {
    float least = std::fabs(x[i]);
    q[i] = 0;
    for (int level = 1; level < 16; ++level) {
      const float error = std::fabs(scale * static_cast<float>(kMxfp4Values[level]) - x[i]);
      if (error < least) {
        least = error;
        q[i] = static_cast<uint8_t>(level);
      }
    }
  }
  put_nibbles(q, block.qs);
}

template <class Block>
void encode_blocks(DType dtype, std::span<const float> in, std::span<std::byte> out) {
  const size_t elements = info(dtype).block_elements;
  float x[256];
  FATHOM_ASSERT(elements <= std::size(x) && sizeof(Block) == size_t(info(dtype).block_bytes));
  for (size_t i = 0; i * elements < in.size(); ++i) {
    const float* numbers = in.data() + i * elements;
    for (size_t j = 0; j < elements; ++j) {
      x[j] = std::isnan(numbers[j]) ? 0.0f : std::clamp(numbers[j], -kLargest, kLargest);
    }
    Block block;
    encode(x, block);
    std::memcpy(out.data() + i * sizeof(Block), &block, sizeof(Block));
  }
}

template <uint16_t (*convert)(float)>
void encode_halves(std::span<const float> in, std::span<std::byte> out) {
  for (size_t i = 0; i < in.size(); ++i) {
    const uint16_t bits = convert(in[i]);
    std::memcpy(out.data() + 2 * i, &bits, 2);
  }
}

}  // namespace

bool can_quantize(DType dtype) { return dtype != DType::f8_e4m3; }

void quantize(DType dtype, std::span<const float> in, std::span<std::byte> out) {
  FATHOM_ASSERT(row_bytes(dtype, static_cast<int64_t>(in.size())) ==
                static_cast<int64_t>(out.size()));
  switch (dtype) {
    case DType::f32:
      if (!in.empty()) std::memcpy(out.data(), in.data(), out.size());
      return;
    case DType::f16:
      return encode_halves<f32_to_f16>(in, out);
    case DType::bf16:
      return encode_halves<f32_to_bf16>(in, out);
    case DType::q8_0:
      return encode_blocks<BlockQ8_0>(dtype, in, out);
    case DType::q4_0:
      return encode_blocks<BlockQ4_0>(dtype, in, out);
    case DType::q4_1:
      return encode_blocks<BlockQ4_1>(dtype, in, out);
    case DType::q5_0:
      return encode_blocks<BlockQ5_0>(dtype, in, out);
    case DType::q5_1:
      return encode_blocks<BlockQ5_1>(dtype, in, out);
    case DType::q2_k:
      return encode_blocks<BlockQ2K>(dtype, in, out);
    case DType::q3_k:
      return encode_blocks<BlockQ3K>(dtype, in, out);
    case DType::q4_k:
      return encode_blocks<BlockQ4K>(dtype, in, out);
    case DType::q5_k:
      return encode_blocks<BlockQ5K>(dtype, in, out);
    case DType::q6_k:
      return encode_blocks<BlockQ6K>(dtype, in, out);
    case DType::iq4_nl:
      return encode_blocks<BlockIq4Nl>(dtype, in, out);
    case DType::iq4_xs:
      return encode_blocks<BlockIq4Xs>(dtype, in, out);
    case DType::mxfp4:
      return encode_blocks<BlockMxfp4>(dtype, in, out);
    case DType::f8_e4m3:
      break;
  }
  FATHOM_ASSERT(can_quantize(dtype));
}

}  // namespace fathom::engine
