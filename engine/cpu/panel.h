// The layout that matrix kernels read: panels of 16 rows, interleaved so that one vector holds the
// same columns of 16 rows. A product then needs no horizontal sum, and every output is summed over
// k in one order, whatever the number of rows, threads, or lanes of a vector.
//
// Float types: [k][16 rows]. f8_e4m3 has f32 scales [16 rows] of each block of columns behind them,
// times 2^8 (WeightF8 in kernels/matmul.h says why).
//
// Quantised types: first the numbers, then the scales of the whole panel. All numbers are unsigned,
// as in the file (blocks.h), and q8_0's are q + 128. One block of 32 columns is 8 groups of 4:
// group g, row r, column 4 g + j is byte (g, r, j). Numbers lie in one or two planes of 8, 4, 2 or
// 1 bits, low bits first; a plane of n bits has 64 n bytes [n groups of bytes][16 rows][4], and
// each of its bytes has the bits of 8 / n neighbouring groups, low bits first.
//
// Scales:
//   q8_0, q4_0, q5_0, iq4_nl   for each block f16 d[16]
//   q4_1, q5_1                 for each block f16 d[16], f16 m[16]
//   mxfp4                      for each block u8 e[16]
//   q4_k, q5_k                 for each 256 columns f16 d[16], f16 dmin[16], u8 scale[8][16],
//                              u8 min[8][16]
//   q2_k                       for each 256 columns f16 d[16], f16 dmin[16], u8 [16][16]: scale in
//                              the low nibble, min in the high one
//   q3_k, q6_k                 for each 256 columns f16 d[16], i8 scale[16][16]
//   iq4_xs                     for each 256 columns f16 d[16], i8 scale[8][16]
//
// Rows after the last one are zero. As large as in the file, except that scales of 6 bits take a
// byte: 4 % more for q3_k, 3 % for q4_k and q5_k, 2 % for iq4_xs; and 3 % for the scales of f8_e4m3
// in blocks of 128 columns.

#pragma once

#include <cstdint>

#include "engine/dtype.h"

namespace fathom::engine::cpu {

inline constexpr int kPanelRows = 16;

/// Sizes of a quantised type.
struct PanelFormat {
  int low_bits;       // of the first plane
  int high_bits;      // of the second one, 0 if there is none
  int scale_columns;  // columns that one set of scales covers
  int scale_bytes;    // one set of scales of 16 rows

  /// Bytes of the numbers of 32 columns of 16 rows.
  constexpr int block_bytes() const { return 64 * (low_bits + high_bits); }
};

constexpr PanelFormat kPanelQ8_0 = {8, 0, 32, 32};
constexpr PanelFormat kPanelQ4_0 = {4, 0, 32, 32};
constexpr PanelFormat kPanelQ4_1 = {4, 0, 32, 64};
constexpr PanelFormat kPanelQ5_0 = {4, 1, 32, 32};
constexpr PanelFormat kPanelQ5_1 = {4, 1, 32, 64};
constexpr PanelFormat kPanelQ2K = {2, 0, 256, 320};
constexpr PanelFormat kPanelQ3K = {2, 1, 256, 288};
constexpr PanelFormat kPanelQ4K = {4, 0, 256, 320};
constexpr PanelFormat kPanelQ5K = {4, 1, 256, 320};
constexpr PanelFormat kPanelQ6K = {4, 2, 256, 288};
constexpr PanelFormat kPanelIq4Nl = {4, 0, 32, 32};
constexpr PanelFormat kPanelIq4Xs = {4, 0, 256, 160};
constexpr PanelFormat kPanelMxfp4 = {4, 0, 32, 16};

/// What the scales of f8_e4m3 are multiplied with in a panel.
inline constexpr float kF8ScaleFactor = 256.0f;

}  // namespace fathom::engine::cpu
