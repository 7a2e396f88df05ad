// Matrix products of many rows in tiles: a group of 4 columns of a panel is a row of a tile as it
// lies in memory (panel.h), so that weights need only be unpacked.
//
// A block of 32 columns times 16 rows of x is one product of tiles: 16 x 16 integers, which are
// scaled and added up in vectors. That takes longer than the product, which therefore runs some
// blocks ahead: what a tile has stored takes its time until it can be loaded.
//
// The sums are those of matmul.h, bit for bit.

#pragma once

#include "engine/cpu/kernels/amx_tiles.h"
#include "engine/cpu/kernels/kernels.h"
#include "engine/cpu/kernels/matmul.h"
#include "engine/cpu/kernels/quant_formats.h"
#include "engine/cpu/panel.h"
#include "engine/cpu/quant_block.h"

namespace fathom::engine::cpu::FATHOM_ISA {

constexpr int kTileRows = 16;
constexpr int kMinTileRows = 12;  // fewer are faster in vectors

// Columns and panels that are at work at a time: their unpacked numbers stay in the L2 cache, those
// of a panel and of 16 rows in the L1 cache.
constexpr int kChunkBlocks = 32;
constexpr int kGroupPanels = 16;

/// Products that are kept until they are added: those of the blocks ahead.
constexpr int kAhead = 4;

/// 16 rows of x, block by block.
struct TileRows {
  int8_t q[kChunkBlocks][kTileRows][kQuantBlock];
  QuantScale scale[kChunkBlocks][kTileRows];
};

template <class Format>
struct TileWork {
  static constexpr int kParts = Format::Scales::kHalves ? 2 : 1;  // of a block, scaled apart

  alignas(64) int8_t weights[kGroupPanels][kChunkBlocks][kPanelRows * kQuantBlock];
  alignas(64) TileRows x;
  alignas(64) int32_t products[kAhead][kParts][kTileRows][kPanelRows];
};

/// What is multiplied in one go: rows [first_row, first_row + n_rows), at most 16 of them, times
/// some panels, over some columns.
struct TileRange {
  int first_row, n_rows;
  int first_panel, n_panels;
  int first_block, n_blocks;
};

/// The signed numbers of a block, [8 groups][16 rows][4].
template <class Format>
inline void unpack_signed(int8_t* out, const uint8_t* block) {
  I32 w[8];
  Format::unpack(w, block, 0);
  const I32 zero_number = _mm512_set1_epi8(static_cast<char>(Format::Scales::kZero));
  for (int g = 0; g < 8; ++g) _mm512_store_si512(out + 64 * g, _mm512_sub_epi8(w[g], zero_number));
}

/// Rows behind the last one are zero.
inline void gather_rows(TileRows& out, const MatmulTask& task, const TileRange& range) {
  for (int r = 0; r < range.n_rows; ++r) {
    const QuantBlock* x = x_row<QuantBlock>(task, range.first_row + r) + range.first_block;
    for (int b = 0; b < range.n_blocks; ++b) {
      __builtin_memcpy(out.q[b][r], x[b].q, kQuantBlock);
      __builtin_memcpy(&out.scale[b][r], &x[b].scale, sizeof(QuantScale));
    }
  }
  for (int r = range.n_rows; r < kTileRows; ++r) {
    for (int b = 0; b < range.n_blocks; ++b) {
      __builtin_memset(out.q[b][r], 0, kQuantBlock);
      __builtin_memset(&out.scale[b][r], 0, sizeof(QuantScale));
    }
  }
}

// Tiles of a product: its sums, rows of x, weights. A pair of each, for the two parts of a block.
constexpr int kSumTile = 0;
constexpr int kXTile = 2;
constexpr int kWeightTile = 4;

template <class Format>
inline void configure() {
  constexpr int kBytes = kQuantBlock / TileWork<Format>::kParts;
  TileShapes shapes;
  for (int i = 0; i < 2; ++i) {
    shapes.set(kSumTile + i, kTileRows, 64);
    shapes.set(kXTile + i, kTileRows, kBytes);
    shapes.set(kWeightTile + i, kBytes / 4, 64);
  }
  configure_tiles(shapes);
}

template <int kPart>
inline void multiply_part(int32_t* product, const int8_t* x, const int8_t* weights) {
  zero_tile<kSumTile + kPart>();
  load_tile<kXTile + kPart>(x + kPart * kQuantBlock / 2, kQuantBlock);
  load_tile<kWeightTile + kPart>(weights + kPart * kPanelRows * kQuantBlock / 2, 64);
  multiply_tiles<kSumTile + kPart, kXTile + kPart, kWeightTile + kPart>();
  store_tile<kSumTile + kPart>(product, kPanelRows * int64_t{sizeof(int32_t)});
}

/// Product number `index` of a range: of all blocks of a panel, then of the next one.
template <class Format>
inline void multiply_block(TileWork<Format>& work, int index, int panel, int block) {
  auto& product = work.products[index % kAhead];
  multiply_part<0>(product[0][0], work.x.q[block][0], work.weights[panel][block]);
  if constexpr (Format::Scales::kHalves) {
    multiply_part<1>(product[1][0], work.x.q[block][0], work.weights[panel][block]);
  }
}

/// sums[r] += a scaled product.
template <class Format>
inline void add_block(F32* sums, const TileWork<Format>& work, int index, int block,
                      const uint8_t* scale_sets) {
  constexpr PanelFormat kLayout = Format::kLayout;
  constexpr int kSetBlocks = kLayout.scale_columns / kQuantBlock;
  const typename Format::Scales scales(scale_sets + block / kSetBlocks * kLayout.scale_bytes, 0);
  const auto block_scales = scales.block(block % kSetBlocks);
  const auto& product = work.products[index % kAhead];
#pragma GCC unroll 16
  for (int r = 0; r < kTileRows; ++r) {
    HalfSums s = {load_bytes(product[0][r]), broadcast_i32(0)};
    if constexpr (Format::Scales::kHalves) s.high = load_bytes(product[1][r]);
    sums[r] = block_scales.add(sums[r], s, work.x.scale[block][r]);
  }
}

/// Sums of earlier columns lie in y.
template <class Format>
inline void tile_rows(const MatmulTask& task, TileWork<Format>& work, const TileRange& range) {
  gather_rows(work.x, task, range);
  const int n_products = range.n_panels * range.n_blocks;
  int index = 0, next_panel = 0, next_block = 0;  // of the product that is next
  const auto multiply_next = [&] {
    if (index < n_products) multiply_block<Format>(work, index, next_panel, next_block);
    ++index;
    if (++next_block == range.n_blocks) {
      next_block = 0;
      ++next_panel;
    }
  };
  for (int i = 0; i < kAhead - 1; ++i) multiply_next();
  for (int panel = 0; panel < range.n_panels; ++panel) {
    const uint8_t* sets =
        panel_part<Format>(task, range.first_panel + panel, range.first_block).scale_sets;
    const int output = kPanelRows * (range.first_panel + panel);
    const int n_outputs = task.outputs - output < kLanes ? task.outputs - output : kLanes;
    float* y[kTileRows];
    F32 sums[kTileRows];
#pragma GCC unroll 16
    for (int r = 0; r < kTileRows; ++r) {
      const int row = range.first_row + (r < range.n_rows ? r : 0);
      y[r] = task.y + row_of(task.y_rows, row) * task.y_stride + output;
      sums[r] = zero();
      if (range.first_block > 0 && n_outputs > 0) sums[r] = load_first(y[r], n_outputs);
    }
#pragma GCC unroll 1
    for (int block = 0; block < range.n_blocks; ++block) {
      multiply_next();
      add_block<Format>(sums, work, index - kAhead, block, sets);
    }
#pragma GCC unroll 16
    for (int r = 0; r < kTileRows; ++r) {
      if (r < range.n_rows) store_outputs(y[r], sums[r], n_outputs);
    }
  }
}

template <class Format>
inline void unpack_weights(TileWork<Format>& work, const MatmulTask& task, const TileRange& range) {
  constexpr int kBytes = Format::kLayout.block_bytes();
  for (int panel = 0; panel < range.n_panels; ++panel) {
    const uint8_t* numbers =
        panel_part<Format>(task, range.first_panel + panel, range.first_block).numbers;
    for (int block = 0; block < range.n_blocks; ++block, numbers += kBytes) {
      prefetch_after<kBytes>(numbers, task);
      unpack_signed<Format>(work.weights[panel][block], numbers);
    }
  }
}

template <class Format>
void tiles_matmul(const MatmulTask& task) {
  TileWork<Format> work;
  configure<Format>();
  const int n_blocks = task.cols / kQuantBlock;
  const auto at_most = [](int n, int most) { return n < most ? n : most; };
  TileRange range;
  for (range.first_panel = task.first_panel; range.first_panel < task.last_panel;
       range.first_panel += kGroupPanels) {
    range.n_panels = at_most(task.last_panel - range.first_panel, kGroupPanels);
    for (range.first_block = 0; range.first_block < n_blocks; range.first_block += kChunkBlocks) {
      range.n_blocks = at_most(n_blocks - range.first_block, kChunkBlocks);
      unpack_weights<Format>(work, task, range);
      for (range.first_row = 0; range.first_row < task.n_rows; range.first_row += kTileRows) {
        range.n_rows = at_most(task.n_rows - range.first_row, kTileRows);
        tile_rows<Format>(task, work, range);
      }
    }
  }
  release_tiles();
}

template <class Format>
void quant_matmul_in_tiles(const MatmulTask& task) {
  const int rest = task.n_rows % kTileRows;
  const int n_tiled = rest < kMinTileRows ? task.n_rows - rest : task.n_rows;
  if (n_tiled > 0) {
    MatmulTask many = task;
    many.n_rows = n_tiled;
    tiles_matmul<Format>(many);
  }
  if (n_tiled < task.n_rows) quant_matmul<Format>(rows_from(task, n_tiled, rest));
}

/// See peak.h: tiles as large as they are.
inline int64_t multiply_full_tiles(int64_t n_rounds, int32_t* sink) {
  TileShapes shapes;
  for (int tile = 0; tile < 8; ++tile) shapes.set(tile, kTileRows, 64);
  alignas(64) int8_t numbers[kTileRows][64];
  __builtin_memset(numbers, *sink, sizeof numbers);
  configure_tiles(shapes);
  load_tile<6>(numbers, 64);
  load_tile<7>(numbers, 64);
  for (int64_t round = 0; round < n_rounds; ++round) {
    multiply_tiles<0, 6, 7>();
    multiply_tiles<1, 6, 7>();
    multiply_tiles<2, 6, 7>();
    multiply_tiles<3, 6, 7>();
  }
  store_tile<0>(numbers, 64);
  release_tiles();
  __builtin_memcpy(sink, numbers, sizeof *sink);
  return n_rounds * 4 * kTileRows * kPanelRows * 64;
}

}  // namespace fathom::engine::cpu::FATHOM_ISA
