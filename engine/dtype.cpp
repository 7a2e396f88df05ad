#include "engine/dtype.h"

#include "engine/base/checked_math.h"

namespace fathom::engine {
namespace {

// In the order of DType.
constexpr DTypeInfo kInfos[] = {
    {"f32", 1, 4},    {"f16", 1, 2},      {"bf16", 1, 2},     {"q8_0", 32, 34},
    {"q4_0", 32, 18}, {"q4_k", 256, 144}, {"q5_k", 256, 176}, {"q6_k", 256, 210},
};

}  // namespace

const DTypeInfo& info(DType dtype) { return kInfos[static_cast<int>(dtype)]; }

std::optional<int64_t> row_bytes(DType dtype, int64_t cols) {
  const DTypeInfo& type = info(dtype);
  if (cols < 0 || cols % type.block_elements != 0) return std::nullopt;
  return checked_mul<int64_t>(cols / type.block_elements, type.block_bytes);
}

}  // namespace fathom::engine
