// Quantisation of the types whose scales are searched for (scale_search.h): K and IQ4.
//
// Groups get the scale that fits them best; a block's f16 scale is chosen so that the largest of
// its groups' scales is the last of the integers; then each group takes the integers near its own
// scale (and minimum) that leave the least error, and its numbers are rounded with these.

#pragma once

#include "engine/quant/blocks.h"

namespace fathom::engine {

// One block: x [32] for BlockIq4Nl, [256] for all others; finite, within +-65504.
void encode(const float* x, BlockQ2K& block);
void encode(const float* x, BlockQ3K& block);
void encode(const float* x, BlockQ4K& block);
void encode(const float* x, BlockQ5K& block);
void encode(const float* x, BlockQ6K& block);
void encode(const float* x, BlockIq4Nl& block);
void encode(const float* x, BlockIq4Xs& block);

}  // namespace fathom::engine
