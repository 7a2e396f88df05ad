// Asks for the code of a kernel: all are compiled alike.

#include "cuda/device.h"
#include "cuda/kernels_wait.h"

namespace fathom::cuda {
namespace {

__global__ void idle_kernel() { wait_for_earlier_kernels(); }

}  // namespace

bool kernels_wait() {
  constexpr int kHopper = 90;
  cudaFuncAttributes code = {};
  const cudaError_t error = cudaFuncGetAttributes(&code, idle_kernel);
  if (error != cudaSuccess) (void)cudaGetLastError();
  return error == cudaSuccess && code.ptxVersion >= kHopper;
}

}  // namespace fathom::cuda
