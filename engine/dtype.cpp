#include "engine/dtype.h"

#include <iterator>

#include "engine/base/checked_math.h"

namespace fathom::engine {
namespace {

// In the order of DType.
constexpr DTypeInfo kInfos[] = {
    {"f32", 1, 4},      {"f16", 1, 2},      {"bf16", 1, 2},     {"f8_e4m3", 1, 1},
    {"q8_0", 32, 34},   {"q4_0", 32, 18},   {"q4_1", 32, 20},   {"q5_0", 32, 22},
    {"q5_1", 32, 24},   {"q2_k", 256, 84},  {"q3_k", 256, 110}, {"q4_k", 256, 144},
    {"q5_k", 256, 176}, {"q6_k", 256, 210}, {"iq4_nl", 32, 18}, {"iq4_xs", 256, 136},
    {"mxfp4", 32, 17},
};
static_assert(std::size(kInfos) == kDTypes && std::size(kAllDTypes) == kDTypes);

}  // namespace

const DTypeInfo& info(DType dtype) { return kInfos[static_cast<int>(dtype)]; }

std::optional<int64_t> row_bytes(DType dtype, int64_t cols) {
  const DTypeInfo& type = info(dtype);
  if (cols < 0 || cols % type.block_elements != 0) return std::nullopt;
  return checked_mul<int64_t>(cols / type.block_elements, type.block_bytes);
}

}  // namespace fathom::engine
