// Memory for activations, set aside once when a model is loaded.
//
// What goes wrong is remembered: ask for every tensor, then look at status() once.

#pragma once

#include <memory>
#include <vector>

#include "engine/backend.h"
#include "engine/base/result.h"
#include "engine/tensor.h"

namespace fathom::engine {

class ScratchAllocator final {
 public:
  explicit ScratchAllocator(Backend& backend) : backend_(backend) {}

  /// [rows, cols], zeroed; rows begin at multiples of 64 bytes.
  Tensor tensor(int64_t rows, int cols);
  /// For `rows` tokens.
  Routes routes(int rows, int n_active);
  ChosenGroups chosen_groups(int rows, int limit);

  /// Errors: out_of_memory.
  const Status& status() const { return status_; }
  /// Owns all memory; the tensors live as long as this.
  std::vector<std::unique_ptr<Buffer>> take_buffers() { return std::move(buffers_); }

 private:
  void* allocate(size_t size_bytes);

  Backend& backend_;
  Status status_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
};

}  // namespace fathom::engine
