#pragma once

#include <span>

#include "engine/top_logits.h"

namespace fathom::engine {

/// Fills `top`, whose temperature is set, with what is to be said of `logits`, which may be
/// -infinity where a token is forbidden. Sums in f64.
void find_top(TopLogits& top, std::span<const float> logits);

}  // namespace fathom::engine
