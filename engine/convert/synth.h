// Model files of real shapes with random weights, for measuring speed and memory without a
// download.

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/convert/convert.h"

namespace fathom::engine {

/// "nano, 1.3b, ...".
std::string synth_shape_names();

struct SynthOptions {
  std::string shape;  // a name of synth_shape_names()
  uint64_t seed = 0;  // the same seed gives the same bytes
  ConvertOptions convert;
};

/// The vocabulary is that of `tokenizer`, a GGUF model, padded to the shape's; the weights are
/// small enough for finite activations and large enough for varied ones. Nothing is sensible about
/// the text.
/// Errors: invalid_argument (an unknown shape or mix), io (also: the disk is too small).
Result<ConvertReport> synthesise(const Checkpoint& tokenizer, const std::filesystem::path& out,
                                 const SynthOptions& options);

}  // namespace fathom::engine
