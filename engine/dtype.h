// Number formats of weights as they lie in model files, and how many bytes they take.
//
// Quantised formats store `block_elements` consecutive numbers of a row in `block_bytes` bytes.
// Layouts are those of ggml (ggml-common.h); engine/quant/ decodes them. f8_e4m3 is a sign, 4 bits
// of exponent and 3 of mantissa, without infinities; its scales lie elsewhere (BlockScales).

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom::engine {

enum class DType : uint8_t {
  f32,
  f16,
  bf16,
  f8_e4m3,
  q8_0,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k,
  iq4_nl,
  iq4_xs,
  mxfp4
};

inline constexpr DType kAllDTypes[] = {
    DType::f32,  DType::f16,  DType::bf16,   DType::f8_e4m3, DType::q8_0, DType::q4_0,
    DType::q4_1, DType::q5_0, DType::q5_1,   DType::q2_k,    DType::q3_k, DType::q4_k,
    DType::q5_k, DType::q6_k, DType::iq4_nl, DType::iq4_xs,  DType::mxfp4};
inline constexpr int kDTypes = 17;

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
