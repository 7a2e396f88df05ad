#pragma once

#include <cstdint>

namespace fathom::engine {

/// Index of a token in the vocabulary of one model. Never negative.
using TokenId = int32_t;

}  // namespace fathom::engine
