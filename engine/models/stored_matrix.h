// A matrix of a checkpoint with whatever belongs to it: its own numbers, or numbers of a few bits
// and, in a tensor beside it, the scales of blocks of them.
//
//   X.weight F8_E4M3 [rows, cols], X.weight_scale_inv f32 [rows / 128, cols / 128]     DeepSeek-V3
//   X.weight F8_E4M3 [rows, cols], X.scale F8_E8M0 [rows / 128, cols / 128]            DeepSeek-V4
//   X.weight I8 [rows, cols / 2], X.scale F8_E8M0 [rows, cols / 32]         experts of DeepSeek-V4
//
// All divisions round up; 128 x 128 is quantization_config.weight_block_size. The third is FP4
// (e2m1), two numbers a byte, the first in the low bits: it becomes blocks of MXFP4 with the same
// numbers.
//
// Source: README_WEIGHTS.md of DeepSeek-V3; inference/convert.py of DeepSeek-V4; OCP Microscaling
// Formats (MX) 1.0.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/dtype.h"
#include "engine/parallel/shard.h"

namespace fathom::engine {

struct StoredMatrix {
  std::string name;
  DType dtype = DType::f32;
  std::span<const std::byte> bytes;    // in the checkpoint, or in `made`
  int block_rows = 0, block_cols = 0;  // 0: no scales
  std::vector<float> scales;           // [rows / block_rows, cols / block_cols], rounded up
  std::shared_ptr<const std::vector<std::byte>> made;
};

/// Whether read_scaled_matrix() is what `tensor` needs.
bool is_scaled(const Checkpoint& checkpoint, const TensorInfo& tensor);

/// Errors: corrupt (a tensor is missing or has another shape), unsupported (the scales' type);
/// the message names the tensor, not the file.
Result<StoredMatrix> read_scaled_matrix(const Checkpoint& checkpoint, const TensorInfo& tensor,
                                        int64_t rows, int64_t cols);

/// Rows `rows` and columns `part` of a matrix of `cols` columns; a view unless columns are left
/// out. `part` begins and ends at whole blocks of the type, of scaled numbers at multiples of 4.
/// Scales are those of smaller blocks where a cut runs through one.
StoredMatrix cut(StoredMatrix matrix, int64_t cols, Range rows, Range part);

/// Appends the scales of rows [first, first + n), [n / unit, cols / block_cols]. `unit` divides
/// block_rows, `first` and `n`: pieces of a matrix whose blocks run across them.
void append_scales(const StoredMatrix& matrix, int64_t cols, int64_t first, int64_t n, int unit,
                   std::vector<float>& out);

}  // namespace fathom::engine
