// The table of functions that one instruction set provides.
//
// Each instruction set is compiled from the same templates in its own .cpp with its own compiler
// options and namespace (avx2.cpp, ...). Only plain structs and pointers cross this line: an inline
// function shared with the rest of the program might be linked in the version of the wrong
// instruction set.
//
// Every function gives the same bits in every instruction set, for every split of the work.

#pragma once

#include <cstdint>

#include "engine/cpu/quant_block.h"
#include "engine/dtype.h"

namespace fathom::engine::cpu {

/// y[y_rows[i]][o] = sum over k of x[x_rows[i]][k] * w[o][k], for the outputs of some panels.
struct MatmulTask {
  const uint8_t* panels = nullptr;  // of one matrix
  int64_t panel_bytes = 0;
  int first_panel = 0;
  int last_panel = 0;  // exclusive
  int cols = 0;
  int64_t scale_columns = 0;  // that share a scale (f8_e4m3)
  int outputs = 0;            // rows of the matrix; the last panel may go beyond

  /// What this thread reads after the panels of this task, for it to be asked for ahead; null if
  /// that is not known.
  const uint8_t* next = nullptr;

  const void* x = nullptr;  // QuantBlock [cols / 32] (quantised types) or float [cols] a row
  int64_t x_stride = 0;     // in bytes
  const int32_t* x_rows = nullptr;  // null: row i
  float* y = nullptr;               // row 0, output 0
  int64_t y_stride = 0;
  const int32_t* y_rows = nullptr;  // null: row i
  int n_rows = 0;
};

/// The same for rows [first, first + n).
static inline MatmulTask rows_from(MatmulTask task, int first, int n) {
  if (task.x_rows != nullptr) {
    task.x_rows += first;
  } else {
    task.x = static_cast<const uint8_t*>(task.x) + first * task.x_stride;
  }
  if (task.y_rows != nullptr) {
    task.y_rows += first;
  } else {
    task.y += first * task.y_stride;
  }
  task.n_rows = n;
  return task;
}

/// Queries that read the same keys and values, over one chunk of the keys (attention.cpp).
struct AttentionTask {
  const float* q = nullptr;  // [n_queries, q_dim], scaled
  int n_queries = 0;
  int q_dim = 0;
  int v_dim = 0;

  const uint8_t* cache = nullptr;
  int64_t cache_stride = 0;  // in bytes
  int64_t key_column = 0;
  int64_t value_column = 0;
  const int32_t* slots = nullptr;   // of this chunk
  const int32_t* n_keys = nullptr;  // [n_queries] keys of this chunk that the query sees, >= 0

  float* scores = nullptr;   // scratch [n_queries, kAttentionChunk]
  float* out = nullptr;      // [n_queries, v_dim] sum of exp(score - largest) * value
  float* largest = nullptr;  // [n_queries]
  float* sum = nullptr;      // [n_queries] sum of exp(score - largest)
};

/// Keys that are summed together. Part of the definition of a result: softmax runs over chunks of
/// positions [0, 128), [128, 256), ... whose sums are merged in this order.
inline constexpr int kAttentionChunk = 128;

/// What keys and values may be kept as, in the order of the kernels that read them.
enum class CacheType { f32, bf16, q8_0 };
inline constexpr int kCacheTypes = 3;

struct Kernels {
  /// In the order of DType.
  void (*matmul[kDTypes])(const MatmulTask& task);
  /// So many bytes of x should a task have at most, for what it reads again and again to stay in
  /// the L2 cache.
  int64_t max_x_bytes;
  void (*quantize)(QuantBlock* out, const float* x, int n_blocks);
  void (*rms_norm)(float* y, const float* x, const float* weight, int n, float eps);
  /// y = silu(min(gate, limit)) * clamp(up, -limit, limit); y may be gate or up.
  void (*silu_mul)(float* y, const float* gate, const float* up, int n, float limit);
  /// By CacheType.
  void (*attend[kCacheTypes])(const AttentionTask& task);
  /// out[i] = number column + i of a row of the cache; by CacheType.
  void (*widen[kCacheTypes])(float* out, const uint8_t* row, int64_t column, int n);
  /// y[i] = exp(x[i]).
  void (*exp)(float* y, const float* x, int n);
  /// Multiplies small integers for nothing; returns how many products that were (peak.h).
  int64_t (*multiply)(int64_t n_rounds, int32_t* sink);
};

extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
extern const Kernels kAvx512VnniKernels;
/// Usable after the process has been given the state of AMX (cpu_variant.cpp).
extern const Kernels kAmxKernels;

}  // namespace fathom::engine::cpu
