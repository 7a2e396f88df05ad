// Weights from the layout of the model file into that of weight_view.h.
//
// Bound by memory; runs once, when a model is loaded. A thread for 8 numbers, and one for the
// scales of a group.

#include "cuda/device.h"
#include "cuda/ops.h"
#include "cuda/with_format.h"
#include "engine/quant/blocks.h"

namespace fathom::cuda {
namespace {

using namespace engine;  // the blocks

constexpr int kThreads = 128;

__device__ uint32_t nibble(const uint8_t* qs, int i) {
  return i < 16 ? qs[i] & 15 : qs[i - 16] >> 4;
}
__device__ uint32_t bit_at(const uint8_t* bits, int i) { return bits[i / 8] >> i % 8 & 1; }

// Number i of a block as the format's unsigned bits.
__device__ uint32_t code(const BlockQ8_0& b, int i) { return static_cast<uint8_t>(b.qs[i]); }
__device__ uint32_t code(const BlockQ4_0& b, int i) { return nibble(b.qs, i); }
__device__ uint32_t code(const BlockQ4_1& b, int i) { return nibble(b.qs, i); }
__device__ uint32_t code(const BlockIq4Nl& b, int i) { return nibble(b.qs, i); }
__device__ uint32_t code(const BlockMxfp4& b, int i) { return nibble(b.qs, i); }
__device__ uint32_t code(const BlockQ5_0& b, int i) {
  return nibble(b.qs, i) | bit_at(b.qh, i) << 4;
}
__device__ uint32_t code(const BlockQ5_1& b, int i) {
  return nibble(b.qs, i) | bit_at(b.qh, i) << 4;
}
__device__ uint32_t code(const BlockIq4Xs& b, int i) { return nibble(b.qs + i / 32 * 16, i % 32); }
__device__ uint32_t two_bits(const uint8_t* qs, int i) {
  return qs[i / 128 * 32 + i % 32] >> 2 * (i / 32 % 4) & 3;
}
__device__ uint32_t code(const BlockQ2K& b, int i) { return two_bits(b.qs, i); }
__device__ uint32_t code(const BlockQ3K& b, int i) {
  return two_bits(b.qs, i) | (b.hmask[i % 32] >> i / 32 & 1) << 2;
}
__device__ uint32_t code(const BlockQ4K& b, int i) {
  return b.qs[i / 64 * 32 + i % 32] >> 4 * (i / 32 % 2) & 15;
}
__device__ uint32_t code(const BlockQ5K& b, int i) {
  return (b.qs[i / 64 * 32 + i % 32] >> 4 * (i / 32 % 2) & 15) | (b.qh[i % 32] >> i / 32 & 1) << 4;
}
__device__ uint32_t code(const BlockQ6K& b, int i) {
  const int half = i / 128, quarter = i / 32 % 4, at = i % 32;
  const uint32_t low = b.ql[64 * half + 32 * (quarter % 2) + at] >> 4 * (quarter / 2) & 15;
  return low | (b.qh[32 * half + at] >> 2 * quarter & 3) << 4;
}

/// A number of 16 bits or FP8 is its own block.
struct Word16 {
  uint16_t bits;
};
struct Word8 {
  uint8_t bits;
};
__device__ uint32_t code(const Word16& b, int) { return b.bits; }
__device__ uint32_t code(const Word8& b, int) { return b.bits; }

template <DType kType>
struct BlockOf;
#define FATHOM_BLOCK(dtype, block) \
  template <>                      \
  struct BlockOf<DType::dtype> {   \
    using Type = block;            \
  }
FATHOM_BLOCK(f16, Word16);
FATHOM_BLOCK(bf16, Word16);
FATHOM_BLOCK(f8_e4m3, Word8);
FATHOM_BLOCK(q8_0, BlockQ8_0);
FATHOM_BLOCK(q4_0, BlockQ4_0);
FATHOM_BLOCK(q4_1, BlockQ4_1);
FATHOM_BLOCK(q5_0, BlockQ5_0);
FATHOM_BLOCK(q5_1, BlockQ5_1);
FATHOM_BLOCK(q2_k, BlockQ2K);
FATHOM_BLOCK(q3_k, BlockQ3K);
FATHOM_BLOCK(q4_k, BlockQ4K);
FATHOM_BLOCK(q5_k, BlockQ5K);
FATHOM_BLOCK(q6_k, BlockQ6K);
FATHOM_BLOCK(iq4_nl, BlockIq4Nl);
FATHOM_BLOCK(iq4_xs, BlockIq4Xs);
FATHOM_BLOCK(mxfp4, BlockMxfp4);
#undef FATHOM_BLOCK

/// Rows [first, first + n) of all matrices, and their bytes.
struct RepackTask {
  WeightView to;
  const std::byte* bytes;
  int64_t first, n;
  int64_t row_bytes;
  int block_elements;
};

/// The 8 numbers of thread t of a unit, `bits` of each from bit `shift` on.
struct Codes {
  uint32_t of[8];
};

template <int kBits>
__device__ void write_numbers(uint8_t* group, const Codes& codes, int shift, int unit, int t) {
  if constexpr (kBits == 16) {
    auto* out = reinterpret_cast<uint16_t*>(group + 64 * unit + 16 * t);
    for (int i = 0; i < 8; ++i) out[i] = static_cast<uint16_t>(codes.of[i]);
  } else if constexpr (kBits == 8) {
    uint8_t* out = group + 64 * (unit / 2) + 16 * t + 8 * (unit % 2);
    for (int i = 0; i < 8; ++i) out[i] = static_cast<uint8_t>(codes.of[i]);
  } else if constexpr (kBits > 0) {
    constexpr uint32_t kMask = (1u << kBits) - 1;
    uint32_t word = 0;
    for (int i = 0; i < 8; ++i)
      word |= (codes.of[i] >> shift & kMask) << kBits * (i / 2 + i % 2 * 4);
    uint8_t* out = group + 4 * kBits * t + kBits * unit;
    for (int i = 0; i < kBits; ++i) out[i] = static_cast<uint8_t>(word >> 8 * i);
  }
}

template <DType kType>
__global__ void repack_numbers_kernel(RepackTask task) {
  wait_for_earlier_kernels();
  using Block = typename BlockOf<kType>::Type;
  constexpr FormatInfo kFormat = format_of(kType);
  const int64_t index = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int t = index % 4, unit = index / 4 % kUnitsPerGroup;
  const int64_t group_index = index / (4 * kUnitsPerGroup);
  const int64_t row = group_index / task.to.n_groups;
  const int group = static_cast<int>(group_index % task.to.n_groups);
  if (row >= task.n) return;
  const std::byte* bytes = task.bytes + row * task.row_bytes;
  Codes codes = {};
  for (int i = 0; i < 8; ++i) {
    const int column = group * kGroup + unit * kUnit + i / 4 * 16 + 4 * t + i % 4;
    if (column >= task.to.cols) continue;
    const auto* blocks = reinterpret_cast<const Block*>(bytes);
    codes.of[i] = code(blocks[column / task.block_elements], column % task.block_elements);
  }
  const int64_t at = (task.first + row) * task.to.n_groups + group;
  write_numbers<kFormat.low_bits>(task.to.low + at * (16 * kFormat.low_bits), codes, 0, unit, t);
  if constexpr (kFormat.high_bits > 0)
    write_numbers<kFormat.high_bits>(task.to.high + at * (16 * kFormat.high_bits), codes,
                                     kFormat.low_bits, unit, t);
}

__device__ void put16(uint8_t* at, int index, uint16_t bits) {
  reinterpret_cast<uint16_t*>(at)[index] = bits;
}

/// Of group `group` of the row whose blocks are `bytes`; `at` counts groups through all rows.
template <DType kType>
__device__ void write_scales(const RepackTask& task, const std::byte* bytes, int64_t at,
                             int group) {
  using Block = typename BlockOf<kType>::Type;
  constexpr ScaleKind kKind = format_of(kType).scales;
  constexpr ScaleBytes kBytes = scale_bytes(kKind);
  const auto* blocks = reinterpret_cast<const Block*>(bytes);
  uint8_t* scales = task.to.scales + at * kBytes.scales;
  uint8_t* deltas = task.to.deltas + at * kBytes.deltas;
  if constexpr (kKind == ScaleKind::units || kKind == ScaleKind::units_min ||
                kKind == ScaleKind::exponents) {
    for (int unit = 0; unit < kUnitsPerGroup; ++unit) {
      const int index = group * kUnitsPerGroup + unit;
      const bool is_there = index * kUnit < task.to.cols;
      if constexpr (kKind == ScaleKind::exponents) {
        scales[unit] = is_there ? blocks[index].e : 0;
      } else if constexpr (kKind == ScaleKind::units) {
        put16(deltas, unit, is_there ? blocks[index].d : 0);
      } else {
        put16(deltas, 2 * unit, is_there ? blocks[index].d : 0);
        put16(deltas, 2 * unit + 1, is_there ? blocks[index].m : 0);
      }
    }
  } else if constexpr (kKind == ScaleKind::k_super) {
    // The 16 bytes before the numbers, half of them with each group of the block.
    const auto* header = reinterpret_cast<const uint8_t*>(&blocks[group / 2]);
    for (int i = 0; i < 8; ++i) scales[i] = header[8 * (group % 2) + i];
  } else {
    const Block& block = blocks[group / 2];
    for (int i = 0; i < kBytes.scales; ++i) {
      const int index = kBytes.scales * (group % 2) + i;
      if constexpr (kType == DType::q3_k)
        scales[i] = static_cast<uint8_t>(q3_k_scale(block.scales, index));
      else if constexpr (kType == DType::iq4_xs)
        scales[i] = static_cast<uint8_t>(iq4_xs_scale(block, index));
      else
        scales[i] = static_cast<uint8_t>(block.scales[index]);
    }
    if (group % 2 == 1) return;
    put16(deltas, 0, block.d);
    if constexpr (kKind == ScaleKind::k_halves_min) put16(deltas, 1, block.dmin);
  }
}

template <DType kType>
__global__ void repack_scales_kernel(RepackTask task) {
  wait_for_earlier_kernels();
  const int64_t index = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int64_t row = index / task.to.n_groups;
  if (row >= task.n) return;
  const int group = static_cast<int>(index % task.to.n_groups);
  write_scales<kType>(task, task.bytes + row * task.row_bytes,
                      (task.first + row) * task.to.n_groups + group, group);
}

template <DType kType>
void launch(Queue& queue, const RepackTask& task) {
  const int64_t n_groups = task.n * task.to.n_groups;
  const auto blocks_for = [](int64_t n_threads) {
    return dim3(static_cast<unsigned>((n_threads + kThreads - 1) / kThreads));
  };
  queue.launch({blocks_for(n_groups * 4 * kUnitsPerGroup), dim3(kThreads)},
               repack_numbers_kernel<kType>, task);
  constexpr ScaleKind kKind = format_of(kType).scales;
  if constexpr (kKind != ScaleKind::none && kKind != ScaleKind::blocks)
    queue.launch({blocks_for(n_groups), dim3(kThreads)}, repack_scales_kernel<kType>, task);
}

}  // namespace

void launch_repack(Queue& queue, DType dtype, const WeightView& to, const std::byte* bytes,
                   int64_t first, int64_t n) {
  const RepackTask task = {.to = to,
                           .bytes = bytes,
                           .first = first,
                           .n = n,
                           .row_bytes = engine::row_bytes(dtype, to.cols).value(),
                           .block_elements = engine::info(dtype).block_elements};
  with_format(dtype, [&](auto format) { launch<format()>(queue, task); });
}

}  // namespace fathom::cuda
