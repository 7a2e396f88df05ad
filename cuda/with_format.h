// From a number format that is known when the program runs to code that is compiled for it.

#pragma once

#include <type_traits>

#include "engine/base/assert.h"
#include "engine/dtype.h"

namespace fathom::cuda {

template <engine::DType kType>
using Format = std::integral_constant<engine::DType, kType>;

/// f(Format<dtype>()), of the formats that are laid out as weight_view.h says: all but f32.
template <class F>
auto with_format(engine::DType dtype, const F& f) {
  using engine::DType;
  switch (dtype) {
    case DType::f16:
      return f(Format<DType::f16>());
    case DType::bf16:
      return f(Format<DType::bf16>());
    case DType::f8_e4m3:
      return f(Format<DType::f8_e4m3>());
    case DType::q8_0:
      return f(Format<DType::q8_0>());
    case DType::q4_0:
      return f(Format<DType::q4_0>());
    case DType::q4_1:
      return f(Format<DType::q4_1>());
    case DType::q5_0:
      return f(Format<DType::q5_0>());
    case DType::q5_1:
      return f(Format<DType::q5_1>());
    case DType::q2_k:
      return f(Format<DType::q2_k>());
    case DType::q3_k:
      return f(Format<DType::q3_k>());
    case DType::q4_k:
      return f(Format<DType::q4_k>());
    case DType::q5_k:
      return f(Format<DType::q5_k>());
    case DType::q6_k:
      return f(Format<DType::q6_k>());
    case DType::iq4_nl:
      return f(Format<DType::iq4_nl>());
    case DType::iq4_xs:
      return f(Format<DType::iq4_xs>());
    case DType::mxfp4:
      return f(Format<DType::mxfp4>());
    case DType::f32:
      break;
  }
  FATHOM_ASSERT(false);
  return f(Format<DType::bf16>());
}

}  // namespace fathom::cuda
