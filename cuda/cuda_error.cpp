#include "cuda/cuda_error.h"

namespace fathom::cuda {

Status status_of(const Queue& queue, std::string_view doing) {
  if (queue.error() == cudaSuccess) return {};
  return cuda_failure(queue.error(), doing);
}

tl::unexpected<Error> cuda_failure(cudaError_t error, std::string_view doing) {
  if (error == cudaErrorMemoryAllocation)
    return fail(
        ErrorCode::out_of_memory,
        "the GPU's memory is full ({}): close what else uses it, or compute on the CPU with "
        "--backend cpu",
        doing);
  return fail(ErrorCode::device_lost, "the GPU failed while {}: {}", doing,
              cudaGetErrorString(error));
}

}  // namespace fathom::cuda
