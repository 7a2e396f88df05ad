// A Model whose layers several devices have in turns: each some of them, with their part of the KV
// cache. For devices that together have the memory, and no way of adding up parts of each layer
// (sharded_model.h), which is faster: here one device computes while the others wait.
//
// The state of the rows goes from one device to the next through host memory. That is a wait of
// some 30 us and `width` numbers a row for each device of a step, where reading the weights of one
// takes milliseconds.
//
// Threads: engine thread only.
//
// Invariant: results have the bits that they have on one device.

#pragma once

#include <memory>
#include <span>

#include "engine/backend.h"
#include "engine/model.h"

namespace fathom::engine {

struct Stage {
  Backend* backend = nullptr;  // must outlive the model
  LayerRange layers;
};

/// `stages` have the model's layers in order, at least one each. Errors: as load_model(), of any.
Result<std::unique_ptr<Model>> load_pipeline_model(std::shared_ptr<const Checkpoint> checkpoint,
                                                   std::span<const Stage> stages,
                                                   const ModelOptions& options);

}  // namespace fathom::engine
