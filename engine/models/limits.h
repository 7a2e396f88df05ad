// The largest sizes that a configuration may claim: beyond every published model, and small enough
// that the widths computed from them fit an int.

#pragma once

namespace fathom::engine {

inline constexpr int kMaxLayers = 1024;
inline constexpr int kMaxHeads = 1024;
inline constexpr int kMaxHeadDim = 1 << 16;
inline constexpr int kMaxDim = 1 << 20;
inline constexpr int kMaxVocab = 1 << 24;
inline constexpr int kMaxContext = 1 << 28;
inline constexpr int kMaxExperts = 1 << 12;

}  // namespace fathom::engine
