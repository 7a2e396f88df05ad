// The layout that matrix kernels read: panels of 16 rows, interleaved so that one vector holds the
// same columns of 16 rows. A product then needs no horizontal sum, and every output is summed over
// k in one order, whatever the number of rows, threads, or lanes of a vector.
//
// Float types: [k][16 rows].
//
// Quantised types: first the numbers, then the scales of the whole panel. All numbers are unsigned,
// w = scale * u - minimum, or w = scale * (u - 128, 8, 32) for q8_0, q4_0, q6_k.
//   One block of 32 columns is 8 groups of 4: group g, row r, column 4 g + j is "byte" (g, r, j).
//   q8_0          512 bytes [g][16 rows][4]
//   4-bit types   256 bytes [g % 4][16 rows][4]; groups 0 to 3 low nibbles, 4 to 7 high
//   q5_k          the 4-bit part, then 64 bytes [16 rows][4] whose bit g is bit 4 of group g
//   q6_k          the 4-bit part, then 2 x 64 bytes [g / 4][16 rows][4] whose bits 2 (g % 4) and
//                 2 (g % 4) + 1 are bits 4 and 5 of group g
// Scales:
//   q8_0, q4_0    for each block f16 d[16]
//   q4_k, q5_k    for each 256 columns f16 d[16], f16 dmin[16], u8 scale[8][16], u8 min[8][16]
//   q6_k          for each 256 columns f16 d[16], i8 scale[16][16]
//
// Rows after the last one are zero. As large as in the file, except that the 6-bit scales of q4_k
// and q5_k take a byte: 3 % more.

#pragma once

#include <cstdint>

#include "engine/dtype.h"

namespace fathom::engine::cpu {

inline constexpr int kPanelRows = 16;

/// Sizes of a quantised type, in bytes for the 16 rows of a panel.
struct PanelFormat {
  int block_bytes;    // numbers of 32 columns
  int scale_columns;  // columns that one set of scales covers
  int scale_bytes;    // one set of scales
};

constexpr PanelFormat kPanelQ8_0 = {512, 32, 32};
constexpr PanelFormat kPanelQ4_0 = {256, 32, 32};
constexpr PanelFormat kPanelQ4K = {256, 256, 320};
constexpr PanelFormat kPanelQ5K = {320, 256, 320};
constexpr PanelFormat kPanelQ6K = {384, 256, 288};

}  // namespace fathom::engine::cpu
