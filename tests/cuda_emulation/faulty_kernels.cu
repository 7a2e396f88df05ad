// Kernels that break a rule each, and some that break none: emulator_test.cpp.

#include "cuda/device.h"
#include "cuda/queue.h"
#include "tests/cuda_emulation/faulty_kernels.h"

namespace fathom::cuda::test {
namespace {

struct Storage {
  float numbers[64];
};

__global__ void reverse_kernel(float* data) {
  Storage& storage = shared_storage<Storage>();
  storage.numbers[threadIdx.x] = data[threadIdx.x];
  __syncthreads();
  data[threadIdx.x] = storage.numbers[63 - threadIdx.x];
}

__global__ void forgets_barrier_kernel(float* data) {
  Storage& storage = shared_storage<Storage>();
  storage.numbers[threadIdx.x] = data[threadIdx.x];
  data[threadIdx.x] = storage.numbers[63 - threadIdx.x];
}

__global__ void divergent_barrier_kernel(float* data) {
  if (threadIdx.x < 32) {
    data[threadIdx.x] = 1.0f;
    __syncthreads();
  } else {
    data[threadIdx.x] = 2.0f;
    __syncthreads();
  }
}

__global__ void leaves_before_barrier_kernel(float* data) {
  if (threadIdx.x >= 32) return;
  data[threadIdx.x] = 1.0f;
  __syncthreads();
}

__global__ void leaves_before_shuffle_kernel(float* data) {
  if (threadIdx.x == 5) return;
  data[threadIdx.x] = __shfl_xor_sync(kFullWarp, data[threadIdx.x], 1);
}

__global__ void reads_behind_its_memory_kernel(float* data) {
  data[threadIdx.x] += data[threadIdx.x + 1];
}

__global__ void writes_behind_shared_memory_kernel(float* data) {
  Storage& storage = shared_storage<Storage>();
  storage.numbers[threadIdx.x + 1] = data[threadIdx.x];
}

__global__ void blocks_share_a_number_kernel(float* data) {
  if (threadIdx.x == 0) data[0] = static_cast<float>(blockIdx.x);
}

__global__ void copies_without_waiting_kernel(float* data) {
  Storage& storage = shared_storage<Storage>();
  if (threadIdx.x < 16)
    copy_async_16(&storage.numbers[4 * threadIdx.x], data + 4 * threadIdx.x, true);
  commit_copies();
  __syncthreads();
  data[threadIdx.x] = storage.numbers[threadIdx.x];
}

/// The 64 numbers are 128 of 16 bits, matrices 0 and 1, which come again as 2 and 3. Lanes keep
/// what they have of matrix lane % 2, and of 2 + lane % 2 transposed.
__global__ void loads_matrices_kernel(float* data) {
  Storage& storage = shared_storage<Storage>();
  for (int i = threadIdx.x; i < 64; i += kWarpSize) storage.numbers[i] = data[i];
  __syncwarp();
  const auto* row = reinterpret_cast<const uint16_t*>(storage.numbers) + threadIdx.x % 16 * 8;
  uint32_t m[4], transposed[4];
  load_matrices(m, row);
  load_transposed(transposed, row);
  const float both[2] = {__uint_as_float(m[threadIdx.x % 2]),
                         __uint_as_float(transposed[2 + threadIdx.x % 2])};
  data[threadIdx.x] = both[0];
  data[kWarpSize + threadIdx.x] = both[1];
}

__global__ void loads_a_matrix_askew_kernel(float* data) {
  Storage& storage = shared_storage<Storage>();
  uint32_t m[4];
  load_matrices(m, storage.numbers + 1);
  data[threadIdx.x] = __uint_as_float(m[0]);
}

__global__ void reads_what_was_not_written_kernel(float* data) {
  data[threadIdx.x] = shared_storage<Storage>().numbers[threadIdx.x];
}

}  // namespace

const std::map<std::string, Kernel>& kernels() {
  static const std::map<std::string, Kernel> all = {
      {"reverse", reverse_kernel},
      {"forgets_barrier", forgets_barrier_kernel},
      {"divergent_barrier", divergent_barrier_kernel},
      {"leaves_before_barrier", leaves_before_barrier_kernel},
      {"leaves_before_shuffle", leaves_before_shuffle_kernel},
      {"reads_behind_its_memory", reads_behind_its_memory_kernel},
      {"writes_behind_shared_memory", writes_behind_shared_memory_kernel},
      {"blocks_share_a_number", blocks_share_a_number_kernel},
      {"copies_without_waiting", copies_without_waiting_kernel},
      {"loads_matrices", loads_matrices_kernel},
      {"loads_a_matrix_askew", loads_a_matrix_askew_kernel},
      {"reads_what_was_not_written", reads_what_was_not_written_kernel}};
  return all;
}

}  // namespace fathom::cuda::test
