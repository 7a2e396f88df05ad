// Errors of CUDA in fathom's terms.

#pragma once

#include <string_view>

#include "cuda/queue.h"
#include "engine/base/result.h"

namespace fathom::cuda {

/// `doing` says what the device was asked for. Errors: out_of_memory, device_lost.
tl::unexpected<Error> cuda_failure(cudaError_t error, std::string_view doing);
Status status_of(const Queue& queue, std::string_view doing);

}  // namespace fathom::cuda
