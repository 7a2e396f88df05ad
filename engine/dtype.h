// Number formats of weights as they lie in model files, and how many bytes they take.
//
// Quantised formats store `block_elements` consecutive numbers of a row in `block_bytes` bytes.
// Layouts are those of ggml (ggml-common.h); engine/quant/ decodes them.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom::engine {

enum class DType : uint8_t { f32, f16, bf16, q8_0, q4_0, q4_k, q5_k, q6_k };

inline constexpr DType kAllDTypes[] = {DType::f32,  DType::f16,  DType::bf16, DType::q8_0,
                                       DType::q4_0, DType::q4_k, DType::q5_k, DType::q6_k};

struct DTypeInfo {
  std::string_view name;  // "q4_k"
  int block_elements;
  int block_bytes;
};

const DTypeInfo& info(DType dtype);

/// Bytes of one row of `cols` numbers; nothing if `cols` is negative, not whole blocks, or the
/// product overflows.
std::optional<int64_t> row_bytes(DType dtype, int64_t cols);

}  // namespace fathom::engine
