// What is assumed where a data sheet says nothing. `fathom plan` prints all of it, so that a reader
// can put measured figures in its place.

#pragma once

#include <cstdint>

namespace fathom::engine {

/// Of a GPU's memory: its driver, code and libraries.
inline constexpr int64_t kReservedBytes = int64_t{2} << 30;

/// Launches of a layer, each of which waits for the one before (docs/kernels/launches.md), and how
/// long a GPU takes from one to the next within a graph.
inline constexpr int kPhasesPerLayer = 14;
inline constexpr double kPhaseSeconds = 1e-6;

/// Of each layer: after attention and after the networks.
inline constexpr int kSumsPerLayer = 2;
/// BF16.
inline constexpr int kBytesOnWire = 2;

/// Part of the peak that products of whole prompts reach.
inline constexpr double kPromptEfficiency = 0.5;
inline constexpr int kPromptTokens = 2048;

/// Two channels of DDR5-5600, at a bit more than half of their peak; `fathom bench` measures it.
inline constexpr double kProcessorBytesPerSecond = 50e9;
/// From the GPU to the processor and back, for one layer's networks.
inline constexpr double kRoundTripSeconds = 20e-6;

/// Rows of one step that scratch memory is set aside for: a piece of a prompt and some decodes.
inline constexpr int kStepRows = 144;

}  // namespace fathom::engine
