// A device without room for weights.

#pragma once

#include "engine/base/result.h"
#include "engine/reference/reference_backend.h"

namespace fathom::engine::test {

class FullBackend final : public ReferenceBackend {
 public:
  FullBackend() : ReferenceBackend(/*n_threads=*/1) {}
  Result<std::unique_ptr<Weight>> upload(WeightData data) override {
    return fail(ErrorCode::out_of_memory, "no room for {}", data.name);
  }
};

}  // namespace fathom::engine::test
