// A stack of routed experts as a model sees it, wherever they are.
//
// Threads: engine thread only.

#pragma once

#include <memory>
#include <utility>

#include "engine/backend.h"
#include "engine/split/split_layer.h"

namespace fathom::engine {

class SplitWeight final : public Weight {
 public:
  /// `stack`: which one of the layer's.
  SplitWeight(const WeightData& data, std::shared_ptr<SplitLayer> layer, int stack)
      : Weight(data.dtype, data.count, data.rows, data.cols),
        size_bytes_(data.bytes.size()),
        layer_(std::move(layer)),
        stack_(stack) {}

  size_t size_bytes() const override { return size_bytes_; }
  SplitLayer& layer() const { return *layer_; }
  int stack() const { return stack_; }

 private:
  size_t size_bytes_;
  std::shared_ptr<SplitLayer> layer_;
  int stack_;
};

}  // namespace fathom::engine
