// Turns a model into a GGUF file in another number format.
//
// Reads a Hugging Face folder or a GGUF file, writes what llama.cpp and fathom read. One tensor
// after the other, some rows at a time: memory does not grow with the model.

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"

namespace fathom::engine {

struct ConvertOptions {
  std::string mix;    // a name of quant_mix.h
  int n_threads = 1;  // at least 1; the bytes written do not depend on it
  /// Called from time to time with the bytes written so far and those of the whole file.
  std::function<void(uint64_t done, uint64_t total)> progress;
};

struct ConvertReport {
  size_t n_tensors = 0;
  uint64_t size_bytes = 0;
  /// Tensors that got another type than the mix wants, because their rows are not whole blocks:
  /// "blk.0.attn_k_b.weight: q8_0 instead of q4_k".
  std::vector<std::string> fallbacks;
};

/// The bytes of a tensor that is in both files in the same type are copied as they are.
/// Errors: invalid_argument (an unknown mix), unsupported (architecture, or a tensor's type),
/// corrupt, io. After an error there is no file at `out`, or the one that was there before.
Result<ConvertReport> convert(const Checkpoint& checkpoint, const std::filesystem::path& out,
                              const ConvertOptions& options);

}  // namespace fathom::engine
