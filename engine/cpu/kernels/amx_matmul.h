// Matrix products of many rows in tiles: a group of 4 columns of a panel is a row of a tile as it
// lies in memory (panel.h), so that weights need only be unpacked.
//
// A block of 32 columns times 16 rows of x is one product of tiles: 16 x 16 integers, which are
// scaled and added up in vectors. That takes longer than the product, and what a tile has stored
// takes its time until it can be loaded. So the blocks go through a pipeline (TileStream): weights
// are asked for, unpacked, multiplied, and added some blocks later. Memory is at work all the time.
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

// How far ahead of the block that is added those are that are multiplied, unpacked, asked for.
constexpr int kMultiplyAhead = 3;
constexpr int kUnpackAhead = kMultiplyAhead + 3;
constexpr int kAskAhead = 16;
/// Blocks whose products are kept until they are added.
constexpr int kProducts = kMultiplyAhead + 1;
/// Unpacked blocks that are kept until they are multiplied, if nobody needs them after that.
constexpr int kKeptBlocks = 8;
static_assert(kKeptBlocks > kUnpackAhead - kMultiplyAhead && kKeptBlocks <= kChunkBlocks);

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
  alignas(64) int32_t products[kProducts][kParts][kTileRows][kPanelRows];
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

/// Product number `index` of a range.
template <class Format>
inline void multiply_block(TileWork<Format>& work, int index, int block, const int8_t* weights) {
  auto& product = work.products[index % kProducts];
  multiply_part<0>(product[0][0], work.x.q[block][0], weights);
  if constexpr (Format::Scales::kHalves) {
    multiply_part<1>(product[1][0], work.x.q[block][0], weights);
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
  const auto& product = work.products[index % kProducts];
#pragma GCC unroll 16
  for (int r = 0; r < kTileRows; ++r) {
    HalfSums s = {load_bytes(product[0][r]), broadcast_i32(0)};
    if constexpr (Format::Scales::kHalves) s.high = load_bytes(product[1][r]);
    sums[r] = block_scales.add(sums[r], s, work.x.scale[block][r]);
  }
}

/// Where the numbers lie that are unpacked after those of `range`; null if that is not known.
template <class Format>
inline const uint8_t* numbers_after(const MatmulTask& task, const TileRange& range) {
  const int next_block = range.first_block + range.n_blocks;
  if (next_block < task.cols / kQuantBlock)
    return panel_part<Format>(task, range.first_panel, next_block).numbers;
  const int next_panel = range.first_panel + range.n_panels;
  if (next_panel < task.last_panel) return panel_part<Format>(task, next_panel, 0).numbers;
  return task.next;
}

/// Goes through the blocks of a range: all of a panel, then those of the next one.
struct TileCursor {
  int index = 0, panel = 0, block = 0;
  void advance(const TileRange& range) {
    ++index;
    if (++block == range.n_blocks) {
      block = 0;
      ++panel;
    }
  }
};

/// What is done with the blocks of a range before they are added.
template <class Format>
class TileStream {
 public:
  TileStream(const MatmulTask& task, TileWork<Format>& work, const TileRange& range)
      : task_(task),
        work_(work),
        range_(range),
        n_(range.n_panels * range.n_blocks),
        unpacks_(range.first_row == 0),
        keeps_all_(task.n_rows > kTileRows),
        numbers_(panel_part<Format>(task, range.first_panel, range.first_block).numbers),
        numbers_after_(numbers_after<Format>(task, range)) {
    if (unpacks_) {
      // Those of later ranges have been asked for as what is after the one before.
      const bool is_first = range.first_panel == task.first_panel && range.first_block == 0;
      while (asked_.index < kAskAhead) is_first ? ask_next() : asked_.advance(range);
      for (int i = 0; i < kUnpackAhead; ++i) unpack_next();
    }
    for (int i = 0; i < kMultiplyAhead; ++i) multiply_next();
  }

  void advance() {
    if (unpacks_) {
      ask_next();
      unpack_next();
    }
    multiply_next();
  }

 private:
  static constexpr int kBytes = Format::kLayout.block_bytes();

  int64_t offset(const TileCursor& at) const {
    return at.panel * task_.panel_bytes + at.block * kBytes;
  }
  int8_t* weights(const TileCursor& at) const {
    return keeps_all_ ? work_.weights[at.panel][at.block]
                      : work_.weights[0][at.index % kKeptBlocks];
  }

  void ask_next() {
    if (asked_.index < n_) {
      prefetch<kBytes>(numbers_ + offset(asked_));
    } else if (numbers_after_ != nullptr) {
      prefetch<kBytes>(numbers_after_ + offset(asked_) - range_.n_panels * task_.panel_bytes);
    }
    asked_.advance(range_);
  }
  void unpack_next() {
    if (unpacked_.index < n_)
      unpack_signed<Format>(weights(unpacked_), numbers_ + offset(unpacked_));
    unpacked_.advance(range_);
  }
  void multiply_next() {
    if (multiplied_.index < n_)
      multiply_block<Format>(work_, multiplied_.index, multiplied_.block, weights(multiplied_));
    multiplied_.advance(range_);
  }

  const MatmulTask& task_;
  TileWork<Format>& work_;
  const TileRange range_;
  const int n_;
  const bool unpacks_;    // the first rows do that for all
  const bool keeps_all_;  // for the rows behind these
  const uint8_t* const numbers_;
  const uint8_t* const numbers_after_;
  TileCursor asked_, unpacked_, multiplied_;
};

/// Sums of earlier columns lie in y.
template <class Format>
inline void tile_rows(const MatmulTask& task, TileWork<Format>& work, const TileRange& range) {
  gather_rows(work.x, task, range);
  TileStream<Format> stream(task, work, range);
  int index = 0;
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
      stream.advance();
      add_block<Format>(sums, work, index++, block, sets);
    }
#pragma GCC unroll 16
    for (int r = 0; r < kTileRows; ++r) {
      if (r < range.n_rows) store_outputs(y[r], sums[r], n_outputs);
    }
  }
}

/// `few`: rows of the same product that are too few for a tile. They follow each group of panels,
/// while its weights are in the L2 cache.
template <class Format>
void tiles_matmul(const MatmulTask& task, MatmulTask few) {
  TileWork<Format> work;
  configure<Format>();
  few.next = nullptr;  // the tiles ask for that
  const int n_blocks = task.cols / kQuantBlock;
  const auto at_most = [](int n, int most) { return n < most ? n : most; };
  TileRange range;
  for (range.first_panel = task.first_panel; range.first_panel < task.last_panel;
       range.first_panel += kGroupPanels) {
    range.n_panels = at_most(task.last_panel - range.first_panel, kGroupPanels);
    for (range.first_block = 0; range.first_block < n_blocks; range.first_block += kChunkBlocks) {
      range.n_blocks = at_most(n_blocks - range.first_block, kChunkBlocks);
      for (range.first_row = 0; range.first_row < task.n_rows; range.first_row += kTileRows) {
        range.n_rows = at_most(task.n_rows - range.first_row, kTileRows);
        tile_rows<Format>(task, work, range);
      }
    }
    few.first_panel = range.first_panel;
    few.last_panel = range.first_panel + range.n_panels;
    if (few.n_rows > 0) quant_matmul<Format>(few);
  }
  release_tiles();
}

template <class Format>
void quant_matmul_in_tiles(const MatmulTask& task) {
  const int rest = task.n_rows % kTileRows;
  const int n_few = rest < kMinTileRows ? rest : 0;
  const int n_tiled = task.n_rows - n_few;
  if (n_tiled == 0) return quant_matmul<Format>(task);
  tiles_matmul<Format>(rows_from(task, 0, n_tiled), rows_from(task, n_tiled, n_few));
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
