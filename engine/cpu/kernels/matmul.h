// Matrix products over panels (panel.h, MatmulTask).
//
// A tile is a few rows of x times the 16 rows of a panel; the weights are unpacked once for the
// tile. With one row the weights stream from memory and bound the speed; with many rows the integer
// products do, and the panel stays in the L1 or L2 cache.
//
// Sums: integers are exact within 32 columns; blocks add up in f32 in the order of the columns.
// Float types: four f32 sums, of the columns with k % 4 = 0, 1, 2, 3, added as (0 + 1) + (2 + 3).

#pragma once

#include "engine/cpu/kernels/kernels.h"
#include "engine/cpu/kernels/quant_formats.h"
#include "engine/cpu/kernels/simd.h"
#include "engine/cpu/panel.h"
#include "engine/cpu/quant_block.h"

namespace fathom::engine::cpu::FATHOM_ISA {

inline void store_outputs(float* y, F32 sum, int n) {
  if (n >= kLanes) {
    store(y, sum);
  } else if (n > 0) {
    store_first(y, sum, n);
  }
}

inline int row_of(const int32_t* rows, int i) { return rows != nullptr ? rows[i] : i; }

/// Row i of the task's x, as T.
template <class T>
inline const T* x_row(const MatmulTask& task, int i) {
  const auto* x = static_cast<const uint8_t*>(task.x);
  return reinterpret_cast<const T*>(x + row_of(task.x_rows, i) * task.x_stride);
}

/// Where the columns of a panel from a block on lie.
struct PanelPart {
  const uint8_t* numbers;
  const uint8_t* scale_sets;
};

template <class Format>
inline PanelPart panel_part(const MatmulTask& task, int panel, int first_block) {
  constexpr PanelFormat kLayout = Format::kLayout;
  const uint8_t* numbers = task.panels + panel * task.panel_bytes;
  const uint8_t* sets = numbers + int64_t{task.cols / kQuantBlock} * kLayout.block_bytes();
  const int set = first_block / (kLayout.scale_columns / kQuantBlock);
  return {numbers + int64_t{first_block} * kLayout.block_bytes(),
          sets + int64_t{set} * kLayout.scale_bytes};
}

/// The first rows have the weights come from memory, and a core waits for as many lines at a time
/// as it can ask for: what it asks for far ahead, into the L2 cache, costs it no place in the L1
/// cache while it is on its way. bench/results/README.md has what other distances give.
constexpr int kPrefetchBytes = 64 * 1024;
/// Of large blocks every second line is enough where the processor fetches pairs: AMD's does,
/// those with AMX do not.
#ifdef __AMX_INT8__
constexpr bool kFetchesPairs = false;
#else
constexpr bool kFetchesPairs = true;
#endif

/// Asks for the kBytes at `p`.
template <int kBytes>
inline void prefetch(const uint8_t* p) {
  constexpr int kLine = 64;
  constexpr int kStep = kFetchesPairs && kBytes >= 8 * kLine ? 2 * kLine : kLine;
  for (int i = 0; i < kBytes; i += kStep) __builtin_prefetch(p + i, 0, 2);
}

/// Asks for what is read kPrefetchBytes after `p`. At the end of what is known that is `p` itself,
/// which costs nothing: it is here.
template <int kBytes>
inline void prefetch_after(const uint8_t* p, const MatmulTask& task) {
  const uint8_t* end = task.panels + task.last_panel * task.panel_bytes;
  if (p + kPrefetchBytes < end) {
    p += kPrefetchBytes;
  } else if (task.next != nullptr) {
    p = task.next + (p + kPrefetchBytes - end);
  }
  prefetch<kBytes>(p);
}

template <class Format, int kRows>
inline void quant_tile(const MatmulTask& task, int panel, int first) {
  using Scales = typename Format::Scales;
  const PanelPart whole = panel_part<Format>(task, panel, 0);
  const int n_blocks = task.cols / kQuantBlock;
  constexpr int kSetBlocks = Format::kLayout.scale_columns / kQuantBlock;

  const QuantBlock* x[kRows];
  for (int r = 0; r < kRows; ++r) x[r] = x_row<QuantBlock>(task, first + r);

  for (int part = 0; part < kPanelRows / kLanes; ++part) {
    F32 sums[kRows];
    for (int r = 0; r < kRows; ++r) sums[r] = zero();
    const uint8_t* block = whole.numbers;
    const uint8_t* set = whole.scale_sets;
    for (int k = 0; k < n_blocks; k += kSetBlocks, set += Format::kLayout.scale_bytes) {
      if (first == 0) prefetch_after<Format::kLayout.scale_bytes>(set, task);
      const Scales scales(set, part);
#pragma GCC unroll 1
      for (int i = 0; i < kSetBlocks; ++i, block += Format::kLayout.block_bytes()) {
        if (first == 0) prefetch_after<Format::kLayout.block_bytes()>(block, task);
        I32 w[8];
        Format::unpack(w, block, part);
        const auto block_scales = scales.block(i);
        for (int r = 0; r < kRows; ++r) {
          const QuantBlock& x_block = x[r][k + i];
          const HalfSums s = half_sums<Scales::kBits, Scales::kZero>(w, x_block);
          sums[r] = block_scales.add(sums[r], s, x_block.scale);
        }
      }
    }
    const int output = kPanelRows * panel + kLanes * part;
    for (int r = 0; r < kRows; ++r) {
      float* y = task.y + row_of(task.y_rows, first + r) * task.y_stride + output;
      store_outputs(y, sums[r], task.outputs - output);
    }
  }
}

template <class Format>
void quant_matmul(const MatmulTask& task) {
  for (int panel = task.first_panel; panel < task.last_panel; ++panel) {
    int row = 0;
    for (; row + kQuantTile <= task.n_rows; row += kQuantTile) {
      quant_tile<Format, kQuantTile>(task, panel, row);
    }
    if constexpr (kQuantTile > 4) {
      if (row + 4 <= task.n_rows) {
        quant_tile<Format, 4>(task, panel, row);
        row += 4;
      }
    }
    if (row + 2 <= task.n_rows) {
      quant_tile<Format, 2>(task, panel, row);
      row += 2;
    }
    if (row < task.n_rows) quant_tile<Format, 1>(task, panel, row);
  }
}

struct WeightF32 {
  static constexpr int kBytes = 4;
  F32 load_lanes(const uint8_t* p) const { return load(reinterpret_cast<const float*>(p)); }
};
struct WeightF16 {
  static constexpr int kBytes = 2;
  F32 load_lanes(const uint8_t* p) const { return load_f16(p); }
};
struct WeightBf16 {
  static constexpr int kBytes = 2;
  F32 load_lanes(const uint8_t* p) const { return load_bf16(p); }
};
/// FP8 is read as f16 with other bits for the exponent, which makes it 2^-8 of itself; the scales
/// in the panel make up for that. Exact: the product with the scale is rounded once, as it is where
/// a row is decoded.
struct WeightF8 {
  static constexpr int kBytes = 1;
  F32 scale;
  F32 load_lanes(const uint8_t* p) const { return mul(load_f8(p), scale); }
};

/// The weights of the columns from `begin` on that have a scale in common, or of all.
template <class Format>
inline Format column_block(const MatmulTask& task, const uint8_t* numbers, int begin, int part) {
  if constexpr (Format::kBytes == 1) {
    const uint8_t* scales = numbers + int64_t{task.cols} * kPanelRows +
                            begin / task.scale_columns * kPanelRows * int64_t{sizeof(float)};
    return {load(reinterpret_cast<const float*>(scales) + part * kLanes)};
  } else {
    return {};
  }
}

template <class Format, int kRows>
inline void float_tile(const MatmulTask& task, int panel, int first) {
  const uint8_t* numbers = task.panels + panel * task.panel_bytes;
  const float* x[kRows];
  for (int r = 0; r < kRows; ++r) x[r] = x_row<float>(task, first + r);
  const int64_t block_columns = Format::kBytes == 1 ? task.scale_columns : task.cols;

  for (int part = 0; part < kPanelRows / kLanes; ++part) {
    const uint8_t* w = numbers + part * kLanes * Format::kBytes;
    constexpr int kStep = kPanelRows * Format::kBytes;
    F32 sums[kRows][4];
    for (int r = 0; r < kRows; ++r) {
      for (int j = 0; j < 4; ++j) sums[r][j] = zero();
    }
    int k = 0;
    while (k < task.cols) {
      const Format format = column_block<Format>(task, numbers, k, part);
      const int end =
          task.cols - k < block_columns ? task.cols : static_cast<int>(k + block_columns);
      for (; k + 4 <= end; k += 4) {
        if (first == 0) prefetch_after<4 * kStep>(w, task);
        for (int j = 0; j < 4; ++j, w += kStep) {
          const F32 lanes = format.load_lanes(w);
          for (int r = 0; r < kRows; ++r) {
            sums[r][j] = fma(lanes, broadcast(x[r][k + j]), sums[r][j]);
          }
        }
      }
      for (int j = 0; k < end; ++k, ++j, w += kStep) {  // only in the last block
        const F32 lanes = format.load_lanes(w);
        for (int r = 0; r < kRows; ++r) sums[r][j] = fma(lanes, broadcast(x[r][k]), sums[r][j]);
      }
    }
    const int output = kPanelRows * panel + kLanes * part;
    for (int r = 0; r < kRows; ++r) {
      float* y = task.y + row_of(task.y_rows, first + r) * task.y_stride + output;
      const F32 sum = add(add(sums[r][0], sums[r][1]), add(sums[r][2], sums[r][3]));
      store_outputs(y, sum, task.outputs - output);
    }
  }
}

template <class Format>
void float_matmul(const MatmulTask& task) {
  for (int panel = task.first_panel; panel < task.last_panel; ++panel) {
    int row = 0;
    for (; row + kFloatTile <= task.n_rows; row += kFloatTile) {
      float_tile<Format, kFloatTile>(task, panel, row);
    }
    for (; row < task.n_rows; ++row) float_tile<Format, 1>(task, panel, row);
  }
}

}  // namespace fathom::engine::cpu::FATHOM_ISA
