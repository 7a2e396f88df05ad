// The number formats a GGUF file may name.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/dtype.h"

namespace fathom::engine {

struct GgmlType {
  uint32_t number;
  std::string_view name;  // as ggml spells it: "Q4_K"
  int block_elements;
  int block_bytes;
  std::optional<DType> dtype;  // nothing: known by size only
};

/// Null for a number that this table does not know. Source: ggml.h and ggml-common.h.
const GgmlType* find_ggml_type(uint32_t number);
/// Null for a type that GGUF does not have.
const GgmlType* find_ggml_type(DType dtype);

}  // namespace fathom::engine
