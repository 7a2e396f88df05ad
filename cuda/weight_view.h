// How weights lie in device memory.
//
// A row is cut into groups of 128 columns, padded with zeros; of a group, each of the four threads
// t that share a row of a tensor core's fragment reads 16 neighbouring bytes at a time. A unit is
// 32 columns: thread t has columns 4 t + {0, 1, 2, 3} of its first half (16 columns), then of its
// second. That is the order of the fragments of mma.m16n8k16 with the columns renamed, which
// changes no sum; activations are packed alike (packed_rows.h).
//
// Numbers of b bits take 16 b bytes of a group in `low`, of which the upper bits of 5 and 6 bits
// (and of 3) lie in `high`; a thread's 8 numbers of a unit are four pairs p = 0 .. 3:
//   16 bits  chunk u of 64 bytes is unit u: 16 bytes a thread
//    8 bits  chunk c is units 2 c, 2 c + 1: 8 bytes each
//    4 bits  4 bytes a unit: the numbers of pair p in bits 4 p and 16 + 4 p
//    2 bits  2 bytes a unit: in bits 2 p and 8 + 2 p
//    1 bit   1 byte a unit: in bits p and 4 + p

#pragma once

#include <cstdint>

#include "engine/dtype.h"

namespace fathom::cuda {

inline constexpr int kGroup = 128;  // columns
inline constexpr int kUnit = 32;
inline constexpr int kUnitsPerGroup = kGroup / kUnit;

/// What scales a format has; `scales` and `deltas` of WeightView.
enum class ScaleKind : uint8_t {
  none,
  blocks,     // block_scales
  units,      // deltas: f16 d for each unit
  units_min,  // deltas: f16 d and m for each unit
  exponents,  // scales: e of 2^(e - 128) for each unit
  k_super,   // scales: d, dmin and 6-bit scales and minima as in BlockQ4K, 16 bytes for 256 columns
  k_halves,  // scales: int8 for each half unit; deltas: f16 d for 256 columns
  k_halves_min,  // scales: a nibble of scale and one of minimum for each half; deltas: d, dmin
  k_units        // scales: int8 for each unit; deltas: f16 d for 256 columns
};

struct FormatInfo {
  int low_bits;
  int high_bits;
  ScaleKind scales;
};

constexpr FormatInfo format_of(engine::DType dtype) {
  using engine::DType;
  switch (dtype) {
    case DType::f32:
      return {32, 0, ScaleKind::none};  // rows as they are, without padding
    case DType::f16:
    case DType::bf16:
      return {16, 0, ScaleKind::none};
    case DType::f8_e4m3:
      return {8, 0, ScaleKind::blocks};
    case DType::q8_0:
      return {8, 0, ScaleKind::units};
    case DType::q4_0:
    case DType::iq4_nl:
      return {4, 0, ScaleKind::units};
    case DType::q4_1:
      return {4, 0, ScaleKind::units_min};
    case DType::q5_0:
      return {4, 1, ScaleKind::units};
    case DType::q5_1:
      return {4, 1, ScaleKind::units_min};
    case DType::q2_k:
      return {2, 0, ScaleKind::k_halves_min};
    case DType::q3_k:
      return {2, 1, ScaleKind::k_halves};
    case DType::q4_k:
      return {4, 0, ScaleKind::k_super};
    case DType::q5_k:
      return {4, 1, ScaleKind::k_super};
    case DType::q6_k:
      return {4, 2, ScaleKind::k_halves};
    case DType::iq4_xs:
      return {4, 0, ScaleKind::k_units};
    case DType::mxfp4:
      return {4, 0, ScaleKind::exponents};
  }
  return {};
}

/// Bytes for a group of a row.
struct ScaleBytes {
  int scales;
  int deltas;
};
constexpr ScaleBytes scale_bytes(ScaleKind kind) {
  switch (kind) {
    case ScaleKind::none:
    case ScaleKind::blocks:
      return {0, 0};
    case ScaleKind::units:
      return {0, 8};
    case ScaleKind::units_min:
      return {0, 16};
    case ScaleKind::exponents:
      return {4, 0};
    case ScaleKind::k_super:
      return {8, 0};
    case ScaleKind::k_halves:
      return {8, 1};
    case ScaleKind::k_halves_min:
      return {8, 2};
    case ScaleKind::k_units:
      return {4, 1};
  }
  return {};
}

/// A weight as kernels see it: count x [rows, cols] in one piece, row r of matrix m being row
/// m * rows + r.
struct WeightView {
  uint8_t* low = nullptr;
  uint8_t* high = nullptr;
  uint8_t* scales = nullptr;
  uint8_t* deltas = nullptr;
  /// Of FP8: number (r, c) of a matrix is multiplied by [r / scale_rows][c / scale_cols] of its
  /// [n_scale_rows, n_scale_cols]. Null: no scales.
  float* block_scales = nullptr;
  int scale_rows = 1, scale_cols = 1, n_scale_rows = 0, n_scale_cols = 0;
  int count = 0, rows = 0, cols = 0;
  int n_groups = 0;  // of a row
};

}  // namespace fathom::cuda
