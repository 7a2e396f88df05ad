// What is assumed where a data sheet says nothing. `fathom plan` prints all of it, so that a reader
// can put measured figures in its place.

#pragma once

#include <cstdint>

namespace fathom::engine {

/// Of a GPU's memory: its driver, code and libraries.
inline constexpr int64_t kReservedBytes = int64_t{2} << 30;

/// Steps of a layer that wait for each other, as fused as they can be (queries and latents,
/// attention, its projection, router, first and second half of the networks), and how long a GPU
/// takes from one to the next.
inline constexpr int kPhasesPerLayer = 6;
inline constexpr double kPhaseSeconds = 1.25e-6;

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
