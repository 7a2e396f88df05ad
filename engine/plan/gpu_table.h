// What GPUs can do, from their makers' data sheets.
//
// Threads: any.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace fathom::engine {

/// How GPUs of a kind reach each other, or the processor.
struct Link {
  std::string_view name;
  double bytes_per_s = 0;  // of one GPU, in one direction
  double latency_s = 0;    // of a sum over all of them, however few numbers
};

struct Gpu {
  std::string_view name;   // "h200"
  std::string_view title;  // "NVIDIA H200"
  int memory_gib = 0;
  double bytes_per_s = 0;  // of its memory
  double flops_per_s = 0;  // dense products of BF16 matrices, summed in f32
  Link link;
};

/// Upper and lower case are the same. Errors: invalid_argument; the message lists those there are.
Result<const Gpu*> require_gpu(std::string_view name);

/// By what the driver calls it: "NVIDIA GeForce RTX 4090", "NVIDIA A100-SXM4-80GB". Null: unknown.
const Gpu* find_gpu_of_device(std::string_view device);

/// "h100, h200, ...".
std::string gpu_names();

/// For a model: the memory without what the driver takes.
int64_t usable_bytes(const Gpu& gpu);

}  // namespace fathom::engine
